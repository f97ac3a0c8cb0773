/* scan_tx: opens what one sender has for itself: templates, back ends, its slice of the targets. Main
 * thread, before any other exists. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wheel.h"
#include "scan_internal.h"

enum { CONTROL_CELLS = 16 };
#define LINGER_NS (1500 * NS_PER_MS) /* for retransmissions to show what was lost last */

_Static_assert((int)SENDER_HOP_ONLINK == (int)PATH_HOP_ONLINK, "one meaning");
_Static_assert((int)SENDER_HOP_NONE == (int)PATH_HOP_NONE, "one meaning");
_Static_assert((int)SENDER_HOPS_MAX == (int)PATH_MAX_HOPS, "one size");

static void dump_sent(void *ctx, const uint8_t *frame, size_t len, bool is_ethernet)
{
	struct scan *scan = ctx;
	capture_dump_packet(
	    scan->dump, is_ethernet ? LINK_ETHERNET : LINK_RAW_IP, frame, len, clock_wall_ns());
}

enum link_syn_style scan_syn_style(enum syn_options options)
{
	switch (options) {
	case SYN_OPT_WINDOWS:
		return LINK_SYN_WINDOWS;
	case SYN_OPT_MSS:
		return LINK_SYN_MSS;
	case SYN_OPT_NONE:
		return LINK_SYN_NONE;
	case SYN_OPT_LINUX:
	case SYN_OPT_COUNT:
		break;
	}
	return LINK_SYN_LINUX;
}

uint16_t scan_path_mtu(const struct net_path *path)
{
	return (uint16_t)(path->iface.mtu < SCAN_MTU_MAX ? path->iface.mtu : SCAN_MTU_MAX);
}

static uint16_t next_hop(const void *ctx, const struct ipaddr *dst)
{
	const struct net_path *path = ctx;
	return net_path_next_hop(path, dst);
}

/* The back end that the user asked for, or the fastest that works. Loopback and raw IP links go
 * through the kernel's stack, by libnet: a frame put on "lo" would be refused as a martian. */
static int open_backend(struct scan *scan, struct scan_tx *tx, int f, struct diag *diag)
{
	const struct net_path *path = &scan->paths[f];
	struct tx_config config = {
	    .interface = path->iface.name,
	    .ifindex = path->iface.ifindex,
	    .is_raw_ip = path->iface.kind == IFACE_RAW_IP,
	    .queue = (uint32_t)(tx - scan->tx),
	};
	enum tx_kind kind = scan->config->tx;
	if (path->iface.kind == IFACE_LOOPBACK)
		kind = TX_LIBNET;
	if (kind == TX_LIBNET) {
		struct link_injector injector = {
		    .is_v4 = f == FAMILY_V4,
		    .is_raw_socket = path->iface.kind != IFACE_ETHERNET,
		    .interface = path->iface.name,
		    .socket_mark = scan->guard ? RST_GUARD_MARK : 0,
		};
		return link_open_injector(&injector, diag, &tx->backends[f]);
	}
	if (f == FAMILY_V6 && tx->backends[FAMILY_V4] &&
	    scan->paths[FAMILY_V4].iface.ifindex == path->iface.ifindex) {
		tx->backends[f] = tx->backends[FAMILY_V4];
		return 0;
	}
	switch (kind) {
	case TX_XDP:
		config.may_zero_copy = true;
		return tx_open(TX_BACKEND_XDP, &config, diag, &tx->backends[f]);
	case TX_PACKET:
		return tx_open(TX_BACKEND_PACKET, &config, diag, &tx->backends[f]);
	case TX_AUTO:
	case TX_LIBNET:
	case TX_KIND_COUNT:
		break;
	}
	return tx_open_best(&config, diag, &tx->backends[f]);
}

static int open_link(struct scan *scan, struct scan_tx *tx, int f, struct diag *diag)
{
	const struct net_path *path = &scan->paths[f];
	struct sender_path *out = &tx->paths[f];
	if (!scan->has_path[f])
		return 0;
	bool is_ethernet = path->iface.kind == IFACE_ETHERNET;
	struct link_config config = {
	    .is_v4 = f == FAMILY_V4,
	    .type = is_ethernet ? LINK_ETHERNET : LINK_RAW_IP,
	    .laddr = path->source_lo,
	    .mtu = scan_path_mtu(path),
	    .style = scan_syn_style(scan->config->syn_options),
	};
	memcpy(config.source_mac, path->iface.mac, sizeof(config.source_mac));
	int err = link_create(&config, diag, &tx->links[f]);
	if (err)
		return err;
	err = open_backend(scan, tx, f, diag);
	if (err)
		return err;
	out->link = tx->links[f];
	out->backend = tx->backends[f];
	out->is_ethernet = is_ethernet;
	out->next_hop = next_hop;
	out->hop_ctx = path;
	memcpy(out->source_mac, path->iface.mac, sizeof(out->source_mac));
	for (size_t i = 0; i < path->n_hops; i++)
		memcpy(out->macs[i], path->hops[i].mac, sizeof(out->macs[i]));
	return 0;
}

static int open_links_of(struct scan *scan, struct scan_tx *tx, struct diag *diag)
{
	int err = open_link(scan, tx, FAMILY_V4, diag);
	return err ? err : open_link(scan, tx, FAMILY_V6, diag);
}

int scan_open_links(struct scan *scan, struct diag *diag)
{
	for (size_t i = 0; i < scan->n_tx; i++) {
		int err = open_links_of(scan, &scan->tx[i], diag);
		if (err && i > 0 && scan->config->tx == TX_XDP) {
			log_info("%zu of %zu senders: %s", i, scan->n_tx, diag->text);
			diag->text[0] = '\0';
			scan_close_sender(&scan->tx[i]);
			scan->n_tx = i;
			return 0;
		}
		if (err)
			return err;
	}
	return 0;
}

/* As timers can tell them apart (onlink_create()). */
static int64_t get_attempt_delay_ns(const struct scan_config *c)
{
	bool is_short = c->attempt_delay_ns > 0 && c->attempt_delay_ns < WHEEL_TICK_NS;
	return is_short ? WHEEL_TICK_NS : c->attempt_delay_ns;
}

int scan_open_sender(struct scan *scan, size_t i, struct diag *diag)
{
	struct scan_tx *tx = &scan->tx[i];
	const struct scan_config *c = scan->config;
	struct sender_config config = {
	    .v4 = tx->paths[FAMILY_V4],
	    .v6 = tx->paths[FAMILY_V6],
	    .cookie = scan->cookie,
	    .set = scan->set,
	    .attempt_delay_ns = get_attempt_delay_ns(c),
	    .packets = &scan->packets,
	    .bytes = c->bandwidth_bps > 0 ? &scan->bytes : NULL,
	    .learns_neighbours = scan->n_tx > 1,
	    .n_receivers = scan->n_rx,
	    .is_congested = scan_is_congested,
	    .congested_ctx = scan,
	    .tap = scan->dump ? dump_sent : NULL,
	    .tap_ctx = scan,
	    .syns = &tx->syns,
	    .counters = &tx->counters,
	};
	if (scan_goes_back(scan))
		config.linger_ns = c->cooldown_ns < LINGER_NS ? c->cooldown_ns : LINGER_NS;
	int err = ring_create(CONTROL_CELLS, &tx->control);
	if (!err)
		err = ring_create(CONTROL_CELLS, &tx->reports);
	if (err)
		return err;
	struct attempts_config attempts = {
	    .n_attempts = c->attempts,
	    .delay_ns = config.attempt_delay_ns,
	    .slice = (uint32_t)i,
	    .n_slices = (uint32_t)scan->n_tx,
	    .goes_back = scan_goes_back(scan),
	    .recorded = scan->resume && scan->resume->n_recorded > 0 ? &scan->recorded : NULL,
	};
	err = attempts_create(scan->targets, &attempts, diag, &tx->attempts);
	if (!err)
		err = scan_resume_slice(scan, i, tx->attempts, diag);
	if (err)
		return err;
	config.attempts = tx->attempts;
	config.control = tx->control;
	config.bell = &tx->bell;
	config.reports = tx->reports;
	config.others_reqs = tx->others_reqs;
	for (size_t r = 0; r < scan->n_rx; r++) {
		config.reqs[r] = scan->reqs[r][i];
		config.notes[r] = scan->notes[i][r];
		for (size_t t = 0; t < scan->n_tx; t++) {
			if (t != i)
				tx->others_reqs[config.n_others_reqs++] = scan->reqs[r][t];
		}
	}
	return sender_create(&config, &tx->sender);
}

void scan_close_sender(struct scan_tx *tx)
{
	sender_destroy(tx->sender);
	attempts_destroy(tx->attempts);
	ring_destroy(tx->control);
	ring_destroy(tx->reports);
	if (tx->backends[FAMILY_V6] != tx->backends[FAMILY_V4])
		tx_close(tx->backends[FAMILY_V6]);
	tx_close(tx->backends[FAMILY_V4]);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		link_destroy(tx->links[f]);
		tx->backends[f] = NULL;
		tx->links[f] = NULL;
	}
}
