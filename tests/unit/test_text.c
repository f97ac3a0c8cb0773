/* Claims about out/text: exact forms, no overflow, and that no byte of a stranger gets through raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base64.h"
#include "out/text.h"
#include "tests/out/samples.h"
#include "tests/unit/guard.h"

static char buf[65536];

static const char *end_text(struct text *t)
{
	assert_false(t->is_full);
	text_putc(t, '\0');
	return t->p;
}

static void test_numbers_have_one_form(void **state)
{
	(void)state;
	static const struct {
		int64_t v;
		unsigned decimals;
		const char *want;
	} rows[] = {{0, 3, "0.0"}, {12500, 3, "12.5"}, {12000, 3, "12.0"}, {1, 3, "0.001"},
	    {-1, 4, "-0.0001"}, {-473000, 4, "-47.3"}, {INT64_MIN, 6, "-9223372036854.775808"},
	    {INT64_MAX, 1, "922337203685477580.7"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text t = text_make(buf, sizeof(buf));
		text_put_fixed(&t, rows[i].v, rows[i].decimals);
		assert_string_equal(end_text(&t), rows[i].want);
	}
	static const uint64_t numbers[] = {0, 9, 10, 65535, UINT64_MAX};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct text t = text_make(buf, sizeof(buf));
		text_put_u64(&t, numbers[i]);
		assert_int_equal(strtoull(end_text(&t), NULL, 10), numbers[i]);
	}
}

static void test_time_agrees_with_the_c_library(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 20000; i++) {
		int64_t us = (int64_t)(sample_next(&seed) % UINT64_C(4102444800000000));
		time_t secs = (time_t)(us / 1000000);
		struct tm tm;
		char want[64];
		assert_non_null(gmtime_r(&secs, &tm));
		size_t n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(want + n, sizeof(want) - n, ".%06ldZ", (long)(us % 1000000));
		struct text t = text_make(buf, sizeof(buf));
		text_put_time(&t, us * 1000 + 999);
		assert_string_equal(end_text(&t), want);
	}
	struct text t = text_make(buf, sizeof(buf));
	text_put_time(&t, -5);
	assert_string_equal(end_text(&t), "1970-01-01T00:00:00.000000Z");
}

static void test_addresses_read_back(void **state)
{
	(void)state;
	uint64_t seed = 2;
	for (int i = 0; i < 20000; i++) {
		struct ipaddr addr = i % 2
					 ? ipaddr_from_v4((uint32_t)sample_next(&seed))
					 : ipaddr_from_u64(sample_next(&seed), sample_next(&seed));
		struct ipaddr back;
		struct text t = text_make(buf, sizeof(buf));
		text_put_ip(&t, &addr);
		size_t len = t.len;
		assert_int_equal(ipaddr_parse(buf, len, &back), 0);
		assert_true(ipaddr_equal(&addr, &back));
	}
}

static void test_base64_is_that_of_rfc_4648(void **state)
{
	(void)state;
	/* section 10 */
	static const char *const rows[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text t = text_make(buf, sizeof(buf));
		text_put_base64(&t, (const uint8_t *)rows[i][0], strlen(rows[i][0]));
		assert_string_equal(end_text(&t), rows[i][1]);
	}
}

static void test_base64_of_any_length_reads_back(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	uint8_t bytes[300], back[300];
	uint64_t seed = 3;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)sample_next(&seed);
		struct text t = text_make(buf, sizeof(buf));
		text_put_base64(&t, guard_put(&guard, bytes, len), len);
		assert_int_equal(t.len, (len + 2) / 3 * 4);
		assert_int_equal(base64_decode(t.p, t.len, back, sizeof(back)), len);
		assert_memory_equal(back, bytes, len);
	}
	/* Every six-bit value at every place. */
	for (unsigned v = 0; v < 64; v++) {
		memset(bytes, 0, sizeof(bytes));
		for (size_t i = 0; i < 96; i++)
			for (unsigned bit = 0; bit < 6; bit++)
				if (v >> (5 - bit) & 1)
					bytes[(i * 6 + bit) / 8] |=
					    (uint8_t)(0x80 >> (i * 6 + bit) % 8);
		struct text t = text_make(buf, sizeof(buf));
		text_put_base64(&t, bytes, 72);
		for (size_t i = 0; i < 96; i++)
			assert_int_equal(t.p[i],
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[v]);
	}
}

static void test_printable_keeps_text_and_escapes_the_rest(void **state)
{
	(void)state;
	static const struct {
		const char *in, *bare, *json, *csv;
	} rows[] = {
	    {"plain", "plain", "plain", "plain"},
	    {"a\"b", "a\"b", "a\\\"b", "a\"\"b"},
	    {"a\\b", "a\\\\b", "a\\\\\\\\b", "a\\\\b"},
	    {"\r\n\t", "\\r\\n\\t", "\\\\r\\\\n\\\\t", "\\r\\n\\t"},
	    {"\x1b[1m", "\\x1b[1m", "\\\\x1b[1m", "\\x1b[1m"},
	    {"Z\xc3\xbcrich", "Z\xc3\xbcrich", "Z\xc3\xbcrich", "Z\xc3\xbcrich"},
	    {"\xff", "\\xff", "\\\\xff", "\\xff"},
	    {"\xe2\x80\xae"
	     "txt",
		"\\xe2\\x80\\xae"
		"txt",
		"\\\\xe2\\\\x80\\\\xae"
		"txt",
		"\\xe2\\x80\\xae"
		"txt"},
	    {"\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82", "\\xe2\\x82"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *want[] = {rows[i].bare, rows[i].json, rows[i].csv};
		for (int quote = TEXT_QUOTE_NONE; quote <= TEXT_QUOTE_CSV; quote++) {
			struct text t = text_make(buf, sizeof(buf));
			text_put_printable(&t, (const uint8_t *)rows[i].in, strlen(rows[i].in), 100,
			    (enum text_quote)quote);
			assert_string_equal(end_text(&t), want[quote]);
		}
	}
}

static void test_printable_does_not_cut_a_character(void **state)
{
	(void)state;
	struct text t = text_make(buf, sizeof(buf));
	text_put_printable(&t, (const uint8_t *)"ab\xe2\x82\xac", 5, 4, TEXT_QUOTE_NONE);
	assert_string_equal(end_text(&t), "ab");
}

/* Reads the escapes back. */
static size_t unescape(const char *p, size_t len, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (p[i] != '\\') {
			out[n++] = (uint8_t)p[i];
			continue;
		}
		i++;
		assert_true(i < len);
		if (p[i] == 'x') {
			char hex[3] = {p[i + 1], p[i + 2], 0};
			out[n++] = (uint8_t)strtoul(hex, NULL, 16);
			i += 2;
		} else {
			out[n++] = (uint8_t)(p[i] == 'r'   ? '\r'
					     : p[i] == 'n' ? '\n'
					     : p[i] == 't' ? '\t'
							   : '\\');
		}
	}
	return n;
}

static void test_any_bytes_become_visible_utf8_and_read_back(void **state)
{
	(void)state;
	static struct result r;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		sample_make(&r, SAMPLE_HOSTILE, seed);
		struct text t = text_make(buf, sizeof(buf));
		text_put_printable(&t, r.data, r.data_len, r.data_len, TEXT_QUOTE_NONE);
		assert_false(t.is_full);
		const uint8_t *p = (const uint8_t *)t.p;
		const uint8_t *end = p + t.len;
		while (p < end) {
			uint32_t cp;
			size_t n = text_decode_utf8(p, end, &cp);
			assert_true(n > 0);
			assert_true(cp >= 0x20 && cp != 0x7f && !(cp >= 0x80 && cp < 0xa0));
			p += n;
		}
		uint8_t back[RESULT_DATA_MAX * 4];
		assert_int_equal(unescape(t.p, t.len, back), r.data_len);
		assert_memory_equal(back, r.data, r.data_len);
	}
}

static void test_utf8_decoder_takes_exactly_rfc_3629(void **state)
{
	(void)state;
	/* Every code point, encoded by the rule, decodes to itself; surrogates do not. */
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		uint8_t b[4];
		size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
		uint32_t v = cp;
		for (size_t i = n; i-- > 1; v >>= 6)
			b[i] = (uint8_t)(0x80 | (v & 0x3f));
		b[0] = (uint8_t)(n == 1 ? v : (0xf00U >> n & 0xff) | v);
		uint32_t got = 0;
		size_t len = text_decode_utf8(b, b + n, &got);
		if (cp >= 0xd800 && cp < 0xe000) {
			assert_int_equal(len, 0);
		} else {
			assert_int_equal(len, n);
			assert_int_equal(got, cp);
			if (n > 1)
				assert_int_equal(text_decode_utf8(b, b + n - 1, &got), 0);
		}
	}
	static const char *const bad[] = {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
	    "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xe2\x28\xa1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint32_t cp;
		const uint8_t *p = (const uint8_t *)bad[i];
		assert_int_equal(text_decode_utf8(p, p + strlen(bad[i]), &cp), 0);
	}
}

static void test_a_full_buffer_is_noticed_and_never_overrun(void **state)
{
	(void)state;
	static struct result r;
	sample_make(&r, SAMPLE_HOSTILE, 5);
	for (size_t cap = 0; cap < 600; cap++) {
		char *small = malloc(cap + 1);
		small[cap] = 0x55;
		struct text t = text_make(small, cap);
		text_put_printable(
		    &t, (const uint8_t *)"\"\\\x01\xff\xe2\x82\xac", 7, 7, TEXT_QUOTE_JSON);
		text_put_json_lossy(&t, (const uint8_t *)"\"\\\x01\xff\xe2\x82\xac", 7);
		text_put_base64(&t, (const uint8_t *)buf, 300);
		text_put_fixed(&t, 123456, 3);
		text_put_time(&t, 0);
		assert_true(t.len <= cap);
		assert_int_equal(small[cap], 0x55);
		assert_int_equal(t.is_full, cap < 472);
		free(small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers_have_one_form),
	    cmocka_unit_test(test_time_agrees_with_the_c_library),
	    cmocka_unit_test(test_addresses_read_back),
	    cmocka_unit_test(test_base64_is_that_of_rfc_4648),
	    cmocka_unit_test(test_base64_of_any_length_reads_back),
	    cmocka_unit_test(test_printable_keeps_text_and_escapes_the_rest),
	    cmocka_unit_test(test_printable_does_not_cut_a_character),
	    cmocka_unit_test(test_any_bytes_become_visible_utf8_and_read_back),
	    cmocka_unit_test(test_utf8_decoder_takes_exactly_rfc_3629),
	    cmocka_unit_test(test_a_full_buffer_is_noticed_and_never_overrun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
