/* port_owner: reads the kernel's tables of sockets and of address translation. Stateless; main thread,
 * before packets flow. Refuses to guess: what it cannot read counts as owned.
 * Sources: sock_diag(7), linux/inet_diag.h, linux/netfilter/nf_tables.h; for files,
 * net/ipv4/netfilter/ip_tables.c and net/netfilter/ipvs/ip_vs_ctl.c of the kernel. */
#include "net/port_owner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/sock_diag.h>

#include "net/attr.h"
#include "net/netlink.h"

/* ---- sockets ---- */

struct socket_search {
	const struct rst_guard_range *ranges;
	size_t n_ranges;
	struct port_range ports;
	bool is_found;
	struct ipaddr addr;
	uint16_t port;
};

static bool is_unspecified(const struct ipaddr *addr)
{
	static const struct ipaddr v6_any;
	return ipaddr_equal(addr, &v6_any) ||
	       (ipaddr_is_v4(addr) && ipaddr_get_v4(addr) == INADDR_ANY);
}

static bool may_be_ours(const struct socket_search *s, const struct ipaddr *addr)
{
	if (is_unspecified(addr))
		return true;
	for (size_t i = 0; i < s->n_ranges; i++) {
		if (memcmp(addr, &s->ranges[i].lo, sizeof(*addr)) >= 0 &&
		    memcmp(addr, &s->ranges[i].hi, sizeof(*addr)) <= 0)
			return true;
	}
	return false;
}

static int note_socket(const struct netlink_msg *msg, void *arg)
{
	struct socket_search *s = arg;
	const struct inet_diag_msg *m = msg->head;
	struct netlink_attr none[1];
	if (msg->type != SOCK_DIAG_BY_FAMILY || !netlink_attrs(msg, sizeof(*m), none, 1))
		return 0;
	uint16_t port = ntohs(m->id.idiag_sport);
	if (port < s->ports.lo || port > s->ports.hi)
		return 0;
	const struct netlink_attr bytes = {
	    .p = (const uint8_t *)m->id.idiag_src, .len = m->idiag_family == AF_INET ? 4 : 16};
	struct ipaddr addr;
	if (!attr_get_addr(&bytes, m->idiag_family, &addr) || !may_be_ours(s, &addr))
		return 0;
	s->is_found = true;
	s->addr = addr;
	s->port = port;
	return 0;
}

static void forget_socket(void *arg)
{
	((struct socket_search *)arg)->is_found = false;
}

static int find_socket(struct socket_search *s, struct diag *diag)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct netlink *nl = NULL;
	int err = netlink_open(NETLINK_BUS_SOCKETS, &nl);
	for (size_t i = 0; i < sizeof(families) && !err && !s->is_found; i++) {
		/* All states, also those that only newer kernels know (bound, nothing more). */
		struct inet_diag_req_v2 head = {.sdiag_family = families[i],
		    .sdiag_protocol = IPPROTO_TCP,
		    .idiag_states = UINT32_MAX};
		err = netlink_dump(
		    nl, SOCK_DIAG_BY_FAMILY, &head, sizeof(head), note_socket, forget_socket, s);
	}
	netlink_close(nl);
	if (err)
		return diag_set(
		    diag, err, "the host's TCP sockets cannot be listed: %s", strerror(-err));
	if (!s->is_found)
		return 0;
	char text[IPADDR_STRLEN];
	ipaddr_format(&s->addr, text);
	return diag_set(diag, -EADDRINUSE,
	    "a TCP socket of this host has source port %u (%s): another --source-port helps",
	    s->port, text);
}

/* ---- translation of addresses ---- */

struct chain_search {
	bool is_found;
	char table[64], chain[64];
};

static int note_chain(const struct netlink_msg *msg, void *arg)
{
	struct chain_search *s = arg;
	struct netlink_attr attrs[NFTA_CHAIN_TYPE + 1];
	if (msg->type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) ||
	    !netlink_attrs(msg, sizeof(struct nfgenmsg), attrs, NFTA_CHAIN_TYPE + 1))
		return 0;
	char type[16];
	attr_copy_str(&attrs[NFTA_CHAIN_TYPE], type, sizeof(type));
	if (strcmp(type, "nat") != 0)
		return 0;
	s->is_found = true;
	attr_copy_str(&attrs[NFTA_CHAIN_TABLE], s->table, sizeof(s->table));
	attr_copy_str(&attrs[NFTA_CHAIN_NAME], s->chain, sizeof(s->chain));
	return 0;
}

static void forget_chain(void *arg)
{
	((struct chain_search *)arg)->is_found = false;
}

static int find_nat_chain(struct diag *diag)
{
	struct nfgenmsg head = {.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0};
	struct chain_search s = {.is_found = false};
	struct netlink *nl = NULL;
	int err = netlink_open(NETLINK_BUS_NETFILTER, &nl);
	if (!err)
		err = netlink_dump(nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, &head,
		    sizeof(head), note_chain, forget_chain, &s);
	netlink_close(nl);
	if (err)
		return diag_set(
		    diag, err, "the host's nf_tables chains cannot be listed: %s", strerror(-err));
	if (!s.is_found)
		return 0;
	return diag_set(diag, -EADDRINUSE,
	    "this host translates addresses (nf_tables, table %s, chain %s)", s.table, s.chain);
}

/* A line of a file of the kernel's that begins so: -EADDRINUSE. A kernel without the file has no such
 * thing. */
static int find_line(const char *path, const char *start, const char *what, struct diag *diag)
{
	char line[256];
	bool is_found = false;
	FILE *f = fopen(path, "re");
	if (!f && errno == ENOENT)
		return 0;
	if (!f)
		return diag_set(diag, -errno, "%s: %s", path, strerror(errno));
	while (!is_found && fgets(line, sizeof(line), f))
		is_found = strncmp(line, start, strlen(start)) == 0;
	fclose(f);
	return is_found ? diag_set(diag, -EADDRINUSE, "this host %s (%s)", what, path) : 0;
}

static int find_translation(struct diag *diag)
{
	static const struct {
		const char *path, *start, *what;
	} files[] = {
	    {"/proc/net/ip_tables_names", "nat\n", "translates addresses"},
	    {"/proc/net/ip6_tables_names", "nat\n", "translates addresses"},
	    {"/proc/net/ip_vs", "TCP ", "balances connections"},
	    {"/proc/net/ip_vs", "FWM ", "balances connections"},
	};
	int err = find_nat_chain(diag);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++)
		err = find_line(files[i].path, files[i].start, files[i].what, diag);
	return err;
}

int port_owner_find(const struct rst_guard_range *ranges, size_t n_ranges,
    const struct port_range *ports, struct diag *diag)
{
	struct port_range ephemeral;
	int err = port_range_read_ephemeral(&ephemeral, diag);
	if (err)
		return err;
	if (ports->lo <= ephemeral.hi && ports->hi >= ephemeral.lo)
		return diag_set(diag, -EADDRINUSE,
		    "source ports %u-%u overlap net.ipv4.ip_local_port_range (%u-%u)", ports->lo,
		    ports->hi, ephemeral.lo, ephemeral.hi);
	struct socket_search s = {.ranges = ranges, .n_ranges = n_ranges, .ports = *ports};
	err = find_socket(&s, diag);
	return err ? err : find_translation(diag);
}
