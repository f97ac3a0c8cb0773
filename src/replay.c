/* replay: a capture file through the engine. One thread, no clock: time is what the packets say.
 * Memory grows with the connections in the file, up to MAX_FLOWS. */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/conn_table.h"
#include "rx/capture.h"

enum {
	MAX_FLOWS = 1 << 20,
	READ_MAX = 1024,
	N_RESULTS = 1024,
	MAX_HOSTS = 1 << 16,
};
#define QUIET_NS (400 * NS_PER_MS)
#define TICK_NS  (10 * NS_PER_MS)
#define DRAIN_NS (600 * NS_PER_SEC) /* longest time after the last packet */

/* One connection of the capture. */
struct seen_flow {
	struct flow flow; /* local: whoever sent the SYN */
	uint32_t iss;
	uint32_t next; /* index + 1 of the next connection to the same target */
	int64_t sent_ns;
	bool is_later; /* not the first one to its target */
};

struct replay {
	struct capture *capture;
	struct conn_table *by_flow;   /* flow -> index */
	struct conn_table *by_target; /* flow with only the remote end -> index of the latest */
	struct seen_flow *flows;
	size_t n_flows, max_flows;
	struct engine *engine;
	struct counters counters;
	struct writer *writer;
	struct result *stock;
	struct result **free;
	size_t n_free;
	int64_t now_ns;
	struct replay_summary *summary;
	bool is_full;
};

/* ---- first pass: who opened what ---- */

static struct flow reversed(const struct flow *flow)
{
	return (struct flow){flow->raddr, flow->laddr, flow->rport, flow->lport};
}

/* The key of all connections to a target. */
static struct flow remote_of(const struct flow *flow)
{
	return (struct flow){.raddr = flow->raddr, .rport = flow->rport, .laddr = flow->laddr};
}

static bool is_flow(void *ctx, uint32_t index, const struct flow *flow)
{
	const struct replay *r = ctx;
	return memcmp(&r->flows[index].flow, flow, sizeof(*flow)) == 0;
}

static bool is_target(void *ctx, uint32_t index, const struct flow *flow)
{
	const struct replay *r = ctx;
	struct flow key = remote_of(&r->flows[index].flow);
	return memcmp(&key, flow, sizeof(key)) == 0;
}

static uint32_t add_flow(struct replay *r, const struct flow *flow, uint32_t iss, int64_t sent_ns)
{
	if (r->n_flows == r->max_flows) {
		size_t max = r->max_flows ? 2 * r->max_flows : 1024;
		struct seen_flow *flows =
		    max > MAX_FLOWS ? NULL : realloc(r->flows, max * sizeof(*flows));
		if (!flows) {
			r->is_full = true;
			return CONN_NONE;
		}
		r->flows = flows;
		r->max_flows = max;
	}
	r->flows[r->n_flows] = (struct seen_flow){.flow = *flow, .iss = iss, .sent_ns = sent_ns};
	return (uint32_t)r->n_flows++;
}

static void learn_syn(struct replay *r, const struct segment *s, int64_t wall_ns)
{
	struct flow flow = reversed(&s->flow);
	if (conn_table_lookup(r->by_flow, &flow) != CONN_NONE)
		return; /* a retransmission */
	uint32_t index = add_flow(r, &flow, s->seq, wall_ns);
	if (index == CONN_NONE || !conn_table_insert(r->by_flow, &flow, index))
		return;
	struct flow key = remote_of(&flow);
	uint32_t before = conn_table_lookup(r->by_target, &key);
	if (before != CONN_NONE) {
		r->flows[before].next = index + 1;
		r->flows[index].is_later = true;
		conn_table_remove(r->by_target, &key);
	}
	if (!conn_table_insert(r->by_target, &key, index))
		r->is_full = true;
}

static void learn(void *ctx, const uint8_t *bytes, size_t len, int64_t wall_ns)
{
	struct replay *r = ctx;
	struct packet packet;
	wire_decode(capture_link_type(r->capture), bytes, len, &packet);
	if (packet.kind == PACKET_TCP && (packet.segment.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		learn_syn(r, &packet.segment, wall_ns);
}

/* ---- second pass: what came back ---- */

static void feed_segment(struct replay *r, const struct segment *s, int64_t wall_ns)
{
	if (conn_table_lookup(r->by_flow, &s->flow) != CONN_NONE) {
		engine_segment(r->engine, s, wall_ns, wall_ns);
		return;
	}
	struct segment sent = *s;
	sent.flow = reversed(&s->flow);
	if (conn_table_lookup(r->by_flow, &sent.flow) != CONN_NONE)
		engine_note_sent(r->engine, &sent, wall_ns);
}

static void feed(void *ctx, const uint8_t *bytes, size_t len, int64_t wall_ns)
{
	struct replay *r = ctx;
	struct packet packet;
	if (wall_ns > r->now_ns)
		r->now_ns = wall_ns;
	engine_tick(r->engine, r->now_ns);
	r->summary->n_packets++;
	wire_decode(capture_link_type(r->capture), bytes, len, &packet);
	switch (packet.kind) {
	case PACKET_TCP:
		feed_segment(r, &packet.segment, r->now_ns);
		break;
	case PACKET_ICMP_ERROR:
		engine_icmp(r->engine, &packet.icmp, r->now_ns);
		break;
	case PACKET_FRAGMENT:
		engine_fragment(r->engine, &packet.fragment, r->now_ns, wall_ns);
		break;
	case PACKET_BAD_CHECKSUM:
	case PACKET_MALFORMED:
		r->summary->n_unusable++;
		break;
	case PACKET_NEIGHBOUR:
	case PACKET_OTHER:
	case PACKET_KIND_COUNT:
		break;
	}
}

/* ---- the engine's rim ---- */

static bool op_send(void *ctx, const struct tx_req *req)
{
	(void)ctx;
	(void)req;
	return true;
}

static struct result *op_result_take(void *ctx)
{
	struct replay *r = ctx;
	return r->n_free ? r->free[--r->n_free] : NULL;
}

static struct result *op_result_try(void *ctx)
{
	struct replay *r = ctx;
	return r->n_free > N_RESULTS / 8 ? op_result_take(ctx) : NULL;
}

static void op_result_drop(void *ctx, struct result *result)
{
	struct replay *r = ctx;
	r->free[r->n_free++] = result;
}

static void op_result_emit(void *ctx, struct result *result)
{
	struct replay *r = ctx;
	writer_put(r->writer, result, r->now_ns);
	r->summary->n_records++;
	op_result_drop(ctx, result);
}

static bool op_accept_synack(void *ctx, const struct segment *s, uint32_t *iss, int64_t *sent_ns)
{
	const struct replay *r = ctx;
	uint32_t index = conn_table_lookup(r->by_flow, &s->flow);
	if (index == CONN_NONE || s->ack != r->flows[index].iss + 1)
		return false;
	*iss = r->flows[index].iss;
	*sent_ns = r->flows[index].sent_ns;
	return true;
}

static bool op_connect(void *ctx, const struct flow *flow, struct cookie *out)
{
	const struct replay *r = ctx;
	uint32_t index = conn_table_lookup(r->by_flow, flow);
	if (index == CONN_NONE || !r->flows[index].next)
		return false;
	const struct seen_flow *next = &r->flows[r->flows[index].next - 1];
	out->flow = next->flow;
	out->iss = next->iss;
	return true;
}

static const struct engine_ops replay_ops = {
    .send = op_send,
    .result_try = op_result_try,
    .result_get = op_result_take,
    .result_emit = op_result_emit,
    .result_drop = op_result_drop,
    .accept_synack = op_accept_synack,
    .connect = op_connect,
};

/* ---- life ---- */

static int read_all(struct replay *r, const char *path, capture_cb cb, struct diag *diag)
{
	int err = capture_open_file(path, diag, &r->capture);
	if (err)
		return err;
	int n;
	do {
		n = capture_read(r->capture, READ_MAX, cb, r, diag);
	} while (n > 0);
	return n;
}

static int make_engine(struct replay *r, const struct scan_config *c, const struct sig_set *set,
    const struct sig_planner *planner)
{
	struct engine_config config = {
	    .conn = {.timeout_ns = c->timeout_ns,
		.quiet_ns = QUIET_NS,
		.n_retransmits = (uint8_t)c->retransmits,
		.mss_v4 = 1448,
		.mss_v6 = 1428,
		.is_ts_foreign = true},
	    .n_attempts = 1,
	    .max_sessions = (uint32_t)(r->n_flows ? r->n_flows : 1),
	    .max_hosts = MAX_HOSTS,
	    .seen_capacity = MAX_FLOWS,
	    .hyperack_threshold = c->hyperack_threshold,
	    .is_all_probes = c->all_probes,
	    .is_replay = true,
	};
	int64_t start_ns = r->n_flows ? r->flows[0].sent_ns : 0;
	r->now_ns = start_ns;
	return engine_create(
	    &config, set, planner, &replay_ops, r, &r->counters, start_ns, &r->engine);
}

static void drain(struct replay *r)
{
	int64_t end_ns = r->now_ns + DRAIN_NS;
	while (engine_count_sessions(r->engine) && r->now_ns < end_ns) {
		r->now_ns += TICK_NS;
		engine_tick(r->engine, r->now_ns);
	}
	engine_abort(r->engine, r->now_ns);
}

static void fini(struct replay *r)
{
	engine_destroy(r->engine);
	conn_table_destroy(r->by_flow);
	conn_table_destroy(r->by_target);
	capture_close(r->capture);
	free(r->flows);
	free(r->stock);
	free(r->free);
}

static int init(struct replay *r, struct writer *writer, struct replay_summary *summary)
{
	struct hash_key key;
	hash_random(&key, sizeof(key));
	memset(r, 0, sizeof(*r));
	r->writer = writer;
	r->summary = summary;
	r->stock = calloc(N_RESULTS, sizeof(*r->stock));
	r->free = calloc(N_RESULTS, sizeof(struct result *));
	if (!r->stock || !r->free)
		return -ENOMEM;
	for (size_t i = 0; i < N_RESULTS; i++) {
		r->stock[i].room = RESULT_DATA_MAX;
		r->free[r->n_free++] = &r->stock[i];
	}
	int err = conn_table_create(MAX_FLOWS, &key, is_flow, r, &r->by_flow);
	return err ? err : conn_table_create(MAX_FLOWS, &key, is_target, r, &r->by_target);
}

int replay_file(const struct scan_config *config, const char *path, const struct sig_set *set,
    const struct sig_planner *planner, struct writer *writer, struct replay_summary *summary,
    struct diag *diag)
{
	memset(summary, 0, sizeof(*summary));
	/* Aligned counters inside: not on the heap by malloc. */
	struct replay r;
	int err = init(&r, writer, summary);
	if (err)
		diag_set(diag, err, "out of memory");
	if (!err)
		err = read_all(&r, path, learn, diag);
	if (r.n_flows)
		err = 0; /* a capture that was cut off is used as far as it goes */
	if (!err) {
		summary->n_flows = r.n_flows;
		capture_close(r.capture);
		r.capture = NULL;
		err = make_engine(&r, config, set, planner);
	}
	if (!err) {
		err = read_all(&r, path, feed, diag);
		drain(&r);
	}
	if (r.is_full)
		log_warn(
		    "%s: more than %d connections: the later ones were left out", path, MAX_FLOWS);
	fini(&r);
	return err;
}
