/* Claims about peers that misbehave on purpose: each gets exactly one record with the outcome that its
 * behaviour deserves, or none when it never answered the SYN; no session lasts longer than it may, and
 * none makes us send without end. The peers are scripts over real connections of the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/engine_world.h"

enum manner {
	WRONG_ACK,
	SYNACK_WITH_RST,
	RST_AFTER_SYNACK,
	DATA_ON_SYNACK,
	FIN_ON_SYNACK,
	DATA_ON_ZERO_WINDOW,
	PROXY_OPENS_LATER,
	TWO_INITIAL_NUMBERS,
	SIMULTANEOUS_OPEN,
	SPLIT_HANDSHAKE,
	REFLECTED_SYN,
	ECHO,
	BLIND_RESETS,
	MISCOUNTED_RESET,
	ACKS_UNSENT,
	WINDOW_STAYS_SHUT,
	WINDOW_SHRINKS,
	TARPIT_WINDOW,
	ONE_BYTE_EACH,
	URGENT,
	OTHER_BYTES_AGAIN,
	FIN_BEFORE_ITS_DATA,
	FIN_IN_THE_MIDDLE,
	DATA_AND_FIN_AND_RST,
	SYNACKS_FOR_EVER,
	SYNS_FOR_EVER,
	OLD_CONNECTION_LIVES,
	KEEPALIVES_FOR_EVER,
	MSS_0,
	MSS_1,
	MSS_HUGE,
	FORGED_ICMP,
	NARROWER_AND_NARROWER,
	OTHER_ADDRESS,
	OTHER_PORT,
	DRIPS_PUSHED,
	DRIPS_UNPUSHED,
	STREAMS,
	HOLES,
	BEYOND_THE_WINDOW,
	ACKS_LATE,
	ANSWERS_LATE,
	ACKS_BYTEWISE,
	REWRITES_NUMBERS,
	TIMESTAMPS_OF_RUBBISH,
	HALTS_WITHOUT_PUSH,
	RESETS_EVERY_SECOND,
	MANNER_COUNT,
};

#define BANNER "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"

static const struct row {
	const char *name;
	int outcome; /* -1: no record */
	const char *protocol;
} rows[MANNER_COUNT] = {
    [WRONG_ACK] = {"SYN-ACK of what was not sent", -1, ""},
    [SYNACK_WITH_RST] = {"SYN-ACK with RST", -1, ""},
    [RST_AFTER_SYNACK] = {"RST on the heels of the SYN-ACK", OUTCOME_RESET, ""},
    [DATA_ON_SYNACK] = {"data on the SYN-ACK", OUTCOME_IDENTIFIED, "ssh"},
    [FIN_ON_SYNACK] = {"FIN on the SYN-ACK", OUTCOME_CLOSED, ""},
    [DATA_ON_ZERO_WINDOW] = {"data on a SYN-ACK with window 0", OUTCOME_ZERO_WINDOW, ""},
    [PROXY_OPENS_LATER] = {"window 0 that opens when nobody listens", OUTCOME_ZERO_WINDOW, ""},
    [TWO_INITIAL_NUMBERS] = {"two SYN-ACKs with different numbers", OUTCOME_IDENTIFIED, "ssh"},
    [SIMULTANEOUS_OPEN] = {"SYN in answer to a SYN", -1, ""},
    [SPLIT_HANDSHAKE] = {"ACK, then SYN", -1, ""},
    [REFLECTED_SYN] = {"all packets come back as they are", -1, ""},
    [ECHO] = {"data comes back as it is", OUTCOME_IDENTIFIED, "echo"},
    [BLIND_RESETS] = {"RSTs guessed off the path", OUTCOME_IDENTIFIED, "ssh"},
    [MISCOUNTED_RESET] = {"a RST whose number is wrong", OUTCOME_RESET, ""},
    [ACKS_UNSENT] = {"data that acknowledges what was not sent", OUTCOME_IDENTIFIED, "ssh"},
    [WINDOW_STAYS_SHUT] = {"a window that shuts at once", OUTCOME_NO_ACK, ""},
    [WINDOW_SHRINKS] = {"a window that shrinks to nothing", OUTCOME_SILENT, ""},
    [TARPIT_WINDOW] = {"three bytes at a time", OUTCOME_SILENT, ""},
    [ONE_BYTE_EACH] = {"a banner in segments of one byte", OUTCOME_IDENTIFIED, "ssh"},
    [URGENT] = {"urgent data", OUTCOME_IDENTIFIED, "ssh"},
    [OTHER_BYTES_AGAIN] = {"other bytes in the same place", OUTCOME_IDENTIFIED, "ssh"},
    [FIN_BEFORE_ITS_DATA] = {"FIN before its data", OUTCOME_IDENTIFIED, "ssh"},
    [FIN_IN_THE_MIDDLE] = {"FIN in the middle of the data", OUTCOME_IDENTIFIED, "ssh"},
    [DATA_AND_FIN_AND_RST] = {"data, FIN and RST in one breath", OUTCOME_IDENTIFIED, "ssh"},
    [SYNACKS_FOR_EVER] = {"SYN-ACKs for ever", OUTCOME_SILENT, ""},
    [SYNS_FOR_EVER] = {"SYNs for ever", OUTCOME_SILENT, ""},
    [OLD_CONNECTION_LIVES] = {"a challenge instead of the second SYN-ACK", OUTCOME_IDENTIFIED,
	"ssh"},
    [KEEPALIVES_FOR_EVER] = {"keep-alives with an old byte for ever", OUTCOME_SILENT, ""},
    [MSS_0] = {"MSS 0", OUTCOME_IDENTIFIED, "http"},
    [MSS_1] = {"MSS 1", OUTCOME_IDENTIFIED, "http"},
    [MSS_HUGE] = {"MSS 65535", OUTCOME_IDENTIFIED, "http"},
    [FORGED_ICMP] = {"ICMP errors about other bytes", OUTCOME_IDENTIFIED, "ssh"},
    [NARROWER_AND_NARROWER] = {"a path that narrows a thousand times", OUTCOME_SILENT, ""},
    [OTHER_ADDRESS] = {"answers from another address", OUTCOME_NO_ACK, ""},
    [OTHER_PORT] = {"answers from another port", OUTCOME_NO_ACK, ""},
    [DRIPS_PUSHED] = {"one byte a second for ever", OUTCOME_UNIDENTIFIED, ""},
    [DRIPS_UNPUSHED] = {"the same without PSH", OUTCOME_UNIDENTIFIED, ""},
    [STREAMS] = {"a stream without end", OUTCOME_UNIDENTIFIED, ""},
    [HOLES] = {"every second byte only", OUTCOME_SILENT, ""},
    [BEYOND_THE_WINDOW] = {"data far beyond the window, then the banner", OUTCOME_IDENTIFIED,
	"ssh"},
    [ACKS_LATE] = {"acknowledges after 3 s", OUTCOME_SILENT, ""},
    [ANSWERS_LATE] = {"answers after 4.5 s", OUTCOME_IDENTIFIED, "ssh"},
    [ACKS_BYTEWISE] = {"acknowledges byte by byte", OUTCOME_SILENT, ""},
    [REWRITES_NUMBERS] = {"data with another connection's numbers", OUTCOME_SILENT, ""},
    [TIMESTAMPS_OF_RUBBISH] = {"timestamps of rubbish", OUTCOME_IDENTIFIED, "http"},
    [HALTS_WITHOUT_PUSH] = {"half an answer, a long pause, the rest", OUTCOME_IDENTIFIED, "http"},
    [RESETS_EVERY_SECOND] = {"the second connection is reset", OUTCOME_SILENT, ""},
};

enum { PORT = 4000, CONNS_MAX = 16, OUT_MAX = 4096, PEER_ISS = 5000 };

struct conn_seen {
	struct flow flow;
	uint32_t iss;          /* ours */
	uint32_t snd_max, una; /* what we sent, and what the peer has acknowledged */
	uint32_t rcv_nxt;      /* how far we have acknowledged the peer */
	int64_t since_ns;
	unsigned n_synacks, n_data, n_ticks;
	bool is_reset;
};

struct out {
	int64_t at_ns;
	struct segment s;
	uint8_t payload[1500];
};

static struct {
	enum manner manner;
	struct conn_seen conns[CONNS_MAX];
	unsigned n_conns;
	struct out out[OUT_MAX];
	unsigned n_out;
	unsigned n_sent; /* by us */
} net;

static struct target the_target(void)
{
	return (struct target){ipaddr_from_v4(0x0a0b0c0d), PORT};
}

/* ---- what peers can do ---- */

static struct out *put(struct world *w, const struct conn_seen *c, uint8_t flags, uint32_t seq,
    uint32_t ack, int64_t after_ns)
{
	assert_true(net.n_out < OUT_MAX);
	struct out *o = &net.out[net.n_out++];
	memset(&o->s, 0, sizeof(o->s));
	o->at_ns = w->now_ns + 5 * NS_PER_MS + after_ns;
	o->s.flow = c->flow;
	o->s.seq = seq;
	o->s.ack = ack;
	o->s.flags = flags;
	o->s.window = 8000;
	o->s.mss = 1400;
	return o;
}

static void put_bytes(struct out *o, const void *bytes, size_t len)
{
	memcpy(o->payload, bytes, len);
	o->s.payload_len = (uint16_t)len;
}

/* Text at an offset of the peer's stream. */
static struct out *say_at(struct world *w, const struct conn_seen *c, uint32_t off,
    const char *text, uint8_t flags, int64_t after_ns)
{
	struct out *o = put(w, c, (uint8_t)(TCP_ACK | flags), PEER_ISS + 1 + off, c->una, after_ns);
	put_bytes(o, text, strlen(text));
	return o;
}

static struct out *say(
    struct world *w, const struct conn_seen *c, const char *text, int64_t after_ns)
{
	return say_at(w, c, 0, text, TCP_PSH, after_ns);
}

static struct out *ack(struct world *w, struct conn_seen *c, uint32_t n, int64_t after_ns)
{
	c->una += n;
	return put(w, c, TCP_ACK, PEER_ISS + 1, c->una, after_ns);
}

static struct out *synack(struct world *w, struct conn_seen *c)
{
	c->n_synacks++;
	c->una = c->iss + 1;
	return put(w, c, TCP_SYN | TCP_ACK, PEER_ISS, c->una, 0);
}

/* ---- manners: how the SYN is answered ---- */

static void on_syn(struct world *w, struct conn_seen *c)
{
	unsigned n = (unsigned)(c - net.conns);
	struct out *o;
	switch (net.manner) {
	case WRONG_ACK:
		put(w, c, TCP_SYN | TCP_ACK, PEER_ISS, c->iss + 2, 0);
		put(w, c, TCP_SYN | TCP_ACK, PEER_ISS, c->iss, 0);
		return;
	case SYNACK_WITH_RST:
		put(w, c, TCP_SYN | TCP_ACK | TCP_RST, PEER_ISS, c->iss + 1, 0);
		return;
	case SIMULTANEOUS_OPEN:
		put(w, c, TCP_SYN, PEER_ISS, 0, 0);
		return;
	case SPLIT_HANDSHAKE:
		put(w, c, TCP_ACK, PEER_ISS, c->iss + 1, 0);
		put(w, c, TCP_SYN, PEER_ISS, 0, NS_PER_MS);
		return;
	case REFLECTED_SYN:
		put(w, c, TCP_SYN, c->iss, 0, 0);
		return;
	case RST_AFTER_SYNACK:
		synack(w, c);
		put(w, c, TCP_RST, PEER_ISS + 1, 0, NS_PER_MS);
		return;
	case DATA_ON_SYNACK:
		put_bytes(synack(w, c), BANNER, strlen(BANNER));
		return;
	case FIN_ON_SYNACK:
		synack(w, c)->s.flags |= TCP_FIN;
		return;
	case DATA_ON_ZERO_WINDOW:
		o = synack(w, c);
		put_bytes(o, BANNER, strlen(BANNER));
		o->s.window = 0;
		return;
	case PROXY_OPENS_LATER:
		synack(w, c)->s.window = 0;
		put(w, c, TCP_ACK, PEER_ISS + 1, c->una, 50 * NS_PER_MS);
		return;
	case TWO_INITIAL_NUMBERS:
		synack(w, c);
		put(w, c, TCP_SYN | TCP_ACK, PEER_ISS + 777, c->una, NS_PER_MS);
		return;
	case OLD_CONNECTION_LIVES:
		if (n == 1 && c->n_ticks++ == 0) {
			put(w, c, TCP_ACK, 99, c->iss - 5000, 0);
			return;
		}
		synack(w, c);
		return;
	case RESETS_EVERY_SECOND:
		if (n % 2)
			put(w, c, TCP_RST | TCP_ACK, 0, c->iss + 1, 0);
		else
			synack(w, c);
		return;
	case MSS_0:
		synack(w, c)->s.mss = 0;
		return;
	case MSS_1:
		synack(w, c)->s.mss = 1;
		return;
	case MSS_HUGE:
		synack(w, c)->s.mss = 65535;
		return;
	case TIMESTAMPS_OF_RUBBISH:
		o = synack(w, c);
		o->s.has_ts = true;
		/* Taken for a round trip of half a minute. */
		o->s.tsecr = (uint32_t)((w->now_ns - 30 * NS_PER_SEC) / NS_PER_US);
		o->s.tsval = UINT32_MAX;
		return;
	case WINDOW_SHRINKS:
		synack(w, c)->s.window = 20;
		return;
	case TARPIT_WINDOW:
		synack(w, c)->s.window = 3;
		return;
	default:
		synack(w, c);
	}
}

/* ---- manners: what follows the handshake ---- */

static void on_data(struct world *w, struct conn_seen *c, const struct tx_req *req)
{
	static const char http[] = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\nhello";
	struct out *o;
	bool is_first = c->n_data++ == 0;
	uint32_t unacked = c->snd_max - c->una;
	switch (net.manner) {
	case MSS_0:
	case MSS_1:
	case MSS_HUGE:
		ack(w, c, unacked, 0);
		if (is_first)
			say(w, c, http, 100 * NS_PER_MS);
		return;
	case TIMESTAMPS_OF_RUBBISH:
		/* The first flight is lost. */
		if (is_first)
			return;
		ack(w, c, unacked, 0);
		say(w, c, http, 0);
		return;
	case HALTS_WITHOUT_PUSH:
		ack(w, c, unacked, 0);
		if (!is_first)
			return;
		say_at(w, c, 0, "HTT", 0, 0);
		say_at(w, c, 3, http + 3, TCP_PSH, 2500 * NS_PER_MS);
		return;
	case ECHO:
		c->una = c->snd_max;
		o = put(w, c, TCP_ACK | TCP_PSH, PEER_ISS + 1, c->una, 0);
		for (unsigned i = 0; i < req->payload_len; i++)
			o->payload[i] = 0; /* filled by the caller, who knows the probe */
		o->s.payload_len = req->payload_len;
		return;
	case MISCOUNTED_RESET:
		put(w, c, TCP_RST | TCP_ACK, 12345678, c->snd_max, 0);
		return;
	case WINDOW_STAYS_SHUT:
		ack(w, c, 0, 0)->s.window = 0;
		return;
	case WINDOW_SHRINKS:
		ack(w, c, is_first ? 7 : 0, 0)->s.window = 0;
		return;
	case TARPIT_WINDOW:
		ack(w, c, unacked, 0)->s.window = 3;
		return;
	case ACKS_LATE:
		if (is_first)
			ack(w, c, unacked, 3 * NS_PER_SEC);
		return;
	case ANSWERS_LATE:
		ack(w, c, unacked, 0);
		if (is_first)
			say(w, c, BANNER, 4500 * NS_PER_MS);
		return;
	case ACKS_BYTEWISE:
		for (unsigned i = 0; is_first && i < 20; i++)
			ack(w, c, 1, i * 200 * NS_PER_MS);
		return;
	case OTHER_ADDRESS:
		o = say(w, c, BANNER, 0);
		o->s.ack = c->snd_max;
		o->s.flow.raddr = ipaddr_from_v4(0x0a0b0c0e);
		return;
	case OTHER_PORT:
		o = say(w, c, BANNER, 0);
		o->s.ack = c->snd_max;
		o->s.flow.rport++;
		return;
	case NARROWER_AND_NARROWER:
		if (c->n_data > 200)
			ack(w, c, unacked, 0);
		else
			for (uint16_t mtu = 1400; is_first && mtu > 90; mtu -= 40) {
				struct icmp_error e = {.flow = c->flow,
				    .seq = c->iss + 1,
				    .type = 3,
				    .code = 4,
				    .mtu = mtu};
				o = put(w, c, 0, 0, 0, 0);
				memcpy(o->payload, &e, sizeof(e));
				o->s.flags = 0xff; /* marks an ICMP error */
			}
		if (is_first)
			ack(w, c, unacked, NS_PER_SEC);
		return;
	case REWRITES_NUMBERS:
		ack(w, c, unacked, 0);
		say(w, c, BANNER, NS_PER_MS)->s.seq += 0x80000000u;
		return;
	default:
		ack(w, c, unacked, 0);
	}
}

/* The handshake's ACK came: peers that speak first do. */
static void on_established(struct world *w, struct conn_seen *c)
{
	static const char digits[] = "0123456789";
	char text[2] = {0};
	struct out *o;
	switch (net.manner) {
	case TWO_INITIAL_NUMBERS:
	case OLD_CONNECTION_LIVES:
		if (net.manner == OLD_CONNECTION_LIVES && c == net.conns)
			return;
		say(w, c, BANNER, 0);
		return;
	case BLIND_RESETS:
		for (uint32_t i = 1; i <= 30; i++) {
			put(w, c, TCP_RST, PEER_ISS + 1 + i * 1000, 0, 0);
			put(w, c, TCP_RST | TCP_ACK, PEER_ISS + 1 + i * 100, c->iss + 70000 * i, 0);
			put(w, c, TCP_RST, PEER_ISS + i * 0x01000000, 0, 0);
		}
		say(w, c, BANNER, NS_PER_SEC);
		return;
	case ACKS_UNSENT:
		o = say(w, c, "220 this was never said\r\n", 0);
		o->s.ack = c->iss + 100000;
		say(w, c, BANNER, 100 * NS_PER_MS);
		return;
	case ONE_BYTE_EACH:
		for (unsigned i = 0; BANNER[i]; i++) {
			text[0] = BANNER[i];
			say_at(w, c, i, text, i % 2 ? TCP_PSH : 0, i * 50 * NS_PER_MS);
		}
		return;
	case URGENT:
		say_at(w, c, 0, BANNER, TCP_PSH | TCP_URG, 0);
		return;
	case OTHER_BYTES_AGAIN:
		say_at(w, c, 8, &BANNER[8], TCP_PSH, 0);
		say_at(w, c, 0, "HTTP/1.1", 0, -2 * NS_PER_MS)->s.seq -= 100; /* before the start */
		say_at(w, c, 0, "SSH-2.0-", 0, NS_PER_MS);
		say_at(w, c, 0, "HTTP/1.1 200 OK\r\n\r\n", TCP_PSH, 2 * NS_PER_MS);
		return;
	case FIN_BEFORE_ITS_DATA:
		say_at(w, c, (uint32_t)strlen(BANNER), "", TCP_FIN, 0);
		say(w, c, BANNER, 700 * NS_PER_MS);
		return;
	case FIN_IN_THE_MIDDLE:
		say_at(w, c, 3, "", TCP_FIN, 0);
		say(w, c, BANNER, 10 * NS_PER_MS);
		return;
	case DATA_AND_FIN_AND_RST:
		say_at(w, c, (uint32_t)strlen(BANNER) + 1, "", TCP_RST, 0);
		say_at(w, c, 0, BANNER, TCP_PSH | TCP_FIN, NS_PER_MS);
		return;
	case FORGED_ICMP:
		for (uint32_t i = 0; i < 20; i++) {
			struct icmp_error e = {.flow = c->flow,
			    .seq = c->iss + 100000 * (i + 1),
			    .type = 3,
			    .code = (uint8_t)(i % 14),
			    .mtu = i % 2 ? 68 : 0};
			o = put(w, c, 0, 0, 0, 0);
			memcpy(o->payload, &e, sizeof(e));
			o->s.flags = 0xff;
		}
		say(w, c, BANNER, 300 * NS_PER_MS);
		return;
	case STREAMS:
		for (unsigned i = 0; i < 300; i++) {
			o = put(w, c, TCP_ACK, PEER_ISS + 1 + i * 1400, c->una, i * NS_PER_MS);
			o->s.payload_len = 1400;
			memset(o->payload, 0xe1, 1400);
		}
		return;
	case HOLES:
		text[0] = 'x';
		for (unsigned i = 0; i < 400; i++)
			say_at(w, c, 1 + 2 * i, text, TCP_PSH, i * NS_PER_MS);
		return;
	case BEYOND_THE_WINDOW:
		for (unsigned i = 1; i <= 50; i++)
			say_at(w, c, i * 4097, "nobody asked for this", TCP_PSH, 0);
		say(w, c, BANNER, 50 * NS_PER_MS);
		return;
	case DRIPS_PUSHED:
	case DRIPS_UNPUSHED:
		for (unsigned i = 0; i < 100; i++) {
			text[0] = digits[i % 10];
			say_at(w, c, i, text, net.manner == DRIPS_PUSHED ? TCP_PSH : 0,
			    i * NS_PER_SEC);
		}
		return;
	case SYNACKS_FOR_EVER:
		for (unsigned i = 0; i < 200; i++)
			put(w, c, TCP_SYN | TCP_ACK, PEER_ISS, c->iss + 1, i * 100 * NS_PER_MS);
		return;
	case SYNS_FOR_EVER:
		for (unsigned i = 0; i < 200; i++)
			put(w, c, TCP_SYN, PEER_ISS + 1 + i, 0, i * 100 * NS_PER_MS);
		return;
	case KEEPALIVES_FOR_EVER:
		for (unsigned i = 0; i < 200; i++) {
			o = put(w, c, TCP_ACK, PEER_ISS, c->iss + 1, i * 100 * NS_PER_MS);
			put_bytes(o, "k", i % 2);
		}
		return;
	default:
		return;
	}
}

/* ---- the network ---- */

static void on_send(struct world *w, const struct tx_req *req)
{
	if (req->kind != TX_REQ_SEGMENT)
		return;
	net.n_sent++;
	struct conn_seen *c = NULL;
	for (unsigned i = 0; i < net.n_conns; i++)
		if (memcmp(&net.conns[i].flow, &req->flow, sizeof(req->flow)) == 0)
			c = &net.conns[i];
	if (!c) {
		assert_true(net.n_conns < CONNS_MAX);
		c = &net.conns[net.n_conns++];
		*c = (struct conn_seen){.flow = req->flow, .iss = req->seq, .since_ns = w->now_ns};
	}
	if (req->flags & TCP_RST) {
		c->is_reset = true;
		return;
	}
	if (req->flags & TCP_SYN) {
		on_syn(w, c);
		return;
	}
	bool was_up = c->rcv_nxt != 0;
	c->rcv_nxt = req->ack;
	uint32_t end = req->seq + req->payload_len;
	if (seq_lt(c->snd_max, end))
		c->snd_max = end;
	if (!was_up)
		on_established(w, c);
	if (req->payload_len) {
		unsigned n_before = net.n_out;
		on_data(w, c, req);
		if (net.manner == ECHO)
			memcpy(net.out[n_before].payload,
			    sig_set_get_probe(w->engine->set, req->probe_id)->bytes +
				req->probe_off,
			    req->payload_len);
	}
}

static void deliver_due(struct world *w)
{
	for (;;) {
		unsigned first = net.n_out;
		for (unsigned i = 0; i < net.n_out; i++)
			if (net.out[i].at_ns <= w->now_ns &&
			    (first == net.n_out || net.out[i].at_ns < net.out[first].at_ns))
				first = i;
		if (first == net.n_out)
			return;
		static struct out o;
		o = net.out[first];
		memmove(&net.out[first], &net.out[first + 1],
		    (net.n_out - first - 1) * sizeof(net.out[0]));
		net.n_out--;
		if (o.s.flags == 0xff) {
			struct icmp_error e;
			memcpy(&e, o.payload, sizeof(e));
			engine_icmp(w->engine, &e, w->now_ns);
			continue;
		}
		o.s.payload = o.payload;
		o.s.options = o.payload;
		world_inject(w, &o.s);
	}
}

/* Plays one manner; returns how long the session lasted. */
static int64_t play(struct world *w, enum manner manner)
{
	struct target target = the_target();
	struct cookie cookie;
	memset(&net, 0, sizeof(net));
	net.manner = manner;
	w->on_send = on_send;
	cookie_make(&w->config.cookie, &target, 0, &cookie);
	net.conns[net.n_conns++] = (struct conn_seen){.flow = cookie.flow,
	    .iss = cookie.iss,
	    .snd_max = cookie.iss + 1,
	    .since_ns = w->now_ns};
	int64_t begin_ns = w->now_ns;
	on_syn(w, &net.conns[0]);
	int64_t end_ns = 0;
	for (int i = 0; i < 60000; i++) {
		w->now_ns += 2 * NS_PER_MS;
		deliver_due(w);
		engine_tick(w->engine, w->now_ns);
		if (engine_count_sessions(w->engine))
			end_ns = w->now_ns;
		else if (net.n_out == 0)
			break;
	}
	return end_ns ? end_ns - begin_ns : 0;
}

static void check(struct world *w, enum manner manner, int64_t lasted_ns)
{
	const struct row *row = &rows[manner];
	print_message("           %s: %zu record, %u packets, %.1f s\n", row->name, w->n_records,
	    net.n_sent, (double)lasted_ns / 1e9);
	world_check_clean(w);
	assert_int_equal(w->n_records, row->outcome >= 0);
	if (row->outcome >= 0) {
		struct target target = the_target();
		const struct record *r = world_record(w, &target);
		assert_int_equal(r->outcome, row->outcome);
		assert_string_equal(r->protocol, row->protocol);
	}
	/* Never more than a few packets, and one for each that came. */
	assert_in_range(net.n_sent, 0, 20 + w->n_received);
	/* Two connections with patience of 5 s after a handshake of at most 5 s, and some waiting. */
	assert_in_range(lasted_ns, 0, 25 * NS_PER_SEC);
}

static void test_each_gets_what_it_deserves(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	config.hyperack_threshold = 0;
	for (int m = 0; m < MANNER_COUNT; m++) {
		assert_non_null(rows[m].name);
		/* Two connections at most; those that speak first need one. */
		struct world *w = world_create(&config, "http,tls", (uint64_t)m + 1);
		int64_t lasted_ns = play(w, (enum manner)m);
		check(w, (enum manner)m, lasted_ns);
		world_destroy(w);
	}
}

static void test_and_when_hosts_are_tested_too(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	for (int m = 0; m < MANNER_COUNT; m++) {
		struct world *w = world_create(&config, "auto", (uint64_t)m + 1);
		play(w, (enum manner)m);
		world_check_clean(w);
		assert_int_equal(w->n_records, rows[m].outcome >= 0);
		assert_in_range(net.n_sent, 0, 60 + w->n_received);
		world_destroy(w);
	}
}

static void test_what_comes_after_the_end_is_answered_in_measure(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	config.n_hyperack = 0;
	config.hyperack_threshold = 0;
	struct world *w = world_create(&config, "http", 1);
	int64_t lasted_ns = play(w, DATA_ON_SYNACK);
	assert_true(lasted_ns < NS_PER_SEC + config.hold_ns);
	world_run(w, 200 * NS_PER_MS); /* by now our RST has been there */
	struct conn_seen *c = &net.conns[0];
	unsigned before = net.n_sent;
	/* A gigabyte a second of the connection's tail. */
	static const uint8_t bytes[1400];
	for (unsigned i = 0; i < 100000; i++) {
		struct segment s = {.flow = c->flow,
		    .seq = PEER_ISS + 100 + i * 1400,
		    .ack = c->iss + 1,
		    .flags = TCP_ACK,
		    .window = 100,
		    .options = bytes,
		    .payload = bytes,
		    .payload_len = 1400};
		world_inject(w, &s);
	}
	assert_in_range(net.n_sent - before, 1, 1000);
	assert_int_equal(w->n_records, 1);
	world_check_clean(w);
	world_destroy(w);
}

static void test_a_flood_of_forged_syn_acks_leaves_nothing_behind(void **state)
{
	(void)state;
	struct engine_config config = world_config();
	struct world *w = world_create(&config, "http", 1);
	memset(&net, 0, sizeof(net));
	w->on_send = on_send;
	struct rng rng = {7};
	for (unsigned i = 0; i < 1000000; i++) {
		struct segment s = {
		    .flow = {.laddr = config.cookie.laddr_v4,
			.raddr = ipaddr_from_v4((uint32_t)rng_next(&rng)),
			.lport = (uint16_t)(32768 + rng_below(&rng, 28232)),
			.rport = (uint16_t)rng_next(&rng)},
		    .seq = (uint32_t)rng_next(&rng),
		    .ack = (uint32_t)rng_next(&rng),
		    .flags = TCP_SYN | TCP_ACK,
		    .window = 5000,
		    .options = (const uint8_t *)"",
		    .payload = (const uint8_t *)"",
		};
		world_inject(w, &s);
	}
	assert_int_equal(counters_get(&w->counters, COUNTER_synack_bad_cookie), 1000000);
	assert_int_equal(engine_count_sessions(w->engine), 0);
	assert_int_equal(net.n_sent, 0);
	world_check_clean(w);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_gets_what_it_deserves),
	    cmocka_unit_test(test_and_when_hosts_are_tested_too),
	    cmocka_unit_test(test_what_comes_after_the_end_is_answered_in_measure),
	    cmocka_unit_test(test_a_flood_of_forged_syn_acks_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
