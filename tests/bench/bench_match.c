/* bench_match: what sig_match costs. Prints one JSON object: the median and the 99th percentile over
 * real answers (the corpus directory given, else the vectors of the signature files), the medians over
 * those of web servers, one also with what a receiver does in between (other memory was in the caches), and the worst
 * case over inputs made to be slow: every vector's beginning followed by 4 KiB of what its rules
 * look for, and 4 KiB of each byte. Usage: bench_match [CORPUS_DIR] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/diag.h"
#include "out/json.h"
#include "sig/check.h"
#include "sig/sig.h"

enum {
	DATA_MAX = 4096,
	LINE_MAX_LEN = 64 * 1024,
	INPUTS_MAX = 8192,
	ROUNDS = 9,
	COLD_ROUNDS = 300,
	OTHER_MEMORY = 4 << 20, /* more than a core's own caches */
	CACHE_LINE = 64,
};

struct sample {
	uint8_t bytes[DATA_MAX];
	size_t len;
	double ns;
};

struct bench {
	struct sig_set *set;
	struct sig_scratch *scratch;
	struct sample *samples;
	size_t n;
	double worst_ns;
	uint8_t worst[DATA_MAX];
	size_t worst_len;
};

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* The least of several rounds, each of n_calls calls: what the code costs, without the neighbours. */
static double time_match(struct bench *b, const uint8_t *bytes, size_t len, int n_calls)
{
	struct sig_input input = {.bytes = bytes, .len = len};
	struct sig_verdict verdict;
	double best = 1e18;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns();
		for (int i = 0; i < n_calls; i++)
			sig_match(b->set, b->scratch, &input, &verdict);
		double ns = (now_ns() - start) / n_calls;
		best = ns < best ? ns : best;
	}
	return best;
}

static void add_sample(struct bench *b, const uint8_t *bytes, size_t len)
{
	if (b->n == INPUTS_MAX || len == 0)
		return;
	struct sample *sample = &b->samples[b->n++];
	sample->len = len < DATA_MAX ? len : DATA_MAX;
	memcpy(sample->bytes, bytes, sample->len);
}

static void add_vector(void *arg, const char *protocol, bool is_positive,
    const struct sig_input *input, const char *instead)
{
	(void)protocol;
	(void)is_positive;
	(void)instead;
	add_sample(arg, input->bytes, input->len);
}

static void add_file(struct bench *b, const char *dir, const char *name)
{
	static char line[LINE_MAX_LEN];
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s.jsonl", dir, name);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		uint8_t bytes[DATA_MAX];
		size_t len = 0;
		struct json_object *object = NULL;
		if (json_object_parse(line, strlen(line), NULL, &object))
			continue;
		const char *text = json_object_get_string(object, "data_b64", &len);
		ptrdiff_t n = text ? base64_decode(text, len, bytes, sizeof(bytes)) : 0;
		if (n > 0)
			add_sample(b, bytes, (size_t)n);
		json_object_destroy(object);
	}
	if (f)
		fclose(f);
}

static void try_worst(struct bench *b, const uint8_t *bytes, size_t len)
{
	double ns = time_match(b, bytes, len, 1);
	if (ns <= b->worst_ns)
		return;
	b->worst_ns = ns;
	b->worst_len = len;
	memcpy(b->worst, bytes, len);
}

/* The beginning of a vector, then fillers that keep its rules searching. */
static void add_hostile(void *arg, const char *protocol, bool is_positive,
    const struct sig_input *input, const char *instead)
{
	static const char *const fillers[] = {" ", "\n", "\r\n", "a", "a: b\r\n", "220-", "FTP",
	    "\"", "<", "{", "0", "\n220-", "<a", ": ", "\t", "1.", "::", "HTTP/", "\r\na:"};
	struct bench *b = arg;
	(void)protocol;
	(void)is_positive;
	(void)instead;
	for (size_t keep = input->len; keep > 0; keep /= 2) {
		for (size_t i = 0; i <= sizeof(fillers) / sizeof(fillers[0]); i++) {
			uint8_t bytes[DATA_MAX];
			bool is_self = i == sizeof(fillers) / sizeof(fillers[0]);
			const uint8_t *filler =
			    is_self ? input->bytes : (const uint8_t *)fillers[i];
			size_t filler_len = is_self ? keep : strlen(fillers[i]);
			size_t start = keep < DATA_MAX ? keep : DATA_MAX;
			memcpy(bytes, input->bytes, start);
			for (size_t at = start; at < DATA_MAX; at++)
				bytes[at] = filler[(at - start) % filler_len];
			try_worst(b, bytes, DATA_MAX);
		}
	}
}

static int by_ns(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->ns;
	double y = ((const struct sample *)b)->ns;
	return x < y ? -1 : x > y;
}

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static bool is_http(const struct sample *sample)
{
	return sample->len > 5 && memcmp(sample->bytes, "HTTP/", 5) == 0;
}

/* The median of single calls on answers of web servers, the caches filled with something else before each. */
static double time_cold(struct bench *b)
{
	static uint8_t other[OTHER_MEMORY];
	static double ns[COLD_ROUNDS];
	size_t n = 0;
	for (size_t i = 0; n < COLD_ROUNDS && i < COLD_ROUNDS * b->n; i++) {
		const struct sample *sample = &b->samples[i * 7919 % b->n];
		struct sig_input input = {.bytes = sample->bytes, .len = sample->len};
		struct sig_verdict verdict;
		if (!is_http(sample))
			continue;
		for (size_t at = 0; at < OTHER_MEMORY; at += CACHE_LINE)
			other[at]++;
		double start = now_ns();
		sig_match(b->set, b->scratch, &input, &verdict);
		ns[n++] = now_ns() - start;
	}
	qsort(ns, n, sizeof(ns[0]), by_double);
	return n ? ns[n / 2] : 0;
}

/* The median over answers of web servers, of samples sorted by their time. */
static double median_http(const struct bench *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++)
		n += is_http(&b->samples[i]);
	size_t left = n / 2;
	for (size_t i = 0; i < b->n; i++) {
		if (is_http(&b->samples[i]) && left-- == 0)
			return b->samples[i].ns;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct diag diag = {""};
	struct bench b = {.worst_ns = 0};
	b.samples = calloc(INPUTS_MAX, sizeof(*b.samples));
	if (!b.samples || sig_set_create(NULL, 0, NULL, &diag, &b.set) ||
	    sig_scratch_create(b.set, &b.scratch)) {
		fprintf(stderr, "bench_match: %s\n", diag.text);
		return 1;
	}
	const char *dir = argc > 1 ? argv[1] : SRCDIR "/../shared/corpus";
	add_file(&b, dir, "captures");
	add_file(&b, dir, "banners");
	add_file(&b, dir, "negatives");
	bool is_corpus = b.n > 0;
	if (!is_corpus)
		sig_check_each_vector(b.set, add_vector, &b);
	for (size_t i = 0; i < b.n; i++)
		b.samples[i].ns = time_match(&b, b.samples[i].bytes, b.samples[i].len, 32);
	qsort(b.samples, b.n, sizeof(*b.samples), by_ns);
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t bytes[DATA_MAX];
		memset(bytes, (int)byte, sizeof(bytes));
		try_worst(&b, bytes, sizeof(bytes));
	}
	sig_check_each_vector(b.set, add_hostile, &b);
	printf(
	    "{\"bench\":\"match\",\"inputs\":\"%s\",\"n\":%zu,\"median_ns\":%.0f,\"p99_ns\":%.0f,"
	    "\"max_ns\":%.0f,\"http_median_ns\":%.0f,\"http_cold_ns\":%.0f,\"worst_ns\":%.0f,\"worst_begins\":\"",
	    is_corpus ? "corpus" : "vectors", b.n, b.samples[b.n / 2].ns,
	    b.samples[b.n * 99 / 100].ns, b.samples[b.n - 1].ns, median_http(&b), time_cold(&b),
	    b.worst_ns);
	for (size_t i = 0; i < 64 && i < b.worst_len; i++)
		printf("%02x", b.worst[i]);
	printf("\"}\n");
	sig_scratch_destroy(b.scratch);
	sig_set_destroy(b.set);
	free(b.samples);
	return 0;
}
