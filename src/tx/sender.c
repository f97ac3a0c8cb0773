/* sender: the thread that takes targets and requests, pays for them, makes packets and hands them to a back
 * end; only senders send. Here it is made, runs, naps and reports; see sender_internal.h for the rest.
 * Sources: DESIGN.md section 2. */
#include "tx/sender.h"

#include <errno.h>
#include <stdlib.h>

#include "tx/sender_internal.h"

#define NAP_NS    (6 * NS_PER_MS) /* longest nap with tokens and targets; bursts are 10 ms at most */
#define WATCH_NS  (NS_PER_MS / 2)   /* while a queue or what is downstream is full */
#define UNPAID_NS (10 * NS_PER_MS)  /* longest nap without tokens: nothing could be sent anyway */
#define END_NS    (10 * NS_PER_MS)  /* longest without targets: only requests are waited for */
#define HOLD_NS   (10 * NS_PER_SEC) /* the end waits no longer for main's word */
#define DRAIN_NS  (500 * NS_PER_MS)
enum {
	WORTH_STAYING = 64,     /* packets of a turn: more is likely to be there */
	WORTH_WAKING = 256,     /* packets, or what comes together in NAP_NS */
	FEW = 3,                /* packets: 10 ms of a rate that brings them in NAP_NS are more */
	SPARED_HOSTS = 1 << 16, /* remembered; the oldest are forgotten */
};

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
	for (int i = 0; i < 2; i++) {
		const struct sender_path *path =
		    s->outboxes[i].backend == config->v4.backend ? &config->v4 : &config->v6;
		s->outboxes[i].overhead = path->is_ethernet ? SENDER_WIRE_OVERHEAD : 0;
	}
	struct hash_key key;
	hash_random(&key, sizeof(key));
	int err = onlink_create(&key, config->attempt_delay_ns, &s->onlink);
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

/* It comes too late when the receivers have been told that nothing more will be sent; but where the scan was
 * stopped, it has a position to go on from, which is not to be behind what was lost. */
static void go_back(struct sender *s, const struct control *control, int64_t now_ns)
{
	if (s->is_exhausted && !s->is_stopped)
		return;
	bool is_hold = control->kind == CONTROL_HOLD;
	s->held_until_ns = is_hold ? now_ns + HOLD_NS : 0;
	if (is_hold)
		attempts_hold(s->config.attempts, control->from_ns);
	else
		attempts_go_back(s->config.attempts, control->from_ns, control->at_ns);
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
		case CONTROL_HOLD:
		case CONTROL_GO_BACK:
			go_back(s, &control, now_ns);
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

/* How long until n packets can be paid, of wire_len bytes on the link each. */
static int64_t get_wait_ns(const struct sender *s, size_t n, size_t wire_len, int64_t now_ns)
{
	double n_bytes = (double)(n * wire_len);
	int64_t wait = limiter_wait_ns(s->config.packets, (double)n, now_ns);
	int64_t bytes = s->config.bytes ? limiter_wait_ns(s->config.bytes, n_bytes, now_ns) : 0;
	return wait > bytes ? wait : bytes;
}

static size_t count_requests(const struct sender *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->config.n_receivers; i++)
		n += ring_get_level(s->config.reqs[i]);
	return n < WORTH_WAKING ? n : WORTH_WAKING;
}

/* Something other than tokens or requests is waited for: nothing tells when it comes. */
static bool is_watching(const struct sender *s)
{
	for (int i = 0; i < 2; i++) {
		const struct outbox *box = &s->outboxes[i];
		if (box->is_stuck || (box->backend && tx_pending(box->backend) > 0))
			return true;
	}
	return s->valve_closed_at != 0;
}

/* How long to sleep until n packets, or what is worth it, can be paid. */
static int64_t get_nap_ns(const struct sender *s, size_t n, size_t wire_len, int64_t now_ns)
{
	int64_t one = get_wait_ns(s, 1, wire_len, now_ns);
	int64_t all = get_wait_ns(s, n, wire_len, now_ns);
	if (n >= FEW && all <= NAP_NS)
		return all;
	if (one >= NAP_NS)
		return one < UNPAID_NS ? one : UNPAID_NS;
	/* At a rate at which few come in a nap, the bucket holds hardly more than one: it would overflow. */
	return get_wait_ns(s, FEW, wire_len, now_ns) <= NAP_NS ? NAP_NS : one;
}

/* Sleeps after a turn that sent n packets, fewer than WORTH_STAYING: until WORTH_WAKING can be paid, or what
 * has come together in NAP_NS, or one packet. To wake up costs as much as ten packets, on a virtual machine
 * forty, so fewer and larger batches are what makes a slow rate cheap; requests of sessions do not wait for
 * them, for receivers ring the bell. */
static void nap(struct sender *s, size_t n, int64_t now_ns)
{
	size_t n_requests = count_requests(s);
	if (n_requests > 0) {
		/* They are there, not paid: to sleep deaf, for the bell has rung. Each is paid as the
		 * longest frame first: to wait for less would be to spin. */
		clock_sleep_ns(get_nap_ns(s, n_requests, SENDER_FRAME_WIRE_MAX, now_ns));
		return;
	}
	int64_t wait = get_nap_ns(s, WORTH_WAKING, SENDER_SYN_WIRE, now_ns);
	if (s->is_exhausted)
		wait = END_NS;
	else if (wait == 0 && n > 0)
		return;
	else if (is_watching(s))
		wait = WATCH_NS;
	else if (n == 0 && sender_is_generator_empty(s))
		wait = END_NS;
	else if (wait == 0)
		wait = NAP_NS; /* targets that are not there yet, or not due */
	bell_nap(s->config.bell, wait);
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
			if (sender_is_generator_done(s, now_ns))
				tell_done(s);
		}
		sender_settle(s);
		sender_flush(s, &s->outboxes[0]);
		sender_flush(s, &s->outboxes[1]);
		if (n < WORTH_STAYING)
			nap(s, n, clock_mono_ns());
	}
	for (int i = 0; i < 2; i++) {
		if (s->outboxes[i].backend && tx_drain(s->outboxes[i].backend, DRAIN_NS))
			counters_add(s->config.counters, COUNTER_send_errors,
			    tx_pending(s->outboxes[i].backend));
	}
}
