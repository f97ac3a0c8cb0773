/* port_range: the default source ports avoid what the host uses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/port_range.h"

static void expect(
    unsigned lo, unsigned hi, const char *reserved, unsigned want_lo, unsigned want_hi)
{
	struct port_range ephemeral = {.lo = (uint16_t)lo, .hi = (uint16_t)hi}, got;
	assert_int_equal(port_range_choose(&ephemeral, reserved, &got), 0);
	assert_int_equal(got.lo, want_lo);
	assert_int_equal(got.hi, want_hi);
}

static void the_linux_default_leaves_the_ports_below(void **state)
{
	(void)state;
	expect(32768, 60999, "\n", 16384, 32767);
}

static void the_longest_run_is_taken_above_or_below(void **state)
{
	(void)state;
	expect(1024, 30000, "", 49152, 65535);
	expect(1, 1, "", 49152, 65535);
	expect(10000, 57000, "", 1024, 9999);
}

static void reserved_ports_stay_out(void **state)
{
	(void)state;
	expect(32768, 60999, "20000\n", 3616, 19999);
	expect(32768, 60999, "30000-32767,8080\n", 13616, 29999);
	expect(32768, 60999, "32767,32000-32010,60000-70000\n", 15616, 31999);
	/* Text that is no list changes nothing. */
	expect(32768, 60999, ",,x-,", 16384, 32767);
}

static void a_host_without_room_is_an_error(void **state)
{
	(void)state;
	struct port_range ephemeral = {.lo = 1024, .hi = 65535}, got = {1, 1};
	assert_int_equal(port_range_choose(&ephemeral, "", &got), -ENOSPC);
	ephemeral = (struct port_range){.lo = 9000, .hi = 65535};
	assert_int_equal(port_range_choose(&ephemeral, "", &got), -ENOSPC);
	ephemeral = (struct port_range){.lo = 1024 + 8192, .hi = 65535};
	assert_int_equal(port_range_choose(&ephemeral, "", &got), 0);
	assert_int_equal(got.hi - got.lo + 1, PORT_RANGE_MIN);
	ephemeral = (struct port_range){.lo = 1024 + 8191, .hi = 65535};
	assert_int_equal(port_range_choose(&ephemeral, "", &got), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_linux_default_leaves_the_ports_below),
	    cmocka_unit_test(the_longest_run_is_taken_above_or_below),
	    cmocka_unit_test(reserved_ports_stay_out),
	    cmocka_unit_test(a_host_without_room_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
