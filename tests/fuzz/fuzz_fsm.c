/* fuzz_fsm: a script of events for one connection: segments near and far from its window, timers, MTU
 * news, in any order. Holds whatever the peer does: a connection ends once and is quiet afterwards,
 * bytes are delivered inside the buffer, only bytes of the probe are sent, a timer is always armed
 * while it lives. */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "engine/fsm.h"
#include "tests/fuzz/fuzz.h"

static const struct conn_config config = {.timeout_ns = 5 * NS_PER_SEC,
    .quiet_ns = 250 * NS_PER_MS,
    .n_retransmits = 1,
    .mss_v4 = 1460,
    .mss_v6 = 1440};

static void check_actions(const struct conn *conn, const struct actions *actions, bool was_closed,
    const struct segment *segment)
{
	assert(actions->n <= ACTIONS_MAX);
	assert(!was_closed || actions->n == 0);
	for (unsigned i = 0; i < actions->n; i++) {
		const struct action *a = &actions->v[i];
		assert(a->kind < ACTION_KIND_COUNT);
		assert((a->kind == ACTION_FINISH) ==
		       (i + 1u == actions->n && conn->state == CONN_CLOSED));
		if (a->kind == ACTION_SEND)
			assert(a->send.off + a->send.len <= conn->data_len);
		if (a->kind == ACTION_DELIVER) {
			assert(segment && a->deliver.off + a->deliver.len <= CONN_RX_MAX);
			assert(a->deliver.bytes >= segment->payload);
			assert(a->deliver.bytes + a->deliver.len <=
			       segment->payload + segment->payload_len);
		}
	}
	assert(conn->rx_len <= CONN_RX_MAX);
	assert((conn->state == CONN_CLOSED) == (conn_deadline(conn) == 0));
	unsigned last = conn->rx_len;
	for (unsigned i = 0; i < conn->n_ooo; i++) {
		assert(conn->ooo[i].lo > last && conn->ooo[i].hi > conn->ooo[i].lo);
		last = conn->ooo[i].hi;
	}
}

/* A signed distance of the script, as a sequence number's. */
static uint32_t read_distance(struct cursor *script)
{
	int32_t distance = (int16_t)cursor_be16(script);
	return (uint32_t)distance;
}

/* Builds a segment from the script: numbers are offsets from what the connection expects. */
static struct segment read_segment(struct cursor *script, const struct conn *conn)
{
	static const uint8_t payload[65535];
	uint8_t bits = cursor_u8(script);
	struct segment s = {.flags = cursor_u8(script) & 0x3f,
	    .seq = conn->rcv_nxt + read_distance(script),
	    .ack = conn->snd_nxt + read_distance(script),
	    .window = cursor_be16(script),
	    .payload_len = bits & 1 ? cursor_be16(script) : cursor_u8(script),
	    .mss = bits & 2 ? cursor_be16(script) : 0,
	    .has_ts = bits & 4,
	    .has_wscale = bits & 8,
	    .wscale = cursor_u8(script) % 15,
	    .payload = payload};
	if (s.has_ts) {
		s.tsval = cursor_be32(script);
		s.tsecr = cursor_be32(script);
	}
	s.flow.raddr = ipaddr_from_v4(0x0a000001);
	s.flow.laddr = ipaddr_from_v4(0x0a000002);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct cursor script = cursor_make(bytes, len);
	struct conn conn;
	struct actions actions;
	int64_t now_ns = NS_PER_SEC;
	unsigned n_ends = 0;
	uint32_t iss = cursor_be32(&script);
	uint16_t data_len = cursor_be16(&script) % 1025;
	conn_init(&conn, iss, data_len, cursor_be16(&script));
	struct event event = {.kind = EVENT_OPEN};
	fsm_step(&conn, &config, &event, now_ns, &actions);
	check_actions(&conn, &actions, false, NULL);
	while (cursor_left(&script) > 0 && !script.is_short) {
		struct segment segment = {0};
		event = (struct event){.kind = cursor_u8(&script) % EVENT_KIND_COUNT};
		now_ns += cursor_be16(&script);
		if (event.kind == EVENT_SEGMENT) {
			segment = read_segment(&script, &conn);
			event.segment = &segment;
		} else if (event.kind == EVENT_MTU) {
			event.mtu = cursor_be16(&script);
		} else if (event.kind == EVENT_TIMER && conn.state != CONN_CLOSED) {
			now_ns = conn_deadline(&conn) > now_ns ? conn_deadline(&conn) : now_ns;
		}
		bool was_closed = conn.state == CONN_CLOSED;
		fsm_step(&conn, &config, &event, now_ns, &actions);
		check_actions(&conn, &actions, was_closed, event.segment);
		n_ends += !was_closed && conn.state == CONN_CLOSED;
		assert(n_ends <= 1);
	}
	return 0;
}
