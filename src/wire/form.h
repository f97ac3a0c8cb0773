#ifndef WIRE_FORM_H
#define WIRE_FORM_H

#include <endian.h>
#include <string.h>

#include "wire/checksum.h"
#include "wire/patch.h"

/* A packet filled in as far as many are equal, so that each costs only what is its own: addresses, ports,
 * sequence number, IP identification, next hop. For first SYNs. Filled by form_fill. Words and sums of them are
 * as they lie in memory: sums of 16-bit words commute with byte swapping (RFC 1071 section 2 B). */
struct form {
	uint8_t bytes[TEMPLATE_MAX]; /* zero where a packet's own fields go */
	uint16_t len;                /* of the frame */
	uint16_t ip_off, tcp_off;
	bool is_v6;
	uint16_t ip_sum, tcp_sum; /* of all that is the same, folded */
};

/* Fills in all fields of common but flow, seq, ip_id and dst_mac, which it ignores; it has no payload. Any
 * thread. */
void form_fill(const struct template *tmpl, const struct patch *common, struct form *out);

static inline uint32_t form_word(const uint8_t *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline void form_put_check(uint8_t *at, uint64_t sum)
{
	uint16_t check = (uint16_t)~checksum_fold(sum);
	memcpy(at, &check, sizeof(check));
}

/* Identification and addresses of IPv4; returns the sum of the latter. */
static inline uint64_t form_write_ip4(
    const struct form *form, const struct patch *own, uint8_t *restrict ip)
{
	uint64_t sum =
	    (uint64_t)form_word(own->flow->laddr.b + 12) + form_word(own->flow->raddr.b + 12);
	uint16_t id = htobe16(own->ip_id);
	memcpy(ip + 4, &id, sizeof(id));
	memcpy(ip + 12, own->flow->laddr.b + 12, 4);
	memcpy(ip + 16, own->flow->raddr.b + 12, 4);
	form_put_check(ip + 10, form->ip_sum + sum + id);
	return sum;
}

/* The same of IPv6, whose header has no checksum. */
static inline uint64_t form_write_ip6(const struct patch *own, uint8_t *restrict ip)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < 16; i += 4)
		sum +=
		    (uint64_t)form_word(own->flow->laddr.b + i) + form_word(own->flow->raddr.b + i);
	memcpy(ip + 8, own->flow->laddr.b, 16);
	memcpy(ip + 24, own->flow->raddr.b, 16);
	return sum;
}

/* Writes the packet that patch_packet makes of the same template and patch: the form has what form_fill takes,
 * own the rest. frame: >= form->len bytes. Returns its length; cannot fail. Any thread. */
static inline size_t form_write(
    const struct form *form, const struct patch *own, uint8_t *restrict frame)
{
	uint32_t ports = htobe32((uint32_t)own->flow->lport << 16 | own->flow->rport);
	uint32_t seq = htobe32(own->seq);
	uint8_t *tcp = frame + form->tcp_off;
	template_copy(frame, form->bytes, form->len);
	if (own->dst_mac)
		memcpy(frame, own->dst_mac, 6);
	uint64_t sum = form->is_v6 ? form_write_ip6(own, frame + form->ip_off)
				   : form_write_ip4(form, own, frame + form->ip_off);
	memcpy(tcp, &ports, sizeof(ports));
	memcpy(tcp + 4, &seq, sizeof(seq));
	form_put_check(tcp + 16, form->tcp_sum + sum + ports + seq);
	return form->len;
}

#endif
