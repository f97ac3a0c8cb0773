#ifndef ENGINE_MESSAGES_H
#define ENGINE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/flow.h"
#include "sig/sig.h"

/* The messages between threads, all of them: this file is the threading contract.
 *
 *   main     --control--> sender, receiver   stop, abort, questions for a checkpoint
 *   sender, receiver --report--> main        their answers
 *   receiver --tx_req---> sender      a packet of a session under way, or news for the generator
 *   sender   --rx_note--> receiver    what the sender tells its receivers
 *   receiver --result *-> writer      one record; NULL is the end marker. Ownership moves with a
 *                                     successful push
 *   writer   --result *-> receiver    the emptied result comes home
 *
 * Every ring is bounded, single producer, single consumer. Messages in value rings are at most 64
 * bytes (RING_CELL_LEN). The end of a scan flows down the pipe: targets exhausted or CONTROL_STOP ->
 * RX_NOTE_TX_DONE -> cooldown, sessions drained -> TX_REQ_END and the end marker -> all threads
 * return. */

enum control_kind {
	CONTROL_STOP,  /* sender: take no more targets; what is under way goes on */
	CONTROL_ABORT, /* receiver: end every session now */
	CONTROL_WHERE, /* sender: report a position that all of your first SYNs have reached */
	CONTROL_HOLD, /* sender: what went out at from_ns or later may be lost; do not end for a while */
	CONTROL_GO_BACK, /* sender: that from from_ns to at_ns was lost in part: send it again. 0, 0: nothing was */
	CONTROL_MARK, /* receiver: report when every target that answered before at_ns has its record */
	CONTROL_KIND_COUNT,
};

/* Of CONTROL_WHERE and CONTROL_MARK one is under way at a time: the report comes before the next. */
struct control {
	int64_t at_ns;   /* CONTROL_MARK, CONTROL_GO_BACK: monotonic */
	int64_t from_ns; /* CONTROL_HOLD, CONTROL_GO_BACK: monotonic */
	uint8_t kind;    /* enum control_kind */
};

/* To main: the answer to CONTROL_WHERE or CONTROL_MARK. */
struct report {
	uint64_t index;   /* of a sender: as attempts_save() */
	int64_t since_ns; /* as attempts_get_since_ns() */
	int64_t at_ns;    /* when the last SYN before index had gone */
};

enum rx_note_kind {
	RX_NOTE_TX_DONE, /* no more first SYNs will come; at_ns: when the last one went */
	RX_NOTE_KIND_COUNT,
};

/* Sender to receiver. */
struct rx_note {
	int64_t at_ns; /* monotonic */
	uint8_t kind;  /* enum rx_note_kind */
};

enum tx_req_kind {
	TX_REQ_SEGMENT,         /* send this segment */
	TX_REQ_ANSWERED,        /* flow.raddr, flow.rport answered: no SYN any more */
	TX_REQ_SKIP,            /* flow.raddr acknowledges everything: no more targets there */
	TX_REQ_NEIGHBOUR,       /* flow.raddr is at mac (ARP or NDP heard) */
	TX_REQ_NEIGHBOUR_REPLY, /* mac, at flow.raddr, asks who has our flow.laddr */
	TX_REQ_END,             /* this receiver will ask for no more */
	TX_REQ_KIND_COUNT,
};

/* Receiver to sender. Host order throughout. */
struct tx_req {
	struct flow flow;
	union {
		struct {
			uint32_t seq;
			uint32_t ack;
		};
		uint8_t mac[6]; /* the neighbour kinds */
	};
	uint32_t tsecr;       /* timestamp to echo; only with has_ts */
	uint16_t probe_id;    /* sig_probe id whose bytes ride along; SIG_PROBE_NONE: no payload */
	uint16_t probe_off;   /* first byte of the probe to send */
	uint16_t payload_len; /* how many bytes of it */
	uint16_t window;
	uint8_t flags;  /* TCP_* of wire/segment.h */
	uint8_t kind;   /* enum tx_req_kind */
	uint8_t has_ts; /* the peer agreed to timestamps (RFC 7323 section 3.2) */
};

_Static_assert(sizeof(struct tx_req) <= 64, "fits a ring cell");

enum outcome {
	OUTCOME_IDENTIFIED,   /* data came and a rule named it */
	OUTCOME_UNIDENTIFIED, /* data came, no rule */
	OUTCOME_SILENT,       /* our data was acknowledged, none came */
	OUTCOME_NO_ACK,       /* our data was never acknowledged */
	OUTCOME_RESET,        /* RST before any data */
	OUTCOME_CLOSED,       /* FIN without data */
	OUTCOME_ZERO_WINDOW,  /* the SYN-ACK announced window 0 */
	OUTCOME_UNREACHABLE,  /* ICMP said so, after the SYN-ACK */
	OUTCOME_ABORTED,      /* the scan was stopped */
	OUTCOME_COUNT,
};

/* What was seen of a host that was tested for acknowledging everything (DESIGN.md section 4). */
enum hyperack_verdict { HYPERACK_UNTESTED, HYPERACK_NO, HYPERACK_YES, HYPERACK_VERDICT_COUNT };

struct hyperack_evidence {
	uint8_t verdict; /* enum hyperack_verdict */
	uint8_t n_tested;
	uint8_t n_synack;
	uint8_t n_acked_data;
};

enum { RESULT_DATA_MAX = 4096, RESULT_DATA_SHORT = 512 };

/* Options of the SYN-ACK in the order seen, in tcpdump's short names, for tcp_options. */
enum { RESULT_TCP_OPTIONS_MAX = 40 };

/* One record. Lives in a pool that is made at start; the receiver fills it (data is reassembled
 * right here), the writer reads it and sends it home. Most answers are short, so most results are:
 * the memory of one ends room bytes into data, which is why data comes last and no result is copied
 * by assignment. */
struct result {
	struct target target;
	struct ipaddr laddr;
	uint16_t lport;         /* of the last connection */
	int64_t synack_wall_ns; /* when the first SYN-ACK came, CLOCK_REALTIME */
	int64_t rtt_ns;         /* SYN to SYN-ACK; -1 unknown */
	int64_t
	    response_ns; /* our data (or the handshake, when the server spoke first) to its first byte; -1 */
	uint8_t outcome;       /* enum outcome */
	uint8_t n_probes_sent; /* data packets, without retransmissions */
	uint8_t ttl;           /* of the SYN-ACK; hop limit for IPv6 */
	bool is_server_first;
	bool is_decoy;          /* window 0 and no TCP options */
	bool is_pseudo_service; /* same answer on random ports */
	bool is_aliased_prefix; /* the prefix was judged aliased before this record was written */
	bool is_truncated;      /* the server had more to say than RESULT_DATA_MAX */
	uint16_t window;        /* of the SYN-ACK, unscaled */
	uint16_t probe_id; /* what the data answers; SIG_PROBE_NONE: nothing was sent before it */
	uint8_t unreachable_code; /* ICMP code, with OUTCOME_UNREACHABLE */
	uint8_t tcp_options_len;
	uint8_t tcp_options[RESULT_TCP_OPTIONS_MAX]; /* raw option bytes of the SYN-ACK */
	struct hyperack_evidence hyperack;
	struct sig_verdict verdict; /* names are owned by the sig_set; captures are copies */
	uint16_t room; /* bytes of data that are there; the rim sets it and nobody changes it */
	uint16_t data_len;
	uint8_t data[RESULT_DATA_MAX];
};

#endif
