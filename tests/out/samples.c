/* samples: made-up results for tests and benchmarks of out/. Pure. */
#include "tests/out/samples.h"

#include <stdio.h>
#include <string.h>

uint64_t sample_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t *state, uint64_t n)
{
	return sample_next(state) % n;
}

/* Bytes that serialisers stumble over, in random order: quotes, escapes, controls, broken and cut
 * UTF-8, invisible characters, other scripts, plain text. */
static size_t fill_hostile(uint64_t *state, uint8_t *p, size_t cap)
{
	static const char *const pieces[] = {"\"", "\\", "\r\n", "\t", "\x1b[31m", "\x7f", "\xff",
	    "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80", "\xe2\x80\xae", "\xef\xbb\xbf", "\xc2\x85", "\xc3\xa9", "</script>",
	    "\\u0000", "=1+1", "a,b;c", "HTTP/1.1 200 OK", "\xef\xbf\xbf", "'"};
	size_t len = 0;
	while (len < cap) {
		if (below(state, 3) == 0) {
			p[len++] = (uint8_t)sample_next(state);
			continue;
		}
		const char *piece = pieces[below(state, sizeof(pieces) / sizeof(pieces[0]))];
		size_t n = strlen(piece);
		if (n > cap - len)
			n = cap - len;
		memcpy(p + len, piece, n);
		len += n;
	}
	return len;
}

static struct ipaddr random_addr(uint64_t *state)
{
	if (below(state, 2))
		return ipaddr_from_v4((uint32_t)sample_next(state));
	uint64_t hi = sample_next(state);
	return ipaddr_from_u64(hi, below(state, 2) ? 1 : sample_next(state));
}

static void fill_captures(uint64_t *state, struct sig_verdict *v, size_t n)
{
	static const char *const names[] = {
	    "product", "version", "hostname", "os", "realm", "hostname", "extra", "title"};
	for (size_t i = 0; i < n && i < SIG_CAPTURES_MAX; i++) {
		v->captures[i].name = names[below(state, 8)];
		v->captures[i].len = (uint8_t)fill_hostile(
		    state, (uint8_t *)v->captures[i].text, below(state, SIG_CAPTURE_LEN + 1));
	}
}

static void make_hostile(struct result *r, uint64_t *s)
{
	r->target.addr = random_addr(s);
	r->target.port = (uint16_t)(1 + below(s, 65535));
	r->laddr = random_addr(s);
	r->lport = (uint16_t)sample_next(s);
	r->synack_wall_ns = (int64_t)below(s, UINT64_C(4102444800000000000));
	r->rtt_ns = below(s, 4) ? (int64_t)below(s, 10000000000) : -1;
	r->outcome = (uint8_t)below(s, OUTCOME_COUNT);
	bool has_data = r->outcome <= OUTCOME_UNIDENTIFIED;
	r->n_probes_sent = (uint8_t)below(s, 3);
	r->ttl = (uint8_t)sample_next(s);
	r->is_server_first = below(s, 2);
	r->is_decoy = below(s, 2);
	r->is_pseudo_service = below(s, 2);
	r->is_aliased_prefix = below(s, 2);
	r->is_truncated = below(s, 2);
	r->window = (uint16_t)sample_next(s);
	r->probe_id = SIG_PROBE_NONE;
	r->unreachable_code = (uint8_t)sample_next(s);
	r->tcp_options_len = (uint8_t)below(s, RESULT_TCP_OPTIONS_MAX + 1);
	for (size_t i = 0; i < r->tcp_options_len; i++)
		r->tcp_options[i] = (uint8_t)(below(s, 4) ? below(s, 10) : sample_next(s));
	r->hyperack.verdict = (uint8_t)below(s, HYPERACK_VERDICT_COUNT);
	r->hyperack.n_tested = r->hyperack.n_synack = r->hyperack.n_acked_data =
	    (uint8_t)below(s, 9);
	r->response_ns = has_data ? (int64_t)below(s, 5000000000) : -1;
	if (has_data)
		r->data_len = (uint16_t)fill_hostile(s, r->data, 1 + below(s, RESULT_DATA_MAX));
	if (r->outcome == OUTCOME_IDENTIFIED) {
		r->verdict.protocol = below(s, 2) ? "http" : "ssh";
		r->verdict.rule = below(s, 2) ? "http-status-line" : NULL;
		r->verdict.confidence = (float)below(s, 1001) / 1000.0F;
		for (size_t i = 0; i < below(s, SIG_LAYERS_MAX + 1); i++)
			r->verdict.layers[i] = "tls";
		fill_captures(s, &r->verdict, below(s, SIG_CAPTURES_MAX + 1));
	} else if (has_data && below(s, 2)) {
		for (size_t i = 0; i <= below(s, SIG_CANDIDATES_MAX); i++)
			r->verdict.candidates[i] = "smtp";
	}
}

static void make_plain(struct result *r, uint64_t *s)
{
	r->target.addr = ipaddr_from_v4((uint32_t)sample_next(s));
	r->target.port = (uint16_t)(below(s, 2) ? 80 : 8080);
	r->laddr = ipaddr_from_v4(0xc0000201);
	r->lport = (uint16_t)(32768 + below(s, 16384));
	r->synack_wall_ns = INT64_C(1792000000000000000) + (int64_t)below(s, 3600000000000);
	r->rtt_ns = (int64_t)below(s, 200000000);
	r->response_ns = (int64_t)below(s, 300000000);
	r->outcome = OUTCOME_IDENTIFIED;
	r->n_probes_sent = 1;
	r->ttl = (uint8_t)(40 + below(s, 24));
	r->window = 65160;
	r->probe_id = SIG_PROBE_NONE;
	static const uint8_t options[] = {
	    2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 3, 7};
	memcpy(r->tcp_options, options, sizeof(options));
	r->tcp_options_len = sizeof(options);
	r->verdict.protocol = "http";
	r->verdict.rule = "http-status-line";
	r->verdict.confidence = 0.998F;
	r->verdict.captures[0] = (struct sig_capture){.name = "product", .len = 5, .text = "nginx"};
	r->verdict.captures[1] =
	    (struct sig_capture){.name = "version", .len = 6, .text = "1.22.1"};
	int n = snprintf((char *)r->data, sizeof(r->data),
	    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 %02u:%02u:%02u GMT\r\n"
	    "Content-Type: text/html\r\nContent-Length: %u\r\nConnection: keep-alive\r\n"
	    "ETag: \"%08x-%x\"\r\nAccept-Ranges: bytes\r\n\r\n<!DOCTYPE html>\n<html>\n<head>\n"
	    "<title>Host %u</title>\n",
	    (unsigned)below(s, 24), (unsigned)below(s, 60), (unsigned)below(s, 60),
	    (unsigned)below(s, 9999), (unsigned)sample_next(s), (unsigned)below(s, 65536),
	    (unsigned)below(s, 100000));
	r->data_len = (uint16_t)n;
}

static void make_worst(struct result *r, uint64_t *s)
{
	make_hostile(r, s);
	memset(&r->target.addr, 0xee, sizeof(r->target.addr));
	memset(&r->laddr, 0xee, sizeof(r->laddr));
	r->outcome = OUTCOME_IDENTIFIED;
	r->is_decoy = r->is_pseudo_service = r->is_aliased_prefix = r->is_truncated = true;
	r->rtt_ns = r->response_ns = INT64_MAX;
	r->ttl = 255;
	r->data_len = RESULT_DATA_MAX;
	memset(r->data, 0x01, sizeof(r->data));
	r->tcp_options_len = RESULT_TCP_OPTIONS_MAX;
	memset(r->tcp_options, 0x01, sizeof(r->tcp_options));
	r->hyperack = (struct hyperack_evidence){HYPERACK_YES, 255, 255, 255};
	static char name[300];
	memset(name, 0x7f, sizeof(name) - 1);
	r->verdict.protocol = r->verdict.rule = name;
	for (size_t i = 0; i < SIG_LAYERS_MAX; i++)
		r->verdict.layers[i] = name;
	for (size_t i = 0; i < SIG_CANDIDATES_MAX; i++)
		r->verdict.candidates[i] = name;
	static const char *const names[SIG_CAPTURES_MAX] = {
	    "product", "version", "c2", "c3", "c4", "c5", "c6", "c7"};
	for (size_t i = 0; i < SIG_CAPTURES_MAX; i++) {
		r->verdict.captures[i].name = names[i];
		r->verdict.captures[i].len = SIG_CAPTURE_LEN;
		memset(r->verdict.captures[i].text, 0x02, SIG_CAPTURE_LEN);
	}
}

void sample_make(struct result *out, enum sample_kind kind, uint64_t seed)
{
	/* The data area is not cleared: as in a pool, what is beyond data_len is left over. */
	memset(out, 0, offsetof(struct result, data));
	uint64_t state = seed;
	switch (kind) {
	case SAMPLE_HOSTILE:
		make_hostile(out, &state);
		return;
	case SAMPLE_PLAIN:
		make_plain(out, &state);
		return;
	case SAMPLE_WORST:
		make_worst(out, &state);
		return;
	}
}
