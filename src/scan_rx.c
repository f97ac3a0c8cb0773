/* scan_rx: opens what one receiver has for itself: captures, its share of the sessions, results. Main
 * thread, before any other exists. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "rx/fanout.h"
#include "rx/filter.h"
#include "scan_internal.h"

enum {
	CONTROL_CELLS = 16,
	/* Answers that are not complete are kept for QUIET_NS: so many every 0.4 s, at 1.4 and 5 KB. */
	N_RESULTS = 1 << 15,
	N_LONG_RESULTS = 1 << 12,
	MAX_HELD = 1 << 13, /* a quarter of the short ones, or half of the long ones */
	N_RESULTS_MIN = 1 << 12,
	N_LONG_RESULTS_MIN = 1 << 9,
	RESULT_CELLS = 4096, /* results with the writer at most */
	MAX_HOSTS = 1 << 18,
	SEEN_CAPACITY = 1 << 20,
	/* libpcap's blocks are 256 KiB and end when they are full or CAPTURE_TIMEOUT_MS old: 7 MiB hold what
	 * comes in 672 ms, however little it is, and 40,000 SYN-ACKs, however fast. All of it is resident
	 * from the start. Two receivers have that each, more have less: each then has less to hold. */
	CAPTURE_BUFFER = 7 << 20,
	CAPTURE_BUFFER_MIN = 4 << 20,
	CAPTURE_BUFFER_ALL = 16 << 20,
	V6_OWNED_LEN = 64,       /* a site's network; shorter when shorter prefixes are judged */
	CAPTURE_TIMEOUT_MS = 24, /* how late an answer may be seen; its time stamp is not */
	MANY_PORTS = 8,
};
#define QUIET_NS     (400 * NS_PER_MS)
#define ACK_DELAY_NS (100 * NS_PER_MS) /* half of what the peer waits before it sends again */

/* What one receiver gets of something that all have together, at least min. */
static uint32_t share(const struct scan *scan, uint32_t total, uint32_t min)
{
	uint32_t part = (uint32_t)((total + scan->n_rx - 1) / scan->n_rx);
	return part < min ? min : part;
}

static int open_capture(
    struct scan *scan, struct scan_rx *rx, bool has_v4, bool has_v6, struct diag *diag)
{
	const struct net_path *path = &scan->paths[has_v4 ? FAMILY_V4 : FAMILY_V6];
	const struct net_path *v4 = &scan->paths[FAMILY_V4], *v6 = &scan->paths[FAMILY_V6];
	struct filter_config filter = {
	    .has_v4 = has_v4,
	    .has_v6 = has_v6,
	    .v4_lo = v4->source_lo,
	    .v4_hi = v4->source_hi,
	    .v6_lo = v6->source_lo,
	    .v6_hi = v6->source_hi,
	    .port_lo = scan->ports.lo,
	    .port_hi = scan->ports.hi,
	    .is_ethernet = path->iface.kind == IFACE_ETHERNET,
	};
	char text[FILTER_TEXT_MAX];
	int err = filter_build(&filter, text, sizeof(text));
	if (err)
		return err;
	uint32_t buffer = share(scan, CAPTURE_BUFFER_ALL, CAPTURE_BUFFER_MIN);
	struct capture_config config = {
	    .interface = path->iface.name,
	    .filter = text,
	    .buffer_bytes = buffer < CAPTURE_BUFFER ? buffer : CAPTURE_BUFFER,
	    .timeout_ms = CAPTURE_TIMEOUT_MS,
	    /* The host's card lets through neither frames to a MAC that it does not have, nor
	     * solicitations for an IPv6 address whose multicast group nobody joined. */
	    .is_promiscuous =
		scan->config->has_source_mac || v4->has_unowned_source || v6->has_unowned_source,
	};
	return capture_open(&config, diag, &rx->captures[rx->n_captures++]);
}

static int open_captures(struct scan *scan, struct scan_rx *rx, struct diag *diag)
{
	bool v4 = scan->has_path[FAMILY_V4], v6 = scan->has_path[FAMILY_V6];
	if (!v4 || !v6 ||
	    scan->paths[FAMILY_V4].iface.ifindex == scan->paths[FAMILY_V6].iface.ifindex)
		return open_capture(scan, rx, v4, v6, diag);
	int err = open_capture(scan, rx, true, false, diag);
	return err ? err : open_capture(scan, rx, false, true, diag);
}

static uint8_t owned_v6_len(const struct scan *scan)
{
	uint8_t len = V6_OWNED_LEN;
	for (size_t i = 0; i < scan->n_alias_lengths; i++)
		len = scan->alias_lengths[i] < len ? scan->alias_lengths[i] : len;
	return len;
}

/* Gives each host, and each prefix that is judged as a whole, one owner among the receivers. */
static int share_captures(struct scan *scan, struct diag *diag)
{
	struct fanout_config config = {.v6_len = owned_v6_len(scan)};
	int fds[SCAN_RX_MAX], err = 0;
	hash_random(config.key, sizeof(config.key));
	for (size_t k = 0; k < scan->rx[0].n_captures && !err; k++) {
		for (size_t i = 0; i < scan->n_rx; i++)
			fds[i] = capture_get_fd(scan->rx[i].captures[k]);
		err = fanout_join(fds, scan->n_rx, &config, diag);
	}
	return err;
}

static void close_captures(struct scan_rx *rx)
{
	for (size_t i = 0; i < rx->n_captures; i++)
		capture_close(rx->captures[i]);
	rx->n_captures = 0;
}

int scan_open_captures(struct scan *scan, struct diag *diag)
{
	int err = open_captures(scan, &scan->rx[0], diag);
	if (err || scan->n_rx == 1)
		return err;
	for (size_t i = 1; i < scan->n_rx && !err; i++)
		err = open_captures(scan, &scan->rx[i], diag);
	if (!err)
		err = share_captures(scan, diag);
	if (!err)
		return 0;
	log_warn("one receiver instead of %zu: %s", scan->n_rx, diag->text);
	diag->text[0] = '\0';
	for (size_t i = 0; i < scan->n_rx; i++)
		close_captures(&scan->rx[i]);
	scan->n_rx = 1;
	return open_captures(scan, &scan->rx[0], diag);
}

/* May a host have several targets? */
static bool has_siblings(const struct targets *targets)
{
	uint64_t n_targets, n_addresses;
	return !targets_count(targets, &n_targets) ||
	       !targets_count_addresses(targets, &n_addresses) || n_targets != n_addresses;
}

static void fill_engine_config(const struct scan *scan, struct scan_rx *rx, struct engine_config *e)
{
	const struct scan_config *c = scan->config;
	uint16_t mtu[FAMILY_COUNT] = {SCAN_MTU_MAX, SCAN_MTU_MAX};
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (scan->has_path[f])
			mtu[f] = scan_path_mtu(&scan->paths[f]);
	}
	/* The timestamp option takes 12 bytes of every segment. */
	e->conn = (struct conn_config){
	    .timeout_ns = c->timeout_ns,
	    .ack_delay_ns = ACK_DELAY_NS,
	    .quiet_ns = QUIET_NS < c->timeout_ns ? QUIET_NS : c->timeout_ns,
	    .n_retransmits = (uint8_t)c->retransmits,
	    .mss_v4 = (uint16_t)(link_mss(true, mtu[FAMILY_V4]) - 12),
	    .mss_v6 = (uint16_t)(link_mss(false, mtu[FAMILY_V6]) - 12),
	};
	e->cookie = scan->cookie;
	hash_random(&e->table_key, sizeof(e->table_key));
	e->n_attempts = c->attempts;
	e->tells_answered = scan_goes_back(scan);
	e->max_sessions = rx->max_sessions;
	e->max_hosts = share(scan, MAX_HOSTS, 1);
	e->seen_capacity = SEEN_CAPACITY;
	for (size_t n = scan->n_rx; n > 1; n /= 2)
		e->seen_capacity /= 2; /* a power of two */
	e->n_hyperack = c->hyperack;
	e->hyperack_threshold = c->hyperack_threshold;
	e->many_ports = MANY_PORTS;
	e->wscale = link_wscale(scan_syn_style(c->syn_options));
	uint32_t max_held = share(scan, MAX_HELD, 1);
	e->max_held = rx->max_sessions / 4 < max_held ? rx->max_sessions / 4 : max_held;
	e->hold_ns = has_siblings(scan->targets) ? c->timeout_ns : 0;
	e->skips_hyperacktive = c->skip_hyperacktive;
	e->is_all_probes = c->all_probes;
	e->delivery = &rx->delivery;
	if (targets_is_random(scan->targets)) {
		e->contacts = &rx->contacts;
		e->said = &rx->said;
	}
	e->n_alias_lengths = scan->n_alias_lengths;
	memcpy(e->alias_lengths, scan->alias_lengths, sizeof(e->alias_lengths));
}

static bool may_probe(void *ctx, const struct ipaddr *addr)
{
	return !targets_is_excluded(ctx, addr);
}

int scan_open_receiver(struct scan *scan, size_t i)
{
	struct scan_rx *rx = &scan->rx[i];
	int err = ring_create(CONTROL_CELLS, &rx->control);
	if (!err)
		err = ring_create(CONTROL_CELLS, &rx->reports);
	if (!err)
		err = ring_create(RESULT_CELLS, &rx->results);
	if (!err)
		err = ring_create(RESULT_CELLS, &rx->free_results);
	if (err)
		return err;
	rx->max_sessions = share(scan, scan->config->max_sessions, 1);
	struct receiver_config config = {
	    .set = scan->set,
	    .planner = scan->planner,
	    .n_captures = rx->n_captures,
	    .control = rx->control,
	    .reports = rx->reports,
	    .n_senders = scan->n_tx,
	    .home_sender = scan->n_tx <= scan->n_rx ? i % scan->n_tx : RECEIVER_ANY_SENDER,
	    .results = rx->results,
	    .free_results = rx->free_results,
	    .n_results = share(scan, N_RESULTS, N_RESULTS_MIN),
	    .n_long_results = share(scan, N_LONG_RESULTS, N_LONG_RESULTS_MIN),
	    .cooldown_ns = scan->config->cooldown_ns,
	    .dump = scan->dump,
	    .may_probe = may_probe,
	    .may_probe_ctx = scan->targets,
	    .answers_neighbours = scan->paths[FAMILY_V4].has_unowned_source ||
				  scan->paths[FAMILY_V6].has_unowned_source,
	    .counters = &rx->counters,
	};
	fill_engine_config(scan, rx, &config.engine);
	memcpy(config.captures, rx->captures, sizeof(config.captures));
	for (size_t t = 0; t < scan->n_tx; t++) {
		config.reqs[t] = scan->reqs[i][t];
		config.bells[t] = &scan->tx[t].bell;
		config.notes[t] = scan->notes[t][i];
	}
	return receiver_create(&config, &rx->receiver);
}

void scan_close_receiver(struct scan_rx *rx)
{
	receiver_destroy(rx->receiver);
	close_captures(rx);
	ring_destroy(rx->control);
	ring_destroy(rx->reports);
	ring_destroy(rx->results);
	ring_destroy(rx->free_results);
}
