/* decode: bytes of a captured frame -> segment, ICMP error or neighbour message. Pure; any thread.
 * Everything is read through a cursor: strangers wrote it.
 * Sources: RFC 791, RFC 8200, RFC 9293 section 3.1, RFC 7323, RFC 792, RFC 4443, RFC 826, RFC 4861. */
#include "wire/decode.h"

#include <string.h>

#include "base/cursor.h"
#include "wire/checksum.h"

enum {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	PROTO_HOPOPTS = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AH = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DSTOPTS = 60,
	MAX_EXTENSION_HEADERS = 16, /* twice what RFC 8504 section 5.3 asks for */
	MTU_OLD_ROUTER = 576,       /* RFC 791: every host takes so much */
	MTU_MIN_V6 = 1280,          /* RFC 8200 section 5 */
};

/* The IP header, as far as the layers above need it. */
struct ip_view {
	struct ipaddr src, dst;
	uint8_t proto;
	uint8_t ttl;
	bool is_fragment; /* then off, is_last and id say which */
	bool is_last;
	bool is_v6;
	uint16_t off;
	uint32_t id;
	struct cursor body; /* what the header carries, cut to the IP length */
};

/* For fields whose place was checked already. */
static uint16_t read_be16(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static uint32_t read_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct ipaddr read_v4(const uint8_t *p)
{
	return ipaddr_from_v4(read_be32(p));
}

/* Reads the IPv4 header at c. is_quoted: inside an ICMP error, where the datagram is cut and its
 * header may have been rewritten on the way (RFC 1812 section 4.3.2.3), so lengths and checksum are
 * not checked. Returns the kind of failure, or PACKET_OTHER for success. */
static enum packet_kind read_ip4(struct cursor c, bool is_quoted, struct ip_view *out)
{
	const uint8_t *h = c.p;
	size_t have = cursor_left(&c);
	if (have < 20 || h[0] >> 4 != 4)
		return PACKET_MALFORMED;
	size_t hlen = (size_t)(h[0] & 15) * 4;
	size_t total = (size_t)h[2] << 8 | h[3];
	if (hlen < 20 || hlen > have)
		return PACKET_MALFORMED;
	if (!is_quoted) {
		if (total < hlen || total > have)
			return PACKET_MALFORMED;
		if (checksum_fold(checksum_sum(h, hlen)) != 0xffff)
			return PACKET_BAD_CHECKSUM;
	} else if (total < hlen || total > have) {
		total = have;
	}
	out->src = read_v4(h + 12);
	out->dst = read_v4(h + 16);
	out->proto = h[9];
	out->ttl = h[8];
	out->is_v6 = false;
	out->is_fragment = ((h[6] & 0x3f) | h[7]) != 0; /* MF or offset */
	out->is_last = !(h[6] & 0x20);
	out->off = (uint16_t)(((unsigned)(h[6] & 0x1f) << 8 | h[7]) * 8);
	out->id = (uint32_t)h[4] << 8 | h[5];
	out->body = cursor_make(h + hlen, total - hlen);
	return PACKET_OTHER;
}

/* Walks the extension headers (RFC 8200 section 4) to the upper layer. */
static enum packet_kind walk_ip6(uint8_t next, struct ip_view *out)
{
	for (int i = 0; i <= MAX_EXTENSION_HEADERS; i++) {
		struct cursor *c = &out->body;
		size_t len;
		switch (next) {
		case PROTO_HOPOPTS:
		case PROTO_ROUTING:
		case PROTO_DSTOPTS:
			if (cursor_left(c) < 8)
				return PACKET_MALFORMED;
			len = ((size_t)c->p[1] + 1) * 8;
			break;
		case PROTO_AH:
			if (cursor_left(c) < 8)
				return PACKET_MALFORMED;
			len = ((size_t)c->p[1] + 2) * 4;
			break;
		case PROTO_FRAGMENT:
			if (cursor_left(c) < 8)
				return PACKET_MALFORMED;
			/* An atomic fragment (RFC 6946) is a whole datagram; what follows in any
			 * other may be its middle. */
			if ((c->p[2] | (c->p[3] & 0xf9)) != 0) {
				struct cursor f = cursor_make(cursor_take(c, 8), 8);
				out->is_fragment = true;
				out->proto = cursor_u8(&f);
				cursor_u8(&f);
				uint16_t off = cursor_be16(&f);
				out->off = off & 0xfff8;
				out->is_last = !(off & 1);
				out->id = cursor_be32(&f);
				return PACKET_OTHER;
			}
			len = 8;
			break;
		default:
			out->proto = next;
			return PACKET_OTHER;
		}
		next = c->p[0];
		if (!cursor_take(c, len))
			return PACKET_MALFORMED;
	}
	return PACKET_MALFORMED;
}

static enum packet_kind read_ip6(struct cursor c, bool is_quoted, struct ip_view *out)
{
	const uint8_t *h = cursor_take(&c, 40);
	if (!h || h[0] >> 4 != 6)
		return PACKET_MALFORMED;
	size_t len = (size_t)h[4] << 8 | h[5];
	if (len > cursor_left(&c)) {
		if (!is_quoted)
			return PACKET_MALFORMED;
		len = cursor_left(&c);
	}
	memcpy(out->src.b, h + 8, 16);
	memcpy(out->dst.b, h + 24, 16);
	/* A mapped address never crosses a wire (RFC 4291 section 2.5.5.2); here it would pass for IPv4. */
	if (ipaddr_is_v4(&out->src) || ipaddr_is_v4(&out->dst))
		return PACKET_MALFORMED;
	out->ttl = h[7];
	out->is_v6 = true;
	out->is_fragment = false;
	out->body = cursor_make(c.p, len);
	return walk_ip6(h[6], out);
}

static enum packet_kind read_ip(struct cursor c, bool is_quoted, struct ip_view *out)
{
	if (cursor_left(&c) < 1)
		return PACKET_MALFORMED;
	return c.p[0] >> 4 == 6 ? read_ip6(c, is_quoted, out) : read_ip4(c, is_quoted, out);
}

/* Is the upper-layer checksum right, or left half-made by a local sender (see the header)? field is
 * where the checksum stands in the body. */
static bool is_checksum_good(const struct ip_view *ip, size_t field_off)
{
	const uint8_t *p = ip->body.p;
	size_t len = cursor_left(&ip->body);
	uint64_t pseudo = checksum_pseudo(&ip->src, &ip->dst, ip->proto, (uint32_t)len);
	if (checksum_fold(pseudo + checksum_sum(p, len)) == 0xffff)
		return true;
	uint16_t field = (uint16_t)((unsigned)p[field_off] << 8 | p[field_off + 1]);
	return field == checksum_fold(pseudo);
}

/* Reads the options that matter; unknown ones are skipped, nonsense ends the walk (RFC 9293 section
 * 3.1: options). */
static void read_options(struct segment *s)
{
	const uint8_t *p = s->options;
	const uint8_t *end = p + s->options_len;
	/* What nearly every segment after a SYN has: RFC 7323 appendix A. */
	static const uint8_t usual[4] = {1, 1, 8, 10};
	if (s->options_len == 12 && memcmp(p, usual, sizeof(usual)) == 0) {
		s->has_ts = true;
		s->tsval = read_be32(p + 4);
		s->tsecr = read_be32(p + 8);
		return;
	}
	while (p < end) {
		if (*p == 0)
			return;
		if (*p == 1) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		if (p[0] == 2 && p[1] == 4) {
			s->mss = read_be16(p + 2);
		} else if (p[0] == 3 && p[1] == 3) {
			s->has_wscale = true;
			s->wscale = p[2] > 14 ? 14 : p[2];
		} else if (p[0] == 8 && p[1] == 10) {
			s->has_ts = true;
			s->tsval = read_be32(p + 2);
			s->tsecr = read_be32(p + 6);
		}
		p += p[1];
	}
}

static enum packet_kind read_tcp(const struct ip_view *ip, struct segment *s)
{
	const uint8_t *h = ip->body.p;
	size_t len = cursor_left(&ip->body);
	if (len < 20)
		return PACKET_MALFORMED;
	size_t hlen = (size_t)(h[12] >> 4) * 4;
	if (hlen < 20 || hlen > len)
		return PACKET_MALFORMED;
	if (!is_checksum_good(ip, 16))
		return PACKET_BAD_CHECKSUM;
	*s = (struct segment){
	    .flow = {.raddr = ip->src,
		.laddr = ip->dst,
		.rport = read_be16(h),
		.lport = read_be16(h + 2)},
	    .ttl = ip->ttl,
	    .seq = read_be32(h + 4),
	    .ack = read_be32(h + 8),
	    .flags = h[13] & 0x3f,
	    .window = read_be16(h + 14),
	    .options = h + 20,
	    .options_len = (uint8_t)(hlen - 20),
	    .payload = h + hlen,
	    .payload_len = (uint16_t)(len - hlen),
	};
	read_options(s);
	return PACKET_TCP;
}

/* The quoted start of a packet of ours: 8 bytes of TCP are promised (RFC 792). */
static enum packet_kind read_quote(struct cursor c, struct icmp_error *e)
{
	struct ip_view ip;
	if (read_ip(c, true, &ip) != PACKET_OTHER || ip.proto != PROTO_TCP || ip.is_fragment)
		return PACKET_OTHER;
	e->flow.laddr = ip.src;
	e->flow.raddr = ip.dst;
	e->flow.lport = cursor_be16(&ip.body);
	e->flow.rport = cursor_be16(&ip.body);
	e->seq = cursor_be32(&ip.body);
	return ip.body.is_short ? PACKET_MALFORMED : PACKET_ICMP_ERROR;
}

static enum packet_kind read_icmp4(const struct ip_view *ip, struct icmp_error *e)
{
	struct cursor c = ip->body;
	if (cursor_left(&c) < 8)
		return PACKET_MALFORMED;
	if (checksum_fold(checksum_sum(c.p, cursor_left(&c))) != 0xffff)
		return PACKET_BAD_CHECKSUM;
	e->is_v6 = false;
	e->type = cursor_u8(&c);
	e->code = cursor_u8(&c);
	cursor_take(&c, 4);
	e->mtu = cursor_be16(&c);
	if (e->type != 3)
		return PACKET_OTHER;
	if (e->code != 4)
		e->mtu = 0;
	else if (e->mtu == 0) /* RFC 1191 section 5 */
		e->mtu = MTU_OLD_ROUTER;
	return read_quote(c, e);
}

/* Neighbor solicitation and advertisement, RFC 4861 sections 4.3 and 4.4: type, code, checksum,
 * flags, target, then options of which 1 and 2 carry the link-layer address. */
static enum packet_kind read_ndp(const struct ip_view *ip, struct neighbour_msg *n)
{
	struct cursor c = ip->body;
	if (ip->ttl != 255 || cursor_left(&c) < 24)
		return PACKET_MALFORMED;
	n->is_request = c.p[0] == 135;
	n->from = ip->src;
	cursor_take(&c, 8);
	memcpy(n->addr.b, cursor_take(&c, 16), 16);
	uint8_t want = n->is_request ? 1 : 2;
	while (cursor_left(&c) >= 8) {
		size_t len = (size_t)c.p[1] * 8;
		if (c.p[0] == want && len == 8) {
			memcpy(n->mac, c.p + 2, 6);
			return PACKET_NEIGHBOUR;
		}
		if (len == 0 || !cursor_take(&c, len))
			break;
	}
	return PACKET_OTHER;
}

static enum packet_kind read_icmp6(const struct ip_view *ip, struct packet *out)
{
	struct cursor c = ip->body;
	if (cursor_left(&c) < 8)
		return PACKET_MALFORMED;
	if (!is_checksum_good(ip, 2))
		return PACKET_BAD_CHECKSUM;
	if (c.p[0] == 135 || c.p[0] == 136)
		return read_ndp(ip, &out->neighbour);
	struct icmp_error *e = &out->icmp;
	e->is_v6 = true;
	e->type = cursor_u8(&c);
	e->code = cursor_u8(&c);
	cursor_take(&c, 2);
	uint32_t mtu = cursor_be32(&c);
	if (e->type != 1 && e->type != 2)
		return PACKET_OTHER;
	e->mtu = 0;
	if (e->type == 2) /* RFC 8201 section 4: never below the minimum */
		e->mtu = (uint16_t)(mtu < MTU_MIN_V6 ? MTU_MIN_V6 : mtu > 65535 ? 65535 : mtu);
	return read_quote(c, e);
}

/* RFC 826 for Ethernet and IPv4. */
static enum packet_kind read_arp(struct cursor c, struct neighbour_msg *n)
{
	const uint8_t *p = cursor_take(&c, 28);
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};
	if (!p || memcmp(p, head, sizeof(head)) != 0 || p[6] != 0 || (p[7] != 1 && p[7] != 2))
		return PACKET_OTHER;
	n->is_request = p[7] == 1;
	memcpy(n->mac, p + 8, 6);
	n->from = read_v4(p + 14);
	n->addr = n->is_request ? read_v4(p + 24) : n->from;
	return PACKET_NEIGHBOUR;
}

/* A piece must have a place in a datagram: its end below 65,536, and on a boundary of 8 bytes unless it
 * is the last (RFC 8200 section 4.5; RFC 791 section 3.2). */
static enum packet_kind read_fragment(const struct ip_view *ip, struct fragment *f)
{
	size_t len = cursor_left(&ip->body);
	if (len == 0 || ip->off + len > UINT16_MAX || (!ip->is_last && len % 8 != 0))
		return PACKET_MALFORMED;
	*f = (struct fragment){
	    .src = ip->src,
	    .dst = ip->dst,
	    .id = ip->id,
	    .proto = ip->proto,
	    .ttl = ip->ttl,
	    .is_last = ip->is_last,
	    .off = ip->off,
	    .len = (uint16_t)len,
	    .bytes = ip->body.p,
	};
	return PACKET_FRAGMENT;
}

static enum packet_kind decode_upper(const struct ip_view *ip, struct packet *out)
{
	if (ip->is_fragment)
		return read_fragment(ip, &out->fragment);
	if (ip->proto == PROTO_TCP)
		return read_tcp(ip, &out->segment);
	if (ip->proto == PROTO_ICMP && !ip->is_v6)
		return read_icmp4(ip, &out->icmp);
	if (ip->proto == PROTO_ICMPV6 && ip->is_v6)
		return read_icmp6(ip, out);
	return PACKET_OTHER;
}

static enum packet_kind decode_ip(struct cursor c, struct packet *out)
{
	struct ip_view ip;
	enum packet_kind kind = read_ip(c, false, &ip);
	return kind == PACKET_OTHER ? decode_upper(&ip, out) : kind;
}

void wire_decode_whole(const struct fragment *whole, struct packet *out)
{
	struct ip_view ip = {
	    .src = whole->src,
	    .dst = whole->dst,
	    .proto = whole->proto,
	    .ttl = whole->ttl,
	    .is_v6 = !ipaddr_is_v4(&whole->src),
	    .body = cursor_make(whole->bytes, whole->len),
	};
	out->kind = ip.is_v6 ? walk_ip6(whole->proto, &ip) : PACKET_OTHER;
	/* Fragments of fragments are somebody playing. */
	if (out->kind == PACKET_OTHER)
		out->kind = ip.is_fragment ? PACKET_MALFORMED : decode_upper(&ip, out);
}

void wire_decode(enum link_type link, const uint8_t *bytes, size_t len, struct packet *out)
{
	struct cursor c = cursor_make(bytes, len);
	uint16_t ethertype = ETHERTYPE_IP4;
	if (link == LINK_ETHERNET) {
		cursor_take(&c, 12);
		ethertype = cursor_be16(&c);
		for (int tags = 0; tags < 2; tags++) {
			if (ethertype != ETHERTYPE_VLAN && ethertype != ETHERTYPE_QINQ)
				break;
			cursor_take(&c, 2);
			ethertype = cursor_be16(&c);
		}
	}
	if (c.is_short)
		out->kind = PACKET_MALFORMED;
	else if (ethertype == ETHERTYPE_ARP)
		out->kind = read_arp(c, &out->neighbour);
	else if (ethertype == ETHERTYPE_IP4 || ethertype == ETHERTYPE_IP6)
		out->kind = decode_ip(c, out);
	else
		out->kind = PACKET_OTHER;
}
