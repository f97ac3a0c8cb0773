/* quick: what it takes means the same to the slow parser, and it takes what lists are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "targets/item.h"
#include "targets/quick.h"
#include "tests/unit/rng.h"

static char *guard; /* behind it nothing can be read */

/* Does quick take the line at text, and is it right? */
static bool check(const char *text, size_t len)
{
	char *p = guard - QUICK_SLACK - len;
	struct quick_line line = {{7, 7}, 7};
	memcpy(p, text, len);
	size_t used = quick_parse(p, len, &line);
	if (used == 0)
		return false;
	const char *newline = memchr(text, '\n', len);
	assert_non_null(newline);
	assert_int_equal(used, newline - text + 1);
	size_t n = used - 1 - (used > 1 && newline[-1] == '\r');
	struct item item;
	struct diag diag;
	if (item_parse(text, n, &item, NULL, &diag))
		fail_msg("quick takes %.*s", (int)n, text);
	assert_int_equal(item.kind, ITEM_RANGE);
	assert_true(u128_eq(item.range.lo, line.addr) && u128_eq(item.range.hi, line.addr));
	assert_int_equal(item.prefix_len, 128);
	assert_int_equal(item.port, line.port);
	assert_null(item.ports);
	return true;
}

static size_t random_line(struct rng *rng, char *text)
{
	char addr[IPADDR_STRLEN];
	struct ipaddr a = ipaddr_from_u64(rng_next(rng), rng_next(rng));
	bool is_v4 = rng_below(rng, 2), has_port = rng_below(rng, 4) > 0;
	if (is_v4)
		a = ipaddr_from_v4((uint32_t)rng_next(rng) >> rng_below(rng, 32));
	for (size_t i = 0; i < 16 && !is_v4; i++)
		if (rng_below(rng, 2))
			a.b[i] = 0;
	ipaddr_format(&a, addr);
	bool is_mapped_tail = strchr(addr, '.') && strchr(addr, ':');
	if (is_mapped_tail)
		strcpy(addr, "::1");
	const char *form = is_v4 ? "%s:%u%s" : "[%s]:%u%s";
	const char *end = rng_below(rng, 4) ? "\n" : "\r\n";
	if (has_port)
		return (size_t)sprintf(
		    text, form, addr, (unsigned)(1 + rng_below(rng, 65535)), end);
	return (size_t)sprintf(text, "%s%s", addr, end);
}

static void plain_lines_are_taken_and_changed_ones_never_misread(void **state)
{
	(void)state;
	static const char some[] = "0123456789abcdefABCDEFgx:.[]%/-# \t\r\n\0\xff\x80";
	struct rng rng = {20};
	char text[256];
	size_t n_changed_taken = 0;
	for (int i = 0; i < 300000; i++) {
		size_t len = random_line(&rng, text);
		if (!check(text, len))
			fail_msg("not taken: %s", text);
		len += random_line(&rng, text + len); /* what follows is not looked at */
		assert_true(check(text, len));
		size_t cut = 1 + (size_t)rng_below(&rng, (uint32_t)len);
		(void)check(text, cut);
		for (uint64_t k = 0; k <= rng_below(&rng, 3); k++) {
			char c = some[rng_below(&rng, sizeof(some) - 1)];
			if (c) /* lists with a NUL are not for it */
				text[rng_below(&rng, (uint32_t)len)] = c;
		}
		n_changed_taken += check(text, len);
	}
	assert_true(n_changed_taken > 30000);
}

/* Every short text between a beginning and an end where rules change. */
static void every_short_text_is_read_as_the_slow_way_does(void **state)
{
	(void)state;
	static const char letters[] = "01f:.[]\n\r";
	static const char *const heads[] = {"", "[", "1.2.3", "255.1.2.", "1:2:3:4:5:6:7",
	    "[1:2:3:4:5:6::", "::", "1::2:3:4:5:6:", "10.0.0.1:", "[::1]:", "1.1.1.1:6553",
	    "abcd:ef01::1234"};
	static const char *const tails[] = {"\n", ":80\n", "]:80\r\n"};
	enum { MAX = 5, BASE = sizeof(letters) - 1 };
	size_t n_taken = 0;
	for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++) {
		for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++) {
			for (uint32_t i = 0; i < BASE * BASE * BASE * BASE * BASE; i++) {
				char text[64];
				size_t len = strlen(heads[h]);
				memcpy(text, heads[h], len);
				for (uint32_t v = i, k = 0; k < MAX && v > 0; k++, v /= BASE)
					text[len++] = letters[v % BASE];
				len += (size_t)sprintf(text + len, "%s", tails[t]);
				n_taken += check(text, len);
			}
		}
	}
	assert_true(n_taken > 1000);
}

static void limits_of_numbers_are_kept(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_taken;
	} rows[] = {{"255.255.255.255:65535\n", true}, {"256.0.0.1:80\n", false},
	    {"1.2.3.999\n", false}, {"1.2.3.4:65536\n", false}, {"1.2.3.4:0\n", false},
	    {"1.2.3.4:99999\n", false}, {"1.2.3.4:100000\n", false}, {"1.2.3.4:\n", false},
	    {"01.2.3.4\n", false}, {"0.0.0.0:1\n", true}, {"1.2.3.4\r\n", true},
	    {"1.2.3.4\r", false}, {"1.2.3.4", false}, {"1.2.3.4 \n", false}, {" 1.2.3.4\n", false},
	    {"\n", false}, {"::\n", true}, {"[::]:1\n", true}, {"::ffff:1.2.3.4\n", false},
	    {":::\n", false}, {"1:2:3:4:5:6:7:8\n", true}, {"1:2:3:4:5:6:7:8:9\n", false},
	    {"1::2::3\n", false}, {"fe80::1%eth0\n", false}, {"[1.2.3.4]:80\n", false},
	    {"12345::\n", false}, {"[::1]\n", true}, {"::1]\n", false}, {"[::1\n", false},
	    {"[::1]80\n", false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (check(rows[i].text, strlen(rows[i].text)) != rows[i].is_taken)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_lines_are_taken_and_changed_ones_never_misread),
	    cmocka_unit_test(every_short_text_is_read_as_the_slow_way_does),
	    cmocka_unit_test(limits_of_numbers_are_kept),
	};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map =
	    mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + page, page, PROT_NONE))
		return 1;
	guard = map + page;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
