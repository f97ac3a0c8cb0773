#ifndef NETSIM_SIM_INTERNAL_H
#define NETSIM_SIM_INTERNAL_H

#include "base/clock.h"
#include "tests/netsim/conns.h"
#include "tests/netsim/frame.h"
#include "tests/netsim/neigh.h"
#include "tests/netsim/path.h"
#include "tests/netsim/sim.h"
#include "tests/netsim/truth.h"
#include "tests/netsim/turns.h"
#include "tests/netsim/wheel.h"

/* Shared by listen.c (first contact, stateless hosts), conn.c (connections) and reply.c (segments). */

enum { SIM_SHUN_SLOTS = 1 << 18, SIM_SMALL_MSS = 128, SIM_TARPIT_WINDOW = 10 };

struct sim {
	const struct sim_config *cfg;
	struct path *path;
	struct conns *conns;
	struct wheel *wheel; /* one deadline a connection, by its index */
	struct neigh neigh;
	struct turns turns; /* of the servers */
	int64_t now_ns;
	int64_t full_ns;   /* when the table was last full */
	uint64_t *shunned; /* hashes of (scanner, host) pairs, open addressing; 0: free */
	uint32_t n_shunned;
	uint16_t ip_id;
	struct sim_stats stats;
};

/* The host's first sequence number for a flow: a function of the flow, so that an answer can be
 * checked without having kept anything (RFC 4987 section 3.6). */
uint32_t reply_iss(const struct sim *sim, const struct flow *flow);

/* Starts a segment from a host in answer to seg: addresses, TTL, window, timestamp echo. */
void reply_init(
    struct sim *sim, const struct truth *truth, const struct seg_in *seg, struct seg_out *out);
/* The same on behalf of a connection. */
void reply_init_conn(
    struct sim *sim, const struct truth *truth, const struct conn *conn, struct seg_out *out);

/* SYN-ACK: options in the host's own order, those that the SYN offered. */
struct syn_offer {
	bool has_mss;
	bool has_sack;
	bool has_wscale;
	bool has_ts;
	uint32_t tsval;
};
void reply_put_syn_options(
    struct sim *sim, const struct truth *truth, const struct syn_offer *offer, struct seg_out *out);

/* Sends it over the path of this host, after extra_ms more than the host's usual time. */
void reply_send(
    struct sim *sim, const struct truth *truth, const struct seg_out *seg, uint32_t extra_ms);
void reply_send_frame(struct sim *sim, const struct truth *truth, const uint8_t *frame, size_t len,
    uint32_t extra_ms);

/* RST for a segment that belongs to nothing (RFC 9293 section 3.5.2). */
void reply_rst(struct sim *sim, const struct truth *truth, const struct seg_in *seg);
void reply_unreachable(struct sim *sim, const struct truth *truth, const struct seg_in *seg);

/* conn.c. A SYN for a host that keeps state: opens or repeats; false when the table is full. */
bool conn_open(struct sim *sim, const struct truth *truth, const struct seg_in *seg);
/* A handshake ACK whose cookie is right, while the table is or was full. */
bool conn_open_by_cookie(struct sim *sim, const struct truth *truth, const struct seg_in *seg);
/* Any other segment of a known connection. */
void conn_input(
    struct sim *sim, const struct truth *truth, struct conn *conn, const struct seg_in *seg);
/* The connection's deadline has come. */
void conn_expire(struct sim *sim, struct conn *conn);

/* listen.c: the host stops answering this scanner, except on the connection it has. */
void listen_shun(struct sim *sim, const struct flow *flow);

#endif
