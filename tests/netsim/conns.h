#ifndef NETSIM_CONNS_H
#define NETSIM_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/flow.h"
#include "tests/netsim/frame.h"
#include "tests/netsim/services.h"

enum conn_state {
	CONN_SYN_RECEIVED,
	CONN_ESTABLISHED,
	CONN_DONE, /* both sides have closed: lingers, to acknowledge what is repeated */
};

#define CONN_NEVER INT64_MAX

enum { CONN_MADE_MAX = PROBE_HEAD_MAX + 2 };

/* One connection as the host sees it (RFC 9293 section 3.3.1). What it says is one stream: part a
 * (greeting), then part b (reply), each released when the server has thought long enough. */
struct conn {
	struct flow flow;
	uint8_t our_mac[FRAME_MAC_LEN];
	uint8_t peer_mac[FRAME_MAC_LEN];
	uint32_t iss;
	uint32_t rcv_nxt;
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max;
	uint32_t snd_wnd; /* scaled */
	uint32_t ts_recent;
	uint16_t mss;  /* payload bytes of our segments */
	uint8_t state; /* enum conn_state */
	uint8_t peer_wscale;
	bool has_ts;
	bool has_sack;
	bool has_wscale;
	bool has_mss;
	uint8_t n_tries;
	bool has_answered;  /* part b is chosen */
	bool is_fin_wanted; /* FIN at the end of the stream */
	bool is_rst_wanted; /* RST at the end of the stream */
	bool is_fin_received;
	bool is_queued; /* waits for the server's turn, until app_due_ns */
	uint32_t a_len;
	uint32_t b_len;
	uint32_t n_released; /* bytes of the stream that may be sent */
	const char *b;       /* NULL: made[] */
	struct probe_view view;
	uint8_t made[CONN_MADE_MAX];
	int64_t rto_due_ns;
	int64_t app_due_ns;
	int64_t idle_due_ns;
	int64_t keep_due_ns; /* next keep-alive */
	uint8_t n_keep;
	uint8_t synack_len; /* bytes of the stream that rode on the SYN-ACK */
	uint32_t hash;      /* conns_hash of the flow */
	uint32_t next;      /* hash chain or free list: index + 1 */
};

/* Bounded table of connections. Owned by the I/O thread. */
struct conns;

int conns_create(uint32_t max, uint64_t seed, struct conns **out)
    __attribute__((warn_unused_result));
void conns_destroy(struct conns *conns);
/* What the calls below want as hash. */
uint32_t conns_hash(const struct conns *conns, const struct flow *flow);
/* Brings into the cache where a connection is found, and then, a while later, the connection that may be
 * it: its index, UINT32_MAX when there is none. */
void conns_prefetch_head(const struct conns *conns, uint32_t hash);
uint32_t conns_prefetch_conn(const struct conns *conns, uint32_t hash);
/* NULL when there is none. O(1). */
struct conn *conns_find(struct conns *conns, const struct flow *flow, uint32_t hash);
/* A zeroed connection with this flow (which must not be there), or NULL when the table is full. */
struct conn *conns_add(struct conns *conns, const struct flow *flow, uint32_t hash);
void conns_remove(struct conns *conns, struct conn *conn);
uint32_t conns_index(const struct conns *conns, const struct conn *conn);
struct conn *conns_at(struct conns *conns, uint32_t index);
uint32_t conns_count(const struct conns *conns);

#endif
