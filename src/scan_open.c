/* scan_open: opens everything a scan needs, in the order in which a mistake is cheapest to report:
 * what the user wrote first, then files, then the network. Main thread, before any other exists. */
#include "autoconfig.h" /* sched_getaffinity */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "net/privileges.h"
#include "scan_internal.h"
#include "scan_net.h"

enum {
	REQ_CELLS = 1 << 14, /* of one receiver, to all senders together */
	REQ_CELLS_MIN = 1 << 11,
	NOTE_CELLS = 16,
	SESSIONS_A_RECEIVER = 1000, /* at least: fewer are not worth a thread */
	AUTO_THREADS_MAX = 8,
};
/* One sender and one receiver do so much on any machine. */
#define ONE_SENDER_PPS 200000.0

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
		    "nothing to probe: every target is excluded, or the lists are empty, or none "
		    "falls to this shard: ask synspect targets --explain ADDR, or give "
		    "--allow-reserved");
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
	struct diag why_seen = {""};
	int err =
	    scan_net_open_guard(scan->config, v4, v6, &scan->ports, &scan->guard, &why_seen, diag);
	if (!err && why_seen.text[0])
		log_info("the kernel sees every answer too, which costs time: %s", why_seen.text);
	return err;
}

/* ---- senders and receivers ---- */

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

/* Cores that this process may use. */
static size_t count_cores(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* --threads: so many senders and so many receivers. */
static size_t choose_threads(const struct scan_config *c)
{
	size_t n = c->n_threads;
	size_t most = c->max_sessions / SESSIONS_A_RECEIVER;
	if (n == 0) {
		n = c->rate_pps < ONE_SENDER_PPS ? 1 : count_cores() / 2;
		most = most < AUTO_THREADS_MAX ? most : AUTO_THREADS_MAX;
	}
	n = n < most ? n : most;
	return n > 0 ? n : 1;
}

static int open_rings(struct scan *scan)
{
	size_t n_cells = REQ_CELLS;
	for (size_t n = scan->n_tx; n > 1 && n_cells > REQ_CELLS_MIN; n /= 2)
		n_cells /= 2;
	int err = 0;
	for (size_t r = 0; r < scan->n_rx && !err; r++) {
		for (size_t t = 0; t < scan->n_tx && !err; t++) {
			bell_init(&scan->tx[t].bell);
			err = ring_create(n_cells, &scan->reqs[r][t]);
			if (!err)
				err = ring_create(NOTE_CELLS, &scan->notes[t][r]);
		}
	}
	return err;
}

static int open_threads(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	scan->n_tx = scan->n_rx = choose_threads(c);
	if (c->dry_run)
		return 0;
	limiter_init(&scan->packets, scan->adapt.pps, 1, clock_mono_ns());
	if (c->bandwidth_bps > 0)
		limiter_init(
		    &scan->bytes, c->bandwidth_bps / 8, SENDER_FRAME_WIRE_MAX, clock_mono_ns());
	int err = scan_open_dump(scan, diag);
	if (!err)
		err = scan_open_links(scan, diag);
	if (!err)
		err = scan_open_captures(scan, diag);
	if (!err)
		err = open_rings(scan);
	for (size_t t = 0; t < scan->n_tx && !err; t++)
		err = scan_open_sender(scan, t, diag);
	for (size_t r = 0; r < scan->n_rx && !err; r++)
		err = scan_open_receiver(scan, r);
	if (!err)
		log_info("%zu sending and %zu receiving threads", scan->n_tx, scan->n_rx);
	return err;
}

int scan_open(const struct scan_config *config, const struct targets_spec *spec,
    const char *config_json, const char *options_text, const struct checkpoint *resume,
    struct diag *diag, struct scan **out)
{
	/* Counters and buckets have cache lines of their own. */
	struct scan *scan = aligned_alloc(_Alignof(struct scan), sizeof(*scan));
	if (!scan)
		return diag_set(diag, -ENOMEM, "out of memory");
	memset(scan, 0, sizeof(*scan));
	scan->config = config;
	pthread_mutex_init(&scan->gate.lock, NULL);
	pthread_cond_init(&scan->gate.moved, NULL);
	scan->spec = spec;
	scan->config_json = config_json;
	scan->options_text = options_text;
	scan->resume = resume;
	int (*const steps[])(struct scan *, struct diag *) = {read_alias_lengths, open_signatures,
	    open_targets, scan_open_resume, open_paths, check_privileges, open_sources, open_guard,
	    scan_open_rate, open_threads, scan_open_keeper, open_writer, scan_open_files};
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

void scan_close(struct scan *scan)
{
	if (!scan)
		return;
	scan_close_files(scan);
	scan_close_keeper(scan);
	scan_close_rate(scan);
	writer_destroy(scan->writer);
	for (size_t i = 0; i < scan->n_tx; i++)
		scan_close_sender(&scan->tx[i]);
	for (size_t i = 0; i < scan->n_rx; i++)
		scan_close_receiver(&scan->rx[i]);
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
	pthread_cond_destroy(&scan->gate.moved);
	pthread_mutex_destroy(&scan->gate.lock);
	free(scan);
}
