/* Claims about rx/lookahead: every packet comes out once, decoded as if it had not waited, in the order it
 * came in, whatever happens to the buffer that it was read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rx/lookahead.h"
#include "tests/unit/engine_world.h"
#include "tests/unit/packet_vectors.h"
#include "wire/checksum.h"

enum { N_PACKETS = 5000, LARGE_EVERY = 37 };

struct run {
	struct world *world;
	struct lookahead lookahead;
	uint64_t n_in, n_out;
	size_t which[N_PACKETS]; /* vector of the packet, or n_vectors: the large one */
	uint8_t large[LOOKAHEAD_ROOM + 1];
};

static const uint8_t *frame_of(
    const struct run *run, size_t which, size_t *len, enum link_type *link)
{
	if (which == n_vectors) {
		*len = sizeof(run->large);
		*link = LINK_RAW_IP;
		return run->large;
	}
	*len = vectors[which].len;
	*link = vectors[which].link;
	return vectors[which].bytes;
}

static void on_arrival(void *ctx, const struct arrival *arrival)
{
	struct run *run = ctx;
	struct packet want;
	size_t len;
	enum link_type link;
	assert_true(run->n_out < run->n_in);
	assert_int_equal(arrival->now_ns, (int64_t)run->n_out);
	assert_int_equal(arrival->wall_ns, -(int64_t)run->n_out);
	const uint8_t *frame = frame_of(run, run->which[run->n_out++], &len, &link);
	wire_decode(link, frame, len, &want);
	assert_int_equal(arrival->packet.kind, want.kind);
	if (want.kind != PACKET_TCP)
		return;
	const struct segment *got = &arrival->packet.segment;
	assert_memory_equal(&got->flow, &want.segment.flow, sizeof(struct flow));
	assert_int_equal(got->seq, want.segment.seq);
	assert_int_equal(got->flags, want.segment.flags);
	assert_int_equal(got->options_len, want.segment.options_len);
	assert_int_equal(got->payload_len, want.segment.payload_len);
	assert_memory_equal(got->options, want.segment.options, want.segment.options_len);
	assert_memory_equal(got->payload, want.segment.payload, want.segment.payload_len);
}

/* An ACK whose payload makes it one byte too long to wait. Its checksum is that of the pseudo header. */
static void make_large(struct run *run)
{
	uint8_t *p = run->large;
	static const uint8_t head[] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0,
	    2, 2, 0, 80, 0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, TCP_ACK, 1, 0};
	memcpy(p, head, sizeof(head));
	p[2] = sizeof(run->large) >> 8;
	p[3] = sizeof(run->large) & 0xff;
	uint16_t ip = (uint16_t)~checksum_fold(checksum_sum(p, 20));
	p[10] = (uint8_t)(ip >> 8);
	p[11] = (uint8_t)ip;
	struct ipaddr src = ipaddr_from_v4(0xc0000201);
	struct ipaddr dst = ipaddr_from_v4(0xc0000202);
	uint16_t tcp = checksum_fold(checksum_pseudo(&src, &dst, 6, sizeof(run->large) - 20));
	p[36] = (uint8_t)(tcp >> 8);
	p[37] = (uint8_t)tcp;
}

static void add(struct run *run, size_t which)
{
	static uint8_t buf[LOOKAHEAD_ROOM + 1];
	size_t len;
	enum link_type link;
	const uint8_t *frame = frame_of(run, which, &len, &link);
	memcpy(buf, frame, len);
	run->which[run->n_in] = which;
	int64_t at = (int64_t)run->n_in++;
	lookahead_add(
	    &run->lookahead, run->world->engine, link, buf, len, at, -at, on_arrival, run);
	memset(buf, 0xee, len); /* the ring's block went back to the kernel */
	assert_true(run->n_in - run->n_out < LOOKAHEAD_PACKETS);
	if (which == n_vectors)
		assert_int_equal(run->n_out, run->n_in);
}

static void test_packets_keep_order_and_content(void **state)
{
	(void)state;
	static struct run run;
	struct engine_config config = world_config();
	struct rng rng;
	struct packet large;
	rng = (struct rng){11};
	vectors_read();
	run.world = world_create(&config, "auto", 1);
	make_large(&run);
	wire_decode(LINK_RAW_IP, run.large, sizeof(run.large), &large);
	assert_int_equal(large.kind, PACKET_TCP);
	for (int i = 0; i < N_PACKETS; i++) {
		uint64_t r = rng_next(&rng);
		add(&run, r % LARGE_EVERY == 0 ? n_vectors : (size_t)(r >> 8) % n_vectors);
		if ((r >> 40) % 50 == 0) {
			lookahead_flush(&run.lookahead, run.world->engine, on_arrival, &run);
			assert_int_equal(run.n_out, run.n_in);
		}
	}
	lookahead_flush(&run.lookahead, run.world->engine, on_arrival, &run);
	assert_int_equal(run.n_out, N_PACKETS);
	world_destroy(run.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packets_keep_order_and_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
