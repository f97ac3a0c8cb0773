/* fsm_data: what the peer sends, put in order. Receiver thread; refuses I/O, allocation, clocks.
 * Source: RFC 9293 section 3.10.7.4.
 *
 * Overlap rule: the first bytes that arrived for a position stay (what most servers' own stacks do
 * and what a later injection cannot change). Positions at CONN_RX_MAX and beyond are not kept. */
#include "engine/fsm_internal.h"

#include <string.h>

/* Delivers the part [lo, hi) of the payload, which starts at offset base. */
static void deliver(
    struct actions *actions, const struct segment *s, uint32_t base, uint32_t lo, uint32_t hi)
{
	if (lo >= hi)
		return;
	struct action *a = fsm_add_action(actions, ACTION_DELIVER);
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
	conn->n_ooo = (unsigned)(conn->n_ooo + shift) & 3U;
	conn->ooo[i].lo = (uint16_t)new_lo;
	conn->ooo[i].hi = (uint16_t)new_hi;
	return true;
}

void fsm_receive(struct conn *conn, const struct segment *s, uint32_t seq, struct actions *actions,
    int64_t now_ns)
{
	int64_t base = (int32_t)(seq - (conn->irs + 1));
	int64_t lo = base, hi = base + s->payload_len;
	if (lo < conn->rx_len)
		lo = conn->rx_len;
	if (hi > CONN_RX_MAX)
		hi = CONN_RX_MAX;
	if (s->flags & TCP_PSH && hi > conn->push_end && base <= CONN_RX_MAX)
		conn->push_end = (uint16_t)hi;
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
