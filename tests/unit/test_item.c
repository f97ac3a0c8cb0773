/* item: what is printed reads back, and no byte behind the text is looked at. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "targets/item.h"
#include "targets/ports.h"
#include "targets/targets.h"
#include "tests/unit/guard.h"
#include "tests/unit/rng.h"
#include "tests/unit/targets_util.h"

static struct rng rng = {.state = 3};
static struct guard guard;

static struct range random_range(void)
{
	struct range r;
	bool is_v4 = rng_next(&rng) % 2;
	r.lo = is_v4 ? (struct u128){0, UINT64_C(0xffff00000000) | (uint32_t)rng_next(&rng)}
		     : (struct u128){rng_next(&rng) | UINT64_C(1) << 61, rng_next(&rng)};
	unsigned n_bits = (unsigned)(rng_next(&rng) % (is_v4 ? 33 : 129));
	struct u128 mask = u128_low_mask(n_bits);
	if (rng_next(&rng) % 2) { /* a prefix */
		r.lo = (struct u128){r.lo.hi & ~mask.hi, r.lo.lo & ~mask.lo};
		r.hi = (struct u128){r.lo.hi | mask.hi, r.lo.lo | mask.lo};
	} else {
		r.hi = (struct u128){
		    r.lo.hi | (mask.hi & rng_next(&rng)), r.lo.lo | (mask.lo & rng_next(&rng))};
	}
	return r;
}

static void printed_ranges_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct range r = random_range();
		char text[ITEM_STRLEN];
		struct item item;
		struct diag diag;
		size_t len = item_format_range(&r, text);
		assert_true(len < sizeof(text));
		const char *flush = (const char *)guard_put(&guard, text, len);
		if (item_parse(flush, len, &item, NULL, &diag))
			fail_msg("%s: %s", text, diag.text);
		assert_int_equal(item.kind, ITEM_RANGE);
		assert_true(u128_eq(item.range.lo, r.lo));
		assert_true(u128_eq(item.range.hi, r.hi));
		assert_int_equal(item.port, 0);
	}
}

static void printed_ports_read_back(void **state)
{
	(void)state;
	static char text[600000], again_text[600000];
	static const char *const lists[] = {
	    "all", "common", "1", "65535", "3,2,1", "1-3,2-5", "9,8-10"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct port_set *set, *again;
		struct diag diag;
		assert_int_equal(port_set_parse(lists[i], strlen(lists[i]), &diag, &set), 0);
		size_t len = port_set_format(set, text, sizeof(text));
		assert_true(len < sizeof(text));
		assert_int_equal(port_set_parse(text, len, &diag, &again), 0);
		assert_int_equal(again->n, set->n);
		assert_memory_equal(again->list, set->list, set->n * sizeof(set->list[0]));
		port_set_format(again, again_text, sizeof(again_text));
		assert_string_equal(text, again_text);
		port_set_destroy(set);
		port_set_destroy(again);
	}
}

static void random_bytes_never_read_past_the_end(void **state)
{
	(void)state;
	static const char alphabet[] = "0123456789abcdf:./-[],%all #\xff";
	for (int i = 0; i < 300000; i++) {
		char text[24];
		size_t len = rng_next(&rng) % sizeof(text), column = 0;
		for (size_t k = 0; k < len; k++)
			text[k] = alphabet[rng_next(&rng) % sizeof(alphabet)]; /* its NUL too */
		struct item item;
		struct diag diag = {""};
		const char *flush = (const char *)guard_put(&guard, text, len);
		int err = item_parse(flush, len, &item, &column, &diag);
		assert_true(err == 0 || err == -EINVAL);
		if (err) {
			assert_true(diag.text[0] != '\0');
			assert_true(column <= len);
		} else if (item.kind == ITEM_RANGE) {
			assert_true(u128_le(item.range.lo, item.range.hi));
		}
	}
}

static void explain(const char *addr, int want, const char *text_want)
{
	char *args[] = {"10.1.0.0/16:22-24", "10.2.0.1", NULL}, *excludes[] = {"10.1.7.0/24", NULL};
	struct targets_spec spec = spec_of(args, "80");
	spec.excludes = excludes;
	spec.n_excludes = 1;
	spec.allow_reserved = false;
	struct targets *targets;
	struct diag diag = {""};
	char text[512];
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	assert_int_equal(targets_explain(targets, addr, &diag, text, sizeof(text)), want);
	if (!strstr(want < 0 ? diag.text : text, text_want))
		fail_msg("'%s' lacks '%s'", want < 0 ? diag.text : text, text_want);
	targets_destroy(targets);
}

static void explanations_name_the_line(void **state)
{
	(void)state;
	explain("10.1.2.3", 0,
	    "probed: named by target 10.1.0.0/16:22-24, that is 10.1.0.0/16 on ports 22-24");
	explain("10.2.0.1", 0, "on ports 80");
	explain("10.1.7.9", 1, "not probed: excluded by --exclude 10.1.7.0/24");
	explain("10.2.0.2", 1, "not probed: no target names it");
	explain("127.0.0.1", 1, "built-in exclusion 127.0.0.0/8, loopback, RFC 1122");
	explain("2001::1", 1, "no target names it");
	explain("ff02::1", 1, "built-in exclusion ff00::/8, multicast");
	explain("10.1.2.3:23", 0, "10.1.2.3:23: probed: named by target 10.1.0.0/16:22-24");
	explain("10.1.2.3:25", 1,
	    "10.1.2.3:25: not probed: the address is named by target 10.1.0.0/16:22-24, that is "
	    "10.1.0.0/16 on ports 22-24");
	explain("10.2.0.1:80", 0, "probed: named by target 10.2.0.1");
	explain("10.2.0.1:81", 1, "named by target 10.2.0.1, that is 10.2.0.1 on ports 80");
	explain("[2001:db8::1]:443", 1, "[2001:db8::1]:443: not probed: excluded by built-in");
	explain("localhost:80", 1,
	    "127.0.0.1:80: not probed: excluded by built-in exclusion 127.0.0.0/8");
	explain("10.0.0.0/8", -EINVAL, "'10.0.0.0/8' is more than one target");
	explain("10.1.1.1:1-2", -EINVAL, "more than one target");
	explain("1.2.3.256", -EINVAL, "--explain: '1.2.3.256' is not an IPv4 address");
}

int main(void)
{
	guard = guard_create();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printed_ranges_read_back),
	    cmocka_unit_test(printed_ports_read_back),
	    cmocka_unit_test(random_bytes_never_read_past_the_end),
	    cmocka_unit_test(explanations_name_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
