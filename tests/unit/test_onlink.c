/* Claims about tx/onlink: each address is asked for three times at most, each parked SYN comes out
 * once, and full tables forget only what is settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/rng.h"
#include "tx/onlink.h"

static const struct hash_key key = {{10, 11, 12}};
static const uint8_t a_mac[6] = {2, 0, 0, 0, 0, 7};
#define START (100 * NS_PER_SEC)

static struct target nth(uint32_t n)
{
	return (struct target){ipaddr_from_v4(0x0a000000 + n), (uint16_t)(1 + n % 65535)};
}

static struct onlink *make(void)
{
	struct onlink *onlink;
	assert_int_equal(onlink_create(&key, &onlink), 0);
	return onlink;
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
	assert_false(onlink_park(onlink, &target, 0)); /* nobody asked for it */
	assert_int_equal(onlink_lookup(onlink, &target.addr, START, mac), ONLINK_PENDING);
	assert_true(onlink_park(onlink, &target, 5));
	assert_true(onlink_park(onlink, &target, 6));
	assert_int_equal(onlink_count_parked(onlink), 2);
	const struct ipaddr *asked = onlink_next_request(onlink, START);
	assert_non_null(asked);
	assert_true(ipaddr_equal(asked, &target.addr));
	assert_null(onlink_next_request(onlink, START));
	assert_false(onlink_take(onlink, &out, &n, &is_failed));
	onlink_note(onlink, &other.addr, a_mac, false); /* unasked: ignored */
	assert_false(onlink_take(onlink, &out, &n, &is_failed));
	onlink_note(onlink, &target.addr, a_mac, false);
	assert_int_equal(onlink_lookup(onlink, &target.addr, START, mac), ONLINK_RESOLVED);
	assert_memory_equal(mac, a_mac, 6);
	unsigned numbers = 0;
	while (onlink_take(onlink, &out, &n, &is_failed)) {
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
	assert_true(onlink_park(onlink, &target, 0));
	for (int i = 0; i < 3; i++) {
		assert_non_null(onlink_next_request(onlink, START + i * NS_PER_SEC));
		assert_null(onlink_next_request(onlink, START + i * NS_PER_SEC));
		assert_null(onlink_next_request(onlink, START + (i + 1) * NS_PER_SEC - 1));
		assert_int_equal(look(onlink, 1, START), ONLINK_PENDING);
	}
	assert_null(onlink_next_request(onlink, START + 3 * NS_PER_SEC));
	assert_int_equal(look(onlink, 1, START), ONLINK_FAILED);
	assert_true(onlink_take(onlink, &out, &n, &is_failed));
	assert_true(is_failed);
	assert_false(onlink_take(onlink, &out, &n, &is_failed));
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
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < ONLINK_MAX_PARKED; i++) {
			struct target target = nth(i % 300);
			if (i < 300)
				look(onlink, i, START);
			assert_true(onlink_has_room(onlink));
			assert_true(onlink_park(onlink, &target, 1));
		}
		struct target more = nth(3);
		assert_false(onlink_has_room(onlink));
		assert_false(onlink_park(onlink, &more, 1));
		for (uint32_t i = 0; i < 300; i++) {
			struct target target = nth(i);
			onlink_note(onlink, &target.addr, a_mac, false);
		}
		size_t n_out = 0;
		while (onlink_take(onlink, &out, &n, &is_failed))
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
		n_parked += onlink_park(onlink, &target, 0);
	}
	/* New ones want their place. */
	for (uint32_t i = 0; i < 1000; i++) {
		struct target target = nth(1000000 + i);
		if (look(onlink, 1000000 + i, START + 10 * NS_PER_MS) == ONLINK_PENDING)
			n_parked += onlink_park(onlink, &target, 0);
	}
	/* A second later their places are free. */
	run_down(onlink, START + 20 * NS_PER_MS, 2 * NS_PER_SEC);
	size_t n_new = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		struct target target = nth(2000000 + i);
		if (look(onlink, 2000000 + i, START + 2100 * NS_PER_MS) != ONLINK_PENDING)
			continue;
		n_parked += onlink_park(onlink, &target, 0);
		n_new++;
	}
	assert_int_equal(n_new, 1000);
	run_down(onlink, START + 2200 * NS_PER_MS, 10 * NS_PER_SEC);
	size_t n_out = 0;
	while (onlink_take(onlink, &out, &n, &is_failed)) {
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
	struct onlink *onlink = make();
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
			if (s == ONLINK_PENDING && n_in[name] < 100 &&
			    onlink_park(onlink, &target, 0))
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
			while (rng_below(&rng, 3) && onlink_take(onlink, &out, &n, &is_failed)) {
				name = ipaddr_get_v4(&out.addr) - 0x0a000000;
				assert_in_range(n_in[name], 1, 100);
				n_in[name]--;
			}
			break;
		}
	}
	run_down(onlink, now, 20 * NS_PER_SEC);
	while (onlink_take(onlink, &out, &n, &is_failed))
		n_in[ipaddr_get_v4(&out.addr) - 0x0a000000]--;
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
				assert_true(onlink_park(onlink, &target, (uint16_t)i));
				is_in[i] = true;
				is_old[i] = false;
			}
		} else if (what < 50) {
			onlink_note(onlink, &target.addr, a_mac, false);
		} else if (what < 60) {
			(void)onlink_next_request(onlink, now);
		} else if (what < 98) {
			if (!onlink_take(onlink, &out, &n, &is_failed))
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
	assert_true(onlink_park(onlink, &asked, 0));
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
	assert_true(onlink_take(onlink, &out, &n, &is_failed));
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
