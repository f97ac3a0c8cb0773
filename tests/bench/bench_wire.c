/* bench_wire: what one packet costs in our own code, as one JSON object on stdout: cookie and written
 * SYN, patched segment with a probe, decoded SYN-ACK. Medians of 5 runs on one thread, processor time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "wire/cookie.h"
#include "wire/decode.h"
#include "wire/form.h"
#include "wire/patch.h"

enum { RUNS = 5, N = 2000000, PROBE_LEN = 100, BATCH = 128 };

static volatile uint32_t sink; /* keeps results alive */

static int64_t cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* An Ethernet, IPv4, TCP header with Linux's options of a SYN, for template_init. */
static const uint8_t syn_frame[74] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08, 0x00, 0x45, 0, 0,
    60, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    0xa0, 0x02, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3,
    3, 7};

static struct cookie_params params;
static struct template syn;
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

/* As the sender does it: a form for each batch. */
static size_t make_syn(uint32_t i, uint8_t *frame)
{
	static struct form form;
	struct target target = {ipaddr_from_v4(0x0a000000 + i), 80};
	struct cookie cookie;
	if (i % BATCH == 0)
		form_fill(
		    &syn, &(struct patch){.tsval = i, .window = 64240, .flags = TCP_SYN}, &form);
	cookie_make(&params, &target, 0, &cookie);
	struct patch own = {
	    .flow = &cookie.flow, .dst_mac = mac, .seq = cookie.iss, .ip_id = (uint16_t)i};
	return form_write(&form, &own, frame);
}

static void run_syn(void)
{
	uint8_t frame[128];
	for (uint32_t i = 0; i < N; i++) {
		make_syn(i, frame);
		sink += frame[50];
	}
}

static void run_segment(void)
{
	static uint8_t payload[PROBE_LEN];
	uint8_t frame[256];
	struct flow flow = {ipaddr_from_v4(1), ipaddr_from_v4(2), 3, 4};
	for (uint32_t i = 0; i < N; i++) {
		struct patch patch = {.flow = &flow,
		    .dst_mac = mac,
		    .seq = i,
		    .ack = i,
		    .tsval = i,
		    .window = 64,
		    .flags = TCP_ACK,
		    .payload = payload,
		    .payload_len = PROBE_LEN};
		sink += (uint32_t)patch_packet(&syn, &patch, frame);
	}
}

static void run_decode(void)
{
	uint8_t frame[128];
	size_t len = make_syn(0, frame);
	struct packet packet;
	for (uint32_t i = 0; i < N; i++) {
		wire_decode(LINK_ETHERNET, frame, len, &packet);
		sink += packet.segment.ack + (uint32_t)packet.kind;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double measure(void (*run)(void))
{
	double ns[RUNS];
	for (int i = 0; i < RUNS; i++) {
		int64_t start = cpu_ns();
		run();
		ns[i] = (double)(cpu_ns() - start) / N;
	}
	qsort(ns, RUNS, sizeof(*ns), compare);
	return ns[RUNS / 2];
}

int main(void)
{
	if (hash_init() || template_init(&syn, syn_frame, sizeof(syn_frame), 14))
		return EXIT_FAILURE;
	hash_key_derive(1, "bench", &params.key);
	params.laddr_v4 = ipaddr_from_v4(0x0a000001);
	params.n_laddr_v4 = 1;
	params.port_lo = 16384;
	params.n_ports = 16384;
	printf("{\"bench\":\"wire\",\"unit\":\"ns\",\"syn_cookie_and_patch\":%.1f,"
	       "\"segment_patch_100_bytes\":%.1f,\"decode_syn\":%.1f}\n",
	    measure(run_syn), measure(run_segment), measure(run_decode));
	return EXIT_SUCCESS;
}
