/* Claims about rx/fanout, with its program run by libpcap's interpreter: every packet of a host has one
 * owner, whatever it is, and so have the hosts of a prefix that is judged; owners get even shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "rx/fanout.h"
#include "tests/unit/packet_vectors.h"
#include "tests/unit/rng.h"

static const struct fanout_config usual = {
    .key = {0x12345678, 0x9abcdef1, 0x55aa33cd}, .v6_len = 64};

struct program {
	struct bpf_insn code[FANOUT_PROGRAM_MAX];
	size_t n;
};

static struct program build(const struct fanout_config *config)
{
	struct program p;
	/* The same four members: what the kernel calls sock_filter. */
	p.n = fanout_build(config, (struct sock_filter *)(void *)p.code);
	assert_true(p.n > 10 && p.n <= FANOUT_PROGRAM_MAX);
	assert_true(bpf_validate(p.code, (int)p.n));
	return p;
}

static unsigned run(const struct program *p, const uint8_t *packet, size_t len)
{
	unsigned hash = bpf_filter(p->code, packet, (unsigned)len, (unsigned)len);
	assert_true(hash <= 65535);
	return hash;
}

/* The owner's hash for a plain TCP segment from addr. */
static unsigned hash_of(const struct program *p, const struct ipaddr *addr)
{
	uint8_t packet[60] = {0};
	bool is_v4 = ipaddr_is_v4(addr);
	packet[0] = is_v4 ? 0x45 : 0x60;
	packet[is_v4 ? 9 : 6] = 6;
	memcpy(packet + (is_v4 ? 12 : 8), addr->b + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	return run(p, packet, is_v4 ? 40 : 60);
}

static void test_segments_and_the_errors_they_cause_have_one_owner(void **state)
{
	(void)state;
	struct program p = build(&usual);
	unsigned n_tcp = 0, n_icmp = 0, n_fragments = 0, n_tagged = 0;
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		size_t off = vector_ip_offset(v);
		struct packet packet;
		wire_decode(v->link, v->bytes, v->len, &packet);
		const uint8_t *ip = v->bytes + off;
		/* The kernel has taken link header and VLAN tags off when the program runs. */
		if (packet.kind == PACKET_TCP) {
			if (run(&p, ip, v->len - off) != hash_of(&p, &packet.segment.flow.raddr))
				fail_msg("%s", v->name);
			n_tcp++;
			n_tagged += off > 14;
		} else if (packet.kind == PACKET_ICMP_ERROR) {
			if (run(&p, ip, v->len - off) != hash_of(&p, &packet.icmp.flow.raddr))
				fail_msg("%s", v->name);
			n_icmp++;
		} else if (packet.kind == PACKET_FRAGMENT && ip[0] >> 4 == 4) {
			uint32_t src;
			memcpy(&src, ip + 12, 4);
			struct ipaddr addr = ipaddr_from_v4(__builtin_bswap32(src));
			assert_int_equal(run(&p, ip, v->len - off), hash_of(&p, &addr));
			n_fragments++;
		}
	}
	assert_true(n_tcp >= 20 && n_icmp >= 6 && n_fragments >= 2 && n_tagged >= 2);
}

static void test_a_router_s_error_goes_to_the_owner_of_the_host_it_is_about(void **state)
{
	(void)state;
	struct program p = build(&usual);
	struct rng rng = {7};
	for (int i = 0; i < 2000; i++) {
		struct ipaddr host = ipaddr_from_v4((uint32_t)rng_next(&rng));
		uint32_t router = (uint32_t)rng_next(&rng);
		unsigned options = 4 * rng_below(&rng, 11);
		uint8_t e[120] = {0};
		static const uint8_t types[] = {3, 11, 12};
		e[0] = (uint8_t)(0x45 + options / 4);
		e[9] = 1;
		memcpy(e + 12, &router, 4);
		uint8_t *icmp = e + 20 + options;
		icmp[0] = types[rng_below(&rng, 3)];
		icmp[8] = 0x45;
		memcpy(icmp + 8 + 16, host.b + 12, 4);
		assert_int_equal(run(&p, e, 20 + options + 8 + 28), hash_of(&p, &host));
		/* Of a reply (echo) the sender decides. */
		icmp[0] = 0;
		struct ipaddr from = ipaddr_from_v4(__builtin_bswap32(router));
		assert_int_equal(run(&p, e, 20 + options + 8 + 28), hash_of(&p, &from));

		struct ipaddr six = ipaddr_from_u64(rng_next(&rng), rng_next(&rng));
		uint8_t e6[120] = {0x60};
		uint64_t router6[2] = {rng_next(&rng), rng_next(&rng)};
		e6[6] = 58;
		memcpy(e6 + 8, router6, 16);
		e6[40] = (uint8_t)(1 + rng_below(&rng, 4));
		e6[48] = 0x60;
		memcpy(e6 + 48 + 24, six.b, 16);
		assert_int_equal(run(&p, e6, 48 + 48), hash_of(&p, &six));
		e6[40] = 136; /* an advertisement quotes nobody */
		struct ipaddr from6;
		memcpy(from6.b, router6, 16);
		assert_int_equal(run(&p, e6, 48 + 48), hash_of(&p, &from6));
	}
}

static void test_hosts_of_a_judged_prefix_share_an_owner(void **state)
{
	(void)state;
	struct rng rng = {8};
	for (int i = 0; i < 3000; i++) {
		struct fanout_config config = {.v6_len = (uint8_t)(1 + rng_below(&rng, 64))};
		for (int k = 0; k < 3; k++)
			config.key[k] = (uint32_t)rng_next(&rng);
		struct program p = build(&config);
		struct ipaddr a = ipaddr_from_v4((uint32_t)rng_next(&rng)), b = a;
		b.b[15] = (uint8_t)rng_next(&rng);
		assert_int_equal(hash_of(&p, &a), hash_of(&p, &b));
		uint64_t hi = rng_next(&rng);
		uint64_t host = config.v6_len == 64 ? 0 : UINT64_MAX >> config.v6_len;
		a = ipaddr_from_u64(hi, rng_next(&rng));
		b = ipaddr_from_u64(hi ^ (rng_next(&rng) & host), rng_next(&rng));
		assert_int_equal(hash_of(&p, &a), hash_of(&p, &b));
	}
}

/* Are n_items addresses, made by nth, spread evenly over owners? */
static void assert_even(const struct program *p, struct ipaddr (*nth)(uint32_t), unsigned n_items)
{
	for (unsigned n = 2; n <= 16; n++) {
		unsigned count[16] = {0};
		for (uint32_t i = 0; i < n_items; i++) {
			struct ipaddr addr = nth(i);
			count[hash_of(p, &addr) % n]++;
		}
		for (unsigned k = 0; k < n; k++) {
			double share = (double)count[k] * n / n_items;
			if (share < 0.9 || share > 1.1)
				fail_msg("owner %u of %u has %.2f of its share", k, n, share);
		}
	}
}

static struct ipaddr nth_24(uint32_t i)
{
	return ipaddr_from_v4(0x0a000001 + (i << 8));
}

static struct ipaddr nth_48(uint32_t i)
{
	return ipaddr_from_u64(UINT64_C(0x20010db8) << 32 | (uint64_t)i << 16, 1);
}

static struct ipaddr nth_64(uint32_t i)
{
	return ipaddr_from_u64((UINT64_C(0x20010db800000000)) + i, 1);
}

static void test_neighbouring_prefixes_are_spread_evenly_with_any_key(void **state)
{
	(void)state;
	struct rng rng = {9};
	for (int i = 0; i < 6; i++) {
		struct fanout_config config = {.v6_len = 64};
		for (int k = 0; k < 3; k++)
			config.key[k] = i == 0 ? 0 : (uint32_t)rng_next(&rng);
		if (i == 0) /* the worst multipliers are no fault of the addresses */
			config.key[1] = config.key[2] = 0x9e3779b1;
		struct program p = build(&config);
		assert_even(&p, nth_24, 40000);
		assert_even(&p, nth_64, 40000);
		assert_even(&p, nth_48, 40000);
	}
}

static void test_other_and_cut_packets_have_an_owner_too(void **state)
{
	(void)state;
	struct program p = build(&usual);
	struct rng rng = {10};
	static const uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 2};
	assert_int_equal(run(&p, arp, sizeof(arp)), 0);
	assert_int_equal(run(&p, arp, 0), 0);
	for (size_t i = 0; i < n_vectors; i++) {
		const struct vector *v = &vectors[i];
		size_t off = vector_ip_offset(v);
		for (size_t len = 0; len + off < v->len; len++)
			(void)run(&p, v->bytes + off, len);
	}
	for (int i = 0; i < 100000; i++) {
		uint8_t junk[128];
		for (size_t k = 0; k < sizeof(junk); k += 8) {
			uint64_t r = rng_next(&rng);
			memcpy(junk + k, &r, 8);
		}
		junk[0] = (uint8_t)((rng_below(&rng, 2) ? 0x40 : 0x60) | (junk[0] & 15));
		junk[9] = rng_below(&rng, 2) ? 1 : junk[9];
		junk[6] = rng_below(&rng, 2) ? 58 : junk[6];
		(void)run(&p, junk, rng_below(&rng, sizeof(junk)));
	}
}

static void test_joining_what_is_no_packet_socket_fails_with_a_reason(void **state)
{
	(void)state;
	struct diag diag = {{0}};
	const int fds[2] = {-1, -1};
	assert_true(fanout_join(fds, 2, &usual, &diag) < 0);
	assert_non_null(strstr(diag.text, "PACKET_FANOUT: "));
}

int main(void)
{
	vectors_read();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_segments_and_the_errors_they_cause_have_one_owner),
	    cmocka_unit_test(test_a_router_s_error_goes_to_the_owner_of_the_host_it_is_about),
	    cmocka_unit_test(test_hosts_of_a_judged_prefix_share_an_owner),
	    cmocka_unit_test(test_neighbouring_prefixes_are_spread_evenly_with_any_key),
	    cmocka_unit_test(test_other_and_cut_packets_have_an_owner_too),
	    cmocka_unit_test(test_joining_what_is_no_packet_socket_fails_with_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
