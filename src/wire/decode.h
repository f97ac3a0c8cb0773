#ifndef WIRE_DECODE_H
#define WIRE_DECODE_H

#include <stddef.h>

#include "wire/segment.h"

/* What stands before the IP header. */
enum link_type {
	LINK_ETHERNET, /* 14 bytes, VLAN tags tolerated */
	LINK_RAW_IP,   /* nothing: tun, WireGuard, ppp */
	LINK_TYPE_COUNT,
};

/* Reads one captured frame. Never reads beyond len, keeps nothing. Pure; any thread; O(len).
 *   bytes  the frame from its link header on; len bytes were captured
 *   out    filled; out->segment and so on borrow bytes
 * Checksums are verified. A checksum that holds just the pseudo header's sum is taken as right: that
 * is what a local sender leaves for the network card to complete (veth, offload), and it never
 * crosses a real wire. A captured length below the IP length makes it PACKET_MALFORMED. */
void wire_decode(enum link_type link, const uint8_t *bytes, size_t len, struct packet *out);

/* Reads a datagram that was put together from fragments: *whole is its payload, as one fragment at
 * offset 0. As above; a fragment inside it is PACKET_MALFORMED. */
void wire_decode_whole(const struct fragment *whole, struct packet *out);

#endif
