/* The order of a scan is uniform at every prefix of the sequence, and neighbours in time are far apart in
 * address space: what the networks that are scanned see (issue: masscan's generator fails this). */
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

static struct targets *create(const struct targets_spec *spec)
{
	struct diag diag = {""};
	struct targets *targets = NULL;
	if (targets_create(spec, &diag, &targets))
		fail_msg("targets_create: %s", diag.text);
	return targets;
}

/* Chi-square of counts, all cells equally likely, as a standard normal deviate (Wilson and Hilferty,
 * 1931); without replacement the counts of n of N targets vary less by (N - n) / (N - 1). Roots by
 * Newton's method: no libm. */
static double deviate(const uint32_t *count, size_t n_cells, double n, double n_all)
{
	double chi2 = 0, df = (double)n_cells - 1, expected = n / (double)n_cells;
	for (size_t i = 0; i < n_cells; i++)
		chi2 += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
	double c = chi2 / (df * (n_all - n) / (n_all - 1)), cube = 1;
	for (int k = 0; k < 100; k++)
		cube = cube - (cube * cube * cube - c) / (3 * cube * cube);
	double var = 2 / (9 * df), sd = 1;
	for (int k = 0; k < 60; k++)
		sd = (sd + var / sd) / 2;
	return (cube - (1 - var)) / sd;
}

/* 128 /16s of IPv4 x 4 ports, and as many IPv6 targets in 128 /112s. */
enum { N_NETS = 128, N_PORTS = 4 };

static void every_prefix_of_the_sequence_is_uniform(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.0/9", "2001:db8::/105", NULL};
	static const double parts[] = {0.001, 0.01, 0.1};
	struct targets_spec spec = spec_of(args, "22,80,443,8080");
	const double n_all = 2.0 * (1 << 23) * N_PORTS;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		spec.seed = seed;
		struct targets *targets = create(&spec);
		for (size_t p = 0; p < 3; p++) {
			uint32_t nets[2 * N_NETS] = {0}, ports[N_PORTS] = {0}, families[2] = {0};
			uint32_t cells[2 * N_NETS * N_PORTS] = {0};
			struct targets_iter it;
			static struct target out[256];
			size_t n_want = (size_t)(n_all * parts[p]), n_done = 0;
			targets_iter_init(&it, targets, 0, 1);
			while (n_done < n_want) {
				size_t n = targets_iter_next(
				    &it, out, n_want - n_done < 256 ? n_want - n_done : 256);
				for (size_t i = 0; i < n; i++) {
					bool is_v4 = ipaddr_is_v4(&out[i].addr);
					size_t net = (is_v4 ? 0u : 128u) + out[i].addr.b[13] % 128u;
					size_t port = out[i].port == 22    ? 0
						      : out[i].port == 80  ? 1
						      : out[i].port == 443 ? 2
									   : 3;
					nets[net]++;
					ports[port]++;
					families[is_v4]++;
					cells[net * N_PORTS + port]++;
				}
				n_done += n;
			}
			/* Nine draws of four statistics: beyond 4.5 once in 10,000 right generators. */
			assert_true(deviate(nets, 2 * N_NETS, (double)n_done, n_all) < 4.5);
			assert_true(deviate(ports, N_PORTS, (double)n_done, n_all) < 4.5);
			assert_true(deviate(families, 2, (double)n_done, n_all) < 4.5);
			assert_true(
			    deviate(cells, 2 * N_NETS * N_PORTS, (double)n_done, n_all) < 4.5);
			/* Too even is wrong as well. */
			assert_true(
			    deviate(cells, 2 * N_NETS * N_PORTS, (double)n_done, n_all) > -4.5);
		}
		targets_destroy(targets);
	}
}

/* Of 100 targets in a row, how many can one /24 of a /8 expect? Almost never two. */
static void no_network_sees_a_burst(void **state)
{
	(void)state;
	enum { WINDOW = 100, N = 1000000 };
	static uint32_t last_seen[1 << 16];
	char *args[] = {"10.0.0.0/8", NULL};
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets = create(&spec);
	struct targets_iter it;
	static struct target out[WINDOW];
	uint32_t n_close = 0, n_done = 0;
	targets_iter_init(&it, targets, 0, 1);
	while (n_done < N) {
		size_t n = targets_iter_next(&it, out, WINDOW);
		for (size_t i = 0; i < n; i++) {
			uint32_t net = ipaddr_get_v4(&out[i].addr) >> 8 & 0xffff;
			n_done++;
			n_close += last_seen[net] > 0 && n_done - last_seen[net] < WINDOW;
			last_seen[net] = n_done;
		}
	}
	/* Expected: N * 99 / 65536 = 1511, standard deviation 39. */
	assert_in_range(n_close, 1511 - 5 * 39, 1511 + 5 * 39);
	targets_destroy(targets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_prefix_of_the_sequence_is_uniform),
	    cmocka_unit_test(no_network_sees_a_burst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
