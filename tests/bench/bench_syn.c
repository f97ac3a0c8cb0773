/* bench_syn INTERFACE: what a first SYN costs without a kernel, as one JSON object on stdout. The sender
 * itself runs, over the back end that sends nothing: permutation, exclusions, cookie, template, checksums,
 * buckets and counters, from 10.0.0.0/8 less a few prefixes. libnet wants an interface (lo in a namespace of
 * its own does) and CAP_NET_RAW to make the templates. Medians of 5 runs of 2^24 addresses; processor time of
 * the sender's thread. Also as on a processor with AVX2 at most, and on one without. */
#include <net/if.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/cpu.h"
#include "base/diag.h"
#include "base/hash.h"
#include "targets/targets.h"
#include "tx/sender.h"

enum { RUNS = 5, RING_CELLS = 16 };

struct run {
	struct sender *sender;
	struct ring *reqs, *notes;
	struct counters counters;
	double ns;
};

static int64_t thread_cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static void *run_sender(void *arg)
{
	struct run *run = arg;
	int64_t start = thread_cpu_ns();
	sender_run(run->sender);
	run->ns = (double)(thread_cpu_ns() - start) /
		  (double)counters_get(&run->counters, COUNTER_syn_sent);
	return NULL;
}

static uint16_t next_hop(const void *ctx, const struct ipaddr *dst)
{
	(void)ctx;
	(void)dst;
	return 0;
}

/* Everything that one sender needs, for one scan. Returns 0 or a negative errno with diag. */
static int prepare(struct run *run, struct targets *targets, const char *interface,
    struct limiter *limiter, struct diag *diag)
{
	static struct ring *control, *reports;
	static struct bell bell;
	struct link_config link = {.is_v4 = true,
	    .type = LINK_ETHERNET,
	    .laddr = ipaddr_from_v4(0xc0000202),
	    .mtu = 1500,
	    .style = LINK_SYN_LINUX};
	struct attempts_config attempts = {.n_attempts = 1, .n_slices = 1};
	struct sender_config config = {
	    .packets = limiter, .n_receivers = 1, .counters = &run->counters};
	struct tx_config tx = {.interface = interface, .ifindex = if_nametoindex(interface)};
	int err = link_create(&link, diag, &config.v4.link);
	if (!err)
		err = tx_open(TX_BACKEND_NULL, &tx, diag, &config.v4.backend);
	if (!err)
		err = attempts_create(targets, &attempts, diag, &config.attempts);
	if (!err && ring_create(RING_CELLS, &control) + ring_create(RING_CELLS, &reports) +
			ring_create(RING_CELLS, &run->reqs) + ring_create(RING_CELLS, &run->notes))
		err = diag_set(diag, -ENOMEM, "out of memory");
	if (err)
		return err;
	config.v4.is_ethernet = true;
	config.v4.next_hop = next_hop;
	config.cookie.laddr_v4 = link.laddr;
	config.cookie.n_laddr_v4 = 1;
	config.cookie.port_lo = 16384;
	config.cookie.n_ports = 16384;
	hash_random(&config.cookie.key, sizeof(config.cookie.key));
	config.control = control;
	bell_init(&bell);
	config.bell = &bell;
	config.reports = reports;
	config.reqs[0] = run->reqs;
	config.notes[0] = run->notes;
	return sender_create(&config, &run->sender);
}

/* One scan; the cost of a SYN in ns, negative on failure. What it makes lives until the end. */
static double measure(struct targets *targets, const char *interface, enum cpu_level level)
{
	static struct run run;
	static struct limiter limiter;
	struct diag diag = {{0}};
	pthread_t thread;
	run = (struct run){0};
	cpu_limit_level(level);
	limiter_init(&limiter, 1e9, 1, clock_mono_ns());
	if (prepare(&run, targets, interface, &limiter, &diag) ||
	    pthread_create(&thread, NULL, run_sender, &run)) {
		fprintf(stderr, "bench_syn: %s\n", diag.text);
		return -1;
	}
	struct rx_note note;
	while (!ring_pop(run.notes, &note, sizeof(note)) || note.kind != RX_NOTE_TX_DONE)
		clock_sleep_ns(NS_PER_MS);
	struct tx_req end = {.kind = TX_REQ_END, .probe_id = SIG_PROBE_NONE};
	if (!ring_push(run.reqs, &end, sizeof(end)))
		abort();
	pthread_join(thread, NULL);
	return run.ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	char *what[] = {"10.0.0.0/8"};
	char * not [] = {"10.1.0.0/16", "10.20.30.0/24", "10.99.0.0/17", "10.200.0.1"};
	struct targets_spec spec = {.targets = what,
	    .n_targets = 1,
	    .ports = "80",
	    .excludes = not,
	    .n_excludes = 4,
	    .allow_reserved = true};
	struct targets *targets;
	struct diag diag = {{0}};
	double avx512[RUNS], avx2[RUNS], plain[RUNS];
	if (argc != 2)
		return 2;
	if (hash_init() || targets_create(&spec, &diag, &targets)) {
		fprintf(stderr, "bench_syn: %s\n", diag.text);
		return 1;
	}
	for (int i = 0; i < RUNS; i++) {
		avx512[i] = measure(targets, argv[1], CPU_AVX512);
		avx2[i] = measure(targets, argv[1], CPU_AVX2);
		plain[i] = measure(targets, argv[1], CPU_PLAIN);
		if (avx512[i] < 0 || avx2[i] < 0 || plain[i] < 0)
			return 1;
	}
	qsort(avx512, RUNS, sizeof(*avx512), compare);
	qsort(avx2, RUNS, sizeof(*avx2), compare);
	qsort(plain, RUNS, sizeof(*plain), compare);
	printf("{\"bench\":\"syn\",\"unit\":\"ns\",\"syn_without_kernel\":%.1f,\"best\":%.1f,"
	       "\"avx2\":%.1f,\"avx2_best\":%.1f,\"plain\":%.1f,\"plain_best\":%.1f}\n",
	    avx512[RUNS / 2], avx512[0], avx2[RUNS / 2], avx2[0], plain[RUNS / 2], plain[0]);
	return 0;
}
