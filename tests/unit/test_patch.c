/* Claims about wire/patch: every packet equals one that is built from nothing, by code that shares
 * none with it; what is no template is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guard.h"
#include "tests/unit/rng.h"
#include "wire/decode.h"
#include "wire/form.h"
#include "wire/patch.h"

enum { FRAME_MAX = 1280 };

/* ---- the reference: bytes appended one after the other, checksums by the definition ---- */

struct buf {
	uint8_t b[FRAME_MAX];
	size_t n;
};

static void put(struct buf *buf, uint64_t v, int n_bytes)
{
	for (int i = n_bytes - 1; i >= 0; i--)
		buf->b[buf->n++] = (uint8_t)(v >> (8 * i));
}

static void put_bytes(struct buf *buf, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf->b[buf->n++] = p[i];
}

static uint16_t slow_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (uint16_t)~sum;
}

struct shape {
	bool is_v6, has_ethernet;
	uint8_t ttl;
	uint8_t options[40];
	size_t options_len; /* multiple of 4 */
	int ts_at;          /* of TSval in the options; -1: none */
};

static const uint8_t src_mac[6] = {2, 0, 0, 0, 0, 9}, dst_mac[6] = {2, 1, 2, 3, 4, 5};

static void reference(const struct shape *shape, const struct patch *p, struct buf *out)
{
	struct buf tcp = {.n = 0}, pseudo = {.n = 0};
	const struct flow *f = p->flow;
	uint8_t options[40];
	memcpy(options, shape->options, sizeof(options));
	if (shape->ts_at >= 0) {
		struct buf ts = {.n = 0};
		put(&ts, p->tsval, 4);
		put(&ts, p->tsecr, 4);
		memcpy(options + shape->ts_at, ts.b, 8);
	}
	put(&tcp, f->lport, 2);
	put(&tcp, f->rport, 2);
	put(&tcp, p->seq, 4);
	put(&tcp, p->ack, 4);
	put(&tcp, (20 + shape->options_len) / 4 << 4, 1);
	put(&tcp, p->flags, 1);
	put(&tcp, p->window, 2);
	put(&tcp, 0, 4); /* checksum, urgent pointer */
	put_bytes(&tcp, options, shape->options_len);
	put_bytes(&tcp, p->payload, p->payload_len);
	size_t addr_off = shape->is_v6 ? 0 : 12, addr_len = shape->is_v6 ? 16 : 4;
	put_bytes(&pseudo, f->laddr.b + addr_off, addr_len);
	put_bytes(&pseudo, f->raddr.b + addr_off, addr_len);
	put(&pseudo, shape->is_v6 ? tcp.n : 6, shape->is_v6 ? 4 : 2);
	put(&pseudo, shape->is_v6 ? 6 : tcp.n, shape->is_v6 ? 4 : 2);
	put_bytes(&pseudo, tcp.b, tcp.n);
	uint16_t check = slow_checksum(pseudo.b, pseudo.n);
	tcp.b[16] = (uint8_t)(check >> 8);
	tcp.b[17] = (uint8_t)check;
	out->n = 0;
	if (shape->has_ethernet) {
		put_bytes(out, p->dst_mac, 6);
		put_bytes(out, src_mac, 6);
		put(out, shape->is_v6 ? 0x86dd : 0x0800, 2);
	}
	size_t ip = out->n;
	if (shape->is_v6) {
		put(out, 0x60000000, 4);
		put(out, tcp.n, 2);
		put(out, 6, 1);
		put(out, shape->ttl, 1);
	} else {
		put(out, 0x4500, 2);
		put(out, 20 + tcp.n, 2);
		put(out, p->ip_id, 2);
		put(out, 0x4000, 2);
		put(out, shape->ttl, 1);
		put(out, 6, 1);
		put(out, 0, 2);
	}
	put_bytes(out, f->laddr.b + addr_off, addr_len);
	put_bytes(out, f->raddr.b + addr_off, addr_len);
	if (!shape->is_v6) {
		check = slow_checksum(out->b + ip, 20);
		out->b[ip + 10] = (uint8_t)(check >> 8);
		out->b[ip + 11] = (uint8_t)check;
	}
	put_bytes(out, tcp.b, tcp.n);
}

/* ---- shapes: what link.c makes, and what else a template may be ---- */

static const struct shape shapes[] = {
    {.ttl = 64, .options_len = 0, .ts_at = -1},
    {.ttl = 64, .options = {2, 4, 5, 0xb4}, .options_len = 4, .ts_at = -1},
    {.ttl = 64,
	.options = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7},
	.options_len = 20,
	.ts_at = 8},
    {.ttl = 128,
	.options = {2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2},
	.options_len = 12,
	.ts_at = -1},
    {.ttl = 64, .options = {1, 1, 8, 10}, .options_len = 12, .ts_at = 4},
    {.ttl = 255,
	.options = {8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 4, 255, 255, 1, 1, 1, 0},
	.options_len = 20,
	.ts_at = 2},
};

static void make_template(const struct shape *shape, struct template *tmpl)
{
	/* Anything may stand in the varying fields. */
	struct flow flow = {ipaddr_from_v4(0xdeadbeef), ipaddr_from_v4(0x01020304), 11111, 22222};
	if (shape->is_v6)
		flow.laddr = flow.raddr = ipaddr_from_u64(UINT64_MAX, 77);
	struct patch patch = {.flow = &flow,
	    .dst_mac = dst_mac,
	    .seq = 0xffffffff,
	    .ack = 0x12345678,
	    .tsval = 99,
	    .tsecr = 0xffffffff,
	    .window = 4321,
	    .ip_id = 0xabcd,
	    .flags = TCP_SYN};
	struct buf frame;
	reference(shape, &patch, &frame);
	memset(tmpl, 0x5a, sizeof(*tmpl));
	assert_int_equal(template_init(tmpl, frame.b, frame.n, shape->has_ethernet ? 14 : 0), 0);
	assert_int_equal(tmpl->len, frame.n);
	assert_int_equal(tmpl->is_v6, shape->is_v6);
	assert_int_equal(tmpl->ts_off != 0, shape->ts_at >= 0);
}

static struct guard guard;

/* Room for a packet in which one byte more would be one too many. */
static uint8_t *make_room(size_t len)
{
	return memset(guard.end - len, 0xee, len);
}

static void assert_bytes(const uint8_t *frame, const struct buf *want)
{
	for (size_t i = 0; i < want->n; i++)
		if (frame[i] != want->b[i])
			fail_msg(
			    "byte %zu of %zu is %02x, not %02x", i, want->n, frame[i], want->b[i]);
}

static void compare(const struct shape *shape, const struct template *tmpl, const struct patch *p)
{
	struct buf want;
	reference(shape, p, &want);
	uint8_t *frame = make_room(want.n);
	assert_int_equal(patch_packet(tmpl, p, frame), want.n);
	assert_bytes(frame, &want);
}

static uint8_t payload[1024];

static void random_patch(struct rng *rng, bool is_v6, struct flow *flow, struct patch *p)
{
	static const uint32_t edges[] = {0, 1, 0xffff, 0x10000, 0xffff0000, 0xffffffff};
	*flow = (struct flow){.laddr = is_v6 ? ipaddr_from_u64(rng_next(rng), rng_next(rng))
					     : ipaddr_from_v4((uint32_t)rng_next(rng)),
	    .raddr = is_v6 ? ipaddr_from_u64(rng_next(rng), rng_next(rng))
			   : ipaddr_from_v4((uint32_t)rng_next(rng)),
	    .lport = (uint16_t)rng_next(rng),
	    .rport = (uint16_t)rng_next(rng)};
	uint32_t fields[4];
	for (int i = 0; i < 4; i++)
		fields[i] = rng_below(rng, 3) ? (uint32_t)rng_next(rng) : edges[rng_below(rng, 6)];
	*p = (struct patch){.flow = flow,
	    .dst_mac = dst_mac,
	    .seq = fields[0],
	    .ack = fields[1],
	    .tsval = fields[2],
	    .tsecr = fields[3],
	    .window = (uint16_t)rng_next(rng),
	    .ip_id = (uint16_t)rng_next(rng),
	    .flags = (uint8_t)(rng_next(rng) & 0x3f),
	    .payload = payload,
	    .payload_len = (uint16_t)(rng_below(rng, 2) ? rng_below(rng, sizeof(payload) + 1) : 0)};
	for (size_t i = 0; i < p->payload_len; i++)
		payload[i] = (uint8_t)rng_next(rng);
}

static void for_all_shapes(void (*run)(const struct shape *, const struct template *))
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (int variant = 0; variant < 4; variant++) {
			struct shape shape = shapes[i];
			struct template tmpl;
			shape.is_v6 = variant & 1;
			shape.has_ethernet = variant & 2;
			make_template(&shape, &tmpl);
			run(&shape, &tmpl);
		}
}

static void run_random(const struct shape *shape, const struct template *tmpl)
{
	struct rng rng = {80};
	for (int i = 0; i < 2000; i++) {
		struct flow flow;
		struct patch p;
		random_patch(&rng, shape->is_v6, &flow, &p);
		if (!shape->has_ethernet)
			p.dst_mac = NULL;
		compare(shape, tmpl, &p);
	}
}

static void test_every_packet_equals_the_one_built_from_nothing(void **state)
{
	(void)state;
	for_all_shapes(run_random);
}

/* Whose own fields a form was filled with, and what is the same in its packet, does not matter. */
static void run_form(const struct shape *shape, const struct template *tmpl)
{
	struct rng rng = {83};
	struct form form;
	memset(&form, 0x5a, sizeof(form));
	for (int i = 0; i < 2000; i++) {
		struct flow flow, own_flow;
		struct patch common, own;
		random_patch(&rng, shape->is_v6, &flow, &common);
		random_patch(&rng, shape->is_v6, &own_flow, &own);
		common.payload_len = 0;
		form_fill(tmpl, &common, &form);
		if (!shape->has_ethernet)
			own.dst_mac = NULL;
		common.flow = &own_flow;
		common.dst_mac = own.dst_mac;
		common.seq = own.seq;
		common.ip_id = own.ip_id;
		struct buf want;
		reference(shape, &common, &want);
		uint8_t *frame = make_room(want.n);
		assert_int_equal(form_write(&form, &own, frame), want.n);
		assert_bytes(frame, &want);
		assert_int_equal(patch_packet(tmpl, &common, frame), want.n);
		assert_bytes(frame, &want);
	}
}

static void test_what_a_form_writes_is_the_patched_packet(void **state)
{
	(void)state;
	for_all_shapes(run_form);
}

static void run_lengths(const struct shape *shape, const struct template *tmpl)
{
	struct rng rng = {81};
	struct flow flow;
	struct patch p;
	random_patch(&rng, shape->is_v6, &flow, &p);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)rng_next(&rng);
	for (uint16_t len = 0; len <= sizeof(payload); len++) {
		p.payload_len = len;
		if (!shape->has_ethernet)
			p.dst_mac = NULL;
		compare(shape, tmpl, &p);
	}
	p.payload_len = 0;
	p.payload = NULL;
	compare(shape, tmpl, &p);
}

static void test_every_payload_length(void **state)
{
	(void)state;
	for_all_shapes(run_lengths);
}

static void run_decode(const struct shape *shape, const struct template *tmpl)
{
	struct rng rng = {82};
	for (int i = 0; i < 200; i++) {
		struct flow flow;
		struct patch p;
		struct packet packet;
		uint8_t frame[FRAME_MAX];
		random_patch(&rng, shape->is_v6, &flow, &p);
		if (!shape->has_ethernet)
			p.dst_mac = NULL;
		size_t len = patch_packet(tmpl, &p, frame);
		wire_decode(shape->has_ethernet ? LINK_ETHERNET : LINK_RAW_IP, frame, len, &packet);
		assert_int_equal(packet.kind, PACKET_TCP);
		const struct segment *s = &packet.segment;
		/* What we send, the receiver of it sees from the other side. */
		assert_true(ipaddr_equal(&s->flow.raddr, &flow.laddr));
		assert_true(ipaddr_equal(&s->flow.laddr, &flow.raddr));
		assert_int_equal(s->flow.rport, flow.lport);
		assert_int_equal(s->flow.lport, flow.rport);
		assert_int_equal(s->seq, p.seq);
		assert_int_equal(s->ack, p.ack);
		assert_int_equal(s->flags, p.flags);
		assert_int_equal(s->window, p.window);
		assert_int_equal(s->has_ts, shape->ts_at >= 0);
		assert_int_equal(s->tsval, shape->ts_at >= 0 ? p.tsval : 0);
		assert_int_equal(s->tsecr, shape->ts_at >= 0 ? p.tsecr : 0);
		assert_int_equal(s->payload_len, p.payload_len);
		if (p.payload_len)
			assert_memory_equal(s->payload, payload, p.payload_len);
	}
}

static void test_what_is_patched_decodes_to_the_same_fields(void **state)
{
	(void)state;
	for_all_shapes(run_decode);
}

static void test_what_is_no_template_is_refused(void **state)
{
	(void)state;
	struct shape shape = shapes[2];
	shape.has_ethernet = true;
	struct flow flow = {ipaddr_from_v4(1), ipaddr_from_v4(2), 3, 4};
	struct patch p = {.flow = &flow, .dst_mac = dst_mac, .flags = TCP_SYN};
	struct buf good;
	struct template tmpl;
	reference(&shape, &p, &good);
	assert_int_equal(template_init(&tmpl, good.b, good.n, 14), 0);
	for (size_t len = 0; len < good.n; len++) /* cut */
		assert_int_equal(
		    template_init(&tmpl, guard_put(&guard, good.b, len), len, 14), -EINVAL);
	assert_int_equal(template_init(&tmpl, good.b, good.n + 1, 14), -EINVAL); /* a payload */
	assert_int_equal(template_init(&tmpl, good.b, good.n, 0), -EINVAL);
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {{14, 0x46}, {14, 0x55}, {14, 0x65}, {23, 17}, {46, 0x50}, {46, 0xf0}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf bad = good;
		bad.b[wrong[i].at] = wrong[i].value;
		assert_int_equal(template_init(&tmpl, bad.b, bad.n, 14), -EINVAL);
	}
	uint8_t big[TEMPLATE_MAX + 4] = {0};
	assert_int_equal(template_init(&tmpl, big, sizeof(big), 14), -EINVAL);
}

static void test_a_timestamp_at_an_odd_place_is_refused(void **state)
{
	(void)state;
	/* The sums add 16-bit words as they stand: half a word would be added to its neighbour. */
	struct shape shape = {.ttl = 64,
	    .has_ethernet = true,
	    .options = {1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1},
	    .options_len = 12,
	    .ts_at = 3};
	struct flow flow = {ipaddr_from_v4(1), ipaddr_from_v4(2), 3, 4};
	struct patch p = {.flow = &flow, .dst_mac = dst_mac, .flags = TCP_SYN};
	struct buf frame;
	struct template tmpl;
	reference(&shape, &p, &frame);
	assert_int_equal(template_init(&tmpl, frame.b, frame.n, 14), -EINVAL);
}

int main(void)
{
	guard = guard_create();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_packet_equals_the_one_built_from_nothing),
	    cmocka_unit_test(test_what_a_form_writes_is_the_patched_packet),
	    cmocka_unit_test(test_every_payload_length),
	    cmocka_unit_test(test_what_is_patched_decodes_to_the_same_fields),
	    cmocka_unit_test(test_what_is_no_template_is_refused),
	    cmocka_unit_test(test_a_timestamp_at_an_odd_place_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
