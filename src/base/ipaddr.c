/* ipaddr: addresses of both families as 16 bytes. Pure; any thread.
 * Sources: RFC 4291 section 2.2 and 2.5.5.2 (text, mapped form), RFC 5952 (canonical text). */
#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ipaddr_is_v4(const struct ipaddr *addr)
{
	return memcmp(addr->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

struct ipaddr ipaddr_from_v4(uint32_t v4)
{
	struct ipaddr a;
	memcpy(a.b, v4_prefix, sizeof(v4_prefix));
	a.b[12] = (uint8_t)(v4 >> 24);
	a.b[13] = (uint8_t)(v4 >> 16);
	a.b[14] = (uint8_t)(v4 >> 8);
	a.b[15] = (uint8_t)v4;
	return a;
}

static uint64_t read_be64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return __builtin_bswap64(v);
}

uint32_t ipaddr_get_v4(const struct ipaddr *addr)
{
	return (uint32_t)read_be64(addr->b + 8);
}

void ipaddr_get_u64(const struct ipaddr *addr, uint64_t *hi, uint64_t *lo)
{
	*hi = read_be64(addr->b);
	*lo = read_be64(addr->b + 8);
}

struct ipaddr ipaddr_from_u64(uint64_t hi, uint64_t lo)
{
	struct ipaddr a;
	hi = __builtin_bswap64(hi);
	lo = __builtin_bswap64(lo);
	memcpy(a.b, &hi, 8);
	memcpy(a.b + 8, &lo, 8);
	return a;
}

int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/* inet_pton(3) is strict in glibc and musl (four decimal parts, no leading zeros for AF_INET). */
int ipaddr_parse(const char *text, size_t len, struct ipaddr *out)
{
	char buf[IPADDR_STRLEN];
	if (len == 0 || len >= sizeof(buf) || memchr(text, '\0', len))
		return -EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';
	uint8_t v4[4];
	if (inet_pton(AF_INET, buf, v4) == 1) {
		memcpy(out->b, v4_prefix, sizeof(v4_prefix));
		memcpy(out->b + 12, v4, 4);
		return 0;
	}
	uint8_t v6[16];
	if (inet_pton(AF_INET6, buf, v6) != 1)
		return -EINVAL;
	memcpy(out->b, v6, sizeof(v6));
	return 0;
}

size_t ipaddr_format(const struct ipaddr *addr, char buf[IPADDR_STRLEN])
{
	if (ipaddr_is_v4(addr))
		inet_ntop(AF_INET, addr->b + 12, buf, IPADDR_STRLEN);
	else
		inet_ntop(AF_INET6, addr->b, buf, IPADDR_STRLEN);
	return strlen(buf);
}
