/* targets: what is yielded is what was named, once, in every split and from every position. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/targets.h"
#include "tests/unit/targets_util.h"

enum { CAP = 200000 };

static struct targets *create(const struct targets_spec *spec)
{
	struct diag diag = {""};
	struct targets *targets = NULL;
	int err = targets_create(spec, &diag, &targets);
	if (err)
		fail_msg("targets_create: %s", diag.text);
	return targets;
}

/* The targets of spec, sorted, as text with spaces between. */
static void expect(const struct targets_spec *spec, bool is_sorted, const char *want)
{
	static struct target got[1000];
	static char text[60000];
	struct targets *targets = create(spec);
	size_t n = take_all(targets, 0, 1, got, 1000), len = 0;
	uint64_t count;
	assert_true(targets_count(targets, &count));
	assert_int_equal(count, n);
	if (is_sorted)
		qsort(got, n, sizeof(got[0]), compare_targets);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)sprintf(text + len, "%s%s", i ? " " : "", target_text(&got[i]));
	assert_string_equal(text, want);
	targets_destroy(targets);
}

static void overlapping_inputs_count_once(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.0/31", "10.0.0.1", "10.0.0.1-10.0.0.2", "10.0.0.1:80",
	    "10.0.0.9:81", "10.0.0.9:81", "10.0.0.1:81", "2001:db8::1", "[2001:db8::1]:80",
	    "[2001:db8::2]:22", NULL};
	struct targets_spec spec = spec_of(args, "80,443");
	expect(&spec, true,
	    "10.0.0.0:80 10.0.0.0:443 10.0.0.1:80 10.0.0.1:81 10.0.0.1:443 10.0.0.2:80 10.0.0.2:443 "
	    "10.0.0.9:81 [2001:db8::1]:80 [2001:db8::1]:443 [2001:db8::2]:22");
}

static void port_lists_on_prefixes_combine(void **state)
{
	(void)state;
	char *args[] = {
	    "10.0.0.0/30:1-2", "10.0.0.2/31:2,3", "10.0.0.3", "10.0.0.3:4", "10.0.0.3:9", NULL};
	struct targets_spec spec = spec_of(args, "9");
	expect(&spec, true,
	    "10.0.0.0:1 10.0.0.0:2 10.0.0.1:1 10.0.0.1:2 10.0.0.2:1 10.0.0.2:2 10.0.0.2:3 "
	    "10.0.0.3:1 10.0.0.3:2 10.0.0.3:3 10.0.0.3:4 10.0.0.3:9");
}

static void list_order_is_the_inputs(void **state)
{
	(void)state;
	char *args[] = {
	    "10.0.0.9", "10.0.0.0/30:7", "10.0.0.2:7,8", "2001:db8::1", "10.0.0.9:80,22,1", NULL};
	struct targets_spec spec = spec_of(args, "443,80");
	spec.order = TARGETS_ORDER_LIST;
	expect(&spec, false,
	    "10.0.0.9:443 10.0.0.9:80 10.0.0.0:7 10.0.0.1:7 10.0.0.2:7 10.0.0.3:7 10.0.0.2:8 "
	    "[2001:db8::1]:443 [2001:db8::1]:80 10.0.0.9:22 10.0.0.9:1");
}

static void exclusions_win_over_everything(void **state)
{
	(void)state;
	char *args[] = {
	    "10.0.0.0/29", "10.0.0.3:5", "[2001:db8::3]:5", "2001:db8::/126", "10.0.0.4", NULL};
	char *excludes[] = {"10.0.0.2-10.0.0.5", "10.0.0.7", "2001:db8::2/127", NULL};
	struct targets_spec spec = spec_of(args, "80");
	spec.excludes = excludes;
	spec.n_excludes = 3;
	const char *want = "10.0.0.0:80 10.0.0.1:80 10.0.0.6:80 [2001:db8::]:80 [2001:db8::1]:80";
	expect(&spec, true, want);
	spec.order = TARGETS_ORDER_LIST;
	expect(&spec, true, want);
}

static void special_space_is_excluded_unless_allowed(void **state)
{
	(void)state;
	char *args[] = {"127.0.0.1", "192.0.2.1", "10.0.0.1", "192.0.0.9", "192.0.0.8", "224.0.0.1",
	    "169.254.1.1", "255.255.255.255", "240.0.0.1", "::1", "fe80::1", "ff02::1",
	    "2001:db8::1", "2001:1::1", "2001:1::4", "::ffff:127.0.0.1", NULL};
	struct targets_spec spec = spec_of(args, "1");
	spec.allow_reserved = false;
	expect(&spec, true, "10.0.0.1:1 192.0.0.9:1 [2001:1::1]:1");
	spec.allow_reserved = true;
	struct targets *targets = create(&spec);
	uint64_t count;
	assert_true(targets_count(targets, &count));
	assert_int_equal(count, 15);
	targets_destroy(targets);
}

static char *mixed_args[] = {"10.0.0.0/22", "10.9.0.0-10.9.0.200", "172.16.5.5:25", "10.0.1.1:25",
    "2001:db8::/118", "[2001:db8:1::1]:443", "10.0.0.0/25:1-5", NULL};

static void shards_and_slices_partition(void **state)
{
	(void)state;
	static struct target whole[CAP], parts[CAP];
	static const uint32_t n_shards[] = {1, 2, 3, 5, 7, 16, 63, 64, 1000, 65535};
	for (int order = TARGETS_ORDER_RANDOM; order <= TARGETS_ORDER_LIST; order++) {
		struct targets_spec spec = spec_of(mixed_args, "80,443,22");
		spec.order = (enum targets_order)order;
		struct targets *targets = create(&spec);
		size_t n = take_all(targets, 0, 1, whole, CAP);
		targets_destroy(targets);
		qsort(whole, n, sizeof(whole[0]), compare_targets);
		for (size_t i = 1; i < n; i++)
			assert_true(compare_targets(&whole[i - 1], &whole[i]) != 0);
		for (size_t s = 0; s < sizeof(n_shards) / sizeof(n_shards[0]); s++) {
			size_t k = 0;
			uint32_t n_done = n_shards[s] > 100 ? 9 : n_shards[s];
			for (uint32_t shard = 0; shard < n_done; shard++) {
				uint64_t count;
				size_t before = k;
				spec.n_shards = n_shards[s];
				spec.shard = shard;
				targets = create(&spec);
				for (uint32_t slice = 0; slice < 3; slice++)
					k += take_all(targets, slice, 3, parts + k, CAP - k);
				assert_true(targets_count(targets, &count));
				assert_int_equal(count, k - before);
				targets_destroy(targets);
			}
			if (n_done < n_shards[s])
				continue;
			assert_int_equal(k, n);
			qsort(parts, k, sizeof(parts[0]), compare_targets);
			assert_memory_equal(parts, whole, n * sizeof(whole[0]));
		}
	}
}

static void resume_goes_on_where_it_stopped(void **state)
{
	(void)state;
	static struct target whole[CAP], rest[CAP];
	struct targets_spec spec = spec_of(mixed_args, "80,443");
	spec.n_shards = 3;
	spec.shard = 1;
	struct targets *targets = create(&spec);
	size_t n = take_all(targets, 0, 1, whole, CAP);
	for (size_t percent = 0; percent <= 100; percent++) {
		struct targets_iter it;
		struct targets_position position;
		struct diag diag;
		size_t n_before = n * percent / 100;
		targets_iter_init(&it, targets, 0, 1);
		assert_int_equal(targets_iter_next(&it, rest, n_before), n_before);
		targets_iter_save(&it, &position);
		struct targets *again = create(&spec);
		targets_iter_init(&it, again, 0, 1);
		assert_int_equal(targets_iter_restore(&it, &position, &diag), 0);
		size_t got = 0;
		while (it.status == TARGETS_OK)
			got += targets_iter_next(&it, rest + got, CAP - got);
		assert_int_equal(got, n - n_before);
		assert_memory_equal(rest, whole + n_before, got * sizeof(rest[0]));
		targets_destroy(again);
	}
	targets_destroy(targets);
}

static void a_foreign_position_is_refused(void **state)
{
	(void)state;
	struct targets_position position;
	struct targets_iter it;
	struct diag diag;
	char *others[] = {"10.0.0.0/23", NULL}, *args[] = {"10.0.0.0/24", NULL};
	struct targets_spec spec = spec_of(args, "80"), changed;
	struct targets *targets = create(&spec);
	targets_iter_init(&it, targets, 0, 1);
	targets_iter_save(&it, &position);
	targets_destroy(targets);
	for (int what = 0; what < 6; what++) {
		changed = spec;
		if (what == 0)
			changed.seed = 2;
		if (what == 1)
			changed.n_shards = 2;
		if (what == 2)
			changed.targets = others;
		if (what == 3)
			changed.ports = "81";
		if (what == 4)
			changed.order = TARGETS_ORDER_LIST;
		if (what == 5) {
			changed.excludes = args;
			changed.n_excludes = 1;
		}
		targets = create(&changed);
		targets_iter_init(&it, targets, 0, 1);
		assert_int_equal(targets_iter_restore(&it, &position, &diag), -ESTALE);
		targets_destroy(targets);
	}
}

static void large_spaces_need_a_limit_and_an_exclude_file(void **state)
{
	(void)state;
	struct targets *targets = NULL;
	struct diag diag;
	char *args[] = {"2001:db8::/64", NULL};
	struct targets_spec spec = spec_of(args, "80");
	spec.no_exclude = true;
	assert_int_equal(targets_create(&spec, &diag, &targets), -E2BIG);
	char *one[] = {"2001:db8::5", NULL};
	spec.excludes = one;
	spec.n_excludes = 1;
	targets = create(&spec); /* 2^64 - 1 exactly */
	uint64_t count;
	assert_true(targets_count(targets, &count));
	assert_true(count == UINT64_MAX);
	targets_destroy(targets);
	spec.no_exclude = false;
	assert_int_equal(targets_create(&spec, &diag, &targets), -E2BIG);
	spec.n_excludes = 0;
	spec.max_targets = 1000;
	targets = create(&spec);
	static struct target got[1001];
	assert_int_equal(take_all(targets, 0, 1, got, 1001), 1000);
	qsort(got, 1000, sizeof(got[0]), compare_targets);
	for (size_t i = 1; i < 1000; i++)
		assert_true(compare_targets(&got[i - 1], &got[i]) != 0);
	targets_destroy(targets);
}

static void routes_can_ask_for_a_first_target(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.7:25", "10.0.0.8:25", NULL};
	struct targets_spec spec = spec_of(args, NULL);
	struct targets *targets = create(&spec);
	struct target target;
	assert_true(targets_has_family(targets, true));
	assert_false(targets_has_family(targets, false));
	assert_true(targets_first(targets, true, &target));
	assert_string_equal(target_text(&target), "10.0.0.7:25");
	assert_false(targets_first(targets, false, &target));
	targets_destroy(targets);
}

static void wrong_text_says_where_and_why(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"10.0.0.0/33", "target 10.0.0.0/33: /33 is not an IPv4 prefix length: use 0 to 32"},
	    {"10.0.0.1:0", "target 10.0.0.1:0: '0' is not a port"},
	    {"10.0.0.1:70000", "'70000' is not a port"},
	    {"10.0.0.2-10.0.0.1", "runs backwards"},
	    {"10.0.0.1-2001:db8::1", "from one address family to the other"},
	    {"010.0.0.1", "without leading zeros"},
	    {"1.2.3", "not an IPv4 address"},
	    {"fe80::1%eth0", "has a zone"},
	    {"[fe80::1%eth0]:80", "has a zone"},
	    {"[::1", "never closed"},
	    {"[::1]80", "only :PORT may follow"},
	    {"[10.0.0.1]:80", "brackets are for IPv6"},
	    {"10.0.0.1", "no port is named"},
	    {"", "a target is missing"},
	    {"a b", "neither an address nor a host name"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		strcpy(text, cases[i].text);
		char *args[] = {text, NULL};
		struct targets_spec spec = spec_of(args, NULL);
		struct targets *targets = NULL;
		struct diag diag = {""};
		assert_int_equal(targets_create(&spec, &diag, &targets), -EINVAL);
		if (!strstr(diag.text, cases[i].want))
			fail_msg("%s: '%s' lacks '%s'", text, diag.text, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(overlapping_inputs_count_once),
	    cmocka_unit_test(port_lists_on_prefixes_combine),
	    cmocka_unit_test(list_order_is_the_inputs),
	    cmocka_unit_test(exclusions_win_over_everything),
	    cmocka_unit_test(special_space_is_excluded_unless_allowed),
	    cmocka_unit_test(shards_and_slices_partition),
	    cmocka_unit_test(resume_goes_on_where_it_stopped),
	    cmocka_unit_test(a_foreign_position_is_refused),
	    cmocka_unit_test(large_spaces_need_a_limit_and_an_exclude_file),
	    cmocka_unit_test(routes_can_ask_for_a_first_target),
	    cmocka_unit_test(wrong_text_says_where_and_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
