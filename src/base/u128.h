#ifndef BASE_U128_H
#define BASE_U128_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* 128-bit unsigned numbers: IPv6 addresses as numbers and counts of them. Our own, because
 * __int128 is missing on 32-bit machines. All pure, O(1). */
struct u128 {
	uint64_t hi;
	uint64_t lo;
};

#define U128_MAX ((struct u128){UINT64_MAX, UINT64_MAX})

static inline struct u128 u128_from_u64(uint64_t v)
{
	return (struct u128){0, v};
}

static inline bool u128_lt(struct u128 a, struct u128 b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

static inline bool u128_le(struct u128 a, struct u128 b)
{
	return !u128_lt(b, a);
}

static inline bool u128_eq(struct u128 a, struct u128 b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* Modulo 2^128. */
static inline struct u128 u128_add(struct u128 a, struct u128 b)
{
	uint64_t lo = a.lo + b.lo;
	return (struct u128){a.hi + b.hi + (lo < a.lo), lo};
}

static inline struct u128 u128_add_u64(struct u128 a, uint64_t b)
{
	return u128_add(a, u128_from_u64(b));
}

/* Modulo 2^128. */
static inline struct u128 u128_sub(struct u128 a, struct u128 b)
{
	return (struct u128){a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo};
}

static inline struct u128 u128_sub_u64(struct u128 a, uint64_t b)
{
	return u128_sub(a, u128_from_u64(b));
}

/* a + b, or U128_MAX when that does not fit. */
static inline struct u128 u128_add_sat(struct u128 a, struct u128 b)
{
	struct u128 sum = u128_add(a, b);
	return u128_lt(sum, a) ? U128_MAX : sum;
}

/* The number with its n low bits set; n in 0..128. */
static inline struct u128 u128_low_mask(unsigned n)
{
	if (n >= 128)
		return U128_MAX;
	if (n >= 64)
		return (struct u128){n == 64 ? 0 : UINT64_MAX >> (128 - n), UINT64_MAX};
	return (struct u128){0, n == 0 ? 0 : UINT64_MAX >> (64 - n)};
}

/* The high 64 bits of a * b. */
static inline uint64_t u64_mulhi(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	return (uint64_t)(((unsigned __int128)a * b) >> 64);
#else
	uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
	uint64_t ll = al * bl, lh = al * bh, hl = ah * bl;
	uint64_t mid = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
	return ah * bh + (lh >> 32) + (hl >> 32) + (mid >> 32);
#endif
}

/* a * b, or U128_MAX when that does not fit. */
static inline struct u128 u128_mul_u32_sat(struct u128 a, uint32_t b)
{
	uint64_t over = u64_mulhi(a.hi, b);
	struct u128 low = {u64_mulhi(a.lo, b), a.lo * b};
	struct u128 high = {a.hi * b, 0};
	return over ? U128_MAX : u128_add_sat(high, low);
}

/* a / b rounded down, remainder in *rest. b > 0. Long division in base 2^32. */
static inline struct u128 u128_div_u32(struct u128 a, uint32_t b, uint32_t *rest)
{
	uint32_t digit[4] = {
	    (uint32_t)(a.hi >> 32), (uint32_t)a.hi, (uint32_t)(a.lo >> 32), (uint32_t)a.lo};
	uint64_t carry = 0;
	for (int i = 0; i < 4; i++) {
		uint64_t part = carry << 32 | digit[i];
		digit[i] = (uint32_t)(part / b);
		carry = part % b;
	}
	*rest = (uint32_t)carry;
	return (struct u128){
	    (uint64_t)digit[0] << 32 | digit[1], (uint64_t)digit[2] << 32 | digit[3]};
}

/* An address as a number (IPv4: its mapped form) and back. */
static inline struct u128 u128_from_addr(const struct ipaddr *addr)
{
	struct u128 v;
	ipaddr_get_u64(addr, &v.hi, &v.lo);
	return v;
}

static inline struct ipaddr u128_to_addr(struct u128 v)
{
	return ipaddr_from_u64(v.hi, v.lo);
}

/* Is the address of this number IPv4(-mapped)? */
static inline bool u128_is_v4(struct u128 v)
{
	return v.hi == 0 && v.lo >> 32 == 0xffff;
}

#endif
