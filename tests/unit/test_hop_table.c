/* hop_table: longest-prefix match against a plain scan of the same rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/hop_table.h"

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;
	assert_int_equal(ipaddr_parse(text, strlen(text), &a), 0);
	return a;
}

static struct hop_row row(const char *prefix, unsigned len, hop_idx_t hop, uint32_t metric)
{
	struct hop_row r = {.prefix = addr(prefix), .hop = hop, .metric = metric};
	r.prefix_len = (uint8_t)(len + (ipaddr_is_v4(&r.prefix) ? 96 : 0));
	return r;
}

static hop_idx_t find(const struct hop_table *t, const char *dst)
{
	struct ipaddr a = addr(dst);
	return hop_table_find(t, &a);
}

static void an_empty_table_gives_the_fallback(void **state)
{
	(void)state;
	struct hop_table t;
	hop_table_build(&t, NULL, 0, 7);
	assert_int_equal(find(&t, "192.0.2.1"), 7);
	assert_int_equal(find(&t, "::"), 7);
	assert_int_equal(find(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 7);
}

static void the_longest_prefix_wins_v4(void **state)
{
	(void)state;
	struct hop_row rows[] = {row("0.0.0.0", 0, 1, 0), row("10.0.0.0", 8, 2, 0),
	    row("10.1.0.0", 16, 3, 0), row("10.1.2.3", 32, 4, 0), row("255.255.255.255", 32, 5, 0)};
	struct hop_table t;
	hop_table_build(&t, rows, sizeof(rows) / sizeof(rows[0]), 9);
	assert_int_equal(find(&t, "9.255.255.255"), 1);
	assert_int_equal(find(&t, "10.0.0.0"), 2);
	assert_int_equal(find(&t, "10.1.0.0"), 3);
	assert_int_equal(find(&t, "10.1.2.2"), 3);
	assert_int_equal(find(&t, "10.1.2.3"), 4);
	assert_int_equal(find(&t, "10.1.2.4"), 3);
	assert_int_equal(find(&t, "10.1.255.255"), 3);
	assert_int_equal(find(&t, "10.2.0.0"), 2);
	assert_int_equal(find(&t, "11.0.0.0"), 1);
	assert_int_equal(find(&t, "255.255.255.254"), 1);
	assert_int_equal(find(&t, "255.255.255.255"), 5);
	/* 0.0.0.0/0 is the IPv4 space only. */
	assert_int_equal(find(&t, "2001:db8::1"), 9);
}

static void the_longest_prefix_wins_v6_at_both_ends_of_the_space(void **state)
{
	(void)state;
	struct hop_row rows[] = {row("::", 0, 1, 0), row("fe80::", 10, 2, 0),
	    row("fe80::", 64, 3, 0), row("ff00::", 8, 4, 0), row("2001:db8:0:1::", 64, 5, 0),
	    row("::", 128, 6, 0)};
	struct hop_table t;
	hop_table_build(&t, rows, sizeof(rows) / sizeof(rows[0]), 9);
	assert_int_equal(find(&t, "::"), 6);
	assert_int_equal(find(&t, "::1"), 1);
	assert_int_equal(find(&t, "2001:db8:0:0:ffff:ffff:ffff:ffff"), 1);
	assert_int_equal(find(&t, "2001:db8:0:1::"), 5);
	assert_int_equal(find(&t, "2001:db8:0:1:ffff:ffff:ffff:ffff"), 5);
	assert_int_equal(find(&t, "2001:db8:0:2::"), 1);
	assert_int_equal(find(&t, "fe80::1"), 3);
	assert_int_equal(find(&t, "fe80:0:0:1::"), 2);
	assert_int_equal(find(&t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 4);
}

static void of_equal_prefixes_the_lowest_metric_wins(void **state)
{
	(void)state;
	struct hop_row rows[] = {
	    row("10.0.0.0", 8, 1, 200), row("10.0.0.0", 8, 2, 100), row("10.0.0.0", 8, 3, 100)};
	struct hop_table t;
	hop_table_build(&t, rows, 3, 9);
	assert_int_equal(find(&t, "10.5.5.5"), 2);
}

/* The definition, as a scan. */
static hop_idx_t scan(
    const struct hop_row *rows, size_t n, hop_idx_t fallback, const struct ipaddr *dst)
{
	int best_len = -1;
	hop_idx_t best = fallback;
	for (size_t i = 0; i < n; i++) {
		unsigned bit = 0;
		while (bit < rows[i].prefix_len &&
		       !((rows[i].prefix.b[bit / 8] ^ dst->b[bit / 8]) & (0x80 >> bit % 8)))
			bit++;
		if (bit == rows[i].prefix_len && (int)rows[i].prefix_len > best_len) {
			best_len = rows[i].prefix_len;
			best = rows[i].hop;
		}
	}
	return best;
}

static void a_full_table_agrees_with_a_plain_scan(void **state)
{
	(void)state;
	static struct hop_row rows[HOP_TABLE_MAX_ROWS];
	static struct hop_table t;
	srand(1);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < HOP_TABLE_MAX_ROWS; i++) {
			/* Few distinct bytes, so that prefixes nest; distinct lengths decide. */
			memset(&rows[i], 0, sizeof(rows[i]));
			for (size_t k = 0; k < 16; k++)
				rows[i].prefix.b[k] = rand() % 2 ? 0xff : 0;
			rows[i].prefix_len = (uint8_t)(rand() % 129);
			rows[i].hop = (hop_idx_t)i;
		}
		hop_table_build(&t, rows, HOP_TABLE_MAX_ROWS, 0xfffe);
		assert_true(t.n_ranges <= 2 * HOP_TABLE_MAX_ROWS + 1);
		for (int k = 0; k < 2000; k++) {
			struct ipaddr dst = rows[rand() % HOP_TABLE_MAX_ROWS].prefix;
			for (size_t b = (size_t)(rand() % 17); b < 16; b++)
				dst.b[b] = (uint8_t)rand();
			assert_int_equal(
			    hop_table_find(&t, &dst), scan(rows, HOP_TABLE_MAX_ROWS, 0xfffe, &dst));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_table_gives_the_fallback),
	    cmocka_unit_test(the_longest_prefix_wins_v4),
	    cmocka_unit_test(the_longest_prefix_wins_v6_at_both_ends_of_the_space),
	    cmocka_unit_test(of_equal_prefixes_the_lowest_metric_wins),
	    cmocka_unit_test(a_full_table_agrees_with_a_plain_scan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
