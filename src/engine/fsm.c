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
 * SETTLED, MORE ignored                         RST and end; acknowledge, maybe later ignored
 * UNREACHABLE   end                             end                                  ignored
 * MTU           ignored                         smaller segments from snd_una        ignored
 * ABORT         end                             RST and end                          ignored
 *
 * A pause ends an answer only after a segment with PSH, which ends what the peer's program wrote at
 * once (RFC 9293 section 3.9.1.2); without it the rest is on its way, and patience decides. */
#include "engine/fsm_internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/dassert.h"

#define RTO_INITIAL_US UINT32_C(1000000) /* RFC 6298 section 2.1 */
#define RTO_MIN_NS     (250 * NS_PER_MS) /* as Linux; the RFC's 1 s would waste most of --timeout */
#define RTO_MAX_US     UINT32_C(60000000) /* RFC 6298 section 2.5 */
#define CLOCK_ERROR_NS (1 * NS_PER_MS)
#define RTT_MAX_NS     (60 * NS_PER_SEC) /* beyond that the echoed timestamp is not ours */
#define REORDER_NS     (200 * NS_PER_MS) /* grace for bytes that a RST overtook */
#define UNSENT_NS      (10 * NS_PER_MS)  /* until a full ring of ours is tried again */
enum {
	MSS_DEFAULT_V4 = 536, /* RFC 9293 section 3.7.1 */
	MSS_DEFAULT_V6 = 1220,
	TS_OPTION_LEN = 12,  /* with its padding */
	SYNACK_DUPS_MAX = 5, /* answers to repeated SYN-ACKs */
	CHALLENGES_MAX = 5,  /* ACKs in answer to what the peer of this connection would not send */
	SYNS_DEFAULT = 3,    /* of a later connection: as many as fit into the default patience */
	ASKS_MAX = 3,        /* of a closed window */
	WINDOW_SPAN = 65536, /* how far from the expected number a number is believed */
};

void conn_init(struct conn *conn, uint32_t iss, uint16_t data_len, uint16_t wait_ms)
{
	memset(conn, 0, sizeof(*conn));
	conn->state = CONN_SYN_SENT;
	conn->iss = iss;
	conn->snd_una = iss;
	conn->snd_nxt = iss + 1;
	conn->snd_max = iss + 1;
	conn->data_len = data_len;
	conn->wait_ms = wait_ms;
	conn->rtt_us = -1;
	conn->rto_us = RTO_INITIAL_US;
}

static conn_time_t min_armed(conn_time_t a, conn_time_t b)
{
	if (a == 0)
		return b;
	if (b == 0)
		return a;
	return (int32_t)(a - b) < 0 ? a : b;
}

int64_t conn_deadline(const struct conn *conn)
{
	if (conn->state == CONN_CLOSED)
		return 0;
	conn_time_t at = min_armed(conn->rto_at, conn->wait_at);
	at = min_armed(at, conn->quiet_at);
	at = min_armed(at, conn->reset_at);
	at = min_armed(at, conn->ack_at);
	at = min_armed(at, conn->patience_at);
	/* Whatever was armed last was armed within minutes of it. */
	return at ? conn_time_get_ns(at, conn->data_sent_ns) : 0;
}

void conn_note_unsent(struct conn *conn, int64_t now_ns)
{
	if (conn->state == CONN_CLOSED)
		return;
	conn->is_unsent = true;
	conn->rto_at = conn_time_at(now_ns + UNSENT_NS);
}

static uint32_t rto_limit(int64_t rto_ns)
{
	int64_t rto_us = rto_ns / NS_PER_US;
	return rto_us < RTO_MAX_US ? (uint32_t)rto_us : RTO_MAX_US;
}

/* RFC 6298 section 5.5. */
static void back_off(struct conn *conn)
{
	conn->rto_us = 2 * conn->rto_us < RTO_MAX_US ? 2 * conn->rto_us : RTO_MAX_US;
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
	conn->rtt_us = (int32_t)(rtt / NS_PER_US);
	/* RFC 6298 section 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR. A peer may echo what it
	 * likes: a retransmission must fit into the patience. */
	int64_t rto = 3 * rtt, max = config->timeout_ns / 2;
	rto = rto < max ? rto : max;
	conn->rto_us = rto_limit(rto < RTO_MIN_NS ? RTO_MIN_NS : rto);
}

static void check_fin(struct conn *conn, struct actions *actions)
{
	if (conn->state == CONN_CLOSED || !conn->has_fin)
		return;
	/* Bytes beyond its FIN: that FIN was not the peer's. */
	if (seq_lt(conn->fin_seq, conn->rcv_nxt)) {
		conn->has_fin = false;
		return;
	}
	bool is_complete = conn->rcv_nxt == conn->fin_seq || conn->rx_len == CONN_RX_MAX;
	if (!is_complete)
		return;
	conn->rcv_nxt = conn->fin_seq + 1;
	fsm_reset_and_finish(conn, actions, CONN_END_FIN);
}

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
	conn->snd_wscale = s->wscale & 15U; /* 14 at most: see decode.c */
	conn->has_ts = s->has_ts;
	conn->ts_recent = s->tsval;
	conn->n_tries = 0;
	conn->rto_at = 0;
	if (s->window == 0) {
		fsm_reset_and_finish(conn, actions, CONN_END_ZERO_WINDOW);
		return;
	}
	conn->state = CONN_ESTABLISHED;
	int64_t wait_ns = conn->data_len ? conn->wait_ms * NS_PER_MS : 0;
	conn->patience_at = conn_time_at(now_ns + config->timeout_ns + wait_ns);
	conn->data_sent_ns = now_ns;
	if (s->payload_len)
		fsm_receive(conn, s, s->seq + 1, actions, now_ns);
	if (conn->data_len && wait_ns == 0) {
		fsm_send_data(conn, actions, false, now_ns);
	} else {
		fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
		if (conn->data_len)
			conn->wait_at = conn_time_at(now_ns + wait_ns);
	}
	if (s->flags & TCP_FIN) {
		conn->has_fin = true;
		conn->fin_seq = s->seq + 1 + s->payload_len;
		check_fin(conn, actions);
	}
	if (conn->state != CONN_CLOSED && conn->rx_len == CONN_RX_MAX)
		fsm_reset_and_finish(conn, actions, CONN_END_FULL);
}

static void segment_in_syn_sent(struct conn *conn, const struct conn_config *config,
    const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (!(s->flags & TCP_ACK))
		return;
	if (s->ack != conn->iss + 1) {
		/* An old connection of this flow lives on over there: RFC 9293 section 3.10.7.3. */
		if (!(s->flags & TCP_RST))
			fsm_send(conn, actions, TCP_RST, s->ack, 0, 0);
		return;
	}
	if (s->flags & TCP_RST)
		fsm_finish(conn, actions, CONN_END_REFUSED);
	else if (s->flags & TCP_SYN)
		establish(conn, config, s, now_ns, actions);
}

/* Does an acknowledgement answer a retransmission? A timestamp tells (RFC 3522 section 3.2): it echoes
 * the segment that brought it about, and the first retransmission left an RTO after the data. */
static bool is_for_retransmission(const struct conn *conn, const struct segment *s)
{
	if (conn->n_tries == 0)
		return false;
	if (!s->has_ts || !conn->has_ts || s->tsecr == 0)
		return true;
	uint32_t rto_us = conn->n_tries < 32 ? conn->rto_us >> conn->n_tries : 0; /* the first */
	uint32_t sent_us = (uint32_t)(conn->data_sent_ns / NS_PER_US);
	return (int32_t)(s->tsecr - (sent_us + rto_us)) >= 0;
}

static void handle_ack(
    struct conn *conn, const struct segment *s, int64_t now_ns, struct actions *actions)
{
	if (!seq_le(conn->snd_una, s->ack) || !seq_le(s->ack, conn->snd_max))
		return;
	conn->snd_wnd = (uint32_t)s->window << conn->snd_wscale;
	if (conn->is_asking && conn->snd_wnd > 0) {
		/* The window opens: what asked for it starts again. */
		conn->is_asking = false;
		conn->snd_nxt = s->ack;
	}
	if (s->ack == conn->snd_una)
		return;
	bool was_acked = conn_is_data_acked(conn);
	bool is_again = is_for_retransmission(conn, s);
	conn->snd_una = s->ack;
	if (seq_lt(conn->snd_nxt, conn->snd_una))
		conn->snd_nxt = conn->snd_una;
	conn->n_tries = 0;
	conn->rto_at = conn->snd_una == conn->snd_nxt ? 0 : fsm_rto_from(conn, now_ns);
	if (!was_acked && conn->data_len)
		fsm_add_action(actions, ACTION_ACKED)->is_again = is_again;
}

/* Sends the ACK that makes an honest peer say where it is (RFC 5961 sections 3 to 5). */
static void challenge(struct conn *conn, struct actions *actions)
{
	if (conn->n_challenges == CHALLENGES_MAX)
		return;
	conn->n_challenges++;
	fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
}

/* A RST is believed when it stands exactly where the peer is (RFC 5961 section 3.2), or acknowledges
 * exactly what we have sent, which nobody off the path knows; many devices do not count right in the
 * former. Of any other in the window the peer is asked. */
static void handle_reset(
    struct conn *conn, const struct segment *s, int64_t now_ns, struct actions *actions)
{
	uint32_t ahead = s->seq - conn->rcv_nxt;
	bool is_credible =
	    (s->flags & TCP_ACK) && (s->ack == conn->snd_max || s->ack == conn->snd_una);
	bool is_beyond_data = ahead != 0 && ahead < WINDOW_SPAN && conn->rx_len < CONN_RX_MAX;
	if (ahead == 0 || (is_credible && !is_beyond_data)) {
		fsm_finish(conn, actions, CONN_END_RST);
		return;
	}
	if (!is_beyond_data)
		return;
	/* Bytes before the RST are missing: they may only have been overtaken. */
	conn->has_rst = true;
	conn->rst_seq = s->seq;
	if (is_credible) {
		conn->is_reset_pending = true;
		conn->reset_at = conn_time_at(now_ns + REORDER_NS);
	} else {
		challenge(conn, actions);
	}
}

/* May the peer of this connection acknowledge this (RFC 5961 section 5.2)? Old acknowledgements come
 * late, one of what was never sent comes from somebody else. */
static bool is_ack_plausible(const struct conn *conn, uint32_t ack)
{
	return seq_le(ack, conn->snd_max) && seq_le(conn->iss - WINDOW_SPAN, ack);
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
			fsm_resend(conn, actions, now_ns);
		else
			fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
		return;
	}
	if (!(s->flags & TCP_ACK))
		return;
	if (!is_ack_plausible(conn, s->ack)) {
		challenge(conn, actions);
		return;
	}
	if (s->has_ts && seq_le(s->seq, conn->rcv_nxt) && (int32_t)(s->tsval - conn->ts_recent) > 0)
		conn->ts_recent = s->tsval;
	handle_ack(conn, s, now_ns, actions);
	uint16_t rx_before = conn->rx_len;
	if (s->payload_len)
		fsm_receive(conn, s, s->seq, actions, now_ns);
	if (s->flags & TCP_FIN && !conn->has_fin &&
	    s->seq + s->payload_len - conn->rcv_nxt < WINDOW_SPAN) {
		conn->has_fin = true;
		conn->fin_seq = s->seq + s->payload_len;
	}
	check_fin(conn, actions);
	if (conn->state == CONN_CLOSED)
		return;
	if (conn->has_rst && conn->rcv_nxt == conn->rst_seq) {
		fsm_finish(conn, actions, CONN_END_RST);
		return;
	}
	if (conn->rx_len == CONN_RX_MAX) {
		fsm_reset_and_finish(conn, actions, CONN_END_FULL);
		return;
	}
	bool is_new = conn->rx_len > rx_before;
	/* Old bytes, bytes out of order, keep-alives: an ACK tells the peer where we are. New bytes
	 * are acknowledged by EVENT_MORE, or the connection ends. */
	bool is_keep_alive = s->payload_len == 0 && s->seq == conn->rcv_nxt - 1;
	if ((s->payload_len && !is_new) || is_keep_alive)
		fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
	if (conn->is_data_sent && seq_lt(conn->snd_nxt, fsm_data_end(conn)) &&
	    conn->snd_nxt == conn->snd_una)
		fsm_send_data(conn, actions, true, now_ns);
}

static void end_of_patience(struct conn *conn, struct actions *actions)
{
	enum conn_end end = CONN_END_QUIET;
	if (conn->is_reset_pending)
		end = CONN_END_RST;
	else if (conn->rx_len == 0)
		end = conn->data_len == 0 || conn_is_data_acked(conn) ? CONN_END_SILENT
								      : CONN_END_NO_ACK;
	fsm_reset_and_finish(conn, actions, end);
}

static void timer_in_syn_sent(struct conn *conn, int64_t now_ns, struct actions *actions)
{
	if (conn_time_is_due(conn->patience_at, now_ns)) {
		fsm_finish(conn, actions, CONN_END_NO_SYNACK);
		return;
	}
	if (!conn_time_is_due(conn->rto_at, now_ns))
		return;
	if (conn->is_unsent) {
		conn->is_unsent = false;
		if (conn->n_tries == 0)
			conn->sent_ns = now_ns;
		conn->rto_at = fsm_rto_from(conn, now_ns);
		fsm_send(conn, actions, TCP_SYN, conn->iss, 0, 0);
		return;
	}
	if (conn->n_tries + 1 >= conn->n_syns) {
		fsm_finish(conn, actions, CONN_END_NO_SYNACK);
		return;
	}
	conn->n_tries++;
	fsm_send(conn, actions, TCP_SYN, conn->iss, 0, 0);
	back_off(conn);
	conn->rto_at = fsm_rto_from(conn, now_ns);
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
	if (conn_time_is_due(conn->reset_at, now_ns)) {
		fsm_finish(conn, actions, CONN_END_RST);
		return;
	}
	if (conn_time_is_due(conn->quiet_at, now_ns) && has_hole(conn))
		conn->quiet_at = 0;
	if (conn_time_is_due(conn->quiet_at, now_ns) ||
	    conn_time_is_due(conn->patience_at, now_ns)) {
		end_of_patience(conn, actions);
		return;
	}
	if (conn_time_is_due(conn->ack_at, now_ns))
		fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
	if (conn_time_is_due(conn->wait_at, now_ns)) {
		conn->wait_at = 0;
		conn->patience_at = conn_time_at(now_ns + config->timeout_ns);
		fsm_send_data(conn, actions, false, now_ns);
		return;
	}
	if (conn_time_is_due(conn->rto_at, now_ns)) {
		conn->rto_at = 0;
		if (conn->is_unsent) {
			conn->is_unsent = false;
			conn->snd_nxt = conn->snd_una;
			fsm_send_data(conn, actions, conn->n_tries > 0, now_ns);
			return;
		}
		if (conn->n_tries >= config->n_retransmits &&
		    (conn->snd_wnd > 0 || conn->n_tries >= ASKS_MAX))
			return;
		conn->n_tries++;
		back_off(conn);
		fsm_resend(conn, actions, now_ns);
	}
}

static void step_open(
    struct conn *conn, const struct conn_config *config, int64_t now_ns, struct actions *actions)
{
	if (conn->sent_ns != 0)
		return;
	conn->sent_ns = now_ns;
	conn->rto_at = fsm_rto_from(conn, now_ns);
	conn->patience_at = conn_time_at(now_ns + config->timeout_ns);
	if (conn->n_syns == 0)
		conn->n_syns =
		    config->n_retransmits < SYNS_DEFAULT ? SYNS_DEFAULT : config->n_retransmits + 1;
	fsm_send(conn, actions, TCP_SYN, conn->iss, 0, 0);
}

/* The first new data is acknowledged a little later: most answers end at once, with a FIN behind the data,
 * and then the RST says it all. Every second segment is acknowledged when it comes (RFC 5681 section
 * 4.2), and so is one beside a hole. */
static void acknowledge_news(
    struct conn *conn, const struct conn_config *config, int64_t now_ns, struct actions *actions)
{
	if (conn->ack_at || conn->n_ooo > 0 || config->ack_delay_ns == 0)
		fsm_send(conn, actions, TCP_ACK, conn->snd_nxt, 0, 0);
	else
		conn->ack_at = conn_time_at(now_ns + config->ack_delay_ns);
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
			step_open(conn, config, now_ns, actions);
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
			timer_in_syn_sent(conn, now_ns, actions);
		break;
	case EVENT_SETTLED:
		if (is_established)
			fsm_reset_and_finish(conn, actions, CONN_END_SETTLED);
		break;
	case EVENT_MORE:
		if (is_established) {
			conn->wait_at = 0;
			conn->quiet_at = conn->push_end == conn->rx_len
					     ? conn_time_at(now_ns + config->quiet_ns)
					     : 0;
			acknowledge_news(conn, config, now_ns, actions);
		}
		break;
	case EVENT_UNREACHABLE:
		fsm_finish(conn, actions, CONN_END_UNREACHABLE);
		break;
	case EVENT_MTU:
		if (is_established)
			fsm_narrow(conn, event->mtu, now_ns, actions);
		break;
	case EVENT_ABORT:
		if (is_established)
			fsm_reset_and_finish(conn, actions, CONN_END_ABORTED);
		else
			fsm_finish(conn, actions, CONN_END_ABORTED);
		break;
	case EVENT_KIND_COUNT:
		break;
	}
}
