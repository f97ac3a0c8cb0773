#ifndef WIRE_PATCH_H
#define WIRE_PATCH_H

#include <string.h>

#include "wire/segment.h"

enum { TEMPLATE_MAX = 128 };

/* A packet made once by libnet, whose varying fields are rewritten for every send. Offsets are from
 * the first byte of the frame. The sums cover what never changes. Filled by template_init. */
struct template
{
	uint8_t bytes[TEMPLATE_MAX];
	uint16_t len;    /* of the whole header: link + IP + TCP with options */
	uint16_t ip_off; /* length of the link header */
	uint16_t tcp_off;
	uint16_t ts_off; /* of TSval; 0: no timestamp option */
	bool is_v6;
	uint64_t ip_sum; /* IPv4 header without id, length and addresses */
	uint64_t
	    tcp_sum; /* pseudo header's protocol and TCP header without ports, numbers, flags, ts */
};

/* Takes a finished packet apart.
 *   frame   link header, IP header without options, TCP header without payload; len bytes
 *   ip_off  bytes of link header (0 or 14)
 * Returns 0, or -EINVAL when the frame is not such a packet, is longer than TEMPLATE_MAX, or has a
 * timestamp option whose values stand at an odd offset. */
int template_init(struct template *tmpl, const uint8_t *frame, size_t len, size_t ip_off)
    __attribute__((warn_unused_result));

/* len is 40 to TEMPLATE_MAX: two copies of fixed size that may overlap cost no call. */
static inline void template_copy(uint8_t *to, const uint8_t *from, size_t len)
{
	if (len >= TEMPLATE_MAX / 2 && len <= TEMPLATE_MAX * 3 / 4) { /* SYNs of both families */
		memcpy(to, from, TEMPLATE_MAX / 2);
		memcpy(
		    to + len - TEMPLATE_MAX / 4, from + len - TEMPLATE_MAX / 4, TEMPLATE_MAX / 4);
	} else if (len >= TEMPLATE_MAX / 2) {
		memcpy(to, from, TEMPLATE_MAX / 2);
		memcpy(
		    to + len - TEMPLATE_MAX / 2, from + len - TEMPLATE_MAX / 2, TEMPLATE_MAX / 2);
	} else {
		memcpy(to, from, TEMPLATE_MAX / 4);
		memcpy(
		    to + len - TEMPLATE_MAX / 4, from + len - TEMPLATE_MAX / 4, TEMPLATE_MAX / 4);
	}
}

/* What varies from packet to packet; host order. */
struct patch {
	const struct flow *flow;
	const uint8_t *dst_mac; /* 6 bytes; NULL: no link header */
	uint32_t seq;
	uint32_t ack; /* 0 without TCP_ACK */
	uint32_t tsval, tsecr;
	uint16_t window;
	uint16_t ip_id; /* IPv4 only */
	uint8_t flags;
	const uint8_t *payload; /* may be NULL with payload_len 0 */
	uint16_t payload_len;
};

/* Writes the packet to frame (>= tmpl->len + payload_len bytes); returns its length. Cannot fail.
 * Checksums are sums of the constant part and the varying fields (RFC 1624's arithmetic), so a SYN
 * costs no pass over the packet. O(payload_len). Any thread. */
size_t patch_packet(const struct template *tmpl, const struct patch *patch, uint8_t *frame);

#endif
