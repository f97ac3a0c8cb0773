/* Claims about out/writer: every result comes home and every record is written once, the choice of
 * records, limits, durability tickets, and that a dead output stops nobody. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/diag.h"
#include "base/ring.h"
#include "out/recent.h"
#include "out/writer.h"
#include "tests/out/samples.h"

static char dir[] = "/tmp/test_writer.XXXXXX";
static char path[256];
static struct counters counters;
static struct diag diag;

static struct writer *open_writer(struct writer_options options)
{
	struct writer *writer = NULL;
	memset(&counters, 0, sizeof(counters));
	options.counters = &counters;
	if (!options.output_file)
		options.output_file = path;
	if (writer_create(&options, &diag, &writer) != 0)
		fail_msg("%s", diag.text);
	return writer;
}

enum { POOL = 200, N_RESULTS = 20000, N_PORTS = 3 };

/* A receiver: a pool of results, the two rings, and a thread that keeps them going round. */
struct source {
	struct writer_port port;
	struct result *pool;
	uint16_t number;
	size_t n_home;
};

static void *feed(void *arg)
{
	struct source *source = arg;
	struct result *stock[POOL];
	size_t n_stock = 0;
	for (size_t i = 0; i < POOL; i++)
		stock[n_stock++] = &source->pool[i];
	for (uint32_t sent = 0; sent < N_RESULTS;) {
		struct result *r;
		while (ring_pop(source->port.home, &r, sizeof(r))) {
			stock[n_stock++] = r;
			source->n_home++;
		}
		if (n_stock == 0) {
			sched_yield();
			continue;
		}
		r = stock[--n_stock];
		sample_make(r, SAMPLE_PLAIN, sent);
		r->target.addr = ipaddr_from_v4(0x0a000000 + sent);
		r->target.port = source->number;
		while (!ring_push(source->port.results, &r, sizeof(r)))
			sched_yield();
		sent++;
	}
	struct result *end = NULL;
	while (!ring_push(source->port.results, &end, sizeof(end)))
		sched_yield();
	return NULL;
}

static void open_source(struct source *source, uint16_t number)
{
	source->number = number;
	source->n_home = 0;
	source->pool = calloc(POOL, sizeof(*source->pool));
	assert_non_null(source->pool);
	assert_int_equal(ring_create(64, &source->port.results), 0);
	assert_int_equal(ring_create(256, &source->port.home), 0);
}

static void close_source(struct source *source)
{
	/* Together with those still in the ring, every result came home. */
	assert_int_equal(source->n_home + ring_get_level(source->port.home), N_RESULTS);
	ring_destroy(source->port.results);
	ring_destroy(source->port.home);
	free(source->pool);
}

static int run_all(struct writer *writer)
{
	struct source sources[N_PORTS];
	struct writer_port ports[N_PORTS];
	pthread_t threads[N_PORTS];
	for (uint16_t i = 0; i < N_PORTS; i++) {
		open_source(&sources[i], (uint16_t)(i + 1));
		ports[i] = sources[i].port;
		assert_int_equal(pthread_create(&threads[i], NULL, feed, &sources[i]), 0);
	}
	int err = writer_run(writer, ports, N_PORTS);
	for (size_t i = 0; i < N_PORTS; i++) {
		pthread_join(threads[i], NULL);
		close_source(&sources[i]);
	}
	return err;
}

static void test_every_result_is_written_once_and_comes_home(void **state)
{
	(void)state;
	struct writer *writer =
	    open_writer((struct writer_options){.is_zstd = true, .zstd_level = 1});
	assert_int_equal(writer_begin(writer, "{}", &diag), 0);
	assert_int_equal(run_all(writer), 0);
	assert_int_equal(writer_get_state(writer, NULL), WRITER_OK);
	static uint8_t seen[N_PORTS + 1][N_RESULTS];
	memset(seen, 0, sizeof(seen));
	char shell[300], line[8192];
	snprintf(shell, sizeof(shell), "zstd -dcq '%s'", path);
	FILE *f = popen(shell, "r");
	assert_non_null(f);
	size_t n = 0, n_bytes = 0;
	while (fgets(line, sizeof(line), f)) {
		unsigned a, b, c, port;
		assert_int_equal(
		    sscanf(line, "{\"ip\":\"10.%u.%u.%u\",\"port\":%u,", &a, &b, &c, &port), 4);
		assert_int_equal(seen[port][a << 16 | b << 8 | c]++, 0);
		n_bytes += strlen(line);
		n++;
	}
	assert_int_equal(pclose(f), 0);
	assert_int_equal(n, N_PORTS * N_RESULTS);
	struct writer_summary summary;
	writer_get_summary(writer, &summary);
	assert_int_equal(summary.n_records, n);
	assert_int_equal(summary.by_outcome[OUTCOME_IDENTIFIED], n);
	assert_int_equal(summary.n_protocols, 1);
	assert_string_equal(summary.by_protocol[0].name, "http");
	assert_int_equal(summary.by_protocol[0].n, n);
	assert_int_equal(counters_get(&counters, COUNTER_records_written), n);
	assert_int_equal(counters_get(&counters, COUNTER_records_identified), n);
	assert_int_equal(counters_get(&counters, COUNTER_bytes_serialised), n_bytes);
	assert_true(counters_get(&counters, COUNTER_bytes_written) < n_bytes / 3);
	writer_destroy(writer);
}

static void test_a_dead_output_is_reported_and_still_drained(void **state)
{
	(void)state;
	struct writer *writer = open_writer((struct writer_options){.output_file = "/dev/full"});
	assert_int_equal(writer_begin(writer, NULL, &diag), 0);
	assert_int_equal(run_all(writer), -ENOSPC);
	struct diag why = {0};
	assert_int_equal(writer_get_state(writer, &why), WRITER_FAILED);
	assert_non_null(strstr(why.text, "No space left"));
	uint64_t n_written = counters_get(&counters, COUNTER_records_written);
	uint64_t n_lost = counters_get(&counters, COUNTER_records_lost);
	assert_true(n_lost > 0);
	assert_int_equal(n_written + n_lost, N_PORTS * N_RESULTS);
	/* Nothing is reported durable on a dead output. */
	uint64_t ticket = writer_request_sync(writer, 0);
	assert_true(writer_get_synced(writer) < ticket);
	writer_destroy(writer);
}

static size_t count_file_lines(void)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = 0;
	for (int c; (c = fgetc(f)) != EOF;)
		n += c == '\n';
	fclose(f);
	return n;
}

static void put_samples(struct writer *writer, uint64_t n)
{
	static struct result r;
	for (uint64_t i = 0; i < n; i++) {
		sample_make(&r, SAMPLE_HOSTILE, i);
		writer_put(writer, &r, 0);
	}
}

static void test_only_and_max_results_choose_records(void **state)
{
	(void)state;
	uint64_t n_data = 0, n_identified = 0;
	static struct result r;
	for (uint64_t i = 0; i < 1000; i++) {
		sample_make(&r, SAMPLE_HOSTILE, i);
		n_data += r.data_len > 0;
		n_identified += r.outcome == OUTCOME_IDENTIFIED;
	}
	assert_true(n_identified > 0 && n_data > n_identified && n_data < 1000);
	const struct {
		struct writer_options options;
		uint64_t want;
	} rows[] = {{{.only = ONLY_ALL}, 1000}, {{.only = ONLY_DATA}, n_data},
	    {{.only = ONLY_IDENTIFIED}, n_identified}, {{.only = ONLY_DATA, .max_results = 7}, 7},
	    {{.format = FORMAT_ZGRAB}, n_identified}, {{.format = FORMAT_LZR}, 1000},
	    {{.format = FORMAT_CSV}, 1000 + 1}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct writer *writer = open_writer(rows[i].options);
		assert_int_equal(writer_begin(writer, NULL, &diag), 0);
		put_samples(writer, 1000);
		assert_int_equal(writer_get_state(writer, NULL),
		    rows[i].options.max_results ? WRITER_ENOUGH : WRITER_OK);
		assert_int_equal(writer_finish(writer), 0);
		uint64_t n_records = rows[i].want - (rows[i].options.format == FORMAT_CSV);
		assert_int_equal(count_file_lines(), rows[i].want);
		assert_int_equal(counters_get(&counters, COUNTER_records_written), n_records);
		assert_int_equal(
		    counters_get(&counters, COUNTER_records_filtered), 1000 - n_records);
		writer_destroy(writer);
	}
}

static void test_protocols_are_tallied_most_frequent_first_in_a_bounded_table(void **state)
{
	(void)state;
	static char names[400][8];
	static struct result r;
	struct writer *writer = open_writer((struct writer_options){.output_file = "/dev/null"});
	assert_int_equal(writer_begin(writer, NULL, &diag), 0);
	sample_make(&r, SAMPLE_PLAIN, 1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 400; i++) {
			sprintf(names[i], "p%d", i);
			r.verdict.protocol = names[i];
			/* Names of the first 200 come more often, number 150 most. */
			for (int k = 0; k < (i == 150 ? 5 : i < 200 ? 2 : 1); k++)
				writer_put(writer, &r, 0);
		}
	}
	assert_int_equal(writer_finish(writer), 0);
	struct writer_summary s;
	writer_get_summary(writer, &s);
	assert_int_equal(s.n_protocols, WRITER_PROTOCOLS_MAX);
	assert_string_equal(s.by_protocol[0].name, "p150");
	assert_int_equal(s.by_protocol[0].n, 15);
	uint64_t sum = s.n_other_protocols;
	for (size_t i = 0; i < s.n_protocols; i++) {
		sum += s.by_protocol[i].n;
		assert_true(i == 0 || s.by_protocol[i - 1].n >= s.by_protocol[i].n);
	}
	assert_int_equal(sum, s.n_records);
	writer_destroy(writer);
}

struct runner {
	struct writer *writer;
	struct writer_port port;
	int err;
};

static void *run_writer(void *arg)
{
	struct runner *runner = arg;
	runner->err = writer_run(runner->writer, &runner->port, 1);
	return NULL;
}

static void test_a_ticket_means_on_disk(void **state)
{
	(void)state;
	struct runner runner = {.writer = open_writer((struct writer_options){0})};
	assert_int_equal(writer_begin(runner.writer, NULL, &diag), 0);
	assert_int_equal(ring_create(64, &runner.port.results), 0);
	assert_int_equal(ring_create(64, &runner.port.home), 0);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, run_writer, &runner), 0);
	static struct result r;
	sample_make(&r, SAMPLE_PLAIN, 1);
	for (size_t round = 1; round <= 20; round++) {
		for (int i = 0; i < 5; i++) {
			struct result *p = &r;
			assert_true(ring_push(runner.port.results, &p, sizeof(p)));
		}
		uint64_t ticket = writer_request_sync(runner.writer, 0);
		while (writer_get_synced(runner.writer) < ticket)
			sched_yield();
		assert_int_equal(count_file_lines(), round * 5);
		struct result *back;
		while (ring_pop(runner.port.home, &back, sizeof(back)))
			assert_ptr_equal(back, &r);
	}
	struct result *end = NULL;
	assert_true(ring_push(runner.port.results, &end, sizeof(end)));
	pthread_join(thread, NULL);
	assert_int_equal(runner.err, 0);
	ring_destroy(runner.port.results);
	ring_destroy(runner.port.home);
	writer_destroy(runner.writer);
}

/* What is on disk may be told to a checkpoint: since then, without the aborted, the last RECENT_MAX. */
static void test_recorded_targets_are_told(void **state)
{
	(void)state;
	static struct result r;
	size_t n;
	struct writer *writer =
	    open_writer((struct writer_options){.output_file = "/dev/null", .has_recorded = true});
	assert_int_equal(writer_begin(writer, NULL, &diag), 0);
	sample_make(&r, SAMPLE_PLAIN, 1);
	r.outcome = OUTCOME_SILENT;
	for (uint32_t i = 0; i < 1000; i++) {
		r.target = (struct target){ipaddr_from_v4(i), 80};
		r.outcome = i % 10 == 9 ? OUTCOME_ABORTED : OUTCOME_SILENT;
		writer_put(writer, &r, i);
	}
	assert_int_equal(writer_finish(writer), 0);
	writer_list_recorded(writer, 900);
	const struct target *list = writer_get_recorded(writer, &n);
	assert_int_equal(n, 90);
	assert_int_equal(ipaddr_get_v4(&list[0].addr), 900);
	assert_int_equal(ipaddr_get_v4(&list[89].addr), 998);
	writer_list_recorded(writer, 5000);
	(void)writer_get_recorded(writer, &n);
	assert_int_equal(n, 0);
	r.outcome = OUTCOME_SILENT;
	for (uint32_t i = 0; i < RECENT_MAX + 7; i++) {
		r.target = (struct target){ipaddr_from_v4(i), 81};
		writer_put(writer, &r, 1000);
	}
	writer_list_recorded(writer, INT64_MIN);
	list = writer_get_recorded(writer, &n);
	assert_int_equal(n, RECENT_MAX);
	assert_int_equal(ipaddr_get_v4(&list[0].addr), 7);
	writer_destroy(writer);
}

static void test_bad_options_are_refused(void **state)
{
	(void)state;
	struct writer *writer = NULL;
	const char *missing[] = {"/nonexistent.mmdb"};
	const struct {
		struct writer_options options;
		int err;
		const char *text;
	} rows[] = {
	    {{.fields = "ip,foo", .output_file = path}, -EINVAL, "'foo'"},
	    {{.fields = "ip", .format = FORMAT_LZR, .output_file = path}, -EINVAL, "--fields"},
	    {{.output_file = "/nonexistent/out"}, -ENOENT, "/nonexistent/out"},
	    {{.geoip = missing, .n_geoip = 1, .output_file = path}, -ENOENT, "/nonexistent.mmdb"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(writer_create(&rows[i].options, &diag, &writer), rows[i].err);
		assert_null(writer);
		assert_non_null(strstr(diag.text, rows[i].text));
	}
	writer_destroy(NULL);
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/out", dir);
	if (system("command -v zstd >/dev/null") != 0) {
		puts("SKIP: no zstd (package zstd)");
		rmdir(dir);
		return 77;
	}
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_result_is_written_once_and_comes_home),
	    cmocka_unit_test(test_a_dead_output_is_reported_and_still_drained),
	    cmocka_unit_test(test_only_and_max_results_choose_records),
	    cmocka_unit_test(test_protocols_are_tallied_most_frequent_first_in_a_bounded_table),
	    cmocka_unit_test(test_a_ticket_means_on_disk),
	    cmocka_unit_test(test_recorded_targets_are_told),
	    cmocka_unit_test(test_bad_options_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
