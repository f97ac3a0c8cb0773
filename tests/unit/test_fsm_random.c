/* Claims about engine/fsm that hold in any history: a million random scripts, every step checked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/fsm.h"
#include "tests/unit/rng.h"

enum {
	N_SCRIPTS = 1000000,
	N_EVENTS = 24,
	SENDS_PER_STEP_MAX = 5, /* an answer, three pieces of the probe, a RST */
};

struct world {
	struct rng rng;
	struct conn conn;
	struct conn_config config;
	int64_t now_ns;
	int64_t opened_ns;
	uint32_t iss, irs;
	uint64_t have[CONN_RX_MAX / 64];
	unsigned n_finished;
	unsigned n_timers;
};

static void check(bool holds, const char *what)
{
	if (!holds)
		fail_msg("%s", what);
}

#define CHECK(cond) check(cond, #cond)

static void check_deliver(struct world *w, const struct action *a, const struct segment *s)
{
	CHECK(s && a->deliver.len > 0);
	CHECK(a->deliver.off + a->deliver.len <= CONN_RX_MAX);
	CHECK(a->deliver.bytes >= s->payload);
	CHECK(a->deliver.bytes + a->deliver.len <= s->payload + s->payload_len);
	/* The bytes are those of the segment at this very place. */
	CHECK((uint32_t)(a->deliver.bytes - s->payload) + s->seq + (s->flags & TCP_SYN ? 1 : 0) ==
	      w->irs + 1 + a->deliver.off);
	for (unsigned i = a->deliver.off; i < (unsigned)a->deliver.off + a->deliver.len; i++) {
		CHECK(!(w->have[i / 64] >> i % 64 & 1));
		w->have[i / 64] |= UINT64_C(1) << i % 64;
	}
}

static void check_send(const struct world *w, const struct action *a)
{
	const struct conn *c = &w->conn;
	if (a->send.len) {
		CHECK(a->send.off + a->send.len <= c->data_len);
		CHECK(a->send.seq == c->iss + 1 + a->send.off);
		CHECK(a->send.len <= c->mss);
		CHECK(!(a->send.flags & (TCP_SYN | TCP_RST | TCP_FIN)));
	}
	if (a->send.flags & TCP_SYN)
		CHECK(a->send.seq == c->iss && a->send.flags == TCP_SYN);
	CHECK(!(a->send.flags & TCP_FIN));
}

static void check_conn(const struct world *w)
{
	const struct conn *c = &w->conn;
	CHECK(c->rx_len <= CONN_RX_MAX && c->n_ooo <= CONN_OOO_MAX);
	uint32_t lo = c->rx_len;
	for (int i = 0; i < c->n_ooo; i++) {
		CHECK(c->ooo[i].lo > lo && c->ooo[i].hi > c->ooo[i].lo);
		CHECK(c->ooo[i].hi <= CONN_RX_MAX);
		lo = c->ooo[i].hi;
	}
	for (unsigned i = 0; i < c->rx_len; i += 61)
		CHECK(w->have[i / 64] >> i % 64 & 1);
	CHECK(seq_le(c->snd_una, c->snd_nxt) && seq_le(c->snd_nxt, c->snd_max));
	CHECK(seq_le(c->snd_max, c->iss + 1 + c->data_len));
	int64_t at = conn_deadline(c);
	switch ((enum conn_state)c->state) {
	case CONN_CLOSED:
		CHECK(at == 0);
		break;
	case CONN_ESTABLISHED:
		/* Never without a timer, never beyond patience. */
		CHECK(at != 0 && c->patience_at != 0 &&
		      at <= conn_time_get_ns(c->patience_at, w->now_ns));
		CHECK(conn_time_get_ns(c->patience_at, w->now_ns) <=
		      w->now_ns + c->wait_ms * NS_PER_MS + w->config.timeout_ns + CONN_TIME_NS);
		break;
	case CONN_SYN_SENT:
		CHECK(at != 0 || w->opened_ns == 0);
		break;
	case CONN_STATE_COUNT:
		CHECK(false);
	}
}

static void step(struct world *w, const struct event *event)
{
	static struct actions actions;
	bool was_closed = w->conn.state == CONN_CLOSED;
	const struct segment *s = event->kind == EVENT_SEGMENT ? event->segment : NULL;
	if (s && w->conn.state == CONN_SYN_SENT)
		w->irs = s->seq; /* if it is taken */
	fsm_step(&w->conn, &w->config, event, w->now_ns, &actions);
	CHECK(actions.n <= ACTIONS_MAX);
	CHECK(!was_closed || actions.n == 0);
	unsigned n_sends = 0;
	for (int i = 0; i < actions.n; i++) {
		const struct action *a = &actions.v[i];
		CHECK(w->n_finished == 0);
		switch (a->kind) {
		case ACTION_SEND:
			n_sends++;
			check_send(w, a);
			break;
		case ACTION_DELIVER:
			check_deliver(w, a, s);
			break;
		case ACTION_ACKED:
			CHECK(conn_is_data_acked(&w->conn));
			break;
		case ACTION_FINISH:
			w->n_finished++;
			break;
		case ACTION_KIND_COUNT:
			CHECK(false);
		}
	}
	CHECK(n_sends <= SENDS_PER_STEP_MAX);
	CHECK((w->n_finished != 0) == (w->conn.state == CONN_CLOSED));
	check_conn(w);
}

static uint32_t near(struct rng *rng, uint32_t base, uint32_t span)
{
	switch (rng_below(rng, 16)) {
	case 0:
		return (uint32_t)rng_next(rng);
	case 1:
	case 2:
		return base + rng_below(rng, 65536) - 32768;
	case 3:
	case 4:
	case 5:
		return base + rng_below(rng, span + 9) - 4;
	default:
		return base;
	}
}

static uint8_t payload[9000];

static struct segment random_segment(struct world *w)
{
	struct rng *rng = &w->rng;
	const struct conn *c = &w->conn;
	static const uint8_t usual[] = {TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN,
	    TCP_RST, TCP_RST | TCP_ACK, TCP_SYN | TCP_ACK};
	struct segment s = {.payload = payload};
	bool is_handshake = c->state == CONN_SYN_SENT && rng_below(rng, 4);
	s.flags = is_handshake ? TCP_SYN | TCP_ACK
		  : rng_below(rng, 12)
		      ? usual[rng_below(rng, rng_below(rng, 2) ? sizeof(usual) : 3)]
		      : (uint8_t)rng_below(rng, 64);
	s.ack =
	    is_handshake && rng_below(rng, 16) ? c->iss + 1 : near(rng, c->snd_max, c->data_len);
	s.seq = c->state == CONN_SYN_SENT ? w->irs
		: s.flags & TCP_SYN       ? near(rng, c->irs, 2)
					  : near(rng, c->rcv_nxt, 300);
	if (rng_below(rng, 2))
		s.payload_len = (uint16_t)rng_below(rng, rng_below(rng, 4) ? 200 : sizeof(payload));
	static const uint16_t windows[] = {0, 1, 7, 100, 1000, 65535};
	s.window = windows[rng_below(rng, 6)];
	if (s.window == 0 && rng_below(rng, 4))
		s.window = 64240;
	static const uint16_t sizes[] = {0, 1, 88, 536, 1460, 65535};
	s.mss = sizes[rng_below(rng, 6)];
	s.has_ts = rng_below(rng, 2);
	s.tsval = (uint32_t)rng_next(rng);
	s.tsecr = rng_below(rng, 2) ? (uint32_t)(w->now_ns / NS_PER_US) - rng_below(rng, 1000000)
				    : (uint32_t)rng_next(rng);
	s.has_wscale = rng_below(rng, 2);
	s.wscale = s.has_wscale ? (uint8_t)rng_below(rng, 15) : 0;
	s.flow.raddr = rng_below(rng, 2) ? ipaddr_from_v4(1) : ipaddr_from_u64(1, 1);
	return s;
}

static void random_event(struct world *w)
{
	struct rng *rng = &w->rng;
	struct segment s;
	struct event event = {.kind = EVENT_SEGMENT, .segment = &s};
	uint16_t rx_before = w->conn.rx_len;
	switch (rng_below(rng, 20)) {
	case 0:
		event.kind = EVENT_OPEN;
		w->opened_ns = w->conn.state == CONN_SYN_SENT ? w->now_ns : w->opened_ns;
		break;
	case 1:
	case 2:
	case 3:
		/* Time passes to the deadline, a bit too early, or late. */
		event.kind = EVENT_TIMER;
		if (conn_deadline(&w->conn) > w->now_ns && rng_below(rng, 8))
			w->now_ns = conn_deadline(&w->conn) - rng_below(rng, 2);
		break;
	case 4:
		event.kind = rng_below(rng, 8) ? EVENT_MTU : EVENT_UNREACHABLE;
		event.mtu = (uint16_t)rng_next(rng);
		break;
	case 5:
		event.kind = rng_below(rng, 8) ? EVENT_MORE : EVENT_SETTLED;
		if (event.kind == EVENT_MORE && w->conn.rx_len == 0)
			event.kind = EVENT_TIMER;
		break;
	case 6:
		event.kind = rng_below(rng, 16) ? EVENT_TIMER : EVENT_ABORT;
		break;
	default:
		s = random_segment(w);
		break;
	}
	w->now_ns += rng_below(rng, 2) ? 0 : rng_below(rng, 1 << 28);
	step(w, &event);
	if (w->conn.rx_len > rx_before && w->conn.state == CONN_ESTABLISHED) {
		event.kind = EVENT_MORE;
		step(w, &event);
	}
}

/* Left alone, every connection ends by its own timers, soon and after few of them. */
static void run_down(struct world *w)
{
	unsigned n = 0;
	int64_t at;
	int64_t last = w->now_ns;
	while ((at = conn_deadline(&w->conn)) != 0) {
		struct event event = {.kind = EVENT_TIMER};
		CHECK(n++ < 64);
		w->now_ns = at > w->now_ns ? at : w->now_ns;
		step(w, &event);
	}
	CHECK(w->conn.state == CONN_CLOSED || w->opened_ns == 0);
	if (w->conn.state == CONN_CLOSED && w->opened_ns == 0)
		CHECK(w->now_ns - last <= 120 * NS_PER_SEC);
}

static void run_script(uint64_t seed)
{
	struct world w = {.rng = {seed}};
	struct rng *rng = &w.rng;
	static const uint32_t numbers[] = {0, 0xffffffff, 0xfffffff0, 0x7ffffff0, 0x80000000};
	w.now_ns = (int64_t)(rng_next(rng) >> 20) + 1;
	w.iss = rng_below(rng, 2) ? numbers[rng_below(rng, 5)] : (uint32_t)rng_next(rng);
	w.irs = rng_below(rng, 2) ? numbers[rng_below(rng, 5)] : (uint32_t)rng_next(rng);
	w.config.timeout_ns = (1 + rng_below(rng, 10000)) * NS_PER_MS;
	w.config.quiet_ns = (1 + rng_below(rng, 1000)) * NS_PER_MS;
	w.config.n_retransmits = (uint8_t)rng_below(rng, 6);
	w.config.mss_v4 = (uint16_t)(88 + rng_below(rng, 9000));
	w.config.mss_v6 = (uint16_t)(88 + rng_below(rng, 9000));
	uint16_t data_len = (uint16_t)(rng_below(rng, 4) ? rng_below(rng, 1025) : 0);
	uint16_t wait_ms = (uint16_t)(rng_below(rng, 4) ? 0 : rng_below(rng, 3000));
	conn_init(&w.conn, w.iss, data_len, wait_ms);
	for (int i = 0; i < N_EVENTS; i++)
		random_event(&w);
	run_down(&w);
}

static void test_invariants_hold_in_a_million_random_scripts(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SCRIPTS; seed++)
		run_script(seed);
}

static void test_a_chatterbox_cannot_make_us_talk_for_ever(void **state)
{
	(void)state;
	/* Whatever a peer repeats, the answers per packet stay bounded and patience ends it. */
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct world w = {.rng = {seed}, .now_ns = NS_PER_SEC};
		w.config = (struct conn_config){.timeout_ns = 5 * NS_PER_SEC,
		    .ack_delay_ns = 40 * NS_PER_MS,
		    .quiet_ns = NS_PER_SEC,
		    .n_retransmits = 2,
		    .mss_v4 = 1460,
		    .mss_v6 = 1440};
		conn_init(&w.conn, 7, 1000, 0);
		unsigned n_events = 0;
		while (w.conn.state != CONN_CLOSED && w.now_ns < 100 * NS_PER_SEC) {
			struct segment s = random_segment(&w);
			if (w.conn.state == CONN_ESTABLISHED)
				s.flags &= (uint8_t) ~(TCP_RST | TCP_FIN);
			struct event event = {.kind = EVENT_SEGMENT, .segment = &s};
			step(&w, &event);
			int64_t at = conn_deadline(&w.conn);
			w.now_ns += NS_PER_MS;
			if (at && at <= w.now_ns) {
				event.kind = EVENT_TIMER;
				step(&w, &event);
			}
			n_events++;
		}
		CHECK(w.conn.state == CONN_CLOSED);
		CHECK(n_events < 7000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_invariants_hold_in_a_million_random_scripts),
	    cmocka_unit_test(test_a_chatterbox_cannot_make_us_talk_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
