/* options: what the command line means, what it refuses, and that what is printed reads back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "options.h"

static const struct option_command scan = {"scan", OPTION_CMD_SCAN, "TARGET...", 0, -1, ""};
static const struct option_command targets = {
    "targets", OPTION_CMD_TARGETS, "TARGET...", 0, -1, ""};
static const struct option_command replay = {"replay", OPTION_CMD_REPLAY, "FILE", 1, 1, ""};

enum { MAX_ARGS = 32 };

/* Parses the blank-separated arguments; returns options_parse's result. */
static int parse_as(const struct option_command *command, const char *line,
    struct scan_config *config, enum option_request *request, struct diag *diag)
{
	char *copy = strdup(line);
	char *argv[MAX_ARGS + 1] = {NULL};
	char *rest = NULL;
	int argc = 0;
	assert_non_null(copy);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < MAX_ARGS);
		argv[argc++] = word;
	}
	assert_int_equal(config_init(config, diag), 0);
	int err = options_parse(command, argc, argv, config, request, diag);
	free(copy);
	return err;
}

static void parse_ok(const char *line, struct scan_config *config)
{
	struct diag diag = {""};
	enum option_request request;
	int err = parse_as(&scan, line, config, &request, &diag);
	if (err < 0)
		fail_msg("%s: %s", line, diag.text);
	assert_int_equal(request, OPTION_RUN);
}

/* The line is refused, and the message has text in it. */
static void parse_fails(const struct option_command *command, const char *line, const char *text)
{
	struct scan_config config;
	struct diag diag = {""};
	enum option_request request;
	int err = parse_as(command, line, &config, &request, &diag);
	config_fini(&config);
	if (err != -EINVAL || !strstr(diag.text, text) || strchr(diag.text, '\n'))
		fail_msg("'%s': %d '%s', not '%s'", line, err, diag.text, text);
}

static void every_row_has_a_default_within_its_bounds(void **state)
{
	(void)state;
	struct scan_config config;
	struct diag diag = {""};
	assert_int_equal(config_init(&config, &diag), 0);
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		assert_true(row->commands != 0);
		assert_true(strlen(row->help) > 0);
		assert_true(
		    strlen(row->help) + (row->initial ? strlen(row->initial) + 3 : 0) <= 68);
		if (row->offset != OPTION_NO_MEMBER)
			assert_false(option_is_set(row, &config));
		if (row->min)
			assert_int_equal(option_set(row, row->min, &config, &diag), 0);
		if (row->max)
			assert_int_equal(option_set(row, row->max, &config, &diag), 0);
	}
	config_fini(&config);
}

static void names_and_letters_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < option_n_rows; i++)
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(option_rows[i].name, option_rows[j].name);
			if (option_rows[i].letter)
				assert_int_not_equal(option_rows[i].letter, option_rows[j].letter);
		}
	for (const struct option_alias *a = option_aliases; a->alias; a++) {
		assert_non_null(option_find(a->alias));
		assert_string_equal(option_find(a->alias)->name, a->name);
	}
}

static void enum_names_match_the_enums(void **state)
{
	(void)state;
	static const struct {
		const char *option;
		unsigned count;
	} enums[] = {{"order", ORDER_COUNT}, {"syn-options", SYN_OPT_COUNT}, {"tx", TX_KIND_COUNT},
	    {"format", FORMAT_COUNT}, {"only", ONLY_COUNT}, {"status", STATUS_COUNT}};
	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++) {
		const struct option_row *row = option_find(enums[i].option);
		assert_non_null(row);
		unsigned n = 1;
		for (const char *p = row->metavar; *p; p++)
			n += *p == '|';
		assert_int_equal(n, enums[i].count);
	}
	struct scan_config config;
	parse_ok(
	    "--order list --syn-options none --tx libnet --format lzr --only data --status off",
	    &config);
	assert_int_equal(config.order, ORDER_LIST);
	assert_int_equal(config.syn_options, SYN_OPT_NONE);
	assert_int_equal(config.tx, TX_LIBNET);
	assert_int_equal(config.format, FORMAT_LZR);
	assert_int_equal(config.only, ONLY_DATA);
	assert_int_equal(config.status, STATUS_OFF);
	config_fini(&config);
}

static void rates_take_fractions_and_suffixes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double pps;
	} rates[] = {{"0.5", 0.5}, {"500", 500}, {"10k", 1e4}, {"1M", 1e6}, {"1.5M", 1.5e6},
	    {"1G", 1e9}, {".5", 0.5}};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		char line[64];
		struct scan_config config;
		snprintf(line, sizeof(line), "--rate=%s", rates[i].text);
		parse_ok(line, &config);
		assert_true(config.rate_pps == rates[i].pps);
		config_fini(&config);
	}
	parse_fails(&scan, "--rate 10x", "--rate: '10x' is not a rate");
	parse_fails(&scan, "-r 0", "out of range: use 0.01 to 1G");
	parse_fails(&scan, "-r -5", "not a rate");
	parse_fails(&scan, "-r 1e9", "not a rate");
	parse_fails(&scan, "-r nan", "not a rate");
	parse_fails(&scan, "-r 0x10", "not a rate");
}

static void bandwidths_read_like_tc_and_zmap(void **state)
{
	(void)state;
	struct scan_config config;
	parse_ok("-B 100mbit", &config);
	assert_true(config.bandwidth_bps == 100e6);
	config_fini(&config);
	parse_ok("--bandwidth=1.5G", &config);
	assert_true(config.bandwidth_bps == 1.5e9);
	config_fini(&config);
	parse_ok("-B 64kbps", &config);
	assert_true(config.bandwidth_bps == 64e3);
	config_fini(&config);
	parse_fails(&scan, "-B 10mbyte", "not a bandwidth");
}

static void durations_have_units(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t ns;
	} times[] = {{"500ms", 500000000}, {"10s", 10000000000}, {"2m", 120000000000},
	    {"1.5s", 1500000000}, {"7", 7000000000}, {"100ms", 100000000}};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char line[64];
		struct scan_config config;
		snprintf(
		    line, sizeof(line), "--timeout=%s --cooldown %s", times[i].text, times[i].text);
		parse_ok(line, &config);
		assert_true(config.timeout_ns == times[i].ns);
		assert_true(config.cooldown_ns == times[i].ns);
		config_fini(&config);
	}
	parse_fails(&scan, "--timeout 5parsec", "not a time");
	parse_fails(&scan, "--timeout 11m", "out of range: use 10ms to 10m");
	parse_fails(&scan, "--max-runtime 99999999999d", "too long");
}

static void integers_are_whole_and_bounded(void **state)
{
	(void)state;
	struct scan_config config;
	parse_ok("--seed 18446744073709551615 --max-targets 2k --max-results 0x10", &config);
	assert_true(config.seed == UINT64_MAX && config.has_seed);
	assert_true(config.max_targets == 2000 && config.max_results == 16);
	config_fini(&config);
	parse_fails(&scan, "--seed 18446744073709551616", "too large");
	parse_fails(&scan, "--max-targets 99999999999999999999G", "too large");
	parse_fails(&scan, "--attempts 0", "out of range");
	parse_fails(&scan, "--attempts 1.5", "not a whole number");
	parse_fails(&scan, "--retransmits 4294967296", "out of range");
	parse_fails(&scan, "--shards 70000 --seed 1", "1 to 65535");
}

static void addresses_ports_and_macs(void **state)
{
	(void)state;
	struct scan_config config;
	parse_ok("-S 192.0.2.1-192.0.2.9 --source-port 4000-5000 -G 02:00:5e:10:00:01 "
		 "--source-mac 02-00-5E-10-00-02",
	    &config);
	assert_true(config.has_source_ip && config.has_gateway_mac && config.has_source_mac);
	assert_int_equal(ipaddr_get_v4(&config.source_ip_lo), 0xc0000201);
	assert_int_equal(ipaddr_get_v4(&config.source_ip_hi), 0xc0000209);
	assert_int_equal(config.source_port_lo, 4000);
	assert_int_equal(config.source_port_hi, 5000);
	assert_int_equal(config.gateway_mac[5], 1);
	assert_int_equal(config.source_mac[2], 0x5e);
	config_fini(&config);
	parse_ok("--source-ip=2001:db8::1 --source-port=99", &config);
	assert_true(ipaddr_equal(&config.source_ip_lo, &config.source_ip_hi));
	assert_int_equal(config.source_port_hi, 99);
	config_fini(&config);
	parse_fails(&scan, "-S 192.0.2.9-192.0.2.1", "runs backwards");
	parse_fails(&scan, "-S 192.0.2.9-2001:db8::1", "mixes IPv4 and IPv6");
	parse_fails(&scan, "-S 192.0.2.256", "not an address");
	parse_fails(&scan, "--source-port 0", "not a port");
	parse_fails(&scan, "--source-port 70000", "not a port");
	parse_fails(&scan, "--source-port 5-", "not a port");
	parse_fails(&scan, "--source-port 9-5", "runs backwards");
	parse_fails(&scan, "-G 00:00:00:00:00:00", "not one station's");
	parse_fails(&scan, "-G ff:ff:ff:ff:ff:ff", "not one station's");
	parse_fails(&scan, "-G 02:00:5e:10:00", "not a MAC address");
}

static void lists_strings_and_tallies(void **state)
{
	(void)state;
	struct scan_config config;
	parse_ok(
	    "-x 10.0.0.0/8 --blocklist-file a.txt -X b.txt -vv --verbose 192.0.2.1 -p 80 -p 443 "
	    "192.0.2.2 --zstd",
	    &config);
	assert_int_equal(config.excludes.n, 1);
	assert_int_equal(config.exclude_files.n, 2);
	assert_string_equal(config.exclude_files.v[1], "b.txt");
	assert_int_equal(config.verbose, 3);
	assert_string_equal(config.ports, "443");
	assert_int_equal(config.targets.n, 2);
	assert_string_equal(config.targets.v[1], "192.0.2.2");
	assert_true(config.zstd && config.zstd_level == 1);
	config_fini(&config);
	parse_ok("--zstd=19 --allow-reserved --no-exclude", &config);
	assert_true(config.zstd && config.zstd_level == 19);
	assert_true(config.allow_reserved && config.no_exclude);
	config_fini(&config);
	parse_fails(&scan, "--zstd=20", "out of range");
	parse_fails(&scan, "--ports=", "'' is no LIST");
}

static void refusals_say_what_and_suggest(void **state)
{
	(void)state;
	parse_fails(&scan, "--tiemout 5s", "--tiemout: unknown option: did you mean --timeout?");
	parse_fails(&scan, "--blocklst-file=x", "did you mean --blocklist-file?");
	parse_fails(&scan, "--xyzzy", "--xyzzy: unknown option: see --help");
	parse_fails(&scan, "-Z", "-Z: unknown option");
	parse_fails(&scan, "--max 5", "ambiguous");
	parse_fails(&scan, "--dry-run=5", "--dry-run: takes no value");
	parse_fails(&scan, "--rate", "--rate: needs a value: PPS");
	parse_fails(&scan, "-p", "--ports: needs a value: LIST");
	parse_fails(&scan, "--order lst", "did you mean list?");
	parse_fails(&targets, "--gateway-mac 02:00:00:00:00:01", "not an option of 'targets'");
	parse_fails(&replay, "", "replay: needs FILE");
	parse_fails(&replay, "a b", "one argument too many: 'b'");
}

static void options_are_checked_together(void **state)
{
	(void)state;
	parse_fails(&scan, "--shards 4 --shard 4 --seed 1", "--shard: 4 is not below --shards 4");
	parse_fails(&scan, "--shards 4 --shard 3", "needs --seed");
	parse_fails(&scan, "--hyperack 2", "--hyperack-threshold: 3 is more than the 2 ports");
	struct scan_config config;
	parse_ok("--hyperack 0 --shards 4 --shard 3 --seed 1", &config);
	assert_int_equal(config.shard, 3);
	config_fini(&config);
}

static void requests_win_over_running(void **state)
{
	(void)state;
	struct scan_config config;
	struct diag diag = {""};
	enum option_request request;
	assert_int_equal(parse_as(&replay, "--help", &config, &request, &diag), 0);
	assert_int_equal(request, OPTION_HELP);
	config_fini(&config);
	assert_int_equal(parse_as(NULL, "--version", &config, &request, &diag), 0);
	assert_int_equal(request, OPTION_VERSION);
	config_fini(&config);
	assert_int_equal(parse_as(&scan, "--dump-options=man", &config, &request, &diag), 0);
	assert_int_equal(request, OPTION_DUMP_MAN);
	config_fini(&config);
	parse_fails(&scan, "--dump-options=html", "none of man|completion|json");
}

static int read_file_text(const char *text, struct scan_config *config, struct diag *diag)
{
	assert_int_equal(config_init(config, diag), 0);
	return options_parse_file_text(&scan, "f.conf", text, strlen(text), config, diag);
}

static void config_files_set_options(void **state)
{
	(void)state;
	struct scan_config config;
	struct diag diag = {""};
	assert_int_equal(
	    read_file_text("# a comment\r\n\n  rate = 2k # more\nports=80,443\n"
			   "dry-run\nall-probes = no\nexclude = 10.0.0.0/8\n"
			   "exclude=\"a # \\\"b\\\"\"\ncontact = mailto:a@b#c\nzstd = 5\n"
			   "count = yes\nblocklist-file = x",
		&config, &diag),
	    0);
	assert_true(config.rate_pps == 2000);
	assert_string_equal(config.ports, "80,443");
	assert_true(config.dry_run && !config.all_probes);
	assert_false(config.count); /* another command's option is passed over */
	assert_int_equal(config.excludes.n, 2);
	assert_string_equal(config.excludes.v[1], "a # \"b\"");
	assert_string_equal(config.contact, "mailto:a@b#c");
	assert_int_equal(config.zstd_level, 5);
	assert_string_equal(config.exclude_files.v[0], "x");
	config_fini(&config);
}

static void config_file_errors_name_the_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
	    {"rate = 5\n  tiemout = 5s",
		"f.conf:2:3: 'tiemout' is no option: did you mean timeout?"},
	    {"rate =  5x", "f.conf:1:9: rate: '5x' is not a rate"},
	    {"dry-run = maybe", "f.conf:1:11: a flag is yes or no"},
	    {"rate", "f.conf:1:1: rate needs a value: rate = PPS"},
	    {" = 5", "f.conf:1:2: no name before '='"},
	    {"ports = \"80", "f.conf:1:12: no closing quote"},
	    {"ports = \"80\" 1", "f.conf:1:12: text behind the closing quote"},
	    {"config = x", "f.conf:1:1: belongs on the command line"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scan_config config;
		struct diag diag = {""};
		int err = read_file_text(cases[i].text, &config, &diag);
		config_fini(&config);
		if (err != -EINVAL || !strstr(diag.text, cases[i].message))
			fail_msg("'%s': '%s'", cases[i].text, diag.text);
	}
	struct scan_config config;
	struct diag diag = {""};
	assert_int_equal(config_init(&config, &diag), 0);
	assert_int_equal(
	    options_parse_file_text(&scan, "f", "ra\0te = 5", 9, &config, &diag), -EINVAL);
	assert_string_equal(diag.text, "f:1:3: NUL byte: this is not a text file");
	config_fini(&config);
}

static void the_effective_configuration_reads_back(void **state)
{
	(void)state;
	struct scan_config config;
	struct diag diag = {""};
	parse_ok(
	    "-r 0.1 -B 33.3mbit --timeout 1234ms --seed 77 -S 192.0.2.1-192.0.2.4 -vv --zstd=7 "
	    "-G 02:00:5e:10:00:01 --order list -x 10.0.0.0/8 -x a\"b\\c --max-runtime 90s",
	    &config);
	char *text = config_dump_text(&config, OPTION_CMD_SCAN);
	assert_non_null(text);
	struct scan_config again;
	if (read_file_text(text, &again, &diag) < 0)
		fail_msg("%s\n%s", text, diag.text);
	char *text_again = config_dump_text(&again, OPTION_CMD_SCAN);
	assert_non_null(text_again);
	assert_string_equal(text, text_again);
	assert_non_null(strstr(text, "timeout = 1234ms\n"));
	assert_non_null(strstr(text, "rate = 0.1\n"));
	assert_true(again.rate_pps == config.rate_pps && again.verbose == 2);
	char *json = config_dump_json(&config, OPTION_CMD_SCAN);
	assert_non_null(json);
	assert_non_null(strstr(json, "\"seed\":77,"));
	assert_non_null(strstr(json, "\"exclude\":[\"10.0.0.0/8\",\"a\\\"b\\\\c\"]"));
	free(json);
	free(text);
	free(text_again);
	config_fini(&config);
	config_fini(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_row_has_a_default_within_its_bounds),
	    cmocka_unit_test(names_and_letters_are_unique),
	    cmocka_unit_test(enum_names_match_the_enums),
	    cmocka_unit_test(rates_take_fractions_and_suffixes),
	    cmocka_unit_test(bandwidths_read_like_tc_and_zmap),
	    cmocka_unit_test(durations_have_units),
	    cmocka_unit_test(integers_are_whole_and_bounded),
	    cmocka_unit_test(addresses_ports_and_macs),
	    cmocka_unit_test(lists_strings_and_tallies),
	    cmocka_unit_test(refusals_say_what_and_suggest),
	    cmocka_unit_test(options_are_checked_together),
	    cmocka_unit_test(requests_win_over_running),
	    cmocka_unit_test(config_files_set_options),
	    cmocka_unit_test(config_file_errors_name_the_place),
	    cmocka_unit_test(the_effective_configuration_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
