#ifndef TESTS_UNIT_ENGINE_WORLD_H
#define TESTS_UNIT_ENGINE_WORLD_H

#include "engine/engine.h"
#include "engine/session.h"
#include "tests/unit/rng.h"

/* A small Internet for the engine: peers that behave in known ways, a network that loses, repeats,
 * delays and reorders, a rim that can be full, and a clock that only the test moves. */

enum peer_kind {
	PEER_FILTERED,    /* never answers */
	PEER_REFUSING,    /* RST to every SYN */
	PEER_SSH,         /* speaks first */
	PEER_HTTP,        /* answers data, then FIN */
	PEER_JUNK,        /* answers data with what no rule knows */
	PEER_SILENT,      /* acknowledges data and says nothing */
	PEER_NO_ACK,      /* never acknowledges data */
	PEER_RESET,       /* RST to data */
	PEER_CLOSING,     /* FIN to data, without an answer */
	PEER_ZERO,        /* window 0 in the SYN-ACK */
	PEER_DECOY,       /* window 0, no options */
	PEER_UNREACHABLE, /* ICMP instead of an acknowledgement */
	PEER_SHUNNING,    /* silent at first, then filters our second connection */
	PEER_KIND_COUNT,
};

enum {
	WORLD_RECORDS_MAX = 4096,
	WORLD_FLOWS_MAX = 8192,
	WORLD_PACKETS_MAX = 65536,
	WORLD_RESULTS = 192
};

/* What is left of a result. */
struct record {
	struct target target;
	uint8_t outcome;
	char protocol[24];
	struct hyperack_evidence hyperack;
	bool is_pseudo_service, is_decoy, is_server_first, is_truncated, is_aliased_prefix;
	uint8_t n_probes_sent, unreachable_code;
	uint16_t data_len;
	int64_t response_ns;
};

struct world_packet {
	int64_t at_ns;
	uint64_t order; /* packets of one moment keep their order */
	bool is_icmp, is_to_peer;
	struct segment segment;
	uint8_t payload[512];
};

struct peer_flow {
	struct flow flow;
	uint32_t iss, rcv_nxt, snd_una; /* the peer's own numbers */
	uint16_t n_earlier;             /* connections of this target before this one */
	bool is_up, is_gone, has_fin, is_answered;
	uint16_t data_len;
	const char *answer;
	int64_t again_at;
	uint8_t n_again;
};

struct world {
	struct engine *engine;
	struct engine_config config;
	struct counters counters;
	struct rng rng;
	int64_t now_ns;
	/* knobs, in thousandths */
	uint32_t loss, dup, refuse_send, refuse_result;
	int64_t delay_ns, jitter_ns;
	/* How the peer at (addr, port) behaves. */
	enum peer_kind (*kind_of)(const struct target *target);
	/* true: test_on_send sees every packet of ours and the peers see none. */
	void (*on_send)(struct world *world, const struct tx_req *req);
	/* rim */
	struct result results[WORLD_RESULTS];
	struct result *stock[WORLD_RESULTS];
	size_t n_stock;
	size_t n_grown; /* results that had to be exchanged for long ones */
	struct record records[WORLD_RECORDS_MAX];
	size_t n_records;
	uint64_t n_sent, n_received;
	/* network */
	struct world_packet *packets; /* unordered */
	size_t n_packets;
	uint64_t n_orders;
	struct peer_flow *flows;
	size_t n_flows;
};

/* A configuration with the defaults of the command line. */
struct engine_config world_config(void);
/* probes: text of --probes. */
struct world *world_create(const struct engine_config *config, const char *probes, uint64_t seed);
void world_destroy(struct world *world);

/* The stateless first SYN of attempt n. */
void world_probe(struct world *world, const struct target *target, uint16_t n);
/* Moves time on in steps of 2 ms. */
void world_run(struct world *world, int64_t for_ns);
/* Runs until all sessions have ended, at most max_ns; fails the test if they have not. */
void world_drain(struct world *world, int64_t max_ns);

/* The record of target; fails when there is not exactly one. */
const struct record *world_record(const struct world *world, const struct target *target);

/* Gives the engine one segment now. */
void world_inject(struct world *world, const struct segment *segment);

/* After the end: no session, no timer, no result is left over. */
void world_check_clean(const struct world *world);

#endif
