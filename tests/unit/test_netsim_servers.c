/* netsim's servers of limited capacity: the kernel answers at once, the servers in their turn, whoever finds
 * no room is reset. The simulator runs on frames and a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/netsim/sim.h"

enum { N_CLIENTS = 16, SERVES = 10, BACKLOG = 4, TURN_MS = 1000 / SERVES, SLACK_MS = 2 };

static const char question[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
#define QUESTION_LEN (sizeof(question) - 1)

/* What one client has got. */
struct client {
	uint32_t server_seq; /* the next to acknowledge */
	uint32_t acked; /* the highest acknowledgement, of what the client sent behind its SYN */
	unsigned n_bytes, n_resets;
	int64_t said_ns; /* when the first byte came */
};

struct world {
	struct sim_config cfg;
	struct sim *sim;
	int64_t now_ns;
	struct client clients[N_CLIENTS];
};

static void emit(void *ctx, const uint8_t *frame, size_t len)
{
	struct world *w = ctx;
	struct seg_in seg;
	assert_int_equal(frame_parse(frame, len, true, &seg), FRAME_TCP);
	struct client *c = &w->clients[seg.flow.rport - 1000];
	c->n_resets += (seg.flags & SEG_RST) != 0;
	if ((seg.flags & SEG_ACK) && seg.ack > c->acked)
		c->acked = seg.ack;
	if (seg.flags & SEG_SYN)
		c->server_seq = seg.seq + 1;
	if (seg.payload_len && c->n_bytes == 0)
		c->said_ns = w->now_ns;
	c->n_bytes += seg.payload_len;
}

/* serves: as the key, 0 for no limit; service: who listens on every port. */
static struct world *world_create(const char *serves, const char *service)
{
	struct world *w = calloc(1, sizeof(*w));
	struct diag diag = {{0}};
	const char *const lines[] = {"preset = dense", "service.http = 0", service, serves,
	    "backlog = 4", "max_flows = 64", "assigned = 0"};
	assert_non_null(w);
	config_init(&w->cfg);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (config_set_line(&w->cfg, lines[i], "test", &diag) < 0)
			fail_msg("%s", diag.text);
	assert_int_equal(config_finish(&w->cfg, &diag), 0);
	assert_int_equal(sim_create(&w->cfg, emit, w, &w->sim), 0);
	w->now_ns = 1000 * NS_PER_SEC;
	return w;
}

static void world_destroy(struct world *w)
{
	sim_destroy(w->sim);
	free(w);
}

static void send_segment(struct world *w, unsigned i, uint8_t flags, const char *text)
{
	static const uint8_t mac[FRAME_MAC_LEN] = {2, 0, 0, 0, 0, 1};
	/* Seen from the host: we are "the host" of frame_build_tcp(), for we send. */
	const struct flow flow = {.laddr = ipaddr_from_v4(0x0a000000),
	    .raddr = ipaddr_from_v4(0xc0000202),
	    .lport = 80,
	    .rport = (uint16_t)(1000 + i)};
	struct seg_out out = {.dst_mac = mac,
	    .src_mac = mac,
	    .flow = &flow,
	    .seq = flags & SEG_SYN ? 1 : 2,
	    .ack = flags & SEG_SYN ? 0 : w->clients[i].server_seq,
	    .window = 60000,
	    .flags = flags,
	    .ttl = 60,
	    .payload = (const uint8_t *)text,
	    .payload_len = (uint16_t)(text ? strlen(text) : 0)};
	if (flags & SEG_RST)
		out.seq += QUESTION_LEN;
	uint8_t frame[FRAME_CAP];
	struct frame_view view = {frame, frame_build_tcp(frame, &out)};
	sim_input(w->sim, &view, 1, w->now_ns);
}

static void run_ms(struct world *w, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++) {
		w->now_ns += NS_PER_MS;
		sim_tick(w->sim, w->now_ns);
	}
}

static void ask(struct world *w, unsigned i)
{
	send_segment(w, i, SEG_SYN, NULL);
	send_segment(w, i, SEG_ACK | SEG_PSH, question);
	assert_int_equal(w->clients[i].acked, 2 + QUESTION_LEN);
}

static unsigned count_served(const struct world *w)
{
	unsigned n = 0;
	for (unsigned i = 0; i < N_CLIENTS; i++)
		n += w->clients[i].n_bytes > 0;
	return n;
}

static void who_fits_is_served_in_turn_and_the_others_are_reset(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 10", "service.http = 1");
	int64_t begun_ns = w->now_ns;
	for (unsigned i = 0; i < BACKLOG + 3; i++)
		ask(w, i);
	for (unsigned i = 0; i < BACKLOG + 3; i++)
		assert_int_equal(w->clients[i].n_resets, i > BACKLOG);
	assert_int_equal(count_served(w), 0);
	for (unsigned i = 0; i <= BACKLOG; i++) {
		run_ms(w, TURN_MS - SLACK_MS);
		assert_int_equal(count_served(w), i);
		run_ms(w, SLACK_MS);
		assert_int_equal(count_served(w), i + 1);
		assert_true(w->clients[i].n_bytes > 0 && w->clients[i].n_resets == 0);
	}
	assert_true(w->now_ns - begun_ns == (BACKLOG + 1) * TURN_MS * NS_PER_MS);
	run_ms(w, 10 * TURN_MS);
	assert_int_equal(count_served(w), BACKLOG + 1);
	const struct sim_stats *stats = sim_get_stats(w->sim);
	assert_int_equal(stats->requests_queued, BACKLOG + 1);
	assert_int_equal(stats->requests_refused, 2);
	world_destroy(w);
}

static void who_asks_slowly_is_always_served(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 10", "service.http = 1");
	for (unsigned i = 0; i < N_CLIENTS; i++) {
		int64_t asked_ns = w->now_ns;
		ask(w, i);
		run_ms(w, TURN_MS);
		assert_true(w->clients[i].said_ns > asked_ns && w->clients[i].n_resets == 0);
	}
	assert_int_equal(count_served(w), N_CLIENTS);
	world_destroy(w);
}

static void idle_time_is_not_saved_up(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 10", "service.http = 1");
	ask(w, 0);
	run_ms(w, 50 * TURN_MS);
	for (unsigned i = 1; i <= BACKLOG + 2; i++)
		ask(w, i);
	assert_int_equal(w->clients[BACKLOG + 1].n_resets, 0);
	assert_int_equal(w->clients[BACKLOG + 2].n_resets, 1);
	run_ms(w, TURN_MS + SLACK_MS);
	assert_int_equal(count_served(w), 2);
	world_destroy(w);
}

static void who_leaves_has_taken_his_turn(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 10", "service.http = 1");
	ask(w, 0);
	send_segment(w, 0, SEG_RST, NULL);
	ask(w, 1);
	run_ms(w, TURN_MS + SLACK_MS);
	assert_int_equal(count_served(w), 0);
	run_ms(w, TURN_MS);
	assert_int_equal(count_served(w), 1);
	assert_true(w->clients[1].n_bytes > 0);
	world_destroy(w);
}

static void greetings_are_work_too(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 10", "service.ftp = 1");
	for (unsigned i = 0; i < BACKLOG + 3; i++) {
		send_segment(w, i, SEG_SYN, NULL);
		send_segment(w, i, SEG_ACK, NULL);
		assert_int_equal(w->clients[i].n_resets, i > BACKLOG);
	}
	assert_int_equal(count_served(w), 0);
	run_ms(w, TURN_MS + SLACK_MS);
	assert_int_equal(count_served(w), 1);
	world_destroy(w);
}

static void without_a_limit_all_are_served_at_once(void **state)
{
	(void)state;
	struct world *w = world_create("serves = 0", "service.http = 1");
	for (unsigned i = 0; i < N_CLIENTS; i++)
		ask(w, i);
	assert_int_equal(count_served(w), N_CLIENTS);
	assert_int_equal(sim_get_stats(w->sim)->requests_queued, 0);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_fits_is_served_in_turn_and_the_others_are_reset),
	    cmocka_unit_test(who_asks_slowly_is_always_served),
	    cmocka_unit_test(idle_time_is_not_saved_up),
	    cmocka_unit_test(who_leaves_has_taken_his_turn),
	    cmocka_unit_test(greetings_are_work_too),
	    cmocka_unit_test(without_a_limit_all_are_served_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
