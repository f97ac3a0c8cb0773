/* synblast: sends a bounded number of SYNs as fast as it can, counts what comes back, and prints one
 * JSON object. The yardstick that netsim's ceiling is measured with; with --core it feeds the same
 * SYNs to netsim's core in this process, without a network. One thread. Refuses more than 100 million
 * packets; meant for network namespaces without an uplink. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/netsim/frame.h"
#include "tests/netsim/io.h"
#include "tests/netsim/sim.h"

enum { SYN_LEN = FRAME_ETH_LEN + 20 + 40, BATCH = 64, QUIET_MS = 300 };

struct blast {
	uint8_t frame[SYN_LEN];
	uint32_t dst;
	unsigned long count;
	double pps;
	unsigned long n_synack;
	unsigned long n_rst;
	unsigned long n_other;
	unsigned long n_bad;
};

/* Linux's SYN: MSS, SACK, timestamps, window scale; from 192.0.2.2 through netsim's gateway. The frame
 * builder writes from raddr to laddr, so the ends are swapped here. */
static void build(struct blast *b, uint16_t port)
{
	static const uint8_t gateway_mac[6] = {0x02, 0x6e, 0x73, 0, 0, 1};
	static const uint8_t our_mac[6] = {0x02, 0, 0, 0, 0, 2};
	static const uint8_t options[20] = {
	    2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};
	struct flow flow = {.laddr = ipaddr_from_v4(b->dst),
	    .raddr = ipaddr_from_v4(0xc0000202),
	    .lport = port,
	    .rport = 40000};
	struct seg_out seg = {.dst_mac = gateway_mac,
	    .src_mac = our_mac,
	    .flow = &flow,
	    .seq = 0x12345678,
	    .window = 64240,
	    .flags = SEG_SYN,
	    .ttl = 64,
	    .options_len = sizeof(options)};
	uint8_t frame[FRAME_CAP];
	memcpy(seg.options, options, sizeof(options));
	frame_build_tcp(frame, &seg);
	memcpy(b->frame, frame, SYN_LEN);
}

/* Aims the frame at the next address: the IPv4 and TCP checksums follow (RFC 1624, equation 3), so
 * that the generator costs next to nothing. */
static void aim(struct blast *b)
{
	uint8_t *ip = b->frame + FRAME_ETH_LEN, *tcp = ip + 20;
	uint8_t bytes[4];
	frame_put32(bytes, b->dst++);
	uint8_t *const sums[] = {ip + 10, tcp + 16};
	for (int k = 0; k < 2; k++) {
		uint32_t sum = (uint16_t)~frame_get16(sums[k]);
		sum += (uint16_t)~frame_get16(ip + 16) + (uint32_t)(uint16_t)~frame_get16(ip + 18);
		sum += frame_get16(bytes) + (uint32_t)frame_get16(bytes + 2);
		frame_put16(sums[k], frame_sum_finish(sum));
	}
	memcpy(ip + 16, bytes, 4);
}

static void on_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct blast *b = ctx;
	struct seg_in seg;
	enum frame_kind kind = frame_parse(frame, len, true, &seg);
	if (kind == FRAME_BAD || kind == FRAME_BAD_CHECKSUM)
		b->n_bad++;
	else if (kind == FRAME_TCP && (seg.flags & SEG_RST))
		b->n_rst++;
	else if (kind == FRAME_TCP && (seg.flags & (SEG_SYN | SEG_ACK)) == (SEG_SYN | SEG_ACK))
		b->n_synack++;
	else
		b->n_other++;
}

static void on_frames(void *ctx, const struct frame_view *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		on_frame(ctx, frames[i].bytes, frames[i].len);
}

static void report(const struct blast *b, const char *io, double seconds)
{
	printf("{\"io\":\"%s\",\"sent\":%lu,\"seconds\":%.3f,\"pps\":%.0f,\"ns_per_syn\":%.1f,"
	       "\"synack\":%lu,\"rst\":%lu,\"other\":%lu,\"bad\":%lu}\n",
	    io, b->count, seconds, (double)b->count / seconds, seconds * 1e9 / (double)b->count,
	    b->n_synack, b->n_rst, b->n_other, b->n_bad);
}

/* Over the wire. Answers are read in between, and after the last SYN until none has come for a while. */
static int blast_wire(struct blast *b, const struct io_ops *ops, const char *interface)
{
	struct io *io;
	struct diag diag = {{0}};
	if (ops->open(interface, &diag, &io) < 0) {
		fprintf(stderr, "synblast: %s\n", diag.text);
		return 1;
	}
	int64_t start_ns = clock_mono_ns();
	for (unsigned long n = 0; n < b->count;) {
		for (unsigned i = 0; i < BATCH && n < b->count; i++, n++) {
			aim(b);
			ops->send(io, b->frame, SYN_LEN);
		}
		ops->flush(io);
		(void)ops->receive(io, on_frames, b);
		if (b->pps > 0)
			clock_sleep_ns(
			    start_ns + (int64_t)((double)n * 1e9 / b->pps) - clock_mono_ns());
	}
	double seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
	int64_t quiet_ns = clock_mono_ns();
	while (clock_mono_ns() - quiet_ns < QUIET_MS * NS_PER_MS) {
		if (ops->receive(io, on_frames, b))
			quiet_ns = clock_mono_ns();
		else
			ops->wait(io, 10);
	}
	report(b, ops->name, seconds);
	struct io_counts counts;
	ops->get_counts(io, &counts);
	ops->close(io);
	if (counts.n_tx_dropped)
		fprintf(stderr, "synblast: %llu packets not taken\n",
		    (unsigned long long)counts.n_tx_dropped);
	return counts.n_tx_dropped != 0;
}

/* In this process: what netsim's core costs, without the kernel. */
static int blast_core(struct blast *b, const char *preset)
{
	static struct sim_config cfg;
	struct diag diag = {{0}};
	struct sim *sim;
	config_init(&cfg);
	if (config_preset(&cfg, preset, &diag) < 0 || config_finish(&cfg, &diag) < 0) {
		fprintf(stderr, "synblast: %s\n", diag.text);
		return 2;
	}
	cfg.rtt = (struct range_ms){0, 0};
	if (sim_create(&cfg, on_frame, b, &sim) < 0) {
		fprintf(stderr, "synblast: not enough memory\n");
		return 1;
	}
	int64_t start_ns = clock_mono_ns();
	for (unsigned long n = 0; n < b->count; n++) {
		aim(b);
		sim_input(sim, &(struct frame_view){b->frame, SYN_LEN}, 1, start_ns);
	}
	report(b, "core", (double)(clock_mono_ns() - start_ns) / 1e9);
	sim_destroy(sim);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"core", required_argument, NULL, 'c'},
	    {"interface", required_argument, NULL, 'i'}, {"count", required_argument, NULL, 'n'},
	    {"first", required_argument, NULL, 'f'}, {"port", required_argument, NULL, 'p'},
	    {"rate", required_argument, NULL, 'r'}, {"io", required_argument, NULL, 'o'}, {0}};
	static struct blast b = {.dst = 0x0b000000, .count = 1000000};
	const char *interface = NULL, *core = NULL;
	const struct io_ops *ops = &io_xdp;
	unsigned long port = 80;
	bool is_ok = true;
	struct ipaddr first;
	int c;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			core = optarg;
		else if (c == 'i')
			interface = optarg;
		else if (c == 'n')
			b.count = strtoul(optarg, NULL, 10);
		else if (c == 'p')
			port = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			b.pps = strtod(optarg, NULL);
		else if (c == 'o')
			ops = strcmp(optarg, "packet") == 0 ? &io_packet : &io_xdp;
		else if (c == 'f' && ipaddr_parse(optarg, strlen(optarg), &first) == 0 &&
			 ipaddr_is_v4(&first))
			b.dst = ipaddr_get_v4(&first);
		else
			is_ok = false;
	}
	if (!is_ok || !(core || interface) || b.count == 0 || b.count > 100000000 || port == 0 ||
	    port > 65535) {
		fputs(
		    "usage: synblast --interface IF [--io xdp|packet] [--count N] [--first IPV4] [--port P]\n"
		    "                [--rate PPS]        SYNs to consecutive addresses over the wire\n"
		    "       synblast --core PRESET [...]  the same SYNs to netsim's core in this process\n"
		    "N is 1 to 100000000.\n",
		    stderr);
		return 2;
	}
	build(&b, (uint16_t)port);
	return core ? blast_core(&b, core) : blast_wire(&b, ops, interface);
}
