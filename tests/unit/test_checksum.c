/* Claims about wire/checksum: the published examples, and parts that add up to the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guard.h"
#include "tests/unit/rng.h"
#include "wire/checksum.h"

/* The definition, slowly: RFC 1071 section 1. */
static uint16_t slow_sum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i += 2) {
		sum += (uint32_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)sum;
}

/* 0 and 0xffff are the same number in one's complement. */
static uint16_t canonical(uint16_t v)
{
	return v == 0xffff ? 0 : v;
}

static void test_example_of_rfc_1071(void **state)
{
	(void)state;
	/* Section 3: 0001 f203 f4f5 f6f7 sums to ddf2. */
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	assert_int_equal(checksum_fold(checksum_sum(bytes, sizeof(bytes))), 0xddf2);
}

static void test_examples_of_rfc_1624(void **state)
{
	(void)state;
	/* Section 4: HC 0xdd2f, a field changes from 0x5555 to 0x3285, the new checksum is 0x0000
	 * (and not 0xffff, which RFC 1141 would give). */
	assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
	/* The same header, whose other words sum to 0xcd7a. */
	uint16_t before = (uint16_t)~checksum_fold(0xcd7a + 0x5555);
	assert_int_equal(before, 0xdd2f);
	assert_int_equal(checksum_update(0x0000, 0x3285, 0x5555), 0xdd2f);
}

static void test_sum_is_the_definition_for_every_length_and_alignment(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	struct rng rng = {4};
	uint8_t bytes[1700];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rng_next(&rng);
	for (size_t len = 0; len <= 1600; len++) {
		uint8_t *p = guard_put(&guard, bytes + len % 7, len);
		assert_int_equal(
		    canonical(checksum_fold(checksum_sum(p, len))), canonical(slow_sum(p, len)));
	}
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 0; len <= sizeof(bytes); len++)
		assert_int_equal(canonical(checksum_fold(checksum_sum(bytes, len))),
		    canonical(slow_sum(bytes, len)));
}

static void test_even_parts_add_up_to_the_whole(void **state)
{
	(void)state;
	struct rng rng = {5};
	uint8_t bytes[257];
	for (int round = 0; round < 20000; round++) {
		size_t len = rng_below(&rng, sizeof(bytes));
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)rng_next(&rng);
		size_t cut = rng_below(&rng, (uint32_t)len + 1) & ~(size_t)1;
		uint64_t parts = checksum_sum(bytes, cut) + checksum_sum(bytes + cut, len - cut);
		assert_int_equal(canonical(checksum_fold(parts)), canonical(slow_sum(bytes, len)));
	}
}

static void test_fold_takes_any_64_bit_sum(void **state)
{
	(void)state;
	static const uint64_t sums[] = {0, 1, 0xffff, 0x10000, 0x1fffe, 0xffffffff,
	    UINT64_C(0x100000000), UINT64_C(0xffffffff00000000), UINT64_C(0xfffffffffffffffe),
	    UINT64_MAX, UINT64_C(0xffff0000ffff0000), UINT64_C(0x8000800080008001)};
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		assert_int_equal(canonical(checksum_fold(sums[i])), sums[i] % 0xffff);
	struct rng rng = {6};
	for (int i = 0; i < 1000000; i++) {
		uint64_t sum = rng_next(&rng) >> rng_below(&rng, 64);
		if (canonical(checksum_fold(sum)) != sum % 0xffff)
			assert_int_equal(canonical(checksum_fold(sum)), sum % 0xffff);
	}
}

static void test_incremental_update_equals_the_full_checksum(void **state)
{
	(void)state;
	struct rng rng = {7};
	for (int round = 0; round < 200000; round++) {
		uint8_t h[20];
		for (size_t i = 0; i < sizeof(h); i++)
			h[i] = (uint8_t)(rng_below(&rng, 4) ? rng_next(&rng) : 0);
		h[0] |= 0x40; /* a header is never all zero: section 3 of RFC 1624 relies on it */
		h[10] = h[11] = 0;
		uint16_t hc = (uint16_t)~checksum_fold(checksum_sum(h, sizeof(h)));
		size_t at = 2 * (size_t)(1 + rng_below(&rng, 4));
		uint16_t old = (uint16_t)((unsigned)h[at] << 8 | h[at + 1]);
		uint16_t new = (uint16_t)rng_next(&rng);
		h[at] = (uint8_t)(new >> 8);
		h[at + 1] = (uint8_t) new;
		uint16_t full = (uint16_t)~checksum_fold(checksum_sum(h, sizeof(h)));
		assert_int_equal(checksum_update(hc, old, new), full);
	}
}

static void test_pseudo_header_of_both_families(void **state)
{
	(void)state;
	struct ipaddr a = ipaddr_from_v4(0xc0000201), b = ipaddr_from_v4(0xc6336407);
	static const uint8_t v4[12] = {192, 0, 2, 1, 198, 51, 100, 7, 0, 6, 0x12, 0x34};
	assert_int_equal(
	    checksum_fold(checksum_pseudo(&a, &b, 6, 0x1234)), slow_sum(v4, sizeof(v4)));
	uint8_t v6[40] = {0};
	struct rng rng = {8};
	for (int i = 0; i < 32; i++)
		v6[i] = (uint8_t)rng_next(&rng);
	memcpy(a.b, v6, 16);
	memcpy(b.b, v6 + 16, 16);
	v6[32] = 0x00;
	v6[33] = 0x01;
	v6[34] = 0x02;
	v6[35] = 0x03;
	v6[39] = 58;
	assert_int_equal(
	    checksum_fold(checksum_pseudo(&a, &b, 58, 0x00010203)), slow_sum(v6, sizeof(v6)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_example_of_rfc_1071),
	    cmocka_unit_test(test_examples_of_rfc_1624),
	    cmocka_unit_test(test_sum_is_the_definition_for_every_length_and_alignment),
	    cmocka_unit_test(test_even_parts_add_up_to_the_whole),
	    cmocka_unit_test(test_fold_takes_any_64_bit_sum),
	    cmocka_unit_test(test_incremental_update_equals_the_full_checksum),
	    cmocka_unit_test(test_pseudo_header_of_both_families),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
