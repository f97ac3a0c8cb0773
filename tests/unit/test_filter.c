/* Claims about rx/filter: its text compiles, lets everything in that answers us and nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "rx/filter.h"
#include "tests/unit/guard.h"
#include "tests/unit/packet_vectors.h"

struct compiled {
	struct bpf_program program;
};

static struct compiled compile(const struct filter_config *config)
{
	struct compiled out;
	char text[FILTER_TEXT_MAX];
	assert_int_equal(filter_build(config, text, sizeof(text)), 0);
	pcap_t *pcap = pcap_open_dead(config->is_ethernet ? DLT_EN10MB : DLT_RAW, 65535);
	assert_non_null(pcap);
	if (pcap_compile(pcap, &out.program, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
		fail_msg("%s: %s", text, pcap_geterr(pcap));
	pcap_close(pcap);
	return out;
}

static bool passes(const struct compiled *c, const uint8_t *bytes, size_t len)
{
	struct pcap_pkthdr header = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len};
	return pcap_offline_filter(&c->program, &header, bytes) != 0;
}

static struct filter_config ours(bool is_ethernet)
{
	/* The addresses of the golden packets. */
	struct filter_config config = {.has_v4 = true,
	    .has_v6 = true,
	    .v4_lo = ipaddr_from_v4(0x0a090807),
	    .v4_hi = ipaddr_from_v4(0x0a090807),
	    .v6_lo = ipaddr_from_u64(UINT64_C(0xfd00) << 48, 9),
	    .v6_hi = ipaddr_from_u64(UINT64_C(0xfd00) << 48, 9),
	    .port_lo = 40000,
	    .port_hi = 40010,
	    .is_ethernet = is_ethernet};
	return config;
}

/* Must a capture that listens for us see this golden packet? */
static bool is_for_us(const struct vector *v, bool is_ethernet)
{
	switch (v->kind) {
	case PACKET_TCP:
	case PACKET_ICMP_ERROR:
		return true;
	case PACKET_NEIGHBOUR:
		return is_ethernet;
	case PACKET_FRAGMENT:
	case PACKET_BAD_CHECKSUM:
	case PACKET_MALFORMED:
	case PACKET_OTHER:
	case PACKET_KIND_COUNT:
		break;
	}
	return false;
}

static void test_golden_answers_pass_on_ethernet_and_without_link_header(void **state)
{
	(void)state;
	for (int is_ethernet = 0; is_ethernet < 2; is_ethernet++) {
		struct filter_config config = ours(is_ethernet);
		struct compiled c = compile(&config);
		size_t n_passed = 0;
		for (size_t i = 0; i < n_vectors; i++) {
			const struct vector *v = &vectors[i];
			size_t off = vector_ip_offset(v);
			bool is_tagged = off > 14; /* the kernel takes tags off before capture */
			if (!is_for_us(v, is_ethernet) || is_tagged || (is_ethernet && off == 0))
				continue;
			size_t from = is_ethernet ? 0 : off;
			if (!passes(&c, v->bytes + from, v->len - from))
				fail_msg("%s does not pass", v->name);
			n_passed++;
		}
		assert_true(n_passed > 25);
		pcap_freecode(&c.program);
	}
}

static void test_what_is_nothing_of_ours_stays_out(void **state)
{
	(void)state;
	static const char *const out[] = {"other_udp.hex", "other_ethertype.hex", "icmp4_echo.hex",
	    "icmp6_echo.hex", "tcp6_no_next.hex"};
	struct filter_config config = ours(true);
	struct compiled c = compile(&config);
	unsigned n = 0;
	for (size_t i = 0; i < n_vectors; i++)
		for (size_t k = 0; k < sizeof(out) / sizeof(out[0]); k++)
			if (strcmp(vectors[i].name, out[k]) == 0) {
				assert_false(passes(&c, vectors[i].bytes, vectors[i].len));
				n++;
			}
	assert_int_equal(n, 5);
	/* Without Ethernet nobody resolves addresses. */
	pcap_freecode(&c.program);
}

/* A TCP header behind an IP header, as far as a filter looks. */
static size_t make_packet(
    uint8_t *p, const struct ipaddr *src, const struct ipaddr *dst, unsigned sport, unsigned dport)
{
	bool is_v4 = ipaddr_is_v4(dst);
	size_t ip_len = is_v4 ? 20 : 40;
	memset(p, 0, 80);
	if (is_v4) {
		p[0] = 0x45;
		p[3] = 40;
		p[8] = 64;
		p[9] = 6;
		memcpy(p + 12, src->b + 12, 4);
		memcpy(p + 16, dst->b + 12, 4);
	} else {
		p[0] = 0x60;
		p[5] = 20;
		p[6] = 6;
		p[7] = 64;
		memcpy(p + 8, src->b, 16);
		memcpy(p + 24, dst->b, 16);
	}
	p[ip_len] = (uint8_t)(sport >> 8);
	p[ip_len + 1] = (uint8_t)sport;
	p[ip_len + 2] = (uint8_t)(dport >> 8);
	p[ip_len + 3] = (uint8_t)dport;
	p[ip_len + 12] = 0x50;
	return ip_len + 20;
}

static bool passes_tcp(const struct compiled *c, struct ipaddr dst, unsigned port)
{
	uint8_t p[80];
	struct ipaddr src = ipaddr_is_v4(&dst) ? ipaddr_from_v4(0xc0000207)
					       : ipaddr_from_u64(UINT64_C(0x20010db8) << 32, 7);
	return passes(c, p, make_packet(p, &src, &dst, 443, port));
}

static void test_address_and_port_ranges_are_exact(void **state)
{
	(void)state;
	static const struct {
		uint16_t lo, hi;
	} ports[] = {{40000, 40010}, {1, 1}, {1, 65535}, {32768, 60999}, {65535, 65535}};
	struct filter_config config = ours(false);
	config.v4_lo = ipaddr_from_v4(0x7ffffffe); /* across the sign bit */
	config.v4_hi = ipaddr_from_v4(0x80000001);
	uint64_t net = UINT64_C(0x20010db8ffff0001), low = UINT64_C(0xfffffffe7ffffffe);
	config.v6_lo = ipaddr_from_u64(net, low);
	config.v6_hi = ipaddr_from_u64(net, low + 3);
	for (size_t r = 0; r < sizeof(ports) / sizeof(ports[0]); r++) {
		config.port_lo = ports[r].lo;
		config.port_hi = ports[r].hi;
		struct compiled c = compile(&config);
		for (int d = -2; d < 6; d++) {
			bool is_in = d >= 0 && d <= 3;
			struct ipaddr v4 = ipaddr_from_v4(0x7ffffffe + (uint32_t)d);
			struct ipaddr v6 = ipaddr_from_u64(net, low + (uint64_t)d);
			assert_int_equal(passes_tcp(&c, v4, ports[r].lo), is_in);
			assert_int_equal(passes_tcp(&c, v4, ports[r].hi), is_in);
			assert_int_equal(passes_tcp(&c, v6, ports[r].lo), is_in);
			assert_int_equal(passes_tcp(&c, v6, ports[r].hi), is_in);
			assert_false(passes_tcp(&c, v4, ports[r].lo - 1u));
			assert_false(passes_tcp(&c, v6, ports[r].lo - 1u));
			if (ports[r].hi < 65535) {
				assert_false(passes_tcp(&c, v4, ports[r].hi + 1u));
				assert_false(passes_tcp(&c, v6, ports[r].hi + 1u));
			}
		}
		for (int word = 0; word < 12; word++) {
			struct ipaddr v6 = ipaddr_from_u64(net, low);
			v6.b[word] ^= 1;
			assert_false(passes_tcp(&c, v6, ports[r].lo));
		}
		pcap_freecode(&c.program);
	}
}

static void test_a_range_over_a_word_border_is_never_cut(void **state)
{
	(void)state;
	static const struct {
		uint64_t hi, lo;
		uint32_t n;
	} ranges[] = {{UINT64_C(0xfd00) << 48, UINT64_C(0x1fffffffe), 5},
	    {UINT64_C(0xfd00) << 48, UINT64_MAX - 1, 5},
	    {UINT64_C(0xfd00) << 48 | 0xffffffff, UINT64_MAX - 1, 5},
	    {UINT64_C(0xfd00) << 48, UINT64_C(0xffffffff00000000), 0xffffffff}};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t lo = ranges[i].lo, hi = ranges[i].hi;
		struct filter_config config = ours(false);
		config.v6_lo = ipaddr_from_u64(hi, lo);
		uint64_t top = lo + ranges[i].n - 1;
		config.v6_hi = ipaddr_from_u64(hi + (top < lo), top);
		struct compiled c = compile(&config);
		for (uint64_t k = 0; k < ranges[i].n; k += 1 + ranges[i].n / 7) {
			uint64_t at = lo + k;
			assert_true(passes_tcp(&c, ipaddr_from_u64(hi + (at < lo), at), 40005));
		}
		assert_true(passes_tcp(&c, config.v6_hi, 40005));
		assert_false(passes_tcp(&c, ipaddr_from_u64(hi ^ UINT64_C(1) << 40, lo), 40005));
		pcap_freecode(&c.program);
	}
}

static void test_what_we_send_ourselves_stays_out(void **state)
{
	(void)state;
	struct filter_config config = ours(false);
	struct compiled c = compile(&config);
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		uint8_t p[80];
		struct ipaddr us = is_v4 ? config.v4_lo : config.v6_lo;
		struct ipaddr peer = is_v4 ? ipaddr_from_v4(0xc0000207)
					   : ipaddr_from_u64(UINT64_C(0x20010db8) << 32, 7);
		assert_false(passes(&c, p, make_packet(p, &us, &peer, 40005, 443)));
		assert_true(passes(&c, p, make_packet(p, &peer, &us, 443, 40005)));
	}
	pcap_freecode(&c.program);
}

static void test_one_family_alone(void **state)
{
	(void)state;
	for (int is_v4 = 0; is_v4 < 2; is_v4++)
		for (int is_ethernet = 0; is_ethernet < 2; is_ethernet++) {
			struct filter_config config = ours(is_ethernet);
			config.has_v4 = is_v4;
			config.has_v6 = !is_v4;
			struct compiled c = compile(&config);
			if (!is_ethernet) {
				assert_int_equal(passes_tcp(&c, config.v4_lo, 40000), is_v4);
				assert_int_equal(passes_tcp(&c, config.v6_lo, 40000), !is_v4);
			}
			pcap_freecode(&c.program);
		}
}

static void test_text_that_does_not_fit_is_refused_within_its_bounds(void **state)
{
	(void)state;
	struct guard guard = guard_create();
	struct filter_config config = ours(true);
	config.v4_hi = ipaddr_from_v4(0xffffffff);
	config.v6_lo = ipaddr_from_u64(UINT64_MAX, UINT64_MAX - 9);
	config.v6_hi = ipaddr_from_u64(UINT64_MAX, UINT64_MAX);
	config.port_lo = config.port_hi = 65535;
	char text[FILTER_TEXT_MAX];
	assert_int_equal(filter_build(&config, text, sizeof(text)), 0); /* the longest */
	size_t len = strlen(text);
	for (size_t size = 1; size < len + 2; size++) {
		char *p = (char *)guard.end - size;
		int err = filter_build(&config, p, size);
		assert_true(memchr(p, '\0', size) != NULL);
		if (size <= len)
			assert_int_equal(err, -ENOSPC);
		if (err == 0)
			assert_string_equal(p, text);
	}
}

int main(void)
{
	vectors_read();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden_answers_pass_on_ethernet_and_without_link_header),
	    cmocka_unit_test(test_what_is_nothing_of_ours_stays_out),
	    cmocka_unit_test(test_address_and_port_ranges_are_exact),
	    cmocka_unit_test(test_a_range_over_a_word_border_is_never_cut),
	    cmocka_unit_test(test_what_we_send_ourselves_stays_out),
	    cmocka_unit_test(test_one_family_alone),
	    cmocka_unit_test(test_text_that_does_not_fit_is_refused_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
