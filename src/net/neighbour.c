/* neighbour: gateway MAC addresses, from the kernel's table or by making the kernel ask. Stateless;
 * before the packet threads start. Refuses to send ARP or NDP itself: the kernel's answer is then
 * in its table for everyone, and its retry and failure rules apply.
 * Sources: rtnetlink(7), linux/neighbour.h; NTF_USE starts resolution as a packet would. */
#include "net/neighbour.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "net/attr.h"

/* States in which the entry's MAC may be used: what the kernel itself sends by (NUD_VALID). */
enum {
	STATE_USABLE = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
};

struct resolve {
	uint32_t ifindex;
	struct neighbour *nbrs;
	size_t n;
	uint64_t failed; /* bit i: the kernel gave up on nbrs[i] */
};

enum { RESOLVE_MAX = 64 };

static bool is_settled(const struct resolve *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->nbrs[i].is_resolved && !(r->failed & UINT64_C(1) << i))
			return false;
	}
	return true;
}

/* Reads one entry, from the dump or from a notification. Returns 1 once everything is settled. */
static int entry_note(const struct netlink_msg *msg, void *arg)
{
	struct resolve *r = arg;
	struct netlink_attr attrs[NDA_MAX + 1];
	const struct ndmsg *ndm = msg->head;
	struct ipaddr addr;
	if (msg->type != RTM_NEWNEIGH || !netlink_attrs(msg, sizeof(*ndm), attrs, NDA_MAX + 1))
		return 0;
	if ((uint32_t)ndm->ndm_ifindex != r->ifindex || (ndm->ndm_flags & NTF_PROXY) ||
	    !attr_get_addr(&attrs[NDA_DST], ndm->ndm_family, &addr))
		return 0;
	for (size_t i = 0; i < r->n; i++) {
		if (!ipaddr_equal(&addr, &r->nbrs[i].addr))
			continue;
		if ((ndm->ndm_state & STATE_USABLE) && attrs[NDA_LLADDR].len == IFACE_MAC_LEN) {
			memcpy(r->nbrs[i].mac, attrs[NDA_LLADDR].p, IFACE_MAC_LEN);
			r->nbrs[i].is_resolved = true;
		} else if (ndm->ndm_state & NUD_FAILED) {
			r->failed |= UINT64_C(1) << i;
		}
	}
	return is_settled(r) ? 1 : 0;
}

static void table_restart(void *arg)
{
	struct resolve *r = arg;
	for (size_t i = 0; i < r->n; i++)
		r->nbrs[i].is_resolved = false;
	r->failed = 0;
}

static int read_table(struct netlink *nl, struct resolve *r, struct diag *diag)
{
	struct ndmsg head = {.ndm_family = AF_UNSPEC};
	int err = netlink_dump(nl, RTM_GETNEIGH, &head, sizeof(head), entry_note, table_restart, r);
	if (err)
		return diag_set(diag, err, "cannot list the neighbours: %s", strerror(-err));
	return 0;
}

/* Without CAP_NET_ADMIN the table cannot be told to resolve, but a packet makes it: an empty UDP
 * datagram to the discard port (RFC 863) of the gateway itself. */
static void ask_by_packet(uint32_t ifindex, const struct ipaddr *addr)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
	socklen_t to_len;
	memset(&to, 0, sizeof(to));
	if (ipaddr_is_v4(addr)) {
		to.in.sin_family = AF_INET;
		to.in.sin_port = htons(9);
		to.in.sin_addr.s_addr = htonl(ipaddr_get_v4(addr));
		to_len = sizeof(to.in);
	} else {
		to.in6.sin6_family = AF_INET6;
		to.in6.sin6_port = htons(9);
		to.in6.sin6_scope_id = ifindex;
		memcpy(&to.in6.sin6_addr, addr->b, 16);
		to_len = sizeof(to.in6);
	}
	int fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return; /* the wait then ends at its deadline: the gateway does not answer */
	(void)sendto(fd, "", 0, 0, &to.sa, to_len);
	close(fd);
}

/* Makes the kernel resolve one neighbour. */
static int ask_kernel(
    struct netlink *nl, uint32_t ifindex, const struct ipaddr *addr, struct diag *diag)
{
	struct netlink_req req;
	size_t len;
	const uint8_t *bytes = attr_addr_bytes(addr, &len);
	struct ndmsg head = {.ndm_family = attr_addr_family(addr),
	    .ndm_ifindex = (int)ifindex,
	    .ndm_flags = NTF_USE};
	netlink_req_init(&req);
	netlink_begin(&req, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE, &head, sizeof(head));
	netlink_put(&req, NDA_DST, bytes, len);
	int err = netlink_transact(nl, &req, NULL, NULL, NULL);
	if (err == -EPERM) {
		ask_by_packet(ifindex, addr);
		return 0;
	}
	if (err) {
		char text[IPADDR_STRLEN];
		ipaddr_format(addr, text);
		return diag_set(diag, err, "cannot make the kernel resolve the gateway %s: %s",
		    text, strerror(-err));
	}
	return 0;
}

/* Listens first, asks then, so that no answer falls between. */
static int ask_and_wait(
    struct netlink *nl, struct resolve *r, int64_t timeout_ns, struct diag *diag)
{
	struct netlink *news = NULL;
	int err = netlink_open(NETLINK_BUS_ROUTE, &news);
	if (!err)
		err = netlink_join(news, RTNLGRP_NEIGH);
	if (err) {
		diag_set(diag, err, "cannot watch the neighbour table: %s", strerror(-err));
		goto out;
	}
	int64_t deadline_ns = clock_mono_ns() + timeout_ns;
	/* An entry that failed long ago is no answer: its state is forgotten and asked for again. */
	r->failed = 0;
	for (size_t i = 0; i < r->n && !err; i++) {
		if (!r->nbrs[i].is_resolved)
			err = ask_kernel(nl, r->ifindex, &r->nbrs[i].addr, diag);
	}
	if (err)
		goto out;
	int rc;
	do {
		rc = netlink_wait(news, deadline_ns, entry_note, r);
		if (rc == -ENOBUFS) {
			err = read_table(nl, r, diag);
			if (err)
				goto out;
			rc = is_settled(r) ? 1 : -ENOBUFS;
		}
	} while (rc == -ENOBUFS);
	if (rc < 0)
		err = diag_set(diag, rc, "cannot watch the neighbour table: %s", strerror(-rc));
	/* One more look: an answer to someone else's question may have come before the join. */
	if (!err && !is_settled(r))
		err = read_table(nl, r, diag);
out:
	netlink_close(news);
	return err;
}

int neighbour_resolve(struct netlink *nl, const struct iface *iface, struct neighbour *nbrs,
    size_t n, int64_t timeout_ns, struct diag *diag)
{
	struct resolve r = {.ifindex = iface->ifindex, .nbrs = nbrs, .n = n};
	if (n > RESOLVE_MAX)
		return diag_set(
		    diag, -E2BIG, "%s: more than %d gateways", iface->name, RESOLVE_MAX);
	int err = read_table(nl, &r, diag);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (!nbrs[i].is_resolved)
			return ask_and_wait(nl, &r, timeout_ns, diag);
	}
	return 0;
}
