/* Which probes a port gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "sig/sig.h"

static struct sig_set *set;

static int open_builtin(void **state)
{
	struct diag diag = {""};
	(void)state;
	return sig_set_create(NULL, 0, NULL, &diag, &set);
}

static int close_builtin(void **state)
{
	(void)state;
	sig_set_destroy(set);
	return 0;
}

static struct sig_planner *make(const char *probes)
{
	struct diag diag = {""};
	struct sig_planner *planner = NULL;
	if (sig_planner_create(set, probes, &diag, &planner))
		fail_msg("%s", diag.text);
	return planner;
}

static const char *name_of(const struct sig_plan *plan, size_t step)
{
	return sig_set_get_probe(set, plan->steps[step].probe_id)->name;
}

static void test_auto_sends_two_data_packets_at_most(void **state)
{
	struct sig_planner *planner = make("auto");
	(void)state;
	for (unsigned port = 0; port <= 65535; port++) {
		const struct sig_plan *plan = sig_planner_get(planner, (uint16_t)port);
		assert_in_range(plan->n_steps, 1, 2);
		assert_true(
		    plan->n_steps == 1 || plan->steps[0].probe_id != plan->steps[1].probe_id);
	}
	sig_planner_destroy(planner);
}

static void test_the_expected_protocol_comes_first(void **state)
{
	struct sig_planner *planner = make("auto");
	(void)state;
	assert_string_equal(name_of(sig_planner_get(planner, 443), 0), "tls");
	assert_string_equal(name_of(sig_planner_get(planner, 80), 0), "http");
	assert_string_equal(name_of(sig_planner_get(planner, 5432), 0), "postgres");
	assert_string_equal(name_of(sig_planner_get(planner, 445), 0), "smb");
	sig_planner_destroy(planner);
}

static void test_who_speaks_first_is_listened_to_first(void **state)
{
	struct sig_planner *planner = make("auto");
	(void)state;
	assert_true(sig_planner_get(planner, 22)->steps[0].wait_ms >= 1000);
	assert_int_equal(sig_planner_get(planner, 443)->steps[0].wait_ms, 0);
	assert_int_equal(sig_planner_get(planner, 47813)->steps[0].wait_ms, 0);
	assert_true(sig_planner_get(planner, 47813)->steps[1].wait_ms > 0);
	sig_planner_destroy(planner);
}

static void test_a_list_is_taken_as_it_stands(void **state)
{
	struct sig_planner *planner = make("wait,tls,http,redis");
	const struct sig_plan *plan = sig_planner_get(planner, 443);
	(void)state;
	assert_int_equal(plan->n_steps, 4);
	assert_string_equal(name_of(plan, 0), "wait");
	assert_int_equal(sig_set_get_probe(set, plan->steps[0].probe_id)->len, 0);
	assert_true(plan->steps[0].wait_ms > 0);
	assert_string_equal(name_of(plan, 1), "tls");
	assert_string_equal(name_of(plan, 3), "redis");
	assert_ptr_equal(plan, sig_planner_get(planner, 1));
	sig_planner_destroy(planner);
}

static void test_an_unknown_probe_is_refused_by_name(void **state)
{
	static const char *const bad[] = {"nosuch", "http,", ",http", "", "http,,tls", "auto,http"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct diag diag = {""};
		struct sig_planner *planner = NULL;
		assert_int_equal(sig_planner_create(set, bad[i], &diag, &planner), -EINVAL);
		assert_non_null(strstr(diag.text, "--probes: "));
		assert_null(planner);
	}
}

static void test_probes_are_found_by_id_name_and_bytes(void **state)
{
	(void)state;
	assert_true(sig_set_probe_count(set) > 20);
	for (size_t i = 0; i < sig_set_probe_count(set); i++) {
		const struct sig_probe *probe = sig_set_get_probe(set, (uint16_t)i);
		assert_int_equal(probe->id, i);
		assert_ptr_equal(sig_set_find_probe(set, probe->name), probe);
		if (probe->len)
			assert_ptr_equal(
			    sig_set_find_probe_bytes(set, probe->bytes, probe->len), probe);
	}
	assert_null(sig_set_get_probe(set, SIG_PROBE_NONE));
	assert_null(sig_set_find_probe(set, "nosuch"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_auto_sends_two_data_packets_at_most),
	    cmocka_unit_test(test_the_expected_protocol_comes_first),
	    cmocka_unit_test(test_who_speaks_first_is_listened_to_first),
	    cmocka_unit_test(test_a_list_is_taken_as_it_stands),
	    cmocka_unit_test(test_an_unknown_probe_is_refused_by_name),
	    cmocka_unit_test(test_probes_are_found_by_id_name_and_bytes),
	};
	return cmocka_run_group_tests(tests, open_builtin, close_builtin);
}
