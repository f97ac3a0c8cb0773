/* engine_world: peers, network and rim for tests of the engine; see the header. */
#include "tests/unit/engine_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/diag.h"

#define STEP_NS       (2 * NS_PER_MS)
#define PEER_AGAIN_NS (500 * NS_PER_MS)
enum { PEER_AGAIN_MAX = 5, RESULTS_RESERVE = 4 };

static struct sig_set *set;

/* ---- the rim ---- */

static bool is_by_chance(struct world *w, uint32_t thousandths)
{
	return thousandths && rng_below(&w->rng, 1000) < thousandths;
}

static void post(struct world *w, const struct segment *s, bool is_icmp, bool is_to_peer)
{
	int n = is_by_chance(w, w->dup) ? 2 : 1;
	for (int i = 0; i < n; i++) {
		if (is_by_chance(w, w->loss))
			continue;
		assert_true(w->n_packets < WORLD_PACKETS_MAX);
		struct world_packet *p = &w->packets[w->n_packets++];
		p->segment = *s;
		p->is_icmp = is_icmp;
		p->is_to_peer = is_to_peer;
		p->order = w->n_orders++;
		p->at_ns = w->now_ns + w->delay_ns;
		if (w->jitter_ns)
			p->at_ns += rng_below(&w->rng, (uint32_t)w->jitter_ns);
		if (!is_to_peer && s->payload_len)
			memcpy(p->payload, s->payload, s->payload_len);
	}
}

static bool op_send(void *ctx, const struct tx_req *req)
{
	struct world *w = ctx;
	if (is_by_chance(w, w->refuse_send))
		return false;
	w->n_sent++;
	if (w->on_send) {
		w->on_send(w, req);
		return true;
	}
	if (req->kind != TX_REQ_SEGMENT)
		return true;
	struct segment s = {.flow = req->flow,
	    .seq = req->seq,
	    .ack = req->ack,
	    .flags = req->flags,
	    .window = req->window,
	    .payload_len = req->payload_len};
	post(w, &s, false, true);
	return true;
}

static struct result *op_result_try(void *ctx)
{
	struct world *w = ctx;
	if (w->n_stock <= RESULTS_RESERVE || is_by_chance(w, w->refuse_result))
		return NULL;
	struct result *result = w->stock[--w->n_stock];
	result->room = RESULT_DATA_SHORT;
	return result;
}

static struct result *op_result_get(void *ctx)
{
	struct world *w = ctx;
	assert_true(w->n_stock > 0);
	struct result *result = w->stock[--w->n_stock];
	result->room = RESULT_DATA_SHORT;
	return result;
}

static void op_result_drop(void *ctx, struct result *result)
{
	struct world *w = ctx;
	/* Whoever forgets to fill a field shows it. */
	memset(result, 0xa5, sizeof(*result));
	w->stock[w->n_stock++] = result;
}

static struct result *op_result_grow(void *ctx, struct result *result)
{
	struct world *w = ctx;
	assert_int_equal(result->room, RESULT_DATA_SHORT);
	struct result *larger = op_result_try(ctx);
	if (!larger)
		return NULL;
	memcpy(larger, result, offsetof(struct result, data) + RESULT_DATA_SHORT);
	larger->room = RESULT_DATA_MAX;
	w->n_grown++;
	op_result_drop(ctx, result);
	return larger;
}

static void op_result_emit(void *ctx, struct result *result)
{
	struct world *w = ctx;
	assert_true(w->n_records < WORLD_RECORDS_MAX);
	assert_true(result->outcome < OUTCOME_COUNT);
	assert_true(result->data_len <= result->room && result->room <= RESULT_DATA_MAX);
	assert_true(result->response_ns >= -1);
	assert_true(result->tcp_options_len <= RESULT_TCP_OPTIONS_MAX);
	struct record *r = &w->records[w->n_records++];
	memset(r, 0, sizeof(*r));
	r->target = result->target;
	r->outcome = result->outcome;
	r->hyperack = result->hyperack;
	r->is_pseudo_service = result->is_pseudo_service;
	r->is_decoy = result->is_decoy;
	r->is_server_first = result->is_server_first;
	r->is_truncated = result->is_truncated;
	r->is_aliased_prefix = result->is_aliased_prefix;
	r->n_probes_sent = result->n_probes_sent;
	r->unreachable_code = result->unreachable_code;
	r->data_len = result->data_len;
	r->response_ns = result->response_ns;
	if (result->verdict.protocol)
		snprintf(r->protocol, sizeof(r->protocol), "%s", result->verdict.protocol);
	op_result_drop(ctx, result);
}

static const struct engine_ops ops = {
    .send = op_send,
    .result_try = op_result_try,
    .result_grow = op_result_grow,
    .result_get = op_result_get,
    .result_emit = op_result_emit,
    .result_drop = op_result_drop,
};

/* ---- peers ---- */

static struct peer_flow *find_flow(struct world *w, const struct flow *flow)
{
	for (size_t i = w->n_flows; i > 0; i--)
		if (memcmp(&w->flows[i - 1].flow, flow, sizeof(*flow)) == 0)
			return &w->flows[i - 1];
	return NULL;
}

static void peer_send(
    struct world *w, const struct peer_flow *p, uint8_t flags, uint32_t seq, const char *text)
{
	struct segment s = {.flow = p->flow,
	    .seq = seq,
	    .ack = p->rcv_nxt,
	    .flags = (uint8_t)(flags | (text ? TCP_PSH : 0)),
	    .window = 8000,
	    .mss = 1460,
	    .options = (const uint8_t *)"\2\4\5\264",
	    .options_len = 4,
	    .ttl = 60,
	    .payload = (const uint8_t *)(text ? text : ""),
	    .payload_len = (uint16_t)(text ? strlen(text) : 0)};
	struct target target = {p->flow.raddr, p->flow.rport};
	enum peer_kind kind = w->kind_of(&target);
	if (flags & TCP_SYN && (kind == PEER_ZERO || kind == PEER_DECOY))
		s.window = 0;
	if (flags & TCP_SYN && kind == PEER_DECOY)
		s.mss = 0, s.options_len = 0;
	post(w, &s, false, false);
}

static void peer_syn(struct world *w, const struct segment *s, enum peer_kind kind)
{
	uint16_t n_earlier = 0;
	for (size_t i = 0; i < w->n_flows; i++)
		n_earlier =
		    (uint16_t)(n_earlier + (ipaddr_equal(&w->flows[i].flow.raddr, &s->flow.raddr) &&
					       w->flows[i].flow.rport == s->flow.rport));
	struct peer_flow *p = find_flow(w, &s->flow);
	if (!p) {
		assert_true(w->n_flows < WORLD_FLOWS_MAX);
		p = &w->flows[w->n_flows++];
		*p = (struct peer_flow){
		    .flow = s->flow, .iss = (uint32_t)rng_next(&w->rng), .n_earlier = n_earlier};
		p->snd_una = p->iss;
	}
	p->rcv_nxt = s->seq + 1;
	if (kind == PEER_SHUNNING && p->n_earlier)
		return;
	peer_send(w, p, TCP_SYN | TCP_ACK, p->iss, NULL);
	p->again_at = w->now_ns + PEER_AGAIN_NS;
}

static void peer_answer(struct world *w, struct peer_flow *p, const char *text, bool has_fin)
{
	p->is_answered = true;
	p->answer = text;
	p->has_fin = has_fin;
	peer_send(w, p, (uint8_t)(TCP_ACK | (has_fin ? TCP_FIN : 0)), p->iss + 1, text);
	p->again_at = w->now_ns + PEER_AGAIN_NS;
	p->n_again = 0;
}

static void peer_data(
    struct world *w, struct peer_flow *p, const struct segment *s, enum peer_kind kind)
{
	if (s->seq != p->rcv_nxt) { /* again, or ahead: where we are */
		peer_send(w, p, TCP_ACK, p->iss + 1, p->answer);
		return;
	}
	if (kind == PEER_NO_ACK)
		return;
	if (kind == PEER_UNREACHABLE) {
		struct segment error = {.flow = s->flow, .seq = s->seq};
		post(w, &error, true, false);
		return;
	}
	p->rcv_nxt += s->payload_len;
	switch (kind) {
	case PEER_HTTP:
		peer_answer(w, p, "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\nhello", true);
		break;
	case PEER_JUNK:
		peer_answer(w, p, "\1\2\3\4zq zq zq", false);
		break;
	case PEER_RESET:
		peer_send(w, p, TCP_RST | TCP_ACK, p->iss + 1, NULL);
		p->is_gone = true;
		break;
	case PEER_CLOSING:
		peer_answer(w, p, NULL, true);
		break;
	case PEER_SILENT:
	case PEER_SHUNNING:
	case PEER_SSH:
		peer_send(w, p, TCP_ACK, p->iss + 1 + (p->answer ? (uint32_t)strlen(p->answer) : 0),
		    NULL);
		break;
	case PEER_FILTERED:
	case PEER_REFUSING:
	case PEER_NO_ACK:
	case PEER_ZERO:
	case PEER_DECOY:
	case PEER_UNREACHABLE:
	case PEER_KIND_COUNT:
		break;
	}
}

static void peer_receive(struct world *w, const struct segment *s)
{
	struct target target = {s->flow.raddr, s->flow.rport};
	enum peer_kind kind = w->kind_of(&target);
	if (kind == PEER_FILTERED)
		return;
	if (kind == PEER_REFUSING) {
		struct peer_flow p = {.flow = s->flow, .rcv_nxt = s->seq + 1};
		if (s->flags & TCP_SYN)
			peer_send(w, &p, TCP_RST | TCP_ACK, 0, NULL);
		return;
	}
	if (s->flags & TCP_SYN) {
		peer_syn(w, s, kind);
		return;
	}
	struct peer_flow *p = find_flow(w, &s->flow);
	if (!p || p->is_gone)
		return;
	if (s->flags & TCP_RST) {
		p->is_gone = true;
		return;
	}
	if (seq_lt(p->snd_una, s->ack))
		p->snd_una = s->ack;
	if (!p->is_up) {
		p->is_up = true;
		p->again_at = 0;
		if (kind == PEER_SSH)
			peer_answer(w, p, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", false);
	}
	if (s->payload_len)
		peer_data(w, p, s, kind);
}

/* What was not acknowledged is sent again. */
static void peer_timers(struct world *w)
{
	for (size_t i = 0; i < w->n_flows; i++) {
		struct peer_flow *p = &w->flows[i];
		if (p->is_gone || p->again_at == 0 || p->again_at > w->now_ns)
			continue;
		uint32_t end =
		    p->iss + 1 + (p->answer ? (uint32_t)strlen(p->answer) : 0) + p->has_fin;
		if ((p->is_up && seq_le(end, p->snd_una)) || p->n_again == PEER_AGAIN_MAX) {
			p->again_at = 0;
			continue;
		}
		p->again_at = w->now_ns + (PEER_AGAIN_NS << ++p->n_again);
		if (!p->is_up)
			peer_send(w, p, TCP_SYN | TCP_ACK, p->iss, NULL);
		else if (p->is_answered)
			peer_send(w, p, (uint8_t)(TCP_ACK | (p->has_fin ? TCP_FIN : 0)), p->iss + 1,
			    p->answer);
	}
}

/* ---- the world ---- */

struct engine_config world_config(void)
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
		.port_lo = 32768,
		.n_ports = 28232},
	    .n_attempts = 1,
	    .max_sessions = 4096,
	    .max_hosts = 1024,
	    .seen_capacity = 4096,
	    .n_hyperack = 5,
	    .hyperack_threshold = 3,
	    .many_ports = 20,
	    .max_held = 64,
	    .hold_ns = 5 * NS_PER_SEC,
	};
	hash_key_derive(1, "cookie", &c.cookie.key);
	hash_key_derive(2, "tables", &c.table_key);
	return c;
}

struct world *world_create(const struct engine_config *config, const char *probes, uint64_t seed)
{
	static struct sig_planner *planner;
	static char planned[64];
	struct diag diag = {{0}};
	if (!set) {
		assert_int_equal(hash_init(), 0);
		assert_int_equal(sig_set_create(NULL, 0, NULL, &diag, &set), 0);
	}
	if (!planner || strcmp(planned, probes) != 0) {
		sig_planner_destroy(planner);
		assert_int_equal(sig_planner_create(set, probes, &diag, &planner), 0);
		snprintf(planned, sizeof(planned), "%s", probes);
	}
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->config = *config;
	w->rng.state = seed;
	w->now_ns = 1000 * NS_PER_SEC;
	w->delay_ns = 20 * NS_PER_MS;
	w->packets = calloc(WORLD_PACKETS_MAX, sizeof(*w->packets));
	w->flows = calloc(WORLD_FLOWS_MAX, sizeof(*w->flows));
	assert_true(w->packets && w->flows);
	for (size_t i = 0; i < WORLD_RESULTS; i++)
		op_result_drop(w, &w->results[i]);
	assert_int_equal(
	    engine_create(config, set, planner, &ops, w, &w->counters, w->now_ns, &w->engine), 0);
	return w;
}

void world_destroy(struct world *w)
{
	engine_destroy(w->engine);
	free(w->packets);
	free(w->flows);
	free(w);
}

void world_probe(struct world *w, const struct target *target, uint16_t n)
{
	struct cookie c;
	cookie_make(&w->config.cookie, target, n, &c);
	struct segment s = {.flow = c.flow, .seq = c.iss, .flags = TCP_SYN, .window = 64240};
	post(w, &s, false, true);
}

void world_inject(struct world *w, const struct segment *s)
{
	w->n_received++;
	engine_prefetch(w->engine, &s, 1);
	engine_segment(w->engine, s, w->now_ns, w->now_ns);
}

static void deliver(struct world *w, struct world_packet *p)
{
	if (p->is_to_peer) {
		peer_receive(w, &p->segment);
	} else if (p->is_icmp) {
		struct icmp_error error = {
		    .flow = p->segment.flow, .seq = p->segment.seq, .type = 3, .code = 13};
		engine_icmp(w->engine, &error, w->now_ns);
	} else {
		p->segment.payload = p->payload;
		world_inject(w, &p->segment);
	}
}

static void deliver_due(struct world *w)
{
	for (;;) {
		size_t first = SIZE_MAX;
		for (size_t i = 0; i < w->n_packets; i++) {
			const struct world_packet *p = &w->packets[i];
			if (p->at_ns > w->now_ns)
				continue;
			if (first == SIZE_MAX || p->at_ns < w->packets[first].at_ns ||
			    (p->at_ns == w->packets[first].at_ns &&
				p->order < w->packets[first].order))
				first = i;
		}
		if (first == SIZE_MAX)
			return;
		struct world_packet packet = w->packets[first];
		w->packets[first] = w->packets[--w->n_packets];
		deliver(w, &packet);
	}
}

void world_run(struct world *w, int64_t for_ns)
{
	for (int64_t end = w->now_ns + for_ns; w->now_ns < end;) {
		w->now_ns += STEP_NS;
		deliver_due(w);
		peer_timers(w);
		engine_tick(w->engine, w->now_ns);
	}
}

void world_drain(struct world *w, int64_t max_ns)
{
	int64_t end = w->now_ns + max_ns;
	while (w->now_ns < end && (w->n_packets || engine_count_sessions(w->engine)))
		world_run(w, 10 * NS_PER_MS);
	assert_int_equal(engine_count_sessions(w->engine), 0);
}

const struct record *world_record(const struct world *w, const struct target *target)
{
	const struct record *found = NULL;
	for (size_t i = 0; i < w->n_records; i++) {
		const struct record *r = &w->records[i];
		if (!ipaddr_equal(&r->target.addr, &target->addr) || r->target.port != target->port)
			continue;
		if (found)
			fail_msg("two records for port %u", target->port);
		found = r;
	}
	if (!found)
		fail_msg("no record for port %u", target->port);
	return found;
}

void world_check_clean(const struct world *w)
{
	assert_int_equal(engine_count_sessions(w->engine), 0);
	assert_int_equal(w->engine->wheel.n_armed, 0);
	assert_int_equal(conn_table_count(w->engine->conns), 0);
	assert_int_equal(w->n_stock, WORLD_RESULTS);
	assert_int_equal(counters_get(&w->counters, COUNTER_sessions_opened),
	    counters_get(&w->counters, COUNTER_sessions_closed));
}
