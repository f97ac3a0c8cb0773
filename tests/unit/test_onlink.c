/* Claims about tx/onlink: each address is asked for three times at most, each parked SYN comes out
 * once, later attempts trail those that waited, and full tables forget only what is settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/wheel.h"
#include "tests/unit/rng.h"
#include "tx/onlink.h"

static const struct hash_key key = {{10, 11, 12}};
static const uint8_t a_mac[6] = {2, 0, 0, 0, 0, 7};
#define START (100 * NS_PER_SEC)

static struct target nth(uint32_t n)
{
	return (struct target){ipaddr_from_v4(0x0a000000 + n), (uint16_t)(1 + n % 65535)};
}

static struct onlink *make_with(int64_t delay_ns)
{
	struct onlink *onlink;
	assert_int_equal(onlink_create(&key, delay_ns, &onlink), 0);
	return onlink;
}

static struct onlink *make(void)
{
	return make_with(0);
}

static enum onlink_state look(struct onlink *onlink, uint32_t n, int64_t now)
{
	uint8_t mac[6];
	struct target target = nth(n);
	return onlink_lookup(onlink, &target.addr, now, mac);
}

static void test_asks_parks_and_releases(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct target target = nth(1), other = nth(2), out;
	uint8_t mac[6];
	uint16_t n;
	bool is_failed;
	assert_null(onlink_next_request(onlink, START));
	assert_false(onlink_park(onlink, &target, 0, START)); /* nobody asked for it */
	assert_int_equal(onlink_lookup(onlink, &target.addr, START, mac), ONLINK_PENDING);
	assert_true(onlink_park(onlink, &target, 5, START));
	assert_true(onlink_park(onlink, &target, 6, START));
	assert_int_equal(onlink_count_parked(onlink), 2);
	const struct ipaddr *asked = onlink_next_request(onlink, START);
	assert_non_null(asked);
	assert_true(ipaddr_equal(asked, &target.addr));
	assert_null(onlink_next_request(onlink, START));
	assert_false(onlink_take(onlink, START, &out, &n, &is_failed));
	onlink_note(onlink, &other.addr, a_mac, false); /* unasked: ignored */
	assert_false(onlink_take(onlink, START, &out, &n, &is_failed));
	onlink_note(onlink, &target.addr, a_mac, false);
	assert_int_equal(onlink_lookup(onlink, &target.addr, START, mac), ONLINK_RESOLVED);
	assert_memory_equal(mac, a_mac, 6);
	unsigned numbers = 0;
	while (onlink_take(onlink, START, &out, &n, &is_failed)) {
		assert_false(is_failed);
		assert_true(ipaddr_equal(&out.addr, &target.addr));
		assert_int_equal(out.port, target.port);
		numbers |= 1u << n;
	}
	assert_int_equal(numbers, 1u << 5 | 1u << 6);
	assert_int_equal(onlink_count_parked(onlink), 0);
	/* Resolved: no more questions. */
	assert_null(onlink_next_request(onlink, START + 100 * NS_PER_SEC));
	onlink_destroy(onlink);
	onlink_destroy(NULL);
}

static void test_three_questions_a_second_apart_then_it_is_given_up(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct target target = nth(1), out;
	uint16_t n;
	bool is_failed;
	assert_int_equal(look(onlink, 1, START), ONLINK_PENDING);
	assert_true(onlink_park(onlink, &target, 0, START));
	for (int i = 0; i < 3; i++) {
		assert_non_null(onlink_next_request(onlink, START + i * NS_PER_SEC));
		assert_null(onlink_next_request(onlink, START + i * NS_PER_SEC));
		assert_null(onlink_next_request(onlink, START + (i + 1) * NS_PER_SEC - 1));
		assert_int_equal(look(onlink, 1, START), ONLINK_PENDING);
	}
	assert_null(onlink_next_request(onlink, START + 3 * NS_PER_SEC));
	assert_int_equal(look(onlink, 1, START), ONLINK_FAILED);
	assert_true(onlink_take(onlink, START, &out, &n, &is_failed));
	assert_true(is_failed);
	assert_false(onlink_take(onlink, START, &out, &n, &is_failed));
	/* Better late than never. */
	onlink_note(onlink, &target.addr, a_mac, false);
	assert_int_equal(look(onlink, 1, START), ONLINK_RESOLVED);
	onlink_destroy(onlink);
}

static void test_room_for_parked_syns_is_bounded_and_comes_back(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct target out;
	uint16_t n;
	bool is_failed;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < ONLINK_MAX_PARKED; i++) {
			struct target target = nth(round * 300 + i % 300);
			if (i < 300)
				look(onlink, round * 300 + i, START);
			assert_int_equal(onlink_count_room(onlink), ONLINK_MAX_PARKED - i);
			assert_true(onlink_park(onlink, &target, 1, START));
		}
		struct target more = nth(round * 300 + 3);
		assert_int_equal(onlink_count_room(onlink), 0);
		assert_false(onlink_park(onlink, &more, 1, START));
		for (uint32_t i = 0; i < 300; i++) {
			struct target target = nth(round * 300 + i);
			onlink_note(onlink, &target.addr, a_mac, false);
			/* Known now: there is nothing to wait for. */
			assert_false(onlink_park(onlink, &target, 1, START));
		}
		size_t n_out = 0;
		while (onlink_take(onlink, START, &out, &n, &is_failed))
			n_out++;
		assert_int_equal(n_out, ONLINK_MAX_PARKED);
	}
	onlink_destroy(onlink);
}

static void test_when_all_are_pending_new_ones_fail_at_once(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	for (uint32_t i = 0; i < ONLINK_MAX_ADDRS; i++)
		assert_int_equal(look(onlink, i, START), ONLINK_PENDING);
	assert_int_equal(look(onlink, ONLINK_MAX_ADDRS, START), ONLINK_FAILED);
	for (uint32_t i = 0; i < ONLINK_MAX_ADDRS; i++)
		assert_int_equal(look(onlink, i, START), ONLINK_PENDING);
	onlink_destroy(onlink);
}

/* Lets time pass in small steps until nothing is asked any more. Returns how many questions. */
static size_t run_down(struct onlink *onlink, int64_t now, int64_t for_ns)
{
	size_t n = 0;
	for (int64_t end = now + for_ns; now < end; now += 50 * NS_PER_MS)
		while (onlink_next_request(onlink, now)) {
			n++;
			assert_true(n < 4 * (size_t)ONLINK_MAX_ADDRS);
		}
	return n;
}

static void test_an_address_that_gives_way_while_in_the_queue_breaks_nothing(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct target out;
	uint16_t n;
	bool is_failed;
	/* All asked once; every other one answers at once and is still queued for its second try. */
	for (uint32_t i = 0; i < ONLINK_MAX_ADDRS; i++)
		look(onlink, i, START);
	while (onlink_next_request(onlink, START))
		;
	for (uint32_t i = 0; i < ONLINK_MAX_ADDRS; i += 2) {
		struct target target = nth(i);
		onlink_note(onlink, &target.addr, a_mac, false);
	}
	size_t n_parked = 0;
	for (uint32_t i = 1; i < ONLINK_MAX_ADDRS; i += 64) {
		struct target target = nth(i);
		n_parked += onlink_park(onlink, &target, 0, START);
	}
	/* New ones want their place. */
	for (uint32_t i = 0; i < 1000; i++) {
		struct target target = nth(1000000 + i);
		if (look(onlink, 1000000 + i, START + 10 * NS_PER_MS) == ONLINK_PENDING)
			n_parked += onlink_park(onlink, &target, 0, START);
	}
	/* A second later their places are free. */
	run_down(onlink, START + 20 * NS_PER_MS, 2 * NS_PER_SEC);
	size_t n_new = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		struct target target = nth(2000000 + i);
		if (look(onlink, 2000000 + i, START + 2100 * NS_PER_MS) != ONLINK_PENDING)
			continue;
		n_parked += onlink_park(onlink, &target, 0, START);
		n_new++;
	}
	assert_int_equal(n_new, 1000);
	run_down(onlink, START + 2200 * NS_PER_MS, 10 * NS_PER_SEC);
	size_t n_out = 0;
	while (onlink_take(onlink, START, &out, &n, &is_failed)) {
		assert_true(is_failed);
		n_out++;
	}
	assert_int_equal(n_out, n_parked);
	assert_int_equal(onlink_count_parked(onlink), 0);
	onlink_destroy(onlink);
}

static void test_every_parked_syn_comes_out_once_in_random_histories(void **state)
{
	(void)state;
	enum { NAMES = 90000 };
	static uint8_t n_in[NAMES], n_asked[NAMES];
	struct rng rng = {95};
	struct onlink *onlink = make_with(30 * NS_PER_MS);
	int64_t now = START;
	struct target out;
	uint16_t n;
	bool is_failed;
	for (int i = 0; i < 600000; i++) {
		uint32_t name = rng_below(&rng, NAMES);
		struct target target = nth(name);
		enum onlink_state s;
		switch (rng_below(&rng, 4)) {
		case 0:
		case 1:
			s = look(onlink, name, now);
			n = (uint16_t)rng_below(&rng, 4);
			if (n_in[name] < 100 &&
			    ((s == ONLINK_PENDING && onlink_park(onlink, &target, n, now)) ||
				(s == ONLINK_RESOLVED &&
				    onlink_hold_back(onlink, &target, n, now))))
				n_in[name]++;
			break;
		case 2:
			onlink_note(onlink, &target.addr, a_mac, false);
			break;
		default:
			if (rng_below(&rng, 64) == 0)
				now += rng_below(&rng, 100) * NS_PER_MS;
			for (int k = 0; k < 3; k++) {
				const struct ipaddr *asked = onlink_next_request(onlink, now);
				if (asked)
					n_asked[ipaddr_get_v4(asked) - 0x0a000000]++;
			}
			while (
			    rng_below(&rng, 3) && onlink_take(onlink, now, &out, &n, &is_failed)) {
				name = ipaddr_get_v4(&out.addr) - 0x0a000000;
				assert_in_range(n_in[name], 1, 100);
				n_in[name]--;
			}
			break;
		}
	}
	for (int second = 0; second < 20; second++, now += NS_PER_SEC) {
		run_down(onlink, now, NS_PER_SEC);
		while (onlink_take(onlink, now, &out, &n, &is_failed))
			n_in[ipaddr_get_v4(&out.addr) - 0x0a000000]--;
	}
	assert_int_equal(onlink_count_parked(onlink), 0);
	size_t n_names_asked = 0;
	for (uint32_t i = 0; i < NAMES; i++) {
		assert_int_equal(n_in[i], 0);
		n_names_asked += n_asked[i] != 0;
	}
	assert_true(n_names_asked > NAMES / 2);
	onlink_destroy(onlink);
}

/* A mark counts down those before it, whatever is parked and taken meanwhile. */
static void test_marks_count_what_was_parked_before(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct rng rng = {5};
	size_t n_marked = 0;
	bool is_old[256] = {false}, is_in[256] = {false};
	int64_t now = START;
	for (int step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)rng_below(&rng, 256), what = (uint32_t)rng_below(&rng, 100);
		struct target target = nth(i), out;
		uint16_t n;
		bool is_failed;
		now += (int64_t)rng_below(&rng, 100) * NS_PER_MS;
		if (what < 40) {
			enum onlink_state s = look(onlink, i, now);
			if (!is_in[i] && s == ONLINK_PENDING) {
				assert_true(onlink_park(onlink, &target, (uint16_t)i, now));
				is_in[i] = true;
				is_old[i] = false;
			}
		} else if (what < 50) {
			onlink_note(onlink, &target.addr, a_mac, false);
		} else if (what < 60) {
			(void)onlink_next_request(onlink, now);
		} else if (what < 98) {
			if (!onlink_take(onlink, now, &out, &n, &is_failed))
				continue;
			n_marked -= is_old[n];
			is_in[n] = false;
		} else {
			onlink_mark(onlink);
			n_marked = onlink_count_parked(onlink);
			memcpy(is_old, is_in, sizeof(is_in));
		}
		assert_int_equal(onlink_count_marked(onlink), n_marked);
	}
	onlink_destroy(onlink);
}

/* A sender and its generator: what they gave out, and when it left. */
enum { HOSTS = 60, PORTS = 3, SYNS = 4, TARGETS = HOSTS * PORTS };
enum fate { NOT_GIVEN, INSIDE, SENT, GIVEN_UP };

struct model {
	struct rng rng;
	struct onlink *onlink;
	int64_t delay_ns, now;
	bool has_stalls; /* and no tokens at times */
	struct {
		int64_t given_ns[SYNS], sent_ns[SYNS];
		enum fate fate[SYNS];
		bool is_old[SYNS]; /* inside when the last mark was set */
		uint16_t n_given;
		int64_t next_ns;
	} targets[TARGETS];
	int64_t max_wait_ns[HOSTS], start_ns[HOSTS];
	size_t n_inside, n_old, n_held, n_held_long;
};

static struct target model_target(uint32_t i)
{
	return (struct target){ipaddr_from_v4(0x0a000000 + i / PORTS), (uint16_t)(1 + i % PORTS)};
}

static void model_enter(struct model *m, uint32_t i, uint16_t n)
{
	m->targets[i].fate[n] = INSIDE;
	m->targets[i].is_old[n] = false;
	m->n_inside++;
}

static void model_leave(struct model *m, uint32_t i, uint16_t n, bool is_failed)
{
	assert_int_equal(m->targets[i].fate[n], INSIDE);
	m->targets[i].fate[n] = is_failed ? GIVEN_UP : SENT;
	m->n_inside--;
	m->n_old -= m->targets[i].is_old[n];
}

/* SYN n leaves: those before it have left, the last one at least the delay before. */
static void model_send(struct model *m, uint32_t i, uint16_t n)
{
	m->targets[i].fate[n] = SENT;
	m->targets[i].sent_ns[n] = m->now;
	if (n == 0)
		return;
	assert_in_range(m->targets[i].fate[n - 1], SENT, GIVEN_UP);
	if (m->targets[i].fate[n - 1] == SENT)
		assert_true(m->now - m->targets[i].sent_ns[n - 1] >= m->delay_ns);
}

/* False: tokens ran out first. */
static bool model_take(struct model *m, int64_t step_ns)
{
	struct target out;
	uint16_t n;
	bool is_failed;
	while (onlink_take(m->onlink, m->now, &out, &n, &is_failed)) {
		uint32_t host = ipaddr_get_v4(&out.addr) - 0x0a000000;
		uint32_t i = host * PORTS + out.port - 1u;
		model_leave(m, i, n, is_failed);
		if (is_failed)
			continue;
		int64_t by_start = m->start_ns[host] + n * m->delay_ns;
		int64_t wait = m->now - m->targets[i].given_ns[n];
		/* Where nothing else is late it is held back no longer than the others, nor for longer than
		 * it takes to trail the last of them. */
		if (n > 0 && !m->has_stalls && m->max_wait_ns[host] > 0)
			assert_true(wait <= m->max_wait_ns[host] + WHEEL_TICK_NS + step_ns &&
				    m->now <= by_start + WHEEL_TICK_NS + step_ns);
		if (wait > m->max_wait_ns[host])
			m->max_wait_ns[host] = wait;
		if (m->now - n * m->delay_ns > m->start_ns[host])
			m->start_ns[host] = m->now - n * m->delay_ns;
		model_send(m, i, n);
		if (m->has_stalls && rng_below(&m->rng, 8) == 0)
			return false;
	}
	return true;
}

static void model_give(struct model *m, uint32_t i)
{
	uint16_t n = m->targets[i].n_given;
	if (n == SYNS || m->targets[i].next_ns > m->now)
		return;
	struct target target = model_target(i);
	uint8_t mac[6];
	m->targets[i].n_given++;
	m->targets[i].given_ns[n] = m->now;
	m->targets[i].next_ns = m->now + m->delay_ns +
				(m->has_stalls ? (int64_t)rng_below(&m->rng, 30) * NS_PER_MS : 0);
	switch (onlink_lookup(m->onlink, &target.addr, m->now, mac)) {
	case ONLINK_PENDING:
		assert_true(onlink_park(m->onlink, &target, n, m->now));
		model_enter(m, i, n);
		break;
	case ONLINK_RESOLVED:
		if (onlink_hold_back(m->onlink, &target, n, m->now)) {
			assert_true(n > 0 && m->max_wait_ns[i / PORTS] > 0);
			model_enter(m, i, n);
			m->n_held++;
			m->n_held_long += m->max_wait_ns[i / PORTS] > m->delay_ns;
		} else {
			model_send(m, i, n);
		}
		break;
	case ONLINK_FAILED:
	case ONLINK_STATE_COUNT:
		m->targets[i].fate[n] = GIVEN_UP;
		break;
	}
}

static void model_mark(struct model *m)
{
	onlink_mark(m->onlink);
	m->n_old = m->n_inside;
	for (uint32_t i = 0; i < TARGETS; i++)
		for (int n = 0; n < SYNS; n++)
			m->targets[i].is_old[n] = m->targets[i].fate[n] == INSIDE;
}

static bool model_is_over(const struct model *m)
{
	for (uint32_t i = 0; i < TARGETS; i++)
		if (m->targets[i].n_given < SYNS)
			return false;
	return m->n_inside == 0;
}

/* Hosts answer the first, second, third question or none, soon or after most of a second. */
static void model_turn(struct model *m, int64_t answer_ns[HOSTS], int64_t step_ns)
{
	const struct ipaddr *asked;
	while ((asked = onlink_next_request(m->onlink, m->now)) != NULL) {
		uint32_t host = ipaddr_get_v4(asked) - 0x0a000000;
		if (rng_below(&m->rng, 2))
			answer_ns[host] =
			    m->now + (int64_t)rng_below(&m->rng, host % 2 ? 30 : 900) * NS_PER_MS;
	}
	for (uint32_t host = 0; host < HOSTS; host++) {
		struct target target = model_target(host * PORTS);
		if (answer_ns[host] > 0 && answer_ns[host] <= m->now)
			onlink_note(m->onlink, &target.addr, a_mac, false);
	}
	if ((!m->has_stalls || rng_below(&m->rng, 4)) && model_take(m, step_ns))
		for (uint32_t k = 0; k < TARGETS; k++)
			model_give(m, rng_below(&m->rng, TARGETS));
	if (rng_below(&m->rng, 20) == 0)
		model_mark(m);
	assert_int_equal(onlink_count_parked(m->onlink), m->n_inside);
	assert_int_equal(onlink_count_marked(m->onlink), m->n_old);
}

static void test_later_attempts_trail_what_waited_in_random_histories(void **state)
{
	(void)state;
	static const int64_t delays_ns[] = {
	    0, WHEEL_TICK_NS, 10 * NS_PER_MS, 300 * NS_PER_MS, 2 * NS_PER_SEC};
	static struct model m;
	size_t n_held = 0, n_held_long = 0;
	for (uint32_t round = 0; round < 40; round++) {
		int64_t answer_ns[HOSTS] = {0}, end;
		memset(&m, 0, sizeof(m));
		m.rng.state = round;
		m.delay_ns = delays_ns[round / 2 % 5];
		m.onlink = make_with(m.delay_ns);
		m.has_stalls = round % 2;
		m.now = START;
		for (uint32_t i = 0; i < TARGETS; i++)
			m.targets[i].next_ns = START + rng_below(&m.rng, 500) * NS_PER_MS;
		/* Three questions and their answer, and then nobody waits longer than that. */
		end = START + 60 * NS_PER_SEC;
		while (!model_is_over(&m)) {
			bool is_stall = m.has_stalls && rng_below(&m.rng, 100) == 0;
			int64_t step_ns =
			    (1 + (int64_t)rng_below(&m.rng, is_stall ? 1500000 : 4000)) * 1000;
			m.now += step_ns;
			assert_true(m.now < end);
			model_turn(&m, answer_ns, step_ns);
		}
		assert_int_equal(onlink_count_parked(m.onlink), 0);
		if (m.delay_ns == 0)
			assert_int_equal(m.n_held, 0);
		n_held += m.n_held;
		n_held_long += m.n_held_long;
		onlink_destroy(m.onlink);
	}
	assert_true(n_held > 1000 && n_held_long > 100);
}

/* Three attempts wait for one answer: they leave the delay apart. What comes later waits no longer than they did,
 * and in the end not at all. */
static void test_attempts_that_wait_for_one_answer_leave_apart(void **state)
{
	(void)state;
	const int64_t delay = 300 * NS_PER_MS;
	struct onlink *onlink = make_with(delay);
	struct target target = nth(1), other = target, out;
	uint16_t n;
	bool is_failed;
	int64_t now = START;
	other.port = 99;
	for (uint16_t k = 0; k < 3; k++, now += delay) {
		assert_int_equal(look(onlink, 1, now), ONLINK_PENDING);
		assert_true(onlink_park(onlink, &target, k, now));
	}
	onlink_mark(onlink);
	now = START + NS_PER_SEC;
	onlink_note(onlink, &target.addr, a_mac, false);
	for (uint16_t k = 0; k < 3; k++) {
		assert_int_equal(onlink_count_marked(onlink), 3 - k);
		if (k > 0)
			assert_false(onlink_take(onlink, now - 1, &out, &n, &is_failed));
		now += k > 0 ? WHEEL_TICK_NS : 0; /* timers may be as late as that */
		assert_true(onlink_take(onlink, now, &out, &n, &is_failed));
		assert_false(is_failed);
		assert_int_equal(n, k);
		assert_false(onlink_take(onlink, now, &out, &n, &is_failed));
		assert_false(onlink_hold_back(onlink, &other, 0, now));
		now += delay;
	}
	assert_int_equal(onlink_count_parked(onlink), 0);
	/* The other port's first SYN left without waiting, 10 ms after the target's last but one. */
	now += 10 * NS_PER_MS - 2 * delay;
	assert_false(onlink_hold_back(onlink, &other, 1, now + delay));
	assert_true(onlink_hold_back(onlink, &other, 3, now + delay));
	assert_false(onlink_take(onlink, now + 2 * delay - 20 * NS_PER_MS, &out, &n, &is_failed));
	assert_true(onlink_take(onlink, now + 2 * delay, &out, &n, &is_failed));
	assert_int_equal(n, 3);
	onlink_destroy(onlink);
}

/* Two first SYNs wait for a second each, one a second after the other: the second attempt of the earlier one
 * waits for that second, and not until it trails the other. */
static void test_nothing_waits_for_longer_than_its_host_made_others_wait(void **state)
{
	(void)state;
	const int64_t delay = 5 * NS_PER_SEC;
	struct onlink *onlink = make_with(delay);
	struct target early = nth(1), late = early, out;
	uint16_t n;
	bool is_failed;
	late.port = 99;
	assert_int_equal(look(onlink, 1, START), ONLINK_PENDING);
	assert_true(onlink_park(onlink, &early, 0, START));
	assert_true(onlink_park(onlink, &late, 0, START + NS_PER_SEC));
	onlink_note(onlink, &early.addr, a_mac, false);
	assert_true(onlink_take(onlink, START + NS_PER_SEC, &out, &n, &is_failed));
	assert_int_equal(out.port, early.port);
	assert_true(onlink_take(onlink, START + 2 * NS_PER_SEC, &out, &n, &is_failed));
	assert_int_equal(out.port, late.port);
	int64_t now = START + delay;
	assert_true(onlink_hold_back(onlink, &early, 1, now));
	assert_true(onlink_hold_back(onlink, &late, 1, now + NS_PER_SEC - 1));
	now += NS_PER_SEC;
	assert_false(onlink_take(onlink, now - 1, &out, &n, &is_failed));
	assert_true(onlink_take(onlink, now + WHEEL_TICK_NS, &out, &n, &is_failed));
	assert_int_equal(out.port, early.port);
	assert_false(onlink_take(onlink, now + NS_PER_SEC - 2, &out, &n, &is_failed));
	assert_true(onlink_take(onlink, now + NS_PER_SEC + WHEEL_TICK_NS, &out, &n, &is_failed));
	assert_int_equal(out.port, late.port);
	onlink_destroy(onlink);
}

static void test_learns_what_others_asked_for_when_told_to(void **state)
{
	(void)state;
	struct onlink *onlink = make();
	struct target learned = nth(1), asked = nth(2);
	uint8_t mac[6];
	onlink_note(onlink, &learned.addr, a_mac, true);
	assert_int_equal(onlink_lookup(onlink, &learned.addr, START, mac), ONLINK_RESOLVED);
	assert_memory_equal(mac, a_mac, 6);
	assert_false(onlink_has_request(onlink, START));
	assert_null(onlink_next_request(onlink, START));
	/* Flooding with unasked news takes no place from what is asked for. */
	assert_int_equal(look(onlink, 2, START), ONLINK_PENDING);
	assert_true(onlink_park(onlink, &asked, 0, START));
	for (uint32_t i = 0; i < 3 * ONLINK_MAX_ADDRS; i++) {
		struct target stranger = nth(1000 + i);
		onlink_note(onlink, &stranger.addr, a_mac, true);
	}
	assert_int_equal(look(onlink, 2, START), ONLINK_PENDING);
	assert_true(onlink_has_request(onlink, START));
	assert_false(onlink_has_request(onlink, START - 1));
	assert_non_null(onlink_next_request(onlink, START));
	onlink_note(onlink, &asked.addr, a_mac, true);
	uint16_t n;
	bool is_failed;
	struct target out;
	assert_true(onlink_take(onlink, START, &out, &n, &is_failed));
	assert_false(is_failed);
	assert_int_equal(onlink_count_parked(onlink), 0);
	onlink_destroy(onlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_learns_what_others_asked_for_when_told_to),
	    cmocka_unit_test(test_asks_parks_and_releases),
	    cmocka_unit_test(test_three_questions_a_second_apart_then_it_is_given_up),
	    cmocka_unit_test(test_room_for_parked_syns_is_bounded_and_comes_back),
	    cmocka_unit_test(test_when_all_are_pending_new_ones_fail_at_once),
	    cmocka_unit_test(test_an_address_that_gives_way_while_in_the_queue_breaks_nothing),
	    cmocka_unit_test(test_every_parked_syn_comes_out_once_in_random_histories),
	    cmocka_unit_test(test_marks_count_what_was_parked_before),
	    cmocka_unit_test(test_attempts_that_wait_for_one_answer_leave_apart),
	    cmocka_unit_test(test_nothing_waits_for_longer_than_its_host_made_others_wait),
	    cmocka_unit_test(test_later_attempts_trail_what_waited_in_random_histories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
