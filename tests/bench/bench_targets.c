/* bench_targets: what targets/ costs, as one JSON object on stdout. Each figure is the median of 5 runs
 * on one thread, in processor time, so that other work on the machine counts less. Writes its lists to $TMPDIR and removes them. The set of a million prefixes is built in
 * a child process, so that its peak memory is its own.
 * bench_targets LINES: instead, one list of so many lines (100000000, say), half of them IPv6, all with a
 * port: streamed from a pipe while it is made up, then from a file, then loaded for random order; lines a
 * second and peak memory of each. The file takes 27 bytes a line of $TMPDIR. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "targets/permute.h"
#include "targets/targets.h"

enum { RUNS = 5, BATCH = 256 };

static volatile uint64_t sink; /* keeps results alive */

/* Processor time of this process. */
static int64_t cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, RUNS, sizeof(*v), compare_doubles);
	return v[RUNS / 2];
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_targets: %s\n", what);
	exit(1);
}

static uint64_t random_state = 1;

static uint32_t random_u32(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(random_state >> 32);
}

static struct targets *create(const struct targets_spec *spec)
{
	struct targets *targets;
	struct diag diag = {""};
	if (targets_create(spec, &diag, &targets))
		die(diag.text);
	return targets;
}

static double permute_ns(void)
{
	enum { N = 4000000 };
	double ns[RUNS];
	struct permute perm;
	permute_init(&perm, UINT64_C(123456789012), 1);
	for (int run = 0; run < RUNS; run++) {
		int64_t start = cpu_ns();
		uint64_t sum = 0, index[32];
		for (uint64_t i = 0; i < N; i += 32) {
			permute_batch(&perm, i, 1, 32, index);
			for (size_t k = 0; k < 32; k++)
				sum += index[k];
		}
		sink += sum;
		ns[run] = (double)(cpu_ns() - start) / N;
	}
	return median(ns);
}

static double next_ns(struct targets *targets)
{
	enum { N = 4000000 };
	static struct target out[BATCH];
	double ns[RUNS];
	for (int run = 0; run < RUNS; run++) {
		struct targets_iter it;
		targets_iter_init(&it, targets, 0, 1);
		int64_t start = cpu_ns();
		size_t n = 0;
		while (n < N && it.status == TARGETS_OK) {
			n += targets_iter_next(&it, out, BATCH);
			sink += out[0].port;
		}
		ns[run] = (double)(cpu_ns() - start) / (double)n;
	}
	return median(ns);
}

/* Opens a fresh file in the folder for temporary files. */
static FILE *open_list(char path[256])
{
	const char *dir = getenv("TMPDIR");
	snprintf(path, 256, "%s/bench_targets.XXXXXX", dir ? dir : "/tmp");
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		die("cannot write to TMPDIR");
	return f;
}

/* n networks of both families, 7 of 8 IPv4 unless is_half. */
static void write_networks(char path[256], size_t n, bool is_half, unsigned host_bits)
{
	FILE *f = open_list(path);
	for (size_t i = 0; i < n; i++) {
		uint32_t r = random_u32();
		if (i % (is_half ? 2 : 8) == 0)
			fprintf(f, "2a%02x:%x:%x::/%u\n", r >> 24, r >> 8 & 0xffff,
			    random_u32() & 0xffff, 64 - host_bits / 2);
		else
			fprintf(f, "%u.%u.%u.%u/%u\n", 1 + (r >> 24) % 120, r >> 16 & 255,
			    r >> 8 & 255, r & 255, 32 - host_bits);
	}
	fclose(f);
}

static void write_pairs(char path[256], size_t n)
{
	FILE *f = open_list(path);
	for (size_t i = 0; i < n; i++) {
		uint32_t r = random_u32();
		if (i % 2)
			fprintf(f, "%u.%u.%u.%u:%u\n", 1 + (r >> 24) % 120, r >> 16 & 255,
			    r >> 8 & 255, r & 255, 1 + r % 65535);
		else
			fprintf(f, "[2a01:%x:%x::%x:%x]:%u\n", r >> 16, r & 0xffff,
			    random_u32() >> 16, random_u32() >> 16, 1 + r % 65535);
	}
	fclose(f);
}

/* The mixed set of issue 3: 1,000 prefixes, 1,000 ports, 10,000 exclusions. IPv6 networks are small, so
 * that both families matter. */
static double mixed_next_ns(void)
{
	char prefixes[256], excluded[256];
	char *files[] = {prefixes}, *exclude_files[] = {excluded};
	write_networks(prefixes, 1000, false, 16);
	write_networks(excluded, 10000, false, 8);
	struct targets_spec spec = {.files = files,
	    .n_files = 1,
	    .exclude_files = exclude_files,
	    .n_exclude_files = 1,
	    .ports = "1-1000",
	    .v6_iid = "low:65536",
	    .order = TARGETS_ORDER_RANDOM,
	    .seed = 1};
	struct targets *targets = create(&spec);
	double ns = next_ns(targets);
	targets_destroy(targets);
	unlink(prefixes);
	unlink(excluded);
	return ns;
}

/* Lines a second of ip:port, streamed and loaded. */
static double list_lines(enum targets_order order, const char *path, size_t n_lines)
{
	double rate[RUNS];
	char *files[] = {(char *)(uintptr_t)path};
	static struct target out[BATCH];
	for (int run = 0; run < RUNS; run++) {
		struct targets_spec spec = {
		    .files = files, .n_files = 1, .order = order, .seed = 1};
		int64_t start = cpu_ns();
		struct targets *targets = create(&spec);
		struct targets_iter it;
		size_t n = 0;
		targets_iter_init(&it, targets, 0, 1);
		while (order == TARGETS_ORDER_LIST && it.status == TARGETS_OK)
			n += targets_iter_next(&it, out, BATCH);
		rate[run] = (double)n_lines / ((double)(cpu_ns() - start) / 1e9);
		sink += n;
		targets_destroy(targets);
	}
	return median(rate);
}

/* Peak memory and time of building 1M prefixes and 1M exclusions, half of them IPv6; or of loading the
 * pairs in path for random order. */
static void build_in_child(const char *path, double *seconds, double *rss_mb)
{
	char prefixes[256], excluded[256];
	char *files[] = {prefixes}, *exclude_files[] = {excluded},
	     *lists[] = {(char *)(uintptr_t)path};
	struct targets_spec spec = {.order = TARGETS_ORDER_RANDOM, .seed = 1, .ports = "80"};
	if (path) {
		spec.files = lists;
	} else {
		write_networks(prefixes, 1000000, true, 8);
		write_networks(excluded, 1000000, true, 2);
		spec.files = files;
		spec.exclude_files = exclude_files;
		spec.n_exclude_files = 1;
		spec.v6_iid = NULL;
		spec.max_targets = 1 << 30;
	}
	spec.n_files = 1;
	int pipes[2];
	if (pipe(pipes))
		die("pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int64_t start = cpu_ns();
		struct targets *targets = create(&spec);
		double took = (double)(cpu_ns() - start) / 1e9;
		ssize_t n = write(pipes[1], &took, sizeof(took));
		targets_destroy(targets);
		_exit(n == sizeof(took) ? 0 : 1);
	}
	struct rusage usage;
	int status;
	close(pipes[1]);
	ssize_t n = read(pipes[0], seconds, sizeof(*seconds));
	close(pipes[0]);
	if (wait4(pid, &status, 0, &usage) < 0 || status != 0 || n != sizeof(*seconds))
		die("the child failed");
	*rss_mb = (double)usage.ru_maxrss / 1024;
	if (!path) {
		unlink(prefixes);
		unlink(excluded);
	}
}

/* n lines of ip:port, both families, to f. */
static void write_lines(FILE *f, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		uint32_t a = random_u32(), b = random_u32();
		struct ipaddr addr =
		    i % 2 ? ipaddr_from_v4(((1 + (a >> 24) % 120) << 24) | (a & 0xffffff))
			  : ipaddr_from_u64(UINT64_C(0x2a01) << 48 | a, b);
		char text[IPADDR_STRLEN];
		ipaddr_format(&addr, text);
		if (fprintf(f, i % 2 ? "%s:%u\n" : "[%s]:%u\n", text, 1 + b % 65535) < 0)
			die("cannot write the list");
	}
}

/* Reads path to its end in a child; prints what that took. */
static void read_in_child(
    const char *name, const char *path, enum targets_order order, double n_lines)
{
	struct rusage usage;
	int status;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		char *files[] = {(char *)(uintptr_t)path};
		struct targets_spec spec = {
		    .files = files, .n_files = 1, .order = order, .seed = 1, .no_exclude = true};
		static struct target out[BATCH];
		struct targets *targets = create(&spec);
		struct targets_iter it;
		targets_iter_init(&it, targets, 0, 1);
		while (order == TARGETS_ORDER_LIST &&
		       (it.status == TARGETS_OK || it.status == TARGETS_WAIT))
			sink += targets_iter_next(&it, out, BATCH);
		targets_destroy(targets);
		_exit(it.status == TARGETS_ERROR);
	}
	if (wait4(pid, &status, 0, &usage) < 0 || status != 0)
		die("the child failed");
	double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	printf("\"%s_lines_per_s\":%.0f,\"%s_cpu_s\":%.1f,\"%s_rss_mb\":%.0f", name,
	    n_lines / seconds, name, seconds, name, (double)usage.ru_maxrss / 1024);
}

static void long_list(uint64_t n_lines)
{
	char path[256], fifo[256];
	FILE *f = open_list(path);
	snprintf(fifo, sizeof(fifo), "%.240s.pipe", path);
	if (mkfifo(fifo, 0600))
		die("cannot make a pipe in TMPDIR");
	printf("{");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		FILE *writer = fopen(fifo, "w");
		if (!writer)
			die("cannot write to the pipe");
		write_lines(writer, n_lines);
		fclose(writer);
		_exit(0);
	}
	read_in_child("pipe", fifo, TARGETS_ORDER_LIST, (double)n_lines);
	waitpid(pid, NULL, 0);
	unlink(fifo);
	write_lines(f, n_lines);
	if (fclose(f))
		die("cannot write the list");
	printf(",");
	read_in_child("stream", path, TARGETS_ORDER_LIST, (double)n_lines);
	printf(",");
	read_in_child("load", path, TARGETS_ORDER_RANDOM, (double)n_lines);
	printf("}\n");
	unlink(path);
}

int main(int argc, char **argv)
{
	enum { N_LINES = 2000000 };
	char pairs[256], plain[] = "10.0.0.0/8";
	char *args[] = {plain};
	double seconds, rss_mb;
	if (hash_init())
		die("libsodium does not start");
	if (argc > 1) {
		long_list(strtoull(argv[1], NULL, 10));
		return 0;
	}
	printf("{\"permute_ns\":%.1f", permute_ns());
	struct targets_spec spec = {.targets = args, .n_targets = 1, .ports = "80", .seed = 1};
	struct targets *targets = create(&spec);
	printf(",\"next_slash8_ns\":%.1f", next_ns(targets));
	targets_destroy(targets);
	printf(",\"next_mixed_ns\":%.1f", mixed_next_ns());
	build_in_child(NULL, &seconds, &rss_mb);
	printf(",\"build_1m_1m_s\":%.2f,\"build_1m_1m_rss_mb\":%.0f", seconds, rss_mb);
	write_pairs(pairs, N_LINES);
	printf(",\"stream_lines_per_s\":%.0f", list_lines(TARGETS_ORDER_LIST, pairs, N_LINES));
	printf(",\"load_lines_per_s\":%.0f", list_lines(TARGETS_ORDER_RANDOM, pairs, N_LINES));
	build_in_child(pairs, &seconds, &rss_mb);
	printf(",\"load_2m_pairs_rss_mb\":%.0f}\n", rss_mb);
	unlink(pairs);
	return 0;
}
