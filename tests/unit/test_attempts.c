/* attempts: every silent target gets all its SYNs, each delayed enough, and nobody who answered gets
 * another. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "targets/attempts.h"
#include "tests/unit/rng.h"
#include "tests/unit/targets_util.h"

enum { N = 4096, MAX = 4 };

static struct targets *create(const struct targets_spec *spec)
{
	struct diag diag = {""};
	struct targets *targets = NULL;
	if (targets_create(spec, &diag, &targets))
		fail_msg("targets_create: %s", diag.text);
	return targets;
}

static struct attempts *start(struct targets *targets, const struct attempts_config *config)
{
	struct diag diag = {""};
	struct attempts *attempts = NULL;
	if (attempts_create(targets, config, &diag, &attempts))
		fail_msg("attempts_create: %s", diag.text);
	return attempts;
}

/* When each address of 10.0.0.0/20 got its attempts, and in what number; 0: never. */
static int64_t sent_ns[N][MAX];

/* Runs to the end with a fake clock: rate targets a tick of tick_ns; whoever has an even address answers
 * one tick after the attempt that answered_at says. */
static void run(struct attempts *a, size_t rate, int64_t tick_ns, int answered_at)
{
	static struct attempt out[1000];
	static struct target answers[1000];
	size_t n_answers = 0;
	int64_t now = 1000;
	memset(sent_ns, 0, sizeof(sent_ns));
	for (size_t ticks = 0; ticks < 1000000; ticks++) {
		for (size_t i = 0; i < n_answers; i++)
			attempts_note_answered(a, &answers[i]);
		n_answers = 0;
		size_t n = attempts_next(a, now, out, rate);
		for (size_t i = 0; i < n; i++) {
			uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
			assert_int_equal(sent_ns[addr][out[i].number], 0);
			sent_ns[addr][out[i].number] = now;
			if (addr % 2 == 0 && out[i].number == answered_at)
				answers[n_answers++] = out[i].target;
		}
		enum targets_status status = attempts_status(a);
		if (status == TARGETS_END && n == 0)
			return;
		int64_t due = attempts_next_due_ns(a);
		if (n == 0 && status == TARGETS_WAIT && due != INT64_MAX && due > now)
			now = due;
		else
			now += tick_ns;
	}
	fail_msg("it never ends");
}

static void check_delays(size_t n_attempts, int64_t delay_ns, int64_t slack_ns, int answered_at)
{
	for (size_t i = 0; i < N; i++) {
		bool is_answering = answered_at >= 0 && i % 2 == 0;
		size_t n = is_answering ? (size_t)answered_at + 1 : n_attempts;
		for (size_t k = 0; k < MAX; k++) {
			if (k >= n) {
				assert_int_equal(sent_ns[i][k], 0);
				continue;
			}
			assert_true(sent_ns[i][k] > 0);
			if (k == 0)
				continue;
			int64_t gap = sent_ns[i][k] - sent_ns[i][0];
			assert_true(sent_ns[i][k] - sent_ns[i][k - 1] >= delay_ns);
			if (gap > (int64_t)k * delay_ns + slack_ns)
				fail_msg("attempt %zu of %zu: %lld ms after the first", k,
				    n_attempts, (long long)(gap / NS_PER_MS));
		}
	}
}

static char *args[] = {"10.0.0.0/20", NULL};

static void later_attempts_trail_by_the_delay(void **state)
{
	(void)state;
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	for (size_t n = 1; n <= MAX; n++) {
		struct attempts_config config = {
		    .n_attempts = (uint32_t)n, .delay_ns = 5 * NS_PER_SEC, .n_slices = 1};
		struct attempts *a = start(targets, &config);
		/* 4096 targets at 100 a second take longer than all delays together. */
		run(a, 1, 10 * NS_PER_MS, -1);
		struct attempts_counters counters;
		attempts_get_counters(a, &counters);
		assert_int_equal(counters.n_first, N);
		assert_int_equal(counters.n_repeated, N * (n - 1));
		attempts_destroy(a);
		/* Repetitions come first. With two attempts they are late by rounding and one tick; with
		 * more, those of several delays meet and wait for each other. */
		int64_t slack_ns = (n > 2 ? (int64_t)(n - 1) * 5 * NS_PER_SEC : 120 * NS_PER_MS);
		check_delays(n, 5 * NS_PER_SEC, slack_ns, -1);
	}
	targets_destroy(targets);
}

/* Makes a file, named after the template path, with all of 10.0.0.0/20, shuffled a little. */
static void make_list(char *path)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	assert_non_null(f);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t k = i * 1237 % N;
		fprintf(f, "10.0.%u.%u:80\n", k >> 8, k & 255);
	}
	fclose(f);
}

/* The machine stands still now and then, or there are no tokens: what came late is trailed from then on. */
static void later_attempts_trail_what_was_late(void **state)
{
	(void)state;
	static struct attempt out[64];
	char path[] = "/tmp/test_attempts.XXXXXX";
	make_list(path);
	char *none[] = {NULL}, *files[] = {path};
	struct targets_spec specs[] = {spec_of(args, "80"), spec_of(none, NULL)};
	specs[1].files = files;
	specs[1].n_files = 1;
	struct rng rng = {7};
	for (int round = 0; round < 12; round++) {
		struct targets *targets = create(&specs[round % 2]);
		struct attempts_config config = {
		    .n_attempts = MAX, .delay_ns = (1 + round) * 100 * NS_PER_MS, .n_slices = 1};
		struct attempts *a = start(targets, &config);
		int64_t now = 1000;
		memset(sent_ns, 0, sizeof(sent_ns));
		do {
			size_t n = attempts_next(a, now, out, rng_below(&rng, 64));
			for (size_t i = 0; i < n; i++) {
				uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
				assert_int_equal(sent_ns[addr][out[i].number], 0);
				sent_ns[addr][out[i].number] = now;
			}
			bool is_stall = rng_below(&rng, 50) == 0;
			now += (int64_t)(1 + rng_below(&rng, is_stall ? 3000 : 20)) * NS_PER_MS;
			assert_true(now < 3600 * NS_PER_SEC);
		} while (attempts_status(a) != TARGETS_END);
		check_delays(MAX, config.delay_ns, 3600 * NS_PER_SEC, -1);
		attempts_destroy(a);
		targets_destroy(targets);
	}
	unlink(path);
}

static void whoever_answered_is_spared(void **state)
{
	(void)state;
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	for (int answered_at = 0; answered_at < 2; answered_at++) {
		struct attempts_config config = {
		    .n_attempts = 3, .delay_ns = NS_PER_SEC, .n_slices = 1, .answered_cap = 4096};
		struct attempts *a = start(targets, &config);
		run(a, 100, 10 * NS_PER_MS, answered_at);
		attempts_destroy(a);
		check_delays(3, NS_PER_SEC, NS_PER_SEC, answered_at);
	}
	targets_destroy(targets);
}

static void no_delay_works_too(void **state)
{
	(void)state;
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	struct attempts_config config = {.n_attempts = 2, .delay_ns = 0, .n_slices = 1};
	struct attempts *a = start(targets, &config);
	run(a, 7, NS_PER_MS, -1);
	attempts_destroy(a);
	check_delays(2, 0, 3 * NS_PER_MS, -1);
	targets_destroy(targets);
}

static void streams_repeat_from_a_bounded_ring(void **state)
{
	(void)state;
	char path[] = "/tmp/test_attempts.XXXXXX";
	make_list(path);
	char *none[] = {NULL}, *files[] = {path};
	static const size_t ring_caps[] = {64, 1000, 100000};
	for (size_t i = 0; i < 3; i++) {
		struct targets_spec spec = spec_of(none, NULL);
		spec.files = files;
		spec.n_files = 1;
		struct targets *targets = create(&spec);
		assert_true(targets_is_stream(targets));
		struct attempts_config config = {.n_attempts = 3,
		    .delay_ns = NS_PER_SEC,
		    .n_slices = 1,
		    .answered_cap = 4096,
		    .ring_cap = ring_caps[i]};
		struct attempts *a = start(targets, &config);
		run(a, 100, 10 * NS_PER_MS, 0);
		struct attempts_counters counters;
		attempts_get_counters(a, &counters);
		assert_int_equal(counters.n_first, N);
		attempts_destroy(a);
		check_delays(3, NS_PER_SEC, NS_PER_SEC, 0);
		targets_destroy(targets);
	}
	unlink(path);
}

/* Stops after some attempts, resumes at the saved position: together everybody got every attempt. */
static void resuming_loses_no_attempt(void **state)
{
	(void)state;
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	static struct attempt out[64];
	for (size_t stop = 0; stop < 2 * N; stop += 577) {
		static uint8_t seen[N][2];
		struct attempts_config config = {
		    .n_attempts = 2, .delay_ns = NS_PER_SEC, .n_slices = 1};
		struct attempts *a = start(targets, &config);
		struct targets_position position;
		struct diag diag;
		int64_t now = 0;
		memset(seen, 0, sizeof(seen));
		for (int part = 0; part < 2; part++) {
			size_t total = 0;
			while (part == 1 || total < stop) {
				size_t n = attempts_next(a, now, out, 64);
				for (size_t i = 0; i < n; i++)
					seen[ipaddr_get_v4(&out[i].target.addr) & (N - 1)]
					    [out[i].number] = 1;
				total += n;
				now += 10 * NS_PER_MS;
				if (n == 0 && attempts_status(a) == TARGETS_END)
					break;
			}
			attempts_save(a, &position);
			attempts_destroy(a);
			a = start(targets, &config);
			assert_int_equal(attempts_restore(a, &position, &diag), 0);
		}
		attempts_destroy(a);
		for (size_t i = 0; i < N; i++) {
			assert_int_equal(seen[i][0], 1);
			assert_int_equal(seen[i][1], 1);
		}
	}
	targets_destroy(targets);
}

/* What a killed scan does: positions are kept now and then with what was answered since; the last of them
 * counts. Nobody misses an attempt, and nobody whose answer was kept is asked again. */
static void resume_from(const struct targets_spec *spec, uint32_t n_attempts, size_t stop)
{
	static struct attempt out[64];
	static uint8_t seen[N][3];
	static int64_t answered_ns[N];
	struct targets *targets = create(spec);
	struct attempts_config config = {
	    .n_attempts = n_attempts, .delay_ns = NS_PER_SEC / 5, .n_slices = 1, .ring_cap = 512};
	struct attempts *a = start(targets, &config);
	struct targets_position position;
	struct diag diag;
	int64_t now = 1000, since = INT64_MIN;
	attempts_save(a, &position);
	memset(seen, 0, sizeof(seen));
	memset(answered_ns, 0, sizeof(answered_ns));
	for (size_t total = 0, ticks = 0; total < stop; ticks++) {
		size_t n = attempts_next(a, now, out, 48);
		if (n == 0 && attempts_status(a) == TARGETS_END)
			break;
		for (size_t i = 0; i < n; i++) {
			uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
			seen[addr][out[i].number] = 1;
			if (addr % 3 > 0)
				continue;
			attempts_note_answered(a, &out[i].target);
			answered_ns[addr] = now;
		}
		total += n;
		if (ticks % 7 == 0) {
			attempts_save(a, &position);
			since = attempts_get_since_ns(a);
		}
		now += 10 * NS_PER_MS;
	}
	attempts_destroy(a);
	targets_destroy(targets);

	struct window recorded;
	window_init(&recorded, N);
	for (uint32_t i = 0; i < N; i++) {
		struct ipaddr addr = ipaddr_from_v4(10u << 24 | i);
		if (answered_ns[i] && answered_ns[i] >= since)
			assert_true(window_add(&recorded, window_key(&addr, 80)));
	}
	targets = create(spec);
	config.recorded = &recorded;
	a = start(targets, &config);
	assert_int_equal(attempts_restore(a, &position, &diag), 0);
	size_t n;
	while ((n = attempts_next(a, now, out, 64)) > 0 || attempts_status(a) != TARGETS_END) {
		for (size_t i = 0; i < n; i++) {
			uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
			assert_int_equal(answered_ns[addr], 0);
			seen[addr][out[i].number] = 1;
		}
		now += 10 * NS_PER_MS;
	}
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(seen[i][0], 1);
		for (uint32_t k = 1; k < n_attempts && !answered_ns[i]; k++)
			assert_int_equal(seen[i][k], 1);
	}
	window_fini(&recorded);
	attempts_destroy(a);
	targets_destroy(targets);
}

static void what_was_kept_is_enough_from_every_percent(void **state)
{
	(void)state;
	char path[] = "/tmp/attempts-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *f = fdopen(fd, "w");
	for (int i = 0; i < N; i++)
		fprintf(f, "10.0.%d.%d\n", i >> 8, i & 255);
	fclose(f);
	char *files[] = {path, NULL};
	struct targets_spec set = spec_of(args, "80"), stream = spec_of(files + 1, "80");
	stream.files = files;
	stream.n_files = 1;
	stream.order = TARGETS_ORDER_LIST;
	for (uint32_t n_attempts = 1; n_attempts <= 3; n_attempts++) {
		for (size_t percent = 0; percent <= 100; percent++) {
			resume_from(&set, n_attempts, n_attempts * N * percent / 100);
			resume_from(&stream, n_attempts, n_attempts * N * percent / 100);
		}
	}
	unlink(path);
}

/* Half of a second of sending is gone back to, with slices and later attempts or not: whoever was silent then
 * gets the same SYN once more, everybody else none; it counts apart; and a scan that is stopped goes on there. */
static void go_back_once(uint32_t n_attempts, uint32_t slice, uint32_t n_slices)
{
	static uint8_t n_sent[N][2];
	static struct attempt out[64];
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	struct attempts_config config = {.n_attempts = n_attempts,
	    .delay_ns = 100 * NS_PER_SEC,
	    .slice = slice,
	    .n_slices = n_slices,
	    .goes_back = true};
	struct attempts *a = start(targets, &config);
	struct attempts_counters counters = {0};
	struct targets_position position, held;
	int64_t now = 50 * NS_PER_SEC;
	size_t n, n_doubted = 0, n_repeats = 0;
	memset(n_sent, 0, sizeof(n_sent));
	while ((n = attempts_next(a, now, out, 40)) > 0) {
		bool is_doubted = now >= 50 * NS_PER_SEC + 100 * NS_PER_MS &&
				  now < 50 * NS_PER_SEC + 250 * NS_PER_MS;
		for (size_t i = 0; i < n; i++) {
			uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
			n_sent[addr][0]++;
			if (addr % 2 == 0)
				attempts_note_answered(a, &out[i].target);
			else if (is_doubted)
				n_sent[addr][1] = 1;
			n_doubted += addr % 2 == 1 && is_doubted;
		}
		now += 10 * NS_PER_MS;
	}
	attempts_save(a, &position);
	attempts_hold(a, 50 * NS_PER_SEC + 100 * NS_PER_MS);
	attempts_save(a, &held);
	assert_true(held.index < position.index || n_attempts > 1);
	assert_true(attempts_get_since_ns(a) <= 50 * NS_PER_SEC + 100 * NS_PER_MS);
	for (int again = 0; again < 2; again++)
		attempts_go_back(
		    a, 50 * NS_PER_SEC + 100 * NS_PER_MS, 50 * NS_PER_SEC + 249 * NS_PER_MS);
	assert_int_equal(attempts_status(a), TARGETS_OK);
	attempts_save(a, &position);
	assert_true(position.index <= held.index);
	while (attempts_status(a) == TARGETS_OK) {
		n = attempts_next(a, now, out, 40);
		n_repeats += n;
		for (size_t i = 0; i < n; i++) {
			uint32_t addr = ipaddr_get_v4(&out[i].target.addr) & (N - 1);
			assert_int_equal(out[i].number, 0);
			assert_int_equal(++n_sent[addr][0], 2);
			assert_int_equal(addr % 2, 1);
			assert_int_equal(n_sent[addr][1], 1);
		}
		now += 10 * NS_PER_MS;
	}
	attempts_get_counters(a, &counters);
	assert_int_equal(counters.n_back, n_repeats);
	assert_int_equal(counters.n_first, N / n_slices);
	assert_true(n_repeats > 0 && n_repeats == n_doubted);
	assert_true(counters.n_spared > 0);
	attempts_destroy(a);
	targets_destroy(targets);
}

static void what_may_be_lost_comes_once_more(void **state)
{
	(void)state;
	go_back_once(1, 0, 1);
	go_back_once(2, 0, 1);
	go_back_once(1, 1, 2);
}

static void too_many_attempts_are_refused(void **state)
{
	(void)state;
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	struct attempts_config config = {.n_attempts = 17, .n_slices = 1};
	struct attempts *a = NULL;
	struct diag diag;
	assert_int_equal(attempts_create(targets, &config, &diag, &a), -EINVAL);
	targets_destroy(targets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(later_attempts_trail_by_the_delay),
	    cmocka_unit_test(later_attempts_trail_what_was_late),
	    cmocka_unit_test(whoever_answered_is_spared),
	    cmocka_unit_test(no_delay_works_too),
	    cmocka_unit_test(streams_repeat_from_a_bounded_ring),
	    cmocka_unit_test(resuming_loses_no_attempt),
	    cmocka_unit_test(what_was_kept_is_enough_from_every_percent),
	    cmocka_unit_test(what_may_be_lost_comes_once_more),
	    cmocka_unit_test(too_many_attempts_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
