/* Every vector of every built-in signature file holds, no beginning of a positive one is taken for
 * something else, every rule decides one, and no port is claimed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/diag.h"
#include "sig/check.h"

static void print_failure(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static struct sig_set *open_builtin(void)
{
	struct diag diag = {""};
	struct sig_set *set = NULL;
	if (sig_set_create(NULL, 0, NULL, &diag, &set))
		fail_msg("%s", diag.text);
	return set;
}

static void test_every_vector_holds(void **state)
{
	struct sig_check_result result;
	struct sig_set *set = open_builtin();
	(void)state;
	assert_int_equal(sig_check_vectors(set, NULL, print_failure, NULL, &result), 0);
	printf("%zu vectors of %zu protocols\n", result.n_vectors, sig_set_protocol_count(set));
	assert_true(result.n_vectors > 4 * sig_set_protocol_count(set));
	assert_int_equal(result.n_failed, 0);
	sig_set_destroy(set);
}

static void test_no_port_has_two_owners(void **state)
{
	size_t n_clashes = 0;
	struct sig_set *set = open_builtin();
	(void)state;
	assert_int_equal(sig_check_ports(set, print_failure, NULL, &n_clashes), 0);
	assert_int_equal(n_clashes, 0);
	sig_set_destroy(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_vector_holds),
	    cmocka_unit_test(test_no_port_has_two_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
