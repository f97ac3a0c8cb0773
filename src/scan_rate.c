/* scan_rate: sees what the kernel and the interface drop and what answers show, counts it, and lets it
 * slow the senders. Main thread, ten times a second. */
#include <errno.h>

#include "base/clock.h"
#include "net/link_stats.h"
#include "scan_internal.h"

static bool is_adaptive(const struct scan_config *c)
{
	return c->adaptive || !c->no_adaptive;
}

static double least_rate(const struct scan_config *c)
{
	if (c->min_rate_pps > 0)
		return c->min_rate_pps;
	double part = c->rate_pps * SCAN_MIN_RATE_PART;
	return part < SCAN_MIN_RATE_MAX ? part : SCAN_MIN_RATE_MAX;
}

void scan_begin_rate(struct scan *scan)
{
	const struct scan_config *c = scan->config;
	double min_pps = is_adaptive(c) ? least_rate(c) : c->rate_pps;
	adapt_init(&scan->adapt, min_pps, c->rate_pps, clock_mono_ns());
}

int scan_open_rate(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	uint32_t ifindexes[FAMILY_COUNT];
	size_t n = 0;
	if (c->min_rate_pps > c->rate_pps)
		return diag_set(diag, -EINVAL, "--min-rate %g is more than --rate %g",
		    c->min_rate_pps, c->rate_pps);
	if (c->dry_run)
		return 0;
	scan_begin_rate(scan);
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (scan->has_path[f])
			ifindexes[n++] = scan->paths[f].iface.ifindex;
	}
	return link_stats_open(ifindexes, n, diag, &scan->link_stats);
}

/* Everything that was lost, as far as anybody has counted it. */
static void look(struct scan *scan, struct adapt_sample *out)
{
	const struct counters *main_counters = &scan->main_counters;
	for (size_t i = 0; i < scan->n_tx; i++)
		out->n_sent += counters_get(&scan->tx[i].counters, COUNTER_packets_sent);
	for (size_t i = 0; i < scan->n_rx; i++) {
		const struct counters *rx = &scan->rx[i].counters;
		out->n_received += counters_get(rx, COUNTER_packets_received);
		out->n_rx_lost += counters_get(rx, COUNTER_kernel_drops);
		out->n_answered += counters_get(rx, COUNTER_sessions_opened);
	}
	out->n_rx_lost += counters_get(main_counters, COUNTER_interface_drops);
	out->n_tx_lost = counters_get(main_counters, COUNTER_interface_tx_drops);
}

void scan_rate_tick(struct scan *scan, int64_t now_ns)
{
	const struct scan_config *c = scan->config;
	struct counters *counters = &scan->main_counters;
	struct adapt_sample sample = {.at_ns = now_ns};
	struct link_drops drops;
	/* An interface that is gone shows elsewhere, and louder. */
	if (link_stats_read(scan->link_stats, now_ns, &drops) == 0) {
		counters_set(counters, COUNTER_interface_drops, drops.n_rx);
		counters_set(counters, COUNTER_interface_tx_drops, drops.n_tx);
	}
	look(scan, &sample);
	if (is_adaptive(c)) {
		struct delivery_report answers = {.slot = delivery_slot_of(now_ns)};
		for (size_t i = 0; i < scan->n_rx; i++)
			delivery_add(&scan->rx[i].delivery, &answers);
		limiter_set_rate(&scan->packets, adapt_step(&scan->adapt, &sample, &answers));
	}
	/* Rounded up, for people: a slow rate is not 0. */
	counters_set(counters, COUNTER_rate_asked_pps, (uint64_t)(c->rate_pps + 0.999));
	counters_set(counters, COUNTER_rate_allowed_pps, (uint64_t)(scan->adapt.pps + 0.999));
	counters_set(counters, COUNTER_rate_lowest_pps, (uint64_t)(scan->adapt.lowest_pps + 0.999));
	counters_set(counters, COUNTER_slowdowns, scan->adapt.n_slowdowns);
	counters_set(counters, COUNTER_slowdowns_far, scan->adapt.n_far);
	counters_set(counters, COUNTER_slowdowns_undone, scan->adapt.n_undone);
}

void scan_close_rate(struct scan *scan)
{
	link_stats_close(scan->link_stats);
}
