#ifndef WIRE_CHECKSUM_H
#define WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* The Internet checksum (RFC 1071) in parts: sums are unfolded and may be added to each other as
 * long as each part but the last has even length. */

/* Sum of len bytes as big-endian 16-bit words; an odd last byte is padded with zero. */
uint64_t checksum_sum(const uint8_t *bytes, size_t len);

/* Folds to 16 bits, not complemented. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;  /* at most 33 bits */
	sum = (sum >> 16) + (sum & 0xffff); /* 18 */
	sum = (sum >> 16) + (sum & 0xffff); /* 17 */
	return (uint16_t)((sum >> 16) + (sum & 0xffff));
}

/* Sum of the TCP or ICMPv6 pseudo header of either family (RFC 9293 section 3.1, RFC 8200 section
 * 8.1). len: upper-layer length in bytes. */
uint64_t checksum_pseudo(
    const struct ipaddr *src, const struct ipaddr *dst, uint8_t protocol, uint32_t len);

/* Sum of a 32-bit number in host order: itself, because 2^16 is 1 in this arithmetic. */
static inline uint64_t checksum_u32(uint32_t v)
{
	return v;
}

/* The sum that belongs to one address: 4 bytes for IPv4, 16 for IPv6. */
uint64_t checksum_addr(const struct ipaddr *addr);

/* RFC 1624 equation 3: the header checksum hc after one 16-bit field changed from m to m2. */
uint16_t checksum_update(uint16_t hc, uint16_t m, uint16_t m2);

#endif
