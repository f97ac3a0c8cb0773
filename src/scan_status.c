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

static void print_path(const struct net_path *path)
{
	char lo[IPADDR_STRLEN], hop[IPADDR_STRLEN], mac[MAC_STRLEN];
	ipaddr_format(&path->source_lo, lo);
	printf("%s: interface %s, source %s", path->is_v4 ? "IPv4" : "IPv6", path->iface.name, lo);
	if (path->n_hops) {
		ipaddr_format(&path->hops[0].addr, hop);
		mac_format(path->hops[0].mac, mac);
		printf(", gateway %s at %s", hop, mac);
	}
	printf("\n");
}

void scan_print_plan(const struct scan *scan)
{
	uint64_t n;
	if (targets_count(scan->targets, &n))
		printf("targets: %llu\n", (unsigned long long)n);
	else
		printf("targets: as many as the input has\n");
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (scan->has_path[f])
			print_path(&scan->paths[f]);
	}
	printf("source ports: %u-%u\n", scan->ports.lo, scan->ports.hi);
	printf("rate: %g packets per second\n", scan->config->rate_pps);
	if (targets_count(scan->targets, &n))
		printf("first SYNs take about %.0f s\n", (double)n / scan->config->rate_pps);
	printf("seed: %llu\n", (unsigned long long)scan->spec->seed);
}
