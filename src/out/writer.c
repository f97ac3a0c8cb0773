/* writer: the last stage of the path. Owns the output, the databases and the line buffer.
 * Thread: writer (or whoever calls writer_put); state and tickets are read by main.
 * Refuses to lose a record in silence and to make a receiver wait for a dead output: after a failure
 * results are still taken, counted as lost and sent home. */
#include "out/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"
#include "base/diag.h"
#include "base/ring.h"
#include "out/fields.h"
#include "out/geo.h"
#include "out/recent.h"
#include "out/record.h"
#include "out/record_recall.h"
#include "out/sink.h"

/* Naps of a writer that has nothing to do. Records wait the longest of them at most, which is little
 * beside SINK_DELAY_NS; each nap costs two switches and cold caches, so that they are short only while much
 * comes: a ring must not fill up meanwhile. */
#define NAP_MIN_NS (50 * NS_PER_US)
#define NAP_MAX_NS (50 * NS_PER_MS)

enum { BATCH = 64, CACHE_LINE = 64, PREFETCH_HEAD = 320, PREFETCH_DATA = 192 };

struct writer {
	enum format format;
	enum only only;
	uint64_t max_results;
	struct field_list fields;
	const struct sig_set *set;
	struct counters *counters;
	struct geo *geo; /* NULL: none */
	struct sink *sink;
	struct writer_summary summary;
	struct diag diag;      /* why the output failed; written before state is */
	int err;               /* writer's own view of the failure */
	int state;             /* enum writer_state; atomic, only the writer writes */
	uint64_t sync_wanted;  /* atomic, only main writes */
	uint64_t sync_done;    /* atomic, only the writer writes */
	int64_t sync_since_ns; /* belongs to whoever holds the ticket: main until it has asked, then
	                          the writer until it is done; so do the next two */
	const struct target *recorded;
	size_t n_recorded;
	struct recent *recent;        /* NULL: nobody asks for it */
	struct record_recall *recall; /* NULL: not the format that has it */
	char line[RECORD_LINE_MAX];
};

_Static_assert((int)RECORD_LINE_MAX <= (int)SINK_BUFFER_LEN, "a line fits the sink");

int writer_create(const struct writer_options *options, struct diag *diag, struct writer **out)
{
	if (options->fields && options->format != FORMAT_JSONL && options->format != FORMAT_CSV)
		return diag_set(
		    diag, -EINVAL, "--fields: the formats lzr and zgrab have fixed fields");
	struct writer *writer = calloc(1, sizeof(*writer));
	if (!writer)
		return diag_set(diag, -ENOMEM, "output: not enough memory");
	writer->format = options->format;
	/* zgrab2 needs a tag: a record without a protocol has no line in that format. */
	writer->only = options->format == FORMAT_ZGRAB ? ONLY_IDENTIFIED : options->only;
	writer->max_results = options->max_results;
	writer->set = options->set;
	writer->counters = options->counters;
	int err = fields_parse(options->fields, diag, &writer->fields);
	if (!err && options->has_recorded && recent_create(&writer->recent))
		err = diag_set(diag, -ENOMEM, "output: not enough memory");
	if (!err && writer->format == FORMAT_JSONL &&
	    record_recall_create(&writer->fields, &writer->recall))
		err = diag_set(diag, -ENOMEM, "output: not enough memory");
	if (!err && options->n_geoip > 0)
		err = geo_open(options->geoip, options->n_geoip, diag, &writer->geo);
	if (!err) {
		struct sink_options sink = {.path = options->output_file,
		    .is_zstd = options->is_zstd,
		    .level = options->zstd_level,
		    .is_resume = options->is_resume};
		err = sink_open(&sink, diag, &writer->sink);
	}
	if (err) {
		writer_destroy(writer);
		return err;
	}
	*out = writer;
	return 0;
}

void writer_destroy(struct writer *writer)
{
	if (!writer)
		return;
	sink_close(writer->sink);
	geo_close(writer->geo);
	recent_destroy(writer->recent);
	record_recall_destroy(writer->recall);
	free(writer);
}

const struct geo *writer_get_geo(const struct writer *writer)
{
	return writer->geo;
}

static void set_state(struct writer *writer, enum writer_state state)
{
	__atomic_store_n(&writer->state, (int)state, __ATOMIC_RELEASE);
}

enum writer_state writer_get_state(const struct writer *writer, struct diag *diag)
{
	enum writer_state state =
	    (enum writer_state)__atomic_load_n(&writer->state, __ATOMIC_ACQUIRE);
	if (state == WRITER_FAILED && diag)
		*diag = writer->diag;
	return state;
}

/* Notes the first failure. The text is complete before the state says so. */
static void note(struct writer *writer, int err, const struct diag *diag)
{
	if (!err || writer->err)
		return;
	writer->err = err;
	writer->diag = *diag;
	set_state(writer, WRITER_FAILED);
}

int writer_begin(struct writer *writer, const char *preamble, struct diag *diag)
{
	bool is_new = false;
	struct diag why = {0};
	int err = sink_begin(writer->sink, preamble, &is_new, &why);
	if (!err && is_new && writer->format == FORMAT_CSV) {
		struct text t = text_make(writer->line, sizeof(writer->line));
		record_put_csv_header(&t, &writer->fields);
		err = sink_write(writer->sink, t.p, t.len, clock_mono_ns(), &why);
	}
	note(writer, err, &why);
	if (err && diag)
		*diag = why;
	return err;
}

static bool is_wanted(const struct writer *writer, const struct result *result)
{
	switch (writer->only) {
	case ONLY_ALL:
		return true;
	case ONLY_DATA:
		return result->data_len > 0;
	case ONLY_IDENTIFIED:
		return result->outcome == OUTCOME_IDENTIFIED;
	case ONLY_COUNT:
		break;
	}
	return true;
}

static void tally(struct writer *writer, const struct result *result)
{
	struct writer_summary *s = &writer->summary;
	s->n_records++;
	s->by_outcome[result->outcome]++;
	counters_add(writer->counters, COUNTER_records_written, 1);
	if (result->hyperack.verdict == HYPERACK_YES)
		counters_add(writer->counters, COUNTER_records_hyperacktive, 1);
	const char *name = result->verdict.protocol;
	if (result->outcome != OUTCOME_IDENTIFIED || !name)
		return;
	counters_add(writer->counters, COUNTER_records_identified, 1);
	size_t i = 0;
	while (i < s->n_protocols && s->by_protocol[i].name != name &&
	       strcmp(s->by_protocol[i].name, name) != 0)
		i++;
	if (i == WRITER_PROTOCOLS_MAX) {
		s->n_other_protocols++;
		return;
	}
	if (i == s->n_protocols)
		s->by_protocol[s->n_protocols++].name = name;
	s->by_protocol[i].n++;
	/* Frequent names move to the front: the table stays sorted and the search short. */
	while (i > 0 && s->by_protocol[i].n > s->by_protocol[i - 1].n) {
		struct writer_tally t = s->by_protocol[i];
		s->by_protocol[i] = s->by_protocol[i - 1];
		s->by_protocol[--i] = t;
	}
}

/* What the databases know of n results. */
static void annotate(
    struct writer *writer, const struct result *const *results, size_t n, struct geo_record *out)
{
	const struct ipaddr *addrs[GEO_BATCH_MAX];
	enum geo_result met[GEO_BATCH_MAX];
	for (size_t i = 0; i < n; i++)
		addrs[i] = &results[i]->target.addr;
	geo_lookup_n(writer->geo, addrs, n, out, met);
	uint64_t n_damaged = 0, n_misses = 0;
	for (size_t i = 0; i < n; i++) {
		n_damaged += met[i] == GEO_DAMAGED;
		n_misses += met[i] == GEO_MISS;
	}
	counters_add(writer->counters, COUNTER_geo_errors, n_damaged);
	counters_add(writer->counters, COUNTER_geo_misses, n_misses);
}

/* The line of one result in writer->line; its length. */
static size_t serialise(
    struct writer *writer, const struct result *result, const struct geo_record *geo)
{
	struct record_view view = {.result = result, .geo = geo};
	if (writer->set && result->probe_id < sig_set_probe_count(writer->set))
		view.probe_name = sig_set_get_probe(writer->set, result->probe_id)->name;
	struct text t = text_make(writer->line, sizeof(writer->line));
	switch (writer->format) {
	case FORMAT_JSONL:
		record_recall_put_json(writer->recall, &t, &view);
		break;
	case FORMAT_CSV:
		record_put_csv(&t, &view, &writer->fields);
		break;
	case FORMAT_LZR:
		record_put_lzr(&t, &view);
		break;
	case FORMAT_ZGRAB:
		record_put_zgrab(&t, &view);
		break;
	case FORMAT_COUNT:
		break;
	}
	assert(!t.is_full);
	return t.len;
}

/* The target needs not be asked again: a checkpoint may say so. */
static void note_recorded(struct writer *writer, const struct result *result, int64_t now_ns)
{
	if (writer->recent && result->outcome != OUTCOME_ABORTED)
		recent_add(writer->recent, &result->target, now_ns);
}

/* Is this result to be written? Counts it if not. */
static bool admit(struct writer *writer, const struct result *result, int64_t now_ns)
{
	if (writer->err) {
		counters_add(writer->counters, COUNTER_records_lost, 1);
		return false;
	}
	bool is_enough =
	    writer->max_results > 0 && writer->summary.n_records >= writer->max_results;
	if (!is_enough && is_wanted(writer, result))
		return true;
	if (is_enough)
		writer->summary.n_beyond++;
	else
		note_recorded(writer, result, now_ns);
	counters_add(writer->counters, COUNTER_records_filtered, 1);
	return false;
}

static void put_one(struct writer *writer, const struct result *result,
    const struct geo_record *geo, int64_t now_ns)
{
	if (!admit(writer, result, now_ns))
		return;
	size_t len = serialise(writer, result, geo);
	struct diag diag = {0};
	int err = sink_write(writer->sink, writer->line, len, now_ns, &diag);
	note(writer, err, &diag);
	if (err) {
		counters_add(writer->counters, COUNTER_records_lost, 1);
		return;
	}
	counters_add(writer->counters, COUNTER_bytes_serialised, len);
	counters_set(writer->counters, COUNTER_bytes_written, sink_get_written(writer->sink));
	tally(writer, result);
	note_recorded(writer, result, now_ns);
	if (writer->summary.n_records == writer->max_results)
		set_state(writer, WRITER_ENOUGH);
}

static void prefetch_lines(const void *from, size_t len)
{
	for (size_t off = 0; off < len; off += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)from + off);
}

/* A receiver has written it, on another core perhaps: as much of it as most records show. */
static void prefetch(const struct result *result)
{
	prefetch_lines(result, PREFETCH_HEAD);
	prefetch_lines(result->data, PREFETCH_DATA);
}

void writer_put_n(
    struct writer *writer, const struct result *const *results, size_t n, int64_t now_ns)
{
	struct geo_record geo[GEO_BATCH_MAX];
	for (size_t done = 0; done < n;) {
		size_t n_now = n - done < GEO_BATCH_MAX ? n - done : GEO_BATCH_MAX;
		if (writer->geo)
			annotate(writer, results + done, n_now, geo);
		for (size_t i = 0; i < n_now; i++) {
			if (done + i + 1 < n)
				prefetch(results[done + i + 1]);
			put_one(writer, results[done + i], writer->geo ? &geo[i] : NULL, now_ns);
		}
		done += n_now;
	}
}

void writer_put(struct writer *writer, const struct result *result, int64_t now_ns)
{
	writer_put_n(writer, &result, 1, now_ns);
}

void writer_set_hurry(struct writer *writer, bool hurry)
{
	sink_set_hurry(writer->sink, hurry);
}

void writer_tick(struct writer *writer, int64_t now_ns)
{
	struct diag diag = {0};
	if (!writer->err)
		note(writer, sink_poll(writer->sink, now_ns, &diag), &diag);
}

int writer_finish(struct writer *writer)
{
	struct diag diag = {0};
	if (!writer->err)
		note(writer, sink_flush(writer->sink, true, &diag), &diag);
	counters_set(writer->counters, COUNTER_bytes_written, sink_get_written(writer->sink));
	return writer->err;
}

uint64_t writer_request_sync(struct writer *writer, int64_t since_ns)
{
	writer->sync_since_ns = since_ns;
	return __atomic_add_fetch(&writer->sync_wanted, 1, __ATOMIC_SEQ_CST);
}

uint64_t writer_get_synced(const struct writer *writer)
{
	return __atomic_load_n(&writer->sync_done, __ATOMIC_ACQUIRE);
}

void writer_list_recorded(struct writer *writer, int64_t since_ns)
{
	writer->n_recorded = 0;
	if (writer->recent)
		writer->recorded = recent_list(writer->recent, since_ns, &writer->n_recorded);
}

const struct target *writer_get_recorded(const struct writer *writer, size_t *n)
{
	*n = writer->n_recorded;
	return writer->recorded;
}

/* Takes what the ring holds, up to a batch; true when it gave the end marker. Adds to *n_taken. */
static bool serve_port(
    struct writer *writer, const struct writer_port *port, int64_t now_ns, size_t *n_taken)
{
	struct ring_cell cells[BATCH];
	struct result *results[BATCH];
	size_t n = ring_pop_n(port->results, cells, BATCH);
	*n_taken += n;
	size_t n_results = 0;
	bool has_ended = false;
	for (size_t i = 0; i < n && !has_ended; i++) {
		memcpy(&results[n_results], cells[i].b, sizeof(results[0]));
		has_ended = !results[n_results];
		n_results += !has_ended;
	}
	writer_put_n(writer, (const struct result *const *)results, n_results, now_ns);
	for (size_t i = 0; i < n_results; i++) {
		bool is_home = ring_push(port->home, &results[i], sizeof(results[i]));
		assert(is_home);
		(void)is_home;
	}
	return has_ended;
}

/* One round over all ports that still live. */
static size_t serve_all(
    struct writer *writer, const struct writer_port *ports, size_t n_ports, bool *has_ended)
{
	size_t n_taken = 0;
	int64_t now_ns = clock_mono_ns();
	bool is_behind = false;
	for (size_t i = 0; i < n_ports; i++)
		is_behind |=
		    ring_get_level(ports[i].results) > ring_get_capacity(ports[i].results) / 4;
	writer_set_hurry(writer, is_behind);
	for (size_t i = 0; i < n_ports; i++)
		if (!has_ended[i])
			has_ended[i] = serve_port(writer, &ports[i], now_ns, &n_taken);
	writer_tick(writer, now_ns);
	return n_taken;
}

/* Serves a request for durability: everything that was in the rings when the request was seen is
 * taken (each ring holds at most its capacity), then the output goes to disk. A failed output never
 * reports a ticket as done. */
static void serve_sync(
    struct writer *writer, const struct writer_port *ports, size_t n_ports, bool *has_ended)
{
	uint64_t wanted = __atomic_load_n(&writer->sync_wanted, __ATOMIC_SEQ_CST);
	if (wanted == writer->sync_done || writer->err)
		return;
	int64_t now_ns = clock_mono_ns();
	for (size_t i = 0; i < n_ports; i++) {
		size_t n_then = ring_get_level(ports[i].results);
		size_t n_taken = 0;
		while (n_taken < n_then && !has_ended[i])
			has_ended[i] = serve_port(writer, &ports[i], now_ns, &n_taken);
	}
	struct diag diag = {0};
	if (!writer->err)
		note(writer, sink_flush(writer->sink, true, &diag), &diag);
	if (writer->err)
		return;
	writer_list_recorded(writer, writer->sync_since_ns);
	__atomic_store_n(&writer->sync_done, wanted, __ATOMIC_RELEASE);
}

static bool have_all_ended(const bool *has_ended, size_t n_ports)
{
	for (size_t i = 0; i < n_ports; i++)
		if (!has_ended[i])
			return false;
	return true;
}

/* Sleeps for about as long as it takes an eighth of a ring to come, given that n_taken came since the last
 * nap of last_ns; at most twice and at least half as long as that. Returns how long. */
static int64_t nap(int64_t last_ns, size_t n_taken, const struct writer_port *ports)
{
	size_t n_wanted = ring_get_capacity(ports[0].results) / 8;
	int64_t nap_ns = n_taken <= n_wanted / 2   ? last_ns * 2
			 : n_taken >= n_wanted * 2 ? last_ns / 2
						   : last_ns * (int64_t)n_wanted / (int64_t)n_taken;
	nap_ns = nap_ns < NAP_MIN_NS ? NAP_MIN_NS : nap_ns > NAP_MAX_NS ? NAP_MAX_NS : nap_ns;
	clock_sleep_ns(nap_ns);
	return nap_ns;
}

int writer_run(struct writer *writer, const struct writer_port *ports, size_t n_ports)
{
	bool has_ended[WRITER_PORTS_MAX] = {false};
	assert(n_ports <= WRITER_PORTS_MAX);
	int64_t nap_ns = NAP_MIN_NS;
	size_t n_since = 0;
	while (!have_all_ended(has_ended, n_ports)) {
		size_t n_taken = serve_all(writer, ports, n_ports, has_ended);
		serve_sync(writer, ports, n_ports, has_ended);
		n_since += n_taken;
		if (n_taken > 0)
			continue;
		nap_ns = nap(nap_ns, n_since, ports);
		n_since = 0;
	}
	return writer_finish(writer);
}

void writer_get_summary(const struct writer *writer, struct writer_summary *out)
{
	*out = writer->summary;
}
