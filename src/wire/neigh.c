/* neigh: ARP and Neighbor Discovery frames. Pure; any thread.
 * Sources: RFC 826; RFC 4861 sections 4.3, 4.4 and 7.2; RFC 4291 section 2.7.1 (solicited-node
 * group); RFC 2464 section 7 (its Ethernet address). */
#include "wire/neigh.h"

#include <string.h>

#include "wire/checksum.h"

enum { ICMPV6_NS = 135, ICMPV6_NA = 136, NDP_LEN = 32 };

static size_t build_arp(uint8_t *f, uint8_t op, const uint8_t *mac, const struct ipaddr *laddr,
    const uint8_t *rmac, const struct ipaddr *raddr)
{
	static const uint8_t head[7] = {0, 1, 8, 0, 6, 4, 0};
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	memset(f, 0, 60); /* the shortest Ethernet frame, without its checksum */
	memcpy(f, rmac ? rmac : broadcast, 6);
	memcpy(f + 6, mac, 6);
	f[12] = 0x08;
	f[13] = 0x06;
	memcpy(f + 14, head, sizeof(head));
	f[21] = op;
	memcpy(f + 22, mac, 6);
	memcpy(f + 28, laddr->b + 12, 4);
	if (rmac)
		memcpy(f + 32, rmac, 6);
	memcpy(f + 38, raddr->b + 12, 4);
	return 60;
}

static size_t build_ndp(uint8_t *f, uint8_t type, const uint8_t *mac, const struct ipaddr *laddr,
    const uint8_t *dst_mac, const struct ipaddr *dst, const struct ipaddr *about)
{
	memset(f, 0, 54 + NDP_LEN);
	memcpy(f, dst_mac, 6);
	memcpy(f + 6, mac, 6);
	f[12] = 0x86;
	f[13] = 0xdd;
	uint8_t *ip = f + 14;
	ip[0] = 0x60;
	ip[5] = NDP_LEN;
	ip[6] = 58;
	ip[7] = 255;
	memcpy(ip + 8, laddr->b, 16);
	memcpy(ip + 24, dst->b, 16);
	uint8_t *icmp = ip + 40;
	icmp[0] = type;
	icmp[4] = type == ICMPV6_NA ? 0x60 : 0; /* solicited, override */
	memcpy(icmp + 8, about->b, 16);
	icmp[24] = type == ICMPV6_NA ? 2 : 1; /* target or source link-layer address */
	icmp[25] = 1;
	memcpy(icmp + 26, mac, 6);
	uint64_t sum = checksum_pseudo(laddr, dst, 58, NDP_LEN) + checksum_sum(icmp, NDP_LEN);
	uint16_t check = (uint16_t)~checksum_fold(sum);
	icmp[2] = (uint8_t)(check >> 8);
	icmp[3] = (uint8_t)check;
	return 54 + NDP_LEN;
}

size_t neigh_build_request(const uint8_t mac[6], const struct ipaddr *laddr,
    const struct ipaddr *addr, uint8_t frame[NEIGH_FRAME_MAX])
{
	if (ipaddr_is_v4(addr))
		return build_arp(frame, 1, mac, laddr, NULL, addr);
	struct ipaddr group = {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}};
	memcpy(group.b + 13, addr->b + 13, 3);
	uint8_t group_mac[6] = {0x33, 0x33, group.b[12], group.b[13], group.b[14], group.b[15]};
	return build_ndp(frame, ICMPV6_NS, mac, laddr, group_mac, &group, addr);
}

size_t neigh_build_reply(const uint8_t mac[6], const struct ipaddr *laddr, const uint8_t rmac[6],
    const struct ipaddr *raddr, uint8_t frame[NEIGH_FRAME_MAX])
{
	if (ipaddr_is_v4(laddr))
		return build_arp(frame, 2, mac, laddr, rmac, raddr);
	return build_ndp(frame, ICMPV6_NA, mac, laddr, rmac, raddr, laddr);
}
