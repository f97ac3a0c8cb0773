/* fsm_output: what a connection sends, within the peer's window and segment size, and how it ends.
 * Receiver thread; refuses I/O, allocation, clocks.
 * Sources: RFC 9293 sections 3.8.6.1 (closed windows) and 3.10.7; RFC 1191 and 8201 (path MTU). */
#include "engine/fsm_internal.h"

#include "base/dassert.h"

enum {
	SEGMENTS_PER_STEP = 3, /* of our probe, when it must be split */
	NARROWINGS_MAX = 4,    /* path MTU messages that are heard */
};

struct action *fsm_add_action(struct actions *actions, enum action_kind kind)
{
	assert(actions->n < ACTIONS_MAX);
	struct action *a = &actions->v[actions->n++];
	a->kind = kind;
	return a;
}

void fsm_send(struct conn *conn, struct actions *actions, uint8_t flags, uint32_t seq, uint16_t off,
    uint16_t len)
{
	struct action *a = fsm_add_action(actions, ACTION_SEND);
	a->send.flags = flags;
	a->send.seq = seq;
	a->send.ack = flags & TCP_ACK ? conn->rcv_nxt : 0;
	a->send.off = off;
	a->send.len = len;
	if (flags & TCP_ACK)
		conn->ack_at = 0;
}

void fsm_finish(struct conn *conn, struct actions *actions, enum conn_end end)
{
	conn->state = CONN_CLOSED;
	fsm_add_action(actions, ACTION_FINISH)->end = end;
}

void fsm_reset_and_finish(struct conn *conn, struct actions *actions, enum conn_end end)
{
	bool is_unseen = conn->snd_una == conn->iss + 1 && conn->rx_len == 0;
	uint32_t seq = is_unseen ? conn->snd_una : conn->snd_max;
	fsm_send(conn, actions, TCP_RST | TCP_ACK, seq, 0, 0);
	fsm_finish(conn, actions, end);
}

/* How much of the probe may go now, at most one segment. A closed window is asked with one byte. */
static uint32_t next_len(const struct conn *conn, bool is_asking)
{
	uint32_t left = fsm_data_end(conn) - conn->snd_nxt;
	uint32_t in_flight = conn->snd_nxt - conn->snd_una;
	uint32_t room = conn->snd_wnd > in_flight ? conn->snd_wnd - in_flight : 0;
	if (is_asking && room == 0 && in_flight == 0)
		room = 1;
	uint32_t len = left < conn->mss ? left : conn->mss;
	return len < room ? len : room;
}

static void send_data(
    struct conn *conn, struct actions *actions, bool psh, bool is_asking, int64_t now_ns)
{
	conn->is_asking = is_asking && conn->snd_wnd == 0;
	for (int i = 0; i < SEGMENTS_PER_STEP; i++) {
		uint32_t len = next_len(conn, is_asking);
		if (len == 0)
			break;
		bool is_last = len == fsm_data_end(conn) - conn->snd_nxt;
		uint8_t flags = (uint8_t)(TCP_ACK | (psh && is_last ? TCP_PSH : 0));
		fsm_send(conn, actions, flags, conn->snd_nxt,
		    (uint16_t)(conn->snd_nxt - conn->iss - 1), (uint16_t)len);
		conn->snd_nxt += len;
		if (seq_lt(conn->snd_max, conn->snd_nxt))
			conn->snd_max = conn->snd_nxt;
	}
	if (!conn->is_data_sent) {
		conn->is_data_sent = true;
		conn->data_sent_ns = now_ns;
	}
	conn->rto_at = fsm_rto_from(conn, now_ns);
}

void fsm_send_data(struct conn *conn, struct actions *actions, bool psh, int64_t now_ns)
{
	send_data(conn, actions, psh, false, now_ns);
}

void fsm_resend(struct conn *conn, struct actions *actions, int64_t now_ns)
{
	conn->snd_nxt = conn->snd_una;
	send_data(conn, actions, true, true, now_ns);
}

void fsm_narrow(struct conn *conn, uint16_t mtu, int64_t now_ns, struct actions *actions)
{
	/* IP and TCP headers with timestamps. */
	unsigned overhead = conn->is_v4 ? 20 + 32 : 40 + 32;
	unsigned mss = mtu > overhead + CONN_MSS_MIN ? mtu - overhead : CONN_MSS_MIN;
	/* Each message must make it smaller, and few are heard, so that a liar cannot make us send
	 * for ever. */
	if (mss >= conn->mss || !conn->is_data_sent || conn->snd_una == fsm_data_end(conn) ||
	    conn->n_narrowed == NARROWINGS_MAX)
		return;
	conn->n_narrowed++;
	conn->mss = (uint16_t)mss;
	fsm_resend(conn, actions, now_ns);
}
