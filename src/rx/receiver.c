/* receiver: capture -> decode -> engine, and the engine's messages to sender and writer. Its own
 * thread; owns the engine and a stock of results. Refuses nothing silently: what it cannot use is
 * counted. Sources: DESIGN.md section 2; HOUSE.md threads. */
#include "rx/receiver.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "rx/lookahead.h"

#define WAIT_NS    (24 * NS_PER_MS) /* a block of the capture is rarely younger */
#define OPEN_NS    (48 * NS_PER_MS) /* nor older before it can be read */
#define STATS_NS   (100 * NS_PER_MS)
#define COMPARE_NS (20 * NS_PER_MS)
#define STALL_NS   (50 * NS_PER_US)
enum {
	READ_MAX = 256,       /* packets between two looks at the timers */
	QUIET_TURNS = 4,      /* between two rings */
	RESULTS_RESERVE = 32, /* kept for records that are due: data must not take the last ones */
};

/* A mark of main's (CONTROL_MARK): read, then set in the engine, then reported. */
enum mark_state { MARK_NONE, MARK_READ, MARK_SET };

struct receiver {
	struct receiver_config config;
	struct engine *engine;
	struct pool *shorts, *longs; /* results with room for RESULT_DATA_SHORT and _MAX */
	size_t n_out;                /* results that are with the writer */
	size_t n_senders_done;
	int64_t last_syn_ns;
	int64_t next_stats_ns;
	int64_t next_compare_ns;
	int64_t mono_minus_wall_ns;
	int64_t now_ns;
	int64_t packet_ns; /* when the last packet came */
	int64_t heard_ns;  /* what came before has been read, but for the captures' open blocks */
	enum mark_state mark;
	int64_t mark_at_ns;
	bool is_aborted;
	bool has_asked[RECEIVER_SENDERS_MAX]; /* senders whose bells are to be rung */
	unsigned n_quiet;                     /* turns since they were */
	enum link_type link;
	struct diag error;
	struct lookahead lookahead;
};

/* ---- the engine's rim ---- */

static size_t sender_of(const struct receiver *r, const struct ipaddr *raddr)
{
	/* One sender serves all packets of a host, so that they keep their order. */
	return r->config.home_sender != RECEIVER_ANY_SENDER
		   ? r->config.home_sender
		   : (size_t)(raddr->b[15] ^ raddr->b[14]) % r->config.n_senders;
}

static bool ask(struct receiver *r, size_t sender, const struct tx_req *req)
{
	r->has_asked[sender] = true;
	return ring_push(r->config.reqs[sender], req, sizeof(*req));
}

/* Wakes the senders that were asked for something: when all packets have been read, of which n_read came
 * last, or after a few turns. To wake up costs a sender more than a packet. */
static void ring_bells(struct receiver *r, int n_read)
{
	if (n_read >= READ_MAX && ++r->n_quiet < QUIET_TURNS)
		return;
	r->n_quiet = 0;
	for (size_t i = 0; i < r->config.n_senders; i++) {
		if (r->has_asked[i])
			bell_ring(r->config.bells[i]);
		r->has_asked[i] = false;
	}
}

static bool op_send(void *ctx, const struct tx_req *req)
{
	struct receiver *r = ctx;
	if (req->kind == TX_REQ_SEGMENT)
		return ask(r, sender_of(r, &req->flow.raddr), req);
	/* News for the generators: any of them may hold further targets of the host. */
	bool is_told = true;
	for (size_t i = 0; i < r->config.n_senders; i++)
		is_told &= ask(r, i, req);
	return is_told;
}

static bool op_may_probe(void *ctx, const struct ipaddr *addr)
{
	const struct receiver *r = ctx;
	return r->config.may_probe(r->config.may_probe_ctx, addr);
}

static size_t count_free(const struct pool *pool)
{
	return pool_get_capacity(pool) - pool_get_used(pool);
}

static struct result *take(struct pool *pool, uint16_t room)
{
	struct result *result = pool_take(pool);
	if (result)
		result->room = room;
	return result;
}

static void put_back(struct receiver *r, struct result *result)
{
	pool_return(result->room == RESULT_DATA_MAX ? r->longs : r->shorts, result);
}

static void fetch_results(struct receiver *r)
{
	struct result *result;
	while (ring_pop(r->config.free_results, &result, sizeof(result))) {
		put_back(r, result);
		r->n_out--;
	}
}

/* Lets the writer work until there is what is wanted: it always sends results home, even when its
 * output has failed. */
static void wait_for_writer(struct receiver *r, bool (*has_enough)(const struct receiver *))
{
	fetch_results(r);
	if (has_enough(r))
		return;
	int64_t since = clock_mono_ns();
	do {
		clock_sleep_ns(STALL_NS);
		fetch_results(r);
	} while (!has_enough(r));
	counters_add(r->config.counters, COUNTER_out_stall_ns, (uint64_t)(clock_mono_ns() - since));
}

static bool has_result(const struct receiver *r)
{
	return count_free(r->shorts) + count_free(r->longs) > 0;
}

static bool has_room_out(const struct receiver *r)
{
	return r->n_out + 1 < ring_get_capacity(r->config.results);
}

static struct result *op_result_try(void *ctx)
{
	struct receiver *r = ctx;
	if (count_free(r->shorts) <= RESULTS_RESERVE)
		fetch_results(r);
	return count_free(r->shorts) <= RESULTS_RESERVE ? NULL : take(r->shorts, RESULT_DATA_SHORT);
}

static struct result *op_result_grow(void *ctx, struct result *result)
{
	struct receiver *r = ctx;
	if (count_free(r->longs) == 0)
		fetch_results(r);
	struct result *larger = take(r->longs, RESULT_DATA_MAX);
	if (!larger)
		return NULL;
	memcpy(larger, result, offsetof(struct result, data) + result->room);
	larger->room = RESULT_DATA_MAX;
	put_back(r, result);
	return larger;
}

static struct result *op_result_get(void *ctx)
{
	struct receiver *r = ctx;
	if (!has_result(r))
		wait_for_writer(r, has_result);
	struct result *result = take(r->shorts, RESULT_DATA_SHORT);
	return result ? result : take(r->longs, RESULT_DATA_MAX);
}

static void op_result_emit(void *ctx, struct result *result)
{
	struct receiver *r = ctx;
	/* Room for the end marker stays. */
	if (!has_room_out(r))
		wait_for_writer(r, has_room_out);
	r->n_out++;
	if (!ring_push(r->config.results, &result, sizeof(result)))
		abort();
}

static void op_result_drop(void *ctx, struct result *result)
{
	put_back(ctx, result);
}

static const struct engine_ops receiver_ops = {
    .send = op_send,
    .result_try = op_result_try,
    .result_grow = op_result_grow,
    .result_get = op_result_get,
    .result_emit = op_result_emit,
    .result_drop = op_result_drop,
    .may_probe = op_may_probe,
};

/* ---- life ---- */

int receiver_create(const struct receiver_config *config, struct receiver **out)
{
	struct receiver *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->config = *config;
	int err = pool_create(
	    offsetof(struct result, data) + RESULT_DATA_SHORT, config->n_results, &r->shorts);
	if (!err)
		err = pool_create(sizeof(struct result), config->n_long_results, &r->longs);
	if (!err)
		err = engine_create(&config->engine, config->set, config->planner, &receiver_ops, r,
		    config->counters, clock_mono_ns(), &r->engine);
	if (err) {
		receiver_destroy(r);
		return err;
	}
	*out = r;
	return 0;
}

void receiver_destroy(struct receiver *r)
{
	if (!r)
		return;
	engine_destroy(r->engine);
	pool_destroy(r->shorts);
	pool_destroy(r->longs);
	free(r);
}

const struct engine *receiver_get_engine(const struct receiver *r)
{
	return r->engine;
}

const char *receiver_error(const struct receiver *r)
{
	return r->error.text[0] ? r->error.text : NULL;
}

/* ---- packets ---- */

static bool is_ours(const struct receiver *r, const struct ipaddr *addr)
{
	const struct cookie_params *c = &r->config.engine.cookie;
	bool is_v4 = ipaddr_is_v4(addr);
	const struct ipaddr *base = is_v4 ? &c->laddr_v4 : &c->laddr_v6;
	uint32_t n = is_v4 ? c->n_laddr_v4 : c->n_laddr_v6;
	uint64_t base_hi, base_lo, hi, lo;
	ipaddr_get_u64(base, &base_hi, &base_lo);
	ipaddr_get_u64(addr, &hi, &lo);
	return hi == base_hi && lo - base_lo < n;
}

static void on_neighbour(struct receiver *r, const struct neighbour_msg *m)
{
	struct tx_req req = {.kind = TX_REQ_NEIGHBOUR, .probe_id = SIG_PROBE_NONE};
	memcpy(req.mac, m->mac, 6);
	if (!m->is_request) {
		req.flow.raddr = m->addr;
	} else if (r->config.answers_neighbours && is_ours(r, &m->addr)) {
		req.kind = TX_REQ_NEIGHBOUR_REPLY;
		req.flow.raddr = m->from;
		req.flow.laddr = m->addr;
	} else {
		return;
	}
	/* Every sender keeps its own table of neighbours. A full ring loses nothing for good: the
	 * question is asked again. */
	for (size_t i = 0; i < r->config.n_senders; i++) {
		if (!ask(r, i, &req))
			counters_add(r->config.counters, COUNTER_tx_ring_full, 1);
		if (m->is_request)
			break;
	}
}

static void on_arrival(void *ctx, const struct arrival *arrival)
{
	struct receiver *r = ctx;
	const struct packet *packet = &arrival->packet;
	switch (packet->kind) {
	case PACKET_TCP:
		engine_segment(r->engine, &packet->segment, arrival->now_ns, arrival->wall_ns);
		break;
	case PACKET_ICMP_ERROR:
		engine_icmp(r->engine, &packet->icmp, arrival->now_ns);
		break;
	case PACKET_NEIGHBOUR:
		on_neighbour(r, &packet->neighbour);
		break;
	case PACKET_FRAGMENT:
		engine_fragment(r->engine, &packet->fragment, arrival->now_ns, arrival->wall_ns);
		break;
	case PACKET_BAD_CHECKSUM:
		counters_add(r->config.counters, COUNTER_checksum_bad, 1);
		break;
	case PACKET_MALFORMED:
		counters_add(r->config.counters, COUNTER_decode_error, 1);
		break;
	case PACKET_OTHER:
	case PACKET_KIND_COUNT:
		counters_add(r->config.counters, COUNTER_foreign_received, 1);
		break;
	}
}

static void on_packet(void *ctx, const uint8_t *bytes, size_t len, int64_t wall_ns)
{
	struct receiver *r = ctx;
	counters_add(r->config.counters, COUNTER_packets_received, 1);
	counters_add(r->config.counters, COUNTER_bytes_received, len);
	int64_t now_ns = wall_ns + r->mono_minus_wall_ns;
	/* Packets may come while the batch is read; a second ahead, somebody has set the clock. */
	if (now_ns > r->now_ns + NS_PER_SEC || now_ns < r->now_ns - NS_PER_SEC)
		now_ns = r->now_ns;
	r->packet_ns = now_ns;
	if (r->config.dump)
		capture_dump_packet(r->config.dump, r->link, bytes, len, wall_ns);
	lookahead_add(
	    &r->lookahead, r->engine, r->link, bytes, len, now_ns, wall_ns, on_arrival, r);
}

/* What to add to a wall time to get the monotonic time of the same moment. A thread may lose its
 * processor between two looks at the clocks, so the look that took the shortest counts. */
static void compare_clocks(struct receiver *r)
{
	if (r->now_ns < r->next_compare_ns)
		return;
	r->next_compare_ns = r->now_ns + COMPARE_NS;
	int64_t best = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		int64_t before = clock_mono_ns();
		int64_t wall = clock_wall_ns();
		int64_t after = clock_mono_ns();
		if (after - before >= best)
			continue;
		best = after - before;
		r->mono_minus_wall_ns = before + best / 2 - wall;
	}
}

static int read_captures(struct receiver *r)
{
	int n_read = 0;
	r->now_ns = clock_mono_ns();
	compare_clocks(r);
	r->heard_ns = r->now_ns;
	/* Those that came home last are taken first: they are in a cache still. */
	fetch_results(r);
	for (size_t i = 0; i < r->config.n_captures; i++) {
		r->link = capture_link_type(r->config.captures[i]);
		int n = capture_read(r->config.captures[i], READ_MAX, on_packet, r, &r->error);
		lookahead_flush(&r->lookahead, r->engine, on_arrival, r);
		if (n < 0)
			return n;
		/* With packets left in a ring, time goes only as far as they have been read. */
		if (n >= READ_MAX && r->packet_ns < r->heard_ns)
			r->heard_ns = r->packet_ns;
		n_read += n;
	}
	return n_read;
}

static void read_stats(struct receiver *r, int64_t now_ns)
{
	if (now_ns < r->next_stats_ns)
		return;
	r->next_stats_ns = now_ns + STATS_NS;
	uint64_t kernel = 0;
	for (size_t i = 0; i < r->config.n_captures; i++) {
		uint64_t n;
		if (capture_stats(r->config.captures[i], &n))
			kernel += n;
	}
	counters_set(r->config.counters, COUNTER_kernel_drops, kernel);
}

static void read_messages(struct receiver *r, int64_t now_ns)
{
	struct control control;
	while (ring_pop(r->config.control, &control, sizeof(control))) {
		if (control.kind == CONTROL_MARK) {
			r->mark = MARK_READ;
			r->mark_at_ns = control.at_ns;
		}
		if (control.kind != CONTROL_ABORT)
			continue;
		r->is_aborted = true;
		engine_abort(r->engine, now_ns);
	}
	for (size_t i = 0; i < r->config.n_senders; i++) {
		struct rx_note note;
		while (ring_pop(r->config.notes[i], &note, sizeof(note))) {
			r->n_senders_done++;
			if (note.at_ns > r->last_syn_ns)
				r->last_syn_ns = note.at_ns;
		}
	}
}

/* Sessions that were broken off have no record that counts. */
static void serve_mark(struct receiver *r, int64_t now_ns)
{
	if (r->mark == MARK_READ && r->heard_ns >= r->mark_at_ns) {
		engine_mark(r->engine);
		r->mark = MARK_SET;
	}
	if (r->mark != MARK_SET || r->is_aborted || engine_count_marked(r->engine) > 0)
		return;
	struct report report = {.at_ns = now_ns};
	if (ring_push(r->config.reports, &report, sizeof(report)))
		r->mark = MARK_NONE;
}

static bool is_finished(struct receiver *r)
{
	if (r->is_aborted)
		return true;
	if (r->n_senders_done < r->config.n_senders)
		return false;
	if (r->heard_ns - OPEN_NS - r->last_syn_ns < r->config.cooldown_ns)
		return false;
	engine_finish(r->engine, r->heard_ns);
	return engine_count_sessions(r->engine) == 0;
}

/* The end markers go last through every ring; they wait for room as long as it takes. */
static void say_goodbye(struct receiver *r)
{
	struct tx_req end = {.kind = TX_REQ_END, .probe_id = SIG_PROBE_NONE};
	for (size_t i = 0; i < r->config.n_senders; i++) {
		while (!ask(r, i, &end))
			clock_sleep_ns(STALL_NS);
	}
	ring_bells(r, 0);
	struct result *none = NULL;
	while (!ring_push(r->config.results, &none, sizeof(none)))
		clock_sleep_ns(STALL_NS);
}

void receiver_run(struct receiver *r)
{
	for (;;) {
		int n = read_captures(r);
		int64_t now_ns = clock_mono_ns();
		if (n < 0) {
			/* The interface is gone: what is known is still written. */
			r->is_aborted = true;
			engine_abort(r->engine, now_ns);
		}
		/* Not to now: the thread may have lost its processor since. No timer may overtake an
		 * answer that is there, nor may a mark or the end. */
		engine_tick(r->engine, r->heard_ns);
		ring_bells(r, n);
		serve_mark(r, now_ns);
		read_messages(r, now_ns);
		read_stats(r, now_ns);
		if (is_finished(r))
			break;
		if (n == 0)
			capture_wait(r->config.captures, r->config.n_captures, WAIT_NS);
	}
	r->next_stats_ns = 0;
	read_stats(r, clock_mono_ns());
	say_goodbye(r);
}
