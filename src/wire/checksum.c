/* checksum: the Internet checksum, whole and incremental. Pure; any thread.
 * Sources: RFC 1071, RFC 1624 section 3. */
#include "wire/checksum.h"

#include <string.h>

enum { IS_LITTLE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };

uint64_t checksum_sum(const uint8_t *bytes, size_t len)
{
	/* Little-endian or not, 16-bit one's complement sums commute with byte swapping (RFC 1071
	 * section 2 B), so words are added as they lie and the folded sum is swapped once. Whatever
	 * overflows 64 bits counts as 1 (section 2 A). */
	uint64_t sum = 0;
	uint64_t n_carries = 0;
	const uint8_t *end = bytes + (len & ~(size_t)7);
	for (; bytes < end; bytes += 8) {
		uint64_t w;
		memcpy(&w, bytes, 8);
		sum += w;
		n_carries += sum < w;
	}
	sum = (sum >> 32) + (uint32_t)sum + n_carries;
	if (len & 4) {
		uint32_t w;
		memcpy(&w, bytes, 4);
		sum += w;
		bytes += 4;
	}
	if (len & 2) {
		uint16_t w;
		memcpy(&w, bytes, 2);
		sum += w;
		bytes += 2;
	}
	/* The odd byte is the first of two. */
	if (len & 1)
		sum += IS_LITTLE ? bytes[0] : (unsigned)bytes[0] << 8;
	uint16_t folded = checksum_fold(sum);
	return IS_LITTLE ? __builtin_bswap16(folded) : folded;
}

uint64_t checksum_addr(const struct ipaddr *addr)
{
	const uint8_t *v4 = addr->b + 12;
	if (ipaddr_is_v4(addr))
		return checksum_u32(
		    (uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 | (uint32_t)v4[2] << 8 | v4[3]);
	return checksum_sum(addr->b, 16);
}

uint64_t checksum_pseudo(
    const struct ipaddr *src, const struct ipaddr *dst, uint8_t protocol, uint32_t len)
{
	return checksum_addr(src) + checksum_addr(dst) + protocol + checksum_u32(len);
}

uint16_t checksum_update(uint16_t hc, uint16_t m, uint16_t m2)
{
	return (uint16_t)~checksum_fold((uint64_t)(uint16_t)~hc + (uint16_t)~m + m2);
}
