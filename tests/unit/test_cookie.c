/* Claims about wire/cookie: ours is accepted, nothing else is, and the ranges are kept and filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/rng.h"
#include "wire/cookie.h"

static struct cookie_params make_params(void)
{
	struct cookie_params p = {
	    .laddr_v4 = ipaddr_from_v4(0xc00002fe), /* the range crosses an octet */
	    .laddr_v6 = ipaddr_from_u64(UINT64_C(0x20010db800000000), UINT64_MAX - 1),
	    .n_laddr_v4 = 5,
	    .n_laddr_v6 = 5, /* crosses into the upper half */
	    .port_lo = 61000,
	    .n_ports = 4536, /* up to 65535 */
	};
	hash_key_derive(9, "test", &p.key);
	return p;
}

static struct target make_target(struct rng *rng, bool is_v4)
{
	struct ipaddr addr = is_v4 ? ipaddr_from_v4((uint32_t)rng_next(rng))
				   : ipaddr_from_u64(rng_next(rng) | 1, rng_next(rng));
	return (struct target){addr, (uint16_t)(1 + rng_below(rng, 65535))};
}

static void test_cookies_of_a_batch_are_those_of_its_attempts(void **state)
{
	(void)state;
	enum { N = 64 };
	struct cookie_params p = make_params();
	struct rng rng = {14};
	struct attempt attempts[N];
	uint64_t hashes[N];
	for (int i = 0; i < N; i++)
		attempts[i] = (struct attempt){make_target(&rng, i & 1), (uint16_t)rng_next(&rng)};
	cookie_hash(&p, attempts, N, hashes);
	for (int i = 0; i < N; i++) {
		struct cookie one, of_batch;
		cookie_make(&p, &attempts[i].target, attempts[i].number, &one);
		cookie_from_hash(&p, &attempts[i].target, hashes[i], &of_batch);
		assert_int_equal(of_batch.iss, one.iss);
		assert_memory_equal(&of_batch.flow, &one.flow, sizeof(one.flow));
	}
}

static void test_own_cookie_is_accepted_and_repeatable(void **state)
{
	(void)state;
	struct cookie_params p = make_params();
	struct rng rng = {10};
	for (int i = 0; i < 20000; i++) {
		struct target target = make_target(&rng, i & 1);
		uint16_t n = (uint16_t)rng_next(&rng);
		struct cookie a, b;
		cookie_make(&p, &target, n, &a);
		cookie_make(&p, &target, n, &b);
		assert_int_equal(a.iss, b.iss);
		assert_memory_equal(&a.flow, &b.flow, sizeof(a.flow));
		assert_true(ipaddr_equal(&a.flow.raddr, &target.addr));
		assert_int_equal(a.flow.rport, target.port);
		assert_true(cookie_check(&p, &a.flow, a.iss + 1, n));
	}
}

static void test_any_single_changed_bit_is_refused(void **state)
{
	(void)state;
	struct cookie_params p = make_params();
	struct rng rng = {11};
	for (int i = 0; i < 200; i++) {
		struct target target = make_target(&rng, i & 1);
		struct cookie c;
		cookie_make(&p, &target, 0, &c);
		for (size_t bit = 0; bit < 8 * sizeof(struct flow); bit++) {
			struct flow flow = c.flow;
			uint8_t bytes[sizeof(flow)];
			memcpy(bytes, &flow, sizeof(flow));
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			memcpy(&flow, bytes, sizeof(flow));
			assert_false(cookie_check(&p, &flow, c.iss + 1, 0));
		}
		for (int bit = 0; bit < 32; bit++)
			assert_false(
			    cookie_check(&p, &c.flow, (c.iss + 1) ^ (uint32_t)1 << bit, 0));
		assert_false(cookie_check(&p, &c.flow, c.iss, 0));
		assert_false(cookie_check(&p, &c.flow, c.iss + 2, 0));
		for (uint16_t n = 1; n < 20; n++)
			assert_false(cookie_check(&p, &c.flow, c.iss + 1, n));
		struct cookie_params other = p;
		other.key.b[i % 16] ^= 1;
		assert_false(cookie_check(&other, &c.flow, c.iss + 1, 0));
	}
}

/* Pearson's statistic of n_bins counts against a uniform expectation. */
static double chi_square(const uint32_t *counts, size_t n_bins, double expected)
{
	double x = 0;
	for (size_t i = 0; i < n_bins; i++)
		x += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
	return x;
}

enum { SAMPLES = 400000 };

static void test_ports_stay_in_range_and_are_uniform(void **state)
{
	(void)state;
	static const struct {
		uint16_t lo;
		uint32_t n;
	} ranges[] = {{61000, 4536}, {1, 65535}, {40000, 1}, {50000, 7}, {32768, 28232}};
	static uint32_t counts[65536];
	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		struct cookie_params p = make_params();
		p.port_lo = ranges[r].lo;
		p.n_ports = ranges[r].n;
		memset(counts, 0, sizeof(counts));
		struct rng rng = {12 + r};
		for (int i = 0; i < SAMPLES; i++) {
			struct target target = make_target(&rng, i & 1);
			struct cookie c;
			cookie_make(&p, &target, 0, &c);
			assert_in_range(c.flow.lport, ranges[r].lo, ranges[r].lo + ranges[r].n - 1);
			counts[c.flow.lport - ranges[r].lo]++;
		}
		double df = ranges[r].n - 1;
		double x = chi_square(counts, ranges[r].n, (double)SAMPLES / ranges[r].n);
		/* Mean df, deviation sqrt(2 df); six deviations, and room for few bins. */
		assert_true((x - df) * (x - df) <= 36 * 2 * df + 400);
	}
}

static void test_source_addresses_stay_in_range_and_are_uniform(void **state)
{
	(void)state;
	struct cookie_params p = make_params();
	struct rng rng = {20};
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		uint32_t counts[5] = {0};
		uint64_t base_hi, base_lo;
		ipaddr_get_u64(is_v4 ? &p.laddr_v4 : &p.laddr_v6, &base_hi, &base_lo);
		for (int i = 0; i < 100000; i++) {
			struct target target = make_target(&rng, is_v4);
			struct cookie c;
			uint64_t hi, lo;
			cookie_make(&p, &target, 0, &c);
			assert_int_equal(ipaddr_is_v4(&c.flow.laddr), is_v4);
			ipaddr_get_u64(&c.flow.laddr, &hi, &lo);
			uint64_t at = lo - base_lo; /* modulo 2^64: the v6 range wraps */
			assert_true(at < 5);
			assert_true(hi == base_hi + (lo < base_lo));
			counts[at]++;
		}
		assert_true(chi_square(counts, 5, 20000) < 40);
	}
}

static void test_address_port_and_number_do_not_hang_together(void **state)
{
	(void)state;
	/* Who sees port and address of a SYN must not know its sequence number's top bits. */
	struct cookie_params p = make_params();
	p.n_ports = 16;
	p.n_laddr_v4 = 4;
	static uint32_t counts[16 * 4 * 16];
	struct rng rng = {21};
	for (int i = 0; i < SAMPLES; i++) {
		struct target target = make_target(&rng, true);
		struct cookie c;
		cookie_make(&p, &target, 0, &c);
		uint32_t addr = ipaddr_get_v4(&c.flow.laddr) - 0xc00002fe;
		uint32_t port = (uint32_t)(c.flow.lport - p.port_lo);
		counts[(port * 4 + addr) * 16 + (c.iss >> 28)]++;
	}
	double df = 16 * 4 * 16 - 1;
	double x = chi_square(counts, 16 * 4 * 16, SAMPLES / (16.0 * 4 * 16));
	assert_true((x - df) * (x - df) <= 36 * 2 * df);
}

static void test_cookies_are_golden(void **state)
{
	(void)state;
	/* Computed with Python from SipHash-2-4 of address, port and number, little-endian. A change
	 * would orphan the connections of a scan that is resumed. */
	struct cookie_params p = {.laddr_v4 = ipaddr_from_v4(0x0a000001),
	    .laddr_v6 = ipaddr_from_u64(UINT64_C(0xfd00000000000000), 1),
	    .n_laddr_v4 = 1,
	    .n_laddr_v6 = 1,
	    .port_lo = 32768,
	    .n_ports = 28232};
	for (uint8_t i = 0; i < 16; i++)
		p.key.b[i] = i;
	static const struct {
		bool is_v4;
		uint16_t port, n;
		uint32_t iss;
		uint16_t lport;
	} rows[] = {
	    {true, 80, 0, 0x08b934c6, 56524},
	    {true, 80, 1, 0x083fe98d, 59814},
	    {true, 443, 256, 0x27543cf9, 55104},
	    {false, 80, 0, 0xdd374731, 45337},
	    {false, 65535, 257, 0x40e04d92, 41444},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct target target = {rows[i].is_v4
					    ? ipaddr_from_v4(0xc0000207)
					    : ipaddr_from_u64(UINT64_C(0x20010db800000000), 7),
		    rows[i].port};
		struct cookie c;
		cookie_make(&p, &target, rows[i].n, &c);
		assert_int_equal(c.iss, rows[i].iss);
		assert_int_equal(c.flow.lport, rows[i].lport);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cookies_of_a_batch_are_those_of_its_attempts),
	    cmocka_unit_test(test_own_cookie_is_accepted_and_repeatable),
	    cmocka_unit_test(test_any_single_changed_bit_is_refused),
	    cmocka_unit_test(test_ports_stay_in_range_and_are_uniform),
	    cmocka_unit_test(test_source_addresses_stay_in_range_and_are_uniform),
	    cmocka_unit_test(test_address_port_and_number_do_not_hang_together),
	    cmocka_unit_test(test_cookies_are_golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
