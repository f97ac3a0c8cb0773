/* status: how a scan is doing, in words and numbers. Pure.
 * Source: Prometheus exposition format 0.0.4 (names, HELP, TYPE). */
#include "out/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "out/fields.h"

static uint64_t get(const struct status_sample *s, enum counter_id id)
{
	return s->counters.v[id];
}

/* Growth of a total between two looks; a counter that seems to shrink (read in mid-update) grew by
 * nothing. */
static double grown(
    const struct status_sample *before, const struct status_sample *now, enum counter_id id)
{
	uint64_t a = get(before, id), b = get(now, id);
	return b > a ? (double)(b - a) : 0.0;
}

static uint64_t count_drops(const struct status_sample *s)
{
	return get(s, COUNTER_kernel_drops) + get(s, COUNTER_interface_drops);
}

void status_rate(const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now, struct status_rates *out)
{
	double seconds = (double)(now->at_ns - before->at_ns) / 1e9;
	double per_s = seconds > 0.0 ? 1.0 / seconds : 0.0;
	*out = (struct status_rates){.percent = -1.0, .left_ns = -1};
	out->sent_pps = grown(before, now, COUNTER_packets_sent) * per_s;
	out->answers_per_s = grown(before, now, COUNTER_sessions_opened) * per_s;
	out->n_drops = count_drops(now);
	uint64_t n_came = get(now, COUNTER_packets_received) + out->n_drops;
	out->loss_percent = n_came > 0 ? 100.0 * (double)out->n_drops / (double)n_came : 0.0;
	if (phase == STATUS_ENDED) {
		out->left_ns = 0;
		if (run->has_n_targets && run->n_targets == get(now, COUNTER_targets_taken))
			out->percent = 100.0;
	}
	if (!run->has_n_targets || run->n_targets == 0)
		return;
	uint64_t taken = get(now, COUNTER_targets_taken);
	double part = (double)taken / (double)run->n_targets;
	out->percent = part < 1.0 ? part * 100.0 : 100.0;
	double targets_per_s = grown(before, now, COUNTER_targets_taken) * per_s;
	if (phase != STATUS_SENDING)
		return;
	if (taken >= run->n_targets) {
		out->left_ns = run->cooldown_ns;
	} else if (targets_per_s > 0.0) {
		double left_s = (double)(run->n_targets - taken) / targets_per_s;
		/* Beyond a century the number says nothing, and would not fit. */
		if (left_s < 3.2e9)
			out->left_ns = (int64_t)(left_s * 1e9) + run->cooldown_ns;
	}
}

/* 0 to 9999 as it is, else three digits and a letter. */
static void put_short(struct text *t, double v)
{
	static const char units[] = " kMGTPE";
	size_t unit = 0;
	if (v >= 9999.5) {
		do {
			v /= 1000.0;
			unit++;
		} while (v >= 999.5 && unit < sizeof(units) - 2);
	}
	if (unit == 0)
		text_putf(t, "%.0f", v);
	else
		text_putf(t, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[unit]);
}

/* A rate: slow ones keep a digit after the point. */
static void put_rate(struct text *t, double v)
{
	if (v > 0.0 && v < 9.95)
		text_putf(t, "%.1f", v);
	else
		put_short(t, v);
}

/* h:mm:ss, with days before it when there are any. */
static void put_duration(struct text *t, int64_t ns)
{
	int64_t s = ns / NS_PER_SEC;
	if (s >= 86400)
		text_putf(t, "%" PRId64 "d ", s / 86400);
	text_putf(t, "%d:%02d:%02d", (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
}

/* 1,234,567 */
static void put_grouped(struct text *t, uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, v);
	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			text_putc(t, ',');
		text_putc(t, digits[i]);
	}
}

/* Is --adaptive holding the rate down? */
static bool is_slowed(const struct status_sample *s)
{
	return get(s, COUNTER_slowdowns) > 0 &&
	       get(s, COUNTER_rate_allowed_pps) < get(s, COUNTER_rate_asked_pps);
}

void status_put_line(struct text *t, const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now)
{
	struct status_rates r;
	status_rate(run, phase, before, now, &r);
	if (r.percent >= 0.0) {
		text_putf(t, "%.1f%%", r.percent);
	} else {
		put_short(t, (double)get(now, COUNTER_targets_taken));
		text_puts(t, " targets");
	}
	text_putc(t, ' ');
	put_duration(t, now->at_ns);
	if (phase == STATUS_DRAINING) {
		text_puts(t, ", draining");
	} else if (r.left_ns >= 0) {
		text_puts(t, ", ");
		put_duration(t, r.left_ns);
		text_puts(t, " left");
	}
	text_puts(t, "; sent ");
	put_short(t, (double)get(now, COUNTER_packets_sent));
	text_puts(t, " (");
	put_rate(t, r.sent_pps);
	text_puts(t, "/s); answers ");
	put_short(t, (double)get(now, COUNTER_sessions_opened));
	text_puts(t, " (");
	put_rate(t, r.answers_per_s);
	text_puts(t, "/s), identified ");
	put_short(t, (double)get(now, COUNTER_records_identified));
	text_puts(t, ", open ");
	put_short(t, (double)get(now, COUNTER_sessions_open));
	text_puts(t, "; drops ");
	put_short(t, (double)(r.n_drops + get(now, COUNTER_interface_tx_drops)));
	if (is_slowed(now)) {
		text_puts(t, ", slowed to ");
		put_rate(t, (double)get(now, COUNTER_rate_allowed_pps));
		text_puts(t, "/s");
	}
}

void status_put_json(struct text *t, const struct status_run *run, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now, int64_t wall_ns)
{
	static const char *const phases[STATUS_PHASE_COUNT] = {"sending", "draining", "ended"};
	struct status_rates r;
	status_rate(run, phase, before, now, &r);
	text_puts(t, "{\"ts\":\"");
	text_put_time(t, wall_ns);
	text_putf(
	    t, "\",\"phase\":\"%s\",\"elapsed_s\":%.3f", phases[phase], (double)now->at_ns / 1e9);
	if (run->has_n_targets)
		text_putf(t, ",\"targets\":%" PRIu64, run->n_targets);
	if (r.percent >= 0.0)
		text_putf(t, ",\"percent\":%.2f", r.percent);
	if (r.left_ns >= 0)
		text_putf(t, ",\"left_s\":%.0f", (double)r.left_ns / 1e9);
	text_putf(t,
	    ",\"sent_pps\":%.1f,\"answers_per_s\":%.1f,\"loss_percent\":%.3f,\"counters\":{",
	    r.sent_pps, r.answers_per_s, r.loss_percent);
	for (int i = 0; i < COUNTER_COUNT; i++)
		text_putf(t, "%s\"%s\":%" PRIu64, i ? "," : "",
		    counters_get_row((enum counter_id)i)->name, now->counters.v[i]);
	text_puts(t, "}}\n");
}

void status_put_prometheus(
    struct text *t, const struct status_run *run, const struct status_sample *now)
{
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const struct counter_row *row = counters_get_row((enum counter_id)i);
		bool is_total = row->kind == COUNTER_KIND_TOTAL;
		const char *suffix = is_total ? "_total" : "";
		text_putf(t,
		    "# HELP synspect_%s%s %s\n# TYPE synspect_%s%s %s\nsynspect_%s%s %" PRIu64 "\n",
		    row->name, suffix, row->help, row->name, suffix, is_total ? "counter" : "gauge",
		    row->name, suffix, now->counters.v[i]);
	}
	text_putf(t,
	    "# HELP synspect_start_time_seconds when the scan began, seconds since 1970\n"
	    "# TYPE synspect_start_time_seconds gauge\nsynspect_start_time_seconds %.3f\n",
	    (double)run->start_wall_ns / 1e9);
	if (run->has_n_targets)
		text_putf(t,
		    "# HELP synspect_targets targets to probe in all\n"
		    "# TYPE synspect_targets gauge\nsynspect_targets %" PRIu64 "\n",
		    run->n_targets);
}

/* ---- the summary ---- */

enum { LABEL_WIDTH = 12, LINE_WIDTH = 96, PROTOCOLS_SHOWN = 24 };

static void put_label(struct text *t, const char *label)
{
	text_putf(t, "%-*s", LABEL_WIDTH, label);
}

/* A list that is broken into lines. */
struct list {
	struct text *t;
	size_t line_start;
	bool is_first;
};

static struct list begin_list(struct text *t, const char *label)
{
	struct list l = {.t = t, .line_start = t->len, .is_first = true};
	put_label(t, label);
	return l;
}

static void put_item(struct list *l, const char *name, uint64_t n)
{
	bool is_full = l->t->len - l->line_start > LINE_WIDTH - 24;
	if (!l->is_first)
		text_puts(l->t, is_full ? ",\n" : ", ");
	if (!l->is_first && is_full) {
		l->line_start = l->t->len;
		put_label(l->t, "");
	}
	l->is_first = false;
	/* Names are ours or of a signature file: short words. */
	text_put_printable(l->t, (const uint8_t *)name, strlen(name), 40, TEXT_QUOTE_NONE);
	text_putc(l->t, ' ');
	put_grouped(l->t, n);
}

static void put_item_if(struct list *l, const char *name, uint64_t n)
{
	if (n > 0)
		put_item(l, name, n);
}

/* Ends the line of a list; one without items is taken back to start. */
static void end_list(struct text *t, const struct list *l, size_t start)
{
	if (l->is_first)
		t->len = start;
	else
		text_putc(t, '\n');
}

static void put_sent(struct text *t, const struct status_sample *now)
{
	double seconds = (double)now->at_ns / 1e9;
	uint64_t n_syn = get(now, COUNTER_syn_sent);
	uint64_t n_all = get(now, COUNTER_packets_sent);
	put_label(t, "sent");
	put_grouped(t, n_syn);
	text_puts(t, " SYN and ");
	put_grouped(t, n_all > n_syn ? n_all - n_syn : 0);
	text_puts(t, " other packets, ");
	put_short(t, (double)get(now, COUNTER_bytes_sent));
	text_puts(t, "B, in ");
	put_duration(t, now->at_ns);
	if (seconds > 0.0) {
		text_puts(t, " (");
		put_rate(t, (double)n_all / seconds);
		text_puts(t, "/s)");
	}
	text_putc(t, '\n');
	struct list l = begin_list(t, "");
	size_t start = l.line_start;
	put_item_if(&l, "send errors", get(now, COUNTER_send_errors));
	put_item_if(&l, "sent again", get(now, COUNTER_send_retries));
	put_item_if(&l, "targets skipped", get(now, COUNTER_target_skipped));
	put_item_if(
	    &l, "seconds held back", get(now, COUNTER_valve_closed_ns) / (uint64_t)NS_PER_SEC);
	end_list(t, &l, start);
}

static void put_answers(
    struct text *t, const struct status_run *run, const struct status_sample *now)
{
	uint64_t n = get(now, COUNTER_sessions_opened);
	uint64_t n_taken = get(now, COUNTER_targets_taken);
	put_label(t, "answered");
	put_grouped(t, n);
	text_puts(t, " of ");
	put_grouped(t, n_taken);
	text_puts(t, " targets");
	if (n_taken > 0)
		text_putf(t, " (%.3g%%)", 100.0 * (double)n / (double)n_taken);
	if (run->has_n_targets && n_taken < run->n_targets) {
		text_puts(t, "; ");
		put_grouped(t, run->n_targets - n_taken);
		text_puts(t, " were not reached");
	}
	text_putc(t, '\n');
}

static void put_written(struct text *t, const struct writer_summary *written)
{
	struct list l = begin_list(t, "outcomes");
	for (int i = 0; i < OUTCOME_COUNT; i++)
		put_item_if(&l, fields_get_outcome_name((enum outcome)i), written->by_outcome[i]);
	text_puts(t, l.is_first ? "none\n" : "\n");
	if (written->n_protocols == 0)
		return;
	l = begin_list(t, "protocols");
	uint64_t n_rest = written->n_other_protocols;
	for (size_t i = 0; i < written->n_protocols; i++) {
		if (i < PROTOCOLS_SHOWN)
			put_item(&l, written->by_protocol[i].name, written->by_protocol[i].n);
		else
			n_rest += written->by_protocol[i].n;
	}
	put_item_if(&l, "others", n_rest);
	text_putc(t, '\n');
}

static void put_filters(struct text *t, const struct status_sample *now)
{
	uint64_t n_tested = get(now, COUNTER_hyperack_hosts_tested);
	uint64_t n_aliased = get(now, COUNTER_prefixes_aliased);
	uint64_t n_probes = get(now, COUNTER_hyperack_probes) + get(now, COUNTER_alias_probes);
	uint64_t n_sent = get(now, COUNTER_packets_sent);
	if (n_tested == 0 && n_aliased == 0 && n_probes == 0)
		return;
	put_label(t, "mirages");
	put_grouped(t, get(now, COUNTER_hyperack_hosts_convicted));
	text_puts(t, " of ");
	put_grouped(t, n_tested);
	text_puts(t, " hosts tested acknowledge everything, ");
	put_grouped(t, n_aliased);
	text_puts(t, " prefixes answer everywhere");
	if (n_sent > 0)
		text_putf(t, "; tests took %.2g%% of the packets",
		    100.0 * (double)n_probes / (double)n_sent);
	text_putc(t, '\n');
	uint64_t n_spared = get(now, COUNTER_hyperack_spared);
	if (n_spared > 0) {
		put_label(t, "");
		put_grouped(t, n_spared);
		text_puts(t, " targets of such hosts were spared\n");
	}
}

static void put_ignored(struct text *t, const struct status_sample *now)
{
	size_t start = t->len;
	struct list l = begin_list(t, "ignored");
	put_item_if(&l, "foreign", get(now, COUNTER_foreign_received));
	put_item_if(&l, "wrong cookie", get(now, COUNTER_synack_bad_cookie));
	put_item_if(&l, "duplicates", get(now, COUNTER_duplicates));
	put_item_if(&l, "malformed", get(now, COUNTER_decode_error));
	put_item_if(&l, "wrong checksum", get(now, COUNTER_checksum_bad));
	put_item_if(&l, "fragments", get(now, COUNTER_fragments_received));
	end_list(t, &l, start);
}

/* What of the targets was never asked, and why. */
static void put_left_out(struct text *t, const struct status_sample *now)
{
	size_t start = t->len;
	struct list l = begin_list(t, "left out");
	put_item_if(&l, "wrong lines", get(now, COUNTER_lines_wrong));
	put_item_if(&l, "names without address", get(now, COUNTER_names_unresolved));
	put_item_if(&l, "repeated", get(now, COUNTER_targets_repeated));
	put_item_if(&l, "excluded", get(now, COUNTER_targets_excluded));
	put_item_if(&l, "no route for their family", get(now, COUNTER_family_skipped));
	put_item_if(&l, "no next hop", get(now, COUNTER_target_skipped));
	end_list(t, &l, start);
}

static void put_slowdowns(struct text *t, const struct status_sample *now)
{
	uint64_t n = get(now, COUNTER_slowdowns), n_far = get(now, COUNTER_slowdowns_far);
	uint64_t n_undone = get(now, COUNTER_slowdowns_undone);
	if (n == 0)
		return;
	text_puts(t, "; slowed down ");
	put_grouped(t, n);
	text_puts(t, n == 1 ? " time, to " : " times, as far as ");
	put_rate(t, (double)get(now, COUNTER_rate_lowest_pps));
	text_puts(t, "/s");
	if (n_far > 0) {
		text_puts(t, ", ");
		put_grouped(t, n_far);
		text_puts(t, " for losses beyond this host");
	}
	if (get(now, COUNTER_slowdowns_late) > 0) {
		text_puts(t, ", ");
		put_grouped(t, get(now, COUNTER_slowdowns_late));
		text_puts(t, " for servers that fell behind");
	}
	if (n_undone > 0) {
		text_puts(t, ", undone ");
		put_grouped(t, n_undone);
	}
	if (get(now, COUNTER_syn_gone_back) > 0) {
		text_puts(t, "; sent again ");
		put_grouped(t, get(now, COUNTER_syn_gone_back));
	}
}

static void put_drops(struct text *t, const struct status_sample *now)
{
	struct status_run run = {0};
	struct status_rates r;
	status_rate(&run, STATUS_ENDED, &(struct status_sample){0}, now, &r);
	put_label(t, "drops");
	uint64_t n_tx = get(now, COUNTER_interface_tx_drops);
	if (r.n_drops == 0 && n_tx == 0)
		text_puts(t, "none");
	if (r.n_drops > 0) {
		text_puts(t, "kernel ");
		put_grouped(t, get(now, COUNTER_kernel_drops));
		text_puts(t, ", interface ");
		put_grouped(t, get(now, COUNTER_interface_drops));
		text_putf(t, " (%.3g%% of what came)", r.loss_percent);
	}
	if (n_tx > 0) {
		text_puts(t, r.n_drops > 0 ? "; " : "");
		put_grouped(t, n_tx);
		text_puts(t, " of what was sent");
	}
	put_slowdowns(t, now);
	text_putc(t, '\n');
}

static void put_output(struct text *t, const struct status_sample *now)
{
	put_label(t, "output");
	put_grouped(t, get(now, COUNTER_records_written));
	text_puts(t, " records, ");
	put_short(t, (double)get(now, COUNTER_bytes_serialised));
	text_puts(t, "B");
	if (get(now, COUNTER_bytes_written) < get(now, COUNTER_bytes_serialised)) {
		text_puts(t, " in ");
		put_short(t, (double)get(now, COUNTER_bytes_written));
		text_puts(t, "B");
	}
	uint64_t n_filtered = get(now, COUNTER_records_filtered);
	uint64_t n_lost = get(now, COUNTER_records_lost);
	if (n_filtered > 0) {
		text_puts(t, "; not asked for: ");
		put_grouped(t, n_filtered);
	}
	if (n_lost > 0) {
		text_puts(t, "; lost: ");
		put_grouped(t, n_lost);
	}
	text_putc(t, '\n');
}

void status_put_summary(struct text *t, const struct status_run *run,
    const struct status_sample *now, const struct writer_summary *written)
{
	put_sent(t, now);
	put_left_out(t, now);
	put_answers(t, run, now);
	if (written)
		put_written(t, written);
	put_filters(t, now);
	uint64_t n_unreachable = get(now, COUNTER_unreachable_received);
	if (n_unreachable > 0) {
		put_label(t, "unreachable");
		put_grouped(t, n_unreachable);
		text_puts(t, " ICMP messages, ");
		put_grouped(t, get(now, COUNTER_unreachable_prohibited));
		text_puts(t, " of them: prohibited by an administrator\n");
	}
	put_drops(t, now);
	put_ignored(t, now);
	put_output(t, now);
}
