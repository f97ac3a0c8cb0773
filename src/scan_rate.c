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

bool scan_goes_back(const struct scan *scan)
{
	return is_adaptive(scan->config) && !targets_is_stream(scan->targets);
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
	for (size_t i = 0; i < scan->n_tx; i++) {
		const struct counters *tx = &scan->tx[i].counters;
		out->n_sent += counters_get(tx, COUNTER_packets_sent);
		out->n_target_syns += counters_get(tx, COUNTER_targets_taken);
		out->n_target_syns += counters_get(tx, COUNTER_syn_repeats);
		out->n_gone_back += counters_get(tx, COUNTER_syn_gone_back);
	}
	for (size_t i = 0; i < scan->n_rx; i++) {
		const struct counters *rx = &scan->rx[i].counters;
		out->n_received += counters_get(rx, COUNTER_packets_received);
		out->n_rx_lost += counters_get(rx, COUNTER_kernel_drops);
		out->n_answered += counters_get(rx, COUNTER_sessions_opened);
	}
	out->n_rx_lost += counters_get(main_counters, COUNTER_interface_drops);
	out->n_tx_lost = counters_get(main_counters, COUNTER_interface_tx_drops);
}

static double next_rate(struct scan *scan, const struct adapt_sample *sample)
{
	struct delivery_report data = {.slot = delivery_slot_of(sample->at_ns)};
	struct delivery_report syns = data, syns_sent = data, said = data;
	for (size_t i = 0; i < scan->n_tx; i++)
		delivery_add(&scan->tx[i].syns, &syns_sent);
	for (size_t i = 0; i < scan->n_rx; i++) {
		delivery_add(&scan->rx[i].delivery, &data);
		delivery_add(&scan->rx[i].contacts, &syns);
		delivery_add(&scan->rx[i].said, &said);
	}
	struct adapt_reports answers = {.data = &data, .syns_sent = &syns_sent};
	if (targets_is_random(scan->targets)) {
		answers.syns = &syns;
		answers.said = &said;
	}
	return adapt_step(&scan->adapt, sample, &answers);
}

/* A message that finds no room is no loss: a hold ends by itself, and what is not gone back to was sent
 * once. */
static void tell_senders(struct scan *scan, const struct control *control)
{
	for (size_t i = 0; i < scan->n_tx; i++)
		(void)!ring_push(scan->tx[i].control, control, sizeof(*control));
}

/* Have losses just been established, or has it been found out what of it is to be sent again? */
static void tell_doubt(struct scan *scan, const struct adapt_doubt *before)
{
	const struct adapt_doubt *doubt = &scan->adapt.doubt;
	struct control control = {.from_ns = doubt->from_ns};
	if (!scan_goes_back(scan))
		return;
	if (doubt->is_open && doubt->to_ns != before->to_ns) {
		control.kind = CONTROL_HOLD;
		scan_checkpoint_doubt(scan);
		tell_senders(scan, &control);
	} else if (before->is_open && !doubt->is_open) {
		control.kind = CONTROL_GO_BACK;
		control.at_ns = doubt->to_ns;
		tell_senders(scan, &control);
	}
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
		struct adapt_doubt before = scan->adapt.doubt;
		limiter_set_rate(&scan->packets, next_rate(scan, &sample));
		tell_doubt(scan, &before);
	}
	/* Rounded up, for people: a slow rate is not 0. */
	counters_set(counters, COUNTER_rate_asked_pps, (uint64_t)(c->rate_pps + 0.999));
	counters_set(counters, COUNTER_rate_allowed_pps, (uint64_t)(scan->adapt.pps + 0.999));
	counters_set(counters, COUNTER_rate_lowest_pps, (uint64_t)(scan->adapt.lowest_pps + 0.999));
	counters_set(counters, COUNTER_slowdowns, scan->adapt.n_slowdowns);
	counters_set(counters, COUNTER_slowdowns_far, scan->adapt.n_far);
	counters_set(counters, COUNTER_slowdowns_late, scan->adapt.n_late);
	counters_set(counters, COUNTER_slowdowns_undone, scan->adapt.n_undone);
}

void scan_close_rate(struct scan *scan)
{
	link_stats_close(scan->link_stats);
}
