/* nft: nf_tables messages, written by hand (libnftnl is GPL-2). Pure but for the request it appends to;
 * knows no rule. Source: linux/netfilter/nf_tables.h. */
#include "net/nft.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

/* What nft(8) calls inet_service: only people who list the set see it. */
enum { KEY_TYPE_PORT = 13, N_PORTS = 65536 };

void nft_put_u32(struct netlink_req *req, uint16_t type, uint32_t value)
{
	netlink_put_u32(req, type, htonl(value));
}

/* ---- messages ---- */

static void put_batch_mark(struct netlink_req *req, uint16_t type)
{
	struct nfgenmsg head = {.nfgen_family = AF_UNSPEC,
	    .version = NFNETLINK_V0,
	    .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_begin(req, type, 0, &head, sizeof(head));
}

void nft_begin_batch(struct netlink_req *req)
{
	netlink_req_init(req);
	put_batch_mark(req, NFNL_MSG_BATCH_BEGIN);
}

void nft_end_batch(struct netlink_req *req)
{
	put_batch_mark(req, NFNL_MSG_BATCH_END);
}

void nft_begin(struct netlink_req *req, uint16_t type, uint16_t flags)
{
	struct nfgenmsg head = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
	netlink_begin(req, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
	    (uint16_t)(flags | NLM_F_ACK), &head, sizeof(head));
}

void nft_put_chain(struct netlink_req *req, const char *table, const char *name, uint32_t hook,
    int32_t priority, const char *const *links, size_t n_links)
{
	nft_begin(req, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_str(req, NFTA_CHAIN_TABLE, table);
	netlink_put_str(req, NFTA_CHAIN_NAME, name);
	size_t nest = netlink_nest_begin(req, NFTA_CHAIN_HOOK);
	nft_put_u32(req, NFTA_HOOK_HOOKNUM, hook);
	nft_put_u32(req, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	if (n_links > 0) {
		size_t devs = netlink_nest_begin(req, NFTA_HOOK_DEVS);
		for (size_t i = 0; i < n_links; i++)
			netlink_put_str(req, NFTA_DEVICE_NAME, links[i]);
		netlink_nest_end(req, devs);
	}
	netlink_nest_end(req, nest);
	nft_put_u32(req, NFTA_CHAIN_POLICY, NF_ACCEPT);
	netlink_put_str(req, NFTA_CHAIN_TYPE, "filter");
}

void nft_put_port_set(struct netlink_req *req, const char *table, const char *name, uint32_t set_id)
{
	nft_begin(req, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_str(req, NFTA_SET_TABLE, table);
	netlink_put_str(req, NFTA_SET_NAME, name);
	nft_put_u32(req, NFTA_SET_FLAGS, NFT_SET_EVAL);
	nft_put_u32(req, NFTA_SET_KEY_TYPE, KEY_TYPE_PORT);
	nft_put_u32(req, NFTA_SET_KEY_LEN, sizeof(uint16_t));
	nft_put_u32(req, NFTA_SET_ID, set_id);
	size_t desc = netlink_nest_begin(req, NFTA_SET_DESC);
	nft_put_u32(req, NFTA_SET_DESC_SIZE, N_PORTS);
	netlink_nest_end(req, desc);
}

size_t nft_rule_begin(struct netlink_req *req, const char *table, const char *chain)
{
	nft_begin(req, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_str(req, NFTA_RULE_TABLE, table);
	netlink_put_str(req, NFTA_RULE_CHAIN, chain);
	return netlink_nest_begin(req, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct netlink_req *req, size_t token)
{
	netlink_nest_end(req, token);
}

/* ---- expressions ---- */

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

void nft_load_meta(struct netlink_req *req, uint32_t key)
{
	struct expr e = expr_begin(req, "meta");
	nft_put_u32(req, NFTA_META_DREG, NFT_REG_1);
	nft_put_u32(req, NFTA_META_KEY, key);
	expr_end(req, e);
}

void nft_load_payload(struct netlink_req *req, uint32_t base, uint32_t off, size_t len)
{
	struct expr e = expr_begin(req, "payload");
	nft_put_u32(req, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nft_put_u32(req, NFTA_PAYLOAD_BASE, base);
	nft_put_u32(req, NFTA_PAYLOAD_OFFSET, off);
	nft_put_u32(req, NFTA_PAYLOAD_LEN, (uint32_t)len);
	expr_end(req, e);
}

void nft_mask_byte(struct netlink_req *req, uint8_t mask)
{
	static const uint8_t zero;
	struct expr e = expr_begin(req, "bitwise");
	nft_put_u32(req, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_u32(req, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_u32(req, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(req, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(req, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	expr_end(req, e);
}

void nft_compare(struct netlink_req *req, uint32_t op, const void *value, size_t len)
{
	struct expr e = expr_begin(req, "cmp");
	nft_put_u32(req, NFTA_CMP_SREG, NFT_REG_1);
	nft_put_u32(req, NFTA_CMP_OP, op);
	put_value(req, NFTA_CMP_DATA, value, len);
	expr_end(req, e);
}

void nft_compare_range(struct netlink_req *req, const void *lo, const void *hi, size_t len)
{
	struct expr e = expr_begin(req, "range");
	nft_put_u32(req, NFTA_RANGE_SREG, NFT_REG_1);
	nft_put_u32(req, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_value(req, NFTA_RANGE_FROM_DATA, lo, len);
	put_value(req, NFTA_RANGE_TO_DATA, hi, len);
	expr_end(req, e);
}

void nft_is_not_in(struct netlink_req *req, const char *set, uint32_t set_id)
{
	struct expr e = expr_begin(req, "lookup");
	netlink_put_str(req, NFTA_LOOKUP_SET, set);
	nft_put_u32(req, NFTA_LOOKUP_SET_ID, set_id);
	nft_put_u32(req, NFTA_LOOKUP_SREG, NFT_REG_1);
	nft_put_u32(req, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	expr_end(req, e);
}

void nft_add_to(struct netlink_req *req, const char *set, uint32_t set_id)
{
	struct expr e = expr_begin(req, "dynset");
	netlink_put_str(req, NFTA_DYNSET_SET_NAME, set);
	nft_put_u32(req, NFTA_DYNSET_SET_ID, set_id);
	nft_put_u32(req, NFTA_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nft_put_u32(req, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	expr_end(req, e);
}

void nft_drop(struct netlink_req *req)
{
	struct expr e = expr_begin(req, "immediate");
	nft_put_u32(req, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	size_t data = netlink_nest_begin(req, NFTA_IMMEDIATE_DATA);
	size_t verdict = netlink_nest_begin(req, NFTA_DATA_VERDICT);
	nft_put_u32(req, NFTA_VERDICT_CODE, NF_DROP);
	netlink_nest_end(req, verdict);
	netlink_nest_end(req, data);
	expr_end(req, e);
}
