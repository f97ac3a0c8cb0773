/* checksum: the Internet checksum, whole and incremental. Pure; any thread.
 * Sources: RFC 1071, RFC 1624 section 3. */
#include "wire/checksum.h"

#include <string.h>

uint64_t checksum_sum(const uint8_t *bytes, size_t len)
{
	/* Little-endian or not, 16-bit one's complement sums commute with byte swapping (RFC 1071
	 * section 2 B), so words are added as they lie and the folded sum is swapped once. */
	uint64_t sum = 0;
	while (len >= 4) {
		uint32_t w;
		memcpy(&w, bytes, 4);
		sum += w;
		bytes += 4;
		len -= 4;
	}
	if (len >= 2) {
		uint16_t w;
		memcpy(&w, bytes, 2);
		sum += w;
		bytes += 2;
		len -= 2;
	}
	if (len) {
		uint8_t pad[2] = {bytes[0], 0};
		uint16_t w;
		memcpy(&w, pad, 2);
		sum += w;
	}
	uint16_t folded = checksum_fold(sum);
	uint8_t out[2];
	memcpy(out, &folded, 2);
	return (uint64_t)((unsigned)out[0] << 8 | out[1]);
}

uint64_t checksum_addr(const struct ipaddr *addr)
{
	if (ipaddr_is_v4(addr))
		return checksum_sum(addr->b + 12, 4);
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
