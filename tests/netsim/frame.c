/* frame: Ethernet, IPv4, IPv6, TCP and ICMP errors, bytes <-> structs. Pure, any thread. Refuses
 * fragments (a scanner has no reason to send any) and VLAN tags. Sources: RFC 791, 8200, 9293,
 * 1071, 7323; shares nothing with the scanner's wire/. */
#include "tests/netsim/frame.h"

#include <string.h>

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
	ETHERTYPE_ARP_ = 0x0806,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_ICMP6 = 58,
	V4_LEN = 20,
	V6_LEN = 40,
	FRAGMENT_LEN = 8,
	PROTO_FRAGMENT = 44,
	TCP_LEN = 20,
};

uint32_t frame_sum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	uint64_t wide = sum;
	for (; len >= 4; len -= 4, bytes += 4)
		wide += frame_get32(bytes);
	if (len >= 2) {
		wide += frame_get16(bytes);
		bytes += 2;
		len -= 2;
	}
	if (len)
		wide += (uint32_t)bytes[0] << 8;
	while (wide >> 16 > 0xffff)
		wide = (wide & 0xffff) + (wide >> 16);
	return (uint32_t)((wide & 0xffff) + (wide >> 16));
}

uint16_t frame_sum_finish(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t frame_pseudo_checksum(const struct ipaddr *src, const struct ipaddr *dst, uint8_t protocol,
    const uint8_t *bytes, size_t len)
{
	uint32_t sum = (uint32_t)len + protocol;
	if (ipaddr_is_v4(src)) {
		sum = frame_sum(src->b + 12, 4, sum);
		sum = frame_sum(dst->b + 12, 4, sum);
	} else {
		sum = frame_sum(src->b, 16, sum);
		sum = frame_sum(dst->b, 16, sum);
	}
	return frame_sum_finish(frame_sum(bytes, len, sum));
}

static void parse_options(const uint8_t *p, size_t len, struct seg_in *out)
{
	const uint8_t *end = p + len;
	while (p < end && *p != 0) {
		if (*p == 1) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		if (p[0] == 2 && p[1] == 4) {
			out->mss = frame_get16(p + 2);
		} else if (p[0] == 3 && p[1] == 3) {
			out->has_wscale = true;
			out->wscale = p[2] > 14 ? 14 : p[2];
		} else if (p[0] == 4 && p[1] == 2) {
			out->has_sack = true;
		} else if (p[0] == 8 && p[1] == 10) {
			out->has_ts = true;
			out->tsval = frame_get32(p + 2);
		}
		p += p[1];
	}
}

static enum frame_kind parse_tcp(
    const uint8_t *tcp, size_t len, bool is_verifying, struct seg_in *out)
{
	if (len < TCP_LEN)
		return FRAME_BAD;
	size_t header_len = (size_t)(tcp[12] >> 4) * 4;
	if (header_len < TCP_LEN || header_len > len)
		return FRAME_BAD;
	if (is_verifying &&
	    frame_pseudo_checksum(&out->flow.laddr, &out->flow.raddr, PROTO_TCP, tcp, len) != 0)
		return FRAME_BAD_CHECKSUM;
	out->flow.lport = frame_get16(tcp);
	out->flow.rport = frame_get16(tcp + 2);
	out->seq = frame_get32(tcp + 4);
	out->ack = frame_get32(tcp + 8);
	out->flags = tcp[13];
	out->window = frame_get16(tcp + 14);
	out->payload = tcp + header_len;
	out->payload_len = (uint16_t)(len - header_len);
	out->has_options = header_len > TCP_LEN;
	parse_options(tcp + TCP_LEN, header_len - TCP_LEN, out);
	return FRAME_TCP;
}

static enum frame_kind parse_v4(
    const uint8_t *ip, size_t len, bool is_verifying, struct seg_in *out)
{
	if (len < V4_LEN || ip[0] >> 4 != 4)
		return FRAME_BAD;
	size_t header_len = (size_t)(ip[0] & 15) * 4;
	size_t total = frame_get16(ip + 2);
	if (header_len < V4_LEN || total < header_len || total > len)
		return FRAME_BAD;
	if (frame_get16(ip + 6) & 0x3fff)
		return FRAME_BAD;
	if (is_verifying && frame_sum_finish(frame_sum(ip, header_len, 0)) != 0)
		return FRAME_BAD_CHECKSUM;
	if (ip[9] != PROTO_TCP)
		return FRAME_OTHER;
	out->ip = ip;
	out->ip_len = (uint16_t)total;
	out->flow.laddr = ipaddr_from_v4(frame_get32(ip + 12));
	out->flow.raddr = ipaddr_from_v4(frame_get32(ip + 16));
	return parse_tcp(ip + header_len, total - header_len, is_verifying, out);
}

static enum frame_kind parse_v6(
    const uint8_t *ip, size_t len, bool is_verifying, struct seg_in *out)
{
	if (len < V6_LEN || ip[0] >> 4 != 6)
		return FRAME_BAD;
	size_t total = V6_LEN + (size_t)frame_get16(ip + 4);
	if (total > len)
		return FRAME_BAD;
	memcpy(out->flow.laddr.b, ip + 8, 16);
	memcpy(out->flow.raddr.b, ip + 24, 16);
	out->ip = ip;
	out->ip_len = (uint16_t)total;
	uint8_t next = ip[6];
	size_t at = V6_LEN;
	/* hop-by-hop, routing and destination options may stand before TCP (RFC 8200 section 4.1) */
	for (int n = 0; n < 4 && (next == 0 || next == 43 || next == 60); n++) {
		if (at + 8 > total)
			return FRAME_BAD;
		next = ip[at];
		at += ((size_t)ip[at + 1] + 1) * 8;
	}
	if (at > total)
		return FRAME_BAD;
	if (next == PROTO_ICMP6)
		return FRAME_ICMP6;
	if (next != PROTO_TCP)
		return FRAME_OTHER;
	return parse_tcp(ip + at, total - at, is_verifying, out);
}

enum frame_kind frame_parse(const uint8_t *frame, size_t len, bool is_verifying, struct seg_in *out)
{
	memset(out, 0, sizeof(*out));
	if (len < FRAME_ETH_LEN)
		return FRAME_BAD;
	memcpy(out->dst_mac, frame, FRAME_MAC_LEN);
	memcpy(out->src_mac, frame + FRAME_MAC_LEN, FRAME_MAC_LEN);
	const uint8_t *ip = frame + FRAME_ETH_LEN;
	len -= FRAME_ETH_LEN;
	switch (frame_get16(frame + 12)) {
	case ETHERTYPE_V4:
		return parse_v4(ip, len, is_verifying, out);
	case ETHERTYPE_V6:
		return parse_v6(ip, len, is_verifying, out);
	case ETHERTYPE_ARP_:
		return FRAME_ARP;
	}
	return FRAME_OTHER;
}

/* Ethernet and IP headers from src to dst in front of len bytes of protocol; returns where those
 * bytes go. */
static uint8_t *put_ip(uint8_t *buf, const uint8_t *dst_mac, const uint8_t *src_mac,
    const struct ipaddr *src, const struct ipaddr *dst, uint8_t protocol, size_t len, uint8_t ttl,
    uint16_t ip_id, bool has_options)
{
	memcpy(buf, dst_mac, FRAME_MAC_LEN);
	memcpy(buf + FRAME_MAC_LEN, src_mac, FRAME_MAC_LEN);
	uint8_t *ip = buf + FRAME_ETH_LEN;
	if (ipaddr_is_v4(src)) {
		frame_put16(buf + 12, ETHERTYPE_V4);
		size_t header_len = has_options ? V4_LEN + 4 : V4_LEN;
		memset(ip, 0, V4_LEN);
		memset(ip + V4_LEN, 1, header_len - V4_LEN);
		ip[0] = (uint8_t)(0x40 | header_len / 4);
		frame_put16(ip + 2, (uint16_t)(header_len + len));
		frame_put16(ip + 4, ip_id);
		frame_put16(ip + 6, 0x4000);
		ip[8] = ttl;
		ip[9] = protocol;
		memcpy(ip + 12, src->b + 12, 4);
		memcpy(ip + 16, dst->b + 12, 4);
		frame_put16(ip + 10, frame_sum_finish(frame_sum(ip, header_len, 0)));
		return ip + header_len;
	}
	frame_put16(buf + 12, ETHERTYPE_V6);
	frame_put32(ip, 0x60000000);
	frame_put16(ip + 4, (uint16_t)(len + (has_options ? 8 : 0)));
	ip[6] = has_options ? 60 : protocol;
	ip[7] = ttl;
	memcpy(ip + 8, src->b, 16);
	memcpy(ip + 24, dst->b, 16);
	if (!has_options)
		return ip + V6_LEN;
	/* destination options: one PadN (RFC 8200 section 4.2) */
	const uint8_t padding[8] = {protocol, 0, 1, 4, 0, 0, 0, 0};
	memcpy(ip + V6_LEN, padding, sizeof(padding));
	return ip + V6_LEN + sizeof(padding);
}

size_t frame_build_tcp(uint8_t *buf, const struct seg_out *seg)
{
	size_t header_len = (size_t)TCP_LEN + seg->options_len;
	size_t len = header_len + seg->payload_len;
	uint8_t *tcp = put_ip(buf, seg->dst_mac, seg->src_mac, &seg->flow->raddr, &seg->flow->laddr,
	    PROTO_TCP, len, seg->ttl, seg->ip_id, seg->has_ip_options);
	frame_put16(tcp, seg->flow->rport);
	frame_put16(tcp + 2, seg->flow->lport);
	frame_put32(tcp + 4, seg->seq);
	frame_put32(tcp + 8, seg->ack);
	tcp[12] = (uint8_t)(header_len / 4 << 4);
	tcp[13] = seg->flags;
	frame_put16(tcp + 14, seg->window);
	frame_put32(tcp + 16, 0);
	if (seg->options_len)
		memcpy(tcp + TCP_LEN, seg->options, seg->options_len);
	if (seg->payload_len)
		memcpy(tcp + header_len, seg->payload, seg->payload_len);
	frame_put16(tcp + 16,
	    frame_pseudo_checksum(&seg->flow->raddr, &seg->flow->laddr, PROTO_TCP, tcp, len));
	return (size_t)(tcp - buf) + len;
}

size_t frame_build_unreachable(
    uint8_t *buf, const struct seg_in *seg, const struct ipaddr *router, uint8_t ttl)
{
	bool is_v4 = ipaddr_is_v4(router);
	/* RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4: as much as fits 576 and 1280 bytes */
	size_t room = is_v4 ? 576 - V4_LEN - 8 : 1280 - V6_LEN - 8;
	size_t quoted = seg->ip_len < room ? seg->ip_len : room;
	size_t len = 8 + quoted;
	uint8_t protocol = is_v4 ? PROTO_ICMP : PROTO_ICMP6;
	uint8_t *icmp = put_ip(buf, seg->src_mac, seg->dst_mac, router, &seg->flow.laddr, protocol,
	    len, ttl, frame_get16(seg->ip + 4), false);
	memset(icmp, 0, 8);
	icmp[0] = is_v4 ? 3 : 1;
	icmp[1] = is_v4 ? 13 : 1;
	memcpy(icmp + 8, seg->ip, quoted);
	uint16_t sum =
	    is_v4 ? frame_sum_finish(frame_sum(icmp, len, 0))
		  : frame_pseudo_checksum(router, &seg->flow.laddr, PROTO_ICMP6, icmp, len);
	frame_put16(icmp + 2, sum);
	return (size_t)(icmp - buf) + len;
}

size_t frame_build_piece(
    uint8_t *buf, const uint8_t *frame, size_t len, size_t step, unsigned k, uint32_t id)
{
	const uint8_t *ip = frame + FRAME_ETH_LEN;
	bool is_v4 = ip[0] >> 4 == 4;
	size_t header_len = is_v4 ? (size_t)(ip[0] & 15) * 4 : V6_LEN;
	const uint8_t *body = ip + header_len;
	size_t body_len = len - FRAME_ETH_LEN - header_len;
	size_t off = k * step;
	if (off >= body_len)
		return 0;
	bool has_more = off + step < body_len;
	size_t n = has_more ? step : body_len - off;
	memcpy(buf, frame, FRAME_ETH_LEN + header_len);
	uint8_t *out = buf + FRAME_ETH_LEN;
	if (is_v4) {
		frame_put16(out + 2, (uint16_t)(header_len + n));
		frame_put16(out + 6, (uint16_t)((has_more ? 0x2000 : 0) | off / 8));
		frame_put16(out + 10, 0);
		frame_put16(out + 10, frame_sum_finish(frame_sum(out, header_len, 0)));
	} else {
		frame_put16(out + 4, (uint16_t)(n + FRAGMENT_LEN));
		out[6] = PROTO_FRAGMENT;
		uint8_t *f = out + header_len;
		f[0] = ip[6];
		f[1] = 0;
		frame_put16(f + 2, (uint16_t)(off | has_more));
		frame_put32(f + 4, id);
		header_len += FRAGMENT_LEN;
	}
	memcpy(out + header_len, body + off, n);
	return FRAME_ETH_LEN + header_len + n;
}
