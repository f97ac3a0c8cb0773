#ifndef NETSIM_FRAME_H
#define NETSIM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/flow.h"

/* Ethernet frames read and written by hand, on purpose without the scanner's wire/ layer: a bug
 * that both ends shared would hide itself. All numbers in host order. */

enum { FRAME_CAP = 2048, FRAME_MAC_LEN = 6, FRAME_ETH_LEN = 14, FRAME_OPTIONS_MAX = 40 };

enum {
	SEG_FIN = 0x01,
	SEG_SYN = 0x02,
	SEG_RST = 0x04,
	SEG_PSH = 0x08,
	SEG_ACK = 0x10,
};

/* A frame as it lies in somebody's memory. */
struct frame_view {
	const uint8_t *bytes;
	size_t len;
};

enum frame_kind {
	FRAME_TCP,          /* a whole TCP segment, fields filled */
	FRAME_ARP,          /* for neigh_answer() */
	FRAME_ICMP6,        /* maybe a neighbour solicitation: for neigh_answer() */
	FRAME_OTHER,        /* well-formed, not for us */
	FRAME_BAD,          /* shorter than its own lengths say, or a fragment */
	FRAME_BAD_CHECKSUM, /* a host would drop it without a word */
	FRAME_KIND_COUNT,
};

/* One segment that came in. flow.laddr:lport is the sender (the scanner), raddr:rport the host that
 * netsim plays. Pointers borrow the frame. */
struct seg_in {
	uint8_t dst_mac[FRAME_MAC_LEN];
	uint8_t src_mac[FRAME_MAC_LEN];
	struct flow flow;
	uint32_t hash; /* of the flow, for conns.h; not filled here */
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;
	bool has_options;
	bool has_ts;
	bool has_sack;
	bool has_wscale;
	uint8_t wscale;
	uint16_t mss; /* 0: not offered */
	uint32_t tsval;
	const uint8_t *payload;
	uint16_t payload_len;
	const uint8_t *ip; /* the IP packet, for an ICMP error to quote */
	uint16_t ip_len;
};

/* Reads a frame of len bytes. is_verifying: checksums of the IPv4 header and of TCP must be right.
 * Fills *out completely only for FRAME_TCP. O(len). */
enum frame_kind frame_parse(
    const uint8_t *frame, size_t len, bool is_verifying, struct seg_in *out);

/* One segment to build: from raddr:rport (the host played) to laddr:lport (the scanner). */
struct seg_out {
	const uint8_t *dst_mac;
	const uint8_t *src_mac;
	const struct flow *flow;
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;
	uint8_t ttl;
	uint16_t ip_id;
	bool
	    has_ip_options; /* IPv4: four bytes of NOP; IPv6: an empty destination options header */
	uint8_t options_len; /* multiple of 4 */
	uint8_t options[FRAME_OPTIONS_MAX];
	const uint8_t *payload; /* may be NULL with payload_len 0 */
	uint16_t payload_len;   /* at most FRAME_CAP - 14 - 40 - 60 */
};

/* Writes the frame, checksums included, to buf (FRAME_CAP bytes); returns its length. The payload ends
 * the frame. */
size_t frame_build_tcp(uint8_t *buf, const struct seg_out *seg);

/* Writes an ICMP "administratively prohibited" (RFC 1812 section 5.2.7.1 code 13; RFC 4443 section
 * 3.1 code 1) that quotes seg, from router (same family as the flow), to the scanner. */
size_t frame_build_unreachable(
    uint8_t *buf, const struct seg_in *seg, const struct ipaddr *router, uint8_t ttl);

/* Writes piece k (from 0) of the datagram in frame, cut every step bytes (a multiple of 8), to buf
 * (FRAME_CAP bytes): IP fragments of RFC 791 or RFC 8200 section 4.5. id: of the datagram, for IPv6;
 * IPv4 has its own. Returns its length, 0 when there is no such piece. */
size_t frame_build_piece(
    uint8_t *buf, const uint8_t *frame, size_t len, size_t step, unsigned k, uint32_t id);

/* Internet checksum (RFC 1071) over bytes, starting from sum; not yet complemented. */
uint32_t frame_sum(const uint8_t *bytes, size_t len, uint32_t sum);
uint16_t frame_sum_finish(uint32_t sum);

/* The checksum of an upper-layer packet with its pseudo header (IPv4 or IPv6 by the addresses). */
uint16_t frame_pseudo_checksum(const struct ipaddr *src, const struct ipaddr *dst, uint8_t protocol,
    const uint8_t *bytes, size_t len);

static inline uint16_t frame_get16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t frame_get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void frame_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void frame_put32(uint8_t *p, uint32_t v)
{
	frame_put16(p, (uint16_t)(v >> 16));
	frame_put16(p + 2, (uint16_t)v);
}

#endif
