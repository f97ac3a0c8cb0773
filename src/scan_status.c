/* scan_status: what a running scan tells people and files: the line, the summary, --status-file,
 * --metrics-file, --metadata-file. Main thread; texts are made in out/, here they get their places. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autoconfig.h"
#include "base/clock.h"
#include "base/log.h"
#include "scan_internal.h"

#define LINE_NS (1 * NS_PER_SEC)
#define FILE_NS (1 * NS_PER_SEC)

/* ---- looks at the counters ---- */

static void look(struct scan *scan, struct status_sample *out)
{
	struct targets_counters left_out;
	targets_get_counters(scan->targets, &left_out);
	counters_set(&scan->main_counters, COUNTER_lines_wrong, left_out.n_bad_lines);
	counters_set(&scan->main_counters, COUNTER_names_unresolved, left_out.n_unresolved);
	counters_set(&scan->main_counters, COUNTER_targets_repeated, left_out.n_duplicates);
	counters_set(&scan->main_counters, COUNTER_targets_excluded, left_out.n_excluded);
	const struct counters *all[SCAN_TX_MAX + SCAN_RX_MAX + 2];
	size_t n = 0;
	for (size_t i = 0; i < scan->n_tx; i++)
		all[n++] = &scan->tx[i].counters;
	for (size_t i = 0; i < scan->n_rx; i++)
		all[n++] = &scan->rx[i].counters;
	all[n++] = &scan->out_counters;
	all[n++] = &scan->main_counters;
	counters_sum(all, n, &out->counters);
	out->at_ns = clock_mono_ns() - scan->start_mono_ns;
}

static enum status_phase phase_of(const struct scan *scan, const struct status_sample *now)
{
	return now->counters.v[COUNTER_senders_done] < scan->n_tx ? STATUS_SENDING
								  : STATUS_DRAINING;
}

/* ---- the metadata ---- */

/* Describes the run; sample and end are NULL while it has not ended. Returns the text's length. */
static size_t put_metadata(struct scan *scan, const struct status_sample *sample, const char *end,
    const struct diag *error, int exit_status)
{
	static struct writer_summary written; /* large: not for a stack */
	struct metadata_list lists[] = {
	    {.key = "hyperactive_hosts", .put = scan_put_hosts, .ctx = scan},
	    {.key = "prefixes", .put = scan_put_prefixes, .ctx = scan}};
	struct metadata m = {
	    .version = PACKAGE_VERSION,
	    .command = "scan",
	    .config_json = scan->config_json,
	    .seed = scan->spec->seed,
	    .start_wall_ns = scan->start_wall_ns,
	    .end = end,
	    .exit_status = exit_status,
	    .geo = writer_get_geo(scan->writer),
	};
	if (end) {
		writer_get_summary(scan->writer, &written);
		m.end_wall_ns = clock_wall_ns();
		m.error = error && error->text[0] ? error->text : NULL;
		m.counters = &sample->counters;
		m.written = &written;
		m.lists = lists;
		m.n_lists = sizeof(lists) / sizeof(lists[0]);
	}
	struct text t = text_make(scan->text, METADATA_TEXT_MAX);
	metadata_put(&t, &m);
	return t.len;
}

static void write_file(struct textfile *file, const char *text, size_t len, bool is_sync)
{
	struct diag diag = {{0}};
	if (file && textfile_replace(file, text, len, is_sync, &diag))
		log_warn("%s", diag.text);
}

int scan_open_files(struct scan *scan, struct diag *diag)
{
	const struct scan_config *c = scan->config;
	struct {
		const char *path;
		struct textfile **file;
	} files[] = {{c->status_file, &scan->status_file}, {c->metadata_file, &scan->metadata_file},
	    {c->metrics_file, &scan->metrics_file}};
	scan->text = malloc(METADATA_TEXT_MAX + 1); /* and a NUL */
	if (!scan->text)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int err = files[i].path ? textfile_open(files[i].path, diag, files[i].file) : 0;
		if (err)
			return err;
	}
	return 0;
}

void scan_close_files(struct scan *scan)
{
	textfile_close(scan->status_file);
	textfile_close(scan->metadata_file);
	textfile_close(scan->metrics_file);
	free(scan->text);
}

int scan_begin_output(struct scan *scan, struct diag *diag)
{
	scan->run = (struct status_run){
	    .cooldown_ns = scan->config->cooldown_ns, .start_wall_ns = scan->start_wall_ns};
	scan->run.has_n_targets = targets_count(scan->targets, &scan->run.n_targets);
	uint64_t n_done = scan_count_done(scan);
	scan->run.n_targets -= n_done < scan->run.n_targets ? n_done : scan->run.n_targets;
	size_t len = put_metadata(scan, NULL, NULL, NULL, 0);
	scan->text[len] = '\0';
	int err = writer_begin(scan->writer, scan->text, diag);
	if (!err && scan->metadata_file)
		err = textfile_replace(scan->metadata_file, scan->text, len, true, diag);
	return err;
}

/* ---- while it runs ---- */

static enum status_mode mode_of(const struct scan *scan)
{
	if (scan->config->quiet)
		return STATUS_OFF;
	if (scan->config->status == STATUS_AUTO)
		return isatty(STDERR_FILENO) ? STATUS_LINE : STATUS_OFF;
	return scan->config->status;
}

/* A terminal keeps one line and rewrites it; a file gets a line each time. */
static void print_line(struct scan *scan, enum status_phase phase, const struct status_sample *now)
{
	struct text t = text_make(scan->text, METADATA_TEXT_MAX);
	status_put_line(&t, &scan->run, phase, &scan->before, now);
	bool is_tty = isatty(STDERR_FILENO);
	fprintf(stderr, is_tty ? "\r\033[K%.*s" : "%.*s\n", (int)t.len, t.p);
	scan->has_line = is_tty;
}

static void print_json(struct scan *scan, enum status_phase phase, const struct status_sample *now)
{
	struct text t = text_make(scan->text, METADATA_TEXT_MAX);
	status_put_json(&t, &scan->run, phase, &scan->before, now, clock_wall_ns());
	fwrite(t.p, 1, t.len, stderr);
}

static void write_files(struct scan *scan, enum status_phase phase, const struct status_sample *now)
{
	struct text t = text_make(scan->text, METADATA_TEXT_MAX);
	if (scan->status_file) {
		struct diag diag = {{0}};
		status_put_json(&t, &scan->run, phase, &scan->before, now, clock_wall_ns());
		if (textfile_append(scan->status_file, t.p, t.len, &diag))
			log_warn("%s", diag.text);
	}
	if (scan->metrics_file) {
		t.len = 0;
		status_put_prometheus(&t, &scan->run, now);
		write_file(scan->metrics_file, t.p, t.len, false);
	}
}

static void show(struct scan *scan, enum status_phase phase, const struct status_sample *now)
{
	switch (mode_of(scan)) {
	case STATUS_LINE:
		print_line(scan, phase, now);
		break;
	case STATUS_JSON:
		print_json(scan, phase, now);
		break;
	case STATUS_AUTO:
	case STATUS_OFF:
	case STATUS_COUNT:
		break;
	}
	write_files(scan, phase, now);
}

void scan_status_tick(struct scan *scan, int64_t now_ns)
{
	if (now_ns - scan->shown_ns < LINE_NS)
		return;
	scan->shown_ns = now_ns;
	struct status_sample now;
	look(scan, &now);
	show(scan, phase_of(scan, &now), &now);
	scan->before = now;
}

void scan_status_newline(struct scan *scan)
{
	if (scan->has_line)
		fputc('\n', stderr);
	scan->has_line = false;
}

/* ---- at the end ---- */

static const char *const end_names[] = {
    [SCAN_COMPLETE] = "complete",
    [SCAN_STOPPED] = "stopped",
    [SCAN_INTERRUPTED] = "interrupted",
    [SCAN_FAILED] = "failed",
};

/* What most often stands behind a scan that nothing answered. */
static void warn_silence(const struct status_sample *now)
{
	uint64_t n_sent = now->counters.v[COUNTER_syn_sent];
	if (n_sent >= 100 && now->counters.v[COUNTER_packets_received] == 0)
		log_warn(
		    "not one answer to %llu SYNs: check the interface, the gateway and filters on "
		    "the way with synspect check",
		    (unsigned long long)n_sent);
}

/* A stream shows only while it runs that it has targets nobody can send to. */
static void warn_family(const struct scan *scan, const struct status_sample *now)
{
	uint64_t n = now->counters.v[COUNTER_family_skipped];
	bool is_v4 = !scan->has_path[FAMILY_V4];
	if (n > 0)
		log_warn(
		    "%llu %s targets were left out: there is no %s route: see ip -%d route, or name "
		    "an interface with -i",
		    (unsigned long long)n, is_v4 ? "IPv4" : "IPv6", is_v4 ? "IPv4" : "IPv6",
		    is_v4 ? 4 : 6);
}

void scan_status_end(struct scan *scan, enum scan_end end, int exit_status, const struct diag *diag)
{
	static struct writer_summary written;
	struct status_sample now;
	look(scan, &now);
	scan->before = (struct status_sample){0};
	show(scan, STATUS_ENDED, &now);
	scan_status_newline(scan);
	writer_get_summary(scan->writer, &written);
	if (!scan->config->quiet && mode_of(scan) != STATUS_JSON) {
		struct text t = text_make(scan->text, METADATA_TEXT_MAX);
		status_put_summary(&t, &scan->run, &now, &written);
		fwrite(t.p, 1, t.len, stderr);
	}
	warn_silence(&now);
	warn_family(scan, &now);
	size_t len = put_metadata(scan, &now, end_names[end], diag, exit_status);
	write_file(scan->metadata_file, scan->text, len, true);
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
