/* Claims about out/status: exact lines for known counters, no nonsense for odd ones, and forms that
 * machines can read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "out/json.h"
#include "out/status.h"

static char buf[STATUS_TEXT_MAX];
static const struct status_run run = {.n_targets = 1000000,
    .has_n_targets = true,
    .cooldown_ns = 8 * NS_PER_SEC,
    .start_wall_ns = INT64_C(1795363200000000000)};
static const struct status_sample start;

static struct status_sample middle(void)
{
	struct status_sample s = {.at_ns = 40 * NS_PER_SEC};
	s.counters.v[COUNTER_targets_taken] = 400000;
	s.counters.v[COUNTER_syn_sent] = 400000;
	s.counters.v[COUNTER_packets_sent] = 412345;
	s.counters.v[COUNTER_bytes_sent] = 31000000;
	s.counters.v[COUNTER_packets_received] = 20000;
	s.counters.v[COUNTER_sessions_opened] = 5321;
	s.counters.v[COUNTER_sessions_open] = 33;
	s.counters.v[COUNTER_records_identified] = 1201;
	s.counters.v[COUNTER_records_written] = 5288;
	s.counters.v[COUNTER_bytes_serialised] = 5000000;
	s.counters.v[COUNTER_bytes_written] = 612000;
	return s;
}

static const char *line(const struct status_run *r, enum status_phase phase,
    const struct status_sample *before, const struct status_sample *now)
{
	struct text t = text_make(buf, sizeof(buf));
	status_put_line(&t, r, phase, before, now);
	assert_false(t.is_full);
	text_putc(&t, '\0');
	return buf;
}

static void test_line_has_percent_rate_answers_drops_and_time_left(void **state)
{
	(void)state;
	struct status_sample now = middle();
	assert_string_equal(line(&run, STATUS_SENDING, &start, &now),
	    "40.0% 0:00:40, 0:01:08 left; sent 412k (10.3k/s); answers 5321 (133/s), identified 1201, "
	    "open 33; drops 0");
	now.counters.v[COUNTER_kernel_drops] = 12;
	assert_string_equal(line(&run, STATUS_DRAINING, &now, &now),
	    "40.0% 0:00:40, draining; sent 412k (0/s); answers 5321 (0/s), identified 1201, open 33; "
	    "drops 12");
	struct status_run stream = run;
	stream.has_n_targets = false;
	assert_string_equal(line(&stream, STATUS_SENDING, &start, &now),
	    "400k targets 0:00:40; sent 412k (10.3k/s); answers 5321 (133/s), identified 1201, open 33; "
	    "drops 12");
	now.counters.v[COUNTER_interface_tx_drops] = 8;
	now.counters.v[COUNTER_rate_asked_pps] = 20000;
	now.counters.v[COUNTER_rate_allowed_pps] = 14000;
	now.counters.v[COUNTER_slowdowns] = 1;
	assert_non_null(
	    strstr(line(&stream, STATUS_SENDING, &start, &now), "; drops 20, slowed to 14.0k/s"));
	now.counters.v[COUNTER_rate_allowed_pps] = 20000;
	assert_null(strstr(line(&stream, STATUS_SENDING, &start, &now), "slowed"));
}

static void test_line_is_short_and_finite_for_any_counters(void **state)
{
	(void)state;
	static const uint64_t values[] = {0, 1, 9999, 10000, 999999, INT64_MAX / 4, INT64_MAX};
	static const int64_t times[] = {0, 1, -5, NS_PER_SEC, INT64_C(3200000000) * NS_PER_SEC};
	for (size_t a = 0; a < 7; a++)
		for (size_t b = 0; b < 7; b++)
			for (size_t i = 0; i < 5; i++)
				for (int phase = 0; phase < STATUS_PHASE_COUNT; phase++) {
					struct status_sample before = {0},
							     now = {.at_ns = times[i]};
					struct status_run r = run;
					r.n_targets = values[b];
					for (size_t c = 0; c < COUNTER_COUNT; c++) {
						before.counters.v[c] = values[b];
						now.counters.v[c] = values[a];
					}
					const char *text =
					    line(&r, (enum status_phase)phase, &before, &now);
					assert_true(strlen(text) < 150);
					assert_null(strstr(text, "nan"));
					assert_null(strstr(text, "inf"));
					assert_null(strchr(text, '-'));
					struct text t = text_make(buf, sizeof(buf));
					status_put_json(
					    &t, &r, (enum status_phase)phase, &before, &now, 0);
					struct json_object *object = NULL;
					assert_int_equal(
					    json_object_parse(buf, t.len, NULL, &object), 0);
					json_object_destroy(object);
				}
}

static void test_time_left_comes_from_the_recent_pace(void **state)
{
	(void)state;
	struct status_sample before = middle(), now = middle();
	now.at_ns += 10 * NS_PER_SEC;
	now.counters.v[COUNTER_targets_taken] = 500000;
	struct status_rates r;
	status_rate(&run, STATUS_SENDING, &before, &now, &r);
	assert_int_equal(r.left_ns, (50 + 8) * NS_PER_SEC);
	/* Nothing moves: nobody knows. */
	status_rate(&run, STATUS_SENDING, &now, &now, &r);
	assert_int_equal(r.left_ns, -1);
	now.counters.v[COUNTER_targets_taken] = run.n_targets;
	status_rate(&run, STATUS_SENDING, &before, &now, &r);
	assert_int_equal(r.left_ns, run.cooldown_ns);
	assert_true(fabs(r.percent - 100.0) < 1e-9);
}

static void test_loss_is_a_part_of_what_came(void **state)
{
	(void)state;
	struct status_sample now = middle();
	now.counters.v[COUNTER_kernel_drops] = 3000;
	now.counters.v[COUNTER_interface_drops] = 2000;
	struct status_rates r;
	status_rate(&run, STATUS_SENDING, &start, &now, &r);
	assert_int_equal(r.n_drops, 5000);
	assert_true(fabs(r.loss_percent - 20.0) < 1e-9);
}

static void test_json_has_every_counter(void **state)
{
	(void)state;
	struct status_sample now = middle();
	struct text t = text_make(buf, sizeof(buf));
	status_put_json(&t, &run, STATUS_SENDING, &start, &now, run.start_wall_ns + now.at_ns);
	assert_false(t.is_full);
	assert_int_equal(buf[t.len - 1], '\n');
	struct json_object *object = NULL;
	assert_int_equal(json_object_parse(buf, t.len, NULL, &object), 0);
	size_t len;
	assert_string_equal(
	    json_object_get_string(object, "ts", &len), "2026-11-22T16:00:40.000000Z");
	assert_string_equal(json_object_get_string(object, "phase", &len), "sending");
	int64_t left;
	assert_true(json_object_get_int(object, "left_s", &left));
	assert_int_equal(left, 68);
	char *counters = json_object_print(object, "counters");
	struct json_object *inner = NULL;
	assert_int_equal(json_object_parse(counters, strlen(counters), NULL, &inner), 0);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		int64_t v;
		assert_true(
		    json_object_get_int(inner, counters_get_row((enum counter_id)i)->name, &v));
		assert_int_equal(v, now.counters.v[i]);
	}
	free(counters);
	json_object_destroy(inner);
	json_object_destroy(object);
}

static void test_prometheus_text_is_well_formed(void **state)
{
	(void)state;
	struct status_sample now = middle();
	struct text t = text_make(buf, sizeof(buf) - 1);
	status_put_prometheus(&t, &run, &now);
	assert_false(t.is_full);
	buf[t.len] = '\0';
	assert_non_null(strstr(
	    buf, "# TYPE synspect_syn_sent_total counter\nsynspect_syn_sent_total 400000\n"));
	assert_non_null(
	    strstr(buf, "# TYPE synspect_sessions_open gauge\nsynspect_sessions_open 33\n"));
	/* Three lines a metric, in this order, each name once. */
	size_t n = 0;
	char *rest = NULL;
	for (char *help = strtok_r(buf, "\n", &rest); help; help = strtok_r(NULL, "\n", &rest)) {
		char *type = strtok_r(NULL, "\n", &rest), *value = strtok_r(NULL, "\n", &rest);
		assert_non_null(value);
		char name[3][128], kind[16];
		double v;
		assert_int_equal(sscanf(help, "# HELP %127s ", name[0]), 1);
		assert_int_equal(sscanf(type, "# TYPE %127s %15s", name[1], kind), 2);
		assert_int_equal(sscanf(value, "%127s %lf", name[2], &v), 2);
		assert_string_equal(name[0], name[1]);
		assert_string_equal(name[0], name[2]);
		assert_true(strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0);
		n++;
	}
	assert_int_equal(n, COUNTER_COUNT + 2);
}

static void test_summary_tells_the_whole_story(void **state)
{
	(void)state;
	struct status_sample now = middle();
	struct writer_summary written = {
	    .n_records = 5288, .n_protocols = 3, .n_other_protocols = 0};
	written.by_outcome[OUTCOME_IDENTIFIED] = 1201;
	written.by_outcome[OUTCOME_SILENT] = 4087;
	written.by_protocol[0] = (struct writer_tally){"http", 1000};
	written.by_protocol[1] = (struct writer_tally){"ssh", 200};
	written.by_protocol[2] = (struct writer_tally){"tls", 1};
	now.counters.v[COUNTER_hyperack_hosts_tested] = 40;
	now.counters.v[COUNTER_hyperack_hosts_convicted] = 12;
	now.counters.v[COUNTER_hyperack_probes] = 4123;
	now.counters.v[COUNTER_unreachable_received] = 5;
	now.counters.v[COUNTER_unreachable_prohibited] = 2;
	now.counters.v[COUNTER_duplicates] = 7;
	struct text t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, &written);
	buf[t.len] = '\0';
	assert_string_equal(buf,
	    "sent        400,000 SYN and 12,345 other packets, 31.0MB, in 0:00:40 (10.3k/s)\n"
	    "answered    5,321 of 400,000 targets (1.33%); 600,000 were not reached\n"
	    "outcomes    identified 1,201, silent 4,087\n"
	    "protocols   http 1,000, ssh 200, tls 1\n"
	    "mirages     12 of 40 hosts tested acknowledge everything, 0 prefixes answer everywhere; tests "
	    "took 1% of the packets\n"
	    "unreachable 5 ICMP messages, 2 of them: prohibited by an administrator\n"
	    "drops       none\n"
	    "ignored     duplicates 7\n"
	    "output      5,288 records, 5.00MB in 612kB\n");
	now.counters.v[COUNTER_kernel_drops] = 200;
	now.counters.v[COUNTER_send_errors] = 3;
	t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, NULL);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf, "\n            send errors 3\n"));
	assert_non_null(
	    strstr(buf, "\ndrops       kernel 200, interface 0 (0.99% of what came)\n"));
	now.counters.v[COUNTER_interface_tx_drops] = 1700;
	now.counters.v[COUNTER_slowdowns] = 2;
	now.counters.v[COUNTER_rate_lowest_pps] = 7000;
	t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, NULL);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf,
	    "\ndrops       kernel 200, interface 0 (0.99% of what came); 1,700 of what was sent; "
	    "slowed down 2 times, as far as 7000/s\n"));
	now.counters.v[COUNTER_slowdowns_far] = 1;
	now.counters.v[COUNTER_slowdowns_late] = 1;
	now.counters.v[COUNTER_slowdowns_undone] = 1;
	t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, NULL);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf,
	    " 2 times, as far as 7000/s, 1 for losses beyond this host, 1 for servers that fell behind, undone 1\n"));
	now.counters.v[COUNTER_syn_gone_back] = 12345;
	t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, NULL);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf, " undone 1; sent again 12,345\n"));
}

static void test_summary_lines_stay_narrow(void **state)
{
	(void)state;
	static char names[WRITER_PROTOCOLS_MAX][24];
	struct status_sample now = middle();
	struct writer_summary written = {
	    .n_protocols = WRITER_PROTOCOLS_MAX, .n_other_protocols = 77};
	for (size_t i = 0; i < WRITER_PROTOCOLS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "protocol-%zu", i);
		written.by_protocol[i] = (struct writer_tally){names[i], 1000000 - i};
	}
	for (int i = 0; i < OUTCOME_COUNT; i++)
		written.by_outcome[i] = 123456789;
	struct text t = text_make(buf, sizeof(buf) - 1);
	status_put_summary(&t, &run, &now, &written);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf, "others 231,967,713"));
	char *rest = NULL;
	for (char *l = strtok_r(buf, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		assert_true(strlen(l) <= 125);
		assert_int_not_equal(l[strlen(l) - 1], ' ');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_line_has_percent_rate_answers_drops_and_time_left),
	    cmocka_unit_test(test_line_is_short_and_finite_for_any_counters),
	    cmocka_unit_test(test_time_left_comes_from_the_recent_pace),
	    cmocka_unit_test(test_loss_is_a_part_of_what_came),
	    cmocka_unit_test(test_json_has_every_counter),
	    cmocka_unit_test(test_prometheus_text_is_well_formed),
	    cmocka_unit_test(test_summary_tells_the_whole_story),
	    cmocka_unit_test(test_summary_lines_stay_narrow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
