/* sender: the thread that takes targets and requests, pays for them, makes packets and hands them to a back
 * end; only senders send. Here it is made, runs, naps and reports; see sender_internal.h for the rest.
 * Sources: DESIGN.md section 2. */
#include "tx/sender.h"

#include <errno.h>
#include <stdlib.h>

#include "tx/sender_internal.h"

#define IDLE_NS   (NS_PER_MS / 2) /* longest nap with tokens: requests of sessions wait no longer */
#define UNPAID_NS (5 * NS_PER_MS) /* longest nap without: nothing could be sent anyway */
#define DRAIN_NS  (500 * NS_PER_MS)
enum { SPARED_HOSTS = 1 << 16 }; /* remembered; the oldest are forgotten */

int sender_create(const struct sender_config *config, struct sender **out)
{
	struct sender *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	hash_random(&s->rng, sizeof(s->rng));
	s->outboxes[0].backend = config->v4.backend ? config->v4.backend : config->v6.backend;
	if (config->v6.backend != s->outboxes[0].backend)
		s->outboxes[1].backend = config->v6.backend;
	struct hash_key key;
	hash_random(&key, sizeof(key));
	int err = onlink_create(&key, &s->onlink);
	if (!err)
		err = seen_create(SPARED_HOSTS, &key, &s->spared);
	if (err) {
		sender_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

void sender_destroy(struct sender *s)
{
	if (!s)
		return;
	onlink_destroy(s->onlink);
	seen_destroy(s->spared);
	free(s);
}

/* All that the generator gave out has been sent or is parked, and goes before anything new. */
static void note_position(struct sender *s)
{
	struct targets_position position;
	attempts_save(s->config.attempts, &position);
	s->report.index = position.index;
	s->report.since_ns = attempts_get_since_ns(s->config.attempts);
	onlink_mark(s->onlink);
	s->is_asked = true;
}

static void report_position(struct sender *s, int64_t now_ns)
{
	if (!s->is_asked || onlink_count_marked(s->onlink) > 0)
		return;
	s->report.at_ns = now_ns;
	s->is_asked = !ring_push(s->config.reports, &s->report, sizeof(s->report));
}

static void read_control(struct sender *s, int64_t now_ns)
{
	struct control control;
	while (ring_pop(s->config.control, &control, sizeof(control))) {
		switch ((enum control_kind)control.kind) {
		case CONTROL_ABORT:
			s->aborted_at_ns = now_ns;
			s->is_stopped = true;
			break;
		case CONTROL_STOP:
			s->is_stopped = true;
			break;
		case CONTROL_WHERE:
			note_position(s);
			break;
		case CONTROL_MARK:
		case CONTROL_KIND_COUNT:
			break;
		}
	}
	report_position(s, now_ns);
}

static void tell_done(struct sender *s)
{
	struct rx_note note = {.kind = RX_NOTE_TX_DONE, .at_ns = s->last_syn_ns};
	for (size_t i = 0; i < s->config.n_receivers; i++) {
		/* The ring is sized for every note there can be. */
		if (!ring_push(s->config.notes[i], &note, sizeof(note)))
			abort();
	}
	s->is_exhausted = true;
	counters_set(s->config.counters, COUNTER_senders_done, 1);
}

/* Sleeps until a batch can be paid, or a packet when that takes longer. Never shorter than it takes
 * to wake up: below 50,000 packets a second nothing spins. */
static void nap(const struct sender *s, int64_t now_ns)
{
	int64_t one = limiter_wait_ns(s->config.packets, 1, now_ns);
	int64_t wait = limiter_wait_ns(s->config.packets, SENDER_BATCH, now_ns);
	if (s->config.bytes) {
		int64_t bytes = limiter_wait_ns(s->config.bytes, SENDER_SYN_WIRE, now_ns);
		one = bytes > one ? bytes : one;
		wait = bytes > wait ? bytes : wait;
	}
	if (one == 0 || (wait > IDLE_NS && one <= IDLE_NS))
		wait = IDLE_NS; /* there is nothing to send, or enough for a few packets */
	else if (wait > IDLE_NS)
		wait = one < UNPAID_NS ? one : UNPAID_NS;
	clock_sleep_ns(wait);
}

void sender_run(struct sender *s)
{
	s->last_syn_ns = clock_mono_ns();
	while (s->n_ended < s->config.n_receivers) {
		int64_t now_ns = clock_mono_ns();
		read_control(s, now_ns);
		size_t n = sender_serve_receivers(s, now_ns);
		sender_ask_neighbours(s, now_ns);
		if (!s->is_exhausted) {
			n += sender_send_targets(s, now_ns);
			if (sender_is_generator_done(s))
				tell_done(s);
		}
		sender_settle(s);
		sender_flush(s, &s->outboxes[0]);
		sender_flush(s, &s->outboxes[1]);
		if (n == 0)
			nap(s, now_ns);
	}
	for (int i = 0; i < 2; i++) {
		if (s->outboxes[i].backend && tx_drain(s->outboxes[i].backend, DRAIN_NS))
			counters_add(s->config.counters, COUNTER_send_errors,
			    tx_pending(s->outboxes[i].backend));
	}
}
