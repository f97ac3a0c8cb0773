/* A connection whose answer has a hole waits for the peer's retransmission, not for quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/fsm.h"

enum { ISS = 1000, IRS = 5000 };
static const struct conn_config config = {.timeout_ns = 5 * NS_PER_SEC,
    .quiet_ns = 400 * NS_PER_MS,
    .n_retransmits = 1,
    .mss_v4 = 1460,
    .mss_v6 = 1440};

static void feed(struct conn *conn, uint8_t flags, uint32_t seq, const char *payload,
    int64_t now_ns, struct actions *actions)
{
	struct segment s = {.flow = {.raddr = ipaddr_from_v4(0x0a000001)},
	    .seq = seq,
	    .ack = ISS + 1,
	    .window = 65535,
	    .mss = 1460,
	    .flags = flags,
	    .payload = (const uint8_t *)payload,
	    .payload_len = (uint16_t)strlen(payload)};
	struct event event = {.kind = EVENT_SEGMENT, .segment = &s};
	fsm_step(conn, &config, &event, now_ns, actions);
}

/* Lets every deadline pass up to until_ns; returns when the connection ended, or 0. */
static int64_t run(struct conn *conn, int64_t until_ns, struct actions *actions)
{
	const struct event event = {.kind = EVENT_TIMER};
	for (int64_t at; (at = conn_deadline(conn)) != 0 && at <= until_ns;) {
		fsm_step(conn, &config, &event, at, actions);
		if (conn->state == CONN_CLOSED)
			return at;
	}
	return 0;
}

/* A server that speaks: "abc" comes, then something beyond it. */
static void start(struct conn *conn, struct actions *actions)
{
	const struct event more = {.kind = EVENT_MORE};
	conn_init(conn, ISS, 0, 0);
	feed(conn, TCP_SYN | TCP_ACK, IRS, "", NS_PER_SEC, actions);
	feed(conn, TCP_ACK | TCP_PSH, IRS + 1, "abc", NS_PER_SEC + CONN_TIME_NS, actions);
	fsm_step(conn, &config, &more, NS_PER_SEC + CONN_TIME_NS, actions);
}

static void quiet_ends_an_answer_without_holes(void **state)
{
	(void)state;
	struct conn conn;
	struct actions actions;
	start(&conn, &actions);
	assert_int_equal(
	    run(&conn, 10 * NS_PER_SEC, &actions), NS_PER_SEC + CONN_TIME_NS + config.quiet_ns);
	assert_int_equal(actions.v[actions.n - 1].end, CONN_END_QUIET);
}

static void a_hole_outlasts_quiet(void **state)
{
	(void)state;
	struct conn conn;
	struct actions actions;
	start(&conn, &actions);
	feed(&conn, TCP_ACK | TCP_PSH, IRS + 7, "ghi", NS_PER_SEC + 2 * CONN_TIME_NS, &actions);
	assert_int_equal(run(&conn, 2 * NS_PER_SEC, &actions), 0);
	/* the peer's timeout: the missing piece comes, and all nine bytes are there */
	feed(&conn, TCP_ACK, IRS + 4, "def", 2 * NS_PER_SEC + CONN_TIME_NS, &actions);
	assert_int_equal(conn.rx_len, 9);
	const struct event more = {.kind = EVENT_MORE};
	fsm_step(&conn, &config, &more, 2 * NS_PER_SEC + CONN_TIME_NS, &actions);
	assert_int_equal(
	    run(&conn, 10 * NS_PER_SEC, &actions), 2 * NS_PER_SEC + CONN_TIME_NS + config.quiet_ns);
}

static void a_fin_beyond_a_hole_outlasts_quiet(void **state)
{
	(void)state;
	struct conn conn;
	struct actions actions;
	start(&conn, &actions);
	feed(&conn, TCP_ACK | TCP_FIN, IRS + 7, "", NS_PER_SEC + 2 * CONN_TIME_NS, &actions);
	assert_int_equal(run(&conn, 2 * NS_PER_SEC, &actions), 0);
	feed(&conn, TCP_ACK, IRS + 4, "def", 2 * NS_PER_SEC + CONN_TIME_NS, &actions);
	assert_int_equal(conn.state, CONN_CLOSED);
	assert_int_equal(actions.v[actions.n - 1].end, CONN_END_FIN);
}

static void patience_ends_a_hole_that_stays(void **state)
{
	(void)state;
	struct conn conn;
	struct actions actions;
	start(&conn, &actions);
	feed(&conn, TCP_ACK | TCP_PSH, IRS + 7, "ghi", NS_PER_SEC + 2 * CONN_TIME_NS, &actions);
	assert_int_equal(run(&conn, 20 * NS_PER_SEC, &actions), NS_PER_SEC + config.timeout_ns);
	assert_int_equal(actions.v[actions.n - 1].end, CONN_END_QUIET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quiet_ends_an_answer_without_holes),
	    cmocka_unit_test(a_hole_outlasts_quiet),
	    cmocka_unit_test(a_fin_beyond_a_hole_outlasts_quiet),
	    cmocka_unit_test(patience_ends_a_hole_that_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
