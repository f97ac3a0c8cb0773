/* listen: every frame that comes in; first contact and the hosts that keep no state. I/O thread.
 * Refuses state where a host can do without: SYN proxies, HyperACKtive hosts and tarpits live from the
 * segment alone, as the real ones do. Source of their manners: Izhikevich et al., USENIX Security 2021,
 * sections 3 and 4; LaBrea for the tarpit's tiny window. */
#include "tests/netsim/sim_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/netsim/mix.h"

enum listen_purpose { ASK_PROBE_MANNER = 3000, ASK_SHUN_MANNER, ASK_NO_ACK_MANNER };

/* How long after the table was full a cookie is believed (as Linux does: about a minute). */
#define COOKIE_NS (60 * NS_PER_SEC)

static void expire(void *ctx, uint32_t index)
{
	struct sim *sim = ctx;
	conn_expire(sim, conns_at(sim->conns, index));
}

int sim_create(const struct sim_config *cfg, path_emit_fn *emit, void *ctx, struct sim **out)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return -ENOMEM;
	sim->cfg = cfg;
	sim->full_ns = -COOKIE_NS;
	sim->neigh = (struct neigh){cfg->gateway4, cfg->gateway6, cfg->is_on_link};
	turns_init(&sim->turns, cfg->serves_per_s, cfg->backlog);
	sim->shunned = calloc(SIM_SHUN_SLOTS, sizeof(*sim->shunned));
	if (!sim->shunned || path_create(cfg->seed, emit, ctx, &sim->path) < 0 ||
	    conns_create(cfg->max_flows, mix_add(cfg->seed, 0x636f6e6e), &sim->conns) < 0 ||
	    wheel_create(cfg->max_flows, &sim->wheel) < 0) {
		sim_destroy(sim);
		return -ENOMEM;
	}
	*out = sim;
	return 0;
}

void sim_destroy(struct sim *sim)
{
	if (!sim)
		return;
	path_destroy(sim->path);
	conns_destroy(sim->conns);
	wheel_destroy(sim->wheel);
	free(sim->shunned);
	free(sim);
}

/* The slot of a pair: where it is, or where it would go. */
static uint64_t *shun_slot(struct sim *sim, const struct flow *flow)
{
	uint64_t h =
	    mix_addr(mix_addr(sim->cfg->seed, ASK_SHUN_MANNER, &flow->laddr), 0, &flow->raddr) | 1;
	uint32_t i = (uint32_t)(h >> 32) % SIM_SHUN_SLOTS;
	while (sim->shunned[i] && sim->shunned[i] != h)
		i = (i + 1) % SIM_SHUN_SLOTS;
	return &sim->shunned[i];
}

void listen_shun(struct sim *sim, const struct flow *flow)
{
	uint64_t *slot = shun_slot(sim, flow);
	if (*slot || sim->n_shunned >= SIM_SHUN_SLOTS / 2)
		return;
	*slot =
	    mix_addr(mix_addr(sim->cfg->seed, ASK_SHUN_MANNER, &flow->laddr), 0, &flow->raddr) | 1;
	sim->n_shunned++;
	sim->stats.shunned_hosts++;
}

static uint32_t synack_delay_ms(const struct sim *sim, const struct truth *truth)
{
	return truth->traits & TRAIT_SLOW_SYNACK
		   ? truth_range_ms(&sim->cfg->slow_synack, truth->host, ASK_PROBE_MANNER)
		   : 0;
}

/* A SYN-ACK that leaves nothing behind. window: UINT32_MAX for the host's usual one. */
static void send_synack(struct sim *sim, const struct truth *truth, const struct seg_in *seg,
    bool has_options, uint32_t window)
{
	struct seg_out out;
	reply_init(sim, truth, seg, &out);
	if (has_options) {
		struct syn_offer offer = {
		    seg->mss != 0, seg->has_sack, seg->has_wscale, seg->has_ts, seg->tsval};
		reply_put_syn_options(sim, truth, &offer, &out);
	}
	if (window != UINT32_MAX)
		out.window = (uint16_t)window;
	out.flags = SEG_SYN | SEG_ACK;
	out.seq = reply_iss(sim, &seg->flow);
	out.ack = seg->seq + 1;
	reply_send(sim, truth, &out, synack_delay_ms(sim, truth));
}

static void open_stateful(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	if (sim->cfg->synack_retries == 0 && !conns_find(sim->conns, &seg->flow, seg->hash)) {
		sim->full_ns = sim->now_ns;
	} else if (conn_open(sim, truth, seg)) {
		return;
	} else {
		sim->full_ns = sim->now_ns;
		sim->stats.table_full++;
	}
	send_synack(sim, truth, seg, true, UINT32_MAX);
}

static void input_syn(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	sim->stats.rx_syn++;
	switch ((enum behaviour)truth->behaviour) {
	case BEHAVIOUR_FILTERED:
	case BEHAVIOUR_COUNT:
		return;
	case BEHAVIOUR_CLOSED:
		reply_rst(sim, truth, seg);
		return;
	case BEHAVIOUR_PROHIBITED:
		reply_unreachable(sim, truth, seg);
		return;
	case BEHAVIOUR_SYNPROXY:
		send_synack(sim, truth, seg, false, 0);
		return;
	case BEHAVIOUR_ZERO_WINDOW:
		send_synack(sim, truth, seg, true, 0);
		return;
	case BEHAVIOUR_TARPIT:
		send_synack(sim, truth, seg, false, SIM_TARPIT_WINDOW);
		return;
	case BEHAVIOUR_HYPERACK:
	case BEHAVIOUR_UNREACHABLE:
		send_synack(sim, truth, seg, true, UINT32_MAX);
		return;
	case BEHAVIOUR_NO_ACK:
		/* half are firewalls that drop in mid-handshake: the host behind goes on asking */
		if (mix_below(mix_add(truth->endpoint, ASK_NO_ACK_MANNER), 2))
			send_synack(sim, truth, seg, true, UINT32_MAX);
		else
			open_stateful(sim, truth, seg);
		return;
	case BEHAVIOUR_SERVICE:
	case BEHAVIOUR_SILENT:
	case BEHAVIOUR_RESET:
	case BEHAVIOUR_CLOSE:
	case BEHAVIOUR_UNKNOWN:
	case BEHAVIOUR_DRIP:
	case BEHAVIOUR_DATA_RESET:
		open_stateful(sim, truth, seg);
		return;
	}
}

/* Acknowledges up to window bytes of what the segment carries; nothing when it carries nothing. */
static void ack_stateless(
    struct sim *sim, const struct truth *truth, const struct seg_in *seg, uint32_t window)
{
	uint32_t len = seg->payload_len < window ? seg->payload_len : window;
	if (len == 0 && !(seg->flags & SEG_FIN))
		return;
	struct seg_out out;
	reply_init(sim, truth, seg, &out);
	out.flags = SEG_ACK;
	out.seq = seg->ack;
	out.ack = seg->seq + len + (len == seg->payload_len && (seg->flags & SEG_FIN));
	if (window < UINT16_MAX)
		out.window = (uint16_t)window;
	reply_send(sim, truth, &out, 0);
}

/* A segment without SYN that no connection knows. */
static void input_stray(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	if (seg->flags & SEG_RST)
		return;
	switch ((enum behaviour)truth->behaviour) {
	case BEHAVIOUR_FILTERED:
	case BEHAVIOUR_PROHIBITED:
	case BEHAVIOUR_NO_ACK:
	case BEHAVIOUR_COUNT:
		return;
	case BEHAVIOUR_CLOSED:
		reply_rst(sim, truth, seg);
		return;
	case BEHAVIOUR_SYNPROXY:
	case BEHAVIOUR_ZERO_WINDOW:
		/* 90 % ignore what comes, 10 % reset */
		if (mix_below(mix_add(truth->host, ASK_PROBE_MANNER), 10) == 0)
			reply_rst(sim, truth, seg);
		return;
	case BEHAVIOUR_TARPIT:
		ack_stateless(sim, truth, seg, SIM_TARPIT_WINDOW);
		return;
	case BEHAVIOUR_HYPERACK:
		ack_stateless(sim, truth, seg, UINT16_MAX);
		return;
	case BEHAVIOUR_UNREACHABLE:
		reply_unreachable(sim, truth, seg);
		return;
	case BEHAVIOUR_SERVICE:
	case BEHAVIOUR_SILENT:
	case BEHAVIOUR_RESET:
	case BEHAVIOUR_CLOSE:
	case BEHAVIOUR_UNKNOWN:
	case BEHAVIOUR_DRIP:
	case BEHAVIOUR_DATA_RESET:
		if (sim->now_ns - sim->full_ns < COOKIE_NS && (seg->flags & SEG_ACK) &&
		    seg->ack == reply_iss(sim, &seg->flow) + 1) {
			/* still no room: no answer, the client repeats (as with a full accept queue) */
			if (!conn_open_by_cookie(sim, truth, seg))
				sim->stats.table_full++;
			return;
		}
		reply_rst(sim, truth, seg);
		return;
	}
}

static void input_tcp(struct sim *sim, const struct seg_in *seg)
{
	struct target target = {.addr = seg->flow.raddr, .port = seg->flow.rport};
	struct truth truth;
	truth_get(sim->cfg, &target, &truth);
	uint32_t loss = sim->cfg->loss_in_ppm;
	if (truth.traits & TRAIT_LOSSY)
		loss += (uint32_t)((uint64_t)(PPM_ALL - loss) * sim->cfg->lossy_loss_ppm / PPM_ALL);
	if (path_draw_loss(sim->path, loss)) {
		sim->stats.rx_lost++;
		return;
	}
	if ((truth.traits & TRAIT_SMALL_MSS) && seg->payload_len > SIM_SMALL_MSS) {
		sim->stats.rx_too_long++;
		return;
	}
	if (seg->payload_len)
		sim->stats.rx_data_segments++;
	if (seg->flags & SEG_RST)
		sim->stats.rx_rst++;
	bool is_syn = (seg->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN;
	bool is_stateful =
	    truth.behaviour >= BEHAVIOUR_SERVICE && truth.behaviour < BEHAVIOUR_HYPERACK;
	struct conn *conn = is_stateful ? conns_find(sim->conns, &seg->flow, seg->hash) : NULL;
	if ((truth.traits & TRAIT_SHUN) && !conn && *shun_slot(sim, &seg->flow)) {
		sim->stats.shunned_packets++;
		if (mix_below(mix_add(truth.host, ASK_SHUN_MANNER), 100) < 7)
			reply_rst(sim, &truth, seg);
		return;
	}
	if (is_syn)
		input_syn(sim, &truth, seg);
	else if (conn)
		conn_input(sim, &truth, conn, seg);
	else
		input_stray(sim, &truth, seg);
}

static void input_neighbour(struct sim *sim, const struct frame_view *frame)
{
	uint8_t answer[FRAME_CAP];
	size_t len = neigh_answer(&sim->neigh, frame->bytes, frame->len, answer);
	if (len) {
		sim->stats.tx_neighbour++;
		path_send(sim->path, answer, len, 0, false, sim->now_ns, 0);
	} else {
		sim->stats.rx_other++;
	}
}

static void input_one(
    struct sim *sim, const struct frame_view *frame, enum frame_kind kind, const struct seg_in *seg)
{
	switch (kind) {
	case FRAME_TCP:
		input_tcp(sim, seg);
		return;
	case FRAME_ARP:
	case FRAME_ICMP6:
		input_neighbour(sim, frame);
		return;
	case FRAME_BAD:
		sim->stats.rx_bad++;
		return;
	case FRAME_BAD_CHECKSUM:
		sim->stats.rx_bad_checksum++;
		return;
	case FRAME_OTHER:
	case FRAME_KIND_COUNT:
		sim->stats.rx_other++;
		return;
	}
}

void sim_input(struct sim *sim, const struct frame_view *frames, unsigned n, int64_t now_ns)
{
	enum { CHUNK = 16 };
	struct seg_in segs[CHUNK];
	enum frame_kind kinds[CHUNK];
	sim->now_ns = now_ns;
	sim->stats.rx_frames += n;
	for (unsigned at = 0; at < n; at += CHUNK) {
		unsigned len = n - at < CHUNK ? n - at : CHUNK;
		/* The connections lie anywhere in memory: all of a chunk are on their way before the
		 * first is used. */
		for (unsigned i = 0; i < len; i++) {
			const struct frame_view *frame = &frames[at + i];
			kinds[i] =
			    frame_parse(frame->bytes, frame->len, sim->cfg->is_verifying, &segs[i]);
			if (kinds[i] != FRAME_TCP)
				continue;
			segs[i].hash = conns_hash(sim->conns, &segs[i].flow);
			conns_prefetch_head(sim->conns, segs[i].hash);
		}
		for (unsigned i = 0; i < len; i++) {
			if (kinds[i] == FRAME_TCP)
				wheel_prefetch(
				    sim->wheel, conns_prefetch_conn(sim->conns, segs[i].hash));
		}
		for (unsigned i = 0; i < len; i++)
			input_one(sim, &frames[at + i], kinds[i], &segs[i]);
	}
}

void sim_tick(struct sim *sim, int64_t now_ns)
{
	sim->now_ns = now_ns;
	wheel_expire(sim->wheel, now_ns, expire, sim);
	path_tick(sim->path, now_ns);
}

bool sim_is_idle(const struct sim *sim)
{
	return path_is_idle(sim->path) && wheel_count(sim->wheel) == 0;
}

const struct sim_stats *sim_get_stats(const struct sim *sim)
{
	return &sim->stats;
}

void sim_print_stats(const struct sim *sim, FILE *out)
{
	const struct path_counts *path = path_get_counts(sim->path);
	fputc('{', out);
#define STAT(name) fprintf(out, "\"" #name "\":%llu,", (unsigned long long)sim->stats.name);
#include "tests/netsim/stats.def"
#undef STAT
	fprintf(out,
	    "\"conns_open\":%u,\"path_lost\":%llu,\"path_duplicated\":%llu,\"path_delayed\":%llu,"
	    "\"path_overflowed\":%llu}",
	    conns_count(sim->conns), (unsigned long long)path->n_lost,
	    (unsigned long long)path->n_duplicated, (unsigned long long)path->n_delayed,
	    (unsigned long long)path->n_overflowed);
}
