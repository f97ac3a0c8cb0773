#ifndef BASE_IPADDR_H
#define BASE_IPADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An IPv4 or IPv6 address, network byte order. IPv4 is stored IPv4-mapped (::ffff:a.b.c.d, RFC 4291
 * section 2.5.5.2), so that one order, one hash and one memcmp serve both families. No padding. */
struct ipaddr {
	uint8_t b[16];
};

_Static_assert(sizeof(struct ipaddr) == 16, "memcmp and hashes rely on the absence of padding");

enum { IPADDR_STRLEN = 46 }; /* longest text of an address, with its NUL (INET6_ADDRSTRLEN) */

/* Network byte order to the machine's, and back. */
static inline uint64_t ipaddr_swap_u64(uint64_t v)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

/* The address as two numbers in host order, high half first (IPv4: mapped), and back. */
static inline void ipaddr_get_u64(const struct ipaddr *addr, uint64_t *hi, uint64_t *lo)
{
	memcpy(hi, addr->b, 8);
	memcpy(lo, addr->b + 8, 8);
	*hi = ipaddr_swap_u64(*hi);
	*lo = ipaddr_swap_u64(*lo);
}

static inline struct ipaddr ipaddr_from_u64(uint64_t hi, uint64_t lo)
{
	struct ipaddr a;
	hi = ipaddr_swap_u64(hi);
	lo = ipaddr_swap_u64(lo);
	memcpy(a.b, &hi, 8);
	memcpy(a.b + 8, &lo, 8);
	return a;
}

/* Is this an IPv4(-mapped) address? */
static inline bool ipaddr_is_v4(const struct ipaddr *addr)
{
	uint64_t hi, lo;
	ipaddr_get_u64(addr, &hi, &lo);
	return hi == 0 && lo >> 32 == 0xffff;
}

/* The address of an IPv4 number in host order. */
static inline struct ipaddr ipaddr_from_v4(uint32_t v4)
{
	return ipaddr_from_u64(0, UINT64_C(0xffff) << 32 | v4);
}

/* The IPv4 number, host order. addr must be IPv4. */
static inline uint32_t ipaddr_get_v4(const struct ipaddr *addr)
{
	uint64_t hi, lo;
	ipaddr_get_u64(addr, &hi, &lo);
	return (uint32_t)lo;
}

/* memcmp order: IPv4 (mapped) sorts among IPv6 by its mapped bytes. */
int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b);
bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b);

/* Reads exactly len bytes of text as one address: dotted quad of four decimal numbers without
 * leading zeros, or RFC 4291 section 2.2 text without a zone. Text of an IPv4-mapped IPv6 address
 * gives the IPv4 address. Returns 0, or -EINVAL and leaves *out alone. text need not end in NUL. */
int ipaddr_parse(const char *text, size_t len, struct ipaddr *out);

/* Writes RFC 5952 text (IPv4: dotted quad) and a NUL to buf; returns the text's length. */
size_t ipaddr_format(const struct ipaddr *addr, char buf[IPADDR_STRLEN]);

#endif
