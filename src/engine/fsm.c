/* fsm: one TCP connection as a pure function of (state, event, time). Receiver thread; refuses I/O,
 * allocation, clocks. Sources: RFC 9293 sections 3.4 and 3.10, RFC 6298, RFC 7323, RFC 5961, RFC
 * 1122 section 4.2.3.6 (keep-alives); PSH rule: LZR (USENIX Security 2021) section 4.
 *
 *               SYN_SENT                        ESTABLISHED                          CLOSED
 * OPEN          send SYN                        ignored                              ignored
 * SEGMENT       SYN-ACK: establish, window 0:   RST: end (after a grace when bytes   ignored
 *               end; RST of it: refused;        before it are missing); SYN-ACK
 *               else ignored                    again: resend; ACK, data, FIN
 * TIMER         resend SYN, or no_synack        resend, send after the wait, quiet,  ignored
 *                                               patience
 * SETTLED, MORE ignored                         RST and end; acknowledge             ignored
 * UNREACHABLE   end                             end                                  ignored
 * MTU           ignored                         smaller segments from snd_una        ignored
 * ABORT         end                             RST and end                          ignored
 *
 * Overlap rule: the first bytes that arrived for a position stay (what most servers' own stacks do
 * and what a later injection cannot change). Positions at CONN_RX_MAX and beyond are not kept. */
#include "engine/fsm.h"

#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"

#define RTO_INITIAL_NS (1 * NS_PER_SEC)  /* RFC 6298 section 2.1 */
#define RTO_MIN_NS     (250 * NS_PER_MS) /* as Linux; the RFC's 1 s would waste most of --timeout */
#define RTO_MAX_NS     (60 * NS_PER_SEC) /* RFC 6298 section 2.5 */
#define CLOCK_ERROR_NS (1 * NS_PER_MS)
#define RTT_MAX_NS     (60 * NS_PER_SEC) /* beyond that the echoed timestamp is not ours */
#define REORDER_NS     (200 * NS_PER_MS) /* grace for bytes that a RST overtook */
#define UNSENT_NS      (10 * NS_PER_MS)  /* until a full ring of ours is tried again */
enum {
	MSS_DEFAULT_V4 = 536, /* RFC 9293 section 3.7.1 */
	MSS_DEFAULT_V6 = 1220,
	TS_OPTION_LEN = 12,    /* with its padding */
	SYNACK_DUPS_MAX = 5,   /* answers to repeated SYN-ACKs */
	SEGMENTS_PER_STEP = 3, /* of our probe, when it must be split */
};

void conn_init(struct conn *conn, uint32_t iss, uint16_t data_len, int64_t wait_ns)
{
	memset(conn, 0, sizeof(*conn));
	conn->state = CONN_SYN_SENT;
	conn->iss = iss;
	conn->snd_una = iss;
	conn->snd_nxt = iss + 1;
	conn->snd_max = iss + 1;
	conn->data_len = data_len;
	conn->wait_ns = wait_ns;
	conn->rtt_ns = -1;
	conn->rto_ns = RTO_INITIAL_NS;
}

static int64_t min_armed(int64_t a, int64_t b)
{
	if (a == 0)
		return b;
	if (b == 0)
		return a;
	return a < b ? a : b;
}

int64_t conn_deadline(const struct conn *conn)
{
	if (conn->state == CONN_CLOSED)
		return 0;
	int64_t at = min_armed(conn->rto_at, conn->wait_at);
	at = min_armed(at, conn->quiet_at);
	at = min_armed(at, conn->reset_at);
	return min_armed(at, conn->patience_at);
}

void conn_note_unsent(struct conn *conn, int64_t now_ns)
{
	if (conn->state == CONN_CLOSED)
		return;
	conn->is_unsent = true;
	conn->rto_at = now_ns + UNSENT_NS;
}

static struct action *add_action(struct actions *actions, enum action_kind kind)
{
	assert(actions->n < ACTIONS_MAX);
	struct action *a = &actions->v[actions->n++];
	a->kind = kind;
	return a;
}

static void send_segment(const struct conn *conn, struct actions *actions, uint8_t flags,
    uint32_t seq, uint16_t off, uint16_t len)
{
	struct action *a = add_action(actions, ACTION_SEND);
	a->send.flags = flags;
	a->send.seq = seq;
	a->send.ack = flags & TCP_ACK ? conn->rcv_nxt : 0;
	a->send.off = off;
	a->send.len = len;
}

static void finish(struct conn *conn, struct actions *actions, enum conn_end end)
{
	conn->state = CONN_CLOSED;
	add_action(actions, ACTION_FINISH)->end = end;
}

/* Ends with a RST that the peer will accept: its sequence number is what the peer expects next (RFC
 * 5961 section 3.2 lets nothing else through). When none of our data was acknowledged and nothing
 * came, the peer most likely never saw it. */
static void reset_and_finish(struct conn *conn, struct actions *actions, enum conn_end end)
{
	bool is_unseen = conn->snd_una == conn->iss + 1 && conn->rx_len == 0;
	uint32_t seq = is_unseen ? conn->snd_una : conn->snd_max;
	send_segment(conn, actions, TCP_RST | TCP_ACK, seq, 0, 0);
	finish(conn, actions, end);
}

static uint32_t data_end(const struct conn *conn)
{
	return conn->iss + 1 + conn->data_len;
}

/* Sends what the window and the segment size allow from snd_nxt on. psh: on the last segment. */
static void send_data(struct conn *conn, struct actions *actions, bool psh, int64_t now_ns)
{
	for (int i = 0; i < SEGMENTS_PER_STEP; i++) {
		uint32_t left = data_end(conn) - conn->snd_nxt;
		uint32_t in_flight = conn->snd_nxt - conn->snd_una;
		uint32_t room = conn->snd_wnd > in_flight ? conn->snd_wnd - in_flight : 0;
		uint32_t len = left < conn->mss ? left : conn->mss;
		if (len > room)
			len = room;
		if (len == 0)
			break;
		bool is_last = len == left;
		uint8_t flags = (uint8_t)(TCP_ACK | (psh && is_last ? TCP_PSH : 0));
		send_segment(conn, actions, flags, conn->snd_nxt,
		    (uint16_t)(conn->snd_nxt - conn->iss - 1), (uint16_t)len);
		conn->snd_nxt += len;
		if (seq_lt(conn->snd_max, conn->snd_nxt))
			conn->snd_max = conn->snd_nxt;
	}
	if (!conn->is_data_sent) {
		conn->is_data_sent = true;
		conn->data_sent_ns = now_ns;
	}
	conn->rto_at = now_ns + conn->rto_ns;
}

static void measure_rtt(
    struct conn *conn, const struct conn_config *config, const struct segment *s, int64_t now_ns)
{
	int64_t rtt = INT64_MIN;
	if (s->has_ts && s->tsecr != 0 && !config->is_ts_foreign)
		rtt = (int64_t)(int32_t)((uint32_t)(now_ns / NS_PER_US) - s->tsecr) * NS_PER_US;
	else if (conn->sent_ns && conn->n_tries == 0) /* Karn: RFC 6298 section 3 */
		rtt = now_ns - conn->sent_ns;
	/* The clocks of capture and sender may disagree by a little. */
	if (rtt < 0 && rtt > -CLOCK_ERROR_NS)
		rtt = 0;
	if (rtt < 0 || rtt > RTT_MAX_NS)
		return;
	conn->rtt_ns = rtt;
	/* RFC 6298 section 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR. */
	int64_t rto = 3 * rtt;
	conn->rto_ns = rto < RTO_MIN_NS ? RTO_MIN_NS : rto > RTO_MAX_NS ? RTO_MAX_NS : rto;
}

static void receive_data(struct conn *conn, const struct segment *s, uint32_t seq,
    struct actions *actions, int64_t now_ns);
static void check_fin(struct conn *conn, struct actions *actions);

static void establish(struct conn *conn, const struct conn_config *config, const struct segment *s,
    int64_t now_ns, struct actions *actions)
{
	bool is_v4 = ipaddr_is_v4(&s->flow.raddr);
	uint16_t ours = is_v4 ? config->mss_v4 : config->mss_v6;
	uint16_t theirs = s->mss ? s->mss : is_v4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
	measure_rtt(conn, config, s, now_ns);
	conn->is_v4 = is_v4;
	conn->irs = s->seq;
	conn->rcv_nxt = s->seq + 1;
	conn->snd_una = conn->iss + 1;
	conn->snd_wnd = s->window; /* the window of a SYN is never scaled: RFC 7323 section 2.2 */
	conn->mss = theirs < ours ? theirs : ours;
	if (s->has_ts) /* an MSS does not count options, a segment does: RFC 6691 section 2 */
		conn->mss = conn->mss > TS_OPTION_LEN ? (uint16_t)(conn->mss - TS_OPTION_LEN) : 0;
	if (conn->mss < CONN_MSS_MIN)
		conn->mss = CONN_MSS_MIN;
	conn->has_wscale = s->has_wscale;
	conn->snd_wscale = s->wscale;
	conn->has_ts = s->has_ts;
	conn->ts_recent = s->tsval;
	conn->n_tries = 0;
	conn->rto_at = 0;
	if (s->window == 0) {
		reset_and_finish(conn, actions, CONN_END_ZERO_WINDOW);
		return;
	}
	conn->state = CONN_ESTABLISHED;
	conn->patience_at = now_ns + config->timeout_ns + (conn->data_len ? conn->wait_ns : 0);
	conn->data_sent_ns = now_ns;
	if (s->payload_len)
		receive_data(conn, s, s->seq + 1, actions, now_ns);
	if (conn->data_len && conn->wait_ns == 0) {
		send_data(conn, actions, false, now_ns);
	} else {
		send_segment(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
		if (conn->data_len)
			conn->wait_at = now_ns + conn->wait_ns;
	}
	if (s->flags & TCP_FIN) {
		conn->has_fin = true;
		conn->fin_seq = s->seq + 1 + s->payload_len;
		check_fin(conn, actions);
	}
	if (conn->state != CONN_CLOSED && conn->rx_len == CONN_RX_MAX)
		reset_and_finish(conn, actions, CONN_END_FULL);
}

static void segment_in_syn_sent(struct conn *conn, const struct conn_config *config,
    const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (!(s->flags & TCP_ACK))
		return;
	if (s->ack != conn->iss + 1) {
		/* An old connection of this flow lives on over there: RFC 9293 section 3.10.7.3. */
		if (!(s->flags & TCP_RST))
			send_segment(conn, actions, TCP_RST, s->ack, 0, 0);
		return;
	}
	if (s->flags & TCP_RST)
		finish(conn, actions, CONN_END_REFUSED);
	else if (s->flags & TCP_SYN)
		establish(conn, config, s, now_ns, actions);
}

/* Delivers the part [lo, hi) of the payload, which starts at offset base. */
static void deliver(
    struct actions *actions, const struct segment *s, uint32_t base, uint32_t lo, uint32_t hi)
{
	if (lo >= hi)
		return;
	struct action *a = add_action(actions, ACTION_DELIVER);
	a->deliver.off = (uint16_t)lo;
	a->deliver.len = (uint16_t)(hi - lo);
	a->deliver.bytes = s->payload + (lo - base);
}

/* In-order data now ends at hi. */
static void advance(struct conn *conn, uint32_t hi)
{
	conn->rx_len = (uint16_t)hi;
	conn->rcv_nxt = conn->irs + 1 + hi;
}

/* Adds [lo, hi) to the pieces beyond rx_len and delivers what was missing of it. False: no room to
 * remember it, so nothing was delivered and the peer will send it again. */
static bool insert_range(struct conn *conn, struct actions *actions, const struct segment *s,
    uint32_t base, uint32_t lo, uint32_t hi)
{
	/* The merged piece replaces the pieces i..j-1 that touch [lo, hi]. */
	int i = 0;
	while (i < conn->n_ooo && conn->ooo[i].hi < lo)
		i++;
	int j = i;
	uint32_t new_lo = lo, new_hi = hi, cursor = lo;
	while (j < conn->n_ooo && conn->ooo[j].lo <= hi) {
		if (conn->ooo[j].lo < new_lo)
			new_lo = conn->ooo[j].lo;
		if (conn->ooo[j].hi > new_hi)
			new_hi = conn->ooo[j].hi;
		j++;
	}
	if (i == j && conn->n_ooo == CONN_OOO_MAX) {
		/* What is next needs no memory: it lies before all pieces and touches none. */
		if (lo != conn->rx_len)
			return false;
		deliver(actions, s, base, lo, hi);
		advance(conn, hi);
		return true;
	}
	for (int k = i; k < j; k++) {
		deliver(actions, s, base, cursor, conn->ooo[k].lo);
		if (conn->ooo[k].hi > cursor)
			cursor = conn->ooo[k].hi;
	}
	deliver(actions, s, base, cursor, hi);
	int shift = 1 - (j - i);
	memmove(
	    &conn->ooo[j + shift], &conn->ooo[j], sizeof(conn->ooo[0]) * (size_t)(conn->n_ooo - j));
	conn->n_ooo = (uint8_t)(conn->n_ooo + shift);
	conn->ooo[i].lo = (uint16_t)new_lo;
	conn->ooo[i].hi = (uint16_t)new_hi;
	return true;
}

/* Takes in payload whose first byte has sequence number seq. */
static void receive_data(struct conn *conn, const struct segment *s, uint32_t seq,
    struct actions *actions, int64_t now_ns)
{
	int64_t base = (int32_t)(seq - (conn->irs + 1));
	int64_t lo = base, hi = base + s->payload_len;
	if (lo < conn->rx_len)
		lo = conn->rx_len;
	if (hi > CONN_RX_MAX)
		hi = CONN_RX_MAX;
	if (lo >= hi)
		return;
	/* deliver() counts from the payload's start, which may lie before offset 0. */
	struct segment view = *s;
	if (base < 0) {
		view.payload -= base;
		base = 0;
	}
	if (conn->rx_len == 0 && conn->n_ooo == 0) {
		conn->is_server_first = !conn->is_data_sent || seq_le(s->ack, conn->iss + 1);
		conn->first_data_ns = now_ns;
	}
	if (!insert_range(conn, actions, &view, (uint32_t)base, (uint32_t)lo, (uint32_t)hi))
		return;
	if (conn->n_ooo && conn->ooo[0].lo == conn->rx_len) {
		advance(conn, conn->ooo[0].hi);
		conn->n_ooo--;
		memmove(&conn->ooo[0], &conn->ooo[1], sizeof(conn->ooo[0]) * conn->n_ooo);
	}
}

static void check_fin(struct conn *conn, struct actions *actions)
{
	if (conn->state == CONN_CLOSED || !conn->has_fin)
		return;
	bool is_complete = conn->rcv_nxt == conn->fin_seq || conn->rx_len == CONN_RX_MAX;
	if (!is_complete)
		return;
	conn->rcv_nxt = conn->fin_seq + 1;
	reset_and_finish(conn, actions, CONN_END_FIN);
}

static void handle_ack(
    struct conn *conn, const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (!seq_le(conn->snd_una, s->ack) || !seq_le(s->ack, conn->snd_max))
		return;
	conn->snd_wnd = (uint32_t)s->window << conn->snd_wscale;
	if (s->ack == conn->snd_una)
		return;
	bool was_acked = conn_is_data_acked(conn);
	conn->snd_una = s->ack;
	if (seq_lt(conn->snd_nxt, conn->snd_una))
		conn->snd_nxt = conn->snd_una;
	conn->n_tries = 0;
	conn->rto_at = conn->snd_una == conn->snd_nxt ? 0 : now_ns + conn->rto_ns;
	if (!was_acked && conn->data_len)
		add_action(actions, ACTION_ACKED);
}

/* Is this RST from the peer of this connection? Exactly next, anywhere in the window (many devices
 * do not count right and an attacker off the path knows neither), or acknowledging exactly what we
 * sent. */
static bool is_reset_credible(const struct conn *conn, const struct segment *s)
{
	uint32_t ahead = s->seq - conn->rcv_nxt;
	if (ahead < 65536)
		return true;
	return (s->flags & TCP_ACK) && (s->ack == conn->snd_max || s->ack == conn->snd_una);
}

static void handle_reset(
    struct conn *conn, const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (!is_reset_credible(conn, s))
		return;
	uint32_t ahead = s->seq - conn->rcv_nxt;
	if (ahead != 0 && ahead < 65536 && conn->rx_len < CONN_RX_MAX) {
		/* Bytes before the RST are missing: they may only have been overtaken. */
		conn->is_reset_pending = true;
		conn->reset_at = now_ns + REORDER_NS;
		return;
	}
	finish(conn, actions, CONN_END_RST);
}

static void resend(struct conn *conn, struct actions *actions, int64_t now_ns)
{
	conn->snd_nxt = conn->snd_una;
	send_data(conn, actions, true, now_ns);
}

static void segment_in_established(
    struct conn *conn, const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (s->flags & TCP_RST) {
		handle_reset(conn, s, now_ns, actions);
		return;
	}
	if (s->flags & TCP_SYN) {
		/* Our ACK was lost: the SYN-ACK comes again. A SYN with other numbers would get a
		 * challenge ACK (RFC 5961 section 4.2); to a stranger we say nothing. */
		if (s->seq != conn->irs || conn->n_synack_dups == SYNACK_DUPS_MAX)
			return;
		conn->n_synack_dups++;
		if (conn->is_data_sent && conn->snd_una == conn->iss + 1 && conn->snd_wnd)
			resend(conn, actions, now_ns);
		else
			send_segment(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
		return;
	}
	if (!(s->flags & TCP_ACK))
		return;
	if (s->has_ts && seq_le(s->seq, conn->rcv_nxt) && (int32_t)(s->tsval - conn->ts_recent) > 0)
		conn->ts_recent = s->tsval;
	handle_ack(conn, s, now_ns, actions);
	uint16_t rx_before = conn->rx_len;
	if (s->payload_len)
		receive_data(conn, s, s->seq, actions, now_ns);
	if (s->flags & TCP_FIN && !conn->has_fin &&
	    s->seq + s->payload_len - conn->rcv_nxt < 65536) {
		conn->has_fin = true;
		conn->fin_seq = s->seq + s->payload_len;
	}
	check_fin(conn, actions);
	if (conn->state == CONN_CLOSED)
		return;
	if (conn->is_reset_pending && conn->rx_len > rx_before) {
		finish(conn, actions, CONN_END_RST);
		return;
	}
	if (conn->rx_len == CONN_RX_MAX) {
		reset_and_finish(conn, actions, CONN_END_FULL);
		return;
	}
	bool is_new = conn->rx_len > rx_before;
	/* Old bytes, bytes out of order, keep-alives: an ACK tells the peer where we are. New bytes
	 * are acknowledged by EVENT_MORE, or the connection ends. */
	bool is_keep_alive = s->payload_len == 0 && s->seq == conn->rcv_nxt - 1;
	if ((s->payload_len && !is_new) || is_keep_alive)
		send_segment(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
	if (conn->is_data_sent && seq_lt(conn->snd_nxt, data_end(conn)) &&
	    conn->snd_nxt == conn->snd_una)
		send_data(conn, actions, true, now_ns);
}

static void end_of_patience(struct conn *conn, struct actions *actions)
{
	enum conn_end end = CONN_END_QUIET;
	if (conn->is_reset_pending)
		end = CONN_END_RST;
	else if (conn->rx_len == 0)
		end = conn->data_len == 0 || conn_is_data_acked(conn) ? CONN_END_SILENT
								      : CONN_END_NO_ACK;
	reset_and_finish(conn, actions, end);
}

static void timer_in_syn_sent(
    struct conn *conn, const struct conn_config *config, int64_t now_ns, struct actions *actions)
{
	if (conn->rto_at == 0 || now_ns < conn->rto_at)
		return;
	if (conn->is_unsent) {
		conn->is_unsent = false;
		if (conn->n_tries == 0)
			conn->sent_ns = now_ns;
		conn->rto_at = now_ns + conn->rto_ns;
		send_segment(conn, actions, TCP_SYN, conn->iss, 0, 0);
		return;
	}
	if (conn->n_tries >= config->n_retransmits) {
		finish(conn, actions, CONN_END_NO_SYNACK);
		return;
	}
	conn->n_tries++;
	send_segment(conn, actions, TCP_SYN, conn->iss, 0, 0);
	conn->rto_ns = 2 * conn->rto_ns < RTO_MAX_NS ? 2 * conn->rto_ns : RTO_MAX_NS;
	conn->rto_at = now_ns + conn->rto_ns;
}

static bool is_due(int64_t at, int64_t now_ns)
{
	return at != 0 && now_ns >= at;
}

/* Is it known that more is on its way: bytes beyond a hole, or a FIN beyond what came? The peer fills
 * the hole after its own timeout (at least 1 s in RFC 6298), which outlasts any quiet period. */
static bool has_hole(const struct conn *conn)
{
	return conn->n_ooo > 0 || conn->has_fin;
}

static void timer_in_established(
    struct conn *conn, const struct conn_config *config, int64_t now_ns, struct actions *actions)
{
	if (is_due(conn->reset_at, now_ns)) {
		finish(conn, actions, CONN_END_RST);
		return;
	}
	if (is_due(conn->quiet_at, now_ns) && has_hole(conn))
		conn->quiet_at = 0;
	if (is_due(conn->quiet_at, now_ns) || is_due(conn->patience_at, now_ns)) {
		end_of_patience(conn, actions);
		return;
	}
	if (is_due(conn->wait_at, now_ns)) {
		conn->wait_at = 0;
		conn->patience_at = now_ns + config->timeout_ns;
		send_data(conn, actions, false, now_ns);
		return;
	}
	if (is_due(conn->rto_at, now_ns)) {
		conn->rto_at = 0;
		if (conn->is_unsent) {
			conn->is_unsent = false;
			conn->snd_nxt = conn->snd_una;
			send_data(conn, actions, conn->n_tries > 0, now_ns);
			return;
		}
		if (conn->n_tries >= config->n_retransmits)
			return;
		conn->n_tries++;
		conn->rto_ns = 2 * conn->rto_ns < RTO_MAX_NS ? 2 * conn->rto_ns : RTO_MAX_NS;
		resend(conn, actions, now_ns);
	}
}

static void narrow(struct conn *conn, uint16_t mtu, int64_t now_ns, struct actions *actions)
{
	/* IP and TCP headers with timestamps. */
	unsigned overhead = conn->is_v4 ? 20 + 32 : 40 + 32;
	unsigned mss = mtu > overhead + CONN_MSS_MIN ? mtu - overhead : CONN_MSS_MIN;
	/* Each message must make it smaller, so that a liar cannot make us send for ever. */
	if (mss >= conn->mss || !conn->is_data_sent || conn->snd_una == data_end(conn))
		return;
	conn->mss = (uint16_t)mss;
	resend(conn, actions, now_ns);
}

static void step_open(struct conn *conn, int64_t now_ns, struct actions *actions)
{
	if (conn->sent_ns != 0)
		return;
	conn->sent_ns = now_ns;
	conn->rto_at = now_ns + conn->rto_ns;
	send_segment(conn, actions, TCP_SYN, conn->iss, 0, 0);
}

void fsm_step(struct conn *conn, const struct conn_config *config, const struct event *event,
    int64_t now_ns, struct actions *actions)
{
	actions->n = 0;
	if (conn->state == CONN_CLOSED)
		return;
	bool is_established = conn->state == CONN_ESTABLISHED;
	switch (event->kind) {
	case EVENT_OPEN:
		if (!is_established)
			step_open(conn, now_ns, actions);
		break;
	case EVENT_SEGMENT:
		if (is_established)
			segment_in_established(conn, event->segment, now_ns, actions);
		else
			segment_in_syn_sent(conn, config, event->segment, now_ns, actions);
		break;
	case EVENT_TIMER:
		if (is_established)
			timer_in_established(conn, config, now_ns, actions);
		else
			timer_in_syn_sent(conn, config, now_ns, actions);
		break;
	case EVENT_SETTLED:
		if (is_established)
			reset_and_finish(conn, actions, CONN_END_SETTLED);
		break;
	case EVENT_MORE:
		if (is_established) {
			conn->wait_at = 0;
			conn->quiet_at = now_ns + config->quiet_ns;
			send_segment(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
		}
		break;
	case EVENT_UNREACHABLE:
		finish(conn, actions, CONN_END_UNREACHABLE);
		break;
	case EVENT_MTU:
		if (is_established)
			narrow(conn, event->mtu, now_ns, actions);
		break;
	case EVENT_ABORT:
		if (is_established)
			reset_and_finish(conn, actions, CONN_END_ABORTED);
		else
			finish(conn, actions, CONN_END_ABORTED);
		break;
	case EVENT_KIND_COUNT:
		break;
	}
}
