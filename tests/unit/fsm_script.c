/* fsm_script: the interpreter of the engine's connection scripts; see the header. */
#include "tests/unit/fsm_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "engine/fsm.h"

#define START_NS (1000 * NS_PER_SEC)

static unsigned counts[CONN_STATE_COUNT][EVENT_KIND_COUNT][32];

unsigned fsm_script_count(int state, int event_kind, int segment_class)
{
	return counts[state][event_kind][segment_class];
}

static const char *const end_names[CONN_END_COUNT] = {
    [CONN_END_NO_SYNACK] = "no_synack",
    [CONN_END_REFUSED] = "refused",
    [CONN_END_ZERO_WINDOW] = "zero_window",
    [CONN_END_SETTLED] = "settled",
    [CONN_END_QUIET] = "quiet",
    [CONN_END_FULL] = "full",
    [CONN_END_FIN] = "fin",
    [CONN_END_RST] = "rst",
    [CONN_END_SILENT] = "silent",
    [CONN_END_NO_ACK] = "no_ack",
    [CONN_END_UNREACHABLE] = "unreachable",
    [CONN_END_ABORTED] = "aborted",
};

static const char flag_letters[] = "FSRPAU"; /* bit order of the header */

struct run {
	struct conn conn;
	struct conn_config config;
	uint32_t iss, irs;
	int64_t now_ns;
	bool is_v6;
	struct actions actions;
};

static uint8_t read_flags(const char *text)
{
	uint8_t flags = 0;
	for (; *text; text++) {
		const char *at = strchr(flag_letters, *text);
		if (at)
			flags |= (uint8_t)(1 << (at - flag_letters));
		else if (*text != '0')
			fail_msg("unknown flag %c", *text);
	}
	return flags;
}

static uint8_t payload_bytes[65536];

static void read_option(struct segment *s, char *word)
{
	char *rest = word + 1;
	switch (word[0]) {
	case '"':
		s->payload = (const uint8_t *)rest;
		s->payload_len = (uint16_t)strcspn(rest, "\"");
		break;
	case 'x':
		s->payload = payload_bytes;
		s->payload_len = (uint16_t)strtoul(rest, NULL, 10);
		break;
	case 'w':
		s->window = (uint16_t)strtoul(rest, NULL, 10);
		break;
	case 'm':
		s->mss = (uint16_t)strtoul(rest, NULL, 10);
		break;
	case 's':
		s->has_wscale = true;
		s->wscale = (uint8_t)strtoul(rest, NULL, 10);
		break;
	case 't':
		s->has_ts = true;
		s->tsval = (uint32_t)strtoul(rest, &rest, 10);
		s->tsecr = (uint32_t)strtoul(rest + 1, NULL, 10);
		break;
	default:
		fail_msg("unknown word %s", word);
	}
}

static void step(struct run *run, const struct event *event)
{
	int class = 0;
	if (event->kind == EVENT_SEGMENT) {
		uint8_t f = event->segment->flags;
		class = (f & TCP_SYN ? 1 : 0) | (f & TCP_ACK ? 2 : 0) | (f & TCP_RST ? 4 : 0) |
			(f & TCP_FIN ? 8 : 0) | (event->segment->payload_len ? 16 : 0);
	}
	counts[run->conn.state][event->kind][class]++;
	fsm_step(&run->conn, &run->config, event, run->now_ns, &run->actions);
}

static void feed_segment(struct run *run, char *words)
{
	char *save = NULL;
	const char *flags = strtok_r(words, " ", &save);
	const char *seq = strtok_r(NULL, " ", &save);
	const char *ack = strtok_r(NULL, " ", &save);
	assert_non_null(ack);
	struct segment s = {.flags = read_flags(flags), .window = 1000, .payload = payload_bytes};
	s.seq = run->irs + (uint32_t)strtol(seq, NULL, 10);
	s.ack = run->iss + (uint32_t)strtol(ack, NULL, 10);
	s.flow.raddr = run->is_v6 ? ipaddr_from_u64(1, 2) : ipaddr_from_v4(0xc0000207);
	char *word;
	while ((word = strtok_r(NULL, " ", &save)))
		read_option(&s, word);
	struct event event = {.kind = EVENT_SEGMENT, .segment = &s};
	step(run, &event);
}

static void feed(struct run *run, char *text)
{
	static const struct {
		const char *word;
		enum event_kind kind;
	} plain[] = {
	    {"open", EVENT_OPEN},
	    {"timer", EVENT_TIMER},
	    {"settled", EVENT_SETTLED},
	    {"more", EVENT_MORE},
	    {"unreach", EVENT_UNREACHABLE},
	    {"abort", EVENT_ABORT},
	};
	struct event event = {0};
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(text, plain[i].word) == 0) {
			event.kind = plain[i].kind;
			step(run, &event);
			return;
		}
	}
	if (strncmp(text, "mtu ", 4) == 0) {
		event.kind = EVENT_MTU;
		event.mtu = (uint16_t)atoi(text + 4);
		step(run, &event);
	} else if (strncmp(text, "seg ", 4) == 0) {
		feed_segment(run, text + 4);
	} else {
		fail_msg("unknown event %s", text);
	}
}

static void print_send(const struct run *run, const struct action *a, char *out, size_t size)
{
	char flags[8] = "";
	size_t n = 0;
	/* Printed in the order people write them: SYN, RST, FIN, PSH, ACK. */
	static const uint8_t order[] = {TCP_SYN, TCP_RST, TCP_FIN, TCP_PSH, TCP_ACK};
	static const char letters[] = "SRFPA";
	for (size_t i = 0; i < sizeof(order); i++)
		if (a->send.flags & order[i])
			flags[n++] = letters[i];
	uint32_t seq = a->send.seq - run->iss;
	uint32_t ack = a->send.flags & TCP_ACK ? a->send.ack - run->irs : a->send.ack;
	if (a->send.len)
		snprintf(out, size, "%s %u %u %u+%u", flags, seq, ack, a->send.off, a->send.len);
	else if (a->send.flags & TCP_ACK)
		snprintf(out, size, "%s %u %u", flags, seq, ack);
	else
		snprintf(out, size, "%s %u", flags, seq);
}

static void print_actions(const struct run *run, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (int i = 0; i < run->actions.n; i++) {
		const struct action *a = &run->actions.v[i];
		char one[64] = "";
		switch (a->kind) {
		case ACTION_SEND:
			print_send(run, a, one, sizeof(one));
			break;
		case ACTION_DELIVER:
			snprintf(one, sizeof(one), "D %u+%u", a->deliver.off, a->deliver.len);
			break;
		case ACTION_ACKED:
			snprintf(one, sizeof(one), a->is_again ? "ACKED again" : "ACKED");
			break;
		case ACTION_FINISH:
			snprintf(one, sizeof(one), "END %s", end_names[a->end]);
			break;
		case ACTION_KIND_COUNT:
			break;
		}
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? "; " : "", one);
	}
	if (run->actions.n == 0)
		snprintf(out, size, "-");
}

static void run_line(struct run *run, const char *line, size_t len)
{
	char text[256], got[256];
	assert_true(len < sizeof(text));
	memcpy(text, line, len);
	text[len] = '\0';
	char *event = text;
	if (*event == '+') {
		run->now_ns += strtol(event + 1, &event, 10) * NS_PER_MS;
		event += strspn(event, " ");
	}
	if (strncmp(event, "deadline ", 9) == 0) {
		int64_t want =
		    strcmp(event + 9, "-") == 0 ? 0 : START_NS + atoi(event + 9) * NS_PER_MS;
		if (conn_deadline(&run->conn) != want)
			fail_msg("%s: it is %lld ms", text,
			    (long long)((conn_deadline(&run->conn) - START_NS) / NS_PER_MS));
		return;
	}
	char *want = strstr(event, " > ");
	if (!want)
		fail_msg("no actions stated: %s", text);
	*want = '\0';
	want += 3;
	char shown[256];
	snprintf(shown, sizeof(shown), "%s", event);
	feed(run, event);
	print_actions(run, got, sizeof(got));
	if (strcmp(got, want) != 0)
		fail_msg("%s (iss %08x irs %08x): want %s, got %s", shown, run->iss, run->irs, want,
		    got);
}

void fsm_script_run(const struct fsm_setup *setup, const char *script, uint32_t iss, uint32_t irs)
{
	struct run run = {.iss = iss, .irs = irs, .now_ns = START_NS, .is_v6 = setup->is_v6};
	run.config.timeout_ns = (setup->timeout_ms ? setup->timeout_ms : 5000) * NS_PER_MS;
	run.config.quiet_ns = (setup->quiet_ms ? setup->quiet_ms : 300) * NS_PER_MS;
	run.config.ack_delay_ns = setup->ack_delay_ms * NS_PER_MS;
	run.config.n_retransmits = setup->n_retransmits ? setup->n_retransmits : 1;
	run.config.mss_v4 = run.config.mss_v6 = setup->mss ? setup->mss : 1460;
	conn_init(&run.conn, iss, setup->data_len, (uint16_t)setup->wait_ms);
	while (*script) {
		size_t len = strcspn(script, "\n");
		run_line(&run, script, len);
		script += len + (script[len] == '\n');
	}
}

void fsm_script_run_wrapped(const struct fsm_setup *setup, const char *script)
{
	static const uint32_t numbers[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffff000, 0xfffffff4,
	    0xfffffff5, 0xfffffffe, 0xffffffff, 0x12345678};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k++)
			fsm_script_run(setup, script, numbers[i], numbers[k]);
}
