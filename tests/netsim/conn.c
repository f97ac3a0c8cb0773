/* conn: what hosts with a TCP of their own do after the SYN: handshake, a stream of one or two canned
 * parts, acknowledgements, retransmission with doubling timeouts, the close. I/O thread. Refuses
 * out-of-order data (acknowledges what it has; the client repeats) and everything past first answers.
 * Sources: RFC 9293 section 3.10.7, 6298 (back-off), 7323, 5961 section 4 (challenge ACKs). */
#include "tests/netsim/sim_internal.h"

#include <string.h>

#include "tests/netsim/mix.h"

enum conn_purpose {
	ASK_THINKING = 4000,
	ASK_SYNACK,
	ASK_FIN_MANNER,
	ASK_CLOSE_MANNER,
	ASK_UNKNOWN,
	ASK_HALT
};

enum { BURST_MAX = 10, UNKNOWN_LEN = 24, DRIP_MAX = 256, MSS_MAX = 1400, MSS_MIN = 16 };
enum { SYNACK_DATA_LEN = 7, KEEPALIVES = 8, KEEPALIVE_MS = 150, OVERLAP_LEN = 5 };

#define LINGER_NS   (2 * NS_PER_SEC)
#define HALT_MIN_NS (700 * NS_PER_MS) /* or twice that: longer than a pause inside an answer */

/* a - b in sequence space */
static int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static bool is_hash(const struct truth *truth, uint64_t purpose, uint32_t n)
{
	return mix_below(mix_add(truth->endpoint, purpose), n) == 0;
}

static uint32_t total_len(const struct conn *conn)
{
	return conn->a_len + conn->b_len;
}

static void arm(struct sim *sim, const struct conn *conn)
{
	int64_t due = conn->idle_due_ns;
	due = conn->rto_due_ns < due ? conn->rto_due_ns : due;
	due = conn->app_due_ns < due ? conn->app_due_ns : due;
	due = conn->keep_due_ns < due ? conn->keep_due_ns : due;
	/* Deadlines mostly move away: one that comes too early finds nothing due and arms the next. */
	wheel_arm_by(sim->wheel, conns_index(sim->conns, conn), due);
}

static void remove_conn(struct sim *sim, struct conn *conn)
{
	wheel_cancel(sim->wheel, conns_index(sim->conns, conn));
	conns_remove(sim->conns, conn);
}

static void start_rto(const struct sim *sim, struct conn *conn, uint32_t extra_ms)
{
	int64_t rto_ms = (int64_t)sim->cfg->rto_ms << conn->n_tries;
	conn->rto_due_ns = sim->now_ns + (rto_ms + extra_ms) * NS_PER_MS;
}

static uint32_t synack_delay_ms(const struct sim *sim, const struct truth *truth)
{
	return truth->traits & TRAIT_SLOW_SYNACK
		   ? truth_range_ms(&sim->cfg->slow_synack, truth->host, ASK_SYNACK)
		   : 0;
}

static void send_synack(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	struct seg_out out;
	uint32_t delay_ms = conn->n_tries ? 0 : synack_delay_ms(sim, truth);
	reply_init_conn(sim, truth, conn, &out);
	struct syn_offer offer = {
	    conn->has_mss, conn->has_sack, conn->has_wscale, conn->has_ts, conn->ts_recent};
	reply_put_syn_options(sim, truth, &offer, &out);
	out.flags = SEG_SYN | SEG_ACK;
	out.seq = conn->iss;
	if ((truth->traits & TRAIT_SYNACK_DATA) && truth->service != SERVICE_NONE &&
	    service_get(truth->service)->greeting_len >= SYNACK_DATA_LEN) {
		conn->synack_len = SYNACK_DATA_LEN;
		conn->snd_max = conn->iss + 1 + SYNACK_DATA_LEN;
		out.payload = (const uint8_t *)service_get(truth->service)->greeting;
		out.payload_len = SYNACK_DATA_LEN;
	}
	reply_send(sim, truth, &out, delay_ms);
	start_rto(sim, conn, delay_ms);
}

static void send_ack(struct sim *sim, const struct truth *truth, const struct conn *conn)
{
	struct seg_out out;
	reply_init_conn(sim, truth, conn, &out);
	out.flags = SEG_ACK;
	out.seq = conn->snd_max;
	reply_send(sim, truth, &out, 0);
}

/* Ends the connection with a reset at seq. */
static void send_rst(struct sim *sim, const struct truth *truth, struct conn *conn, uint32_t seq)
{
	struct seg_out out;
	reply_init_conn(sim, truth, conn, &out);
	out.flags = SEG_RST | SEG_ACK;
	out.seq = seq;
	out.options_len = 0;
	reply_send(sim, truth, &out, 0);
	remove_conn(sim, conn);
}

static struct conn *make_conn(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	struct conn *conn = conns_add(sim->conns, &seg->flow, seg->hash);
	if (!conn)
		return NULL;
	memcpy(conn->our_mac, seg->dst_mac, FRAME_MAC_LEN);
	memcpy(conn->peer_mac, seg->src_mac, FRAME_MAC_LEN);
	conn->iss = reply_iss(sim, &seg->flow);
	conn->snd_una = conn->iss;
	conn->snd_nxt = conn->snd_max = conn->iss + 1;
	conn->snd_wnd = seg->window;
	conn->has_ts = seg->has_ts;
	conn->ts_recent = seg->tsval;
	conn->has_sack = seg->has_sack;
	conn->has_wscale = seg->has_wscale;
	conn->peer_wscale = seg->wscale;
	conn->has_mss = seg->mss != 0;
	uint32_t mss = seg->mss ? seg->mss : 536;
	mss = mss > MSS_MAX ? MSS_MAX : mss;
	if ((truth->traits & TRAIT_SMALL_MSS) && mss > SIM_SMALL_MSS)
		mss = SIM_SMALL_MSS;
	mss -= seg->has_ts && mss > 12 ? 12 : 0;
	conn->mss = (uint16_t)(mss < MSS_MIN ? MSS_MIN : mss);
	conn->rto_due_ns = conn->app_due_ns = conn->keep_due_ns = CONN_NEVER;
	conn->idle_due_ns = sim->now_ns + (int64_t)sim->cfg->idle_ms * NS_PER_MS;
	sim->stats.conns_opened++;
	return conn;
}

bool conn_open(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	struct conn *conn = conns_find(sim->conns, &seg->flow, seg->hash);
	if (conn && conn->state == CONN_ESTABLISHED) {
		send_ack(sim, truth, conn);
		return true;
	}
	if (conn && conn->state == CONN_DONE) {
		remove_conn(sim, conn);
		conn = NULL;
	}
	if (!conn)
		conn = make_conn(sim, truth, seg);
	if (!conn)
		return false;
	conn->rcv_nxt = seg->seq + 1;
	conn->ts_recent = seg->tsval;
	send_synack(sim, truth, conn);
	arm(sim, conn);
	return true;
}

bool conn_open_by_cookie(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	struct conn *conn = make_conn(sim, truth, seg);
	if (!conn)
		return false;
	conn->rcv_nxt = seg->seq;
	sim->stats.conns_by_cookie++;
	conn_input(sim, truth, conn, seg);
	return true;
}

/* What the server would say at offset off of its stream. */
static uint8_t stream_byte(const struct truth *truth, const struct conn *conn, uint32_t off)
{
	if (truth->behaviour == BEHAVIOUR_DRIP) {
		uint64_t h = mix_add(truth->endpoint, off);
		return off % 34 == 32   ? '\r'
		       : off % 34 == 33 ? '\n'
					: (uint8_t) "0123456789abcdef"[h >> 60];
	}
	if (truth->behaviour == BEHAVIOUR_UNKNOWN)
		return (uint8_t)(mix_add(truth->endpoint, off % UNKNOWN_LEN) >> 56 | 0x80);
	if (off < conn->a_len)
		return (uint8_t)service_get(truth->service)->greeting[off];
	off -= conn->a_len;
	return conn->b ? (uint8_t)conn->b[off] : conn->made[off];
}

static void fill_payload(const struct truth *truth, const struct conn *conn, uint32_t off,
    uint8_t *payload, uint32_t len)
{
	bool is_canned =
	    truth->behaviour != BEHAVIOUR_DRIP && truth->behaviour != BEHAVIOUR_UNKNOWN;
	if (is_canned && off >= conn->a_len) {
		const void *b = conn->b ? (const void *)conn->b : conn->made;
		memcpy(payload, (const uint8_t *)b + (off - conn->a_len), len);
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		payload[i] = stream_byte(truth, conn, off + i);
}

struct piece {
	uint32_t seq;
	uint16_t len;
	uint8_t flags;
};

static void send_piece(
    struct sim *sim, const struct truth *truth, const struct conn *conn, const struct piece *piece)
{
	uint8_t payload[MSS_MAX];
	fill_payload(truth, conn, piece->seq - (conn->iss + 1), payload, piece->len);
	struct seg_out out;
	reply_init_conn(sim, truth, conn, &out);
	out.flags = SEG_ACK | piece->flags;
	out.seq = piece->seq;
	out.payload = payload;
	out.payload_len = piece->len;
	if (seq_diff(conn->snd_max, piece->seq) > 0)
		sim->stats.data_retransmits++;
	reply_send(sim, truth, &out, 0);
}

/* Cuts what may be sent into at most max pieces, and moves snd_nxt. */
static int cut_pieces(
    struct conn *conn, const struct truth *truth, bool is_probing, int max, struct piece *pieces)
{
	uint32_t end = conn->iss + 1 + conn->n_released;
	uint32_t chunk = conn->mss;
	if (truth->traits & (TRAIT_REORDER | TRAIT_OVERLAP)) {
		uint32_t third = (uint32_t)(seq_diff(end, conn->snd_nxt) + 2) / 3;
		chunk = third && third < chunk ? third : chunk;
	}
	int n = 0;
	while (n < max && seq_diff(end, conn->snd_nxt) > 0) {
		uint32_t in_flight = conn->snd_nxt - conn->snd_una;
		uint32_t room = conn->snd_wnd > in_flight ? conn->snd_wnd - in_flight : 0;
		if (room == 0 && is_probing && n == 0)
			room = 1;
		uint32_t len = end - conn->snd_nxt;
		len = len > chunk ? chunk : len;
		len = len > room ? room : len;
		if (len == 0)
			break;
		uint32_t again = truth->traits & TRAIT_OVERLAP ? OVERLAP_LEN : 0;
		if (again > conn->snd_nxt - (conn->iss + 1) || len + again > conn->mss)
			again = 0;
		pieces[n++] = (struct piece){conn->snd_nxt - again, (uint16_t)(len + again), 0};
		conn->snd_nxt += len;
	}
	bool is_end = conn->n_released == total_len(conn) && conn->app_due_ns == CONN_NEVER;
	if (n && conn->snd_nxt == end && (is_end || !(truth->traits & TRAIT_HALT)))
		pieces[n - 1].flags |= SEG_PSH;
	if (conn->is_fin_wanted && is_end && conn->snd_nxt == end && n < max) {
		/* half of the hosts let the FIN ride on their last data */
		if (n && is_hash(truth, ASK_FIN_MANNER, 2))
			pieces[n - 1].flags |= SEG_FIN;
		else
			pieces[n++] = (struct piece){conn->snd_nxt, 0, SEG_FIN};
		conn->snd_nxt++;
	}
	return n;
}

/* Sends what may be sent, back to front for hosts that reorder. Returns how many segments went. The
 * connection is gone afterwards when it was to be reset (*is_gone). */
static int stream_send(struct sim *sim, const struct truth *truth, struct conn *conn,
    bool is_probing, int max, bool *is_gone)
{
	struct piece pieces[BURST_MAX];
	int n = cut_pieces(conn, truth, is_probing, max, pieces);
	bool is_reversed = truth->traits & TRAIT_REORDER;
	for (int i = 0; i < n; i++)
		send_piece(sim, truth, conn, &pieces[is_reversed ? n - 1 - i : i]);
	if (seq_diff(conn->snd_nxt, conn->snd_max) > 0)
		conn->snd_max = conn->snd_nxt;
	bool is_waiting = conn->snd_una != conn->snd_nxt ||
			  seq_diff(conn->iss + 1 + conn->n_released, conn->snd_nxt) > 0;
	if (is_waiting && conn->rto_due_ns == CONN_NEVER)
		start_rto(sim, conn, 0);
	*is_gone = conn->is_rst_wanted && conn->n_released == total_len(conn) &&
		   conn->app_due_ns == CONN_NEVER &&
		   conn->snd_nxt == conn->iss + 1 + conn->n_released;
	if (*is_gone)
		send_rst(sim, truth, conn, conn->snd_nxt);
	return n;
}

/* The server says it: at once, or after it has thought. */
static void say(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	if (truth->traits & TRAIT_SLOW) {
		if (conn->app_due_ns == CONN_NEVER)
			conn->app_due_ns = sim->now_ns + (int64_t)truth_range_ms(&sim->cfg->slow,
							     truth->host, ASK_THINKING) *
							     NS_PER_MS;
	} else if (truth->traits & TRAIT_HALT) {
		/* Half of what there is to say, and the rest after a pause. */
		conn->n_released += (total_len(conn) - conn->n_released) / 2;
		conn->app_due_ns =
		    sim->now_ns + HALT_MIN_NS + (int64_t)is_hash(truth, ASK_HALT, 2) * HALT_MIN_NS;
	} else {
		conn->n_released = total_len(conn);
	}
}

/* As a web server does that has no connection free: the kernel has acknowledged the question, the server
 * closes what it has not read, and that is a reset (RFC 1122 section 4.2.2.13). */
static void refuse(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	sim->stats.requests_refused++;
	if (conn->view.len)
		send_ack(sim, truth, conn);
	conn->a_len = conn->n_released;
	conn->b_len = 0;
	conn->app_due_ns = CONN_NEVER;
	conn->has_answered = true;
	conn->is_fin_wanted = false;
	conn->is_rst_wanted = true;
}

/* The server has something to say, when it gets to it. One turn is enough for greeting and reply. */
static void schedule(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	if (!turns_are_limited(&sim->turns)) {
		say(sim, truth, conn);
	} else if (conn->is_queued) {
		return;
	} else if (turns_take(&sim->turns, sim->now_ns, &conn->app_due_ns)) {
		conn->is_queued = true;
		sim->stats.requests_queued++;
	} else {
		refuse(sim, truth, conn);
	}
}

/* The handshake is complete: servers that speak first start. */
static void app_open(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	if (truth->behaviour == BEHAVIOUR_DRIP) {
		conn->app_due_ns = sim->now_ns + (int64_t)sim->cfg->drip_ms * NS_PER_MS;
	} else if (truth->behaviour == BEHAVIOUR_CLOSE && is_hash(truth, ASK_CLOSE_MANNER, 2)) {
		conn->is_fin_wanted = true;
	} else if (truth->behaviour == BEHAVIOUR_UNKNOWN && is_hash(truth, ASK_UNKNOWN, 2)) {
		conn->a_len = UNKNOWN_LEN;
		schedule(sim, truth, conn);
	} else if (truth->service != SERVICE_NONE && service_get(truth->service)->greeting_len) {
		const struct service *service = service_get(truth->service);
		conn->a_len = service->greeting_len;
		conn->is_rst_wanted = truth->behaviour == BEHAVIOUR_DATA_RESET;
		conn->is_fin_wanted = service->flags & AFTER_CLOSE;
		schedule(sim, truth, conn);
	}
}

/* A server has its question: finds the answer. */
static void app_answer(const struct truth *truth, struct conn *conn, uint8_t class)
{
	const struct service *service = service_get(truth->service);
	if (class & service->wakes) {
		conn->b = service->reply;
		conn->b_len = service->reply_len;
		if (service->reply_len == 0) {
			conn->b = NULL;
			conn->b_len = (uint32_t)service_make_reply(
			    service, &conn->view, conn->made, sizeof(conn->made));
		}
		conn->is_fin_wanted |= (service->flags & AFTER_CLOSE) != 0;
	} else {
		conn->b = service->other;
		conn->b_len = service->other_len;
		conn->is_fin_wanted |= (service->flags & OTHER_CLOSE) != 0;
		conn->is_rst_wanted |= (service->flags & OTHER_RESET) != 0;
	}
	if (conn->b_len && truth->behaviour == BEHAVIOUR_DATA_RESET)
		conn->is_rst_wanted = true;
}

/* New bytes from the client are in conn->view. */
static void app_data(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	if (conn->has_answered)
		return;
	if (truth->behaviour == BEHAVIOUR_CLOSE) {
		conn->is_fin_wanted = true;
		conn->has_answered = true;
	} else if (truth->behaviour == BEHAVIOUR_UNKNOWN) {
		conn->b_len = conn->a_len ? 0 : UNKNOWN_LEN;
		conn->has_answered = true;
		schedule(sim, truth, conn);
	} else if (truth->service != SERVICE_NONE) {
		uint8_t class = probe_classify(&conn->view, service_get(truth->service));
		if (class == 0)
			return;
		conn->has_answered = true;
		app_answer(truth, conn, class);
		schedule(sim, truth, conn);
	}
}

/* Takes the acknowledgement in. Returns false when it is for something never sent. */
static bool take_ack(struct sim *sim, struct conn *conn, const struct seg_in *seg)
{
	if (seq_diff(seg->ack, conn->snd_max) > 0)
		return false;
	conn->snd_wnd = (uint32_t)seg->window << (conn->has_wscale ? conn->peer_wscale : 0);
	if (seq_diff(seg->ack, conn->snd_una) <= 0)
		return true;
	conn->snd_una = seg->ack;
	if (seq_diff(conn->snd_nxt, conn->snd_una) < 0)
		conn->snd_nxt = conn->snd_una;
	conn->n_tries = 0;
	conn->rto_due_ns = CONN_NEVER;
	if (conn->snd_una != conn->snd_nxt)
		start_rto(sim, conn, 0);
	return true;
}

/* Takes in-order data and FIN in; returns whether the segment asks for an acknowledgement. */
static bool take_data(
    struct sim *sim, const struct truth *truth, struct conn *conn, const struct seg_in *seg)
{
	bool is_fin = seg->flags & SEG_FIN;
	if (seg->payload_len == 0 && !is_fin)
		/* a keep-alive probe stands one before the window (RFC 9293 section 3.8.4) */
		return seg->seq != conn->rcv_nxt;
	int32_t old = seq_diff(conn->rcv_nxt, seg->seq);
	if (old < 0 || old > seg->payload_len)
		return true;
	uint32_t len = seg->payload_len - (uint32_t)old;
	if (len) {
		probe_view_add(&conn->view, seg->payload + old, len);
		conn->rcv_nxt += len;
		app_data(sim, truth, conn);
	}
	if (is_fin && !conn->is_fin_received) {
		conn->is_fin_received = true;
		conn->rcv_nxt++;
		conn->is_fin_wanted = true;
		if (truth->behaviour == BEHAVIOUR_DRIP)
			conn->app_due_ns = CONN_NEVER;
	}
	return true;
}

/* An ICMP error about bytes that are not under way (RFC 5927 section 4.1). */
static void send_forged_error(struct sim *sim, const struct truth *truth, const struct seg_in *seg)
{
	uint8_t quoted[128];
	struct seg_in forged = *seg;
	size_t header_len = seg->ip[0] >> 4 == 4 ? (size_t)(seg->ip[0] & 15) * 4 : 40;
	forged.ip_len = (uint16_t)(seg->ip_len < sizeof(quoted) ? seg->ip_len : sizeof(quoted));
	memcpy(quoted, seg->ip, forged.ip_len);
	uint8_t *tcp = quoted + header_len;
	uint32_t before = frame_get16(tcp + 4);
	frame_put32(tcp + 4, seg->seq + 0x00100000);
	/* Its checksum follows (RFC 1624), for it is a packet that might have been. */
	uint32_t sum = (uint16_t)~frame_get16(tcp + 16) + (0xffff - before) + frame_get16(tcp + 4);
	frame_put16(tcp + 16, frame_sum_finish(sum));
	forged.ip = quoted;
	reply_unreachable(sim, truth, &forged);
}

/* Segments that a receiver must not believe: resets, data and an acknowledgement outside the window,
 * resets inside it that know no number of the receiver's, data that acknowledges what was never sent
 * (RFC 5961 sections 3 to 5), an ICMP error about other bytes, a SYN-ACK of other numbers, and the right
 * one once more. */
static void send_strays(
    struct sim *sim, const struct truth *truth, struct conn *conn, const struct seg_in *seg)
{
	static const uint8_t lie[] = "220 this was never said\r\n";
	struct seg_out out;
	reply_init_conn(sim, truth, conn, &out);
	out.flags = SEG_RST;
	out.seq = conn->snd_max + 0x10000000;
	reply_send(sim, truth, &out, 0);
	out.flags = SEG_ACK | SEG_PSH;
	out.seq = conn->snd_max + 0x08000000;
	out.payload = lie;
	out.payload_len = sizeof(lie) - 1;
	reply_send(sim, truth, &out, 0);
	out.seq = conn->snd_max;
	out.ack = conn->rcv_nxt + 0x04000000;
	reply_send(sim, truth, &out, 0);
	out.payload_len = 0;
	out.flags = SEG_ACK;
	reply_send(sim, truth, &out, 0);
	out.flags = SEG_RST;
	out.seq = conn->snd_max + 1000;
	reply_send(sim, truth, &out, 0);
	out.flags = SEG_RST | SEG_ACK;
	reply_send(sim, truth, &out, 0);
	send_forged_error(sim, truth, seg);
	out.flags = SEG_SYN | SEG_ACK;
	out.seq = conn->iss + 77777;
	out.ack = conn->rcv_nxt;
	reply_send(sim, truth, &out, 0);
	out.seq = conn->iss;
	reply_send(sim, truth, &out, 0);
}

/* The third packet of the handshake. Returns false when the connection is over. */
static bool establish(
    struct sim *sim, const struct truth *truth, struct conn *conn, const struct seg_in *seg)
{
	if (seg->ack - (conn->iss + 1) > conn->synack_len) {
		reply_rst(sim, truth, seg);
		return false;
	}
	conn->state = CONN_ESTABLISHED;
	/* what rode on the SYN-ACK and was not taken is said again */
	conn->snd_una = conn->snd_nxt = seg->ack;
	conn->n_tries = 0;
	conn->rto_due_ns = CONN_NEVER;
	sim->stats.conns_established++;
	if (truth->traits & TRAIT_SHUN)
		listen_shun(sim, &conn->flow);
	if (truth->behaviour == BEHAVIOUR_RESET) {
		conn->rcv_nxt = seg->seq + seg->payload_len;
		send_rst(sim, truth, conn, seg->ack);
		return false;
	}
	if (truth->traits & TRAIT_KEEPALIVE)
		conn->keep_due_ns = sim->now_ns + KEEPALIVE_MS * NS_PER_MS;
	if (truth->traits & TRAIT_HOSTILE)
		send_strays(sim, truth, conn, seg);
	app_open(sim, truth, conn);
	return true;
}

void conn_input(
    struct sim *sim, const struct truth *truth, struct conn *conn, const struct seg_in *seg)
{
	if (truth->behaviour == BEHAVIOUR_NO_ACK)
		return;
	int32_t ahead = seq_diff(seg->seq, conn->rcv_nxt);
	if (seg->flags & SEG_RST) {
		if (ahead >= 0 && ahead < 65536)
			remove_conn(sim, conn);
		return;
	}
	if (!(seg->flags & SEG_ACK))
		return;
	if (seg->flags & SEG_SYN) {
		send_ack(sim, truth, conn);
		return;
	}
	if (conn->state == CONN_SYN_RECEIVED && !establish(sim, truth, conn, seg))
		return;
	conn->idle_due_ns = sim->now_ns + (int64_t)sim->cfg->idle_ms * NS_PER_MS;
	if (seg->has_ts && conn->has_ts && ahead <= 0)
		conn->ts_recent = seg->tsval;
	bool is_ack_due = !take_ack(sim, conn, seg);
	is_ack_due |= take_data(sim, truth, conn, seg);
	bool is_gone = false;
	int n_sent = stream_send(sim, truth, conn, false, BURST_MAX, &is_gone);
	if (is_gone)
		return;
	if (is_ack_due && n_sent == 0)
		send_ack(sim, truth, conn);
	bool is_fin_acked = conn->snd_una == conn->iss + 1 + total_len(conn) + 1;
	if (conn->is_fin_received && is_fin_acked) {
		conn->state = CONN_DONE;
		conn->idle_due_ns = sim->now_ns + LINGER_NS;
	}
	arm(sim, conn);
}

static bool expire_rto(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	bool is_handshake = conn->state == CONN_SYN_RECEIVED;
	conn->rto_due_ns = CONN_NEVER;
	if (conn->n_tries >= (is_handshake ? sim->cfg->synack_retries : sim->cfg->data_retries)) {
		sim->stats.conns_given_up++;
		remove_conn(sim, conn);
		return false;
	}
	conn->n_tries++;
	if (is_handshake) {
		sim->stats.synack_retransmits++;
		send_synack(sim, truth, conn);
		return true;
	}
	bool is_gone = false;
	conn->snd_nxt = conn->snd_una;
	stream_send(sim, truth, conn, true, 1, &is_gone);
	return !is_gone;
}

static bool expire_app(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	conn->app_due_ns = CONN_NEVER;
	if (truth->behaviour == BEHAVIOUR_DRIP) {
		conn->a_len++;
		if (conn->a_len < DRIP_MAX)
			conn->app_due_ns = sim->now_ns + (int64_t)sim->cfg->drip_ms * NS_PER_MS;
	}
	if (conn->is_queued) {
		conn->is_queued = false;
		say(sim, truth, conn);
	} else {
		conn->n_released = total_len(conn);
	}
	bool is_gone = false;
	stream_send(sim, truth, conn, false, BURST_MAX, &is_gone);
	return !is_gone;
}

/* A keep-alive (RFC 9293 section 3.8.4): one before the next byte; half of the hosts send a byte. */
static void expire_keep(struct sim *sim, const struct truth *truth, struct conn *conn)
{
	static const uint8_t byte[1] = {0};
	struct seg_out out;
	reply_init_conn(sim, truth, conn, &out);
	out.flags = SEG_ACK;
	out.seq = conn->snd_nxt - 1;
	/* only where that byte was said and acknowledged before: it must not be news */
	if (conn->snd_una - conn->iss > 1 && is_hash(truth, ASK_FIN_MANNER, 2)) {
		out.payload = byte;
		out.payload_len = 1;
	}
	bool is_open = conn->state == CONN_ESTABLISHED && !conn->is_fin_wanted;
	if (is_open && conn->snd_una == conn->snd_nxt)
		reply_send(sim, truth, &out, 0);
	conn->keep_due_ns =
	    ++conn->n_keep < KEEPALIVES ? sim->now_ns + KEEPALIVE_MS * NS_PER_MS : CONN_NEVER;
}

void conn_expire(struct sim *sim, struct conn *conn)
{
	struct target target = {.addr = conn->flow.raddr, .port = conn->flow.rport};
	struct truth truth;
	truth_get(sim->cfg, &target, &truth);
	/* the wheel's tick is rounded up: what it calls due is due */
	if (conn->idle_due_ns <= sim->now_ns) {
		sim->stats.conns_given_up += conn->state != CONN_DONE;
		remove_conn(sim, conn);
		return;
	}
	if (conn->keep_due_ns <= sim->now_ns)
		expire_keep(sim, &truth, conn);
	if (conn->app_due_ns <= sim->now_ns && !expire_app(sim, &truth, conn))
		return;
	if (conn->rto_due_ns <= sim->now_ns && !expire_rto(sim, &truth, conn))
		return;
	arm(sim, conn);
}
