/* link_stats: the drop counters of interfaces. Main thread, also while packets flow; a question is a
 * system call or two that privileges are not needed for. Source: rtnetlink(7); struct
 * rtnl_link_stats64 in linux/if_link.h, whose comments say what drivers count where. */
#include "net/link_stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "base/clock.h"
#include "net/netlink.h"

struct device {
	uint32_t ifindex;
	struct rtnl_link_stats64 last;
};

struct link_stats {
	struct netlink *nl;
	size_t n;
	struct device devices[LINK_STATS_MAX];
	int64_t last_ns;
	struct link_drops total;
};

static int note(const struct netlink_msg *msg, void *arg)
{
	struct rtnl_link_stats64 *out = arg;
	struct netlink_attr attrs[IFLA_MAX + 1];
	if (msg->type != RTM_NEWLINK ||
	    !netlink_attrs(msg, sizeof(struct ifinfomsg), attrs, IFLA_MAX + 1))
		return 0;
	/* Older kernels know fewer of the counters, at the end. */
	const struct netlink_attr *stats = &attrs[IFLA_STATS64];
	size_t len = stats->len < sizeof(*out) ? stats->len : sizeof(*out);
	if (stats->p)
		memcpy(out, stats->p, len);
	return 0;
}

static int ask(struct link_stats *s, uint32_t ifindex, struct rtnl_link_stats64 *out)
{
	struct netlink_req req;
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
	memset(out, 0, sizeof(*out));
	netlink_req_init(&req);
	netlink_begin(&req, RTM_GETLINK, NLM_F_ACK, &head, sizeof(head));
	return netlink_transact(s->nl, &req, note, out, NULL);
}

int link_stats_open(const uint32_t *ifindexes, size_t n, struct diag *diag, struct link_stats **out)
{
	struct link_stats *s = calloc(1, sizeof(*s));
	if (!s)
		return diag_set(diag, -ENOMEM, "out of memory");
	s->last_ns = clock_mono_ns();
	int err = netlink_open(NETLINK_BUS_ROUTE, &s->nl);
	for (size_t i = 0; i < n && i < LINK_STATS_MAX && !err; i++) {
		struct device *d = &s->devices[s->n];
		if (i > 0 && ifindexes[i] == ifindexes[0])
			continue;
		d->ifindex = ifindexes[i];
		err = ask(s, d->ifindex, &d->last);
		s->n++;
	}
	if (err) {
		link_stats_close(s);
		return diag_set(
		    diag, err, "cannot read the counters of the interface: %s", strerror(-err));
	}
	*out = s;
	return 0;
}

void link_stats_close(struct link_stats *s)
{
	if (!s)
		return;
	netlink_close(s->nl);
	free(s);
}

int link_stats_read(struct link_stats *s, int64_t now_ns, struct link_drops *out)
{
	uint64_t noise = (uint64_t)(now_ns - s->last_ns) * LINK_STATS_NOISE_PPS / NS_PER_SEC;
	s->last_ns = now_ns;
	for (size_t i = 0; i < s->n; i++) {
		struct device *d = &s->devices[i];
		struct rtnl_link_stats64 now;
		int err = ask(s, d->ifindex, &now);
		if (err)
			return err;
		const struct rtnl_link_stats64 *last = &d->last;
		s->total.n_rx += now.rx_missed_errors - last->rx_missed_errors;
		s->total.n_rx += now.rx_fifo_errors - last->rx_fifo_errors;
		s->total.n_rx += now.rx_over_errors - last->rx_over_errors;
		uint64_t n_dropped = now.rx_dropped - last->rx_dropped;
		s->total.n_rx += n_dropped > noise ? n_dropped : 0;
		s->total.n_tx += now.tx_dropped - last->tx_dropped;
		d->last = now;
	}
	*out = s->total;
	return 0;
}
