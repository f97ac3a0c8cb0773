/* bench_out [DATABASE...]: how many records a second one core writes: JSON alone, with compression,
 * and, when databases are given, with annotation. Each case runs the writer itself on made-up HTTP
 * answers (300 bytes of data, 1 KB of JSON; no two answers and no two versions beside each other are
 * alike, but in the cases called same, where all are) with output to /dev/null; the best of some rounds
 * counts, by CPU time, because the machine may be shared. One JSON object a case on stdout. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/diag.h"
#include "out/writer.h"
#include "tests/out/samples.h"

enum { N_SAMPLES = 4096, N_RECORDS = 20480, N_ROUNDS = 25, BATCH = 64 };

/* As a receiver keeps them: most results are short. */
enum { SAMPLE_LEN = (offsetof(struct result, data) + RESULT_DATA_SHORT + 15) / 16 * 16 };
static _Alignas(16) uint8_t samples[N_SAMPLES][SAMPLE_LEN];

static struct result *sample_at(size_t i)
{
	return (struct result *)(void *)samples[i % N_SAMPLES];
}

/* Fills the samples. One answer for all, or each its own, with a version that differs, too. */
static void make_samples(bool is_same)
{
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct result *r = sample_at(i);
		sample_make(r, SAMPLE_PLAIN, is_same ? 0 : i);
		if (is_same)
			continue;
		struct sig_capture *version = &r->verdict.captures[1];
		version->len = (uint8_t)snprintf(version->text, sizeof(version->text),
		    "%zu.%02zu.%zu", i % 10, i / 10 % 100, i / 1000);
	}
}

static double cpu_seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct bench_case {
	const char *name;
	enum format format;
	int level; /* of zstd; 0: plain */
	bool has_geo;
	bool is_hurried; /* as when results pile up, which they do at full speed */
	bool is_same;    /* one answer for all */
};

static int run_once(const struct bench_case *c, const char *const *databases, size_t n_databases,
    struct counters *counters, double *seconds)
{
	struct diag diag = {0};
	struct writer_options options = {.format = c->format,
	    .output_file = "/dev/null",
	    .is_zstd = c->level != 0,
	    .zstd_level = c->level,
	    .geoip = databases,
	    .n_geoip = c->has_geo ? n_databases : 0,
	    .counters = counters};
	struct writer *writer = NULL;
	static uint64_t state;
	*counters = (struct counters){0};
	int err = writer_create(&options, &diag, &writer);
	if (!err)
		err = writer_begin(writer, NULL, &diag);
	writer_set_hurry(writer, c->is_hurried);
	double start = cpu_seconds();
	for (size_t i = 0; !err && i < N_RECORDS; i += BATCH) {
		/* As the writer thread gets them from a receiver. */
		const struct result *batch[BATCH];
		for (size_t k = 0; k < BATCH; k++) {
			struct result *r = sample_at(i + k);
			/* Addresses do not come again: nothing is to be had from remembering them. */
			r->target.addr = ipaddr_from_v4((uint32_t)sample_next(&state));
			batch[k] = r;
		}
		writer_put_n(writer, batch, BATCH, clock_mono_ns());
	}
	if (!err)
		err = writer_finish(writer);
	*seconds = cpu_seconds() - start;
	writer_destroy(writer);
	if (err)
		fprintf(stderr, "bench_out: %s: %s\n", c->name, diag.text);
	return err;
}

static int run_case(const struct bench_case *c, const char *const *databases, size_t n_databases)
{
	static struct counters counters;
	double best = 0;
	make_samples(c->is_same);
	for (int round = 0; round < N_ROUNDS; round++) {
		double seconds;
		if (run_once(c, databases, n_databases, &counters, &seconds))
			return 1;
		if (round == 0 || seconds < best)
			best = seconds;
	}
	printf("{\"bench\":\"out\",\"case\":\"%s\",\"records\":%d,\"databases\":%zu,"
	       "\"records_per_s\":%.0f,\"ns_per_record\":%.0f,\"bytes_per_record\":%.0f,"
	       "\"written_per_record\":%.0f}\n",
	    c->name, N_RECORDS, c->has_geo ? n_databases : 0, N_RECORDS / best,
	    best * 1e9 / N_RECORDS,
	    (double)counters_get(&counters, COUNTER_bytes_serialised) / N_RECORDS,
	    (double)counters_get(&counters, COUNTER_bytes_written) / N_RECORDS);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct bench_case cases[] = {
	    {"json", FORMAT_JSONL, 0, false, false, false},
	    {"json_same", FORMAT_JSONL, 0, false, false, true},
	    {"json_zstd_hurried", FORMAT_JSONL, 1, false, true, false},
	    {"json_zstd1", FORMAT_JSONL, 1, false, false, false},
	    {"json_zstd1_same", FORMAT_JSONL, 1, false, false, true},
	    {"json_zstd3", FORMAT_JSONL, 3, false, false, false},
	    {"json_geo", FORMAT_JSONL, 0, true, false, false},
	    {"json_geo_zstd_hurried", FORMAT_JSONL, 1, true, true, false},
	    {"json_geo_zstd1", FORMAT_JSONL, 1, true, false, false},
	    {"json_geo_zstd3", FORMAT_JSONL, 3, true, false, false},
	    {"csv", FORMAT_CSV, 0, false, false, false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!cases[i].has_geo || argc > 1)
			if (run_case(&cases[i], (const char *const *)argv + 1, (size_t)argc - 1))
				return 1;
	return 0;
}
