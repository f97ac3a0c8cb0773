/* scan_status: what a running scan tells people and files. Main thread. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "scan_internal.h"

int scan_begin_output(struct scan *scan, struct diag *diag)
{
	return writer_begin(scan->writer, NULL, diag);
}

void scan_status_tick(struct scan *scan, int64_t now_ns)
{
	(void)scan;
	(void)now_ns;
}

static void sum_counters(const struct scan *scan, struct counters_snapshot *out)
{
	const struct counters *all[SCAN_TX_MAX + SCAN_RX_MAX + 2];
	size_t n = 0;
	for (size_t i = 0; i < scan->n_tx; i++)
		all[n++] = &scan->tx[i].counters;
	for (size_t i = 0; i < scan->n_rx; i++)
		all[n++] = &scan->rx[i].counters;
	all[n++] = &scan->out_counters;
	all[n++] = &scan->main_counters;
	counters_sum(all, n, out);
}

void scan_status_end(struct scan *scan, enum scan_end end)
{
	struct counters_snapshot c;
	sum_counters(scan, &c);
	(void)end;
	if (scan->config->quiet)
		return;
	fprintf(stderr, "%llu packets sent, %llu targets answered, %llu identified\n",
	    (unsigned long long)c.v[COUNTER_packets_sent],
	    (unsigned long long)c.v[COUNTER_sessions_opened],
	    (unsigned long long)c.v[COUNTER_records_identified]);
}
