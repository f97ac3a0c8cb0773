/* fuzz_engine: a script of what peers, clock and rim do to a whole engine: SYN-ACKs of targets,
 * segments near the numbers of what was sent, ICMP errors, time, full rings, abort. Holds whatever
 * comes: at most one record a target, as many as sessions opened, and in the end no session, no timer
 * and no result is left. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/diag.h"
#include "engine/engine.h"
#include "engine/session.h"
#include "tests/fuzz/fuzz.h"

enum { N_RESULTS = 24, RESERVE = 18, N_SESSIONS = 16, N_TARGETS = 24, N_SENT = 16 };

struct world {
	struct cursor script;
	struct engine *engine;
	struct engine_config config;
	struct counters counters;
	int64_t now_ns;
	bool is_send_full, is_result_short;
	struct result results[N_RESULTS];
	struct result *stock[N_RESULTS];
	size_t n_stock, n_sent;
	unsigned n_records[N_TARGETS];
	size_t n_emitted;
	struct tx_req sent[N_SENT]; /* the last ones */
};

/* Four hosts, IPv4 and IPv6, with six ports each. */
static struct target nth_target(unsigned n)
{
	unsigned host = n % 4;
	static const uint16_t ports[] = {22, 80, 443, 25, 8080, 40000};
	return (struct target){host & 1 ? ipaddr_from_u64(UINT64_C(0x20010db8) << 32, host)
					: ipaddr_from_v4(0x0a000100 + host),
	    ports[n / 4 % 6]};
}

static bool op_send(void *ctx, const struct tx_req *req)
{
	struct world *w = ctx;
	if (w->is_send_full)
		return false;
	assert(req->kind < TX_REQ_KIND_COUNT && req->kind != TX_REQ_END);
	assert(req->payload_len == 0 || req->probe_id != SIG_PROBE_NONE);
	assert(req->flow.lport >= w->config.cookie.port_lo);
	w->sent[w->n_sent++ % N_SENT] = *req;
	return true;
}

static struct result *op_result_try(void *ctx)
{
	struct world *w = ctx;
	if (w->is_result_short || w->n_stock <= RESERVE)
		return NULL;
	return w->stock[--w->n_stock];
}

static struct result *op_result_get(void *ctx)
{
	struct world *w = ctx;
	assert(w->n_stock > 0);
	return w->stock[--w->n_stock];
}

static void op_result_drop(void *ctx, struct result *result)
{
	struct world *w = ctx;
	assert(w->n_stock < N_RESULTS);
	memset(result, 0xa5, sizeof(*result));
	w->stock[w->n_stock++] = result;
}

static void op_result_emit(void *ctx, struct result *result)
{
	struct world *w = ctx;
	unsigned n = 0;
	assert(result->outcome < OUTCOME_COUNT && result->data_len <= RESULT_DATA_MAX);
	assert(result->response_ns >= -1 && result->rtt_ns >= -1);
	assert(result->tcp_options_len <= RESULT_TCP_OPTIONS_MAX);
	assert(result->hyperack.verdict < HYPERACK_VERDICT_COUNT);
	for (; n < N_TARGETS; n++) {
		struct target target = nth_target(n);
		if (memcmp(&target, &result->target, sizeof(target)) == 0)
			break;
	}
	assert(n < N_TARGETS && w->n_records[n] == 0);
	w->n_records[n]++;
	w->n_emitted++;
	op_result_drop(ctx, result);
}

static const struct engine_ops ops = {
    .send = op_send,
    .result_try = op_result_try,
    .result_get = op_result_get,
    .result_emit = op_result_emit,
    .result_drop = op_result_drop,
};

static void read_tail(struct world *w, struct segment *s)
{
	uint8_t bits = cursor_u8(&w->script);
	s->window = bits & 1 ? cursor_be16(&w->script) : 8000;
	s->mss = bits & 2 ? cursor_be16(&w->script) : 1400;
	s->has_ts = bits & 4;
	s->has_wscale = bits & 8;
	s->wscale = bits & 8 ? 7 : 0;
	s->options = (const uint8_t *)"";
	size_t len = bits & 16 ? cursor_u8(&w->script) : 0;
	if (len > cursor_left(&w->script))
		len = cursor_left(&w->script);
	s->payload_len = (uint16_t)len;
	s->payload = cursor_take(&w->script, len);
	if (!s->payload)
		s->payload = (const uint8_t *)"";
	/* Much data from few bytes. */
	static const uint8_t zeros[6000];
	if (bits & 32) {
		s->payload = zeros;
		s->payload_len = cursor_be16(&w->script) % sizeof(zeros);
	}
}

/* A signed distance of the script, as a sequence number's. */
static uint32_t read_distance(struct world *w)
{
	int32_t distance = (int16_t)cursor_be16(&w->script);
	return (uint32_t)distance;
}

static void feed(struct world *w, const struct segment *s)
{
	engine_prefetch(w->engine, &s, 1);
	engine_segment(w->engine, s, w->now_ns, w->now_ns);
}

static void do_synack(struct world *w)
{
	struct target target = nth_target(cursor_u8(&w->script) % N_TARGETS);
	uint8_t bits = cursor_u8(&w->script);
	struct cookie c;
	cookie_make(&w->config.cookie, &target, bits & 1, &c);
	struct segment s = {.flow = c.flow, .ack = c.iss + 1, .flags = TCP_SYN | TCP_ACK};
	s.seq = cursor_be32(&w->script);
	if (bits & 2)
		s.flags |= TCP_FIN;
	if (bits & 4)
		s.ack += cursor_u8(&w->script);
	read_tail(w, &s);
	feed(w, &s);
}

/* An answer to one of the last packets, with numbers near those that fit. */
static void do_segment(struct world *w)
{
	const struct tx_req *req = &w->sent[cursor_u8(&w->script) % N_SENT];
	uint8_t bits = cursor_u8(&w->script);
	struct segment s = {.flow = req->flow, .flags = cursor_u8(&w->script) & 0x3f};
	bool is_syn = req->flags & TCP_SYN;
	s.seq = req->ack;
	s.ack = req->seq + req->payload_len + (is_syn ? 1 : 0);
	if (bits & 1)
		s.seq += read_distance(w);
	if (bits & 2)
		s.ack += read_distance(w);
	if (bits & 4)
		s.ack -= req->payload_len;
	if (is_syn && !(bits & 8))
		s.flags = TCP_SYN | TCP_ACK;
	read_tail(w, &s);
	feed(w, &s);
}

static void do_icmp(struct world *w)
{
	const struct tx_req *req = &w->sent[cursor_u8(&w->script) % N_SENT];
	uint8_t bits = cursor_u8(&w->script);
	struct icmp_error e = {.flow = req->flow,
	    .seq = req->seq,
	    .type = 3,
	    .code = bits >> 4,
	    .is_v6 = bits & 1,
	    .mtu = bits & 2 ? cursor_be16(&w->script) : 0};
	if (bits & 4)
		e.seq += read_distance(w);
	engine_icmp(w->engine, &e, w->now_ns);
}

/* A piece of a datagram of one of the hosts, or of a stranger. */
static void do_fragment(struct world *w)
{
	struct target target = nth_target(cursor_u8(&w->script) % N_TARGETS);
	uint8_t bits = cursor_u8(&w->script);
	bool is_v4 = ipaddr_is_v4(&target.addr);
	struct fragment f = {.src = target.addr,
	    .dst = is_v4 ? w->config.cookie.laddr_v4 : w->config.cookie.laddr_v6,
	    .id = bits & 3,
	    .proto = bits & 4 ? 6 : 60,
	    .is_last = bits & 8,
	    .off = (uint16_t)((bits >> 4) * 8)};
	if (bits & 2)
		f.src.b[15] ^= 0x40;
	size_t len = cursor_u8(&w->script);
	len = len < cursor_left(&w->script) ? len : cursor_left(&w->script);
	len = f.is_last ? len : len / 8 * 8;
	f.len = (uint16_t)len;
	f.bytes = cursor_take(&w->script, len);
	if (f.bytes && len)
		engine_fragment(w->engine, &f, w->now_ns, w->now_ns);
}

static void do_event(struct world *w)
{
	uint8_t op = cursor_u8(&w->script);
	switch (op % 8) {
	case 0:
		do_synack(w);
		break;
	case 1:
	case 2:
	case 3:
		do_segment(w);
		break;
	case 4:
		do_icmp(w);
		break;
	case 5:
		w->now_ns += cursor_be16(&w->script) * NS_PER_MS / 8;
		engine_tick(w->engine, w->now_ns);
		break;
	case 6:
		w->is_send_full = op & 8;
		w->is_result_short = op & 16;
		if (op & 32)
			do_fragment(w);
		break;
	case 7:
		if (op == 0xff)
			engine_abort(w->engine, w->now_ns);
		else if (op == 0xf7)
			engine_finish(w->engine, w->now_ns);
		else
			w->now_ns += op * NS_PER_MS;
		break;
	}
	assert(engine_count_sessions(w->engine) <= N_SESSIONS);
}

static void run_down(struct world *w)
{
	w->is_send_full = w->is_result_short = false;
	for (int i = 0; i < 4000 && engine_count_sessions(w->engine); i++) {
		w->now_ns += 100 * NS_PER_MS;
		engine_tick(w->engine, w->now_ns);
	}
	assert(engine_count_sessions(w->engine) == 0);
	assert(w->engine->wheel.n_armed == 0);
	assert(conn_table_count(w->engine->conns) == 0);
	assert(w->n_stock == N_RESULTS);
	assert(counters_get(&w->counters, COUNTER_sessions_opened) == w->n_emitted);
	assert(counters_get(&w->counters, COUNTER_sessions_closed) == w->n_emitted);
}

static struct engine_config make_config(void)
{
	struct engine_config c = {
	    .conn = {.timeout_ns = 5 * NS_PER_SEC,
		.ack_delay_ns = 40 * NS_PER_MS,
		.quiet_ns = 400 * NS_PER_MS,
		.n_retransmits = 1,
		.mss_v4 = 1460,
		.mss_v6 = 1440},
	    .cookie = {.laddr_v4 = ipaddr_from_v4(0x0a000001),
		.laddr_v6 = ipaddr_from_u64(UINT64_C(0xfd00) << 48, 1),
		.n_laddr_v4 = 1,
		.n_laddr_v6 = 1,
		.port_lo = 50000,
		.n_ports = 10000},
	    .n_attempts = 2,
	    .max_sessions = N_SESSIONS,
	    .max_hosts = 3,
	    .seen_capacity = 1024,
	    .n_hyperack = 4,
	    .hyperack_threshold = 2,
	    .many_ports = 3,
	    .max_held = 5,
	    .hold_ns = 2 * NS_PER_SEC,
	    .skips_hyperacktive = true,
	    .n_alias_lengths = 2,
	    .alias_lengths = {64, 112},
	};
	hash_key_derive(1, "cookie", &c.cookie.key);
	hash_key_derive(2, "tables", &c.table_key);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct sig_set *set;
	static struct sig_planner *planner;
	static struct world w;
	struct diag diag;
	if (!set) {
		int err = hash_init();
		assert(err == 0);
		err = sig_set_create(NULL, 0, NULL, &diag, &set);
		assert(err == 0);
		err = sig_planner_create(set, "auto", &diag, &planner);
		assert(err == 0);
		(void)err;
	}
	memset(&w, 0, sizeof(w));
	w.script = cursor_make(bytes, len);
	w.config = make_config();
	w.now_ns = 1000 * NS_PER_SEC;
	for (size_t i = 0; i < N_RESULTS; i++)
		op_result_drop(&w, &w.results[i]);
	for (size_t i = 0; i < N_SENT; i++)
		w.sent[i].flow.lport = 50000;
	int err =
	    engine_create(&w.config, set, planner, &ops, &w, &w.counters, w.now_ns, &w.engine);
	assert(err == 0);
	(void)err;
	for (int i = 0; i < 2000 && cursor_left(&w.script) && !w.script.is_short; i++)
		do_event(&w);
	run_down(&w);
	engine_destroy(w.engine);
	return 0;
}
