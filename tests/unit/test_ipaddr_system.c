/* ipaddr against the system: reads what inet_pton(3) reads and prints what RFC 5952 asks for. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ipaddr.h"

/* The system's answer for len bytes of text. */
static bool reference(const char *text, size_t len, uint8_t out[16])
{
	char buf[64];
	if (len == 0 || len >= IPADDR_STRLEN || memchr(text, '\0', len))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	memset(out, 0, 10);
	out[10] = out[11] = 0xff;
	return inet_pton(AF_INET, buf, out + 12) == 1 || inet_pton(AF_INET6, buf, out) == 1;
}

/* text ends at a page that cannot be read. */
static void compare(char *end, const char *text, size_t len)
{
	uint8_t want[16];
	struct ipaddr got = {{7}};
	bool is_good = reference(text, len, want);
	memcpy(end - len, text, len);
	int err = ipaddr_parse(end - len, len, &got);
	assert_int_equal(err, is_good ? 0 : -EINVAL);
	if (!is_good) {
		assert_int_equal(got.b[0], 7); /* left alone */
		return;
	}
	assert_memory_equal(got.b, want, 16);
	char printed[IPADDR_STRLEN];
	struct ipaddr again;
	size_t n = ipaddr_format(&got, printed);
	assert_int_equal(n, strlen(printed));
	assert_int_equal(ipaddr_parse(printed, strlen(printed), &again), 0);
	assert_true(ipaddr_equal(&got, &again));
}

static void parsing_agrees_with_inet_pton(void **state)
{
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map =
	    mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	static const char *const seeds[] = {"1.2.3.4", "255.255.255.255", "01.2.3.4", "1.2.3",
	    "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2::3",
	    "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3",
	    "12345::", ":1::", "1:", "2001:db8::a", "fFfF::AbCd", "::%1",
	    "1::8:", "0:0:0:0:0:0:0:0"};
	static const char alphabet[] = "0123456789abcdefF:.::..%g";
	unsigned state_random = 1;
	for (size_t s = 0; s < sizeof(seeds) / sizeof(seeds[0]); s++) {
		compare(map + page, seeds[s], strlen(seeds[s]));
		for (int round = 0; round < 20000; round++) {
			char text[64];
			size_t len = strlen(seeds[s]);
			memcpy(text, seeds[s], len);
			for (int edit = 0; edit < 1 + round % 3; edit++) {
				state_random = state_random * 1103515245u + 12345u;
				unsigned r = state_random >> 8;
				size_t at = r % (len + 1);
				char c = alphabet[r / 64 % (sizeof(alphabet) - 1)];
				if (r % 3 == 0 && at < len) {
					text[at] = c;
				} else if (r % 3 == 1 && len < 60) {
					memmove(text + at + 1, text + at, len - at);
					text[at] = c;
					len++;
				} else if (at < len) {
					memmove(text + at, text + at + 1, len - at - 1);
					len--;
				}
			}
			compare(map + page, text, len);
		}
	}
	munmap(map, 2 * page);
}

static void printing_is_canonical(void **state)
{
	(void)state;
	static const char *const canonical[] = {"0.0.0.0", "9.10.99.100", "255.255.255.255",
	    "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1",
	    "1:0:0:2::3", "fe80::abcd:0:0:1", "1:2:3:4:5:6:7:8", "::2:0:0:3"};
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		struct ipaddr addr;
		char text[IPADDR_STRLEN];
		assert_int_equal(ipaddr_parse(canonical[i], strlen(canonical[i]), &addr), 0);
		ipaddr_format(&addr, text);
		assert_string_equal(text, canonical[i]);
	}
	for (uint32_t octet = 0; octet < 256; octet++) {
		char text[IPADDR_STRLEN], want[INET_ADDRSTRLEN];
		struct ipaddr addr = ipaddr_from_v4(octet * 0x01010101u);
		assert_non_null(inet_ntop(AF_INET, addr.b + 12, want, sizeof(want)));
		ipaddr_format(&addr, text);
		assert_string_equal(text, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parsing_agrees_with_inet_pton),
	    cmocka_unit_test(printing_is_canonical),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
