/* reply: how the hosts' segments look: TTL, window, options, timestamps, path. I/O thread. Refuses to
 * know about behaviours: callers say what to send. Sources: RFC 9293 section 3.5.2 (resets), 7323
 * (timestamps), 2018 (SACK permitted). */
#include "tests/netsim/sim_internal.h"

#include <string.h>

#include "tests/netsim/mix.h"

enum reply_purpose { ASK_PERSON = 2000, ASK_HOPS, ASK_CLOCK, ASK_RTT, ASK_ISS, ASK_PIECES };

/* Families of stacks: initial TTL, window of the SYN-ACK, window scale, order of options. */
enum { ORDER_LINUX, ORDER_WINDOWS, ORDER_BSD, ORDER_PLAIN };
static const struct person {
	uint8_t ttl;
	uint16_t window;
	uint8_t wscale;
	uint8_t order;
} persons[8] = {
    {64, 65160, 7, ORDER_LINUX},
    {64, 64240, 7, ORDER_LINUX},
    {64, 28960, 7, ORDER_LINUX},
    {64, 14480, 4, ORDER_LINUX},
    {128, 65535, 8, ORDER_WINDOWS},
    {128, 8192, 8, ORDER_WINDOWS},
    {64, 65535, 6, ORDER_BSD},
    {255, 4128, 0, ORDER_PLAIN},
};

static const struct person *person_of(const struct truth *truth)
{
	return &persons[mix_below(mix_add(truth->host, ASK_PERSON), 8)];
}

uint32_t reply_iss(const struct sim *sim, const struct flow *flow)
{
	uint64_t h =
	    mix_addr(sim->cfg->seed, (uint64_t)flow->lport << 16 | flow->rport, &flow->raddr);
	return (uint32_t)(mix_addr(h, ASK_ISS, &flow->laddr) >> 32);
}

static uint32_t host_clock(const struct sim *sim, const struct truth *truth)
{
	return (uint32_t)(sim->now_ns / NS_PER_MS) + (uint32_t)mix_add(truth->host, ASK_CLOCK);
}

static uint8_t *put_ts(struct sim *sim, const struct truth *truth, uint32_t tsecr, uint8_t *p)
{
	*p++ = 8;
	*p++ = 10;
	frame_put32(p, host_clock(sim, truth));
	frame_put32(p + 4, tsecr);
	return p + 8;
}

static void init(
    struct sim *sim, const struct truth *truth, bool has_ts, uint32_t tsecr, struct seg_out *out)
{
	const struct person *person = person_of(truth);
	memset(out, 0, offsetof(struct seg_out, options));
	out->payload = NULL;
	out->payload_len = 0;
	out->ttl = (uint8_t)(person->ttl - 3 - mix_below(mix_add(truth->host, ASK_HOPS), 20));
	out->has_ip_options = truth->traits & TRAIT_EXTHDR;
	out->window = person->wscale ? 502 : person->window;
	out->ip_id = ++sim->ip_id;
	if (has_ts) {
		out->options[0] = out->options[1] = 1;
		put_ts(sim, truth, tsecr, out->options + 2);
		out->options_len = 12;
	}
}

void reply_init(
    struct sim *sim, const struct truth *truth, const struct seg_in *seg, struct seg_out *out)
{
	/* the answer's timestamp follows RFC 7323 section 3.2: only where the peer used it */
	init(sim, truth, seg->has_ts && !(seg->flags & SEG_SYN), seg->tsval, out);
	out->dst_mac = seg->src_mac;
	out->src_mac = seg->dst_mac;
	out->flow = &seg->flow;
}

void reply_init_conn(
    struct sim *sim, const struct truth *truth, const struct conn *conn, struct seg_out *out)
{
	init(sim, truth, conn->has_ts && conn->state != CONN_SYN_RECEIVED, conn->ts_recent, out);
	if (!conn->has_wscale)
		out->window = person_of(truth)->window;
	out->dst_mac = conn->peer_mac;
	out->src_mac = conn->our_mac;
	out->flow = &conn->flow;
	out->ack = conn->rcv_nxt;
	out->seq = conn->snd_nxt;
}

void reply_put_syn_options(
    struct sim *sim, const struct truth *truth, const struct syn_offer *offer, struct seg_out *out)
{
	static const char *const orders[] = {[ORDER_LINUX] = "msTnw",
	    [ORDER_WINDOWS] = "mnwnnsT",
	    [ORDER_BSD] = "mnwsT",
	    [ORDER_PLAIN] = "m"};
	const struct person *person = person_of(truth);
	uint16_t mss = ipaddr_is_v4(&out->flow->raddr) ? 1460 : 1440;
	uint8_t *p = out->options;
	for (const char *o = orders[person->order]; *o; o++) {
		if (*o == 'm') {
			*p++ = 2;
			*p++ = 4;
			frame_put16(p, truth->traits & TRAIT_SMALL_MSS ? SIM_SMALL_MSS : mss);
			p += 2;
		} else if (*o == 's' && offer->has_sack) {
			*p++ = 4;
			*p++ = 2;
		} else if (*o == 'w' && offer->has_wscale) {
			*p++ = 3;
			*p++ = 3;
			*p++ = person->wscale;
		} else if (*o == 'T' && offer->has_ts) {
			p = put_ts(sim, truth, offer->tsval, p);
		} else if (*o == 'n') {
			*p++ = 1;
		}
	}
	while ((p - out->options) % 4)
		*p++ = 1;
	out->options_len = (uint8_t)(p - out->options);
	out->window = person->window;
}

void reply_send_frame(
    struct sim *sim, const struct truth *truth, const uint8_t *frame, size_t len, uint32_t extra_ms)
{
	const struct sim_config *cfg = sim->cfg;
	uint32_t loss = cfg->loss_out_ppm;
	if (truth->traits & TRAIT_LOSSY)
		loss += (uint32_t)((uint64_t)(PPM_ALL - loss) * cfg->lossy_loss_ppm / PPM_ALL);
	uint32_t rtt = cfg->rtt.hi ? truth_range_ms(&cfg->rtt, truth->host, ASK_RTT) : 0;
	sim->stats.tx_frames++;
	path_send(sim->path, frame, len, loss, truth->traits & TRAIT_DUPLICATE, sim->now_ns,
	    (int64_t)(rtt + extra_ms) * NS_PER_MS);
}

/* The datagram in three or four pieces; half of the hosts send the last one first. */
static void send_pieces(
    struct sim *sim, const struct truth *truth, const uint8_t *frame, size_t len, uint32_t extra_ms)
{
	enum { UNIT = 8, PIECES_MAX = 4 };
	uint8_t piece[FRAME_CAP];
	size_t step = (len / 3 + UNIT - 1) / UNIT * UNIT;
	bool is_reversed = mix_below(mix_add(truth->host, ASK_PIECES), 2);
	for (unsigned k = 0; k < PIECES_MAX; k++) {
		size_t n = frame_build_piece(
		    piece, frame, len, step, is_reversed ? PIECES_MAX - 1 - k : k, sim->ip_id);
		if (n)
			reply_send_frame(sim, truth, piece, n, extra_ms);
	}
}

void reply_send(
    struct sim *sim, const struct truth *truth, const struct seg_out *seg, uint32_t extra_ms)
{
	uint8_t frame[FRAME_CAP];
	size_t len = frame_build_tcp(frame, seg);
	if (seg->flags & SEG_RST)
		sim->stats.tx_rst++;
	if (seg->payload_len)
		sim->stats.tx_data_segments++;
	if (seg->flags & SEG_SYN)
		sim->stats.tx_synack++;
	if ((truth->traits & TRAIT_GARBLE) && seg->payload_len) {
		/* spoilt on the way: the checksum shows it */
		frame[len - 1] ^= 0x20;
		reply_send_frame(sim, truth, frame, len, extra_ms);
		frame[len - 1] ^= 0x20;
	}
	if ((truth->traits & TRAIT_FRAGMENT) && seg->payload_len)
		send_pieces(sim, truth, frame, len, extra_ms);
	else
		reply_send_frame(sim, truth, frame, len, extra_ms);
}

void reply_rst(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	if (seg->flags & SEG_RST)
		return;
	struct seg_out out;
	reply_init(sim, truth, seg, &out);
	out.options_len = 0;
	out.window = 0;
	if (seg->flags & SEG_ACK) {
		out.flags = SEG_RST;
		out.seq = seg->ack;
	} else {
		out.flags = SEG_RST | SEG_ACK;
		out.ack = seg->seq + seg->payload_len + !!(seg->flags & SEG_SYN) +
			  !!(seg->flags & SEG_FIN);
	}
	reply_send(sim, truth, &out, 0);
}

void reply_unreachable(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	uint8_t frame[FRAME_CAP];
	size_t len = frame_build_unreachable(frame, seg, &seg->flow.raddr, 60);
	sim->stats.tx_unreachable++;
	reply_send_frame(sim, truth, frame, len, 0);
}
