/* Claims about base/ipaddr: text in, text out, order, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/ipaddr.h"
#include "tests/unit/guard.h"
#include "tests/unit/rng.h"

static struct guard guard;

static int parse(const char *text, struct ipaddr *out)
{
	size_t len = strlen(text);
	return ipaddr_parse((const char *)guard_put(&guard, text, len), len, out);
}

static void test_reads_and_writes_canonical_text(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"0.0.0.0", "0.0.0.0"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"192.0.2.7", "192.0.2.7"},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"::FFFF:c000:0207", "192.0.2.7"},
	    {"0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"2001:DB8::1", "2001:db8::1"},
	    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
	    /* RFC 5952 section 4.2: the longest run, the first of equals, no single group. */
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
	    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipaddr addr;
		char text[IPADDR_STRLEN];
		assert_int_equal(parse(rows[i].in, &addr), 0);
		assert_int_equal(ipaddr_format(&addr, text), strlen(rows[i].out));
		assert_string_equal(text, rows[i].out);
		assert_int_equal(ipaddr_is_v4(&addr), strchr(rows[i].out, ':') == NULL);
	}
}

static void test_refuses_what_is_no_address(void **state)
{
	(void)state;
	static const char *const rows[] = {"", " ", "1", "1.2.3", "1.2.3.", "1.2.3.4.", ".1.2.3.4",
	    "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "01.2.3.4", "1.2.3.04", "0x1.2.3.4", "1.2.3.4 ",
	    " 1.2.3.4", "1..2.3", "1.2.3.4/8", "1.2.3.4:80", "1.2.3.a", "16909060", ":",
	    ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
	    "1:2:3:4:5:6:7:8::", "12345::", "g::", "fe80::1%eth0", "[::1]", "::1.2.3",
	    "::1.2.3.4.5", "::01.2.3.4", "1:", ":1", "::1 ", "2001:db8::1/64",
	    "1.2.3.4::", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	    "00000000000000000000000000000000000000000000000000000000000001.2.3.4"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipaddr addr, before;
		memset(&addr, 0x5a, sizeof(addr));
		before = addr;
		assert_int_equal(parse(rows[i], &addr), -EINVAL);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
	struct ipaddr addr;
	assert_int_equal(ipaddr_parse("1.2.3.4\0", 8, &addr), -EINVAL);
	assert_int_equal(ipaddr_parse("1.2\0.3.4", 8, &addr), -EINVAL);
}

static void test_what_is_printed_reads_back(void **state)
{
	(void)state;
	struct rng rng = {3};
	for (int i = 0; i < 200000; i++) {
		struct ipaddr a, b;
		uint64_t hi = rng_next(&rng), lo = rng_next(&rng);
		/* Zero groups now and then, so that every shape of :: occurs. */
		uint64_t holes = rng_next(&rng);
		for (int g = 0; g < 8; g++) {
			uint64_t mask = UINT64_C(0xffff) << (16 * (g % 4));
			if (holes >> g & 1)
				*(g < 4 ? &hi : &lo) &= ~mask;
		}
		a = i % 4 == 0 ? ipaddr_from_v4((uint32_t)lo) : ipaddr_from_u64(hi, lo);
		char text[IPADDR_STRLEN];
		size_t len = ipaddr_format(&a, text);
		assert_int_equal(len, strlen(text));
		assert_int_equal(ipaddr_parse(text, len, &b), 0);
		assert_true(ipaddr_equal(&a, &b));
	}
}

static void test_numbers_are_host_order_and_bytes_network_order(void **state)
{
	(void)state;
	struct ipaddr v4 = ipaddr_from_v4(0xc0000207);
	static const uint8_t v4_bytes[16] = {
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
	assert_memory_equal(v4.b, v4_bytes, 16);
	assert_int_equal(ipaddr_get_v4(&v4), 0xc0000207);
	struct ipaddr v6 =
	    ipaddr_from_u64(UINT64_C(0x0102030405060708), UINT64_C(0x090a0b0c0d0e0f10));
	for (int i = 0; i < 16; i++)
		assert_int_equal(v6.b[i], i + 1);
	uint64_t hi, lo;
	ipaddr_get_u64(&v6, &hi, &lo);
	assert_true(hi == UINT64_C(0x0102030405060708) && lo == UINT64_C(0x090a0b0c0d0e0f10));
	assert_false(ipaddr_is_v4(&v6));
}

static void test_order_is_that_of_the_numbers(void **state)
{
	(void)state;
	static const char *const ascending[] = {"::", "::1", "0.0.0.0", "1.2.3.4",
	    "255.255.255.255", "64:ff9b::", "2001:db8::", "2001:db8::ff", "2001:db8::100",
	    "ff02::1"};
	enum { N = sizeof(ascending) / sizeof(ascending[0]) };
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++) {
			struct ipaddr a, b;
			assert_int_equal(parse(ascending[i], &a), 0);
			assert_int_equal(parse(ascending[k], &b), 0);
			int cmp = ipaddr_cmp(&a, &b);
			assert_int_equal((cmp > 0) - (cmp < 0), (i > k) - (i < k));
			assert_int_equal(ipaddr_equal(&a, &b), i == k);
		}
}

int main(void)
{
	guard = guard_create();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_and_writes_canonical_text),
	    cmocka_unit_test(test_refuses_what_is_no_address),
	    cmocka_unit_test(test_what_is_printed_reads_back),
	    cmocka_unit_test(test_numbers_are_host_order_and_bytes_network_order),
	    cmocka_unit_test(test_order_is_that_of_the_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
