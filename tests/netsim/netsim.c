/* netsim: plays an Internet on one end of a veth, or tells the truth about it. main and the loop:
 * wiring only. One thread. Refuses to run outside the interface it is given; meant for network
 * namespaces without an uplink. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/netsim/io.h"
#include "tests/netsim/pcapfile.h"
#include "tests/netsim/sim.h"
#include "tests/netsim/truth.h"

struct options {
	const char *interface;
	const char *pcap;
	const char *stats;
	const char *io;
	double max_runtime_s;
	double capacity_pps; /* of the way to us; 0: what the machine can do */
	bool is_truth;
	struct sim_config cfg;
};

struct loop {
	const struct io_ops *ops;
	struct io *io;
	struct sim *sim;
	FILE *pcap;
	int64_t now_ns;
	int64_t frame_ns; /* what each frame takes on the way to us; 0: nothing */
	int64_t queued_until_ns;
	uint64_t n_over_capacity;
};

#define QUEUE_NS (50 * NS_PER_MS) /* a router's buffer: frames that would wait longer are dropped */

static volatile sig_atomic_t is_stopped;

static void on_signal(int signo)
{
	(void)signo;
	is_stopped = 1;
}

static void usage(FILE *out)
{
	fputs(
	    "usage: netsim --interface IF [--seed N] [--config FILE] [--preset NAME] [--set KEY=VALUE]...\n"
	    "              [--pcap FILE] [--stats FILE] [--max-runtime SECONDS] [--io xdp|packet]\n"
	    "              [--capacity PPS]\n"
	    "       netsim --truth [--seed N] [--config FILE] ... < \"ip,port\" lines\n\n"
	    "Plays every address on the far side of IF; prints \"ready\" when it does. --truth prints\n"
	    "what each target is, one JSON object a line. Configuration, \"key = value\" lines:\n\n",
	    out);
	config_print_keys(out);
}

static int fail(const char *text)
{
	fprintf(stderr, "netsim: %s\n", text);
	return -1;
}

static int read_number(const char *text, double max, double *out)
{
	char *end;
	double v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= max))
		return -1;
	*out = v;
	return 0;
}

static int read_seed(const char *text, uint64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoull(text, &end, 0);
	return errno || end == text || *end || text[0] == '-' ? -1 : 0;
}

enum {
	OPT_SEED = 256,
	OPT_CONFIG,
	OPT_PRESET,
	OPT_SET,
	OPT_PCAP,
	OPT_STATS,
	OPT_RUNTIME,
	OPT_CAPACITY,
	OPT_IO,
	OPT_TRUTH
};
static const struct option long_options[] = {
    {"interface", required_argument, NULL, 'i'},
    {"seed", required_argument, NULL, OPT_SEED},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"preset", required_argument, NULL, OPT_PRESET},
    {"set", required_argument, NULL, OPT_SET},
    {"pcap", required_argument, NULL, OPT_PCAP},
    {"stats", required_argument, NULL, OPT_STATS},
    {"max-runtime", required_argument, NULL, OPT_RUNTIME},
    {"capacity", required_argument, NULL, OPT_CAPACITY},
    {"io", required_argument, NULL, OPT_IO},
    {"truth", no_argument, NULL, OPT_TRUTH},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* One option; returns 0, or -1 after a message, or 1 for --help. */
static int set_option(struct options *o, int c, const char *value)
{
	struct diag diag = {{0}};
	switch (c) {
	case 'h':
		usage(stdout);
		return 1;
	case 'i':
		o->interface = value;
		return 0;
	case OPT_SEED:
		return read_seed(value, &o->cfg.seed) < 0 ? fail("--seed takes a number") : 0;
	case OPT_CONFIG:
		return config_read(&o->cfg, value, &diag) < 0 ? fail(diag.text) : 0;
	case OPT_PRESET:
		return config_preset(&o->cfg, value, &diag) < 0 ? fail(diag.text) : 0;
	case OPT_SET:
		return config_set_line(&o->cfg, value, "--set", &diag) < 0 ? fail(diag.text) : 0;
	case OPT_PCAP:
		o->pcap = value;
		return 0;
	case OPT_STATS:
		o->stats = value;
		return 0;
	case OPT_RUNTIME:
		return read_number(value, 1e6, &o->max_runtime_s) < 0
			   ? fail("--max-runtime takes seconds")
			   : 0;
	case OPT_CAPACITY:
		return read_number(value, 1e9, &o->capacity_pps) < 0
			   ? fail("--capacity takes packets a second")
			   : 0;
	case OPT_IO:
		o->io = value;
		return 0;
	case OPT_TRUTH:
		o->is_truth = true;
		return 0;
	}
	usage(stderr);
	return -1;
}

static void emit(void *ctx, const uint8_t *frame, size_t len)
{
	struct loop *loop = ctx;
	if (loop->pcap)
		pcapfile_write(loop->pcap, frame, len, clock_wall_ns());
	loop->ops->send(loop->io, frame, len);
}

/* Is there room for a frame in the buffer before us? */
static bool fits(struct loop *loop)
{
	if (loop->queued_until_ns < loop->now_ns)
		loop->queued_until_ns = loop->now_ns;
	if (loop->queued_until_ns - loop->now_ns > QUEUE_NS) {
		loop->n_over_capacity++;
		return false;
	}
	loop->queued_until_ns += loop->frame_ns;
	return true;
}

static void on_frames(void *ctx, const struct frame_view *frames, unsigned n)
{
	struct loop *loop = ctx;
	if (!loop->pcap && !loop->frame_ns) {
		sim_input(loop->sim, frames, n, loop->now_ns);
		return;
	}
	/* One by one: the file has each answer behind its question. */
	for (unsigned i = 0; i < n; i++) {
		if (loop->frame_ns && !fits(loop))
			continue;
		if (loop->pcap)
			pcapfile_write(loop->pcap, frames[i].bytes, frames[i].len, clock_wall_ns());
		sim_input(loop->sim, &frames[i], 1, loop->now_ns);
	}
}

static void run_loop(struct loop *loop, double max_runtime_s)
{
	int64_t end_ns = INT64_MAX;
	loop->now_ns = clock_mono_ns();
	if (max_runtime_s > 0)
		end_ns = loop->now_ns + (int64_t)(max_runtime_s * 1e9);
	while (!is_stopped && loop->now_ns < end_ns) {
		unsigned n = loop->ops->receive(loop->io, on_frames, loop);
		sim_tick(loop->sim, loop->now_ns);
		loop->ops->flush(loop->io);
		if (n == 0)
			loop->ops->wait(loop->io, sim_is_idle(loop->sim) ? 100 : 1);
		loop->now_ns = clock_mono_ns();
	}
}

static int write_stats(struct loop *loop, const char *path)
{
	FILE *f = fopen(path, "we");
	if (!f) {
		fprintf(stderr, "netsim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	struct io_counts io;
	loop->ops->get_counts(loop->io, &io);
	fprintf(f,
	    "{\"io\":\"%s\",\"rx\":%llu,\"tx\":%llu,\"rx_dropped\":%llu,\"tx_dropped\":%llu,"
	    "\"over_capacity\":%llu,\"sim\":",
	    loop->ops->name, (unsigned long long)io.n_rx, (unsigned long long)io.n_tx,
	    (unsigned long long)io.n_rx_dropped, (unsigned long long)io.n_tx_dropped,
	    (unsigned long long)loop->n_over_capacity);
	sim_print_stats(loop->sim, f);
	fputs("}\n", f);
	return fclose(f) ? fail("stats file: write failed") : 0;
}

/* AF_XDP when the kernel has it, else AF_PACKET, or what --io says. */
static int open_io(const struct options *o, struct loop *loop)
{
	const struct io_ops *const ways[] = {&io_xdp, &io_packet};
	struct diag diag = {{0}};
	for (size_t i = 0; i < 2; i++) {
		if (o->io && strcmp(o->io, ways[i]->name) != 0)
			continue;
		loop->ops = ways[i];
		if (ways[i]->open(o->interface, &diag, &loop->io) == 0)
			return 0;
	}
	return fail(diag.text[0] ? diag.text : "--io takes xdp or packet");
}

static int simulate(const struct options *o)
{
	struct loop loop = {0};
	if (o->capacity_pps > 0)
		loop.frame_ns = (int64_t)((double)NS_PER_SEC / o->capacity_pps);
	int rc = 1;
	if (!o->interface)
		return fail("--interface is missing: see netsim --help"), 2;
	if (o->pcap && !(loop.pcap = pcapfile_open(o->pcap)))
		return fail("--pcap: cannot write the file"), 1;
	if (open_io(o, &loop) < 0)
		goto out;
	if (sim_create(&o->cfg, emit, &loop, &loop.sim) < 0) {
		fail("not enough memory for max_flows");
		goto out;
	}
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	printf("ready %s\n", loop.ops->name);
	fflush(stdout);
	run_loop(&loop, o->max_runtime_s);
	rc = o->stats && write_stats(&loop, o->stats) < 0 ? 1 : 0;
out:
	sim_destroy(loop.sim);
	if (loop.io)
		loop.ops->close(loop.io);
	if (loop.pcap && fclose(loop.pcap))
		rc = 1;
	return rc;
}

int main(int argc, char **argv)
{
	static struct options o;
	struct diag diag = {{0}};
	config_init(&o.cfg);
	int c;
	while ((c = getopt_long(argc, argv, "i:h", long_options, NULL)) != -1) {
		int err = set_option(&o, c, optarg);
		if (err)
			return err < 0 ? 2 : 0;
	}
	if (optind < argc)
		return fail("no arguments besides options: see netsim --help"), 2;
	if (config_finish(&o.cfg, &diag) < 0)
		return fail(diag.text), 2;
	if (o.is_truth)
		return truth_stream(stdin, stdout, &o.cfg, &diag) < 0 ? fail(diag.text), 1 : 0;
	return simulate(&o);
}
