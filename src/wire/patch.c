/* patch: rewrites the varying fields of a packet template. Pure; any thread. Refuses nothing: the
 * template was checked when it was taken apart.
 * Sources: RFC 791, RFC 8200, RFC 9293 section 3.1, RFC 1624, RFC 7323 section 3. */
#include "wire/patch.h"

#include <errno.h>
#include <string.h>

#include "wire/checksum.h"

static void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

/* Offset of TSval in the TCP header's options, or 0. */
static uint16_t find_timestamp(const uint8_t *tcp, size_t tcp_len)
{
	for (size_t i = 20; i + 10 <= tcp_len;) {
		if (tcp[i] == 8)
			return (uint16_t)(i + 2);
		if (tcp[i] == 0)
			return 0;
		if (tcp[i] == 1)
			i++;
		else if (tcp[i + 1] >= 2)
			i += tcp[i + 1];
		else
			return 0;
	}
	return 0;
}

int template_init(struct template *tmpl, const uint8_t *frame, size_t len, size_t ip_off)
{
	if (len > TEMPLATE_MAX || len < ip_off + 40)
		return -EINVAL;
	bool is_v6 = frame[ip_off] >> 4 == 6;
	size_t tcp_off = ip_off + (is_v6 ? 40 : 20);
	if (len < tcp_off + 20 || (!is_v6 && frame[ip_off] != 0x45) ||
	    frame[ip_off + (is_v6 ? 6 : 9)] != 6 ||
	    (size_t)(frame[tcp_off + 12] >> 4) * 4 != len - tcp_off)
		return -EINVAL;
	memset(tmpl, 0, sizeof(*tmpl));
	memcpy(tmpl->bytes, frame, len);
	tmpl->len = (uint16_t)len;
	tmpl->ip_off = (uint16_t)ip_off;
	tmpl->tcp_off = (uint16_t)tcp_off;
	tmpl->is_v6 = is_v6;
	uint16_t ts = find_timestamp(frame + tcp_off, len - tcp_off);
	if (ts % 2) /* the sums are of whole 16-bit words */
		return -EINVAL;
	tmpl->ts_off = ts ? (uint16_t)(tcp_off + ts) : 0;
	/* Zero what varies, then sum what is left. */
	uint8_t *ip = tmpl->bytes + ip_off;
	uint8_t *tcp = tmpl->bytes + tcp_off;
	if (!is_v6) {
		memset(ip + 2, 0, 4);   /* length, id */
		memset(ip + 10, 0, 10); /* checksum, addresses */
		tmpl->ip_sum = checksum_sum(ip, 20);
	}
	memset(tcp, 0, 12);     /* ports, seq, ack */
	memset(tcp + 13, 0, 5); /* flags, window, checksum */
	if (tmpl->ts_off)
		memset(tmpl->bytes + tmpl->ts_off, 0, 8);
	tmpl->tcp_sum = 6 + checksum_sum(tcp, len - tcp_off);
	return 0;
}

static void patch_ip4(const struct template *tmpl, const struct patch *patch, uint8_t *ip)
{
	uint16_t total = (uint16_t)(tmpl->len - tmpl->ip_off + patch->payload_len);
	put_be16(ip + 2, total);
	put_be16(ip + 4, patch->ip_id);
	memcpy(ip + 12, patch->flow->laddr.b + 12, 4);
	memcpy(ip + 16, patch->flow->raddr.b + 12, 4);
	uint64_t sum = tmpl->ip_sum + total + patch->ip_id +
		       checksum_u32(ipaddr_get_v4(&patch->flow->laddr)) +
		       checksum_u32(ipaddr_get_v4(&patch->flow->raddr));
	put_be16(ip + 10, (uint16_t)~checksum_fold(sum));
}

static void patch_ip6(const struct template *tmpl, const struct patch *patch, uint8_t *ip)
{
	put_be16(ip + 4, (uint16_t)(tmpl->len - tmpl->tcp_off + patch->payload_len));
	memcpy(ip + 8, patch->flow->laddr.b, 16);
	memcpy(ip + 24, patch->flow->raddr.b, 16);
}

size_t patch_packet(const struct template *tmpl, const struct patch *patch, uint8_t *frame)
{
	const struct flow *flow = patch->flow;
	template_copy(frame, tmpl->bytes, tmpl->len);
	if (patch->dst_mac)
		memcpy(frame, patch->dst_mac, 6);
	uint8_t *ip = frame + tmpl->ip_off;
	uint8_t *tcp = frame + tmpl->tcp_off;
	uint32_t tcp_len = (uint32_t)(tmpl->len - tmpl->tcp_off) + patch->payload_len;
	uint64_t sum = tmpl->tcp_sum + tcp_len;
	if (tmpl->is_v6) {
		patch_ip6(tmpl, patch, ip);
		sum += checksum_sum(ip + 8, 32);
	} else {
		patch_ip4(tmpl, patch, ip);
		sum += checksum_u32(ipaddr_get_v4(&flow->laddr)) +
		       checksum_u32(ipaddr_get_v4(&flow->raddr));
	}
	put_be16(tcp, flow->lport);
	put_be16(tcp + 2, flow->rport);
	put_be32(tcp + 4, patch->seq);
	put_be32(tcp + 8, patch->ack);
	tcp[13] = patch->flags;
	put_be16(tcp + 14, patch->window);
	sum += (uint64_t)flow->lport + flow->rport + checksum_u32(patch->seq) +
	       checksum_u32(patch->ack) + patch->flags + patch->window;
	if (tmpl->ts_off) {
		put_be32(frame + tmpl->ts_off, patch->tsval);
		put_be32(frame + tmpl->ts_off + 4, patch->tsecr);
		sum += checksum_u32(patch->tsval) + checksum_u32(patch->tsecr);
	}
	if (patch->payload_len) {
		memcpy(frame + tmpl->len, patch->payload, patch->payload_len);
		sum += checksum_sum(patch->payload, patch->payload_len);
	}
	put_be16(tcp + 16, (uint16_t)~checksum_fold(sum));
	return (size_t)tmpl->len + patch->payload_len;
}
