/* Base64: the vectors of RFC 4648 section 10, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"

static void test_vectors_of_the_rfc(void **state)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t out[16];
		size_t len = strlen(vectors[i][0]);
		assert_int_equal(
		    base64_decode(vectors[i][1], strlen(vectors[i][1]), out, sizeof(out)), len);
		assert_memory_equal(out, vectors[i][0], len);
	}
}

static void test_padding_may_be_missing(void **state)
{
	uint8_t out[4];
	(void)state;
	assert_int_equal(base64_decode("Zm8", 3, out, sizeof(out)), 2);
	assert_memory_equal(out, "fo", 2);
}

static void test_what_is_not_base64_is_refused(void **state)
{
	static const char *const bad[] = {"Z", "Zg=", "Zm9vZ", "Zm 8", "Zm9v\n",
	    "Zh==", "Zm9=", "Z===", "====", "=", "Zm9v====", "Zm-_"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t out[16];
		assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out, sizeof(out)), -EINVAL);
	}
}

static void test_a_small_buffer_is_not_overrun(void **state)
{
	uint8_t out[3] = {0, 0, 0x5a};
	(void)state;
	assert_int_equal(base64_decode("Zm9v", 4, out, 2), -ENOSPC);
	assert_int_equal(out[2], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors_of_the_rfc),
	    cmocka_unit_test(test_padding_may_be_missing),
	    cmocka_unit_test(test_what_is_not_base64_is_refused),
	    cmocka_unit_test(test_a_small_buffer_is_not_overrun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
