/* sender_req: what receivers ask for: segments of open sessions, neighbours, news about targets. The
 * sender's thread. Refuses packets a moment after a scan was broken off. Sources: DESIGN.md section 2. */
#include "tx/sender_internal.h"

#include <string.h>

#include "wire/neigh.h"

#define ABORT_GRACE_NS (250 * NS_PER_MS)

static void send_segment(struct sender *s, const struct tx_req *req, int64_t now_ns)
{
	const struct sender_path *path = sender_path_of(s, &req->flow.raddr);
	uint8_t buf[6];
	const uint8_t *mac;
	switch (sender_find_mac(s, path, &req->flow.raddr, now_ns, buf, &mac)) {
	case HOP_READY:
		break;
	case HOP_PENDING: /* asked for: the retransmission will find it */
		return;
	case HOP_NOWHERE:
		counters_add(s->config.counters, COUNTER_target_skipped, 1);
		return;
	}
	bool is_syn = req->flags & TCP_SYN;
	struct patch patch = {
	    .flow = &req->flow,
	    .dst_mac = mac,
	    .seq = req->seq,
	    .ack = req->ack,
	    .tsval = (uint32_t)(now_ns / NS_PER_US),
	    .tsecr = req->tsecr,
	    .window = req->window,
	    .ip_id = sender_next_ip_id(s),
	    .flags = req->flags,
	};
	if (is_syn)
		patch.tsecr = 0;
	if (req->payload_len && req->probe_id != SIG_PROBE_NONE) {
		const struct sig_probe *probe = sig_set_get_probe(s->config.set, req->probe_id);
		patch.payload = probe->bytes + req->probe_off;
		patch.payload_len = req->payload_len;
	}
	const struct template *tmpl =
	    is_syn ? link_get_syn(path->link) : link_get_segment(path->link, req->has_ts);
	sender_send(s, path, tmpl, &patch);
	counters_add(s->config.counters, is_syn ? COUNTER_syn_sent : COUNTER_segment_sent, 1);
}

static void answer_neighbour(struct sender *s, const struct tx_req *req)
{
	const struct sender_path *path = sender_path_of(s, &req->flow.laddr);
	struct outbox *box = sender_box_of(s, path);
	uint8_t *frame = path->link && path->is_ethernet ? sender_next_frame(s, box) : NULL;
	if (frame)
		sender_finish_frame(s, box, path,
		    neigh_build_reply(
			path->source_mac, &req->flow.laddr, req->mac, &req->flow.raddr, frame));
}

/* Nobody waits for a slow rate after the scan was broken off. */
static bool is_dropping(const struct sender *s, int64_t now_ns)
{
	return s->aborted_at_ns && now_ns - s->aborted_at_ns > ABORT_GRACE_NS;
}

static void serve(struct sender *s, const struct tx_req *req, int64_t now_ns)
{
	struct target target = {req->flow.raddr, req->flow.rport};
	switch ((enum tx_req_kind)req->kind) {
	case TX_REQ_SEGMENT:
		if (!is_dropping(s, now_ns))
			send_segment(s, req, now_ns);
		break;
	case TX_REQ_ANSWERED:
		attempts_note_answered(s->config.attempts, &target);
		break;
	case TX_REQ_SKIP:
		target.port = 0;
		seen_add(s->spared, &target);
		s->has_spared = true;
		break;
	case TX_REQ_NEIGHBOUR:
		onlink_note(s->onlink, &req->flow.raddr, req->mac, s->config.learns_neighbours);
		break;
	case TX_REQ_NEIGHBOUR_REPLY:
		if (!is_dropping(s, now_ns))
			answer_neighbour(s, req);
		break;
	case TX_REQ_END:
		s->n_ended++;
		break;
	case TX_REQ_KIND_COUNT:
		break;
	}
}

/* News are looked up in memory that no cache holds: all of a batch at once. */
static void prefetch_news(const struct sender *s, const struct ring_cell *cells, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct tx_req req;
		memcpy(&req, &cells[k], sizeof(req));
		struct target target = {req.flow.raddr, req.flow.rport};
		if (req.kind == TX_REQ_ANSWERED)
			attempts_prefetch_answered(s->config.attempts, &target);
	}
}

/* Up to n requests of one receiver, as far as they can be paid. Returns how many. */
static size_t serve_some(struct sender *s, struct ring *reqs, size_t n, int64_t now_ns)
{
	if (n > SENDER_BATCH)
		n = SENDER_BATCH;
	if (n > 0 && !is_dropping(s, now_ns))
		n = sender_pay(s, n, SENDER_FRAME_WIRE_MAX, now_ns);
	if (n > 0)
		n = ring_pop_n(reqs, s->cells, n);
	prefetch_news(s, s->cells, n);
	for (size_t k = 0; k < n; k++) {
		struct tx_req req;
		memcpy(&req, &s->cells[k], sizeof(req));
		serve(s, &req, now_ns);
	}
	sender_settle(s); /* a segment is shorter than was paid, and news are no packets */
	return n;
}

size_t sender_serve_receivers(struct sender *s, int64_t now_ns)
{
	size_t n_served = 0;
	for (size_t i = 0; i < s->config.n_receivers; i++) {
		struct ring *reqs = s->config.reqs[i];
		/* What news were paid for goes to the requests behind them, not to new targets. */
		size_t n_left = ring_get_level(reqs), n;
		while (n_left > 0 && (n = serve_some(s, reqs, n_left, now_ns)) > 0) {
			n_left -= n;
			n_served += n;
		}
	}
	return n_served;
}

void sender_ask_neighbours(struct sender *s, int64_t now_ns)
{
	const struct ipaddr *addr;
	while (onlink_has_request(s->onlink, now_ns) && sender_pay(s, 1, SENDER_SYN_WIRE, now_ns) &&
	       (addr = onlink_next_request(s->onlink, now_ns)) != NULL) {
		const struct sender_path *path = sender_path_of(s, addr);
		struct target target = {*addr, 1};
		struct cookie cookie;
		struct outbox *box = sender_box_of(s, path);
		uint8_t *frame = sender_next_frame(s, box);
		if (!frame)
			return;
		cookie_make(&s->config.cookie, &target, 0, &cookie);
		sender_finish_frame(s, box, path,
		    neigh_build_request(path->source_mac, &cookie.flow.laddr, addr, frame));
	}
}
