/* netsim's truth: deterministic, and shares are what the configuration says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/netsim/frame.h"
#include "tests/netsim/mix.h"
#include "tests/netsim/truth.h"

static struct sim_config *make_config(const char *preset, uint64_t seed)
{
	struct sim_config *cfg = malloc(sizeof(*cfg));
	struct diag diag = {{0}};
	assert_non_null(cfg);
	config_init(cfg);
	if (config_preset(cfg, preset, &diag) < 0 || config_finish(cfg, &diag) < 0)
		fail_msg("%s", diag.text);
	cfg->seed = seed;
	return cfg;
}

static struct target v4(uint32_t addr, uint16_t port)
{
	return (struct target){.addr = ipaddr_from_v4(addr), .port = port};
}

static uint64_t digest(const struct sim_config *cfg)
{
	uint64_t h = 0;
	for (uint32_t i = 0; i < 5000; i++) {
		struct target t = v4(0x0a000000 + i * 77, (uint16_t)(1 + i * 13 % 65535));
		struct truth truth;
		if (i % 3 == 0)
			t.addr = ipaddr_from_u64(UINT64_C(0x20010db800000000) + i, i * 1001);
		truth_get(cfg, &t, &truth);
		h = mix_add(h,
		    truth.behaviour | (uint64_t)truth.service << 8 | (uint64_t)truth.traits << 16 |
			(uint64_t)truth.is_hyperacktive << 24 | (uint64_t)truth.is_aliased << 25);
	}
	return h;
}

/* The population of a seed is part of the test suite's vocabulary: a change must be meant. */
static void truth_is_the_same_on_every_machine(void **state)
{
	(void)state;
	struct sim_config *a = make_config("mixed", 42), *b = make_config("mixed", 42);
	struct sim_config *c = make_config("mixed", 43);
	assert_true(digest(a) == digest(b));
	assert_true(digest(a) != digest(c));
	assert_int_equal(digest(a), UINT64_C(0x2fd088ba8a1b7bc3));
	free(a);
	free(b);
	free(c);
}

/* n of total must be share of it, within 4.5 standard deviations. */
static void assert_share(const char *what, double n, double total, double share)
{
	double sigma = sqrt(total * share * (1 - share));
	if (fabs(n - total * share) > 4.5 * sigma + 1)
		fail_msg("%s: %.0f of %.0f, expected %.1f +- %.1f", what, n, total, total * share,
		    sigma);
}

static void shares_are_those_of_the_configuration(void **state)
{
	(void)state;
	struct sim_config *cfg = make_config("mixed", 1);
	cfg->dense_ppm = 0;
	enum { N = 400000 };
	double n[BEHAVIOUR_COUNT] = {0}, n_pseudo = 0, n_shun = 0, n_slow = 0, n_http = 0,
	       n_service = 0;
	for (uint32_t i = 0; i < N; i++) {
		struct target t = v4(0x0b000000 + i, 6000);
		struct truth truth;
		truth_get(cfg, &t, &truth);
		n_slow += (truth.traits & TRAIT_SLOW) != 0;
		n_pseudo += truth.is_pseudo;
		bool is_shun = truth.traits & TRAIT_SHUN;
		n_shun += is_shun;
		if (truth.is_pseudo || is_shun || truth.is_hyperacktive)
			continue;
		n[truth.behaviour]++;
		if (truth.behaviour == BEHAVIOUR_SERVICE) {
			n_service++;
			n_http += strcmp(service_get(truth.service)->protocol, "http") == 0;
		}
	}
	assert_share("pseudo", n_pseudo, N, 0.01);
	assert_share("shun", n_shun, N, 0.01);
	assert_share("slow", n_slow, N, 0.04);
	assert_share("synproxy", n[BEHAVIOUR_SYNPROXY], N, 0.02);
	double ordinary = N * (1 - 0.04 - 0.01 - 0.02 - 0.01 - 0.01);
	double answering = ordinary * 0.4, total = cfg->behaviour_total;
	for (int i = BEHAVIOUR_SERVICE; i < BEHAVIOUR_HYPERACK; i++)
		assert_share(behaviour_name((enum behaviour)i), n[i], N,
		    answering / N * cfg->behaviour_weight[i] / total);
	assert_share("closed", n[BEHAVIOUR_CLOSED], N, ordinary / N * 0.6 * 0.2);
	assert_share("http", n_http, n_service, 40000.0 / cfg->service_total);
	free(cfg);
}

static void hosts_are_the_same_on_every_port(void **state)
{
	(void)state;
	struct sim_config *cfg = make_config("mixed", 5);
	unsigned n_hyper = 0, n_hyper_services = 0, n_pseudo = 0;
	for (uint32_t i = 0; i < 20000; i++) {
		struct truth first, other;
		struct target t = v4(0x0c000000 + i, 80);
		truth_get(cfg, &t, &first);
		for (uint32_t port = 33000; port < 33100; port += 10) {
			t.port = (uint16_t)port;
			truth_get(cfg, &t, &other);
			assert_int_equal(first.is_hyperacktive, other.is_hyperacktive);
			assert_int_equal(first.is_pseudo, other.is_pseudo);
			assert_int_equal(first.is_decoy, other.is_decoy);
			if (first.is_pseudo)
				assert_int_equal(first.service, other.service);
			/* nobody else may look as if it acknowledged everything */
			else if (!first.is_hyperacktive && !first.is_decoy)
				assert_true(other.behaviour < BEHAVIOUR_SERVICE);
		}
		n_hyper += first.is_hyperacktive;
		n_hyper_services += first.is_hyperacktive && first.behaviour == BEHAVIOUR_SERVICE;
		n_pseudo += first.is_pseudo;
	}
	assert_true(n_hyper > 700 && n_pseudo > 100);
	assert_true(n_hyper_services > 20);
	free(cfg);
}

static void prefixes_answer_as_one(void **state)
{
	(void)state;
	struct sim_config *cfg = make_config("mixed", 9);
	unsigned n_aliased = 0, n_dense = 0;
	for (uint32_t i = 0; i < 2000; i++) {
		struct target six = {
		    .addr = ipaddr_from_u64(UINT64_C(0x20010db800000000) + i, 1), .port = 80};
		struct target four = v4(0x0d000000 + i * 256, 443);
		struct truth a, b;
		truth_get(cfg, &six, &a);
		six.addr.b[15] = 0x77;
		six.addr.b[8] = 0xab;
		truth_get(cfg, &six, &b);
		assert_int_equal(a.is_aliased, b.is_aliased);
		if (!a.is_aliased)
			assert_int_equal(b.behaviour, BEHAVIOUR_FILTERED);
		else
			assert_true(b.behaviour == BEHAVIOUR_SERVICE && a.service == b.service);
		n_aliased += a.is_aliased;
		truth_get(cfg, &four, &a);
		four.addr.b[15] = 200;
		truth_get(cfg, &four, &b);
		assert_int_equal(a.is_dense, b.is_dense);
		n_dense += a.is_dense;
	}
	assert_share("aliased", n_aliased, 2000, 0.1);
	assert_share("dense", n_dense, 2000, 0.05);
	free(cfg);
}

static void every_target_of_dense_is_http(void **state)
{
	(void)state;
	struct sim_config *cfg = make_config("dense", 3);
	for (uint32_t i = 1; i < 3000; i++) {
		struct target t = v4(0x0e000000 + i, (uint16_t)(i * 21));
		struct truth truth;
		truth_get(cfg, &t, &truth);
		assert_string_equal(truth_outcome(cfg, &t, &truth), "identified");
		assert_string_equal(service_get(truth.service)->protocol, "http");
	}
	free(cfg);
}

static void paper_is_like_the_paper(void **state)
{
	(void)state;
	struct sim_config *cfg = make_config("paper", 3);
	enum { N = 1000000 };
	double n = 0, n_silent = 0, n_hyper = 0;
	for (uint32_t i = 0; i < N; i++) {
		struct target t = v4(0x14000000 + i, 8081);
		struct truth truth;
		truth_get(cfg, &t, &truth);
		if (truth_outcome(cfg, &t, &truth)[0] == '-')
			continue;
		n++;
		n_silent += truth.behaviour == BEHAVIOUR_SILENT;
		n_hyper += truth.is_hyperacktive;
	}
	assert_true(n > 0.0485 * N && n < 0.0515 * N);
	assert_true(n_silent > 0.23 * n && n_silent < 0.27 * n);
	assert_true(n_hyper > 0.017 * n && n_hyper < 0.023 * n);
	free(cfg);
}

/* Length fields of the binary answers agree with the bytes. */
static void canned_answers_are_well_formed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SERVICE_COUNT; i++) {
		const struct service *s = service_get(i);
		const uint8_t *reply = (const uint8_t *)s->reply;
		const uint8_t *greeting = (const uint8_t *)s->greeting;
		assert_true(s->greeting_len || s->wakes);
		if (strcmp(s->protocol, "tls") == 0)
			assert_int_equal(frame_get16(reply + 3) + 5, s->reply_len);
		if (strcmp(s->protocol, "mysql") == 0)
			assert_int_equal(greeting[0] + 4, s->greeting_len);
		if (strcmp(s->protocol, "smb") == 0)
			assert_int_equal(frame_get16(reply + 2) + 4, s->reply_len);
		if (strcmp(s->protocol, "rdp") == 0)
			assert_int_equal(frame_get16(reply + 2), s->reply_len);
		if (strcmp(s->protocol, "ldap") == 0)
			assert_int_equal(reply[1] + 2, s->reply_len);
		const char *body = strstr(s->reply, "\r\n\r\n"),
			   *length = strstr(s->reply, "Content-Length: ");
		if (body && length)
			assert_int_equal(atoi(length + 16), s->reply_len - (body + 4 - s->reply));
	}
}

static uint8_t classify(const char *bytes, size_t len, unsigned service)
{
	struct probe_view view = {.len = 0};
	/* one byte at a time: a probe may be split anywhere */
	for (size_t i = 0; i + 1 < len; i++) {
		probe_view_add(&view, (const uint8_t *)bytes + i, 1);
		(void)probe_classify(&view, service_get(service));
	}
	probe_view_add(&view, (const uint8_t *)bytes + len - 1, 1);
	return probe_classify(&view, service_get(service));
}

static void probes_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
		unsigned service;
		uint8_t class;
	} cases[] = {
	    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27, SERVICE_http_nginx, WAKE_HTTP},
	    {"GET / HTTP/1.1\r\nHost: a\r\n", 25, SERVICE_http_nginx, 0},
	    {"GET / HTTP/1.0\r\n\r\nstats\r\n", 25, SERVICE_http_nginx, WAKE_HTTP},
	    {"\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9, SERVICE_tls_12, WAKE_TLS},
	    {"\x16\x03\x01\x00\x04\x01\x00\x00", 8, SERVICE_tls_12, 0},
	    {"\x16\x03", 2, SERVICE_tls_12, 0},
	    {"\r\n\r\n", 4, SERVICE_http_nginx, WAKE_NEWLINES},
	    {"PING\r\n", 6, SERVICE_redis_7, WAKE_OWN},
	    {"PING\r\n", 6, SERVICE_http_nginx, WAKE_TEXT},
	    {"PIN", 3, SERVICE_redis_7, 0},
	    {"*1\r\n$4\r\nPING\r\n", 14, SERVICE_redis_7, WAKE_OWN},
	    {"\x00\x00\x00\x08\x04\xd2\x16\x2f", 8, SERVICE_postgres_15, WAKE_OWN},
	    {"\x05\x01\x00", 3, SERVICE_socks_5, WAKE_OWN},
	    {"\x01\x02\x03", 3, SERVICE_http_nginx, WAKE_BINARY},
	    {"OPTIONS sip:a SIP/2.0\r\n\r\n", 25, SERVICE_sip_tcp, WAKE_OWN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    classify(cases[i].bytes, cases[i].len, cases[i].service), cases[i].class);
}

static void configuration_errors_name_the_place(void **state)
{
	(void)state;
	static const char *const bad[] = {"answer 5", "answer = 101", "answer = x", "nonsense = 1",
	    "behaviour.hyperacktive = 1", "service.gopher = 1", "ports = 0", "ports = 5-2",
	    "rtt = 5-", "gateway = 1.2.3", "verify_checksums = maybe", "preset = none",
	    "hyperacktive.ports = ", "probes = http,telepathy", "max_flows = -1", "rto_ms = 1x"};
	struct sim_config *cfg = malloc(sizeof(*cfg));
	config_init(cfg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct diag diag = {{0}};
		if (config_set_line(cfg, bad[i], "mix.conf:7", &diag) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_memory_equal(diag.text, "mix.conf:7: ", 12);
	}
	struct diag diag = {{0}};
	assert_int_equal(config_set_line(cfg, "  answer = 12.5 # percent", "x", &diag), 0);
	assert_int_equal(cfg->answer_ppm, 125000);
	assert_int_equal(config_set_line(cfg, "# nothing", "x", &diag), 0);
	assert_true(config_finish(cfg, &diag) < 0);
	free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(truth_is_the_same_on_every_machine),
	    cmocka_unit_test(shares_are_those_of_the_configuration),
	    cmocka_unit_test(hosts_are_the_same_on_every_port),
	    cmocka_unit_test(prefixes_answer_as_one),
	    cmocka_unit_test(every_target_of_dense_is_http),
	    cmocka_unit_test(paper_is_like_the_paper),
	    cmocka_unit_test(canned_answers_are_well_formed),
	    cmocka_unit_test(probes_are_told_apart),
	    cmocka_unit_test(configuration_errors_name_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
