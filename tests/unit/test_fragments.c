/* Claims about datagrams in pieces: in every order they become what they were, pieces that disagree
 * never do, strangers cannot push out peers, and a session's answer may come so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/fragments.h"
#include "tests/unit/engine_world.h"
#include "wire/checksum.h"

enum { N_PIECES = 4, DATAGRAM_LEN = 76 };

static const uint16_t cuts[N_PIECES + 1] = {0, 24, 40, 64, DATAGRAM_LEN};

static struct ipaddr host(bool is_v4, uint32_t n)
{
	return is_v4 ? ipaddr_from_v4(0x0a000100 + n) : ipaddr_from_u64(UINT64_C(0xfd03) << 48, n);
}

static struct fragment piece_of(
    const uint8_t *datagram, unsigned from, unsigned to, unsigned len, bool is_v4, uint32_t id)
{
	return (struct fragment){.src = host(is_v4, 1),
	    .dst = host(is_v4, 2),
	    .id = id,
	    .proto = 6,
	    .ttl = 60,
	    .is_last = to == len,
	    .off = (uint16_t)from,
	    .len = (uint16_t)(to - from),
	    .bytes = datagram + from};
}

static void fill(uint8_t *bytes, size_t len, struct rng *rng)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_next(rng);
}

static struct fragments *make(void)
{
	struct fragments *f = NULL;
	assert_int_equal(fragments_create(&f), 0);
	return f;
}

static void check_whole(const struct fragment *whole, const uint8_t *datagram, size_t len)
{
	assert_int_equal(whole->len, len);
	assert_int_equal(whole->off, 0);
	assert_memory_equal(whole->bytes, datagram, len);
}

static void test_every_order_and_repetition_of_pieces_gives_the_datagram(void **state)
{
	(void)state;
	struct rng rng = {1};
	uint8_t datagram[DATAGRAM_LEN];
	fill(datagram, sizeof(datagram), &rng);
	struct fragments *f = make();
	uint32_t id = 0;
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		/* All 4^4 sequences of pieces, which hold all 24 orders, then each piece once. */
		for (unsigned code = 0; code < 256; code++, id++) {
			unsigned there = 0;
			bool is_done = false;
			for (unsigned i = 0; i < 8 && !is_done; i++) {
				unsigned k = i < 4 ? code >> (2 * i) & 3 : i - 4;
				struct fragment p = piece_of(
				    datagram, cuts[k], cuts[k + 1], DATAGRAM_LEN, is_v4, id);
				struct fragment whole;
				enum fragment_fate fate = fragments_add(f, &p, 1, &whole);
				there |= 1u << k;
				is_done = there == 15;
				assert_int_equal(fate, is_done ? FRAGMENT_WHOLE : FRAGMENT_KEPT);
				if (is_done)
					check_whole(&whole, datagram, sizeof(datagram));
			}
			assert_true(is_done);
		}
	}
	fragments_destroy(f);
}

static enum fragment_fate add(struct fragments *f, const uint8_t *datagram, unsigned from,
    unsigned to, bool is_v4, int64_t now_ns)
{
	struct fragment whole, p = piece_of(datagram, from, to, DATAGRAM_LEN, is_v4, 7);
	return fragments_add(f, &p, now_ns, &whole);
}

static void test_overlaps(void **state)
{
	(void)state;
	struct rng rng = {2};
	uint8_t datagram[DATAGRAM_LEN], other[DATAGRAM_LEN];
	fill(datagram, sizeof(datagram), &rng);
	memcpy(other, datagram, sizeof(other));
	other[33] ^= 1;
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		/* IPv6: any overlap ends it (RFC 5722), and what comes later is refused, too. */
		struct fragments *f = make();
		assert_int_equal(add(f, datagram, 0, 40, is_v4, 1), FRAGMENT_KEPT);
		assert_int_equal(
		    add(f, datagram, 32, 64, is_v4, 2), is_v4 ? FRAGMENT_KEPT : FRAGMENT_REFUSED);
		assert_int_equal(
		    add(f, datagram, 64, 76, is_v4, 3), is_v4 ? FRAGMENT_WHOLE : FRAGMENT_REFUSED);
		fragments_destroy(f);
		/* Other bytes in the same place: refused by both. */
		f = make();
		assert_int_equal(add(f, datagram, 0, 40, is_v4, 1), FRAGMENT_KEPT);
		assert_int_equal(add(f, other, 32, 64, is_v4, 2), FRAGMENT_REFUSED);
		assert_int_equal(add(f, datagram, 40, 76, is_v4, 3), FRAGMENT_REFUSED);
		assert_int_equal(add(f, datagram, 0, 40, is_v4, 4), FRAGMENT_REFUSED);
		/* After its time the number is free again. */
		assert_int_equal(add(f, datagram, 0, 40, is_v4, 6 * NS_PER_SEC), FRAGMENT_KEPT);
		assert_int_equal(add(f, datagram, 40, 76, is_v4, 6 * NS_PER_SEC), FRAGMENT_WHOLE);
		/* The same cut again but not the same bytes is no repetition. */
		assert_int_equal(add(f, datagram, 0, 40, is_v4, 7 * NS_PER_SEC), FRAGMENT_KEPT);
		assert_int_equal(add(f, other, 0, 40, is_v4, 7 * NS_PER_SEC), FRAGMENT_REFUSED);
		fragments_destroy(f);
	}
}

static void test_lengths_that_cannot_be(void **state)
{
	(void)state;
	static uint8_t datagram[FRAGMENT_WHOLE_MAX + 8];
	struct fragment whole, p;
	struct fragments *f = make();
	/* Too long. */
	p = piece_of(datagram, FRAGMENT_WHOLE_MAX - 8, FRAGMENT_WHOLE_MAX + 8,
	    FRAGMENT_WHOLE_MAX + 8, true, 1);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_REFUSED);
	/* As long as may be. */
	p = piece_of(
	    datagram, FRAGMENT_WHOLE_MAX - 8, FRAGMENT_WHOLE_MAX, FRAGMENT_WHOLE_MAX, true, 2);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_KEPT);
	p = piece_of(datagram, 0, FRAGMENT_WHOLE_MAX - 8, FRAGMENT_WHOLE_MAX, true, 2);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_WHOLE);
	assert_int_equal(whole.len, FRAGMENT_WHOLE_MAX);
	/* Two ends. */
	p = piece_of(datagram, 16, 24, 24, true, 3);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_KEPT);
	p = piece_of(datagram, 24, 40, 40, true, 3);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_REFUSED);
	/* Something beyond the end, before and after it is known. */
	p = piece_of(datagram, 16, 24, 24, true, 4);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_KEPT);
	p = piece_of(datagram, 24, 32, 80, true, 4);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_REFUSED);
	p = piece_of(datagram, 24, 32, 80, true, 5);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_KEPT);
	p = piece_of(datagram, 16, 24, 24, true, 5);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_REFUSED);
	fragments_destroy(f);
}

static void test_no_host_takes_more_than_its_share(void **state)
{
	(void)state;
	uint8_t datagram[DATAGRAM_LEN] = {0};
	struct fragments *f = make();
	struct fragment whole, p = piece_of(datagram, 0, 40, DATAGRAM_LEN, true, 1);
	p.src = host(true, 77);
	assert_int_equal(fragments_add(f, &p, 1, &whole), FRAGMENT_KEPT);
	/* Another starts datagrams without end. */
	for (uint32_t id = 0; id < 10000; id++) {
		struct fragment q = piece_of(datagram, 0, 40, DATAGRAM_LEN, true, id);
		assert_int_equal(fragments_add(f, &q, 2 + id, &whole), FRAGMENT_KEPT);
	}
	p = piece_of(datagram, 40, 76, DATAGRAM_LEN, true, 1);
	p.src = host(true, 77);
	assert_int_equal(fragments_add(f, &p, 20000, &whole), FRAGMENT_WHOLE);
	/* Its own last ones are still there, the older gave way. */
	for (uint32_t id = 10000 - FRAGMENTS_PER_HOST; id < 10000; id++) {
		struct fragment q = piece_of(datagram, 40, 76, DATAGRAM_LEN, true, id);
		assert_int_equal(fragments_add(f, &q, 20000, &whole), FRAGMENT_WHOLE);
	}
	/* Half a datagram is forgotten in time. */
	p = piece_of(datagram, 0, 40, DATAGRAM_LEN, true, 1);
	assert_int_equal(fragments_add(f, &p, 20001, &whole), FRAGMENT_KEPT);
	p = piece_of(datagram, 40, 76, DATAGRAM_LEN, true, 1);
	assert_int_equal(fragments_add(f, &p, 20001 + 5 * NS_PER_SEC, &whole), FRAGMENT_KEPT);
	fragments_destroy(f);
}

/* ---- through the engine ---- */

static size_t build_tcp(uint8_t *out, const struct flow *flow, uint32_t seq, uint32_t ack,
    uint8_t flags, const char *text)
{
	size_t len = 20 + strlen(text);
	memset(out, 0, 20);
	out[0] = (uint8_t)(flow->rport >> 8), out[1] = (uint8_t)flow->rport;
	out[2] = (uint8_t)(flow->lport >> 8), out[3] = (uint8_t)flow->lport;
	for (int i = 0; i < 4; i++) {
		out[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
		out[8 + i] = (uint8_t)(ack >> (24 - 8 * i));
	}
	out[12] = 5 << 4;
	out[13] = flags;
	out[14] = 0x20;
	memcpy(out + 20, text, len - 20);
	uint64_t sum = checksum_pseudo(&flow->raddr, &flow->laddr, 6, (uint32_t)len);
	uint16_t check = (uint16_t)~checksum_fold(sum + checksum_sum(out, len));
	out[16] = (uint8_t)(check >> 8), out[17] = (uint8_t)check;
	return len;
}

/* Sends the bytes in pieces of step bytes, back to front when asked. */
static void send_pieces(struct world *w, const struct flow *flow, const uint8_t *bytes, size_t len,
    size_t step, uint32_t id, bool is_reversed)
{
	size_t n = (len + step - 1) / step;
	for (size_t k = 0; k < n; k++) {
		size_t from = (is_reversed ? n - 1 - k : k) * step;
		size_t to = from + step < len ? from + step : len;
		struct fragment f = {.src = flow->raddr,
		    .dst = flow->laddr,
		    .id = id,
		    .proto = 6,
		    .ttl = 50,
		    .is_last = to == len,
		    .off = (uint16_t)from,
		    .len = (uint16_t)(to - from),
		    .bytes = bytes + from};
		engine_fragment(w->engine, &f, w->now_ns, w->now_ns);
	}
}

static void swallow(struct world *w, const struct tx_req *req)
{
	(void)w;
	(void)req;
}

static void test_a_banner_in_pieces_is_named(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	for (int round = 0; round < 8; round++) {
		bool is_v4 = round & 1, is_reversed = round & 2;
		config.n_hyperack = round & 4 ? 5 : 0;
		config.hyperack_threshold = round & 4 ? 3 : 0;
		struct world *w = world_create(&config, "http", 1);
		w->on_send = swallow;
		struct target target = {host(is_v4, 9), 22};
		struct cookie c;
		cookie_make(&config.cookie, &target, 0, &c);
		uint8_t bytes[200];
		/* Even the SYN-ACK, but its ports and numbers come first. */
		size_t len = build_tcp(bytes, &c.flow, 99, c.iss + 1, TCP_SYN | TCP_ACK, "");
		send_pieces(w, &c.flow, bytes, len, 24, 1, false);
		assert_int_equal(engine_count_sessions(w->engine), 1);
		len = build_tcp(bytes, &c.flow, 100, c.iss + 1, TCP_ACK | TCP_PSH,
		    "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
		send_pieces(w, &c.flow, bytes, len, 16, 2, is_reversed);
		world_drain(w, 20 * NS_PER_SEC);
		assert_string_equal(world_record(w, &target)->protocol, "ssh");
		assert_int_equal(counters_get(&w->counters, COUNTER_fragments_refused), 0);
		assert_int_equal(counters_get(&w->counters, COUNTER_fragments_reassembled), 2);
		world_check_clean(w);
		world_destroy(w);
	}
}

static void test_a_wrong_checksum_shows_after_all_pieces(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "http", 1);
	w->on_send = swallow;
	struct target target = {host(true, 9), 22};
	struct cookie c;
	cookie_make(&config.cookie, &target, 0, &c);
	uint8_t bytes[200];
	size_t len = build_tcp(bytes, &c.flow, 99, c.iss + 1, TCP_SYN | TCP_ACK, "0123456789");
	bytes[29] ^= 1;
	send_pieces(w, &c.flow, bytes, len, 24, 1, false);
	assert_int_equal(engine_count_sessions(w->engine), 0);
	assert_int_equal(counters_get(&w->counters, COUNTER_checksum_bad), 1);
	world_destroy(w);
}

static void test_a_flood_of_strangers_pushes_out_nobody_and_stays_small(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "http", 1);
	w->on_send = swallow;
	struct rng rng = {5};
	uint8_t noise[64], bytes[200];
	fill(noise, sizeof(noise), &rng);
	/* A peer's SYN-ACK whose second half is late, and a banner whose second half is late. */
	struct target peer = {host(true, 9), 22}, late = {host(true, 10), 22};
	struct cookie c, d;
	cookie_make(&config.cookie, &peer, 0, &c);
	cookie_make(&config.cookie, &late, 0, &d);
	size_t len = build_tcp(bytes, &c.flow, 99, c.iss + 1, TCP_SYN | TCP_ACK, "");
	send_pieces(w, &c.flow, bytes, len, 24, 1, false);
	uint8_t banner[200], synack[200];
	size_t banner_len = build_tcp(
	    banner, &c.flow, 100, c.iss + 1, TCP_ACK | TCP_PSH, "SSH-2.0-OpenSSH_9.2p1\r\n");
	size_t synack_len =
	    build_tcp(synack, &d.flow, 99, d.iss + 1, TCP_SYN | TCP_ACK, "SSH-2.0-x\r\n");
	for (uint32_t i = 0; i < 100000; i++) {
		struct flow flow = {.laddr = host(i & 1, 2), .raddr = host(i & 1, 100 + i)};
		struct fragment f = {.src = flow.raddr,
		    .dst = flow.laddr,
		    .id = i,
		    .proto = 6,
		    .off = i & 2 ? 0 : 32,
		    .len = 32,
		    .bytes = noise};
		if (i == 10) {
			f = (struct fragment){.src = c.flow.raddr,
			    .dst = c.flow.laddr,
			    .id = 3,
			    .proto = 6,
			    .len = 24,
			    .bytes = banner};
		} else if (i == 20) {
			f = (struct fragment){.src = d.flow.raddr,
			    .dst = d.flow.laddr,
			    .id = 4,
			    .proto = 6,
			    .len = 24,
			    .bytes = synack};
		}
		engine_fragment(w->engine, &f, w->now_ns, w->now_ns);
	}
	assert_int_equal(engine_count_sessions(w->engine), 1);
	struct fragment f = {.src = c.flow.raddr,
	    .dst = c.flow.laddr,
	    .id = 3,
	    .proto = 6,
	    .off = 24,
	    .is_last = true,
	    .len = (uint16_t)(banner_len - 24),
	    .bytes = banner + 24};
	engine_fragment(w->engine, &f, w->now_ns, w->now_ns);
	f = (struct fragment){.src = d.flow.raddr,
	    .dst = d.flow.laddr,
	    .id = 4,
	    .proto = 6,
	    .off = 24,
	    .is_last = true,
	    .len = (uint16_t)(synack_len - 24),
	    .bytes = synack + 24};
	engine_fragment(w->engine, &f, w->now_ns, w->now_ns);
	world_drain(w, 20 * NS_PER_SEC);
	assert_string_equal(world_record(w, &peer)->protocol, "ssh");
	assert_string_equal(world_record(w, &late)->protocol, "ssh");
	assert_int_equal(w->n_records, 2);
	world_check_clean(w);
	world_destroy(w);
}

static void test_a_syn_ack_whose_last_piece_comes_first(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "http", 1);
	w->on_send = swallow;
	struct target target = {host(true, 9), 22};
	struct cookie c;
	cookie_make(&config.cookie, &target, 0, &c);
	uint8_t bytes[200];
	size_t len = build_tcp(bytes, &c.flow, 99, c.iss + 1, TCP_SYN | TCP_ACK, "SSH-2.0-x\r\n");
	send_pieces(w, &c.flow, bytes, len, 16, 1, true);
	world_drain(w, 20 * NS_PER_SEC);
	assert_string_equal(world_record(w, &target)->protocol, "ssh");
	world_check_clean(w);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_order_and_repetition_of_pieces_gives_the_datagram),
	    cmocka_unit_test(test_overlaps),
	    cmocka_unit_test(test_lengths_that_cannot_be),
	    cmocka_unit_test(test_no_host_takes_more_than_its_share),
	    cmocka_unit_test(test_a_banner_in_pieces_is_named),
	    cmocka_unit_test(test_a_wrong_checksum_shows_after_all_pieces),
	    cmocka_unit_test(test_a_flood_of_strangers_pushes_out_nobody_and_stays_small),
	    cmocka_unit_test(test_a_syn_ack_whose_last_piece_comes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
