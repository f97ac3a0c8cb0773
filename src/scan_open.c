/* scan_open: opens everything a scan needs, in the order in which a mistake is cheapest to report:
 * what the user wrote first, then files, then the network. Main thread, before any other exists. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "net/privileges.h"
#include "rx/filter.h"
#include "scan_internal.h"
#include "scan_net.h"

enum {
	REQ_CELLS = 1 << 15,
	NOTE_CELLS = 16,
	CONTROL_CELLS = 16,
	/* Answers that are not complete are kept for QUIET_NS: so many every 0.4 s, at 1.4 and 5 KB. */
	N_RESULTS = 1 << 15,
	N_LONG_RESULTS = 1 << 12,
	MAX_HELD = 1 << 13,  /* a quarter of the short ones, or half of the long ones */
	RESULT_CELLS = 4096, /* results with the writer at most */
	MTU_MAX = 1500,      /* frames are built for it, also on loopback */
	MAX_HOSTS = 1 << 18,
	SEEN_CAPACITY = 1 << 20,
	CAPTURE_BUFFER = 16 << 20,
	CAPTURE_TIMEOUT_MS = 2,
	MANY_PORTS = 8,
};
#define QUIET_NS (400 * NS_PER_MS)

_Static_assert((int)SENDER_HOP_ONLINK == (int)PATH_HOP_ONLINK, "one meaning");
_Static_assert((int)SENDER_HOP_NONE == (int)PATH_HOP_NONE, "one meaning");
_Static_assert((int)SENDER_HOPS_MAX == (int)PATH_MAX_HOPS, "one size");

/* ---- what to probe, and with what ---- */

static int open_targets(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	if (c->targets.n == 0 && c->targets_files.n == 0)
		return diag_set(
		    diag, -EINVAL, "no targets: give addresses, prefixes or names, or -t FILE");
	int err = targets_create(scan->spec, diag, &scan->targets);
	if (err)
		return err;
	uint64_t n;
	if (targets_count(scan->targets, &n) && n == 0)
		return diag_set(diag, -EINVAL,
		    "nothing to probe: every target is excluded: ask synspect targets --explain "
		    "ADDR, or give --allow-reserved");
	return 0;
}

/* --alias-lengths: "64", "48,64,96", "none". */
static int read_alias_lengths(struct scan *scan, struct diag *diag)
{
	const char *text = scan->config->alias_lengths;
	if (strcmp(text, "none") == 0)
		return 0;
	for (const char *p = text; *p;) {
		char *end;
		unsigned long len = strtoul(p, &end, 10);
		if (end == p || len < 1 || len > 124 || (*end && *end != ',') ||
		    scan->n_alias_lengths == PREFIX_LENGTHS_MAX)
			return diag_set(diag, -EINVAL,
			    "--alias-lengths %s: give up to %d prefix lengths of 1 to 124 between "
			    "commas, or none",
			    text, PREFIX_LENGTHS_MAX);
		scan->alias_lengths[scan->n_alias_lengths++] = (uint8_t)len;
		p = *end ? end + 1 : end;
	}
	return 0;
}

static int open_signatures(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	int err = sig_set_create((const char *const *)c->signature_dirs.v, c->signature_dirs.n,
	    c->contact, diag, &scan->set);
	if (err)
		return err;
	return sig_planner_create(scan->set, c->probes, diag, &scan->planner);
}

/* What a resumed scan adds to; to a pipe it writes as any scan does. */
static bool is_file(const char *path)
{
	struct stat st;
	return path && strcmp(path, "-") != 0 && (stat(path, &st) < 0 || S_ISREG(st.st_mode));
}

static int open_writer(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	size_t n = c->output_file ? strlen(c->output_file) : 0;
	struct writer_options options = {
	    .format = c->format,
	    .fields = c->fields,
	    .only = c->only,
	    .max_results = c->max_results,
	    .output_file = c->output_file,
	    .is_zstd = c->zstd || (n > 4 && strcmp(c->output_file + n - 4, ".zst") == 0),
	    .zstd_level = c->zstd_level,
	    .is_resume = scan->resume && is_file(c->output_file),
	    .has_recorded = c->checkpoint_file != NULL,
	    .geoip = (const char *const *)c->geoip.v,
	    .n_geoip = c->geoip.n,
	    .set = scan->set,
	    .counters = &scan->out_counters,
	};
	return writer_create(&options, diag, &scan->writer);
}

/* ---- the network ---- */

static int open_path(struct scan *scan, int family, struct diag *diag)
{
	bool is_v4 = family == FAMILY_V4;
	bool is_guess;
	if (!targets_has_family(scan->targets, is_v4))
		return 0;
	struct ipaddr dst;
	int err = scan_net_find_path(
	    scan->config, scan->targets, is_v4, &scan->paths[family], &dst, &is_guess, diag);
	if (err && is_guess) {
		log_info("%s targets will be skipped: %s", is_v4 ? "IPv4" : "IPv6", diag->text);
		diag->text[0] = '\0';
		return 0;
	}
	scan->has_path[family] = err == 0;
	return err;
}

static int open_paths(struct scan *scan, struct diag *diag)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		int err = open_path(scan, f, diag);
		if (err)
			return err;
	}
	if (!scan->has_path[FAMILY_V4] && !scan->has_path[FAMILY_V6])
		return diag_set(diag, -ENETUNREACH,
		    "no route for IPv4 or IPv6: bring an interface up, or name one with --interface");
	return 0;
}

static uint32_t range_size(const struct ipaddr *lo, const struct ipaddr *hi)
{
	uint64_t lo_hi, lo_lo, hi_hi, hi_lo;
	ipaddr_get_u64(lo, &lo_hi, &lo_lo);
	ipaddr_get_u64(hi, &hi_hi, &hi_lo);
	uint64_t n = hi_lo - lo_lo + 1;
	return lo_hi != hi_hi || n > UINT16_MAX ? UINT16_MAX : (uint32_t)n;
}

static int open_sources(struct scan *scan, struct diag *diag)
{
	int err = scan_net_choose_ports(scan->config, &scan->ports, diag);
	if (err)
		return err;
	struct cookie_params *k = &scan->cookie;
	hash_random(&k->key, sizeof(k->key));
	k->port_lo = scan->ports.lo;
	k->n_ports = (uint32_t)(scan->ports.hi - scan->ports.lo + 1);
	const struct net_path *v4 = &scan->paths[FAMILY_V4], *v6 = &scan->paths[FAMILY_V6];
	if (scan->has_path[FAMILY_V4]) {
		k->laddr_v4 = v4->source_lo;
		k->n_laddr_v4 = range_size(&v4->source_lo, &v4->source_hi);
	}
	if (scan->has_path[FAMILY_V6]) {
		k->laddr_v6 = v6->source_lo;
		k->n_laddr_v6 = range_size(&v6->source_lo, &v6->source_hi);
	}
	return 0;
}

/* The guard needs more than sending does. */
static int check_privileges(struct scan *scan, struct diag *diag)
{
	bool needs_guard = false;
	if (scan->config->dry_run)
		return 0;
	for (int f = 0; f < FAMILY_COUNT; f++)
		needs_guard |=
		    scan->has_path[f] && scan_net_needs_guard(scan->config, &scan->paths[f]);
	return privileges_check(needs_guard, diag);
}

static int open_guard(struct scan *scan, struct diag *diag)
{
	const struct net_path *v4 = scan->has_path[FAMILY_V4] ? &scan->paths[FAMILY_V4] : NULL;
	const struct net_path *v6 = scan->has_path[FAMILY_V6] ? &scan->paths[FAMILY_V6] : NULL;
	if (scan->config->dry_run)
		return 0;
	return scan_net_open_guard(scan->config, v4, v6, &scan->ports, &scan->guard, diag);
}

/* ---- one sender's and one receiver's own things ---- */

static void scan_dump_sent(void *ctx, const uint8_t *frame, size_t len, bool is_ethernet)
{
	struct scan *scan = ctx;
	capture_dump_packet(
	    scan->dump, is_ethernet ? LINK_ETHERNET : LINK_RAW_IP, frame, len, clock_wall_ns());
}

/* --pcap: one file for both directions; Ethernet headers are kept when every link has them. */
static int scan_open_dump(struct scan *scan, struct diag *diag)
{
	enum link_type link = LINK_ETHERNET;
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (scan->has_path[f] && scan->paths[f].iface.kind != IFACE_ETHERNET)
			link = LINK_RAW_IP;
	}
	if (!scan->config->pcap_file)
		return 0;
	return capture_dump_open(scan->config->pcap_file, link, diag, &scan->dump);
}

static enum link_syn_style style_of(enum syn_options options)
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

static uint16_t path_mtu(const struct net_path *path)
{
	return (uint16_t)(path->iface.mtu < MTU_MAX ? path->iface.mtu : MTU_MAX);
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
	if (kind == TX_LIBNET)
		return link_open_backend(tx->links[f], &tx->backends[f]);
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

static int open_link(
    struct scan *scan, struct scan_tx *tx, int f, struct sender_path *out, struct diag *diag)
{
	const struct net_path *path = &scan->paths[f];
	if (!scan->has_path[f])
		return 0;
	bool is_ethernet = path->iface.kind == IFACE_ETHERNET;
	struct link_config config = {
	    .is_v4 = f == FAMILY_V4,
	    .type = is_ethernet ? LINK_ETHERNET : LINK_RAW_IP,
	    .is_raw_socket = !is_ethernet,
	    .interface = path->iface.name,
	    .laddr = path->source_lo,
	    .mtu = path_mtu(path),
	    .style = style_of(scan->config->syn_options),
	    .socket_mark = scan->guard ? RST_GUARD_MARK : 0,
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

static int open_sender(struct scan *scan, size_t i, struct diag *diag)
{
	struct scan_tx *tx = &scan->tx[i];
	const struct scan_config *c = scan->config;
	struct sender_config config = {
	    .cookie = scan->cookie,
	    .set = scan->set,
	    .rate_pps = c->rate_pps / (double)scan->n_tx,
	    .bandwidth_bps = c->bandwidth_bps / (double)scan->n_tx,
	    .n_receivers = scan->n_rx,
	    .is_congested = scan_is_congested,
	    .congested_ctx = scan,
	    .tap = scan->dump ? scan_dump_sent : NULL,
	    .tap_ctx = scan,
	    .counters = &tx->counters,
	};
	int err = open_link(scan, tx, FAMILY_V4, &config.v4, diag);
	if (!err)
		err = open_link(scan, tx, FAMILY_V6, &config.v6, diag);
	if (!err)
		err = ring_create(CONTROL_CELLS, &tx->control);
	if (!err)
		err = ring_create(CONTROL_CELLS, &tx->reports);
	if (err)
		return err;
	struct attempts_config attempts = {
	    .n_attempts = c->attempts,
	    .delay_ns = c->attempt_delay_ns,
	    .slice = (uint32_t)i,
	    .n_slices = (uint32_t)scan->n_tx,
	    .recorded = scan->resume && scan->resume->n_recorded > 0 ? &scan->recorded : NULL,
	};
	err = attempts_create(scan->targets, &attempts, diag, &tx->attempts);
	if (!err)
		err = scan_resume_slice(scan, i, tx->attempts, diag);
	if (err)
		return err;
	config.attempts = tx->attempts;
	config.control = tx->control;
	config.reports = tx->reports;
	for (size_t r = 0; r < scan->n_rx; r++) {
		config.reqs[r] = scan->reqs[r][i];
		config.notes[r] = scan->notes[i][r];
	}
	return sender_create(&config, &tx->sender);
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
	struct capture_config config = {
	    .interface = path->iface.name,
	    .filter = text,
	    .buffer_bytes = CAPTURE_BUFFER,
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

/* May a host have several targets? */
static bool has_siblings(const struct targets *targets)
{
	uint64_t n_targets, n_addresses;
	return !targets_count(targets, &n_targets) ||
	       !targets_count_addresses(targets, &n_addresses) || n_targets != n_addresses;
}

static void fill_engine_config(const struct scan *scan, struct engine_config *e)
{
	const struct scan_config *c = scan->config;
	uint16_t mtu[FAMILY_COUNT] = {MTU_MAX, MTU_MAX};
	for (int f = 0; f < FAMILY_COUNT; f++) {
		if (scan->has_path[f])
			mtu[f] = path_mtu(&scan->paths[f]);
	}
	/* The timestamp option takes 12 bytes of every segment. */
	e->conn = (struct conn_config){
	    .timeout_ns = c->timeout_ns,
	    .quiet_ns = QUIET_NS < c->timeout_ns ? QUIET_NS : c->timeout_ns,
	    .n_retransmits = (uint8_t)c->retransmits,
	    .mss_v4 = (uint16_t)(link_mss(true, mtu[FAMILY_V4]) - 12),
	    .mss_v6 = (uint16_t)(link_mss(false, mtu[FAMILY_V6]) - 12),
	};
	e->cookie = scan->cookie;
	hash_random(&e->table_key, sizeof(e->table_key));
	e->n_attempts = c->attempts;
	e->max_sessions = c->max_sessions;
	e->max_hosts = MAX_HOSTS;
	e->seen_capacity = SEEN_CAPACITY;
	e->n_hyperack = c->hyperack;
	e->hyperack_threshold = c->hyperack_threshold;
	e->many_ports = MANY_PORTS;
	e->wscale = link_wscale(style_of(c->syn_options));
	e->max_held = c->max_sessions / 2 < MAX_HELD ? c->max_sessions / 2 : MAX_HELD;
	e->hold_ns = has_siblings(scan->targets) ? c->timeout_ns : 0;
	e->skips_hyperacktive = c->skip_hyperacktive;
	e->is_all_probes = c->all_probes;
	e->n_alias_lengths = scan->n_alias_lengths;
	memcpy(e->alias_lengths, scan->alias_lengths, sizeof(e->alias_lengths));
}

static bool may_probe(void *ctx, const struct ipaddr *addr)
{
	return !targets_is_excluded(ctx, addr);
}

static int open_receiver(struct scan *scan, size_t i, struct diag *diag)
{
	struct scan_rx *rx = &scan->rx[i];
	int err = open_captures(scan, rx, diag);
	if (!err)
		err = ring_create(CONTROL_CELLS, &rx->control);
	if (!err)
		err = ring_create(CONTROL_CELLS, &rx->reports);
	if (!err)
		err = ring_create(RESULT_CELLS, &rx->results);
	if (!err)
		err = ring_create(RESULT_CELLS, &rx->free_results);
	if (err)
		return err;
	struct receiver_config config = {
	    .set = scan->set,
	    .planner = scan->planner,
	    .n_captures = rx->n_captures,
	    .control = rx->control,
	    .reports = rx->reports,
	    .n_senders = scan->n_tx,
	    .results = rx->results,
	    .free_results = rx->free_results,
	    .n_results = N_RESULTS,
	    .n_long_results = N_LONG_RESULTS,
	    .cooldown_ns = scan->config->cooldown_ns,
	    .dump = scan->dump,
	    .may_probe = may_probe,
	    .may_probe_ctx = scan->targets,
	    .answers_neighbours = scan->paths[FAMILY_V4].has_unowned_source ||
				  scan->paths[FAMILY_V6].has_unowned_source,
	    .counters = &rx->counters,
	};
	fill_engine_config(scan, &config.engine);
	memcpy(config.captures, rx->captures, sizeof(config.captures));
	for (size_t t = 0; t < scan->n_tx; t++) {
		config.reqs[t] = scan->reqs[i][t];
		config.notes[t] = scan->notes[t][i];
	}
	return receiver_create(&config, &rx->receiver);
}

static int open_threads(struct scan *scan, struct diag *diag)
{
	int err = 0;
	if (scan->config->dry_run)
		return 0;
	err = scan_open_dump(scan, diag);
	for (size_t r = 0; r < scan->n_rx && !err; r++) {
		for (size_t t = 0; t < scan->n_tx && !err; t++) {
			err = ring_create(REQ_CELLS, &scan->reqs[r][t]);
			if (!err)
				err = ring_create(NOTE_CELLS, &scan->notes[t][r]);
		}
	}
	for (size_t t = 0; t < scan->n_tx && !err; t++)
		err = open_sender(scan, t, diag);
	for (size_t r = 0; r < scan->n_rx && !err; r++)
		err = open_receiver(scan, r, diag);
	return err;
}

int scan_open(const struct scan_config *config, const struct targets_spec *spec,
    const char *config_json, const char *options_text, const struct checkpoint *resume,
    struct diag *diag, struct scan **out)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return diag_set(diag, -ENOMEM, "out of memory");
	scan->config = config;
	scan->n_tx = 1;
	scan->n_rx = 1;
	scan->spec = spec;
	scan->config_json = config_json;
	scan->options_text = options_text;
	scan->resume = resume;
	int (*const steps[])(struct scan *, struct diag *) = {read_alias_lengths, open_signatures,
	    open_targets, scan_open_resume, open_paths, check_privileges, open_sources, open_guard,
	    open_threads, scan_open_keeper, open_writer, scan_open_files};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int err = steps[i](scan, diag);
		if (!err)
			continue;
		if (!diag->text[0])
			diag_set(diag, err, "cannot start: %s", strerror(-err));
		scan_close(scan);
		return err;
	}
	*out = scan;
	return 0;
}

static void close_tx(struct scan_tx *tx)
{
	sender_destroy(tx->sender);
	attempts_destroy(tx->attempts);
	ring_destroy(tx->control);
	ring_destroy(tx->reports);
	if (tx->backends[FAMILY_V6] != tx->backends[FAMILY_V4])
		tx_close(tx->backends[FAMILY_V6]);
	tx_close(tx->backends[FAMILY_V4]);
	for (int f = 0; f < FAMILY_COUNT; f++)
		link_destroy(tx->links[f]);
}

static void close_rx(struct scan_rx *rx)
{
	receiver_destroy(rx->receiver);
	for (size_t i = 0; i < rx->n_captures; i++)
		capture_close(rx->captures[i]);
	ring_destroy(rx->control);
	ring_destroy(rx->reports);
	ring_destroy(rx->results);
	ring_destroy(rx->free_results);
}

void scan_close(struct scan *scan)
{
	if (!scan)
		return;
	scan_close_files(scan);
	scan_close_keeper(scan);
	writer_destroy(scan->writer);
	for (size_t i = 0; i < scan->n_tx; i++)
		close_tx(&scan->tx[i]);
	for (size_t i = 0; i < scan->n_rx; i++)
		close_rx(&scan->rx[i]);
	for (size_t r = 0; r < scan->n_rx; r++) {
		for (size_t t = 0; t < scan->n_tx; t++) {
			ring_destroy(scan->reqs[r][t]);
			ring_destroy(scan->notes[t][r]);
		}
	}
	capture_dump_close(scan->dump);
	rst_guard_close(scan->guard);
	targets_destroy(scan->targets);
	sig_planner_destroy(scan->planner);
	sig_set_destroy(scan->set);
	free(scan);
}
