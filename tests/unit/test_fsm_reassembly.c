/* Claims about reassembly in engine/fsm: whatever the order, overlap and repetition of segments, each
 * byte is delivered once, the first bytes win, and the stream gets complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/fsm.h"
#include "tests/unit/guard.h"
#include "tests/unit/rng.h"

static const struct conn_config config = {.timeout_ns = 5 * NS_PER_SEC,
    .quiet_ns = 300 * NS_PER_MS,
    .n_retransmits = 1,
    .mss_v4 = 1460,
    .mss_v6 = 1440};

#define NOW (1000 * NS_PER_SEC)

/* The receiver as the session sees it, and a model of what must be in it. */
struct peer {
	struct conn conn;
	uint32_t iss, irs;
	uint8_t data[CONN_RX_MAX];
	bool is_there[CONN_RX_MAX]; /* delivered */
	uint8_t model[CONN_RX_MAX]; /* first bytes that came for a position */
	bool is_finished;
	enum conn_end end;
	unsigned n_refused;
};

static struct guard guard;

static void take_actions(struct peer *peer, const struct actions *actions)
{
	for (int i = 0; i < actions->n; i++) {
		const struct action *a = &actions->v[i];
		assert_false(peer->is_finished);
		if (a->kind == ACTION_FINISH) {
			peer->is_finished = true;
			peer->end = a->end;
		}
		if (a->kind != ACTION_DELIVER)
			continue;
		assert_in_range(a->deliver.off + a->deliver.len, 1, CONN_RX_MAX);
		for (unsigned k = 0; k < a->deliver.len; k++) {
			assert_false(peer->is_there[a->deliver.off + k]);
			peer->is_there[a->deliver.off + k] = true;
			peer->data[a->deliver.off + k] = a->deliver.bytes[k];
		}
	}
}

static void feed(struct peer *peer, uint8_t flags, int64_t off, const uint8_t *bytes, size_t len)
{
	struct segment s = {.flags = flags,
	    .seq = peer->irs + (flags & TCP_SYN ? 0 : 1) + (uint32_t)off,
	    .ack = peer->iss + 1,
	    .window = 8000,
	    .payload = guard_put(&guard, bytes, len),
	    .payload_len = (uint16_t)len};
	s.flow.raddr = ipaddr_from_v4(1);
	struct event event = {.kind = EVENT_SEGMENT, .segment = &s};
	struct actions actions;
	fsm_step(&peer->conn, &config, &event, NOW, &actions);
	take_actions(peer, &actions);
	if (!peer->is_finished && peer->conn.rx_len > 0) {
		event.kind = EVENT_MORE;
		fsm_step(&peer->conn, &config, &event, NOW, &actions);
		take_actions(peer, &actions);
	}
}

static void start(struct peer *peer, uint32_t iss, uint32_t irs)
{
	memset(peer, 0, sizeof(*peer));
	peer->iss = iss;
	peer->irs = irs;
	conn_init(&peer->conn, iss, 0, 0);
	feed(peer, TCP_SYN | TCP_ACK, 0, NULL, 0);
	assert_int_equal(peer->conn.state, CONN_ESTABLISHED);
}

/* One segment of the script: bytes [off, off+len), all of the letter `tag`. */
static void feed_piece(struct peer *peer, int64_t off, size_t len, uint8_t tag)
{
	uint8_t bytes[2 * CONN_RX_MAX];
	bool before[CONN_RX_MAX];
	assert_true(len <= sizeof(bytes));
	memset(bytes, tag, len);
	memcpy(before, peer->is_there, sizeof(before));
	int n_pieces = peer->conn.n_ooo;
	int64_t rx_before = peer->conn.rx_len;
	feed(peer, TCP_ACK, off, bytes, len);
	/* All of it is taken, or nothing for want of memory; never what is next in order. */
	size_t n_new = 0, n_taken = 0;
	for (int64_t k = off; k < off + (int64_t)len; k++) {
		if (k < 0 || k >= CONN_RX_MAX || before[k])
			continue;
		n_new++;
		n_taken += peer->is_there[k];
		if (peer->is_there[k])
			peer->model[k] = tag;
	}
	if (n_new && n_taken == 0) {
		assert_int_equal(n_pieces, CONN_OOO_MAX);
		assert_true(off > rx_before);
		peer->n_refused++;
	} else {
		assert_int_equal(n_taken, n_new);
	}
	assert_true(peer->conn.n_ooo <= CONN_OOO_MAX);
	size_t prefix = 0;
	while (prefix < CONN_RX_MAX && peer->is_there[prefix])
		prefix++;
	assert_int_equal(peer->conn.rx_len, prefix);
	if (!peer->is_finished)
		assert_int_equal(peer->conn.rcv_nxt, peer->irs + 1 + (uint32_t)prefix);
	assert_memory_equal(peer->data, peer->model, prefix);
}

struct piece {
	int16_t off;
	uint16_t len;
};

enum { PIECES_MAX = 5 };

struct layout {
	const char *claim;
	int n;
	struct piece pieces[PIECES_MAX];
};

static const struct layout layouts[] = {
    {"five in a row", 5, {{0, 10}, {10, 10}, {20, 10}, {30, 10}, {40, 10}}},
    {"one-byte segments", 5, {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}}},
    {"each overlaps the next", 5, {{0, 15}, {10, 15}, {20, 15}, {30, 15}, {40, 10}}},
    {"the same twice and a half", 5, {{0, 10}, {0, 10}, {5, 10}, {10, 10}, {15, 20}}},
    {"one over all", 5, {{0, 50}, {5, 5}, {15, 5}, {25, 5}, {35, 5}}},
    {"nested", 5, {{0, 50}, {5, 40}, {10, 30}, {15, 20}, {20, 10}}},
    {"four in a row and one before the start", 5, {{-5, 10}, {5, 5}, {10, 5}, {15, 5}, {20, 5}}},
    {"big steps", 5, {{0, 1400}, {1400, 1400}, {2800, 1400}, {4200, 10}, {1000, 1000}}},
    {"over the end of what is kept", 4, {{0, 2000}, {1990, 2106}, {4000, 200}, {4090, 1000}}},
    {"two overlap with nothing between", 3, {{0, 10}, {8, 4}, {12, 3}}},
};

static size_t total_of(const struct layout *l)
{
	size_t end = 0;
	for (int i = 0; i < l->n; i++) {
		size_t hi = (size_t)(l->pieces[i].off + l->pieces[i].len);
		if (hi > end)
			end = hi;
	}
	return end < CONN_RX_MAX ? end : CONN_RX_MAX;
}

static void run_order(const struct layout *l, const int *order, int n, uint32_t irs)
{
	struct peer peer;
	start(&peer, ~irs, irs);
	for (int i = 0; i < n && !peer.is_finished; i++) {
		const struct piece *p = &l->pieces[order[i]];
		feed_piece(&peer, p->off, p->len, (uint8_t)('a' + i));
	}
	/* The peer repeats what was refused, as TCP does. */
	for (int round = 0; round < PIECES_MAX && !peer.is_finished; round++)
		for (int i = 0; i < l->n && !peer.is_finished; i++)
			feed_piece(
			    &peer, l->pieces[i].off, l->pieces[i].len, (uint8_t)('A' + round));
	size_t total = total_of(l);
	assert_int_equal(peer.conn.rx_len, total);
	if (total == CONN_RX_MAX) {
		assert_true(peer.is_finished);
		assert_int_equal(peer.end, CONN_END_FULL);
		return;
	}
	feed(&peer, TCP_FIN | TCP_ACK, (int64_t)total, NULL, 0);
	assert_true(peer.is_finished);
	assert_int_equal(peer.end, CONN_END_FIN);
}

/* All orders of n things, by Heap's algorithm (1963), without recursion. */
static unsigned for_all_orders(
    const struct layout *l, void (*run)(const struct layout *, const int *, int, uint32_t))
{
	int order[PIECES_MAX], c[PIECES_MAX] = {0};
	static const uint32_t numbers[] = {0, 0x12345678, 0x7ffffff0, 0xfffff800, 0xfffffff5};
	unsigned n_orders = 0;
	for (int i = 0; i < l->n; i++)
		order[i] = i;
	for (int i = 0; i <= l->n;) {
		if (i == 0 || i == l->n) {
			for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
				run(l, order, l->n, numbers[k]);
			n_orders++;
			if (i == l->n)
				break;
			i = 1;
		}
		if (i < l->n && c[i] < i) {
			int j = i % 2 ? c[i] : 0;
			int tmp = order[j];
			order[j] = order[i];
			order[i] = tmp;
			c[i]++;
			i = 0;
		} else if (i < l->n) {
			c[i] = 0;
			i++;
			if (i == l->n)
				break;
		}
	}
	return n_orders;
}

static void test_every_order_of_segments_gives_the_stream(void **state)
{
	(void)state;
	static const unsigned factorial[] = {1, 1, 2, 6, 24, 120};
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		print_message("           %s\n", layouts[i].claim);
		assert_int_equal(for_all_orders(&layouts[i], run_order), factorial[layouts[i].n]);
	}
}

/* FIN and RST among the data, in every order: pieces 0..n-2 are data, the last is the flag. */
static uint8_t ending;

static void run_ending(const struct layout *l, const int *order, int n, uint32_t irs)
{
	struct peer peer;
	start(&peer, ~irs, irs);
	int last = n - 1, at = 0;
	bool is_before[PIECES_MAX] = {false};
	while (order[at] != last)
		is_before[order[at++]] = true;
	bool is_complete_before = true;
	for (int i = 0; i < last; i++)
		is_complete_before = is_complete_before && is_before[i];
	for (int i = 0; i < n && !peer.is_finished; i++) {
		const struct piece *p = &l->pieces[order[i]];
		if (order[i] == last)
			feed(&peer, ending, p->off, NULL, 0);
		else
			feed_piece(&peer, p->off, p->len, (uint8_t)('a' + order[i]));
	}
	if (ending & TCP_FIN) {
		/* FIN never cuts data short. */
		assert_true(peer.is_finished);
		assert_int_equal(peer.end, CONN_END_FIN);
		assert_int_equal(peer.conn.rx_len, l->pieces[last].off);
	} else {
		/* A RST that overtook data gives it a moment; what came before it counts. */
		if (is_complete_before) {
			assert_true(peer.is_finished);
			assert_int_equal(peer.conn.rx_len, l->pieces[last].off);
		} else if (!peer.is_finished) {
			struct event event = {.kind = EVENT_TIMER};
			struct actions actions;
			int64_t at_ns = conn_deadline(&peer.conn);
			assert_true(at_ns > NOW && at_ns <= NOW + NS_PER_SEC);
			fsm_step(&peer.conn, &config, &event, at_ns, &actions);
			take_actions(&peer, &actions);
		}
		assert_true(peer.is_finished);
		assert_int_equal(peer.end, CONN_END_RST);
	}
}

static void test_fin_and_rst_in_every_order_with_data(void **state)
{
	(void)state;
	static const struct layout endings = {
	    "four segments and the end", 5, {{0, 10}, {10, 10}, {20, 10}, {30, 10}, {40, 0}}};
	static const uint8_t flags[] = {TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK};
	for (size_t i = 0; i < sizeof(flags); i++) {
		ending = flags[i];
		assert_int_equal(for_all_orders(&endings, run_ending), 120);
	}
}

static void test_random_pieces_always_complete(void **state)
{
	(void)state;
	struct rng rng = {30};
	for (int round = 0; round < 20000; round++) {
		struct peer peer;
		uint32_t irs = (uint32_t)rng_next(&rng);
		start(&peer, (uint32_t)rng_next(&rng), irs);
		size_t total = 1 + rng_below(&rng, 300);
		for (int i = 0; i < 12 && !peer.is_finished; i++)
			feed_piece(&peer, (int64_t)rng_below(&rng, (uint32_t)total) - 3,
			    rng_below(&rng, 60), (uint8_t)('a' + i));
		/* Then the peer sends from our acknowledgement on, in small pieces: it must end. */
		size_t n_sent = 0;
		while (peer.conn.rx_len < total && n_sent++ <= total)
			feed_piece(&peer, peer.conn.rx_len, 1 + rng_below(&rng, 7), 'Z');
		assert_true(peer.conn.rx_len >= total);
	}
}

int main(void)
{
	guard = guard_create();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_order_of_segments_gives_the_stream),
	    cmocka_unit_test(test_fin_and_rst_in_every_order_with_data),
	    cmocka_unit_test(test_random_pieces_always_complete),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
