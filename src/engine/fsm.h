#ifndef ENGINE_FSM_H
#define ENGINE_FSM_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/segment.h"

/* One TCP connection of ours as a pure state machine: bytes and time go in, decisions come out. No
 * I/O, no allocation, no clock. Production, unit tests, replay and the fuzzer drive the same code. */

enum conn_state {
	CONN_SYN_SENT,    /* a SYN is out, or its SYN-ACK is about to be fed in */
	CONN_ESTABLISHED, /* the handshake is complete on our side */
	CONN_CLOSED,      /* finished: every further event is ignored */
	CONN_STATE_COUNT,
};

/* Why a connection ended. Exactly one per connection. */
enum conn_end {
	CONN_END_NO_SYNACK,   /* our SYNs were never answered */
	CONN_END_REFUSED,     /* RST in answer to our SYN */
	CONN_END_ZERO_WINDOW, /* the SYN-ACK announced window 0 */
	CONN_END_SETTLED,     /* the matcher has seen enough */
	CONN_END_QUIET,       /* data, then a quiet period or the end of patience */
	CONN_END_FULL,        /* data up to the cap */
	CONN_END_FIN,         /* FIN, with or without data */
	CONN_END_RST,         /* RST, with or without data */
	CONN_END_SILENT,      /* our data was acknowledged (or none was to be sent), nothing came */
	CONN_END_NO_ACK,      /* our data was never acknowledged */
	CONN_END_UNREACHABLE, /* ICMP ended it */
	CONN_END_ABORTED,     /* the scan was stopped */
	CONN_END_COUNT,
};

enum {
	CONN_RX_MAX = 4096, /* bytes of the peer that are kept */
	CONN_OOO_MAX = 3,   /* pieces out of order that are remembered */
	CONN_MSS_MIN = 88,  /* RFC 791's 68-byte minimum would leave 28; real paths carry more */
};

/* How connections behave; constant during a scan. */
struct conn_config {
	int64_t timeout_ns;    /* patience for an answer, from the handshake or the last sending */
	int64_t quiet_ns;      /* after a pushed segment: how long the answer may go on */
	int64_t ack_delay_ns;  /* of the first new data; at most 500 ms (RFC 5681 section 4.2) */
	uint8_t n_retransmits; /* of data; a SYN gets as many, or more: see conn.n_syns */
	uint16_t mss_v4, mss_v6; /* what our link can carry */
	bool is_ts_foreign;      /* replay: echoed timestamps are not of our clock */
};

/* A deadline: monotonic time in units of 10 us modulo 2^32, which tells moments apart that lie up to 5 hours
 * before or after another; 0: not armed. Half the size of nanoseconds, and every open connection keeps
 * six. */
typedef uint32_t conn_time_t;

#define CONN_TIME_NS INT64_C(10000)

/* The deadline of a monotonic time; rounds up, so that no timer is early. Never 0. */
static inline conn_time_t conn_time_at(int64_t ns)
{
	conn_time_t at = (conn_time_t)((ns + CONN_TIME_NS - 1) / CONN_TIME_NS);
	return at ? at : 1;
}

/* The monotonic time of a deadline that lies within 5 hours of near_ns. */
static inline int64_t conn_time_get_ns(conn_time_t at, int64_t near_ns)
{
	int64_t near = near_ns / CONN_TIME_NS;
	return (near + (int32_t)(at - (uint32_t)near)) * CONN_TIME_NS;
}

/* Is the deadline armed, and has it passed at now_ns? */
static inline bool conn_time_is_due(conn_time_t at, int64_t now_ns)
{
	return at != 0 && (int32_t)((uint32_t)(now_ns / CONN_TIME_NS) - at) >= 0;
}

/* RFC 9293 section 3.3.1 variables and what else one connection needs. Value; owned by the session. Every
 * byte counts: a scan may have 100,000 open. */
struct conn {
	uint32_t iss, snd_una, snd_nxt, snd_max;
	uint32_t irs, rcv_nxt;
	uint32_t snd_wnd;
	uint32_t ts_recent;
	uint32_t fin_seq;  /* only with has_fin */
	uint32_t rst_seq;  /* only with has_rst */
	uint8_t state : 2; /* enum conn_state */
	uint8_t n_ooo : 2;
	uint8_t snd_wscale : 4;
	uint8_t n_synack_dups : 3;
	uint8_t n_challenges : 3;
	bool has_ts : 1;
	bool has_fin : 1;
	uint8_t n_narrowed : 3;
	bool has_rst : 1;          /* a RST stands beyond the data that came */
	bool is_data_sent : 1;     /* the probe went out (at least once) */
	bool is_server_first : 1;  /* the first data did not acknowledge any of ours */
	bool is_reset_pending : 1; /* has_rst, and it is believed */
	bool is_asking : 1;        /* a byte was sent into a closed window */
	bool is_unsent : 1;        /* the last flight never left: see conn_note_unsent */
	bool is_v4 : 1;
	bool has_wscale : 1; /* the peer scales windows (RFC 7323 section 2) */
	uint8_t n_tries;     /* retransmissions of the current flight */
	uint8_t n_syns;      /* SYNs of a later connection, while patience lasts; 0: the default */
	uint16_t wait_ms;    /* listen so long before the probe goes out */
	uint16_t mss;
	uint16_t data_len; /* length of our probe */
	uint16_t rx_len;   /* in-order bytes received, <= CONN_RX_MAX */
	uint16_t push_end; /* where the furthest segment with PSH ended */
	struct {
		uint16_t lo, hi;
	} ooo[CONN_OOO_MAX]; /* received beyond rx_len: [lo, hi), ascending, disjoint */
	int32_t rtt_us;      /* -1: not measured */
	uint32_t rto_us;
	conn_time_t rto_at, wait_at, quiet_at, patience_at, reset_at;
	conn_time_t ack_at; /* data came that no segment of ours has acknowledged yet */
	union {
		int64_t sent_ns;      /* until it is established: when the SYN left; 0: unknown */
		int64_t data_sent_ns; /* then: when the handshake completed, or the probe went */
	};
	int64_t first_data_ns;
};

_Static_assert(sizeof(struct conn) <= 120, "most of the price of an open session");

enum event_kind {
	EVENT_OPEN,    /* send a SYN (second connections; first contacts are stateless) */
	EVENT_SEGMENT, /* a segment of this flow came */
	EVENT_TIMER,   /* conn_deadline() has passed */
	EVENT_SETTLED, /* the matcher needs no more */
	EVENT_MORE,    /* the matcher would like more: acknowledge */
	EVENT_UNREACHABLE,
	EVENT_MTU, /* the path is narrower than thought */
	EVENT_ABORT,
	EVENT_KIND_COUNT,
};

struct event {
	enum event_kind kind;
	const struct segment *segment; /* EVENT_SEGMENT */
	uint16_t mtu;                  /* EVENT_MTU: of the IP packet */
};

enum action_kind {
	ACTION_SEND,    /* a segment */
	ACTION_DELIVER, /* put bytes at an offset of the received data */
	ACTION_ACKED,   /* our data was acknowledged for the first time */
	ACTION_FINISH,  /* the connection ended; always the last action */
	ACTION_KIND_COUNT,
};

struct action {
	enum action_kind kind;
	union {
		struct {
			uint32_t seq, ack;
			uint16_t off, len; /* bytes of the probe that ride along */
			uint8_t flags;
		} send;
		struct {
			uint16_t off, len;
			const uint8_t *bytes; /* borrows the segment's payload */
		} deliver;
		enum conn_end end;
		bool is_again; /* ACTION_ACKED: a retransmission was, not what was sent first */
	};
};

enum { ACTIONS_MAX = 12 };

struct actions {
	uint8_t n;
	struct action v[ACTIONS_MAX];
};

/* Prepares a connection.
 *   iss       our initial sequence number
 *   data_len  length of the probe; 0: listen only
 *   wait_ms   listen so long after the handshake before the probe goes; 0: it rides on the ACK
 * For a first contact feed EVENT_SEGMENT with the SYN-ACK next; else EVENT_OPEN. */
void conn_init(struct conn *conn, uint32_t iss, uint16_t data_len, uint16_t wait_ms);

/* One step. Appends at most ACTIONS_MAX actions to *actions, which it first empties.
 * Every (state, event) pair has a stated outcome: see the table in fsm.c. O(1) but for the copy the
 * caller makes. */
void fsm_step(struct conn *conn, const struct conn_config *config, const struct event *event,
    int64_t now_ns, struct actions *actions);

/* When EVENT_TIMER is due, monotonic ns; 0: never (closed). */
int64_t conn_deadline(const struct conn *conn);

/* A SYN or data that the last step asked for could not be sent, for want of room on our side: it is
 * asked for again in a moment, and does not count as a try. Harmless on a closed connection. */
void conn_note_unsent(struct conn *conn, int64_t now_ns);

/* Has the peer answered our SYN with a SYN-ACK? */
static inline bool conn_is_syn_acked(const struct conn *conn)
{
	return conn->snd_una != conn->iss;
}

/* Has the peer acknowledged data of ours? */
static inline bool conn_is_data_acked(const struct conn *conn)
{
	return seq_lt(conn->iss + 1, conn->snd_una);
}

#endif
