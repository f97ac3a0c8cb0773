/* rst_guard: owns one nf_tables table and the netlink socket that it lives and dies with. Before
 * the packet threads start, and after they have ended. Refuses to touch any table but its own.
 * Messages are written by hand (libnftnl is GPL-2). Source: linux/netfilter/nf_tables.h; the rule
 * is what this says, once a source range:
 *
 *   table inet synspect_PID { flags owner
 *     chain output { type filter hook output priority raw
 *       meta mark != 0x53594e53 meta nfproto ipv4 ip saddr LO-HI tcp sport LO-HI
 *         tcp flags & rst != 0 drop
 *   } } */
#include "net/rst_guard.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>

#include "net/attr.h"
#include "net/netlink.h"

#ifndef NFT_TABLE_F_OWNER /* kernel headers before 5.12 */
#define NFT_TABLE_F_OWNER 0x2
#endif

/* Offsets in the headers (RFC 791, RFC 8200, RFC 9293). */
enum {
	IP4_SADDR_OFF = 12,
	IP6_SADDR_OFF = 8,
	TCP_SPORT_OFF = 0,
	TCP_FLAGS_OFF = 13,
	TCP_FLAG_RST = 0x04,
};

enum { NAME_TRIES = 8 };

static const char chain_name[] = "output";

struct rst_guard {
	struct netlink *nl;
	char name[RST_GUARD_NAME_LEN];
};

static void put_be32(struct netlink_req *req, uint16_t type, uint32_t value)
{
	netlink_put_u32(req, type, htonl(value));
}

/* A value for a register, as the packet has it. */
static void put_value(struct netlink_req *req, uint16_t type, const void *value, size_t len)
{
	size_t nest = netlink_nest_begin(req, type);
	netlink_put(req, NFTA_DATA_VALUE, value, len);
	netlink_nest_end(req, nest);
}

/* An expression: its name, then its attributes between the two calls. */
struct expr {
	size_t elem, data;
};

static struct expr expr_begin(struct netlink_req *req, const char *name)
{
	struct expr e;
	e.elem = netlink_nest_begin(req, NFTA_LIST_ELEM);
	netlink_put_str(req, NFTA_EXPR_NAME, name);
	e.data = netlink_nest_begin(req, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct netlink_req *req, struct expr e)
{
	netlink_nest_end(req, e.data);
	netlink_nest_end(req, e.elem);
}

/* Each test loads register 1 and compares it; the rule goes on while the tests are true. */
static void load_meta(struct netlink_req *req, uint32_t key)
{
	struct expr e = expr_begin(req, "meta");
	put_be32(req, NFTA_META_DREG, NFT_REG_1);
	put_be32(req, NFTA_META_KEY, key);
	expr_end(req, e);
}

static void load_payload(struct netlink_req *req, uint32_t base, uint32_t off, size_t len)
{
	struct expr e = expr_begin(req, "payload");
	put_be32(req, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(req, NFTA_PAYLOAD_BASE, base);
	put_be32(req, NFTA_PAYLOAD_OFFSET, off);
	put_be32(req, NFTA_PAYLOAD_LEN, (uint32_t)len);
	expr_end(req, e);
}

static void mask_byte(struct netlink_req *req, uint8_t mask)
{
	static const uint8_t zero;
	struct expr e = expr_begin(req, "bitwise");
	put_be32(req, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(req, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(req, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(req, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(req, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	expr_end(req, e);
}

static void compare(struct netlink_req *req, uint32_t op, const void *value, size_t len)
{
	struct expr e = expr_begin(req, "cmp");
	put_be32(req, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(req, NFTA_CMP_OP, op);
	put_value(req, NFTA_CMP_DATA, value, len);
	expr_end(req, e);
}

static void compare_range(struct netlink_req *req, const void *lo, const void *hi, size_t len)
{
	struct expr e = expr_begin(req, "range");
	put_be32(req, NFTA_RANGE_SREG, NFT_REG_1);
	put_be32(req, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_value(req, NFTA_RANGE_FROM_DATA, lo, len);
	put_value(req, NFTA_RANGE_TO_DATA, hi, len);
	expr_end(req, e);
}

static void drop(struct netlink_req *req)
{
	struct expr e = expr_begin(req, "immediate");
	put_be32(req, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = netlink_nest_begin(req, NFTA_IMMEDIATE_DATA);
	size_t verdict = netlink_nest_begin(req, NFTA_DATA_VERDICT);
	put_be32(req, NFTA_VERDICT_CODE, NF_DROP);
	netlink_nest_end(req, verdict);
	netlink_nest_end(req, data);
	expr_end(req, e);
}

static void put_expressions(
    struct netlink_req *req, const struct rst_guard_range *range, const struct port_range *ports)
{
	static const uint32_t mark = RST_GUARD_MARK;
	static const uint8_t tcp = IPPROTO_TCP, zero;
	bool is_v4 = ipaddr_is_v4(&range->lo);
	uint8_t nfproto = is_v4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	uint16_t port_lo = htons(ports->lo), port_hi = htons(ports->hi);
	size_t len;
	const uint8_t *lo = attr_addr_bytes(&range->lo, &len);
	const uint8_t *hi = attr_addr_bytes(&range->hi, &len);

	load_meta(req, NFT_META_NFPROTO);
	compare(req, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	load_meta(req, NFT_META_L4PROTO);
	compare(req, NFT_CMP_EQ, &tcp, sizeof(tcp));
	load_payload(req, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFF, sizeof(zero));
	mask_byte(req, TCP_FLAG_RST);
	compare(req, NFT_CMP_NEQ, &zero, sizeof(zero));
	load_payload(req, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_SPORT_OFF, sizeof(port_lo));
	compare_range(req, &port_lo, &port_hi, sizeof(port_lo));
	load_payload(req, NFT_PAYLOAD_NETWORK_HEADER, is_v4 ? IP4_SADDR_OFF : IP6_SADDR_OFF, len);
	compare_range(req, lo, hi, len);
	load_meta(req, NFT_META_MARK);
	compare(req, NFT_CMP_NEQ, &mark, sizeof(mark));
	drop(req);
}

static void begin_nft(struct netlink_req *req, uint16_t type, uint16_t flags)
{
	struct nfgenmsg head = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
	netlink_begin(
	    req, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &head, sizeof(head));
}

static void begin_batch(struct netlink_req *req, uint16_t type)
{
	struct nfgenmsg head = {.nfgen_family = AF_UNSPEC,
	    .version = NFNETLINK_V0,
	    .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_begin(req, type, 0, &head, sizeof(head));
}

/* The whole table in one batch: it comes into being complete or not at all. */
static void write_table(struct netlink_req *req, const char *name,
    const struct rst_guard_range *ranges, size_t n_ranges, const struct port_range *ports)
{
	netlink_req_init(req);
	begin_batch(req, NFNL_MSG_BATCH_BEGIN);

	begin_nft(req, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	netlink_put_str(req, NFTA_TABLE_NAME, name);
	put_be32(req, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);

	begin_nft(req, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK);
	netlink_put_str(req, NFTA_CHAIN_TABLE, name);
	netlink_put_str(req, NFTA_CHAIN_NAME, chain_name);
	size_t hook = netlink_nest_begin(req, NFTA_CHAIN_HOOK);
	put_be32(req, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
	/* Before connection tracking, which would take the RST for the end of the connection. */
	put_be32(req, NFTA_HOOK_PRIORITY, (uint32_t)NF_IP_PRI_RAW);
	netlink_nest_end(req, hook);
	put_be32(req, NFTA_CHAIN_POLICY, NF_ACCEPT);
	netlink_put_str(req, NFTA_CHAIN_TYPE, "filter");

	for (size_t i = 0; i < n_ranges; i++) {
		begin_nft(req, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
		netlink_put_str(req, NFTA_RULE_TABLE, name);
		netlink_put_str(req, NFTA_RULE_CHAIN, chain_name);
		size_t list = netlink_nest_begin(req, NFTA_RULE_EXPRESSIONS);
		put_expressions(req, &ranges[i], ports);
		netlink_nest_end(req, list);
	}
	begin_batch(req, NFNL_MSG_BATCH_END);
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
	err = netlink_open(NETLINK_BUS_NETFILTER, &guard->nl);
	/* Process numbers repeat across PID namespaces that share a network: then another suffix. */
	for (int i = 0; !err && i < NAME_TRIES; i++) {
		if (i == 0)
			snprintf(guard->name, sizeof(guard->name), "synspect_%d", (int)getpid());
		else
			snprintf(
			    guard->name, sizeof(guard->name), "synspect_%d_%d", (int)getpid(), i);
		write_table(req, guard->name, ranges, n_ranges, ports);
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
