#ifndef ENGINE_FSM_INTERNAL_H
#define ENGINE_FSM_INTERNAL_H

#include "base/clock.h"
#include "engine/fsm.h"

/* Inside the state machine only: what fsm.c, fsm_data.c and fsm_output.c share. Pure, O(1) but for
 * what is said; actions is never overrun by the calls that one step makes. */

/* Sequence number after the last byte of our probe. */
static inline uint32_t fsm_data_end(const struct conn *conn)
{
	return conn->iss + 1 + conn->data_len;
}

/* When what is sent now is to be sent again. */
static inline conn_time_t fsm_rto_from(const struct conn *conn, int64_t now_ns)
{
	return conn_time_at(now_ns + conn->rto_us * NS_PER_US);
}

/* ---- fsm_output.c ---- */

/* An empty action of this kind, to be filled. */
struct action *fsm_add_action(struct actions *actions, enum action_kind kind);

/* Asks for a segment: TCP_* flags, sequence number, and len bytes of the probe from off on. */
void fsm_send(struct conn *conn, struct actions *actions, uint8_t flags, uint32_t seq, uint16_t off,
    uint16_t len);

/* Ends the connection without a word. */
void fsm_finish(struct conn *conn, struct actions *actions, enum conn_end end);

/* Ends with a RST that the peer will accept: its sequence number is what the peer expects next (RFC
 * 5961 section 3.2 lets nothing else through). When none of our data was acknowledged and nothing
 * came, the peer most likely never saw it. */
void fsm_reset_and_finish(struct conn *conn, struct actions *actions, enum conn_end end);

/* Sends what the window and the segment size allow from snd_nxt on; arms the retransmission timer.
 * psh: on the last segment. */
void fsm_send_data(struct conn *conn, struct actions *actions, bool psh, int64_t now_ns);

/* The same from the first unacknowledged byte on, with PSH; one byte when the window is closed. */
void fsm_resend(struct conn *conn, struct actions *actions, int64_t now_ns);

/* The path carries packets of mtu bytes only: smaller segments from the first unacknowledged byte
 * on. */
void fsm_narrow(struct conn *conn, uint16_t mtu, int64_t now_ns, struct actions *actions);

/* ---- fsm_data.c ---- */

/* Takes in the payload of s, whose first byte has sequence number seq: delivers what is new. At most
 * CONN_OOO_MAX + 1 actions. */
void fsm_receive(struct conn *conn, const struct segment *s, uint32_t seq, struct actions *actions,
    int64_t now_ns);

#endif
