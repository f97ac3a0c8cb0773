/* scan_lists: what a scan found about hosts and prefixes rather than about targets, for the metadata. Main
 * thread, after the receivers have ended. */
#include "base/log.h"
#include "scan_internal.h"

/* A receiver keeps as many of each kind. With several receivers the lists are cut here, and METADATA_
 * TEXT_MAX has room for both. */
enum { LIST_MAX = 1 << 16 };

/* Says once what a list leaves out. */
static void warn_cut(size_t n_found, const char *what)
{
	if (n_found > LIST_MAX)
		log_warn("the metadata lists the first %d of %zu %s", LIST_MAX, n_found, what);
}

void scan_put_hosts(struct text *t, void *ctx)
{
	const struct scan *scan = ctx;
	char addr[IPADDR_STRLEN];
	size_t n = 0, n_convicted = 0;
	for (size_t r = 0; r < scan->n_rx; r++) {
		const struct host_table *table =
		    engine_get_hosts(receiver_get_engine(scan->rx[r].receiver));
		n_convicted +=
		    (size_t)counters_get(&scan->rx[r].counters, COUNTER_hyperack_hosts_convicted);
		for (size_t i = 0; i < host_table_count_convicts(table) && n < LIST_MAX; i++, n++) {
			const struct convict *c = host_table_convict_at(table, i);
			ipaddr_format(&c->addr, addr);
			text_putf(t,
			    "%s{\"ip\":\"%s\",\"tested\":%u,\"synack\":%u,\"acked_data\":%u}",
			    n ? "," : "", addr, c->evidence.n_tested, c->evidence.n_synack,
			    c->evidence.n_acked_data);
		}
	}
	warn_cut(n_convicted, "hosts that acknowledge everything");
}

static void put_prefix(struct text *t, size_t n, const struct ipaddr *net, unsigned len,
    unsigned port, unsigned n_asked, unsigned n_answered)
{
	char addr[IPADDR_STRLEN];
	ipaddr_format(net, addr);
	text_putf(t, "%s{\"prefix\":\"%s/%u\",\"port\":%u,\"asked\":%u,\"answered\":%u}",
	    n ? "," : "", addr, len, port, n_asked, n_answered);
}

void scan_put_prefixes(struct text *t, void *ctx)
{
	const struct scan *scan = ctx;
	size_t n = 0;
	for (size_t r = 0; r < scan->n_rx; r++) {
		const struct prefix_table *table =
		    engine_get_prefixes(receiver_get_engine(scan->rx[r].receiver));
		for (size_t i = 0; i < prefix_table_count(table); i++) {
			const struct prefix *p = prefix_table_at(table, i);
			if (!p->is_aliased)
				continue;
			if (n < LIST_MAX)
				put_prefix(t, n, &p->addr, p->len, p->port,
				    (unsigned)__builtin_popcount(p->asked),
				    (unsigned)__builtin_popcount(p->answered));
			n++;
		}
		for (size_t i = 0; i < prefix_table_count_dense(table); i++) {
			const struct prefix_dense *d = prefix_table_dense_at(table, i);
			struct ipaddr net = ipaddr_from_v4(d->net);
			if (n < LIST_MAX)
				put_prefix(t, n, &net, 24, d->port, 256, d->n_answered);
			n++;
		}
	}
	warn_cut(n, "prefixes that answer everywhere");
}
