#ifndef WIRE_SEGMENT_H
#define WIRE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/flow.h"

/* TCP control bits, RFC 9293 section 3.1. */
enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
};

/* Sequence number comparison modulo 2^32 (RFC 9293 section 3.4). */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

/* One TCP segment. Received: flow.local is the destination. Host order. options and payload borrow
 * the packet's buffer and die when the handler returns. */
struct segment {
	struct flow flow;
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval; /* only with has_ts */
	uint32_t tsecr;
	uint16_t window; /* unscaled */
	uint16_t mss;    /* 0: option absent */
	uint8_t flags;
	uint8_t ttl; /* hop limit for IPv6 */
	bool has_ts;
	bool has_wscale;
	uint8_t wscale; /* 0..14 (RFC 7323 section 2.3) */
	uint8_t options_len;
	uint16_t payload_len;
	const uint8_t *options;
	const uint8_t *payload;
};

/* An ICMP or ICMPv6 error that quotes a segment of ours. flow.local is the quoted source. */
struct icmp_error {
	struct flow flow;
	uint32_t seq; /* of the quoted segment */
	uint8_t type;
	uint8_t code;
	bool is_v6;
	uint16_t
	    mtu; /* of "fragmentation needed" (RFC 1191) or "packet too big" (RFC 8201), else 0 */
};

/* ARP (RFC 826) or Neighbor Discovery (RFC 4861) about one address. */
struct neighbour_msg {
	struct ipaddr addr; /* whom it is about */
	struct ipaddr from; /* sender's protocol address, for a request */
	uint8_t mac[6];     /* the sender's */
	bool is_request;    /* who has addr? */
};

/* A piece of an IP datagram that was cut on its way (RFC 791, RFC 8200 section 4.5). bytes borrow the
 * packet's buffer. */
struct fragment {
	struct ipaddr src, dst;
	uint32_t id;
	uint8_t proto; /* protocol, or next header of the fragment header */
	uint8_t ttl;
	bool is_last;
	uint16_t off; /* of its first byte in the datagram's payload; a multiple of 8 */
	uint16_t len;
	const uint8_t *bytes;
};

enum packet_kind {
	PACKET_TCP,
	PACKET_ICMP_ERROR,
	PACKET_NEIGHBOUR,
	PACKET_FRAGMENT,     /* a piece of a datagram: for engine/fragments */
	PACKET_BAD_CHECKSUM, /* IP, TCP or ICMP */
	PACKET_MALFORMED,    /* lengths that cannot be */
	PACKET_OTHER,
	PACKET_KIND_COUNT,
};

struct packet {
	enum packet_kind kind;
	union {
		struct segment segment;
		struct icmp_error icmp;
		struct neighbour_msg neighbour;
		struct fragment fragment;
	};
};

#endif
