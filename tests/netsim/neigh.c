/* neigh: the link's side of netsim, ARP and NDP. Pure, any thread. Refuses to answer duplicate
 * address probes: the asker's own addresses stay its own. Sources: RFC 826, 4861, 4862, 5227. */
#include "tests/netsim/neigh.h"

#include <string.h>

#include "tests/netsim/mix.h"

enum {
	ARP_LEN = 28,
	V6_AT = FRAME_ETH_LEN,
	ICMP_AT = FRAME_ETH_LEN + 40,
	NS_LEN = 24,
	NA_LEN = 32
};

void neigh_mac(const struct neigh *neigh, const struct ipaddr *addr, uint8_t out[FRAME_MAC_LEN])
{
	uint64_t h = 1;
	if (!ipaddr_equal(addr, &neigh->gateway4) && !ipaddr_equal(addr, &neigh->gateway6))
		h = mix_addr(0, 0x6d6163, addr);
	const uint8_t mac[FRAME_MAC_LEN] = {
	    0x02, 0x6e, 0x73, (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h};
	memcpy(out, mac, sizeof(mac));
}

static bool is_ours(const struct neigh *neigh, const struct ipaddr *addr)
{
	return neigh->is_on_link || ipaddr_equal(addr, &neigh->gateway4) ||
	       ipaddr_equal(addr, &neigh->gateway6);
}

static size_t answer_arp(const struct neigh *neigh, const uint8_t *frame, size_t len, uint8_t *buf)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
	const uint8_t *arp = frame + FRAME_ETH_LEN;
	if (len < FRAME_ETH_LEN + ARP_LEN || memcmp(arp, request, sizeof(request)) != 0)
		return 0;
	struct ipaddr asker = ipaddr_from_v4(frame_get32(arp + 14));
	struct ipaddr wanted = ipaddr_from_v4(frame_get32(arp + 24));
	if (frame_get32(arp + 14) == 0 || ipaddr_equal(&asker, &wanted) || !is_ours(neigh, &wanted))
		return 0;
	uint8_t mac[FRAME_MAC_LEN];
	neigh_mac(neigh, &wanted, mac);
	memcpy(buf, arp + 8, FRAME_MAC_LEN);
	memcpy(buf + 6, mac, FRAME_MAC_LEN);
	frame_put16(buf + 12, 0x0806);
	uint8_t *out = buf + FRAME_ETH_LEN;
	memcpy(out, request, sizeof(request));
	out[7] = 2;
	memcpy(out + 8, mac, FRAME_MAC_LEN);
	memcpy(out + 14, arp + 24, 4);
	memcpy(out + 18, arp + 8, 10);
	return FRAME_ETH_LEN + ARP_LEN;
}

static size_t answer_ndp(const struct neigh *neigh, const uint8_t *frame, size_t len, uint8_t *buf)
{
	if (len < ICMP_AT + NS_LEN || frame[V6_AT + 6] != 58 || frame[V6_AT + 7] != 255)
		return 0;
	const uint8_t *ns = frame + ICMP_AT;
	size_t ns_len = frame_get16(frame + V6_AT + 4);
	if (ns[0] != 135 || ns[1] != 0 || ns_len < NS_LEN || ICMP_AT + ns_len > len)
		return 0;
	struct ipaddr asker, wanted;
	memcpy(asker.b, frame + V6_AT + 8, 16);
	memcpy(wanted.b, ns + 8, 16);
	struct ipaddr dst;
	memcpy(dst.b, frame + V6_AT + 24, 16);
	if (frame_pseudo_checksum(&asker, &dst, 58, ns, ns_len) != 0)
		return 0;
	static const struct ipaddr unspecified;
	if (ipaddr_equal(&asker, &unspecified) || ipaddr_equal(&asker, &wanted) ||
	    !is_ours(neigh, &wanted))
		return 0;
	uint8_t mac[FRAME_MAC_LEN];
	neigh_mac(neigh, &wanted, mac);
	memcpy(buf, frame + 6, FRAME_MAC_LEN);
	memcpy(buf + 6, mac, FRAME_MAC_LEN);
	frame_put16(buf + 12, 0x86dd);
	uint8_t *ip = buf + V6_AT;
	frame_put32(ip, 0x60000000);
	frame_put16(ip + 4, NA_LEN);
	ip[6] = 58;
	ip[7] = 255;
	memcpy(ip + 8, wanted.b, 16);
	memcpy(ip + 24, asker.b, 16);
	uint8_t *na = buf + ICMP_AT;
	memset(na, 0, NA_LEN);
	na[0] = 136;
	/* solicited, override; a gateway also says that it is a router */
	na[4] = ipaddr_equal(&wanted, &neigh->gateway6) ? 0xe0 : 0x60;
	memcpy(na + 8, wanted.b, 16);
	na[24] = 2;
	na[25] = 1;
	memcpy(na + 26, mac, FRAME_MAC_LEN);
	frame_put16(na + 2, frame_pseudo_checksum(&wanted, &asker, 58, na, NA_LEN));
	return ICMP_AT + NA_LEN;
}

size_t neigh_answer(const struct neigh *neigh, const uint8_t *frame, size_t len, uint8_t *buf)
{
	if (len < FRAME_ETH_LEN)
		return 0;
	if (frame_get16(frame + 12) == 0x0806)
		return answer_arp(neigh, frame, len, buf);
	return answer_ndp(neigh, frame, len, buf);
}
