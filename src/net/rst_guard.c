/* rst_guard: owns one nf_tables table and the netlink socket that it lives and dies with. Before
 * the packet threads start, and after they have ended. Refuses to touch any table but its own.
 * Source: linux/netfilter/nf_tables.h; the rules are what this says, each once a source range:
 *
 *   table inet synspect_PID { flags owner
 *     chain output { type filter hook output priority raw
 *       meta mark != 0x53594e53 meta nfproto ipv4 ip saddr LO-HI tcp sport LO-HI
 *         tcp flags & rst != 0 drop
 *     }
 *   }
 *
 * and, where answers may end at the interface:
 *
 *     set spoken { type inet_service; flags dynamic; size 65536; }
 *     chain postrouting { type filter hook postrouting priority last
 *       meta mark != 0x53594e53 meta nfproto ipv4 ip saddr LO-HI tcp flags & rst == 0
 *         tcp sport LO-HI add @spoken { tcp sport }
 *     }
 *     chain ingress { type filter hook ingress devices = { IFACE } priority 0
 *       meta nfproto ipv4 tcp dport LO-HI ip daddr LO-HI meta pkttype host
 *         tcp flags & (fin|syn|rst|ack) != syn tcp dport != @spoken drop
 *     } */
#include "net/rst_guard.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>

#include "net/attr.h"
#include "net/netlink.h"
#include "net/nft.h"

#ifndef NFT_TABLE_F_OWNER /* kernel headers before 5.12 */
#define NFT_TABLE_F_OWNER 0x2
#endif

/* Offsets in the headers (RFC 791, RFC 8200, RFC 9293). */
enum {
	IP4_SADDR_OFF = 12,
	IP4_DADDR_OFF = 16,
	IP6_SADDR_OFF = 8,
	IP6_DADDR_OFF = 24,
	TCP_SPORT_OFF = 0,
	TCP_DPORT_OFF = 2,
	TCP_FLAGS_OFF = 13,
	TCP_FLAG_FIN = 0x01,
	TCP_FLAG_SYN = 0x02,
	TCP_FLAG_RST = 0x04,
	TCP_FLAG_ACK = 0x10,
};

enum { NAME_TRIES = 8, SPOKEN_ID = 1 };

static const char output_name[] = "output", learn_name[] = "postrouting", stop_name[] = "ingress";
static const char spoken_name[] = "spoken";

struct rst_guard {
	struct netlink *nl;
	char name[RST_GUARD_NAME_LEN];
	struct rst_guard_range ranges[RST_GUARD_MAX_RANGES];
	size_t n_ranges;
	struct port_range ports;
};

/* ---- tests of a packet ---- */

static void is_tcp_of(struct netlink_req *req, const struct rst_guard_range *range)
{
	static const uint8_t tcp = IPPROTO_TCP;
	uint8_t nfproto = ipaddr_is_v4(&range->lo) ? NFPROTO_IPV4 : NFPROTO_IPV6;
	nft_load_meta(req, NFT_META_NFPROTO);
	nft_compare(req, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	nft_load_meta(req, NFT_META_L4PROTO);
	nft_compare(req, NFT_CMP_EQ, &tcp, sizeof(tcp));
}

/* Of the flags, those in mask are (op: NFT_CMP_EQ) the value, or are not (NFT_CMP_NEQ). */
static void is_flagged(struct netlink_req *req, uint8_t mask, uint32_t op, uint8_t value)
{
	nft_load_payload(req, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFF, sizeof(value));
	nft_mask_byte(req, mask);
	nft_compare(req, op, &value, sizeof(value));
}

/* Leaves the port in register 1. */
static void is_port(struct netlink_req *req, uint32_t off, const struct port_range *ports)
{
	uint16_t lo = htons(ports->lo), hi = htons(ports->hi);
	nft_load_payload(req, NFT_PAYLOAD_TRANSPORT_HEADER, off, sizeof(lo));
	nft_compare_range(req, &lo, &hi, sizeof(lo));
}

static void is_addr(
    struct netlink_req *req, uint32_t v4_off, uint32_t v6_off, const struct rst_guard_range *range)
{
	size_t len;
	const uint8_t *lo = attr_addr_bytes(&range->lo, &len);
	const uint8_t *hi = attr_addr_bytes(&range->hi, &len);
	nft_load_payload(
	    req, NFT_PAYLOAD_NETWORK_HEADER, ipaddr_is_v4(&range->lo) ? v4_off : v6_off, len);
	if (ipaddr_equal(&range->lo, &range->hi))
		nft_compare(req, NFT_CMP_EQ, lo, len);
	else
		nft_compare_range(req, lo, hi, len);
}

static void is_unmarked(struct netlink_req *req)
{
	static const uint32_t mark = RST_GUARD_MARK;
	nft_load_meta(req, NFT_META_MARK);
	nft_compare(req, NFT_CMP_NEQ, &mark, sizeof(mark));
}

/* ---- the table ---- */

static void put_output_rule(
    struct netlink_req *req, const struct rst_guard *g, const struct rst_guard_range *range)
{
	size_t rule = nft_rule_begin(req, g->name, output_name);
	is_tcp_of(req, range);
	is_flagged(req, TCP_FLAG_RST, NFT_CMP_NEQ, 0);
	is_port(req, TCP_SPORT_OFF, &g->ports);
	is_addr(req, IP4_SADDR_OFF, IP6_SADDR_OFF, range);
	is_unmarked(req);
	nft_drop(req);
	nft_rule_end(req, rule);
}

static void write_table(struct netlink_req *req, const struct rst_guard *g)
{
	nft_begin_batch(req);
	nft_begin(req, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(req, NFTA_TABLE_NAME, g->name);
	nft_put_u32(req, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	/* Before connection tracking, which would take the RST for the end of the connection. */
	nft_put_chain(req, g->name, output_name, NF_INET_LOCAL_OUT, NF_IP_PRI_RAW, NULL, 0);
	for (size_t i = 0; i < g->n_ranges; i++)
		put_output_rule(req, g, &g->ranges[i]);
	nft_end_batch(req);
}

/* A port that the kernel speaks from belongs to a socket, or to a translated connection. RSTs are what
 * it says of ports that belong to nobody. */
static void put_learn_rule(
    struct netlink_req *req, const struct rst_guard *g, const struct rst_guard_range *range)
{
	size_t rule = nft_rule_begin(req, g->name, learn_name);
	is_tcp_of(req, range);
	is_addr(req, IP4_SADDR_OFF, IP6_SADDR_OFF, range);
	is_unmarked(req);
	is_flagged(req, TCP_FLAG_RST, NFT_CMP_EQ, 0);
	is_port(req, TCP_SPORT_OFF, &g->ports);
	nft_add_to(req, spoken_name, SPOKEN_ID);
	nft_rule_end(req, rule);
}

static void put_stop_rule(
    struct netlink_req *req, const struct rst_guard *g, const struct rst_guard_range *range)
{
	static const uint8_t host = PACKET_HOST;
	static const uint8_t opening = TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_ACK;
	size_t rule = nft_rule_begin(req, g->name, stop_name);
	is_tcp_of(req, range);
	is_addr(req, IP4_DADDR_OFF, IP6_DADDR_OFF, range);
	nft_load_meta(req, NFT_META_PKTTYPE);
	nft_compare(req, NFT_CMP_EQ, &host, sizeof(host));
	is_flagged(req, opening, NFT_CMP_NEQ, TCP_FLAG_SYN);
	is_port(req, TCP_DPORT_OFF, &g->ports);
	nft_is_not_in(req, spoken_name, SPOKEN_ID);
	nft_drop(req);
	nft_rule_end(req, rule);
}

static void write_stop(
    struct netlink_req *req, const struct rst_guard *g, const char *const *links, size_t n_links)
{
	nft_begin_batch(req);
	nft_put_port_set(req, g->name, spoken_name, SPOKEN_ID);
	/* After every translation of addresses: what leaves is what the answers will say. */
	nft_put_chain(req, g->name, learn_name, NF_INET_POST_ROUTING, INT_MAX, NULL, 0);
	nft_put_chain(req, g->name, stop_name, NF_INET_INGRESS, 0, links, n_links);
	for (size_t i = 0; i < g->n_ranges; i++) {
		put_learn_rule(req, g, &g->ranges[i]);
		put_stop_rule(req, g, &g->ranges[i]);
	}
	nft_end_batch(req);
}

static int explain(int err, const struct diag *kernel, struct diag *diag)
{
	static const char ways_out[] =
	    "use a --source-ip that this host does not own, or --no-rst-guard";
	switch (-err) {
	case EPERM:
	case EACCES:
		return diag_set(diag, -EPERM,
		    "RST guard: CAP_NET_ADMIN is missing: run as root, or %s", ways_out);
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
	case ENOENT:
		return diag_set(diag, -EOPNOTSUPP,
		    "RST guard: this kernel has no nf_tables with table owners (Linux 5.12): %s",
		    ways_out);
	default:
		return diag_set(diag, err, "RST guard: the kernel refused the table: %s%s%s: %s",
		    strerror(-err), kernel->text[0] ? ": " : "", kernel->text, ways_out);
	}
}

int rst_guard_open(const struct rst_guard_range *ranges, size_t n_ranges,
    const struct port_range *ports, struct rst_guard **out, struct diag *diag)
{
	struct diag kernel = {.text = ""};
	struct netlink_req *req = NULL;
	struct rst_guard *guard = calloc(1, sizeof(*guard));
	int err = -ENOMEM;
	if (guard)
		req = malloc(sizeof(*req));
	if (!req) {
		diag_set(diag, err, "RST guard: out of memory");
		goto out;
	}
	memcpy(guard->ranges, ranges, n_ranges * sizeof(*ranges));
	guard->n_ranges = n_ranges;
	guard->ports = *ports;
	err = netlink_open(NETLINK_BUS_NETFILTER, &guard->nl);
	/* Process numbers repeat across PID namespaces that share a network: then another suffix. */
	for (int i = 0; !err && i < NAME_TRIES; i++) {
		if (i == 0)
			snprintf(guard->name, sizeof(guard->name), "synspect_%d", (int)getpid());
		else
			snprintf(
			    guard->name, sizeof(guard->name), "synspect_%d_%d", (int)getpid(), i);
		write_table(req, guard);
		err = netlink_transact(guard->nl, req, NULL, NULL, &kernel);
		if (err != -EEXIST)
			break;
		err = i + 1 < NAME_TRIES ? 0 : err;
	}
	if (err) {
		err = explain(err, &kernel, diag);
		goto out;
	}
	*out = guard;
	guard = NULL;
out:
	free(req);
	rst_guard_close(guard);
	return err;
}

int rst_guard_stop_answers(
    struct rst_guard *guard, const char *const *links, size_t n_links, struct diag *diag)
{
	struct diag kernel = {.text = ""};
	struct netlink_req *req = malloc(sizeof(*req));
	if (!req)
		return diag_set(diag, -ENOMEM, "out of memory");
	write_stop(req, guard, links, n_links);
	int err = netlink_transact(guard->nl, req, NULL, NULL, &kernel);
	free(req);
	if (err == -EOPNOTSUPP || err == -ENOENT)
		return diag_set(diag, -EOPNOTSUPP,
		    "this kernel has no nf_tables hook at ingress (CONFIG_NETFILTER_INGRESS)");
	if (err)
		return diag_set(diag, err, "the kernel refused the hook at ingress: %s%s%s",
		    strerror(-err), kernel.text[0] ? ": " : "", kernel.text);
	return 0;
}

const char *rst_guard_name(const struct rst_guard *guard)
{
	return guard->name;
}

void rst_guard_close(struct rst_guard *guard)
{
	if (!guard)
		return;
	netlink_close(guard->nl);
	free(guard);
}
