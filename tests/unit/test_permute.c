/* permute: a bijection of [0, n) for every n, the same everywhere, and well mixed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "targets/permute.h"

static void every_small_n_is_a_bijection(void **state)
{
	(void)state;
	static uint8_t seen[5000];
	for (uint64_t n = 1; n <= 4200; n = n < 300 ? n + 1 : n + n / 7) {
		struct permute perm;
		permute_init(&perm, n, n * 7 + 1);
		memset(seen, 0, sizeof(seen));
		for (uint64_t i = 0; i < n; i++) {
			uint64_t image = permute_index(&perm, i);
			assert_true(image < n);
			assert_int_equal(seen[image], 0);
			seen[image] = 1;
			assert_int_equal(permute_inverse(&perm, image), i);
		}
	}
}

static void large_n_has_an_inverse_at_both_ends(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63,
	    (UINT64_C(1) << 63) + 1, UINT64_C(0xfffffffe00000001), UINT64_C(0xfffffffe00000002),
	    UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, (UINT64_C(1) << 32) + 1, 65536 * 65535ull,
	    999999999989ull};
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct permute perm;
		permute_init(&perm, sizes[s], 42 + s);
		for (uint64_t k = 0; k < 2000; k++) {
			uint64_t i = k < 1000 ? k : sizes[s] - 1 - (k - 1000);
			uint64_t image = permute_index(&perm, i);
			assert_true(image < sizes[s]);
			assert_true(permute_inverse(&perm, image) == i);
		}
	}
}

/* Every version of the loop that this processor can run, every length, spaces with many and with few numbers
 * walked twice, and steps that leave one shard of many. */
static void batches_equal_one_by_one(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1, 2, 31, 99, 100, 101, 5000, 65536, 16711679,
	    UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(0xfffffffe00000001),
	    UINT64_C(0xfffffffe00000002), UINT64_MAX};
	for (int level = CPU_PLAIN; level <= CPU_AVX512; level++) {
		cpu_limit_level((enum cpu_level)level);
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct permute perm;
			permute_init(&perm, sizes[s], 77 + s);
			for (size_t k = 0; k < 1000; k++) {
				uint64_t out[101], step = 1 + k * k % 300;
				uint64_t most = (sizes[s] - 1) / step + 1;
				size_t n = 1 + (size_t)(k % (most < 100 ? most : 100));
				uint64_t last = (n - 1) * step;
				uint64_t first = k % 3 ? sizes[s] - 1 - last : 0;
				out[n] = 12345;
				permute_batch(&perm, first, step, n, out);
				assert_int_equal(out[n], 12345);
				for (size_t i = 0; i < n; i++)
					assert_true(
					    out[i] == permute_index(&perm, first + i * step));
			}
		}
	}
	cpu_limit_level(CPU_AVX512);
}

static int compare_u128(const void *a, const void *b)
{
	const struct u128 *x = a, *y = b;
	return u128_lt(*x, *y) ? -1 : u128_lt(*y, *x);
}

static void wide_samples_have_no_repeats(void **state)
{
	(void)state;
	enum { N = 100000 };
	static struct u128 image[N];
	const struct u128 sizes[] = {{1, 0}, {1, 1}, {3, 5}, {UINT64_C(1) << 63, 7},
	    {UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX}};
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct permute_wide perm;
		permute_wide_init(&perm, sizes[s], 9);
		for (uint64_t i = 0; i < N; i++) {
			image[i] = permute_wide_index(&perm, u128_from_u64(i));
			assert_true(u128_lt(image[i], sizes[s]));
		}
		qsort(image, N, sizeof(image[0]), compare_u128);
		for (size_t i = 1; i < N; i++)
			assert_false(u128_eq(image[i - 1], image[i]));
	}
}

/* A bijection of 2^n_bits is onto when small enough to see it whole. */
static void the_wide_one_is_a_bijection_too(void **state)
{
	(void)state;
	static uint8_t seen[3000];
	for (uint64_t n = 2; n < 3000; n = n * 3 / 2 + 1) {
		struct permute_wide perm;
		permute_wide_init(&perm, u128_from_u64(n), 5);
		memset(seen, 0, sizeof(seen));
		for (uint64_t i = 0; i < n; i++) {
			struct u128 image = permute_wide_index(&perm, u128_from_u64(i));
			assert_int_equal(image.hi, 0);
			assert_true(image.lo < n);
			assert_int_equal(seen[image.lo]++, 0);
		}
	}
}

/* The golden vector: "n seed i image" in hex and decimal; guards the order against any change. */
static void the_order_never_changes(void **state)
{
	(void)state;
	char path[4096], line[256];
	snprintf(path, sizeof(path), "%s/tests/vectors/permute.txt", SRCDIR);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n_vectors = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned long long n_hi, n_lo, seed, i, image_hi, image_lo;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		assert_int_equal(sscanf(line, "%llx:%llx %llu %llu %llx:%llx", &n_hi, &n_lo, &seed,
				     &i, &image_hi, &image_lo),
		    6);
		struct u128 got;
		if (n_hi) {
			struct permute_wide perm;
			permute_wide_init(&perm, (struct u128){n_hi, n_lo}, seed);
			got = permute_wide_index(&perm, u128_from_u64(i));
		} else {
			struct permute perm;
			permute_init(&perm, n_lo, seed);
			got = u128_from_u64(permute_index(&perm, i));
		}
		assert_true(u128_eq(got, (struct u128){image_hi, image_lo}));
		n_vectors++;
	}
	fclose(f);
	assert_true(n_vectors >= 40);
}

/* Chi-square of counts against a uniform expectation, as a standard normal deviate (Wilson, Hilferty
 * 1931). */
static double deviate(const uint32_t *count, size_t n_cells, double expected)
{
	double chi2 = 0, df = (double)n_cells - 1;
	for (size_t i = 0; i < n_cells; i++)
		chi2 += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
	double c = chi2 / df, cube = 1; /* cube root by Newton's method: no libm */
	for (int k = 0; k < 60; k++)
		cube = cube - (cube * cube * cube - c) / (3 * cube * cube);
	double var = 2 / (9 * df), sd = 1;
	for (int k = 0; k < 60; k++)
		sd = (sd + var / sd) / 2;
	return (cube - (1 - var)) / sd;
}

/* Where the next index lands, given where this one did: 16 x 16 cells, for steps 1, 2 and 256. */
static void neighbours_in_time_are_independent(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1 << 16, 1 << 24, 16777259, UINT64_C(3) << 40};
	static const uint64_t steps[] = {1, 2, 256};
	for (size_t s = 0; s < 4; s++) {
		for (size_t k = 0; k < 3; k++) {
			uint32_t count[256] = {0};
			struct permute perm;
			permute_init(&perm, sizes[s], 3 + s);
			uint64_t n = sizes[s] < 400000 ? sizes[s] / 4 : 400000;
			for (uint64_t i = 0; i < n; i++) {
				uint64_t a = permute_index(&perm, i);
				uint64_t b = permute_index(&perm, i + steps[k]);
				count[u64_mulhi(a * 16, UINT64_MAX / sizes[s]) % 16 * 16 +
				      u64_mulhi(b * 16, UINT64_MAX / sizes[s]) % 16]++;
			}
			double z = deviate(count, 256, (double)n / 256);
			assert_true(z < 4.5);
			assert_true(z > -4.5);
		}
	}
}

/* Over many seeds, index 0 lands everywhere equally often. */
static void seeds_give_unrelated_orders(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {3, 7, 64, 256, UINT64_C(1) << 40};
	for (size_t s = 0; s < 5; s++) {
		uint32_t cells = sizes[s] < 64 ? (uint32_t)sizes[s] : 64, count[64] = {0},
			 n = 20000;
		for (uint64_t seed = 0; seed < n; seed++) {
			struct permute perm;
			permute_init(&perm, sizes[s], seed);
			count[permute_index(&perm, 0) * cells / sizes[s]]++;
		}
		assert_true(deviate(count, cells, (double)n / cells) < 4.5);
	}
}

int main(void)
{
	if (hash_init())
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_small_n_is_a_bijection),
	    cmocka_unit_test(large_n_has_an_inverse_at_both_ends),
	    cmocka_unit_test(batches_equal_one_by_one),
	    cmocka_unit_test(wide_samples_have_no_repeats),
	    cmocka_unit_test(the_wide_one_is_a_bijection_too),
	    cmocka_unit_test(the_order_never_changes),
	    cmocka_unit_test(neighbours_in_time_are_independent),
	    cmocka_unit_test(seeds_give_unrelated_orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
