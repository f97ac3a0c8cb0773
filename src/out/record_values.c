/* record_values: what a result says about each field of fields.def. Pure; a field without a getter
 * here does not compile. Sources: IANA TCP option kinds (names as tcpdump prints them). */
#include "out/record_values.h"

#include <string.h>

#include "base/clock.h"
#include "base/cursor.h"
#include "base/dassert.h"
#include "out/geo.h"

/* Longest text taken from a database or a capture; RECORD_LINE_MAX counts on it. */
enum { TEXT_MAX = 256 };

static bool set_bytes(struct record_value *out, const void *p, size_t len, size_t max_len)
{
	out->bytes.p = p;
	out->bytes.len = len;
	out->bytes.max_len = max_len;
	return p && len > 0;
}

static bool set_name(struct record_value *out, const char *name)
{
	return set_bytes(out, name, name ? strnlen(name, TEXT_MAX) : 0, TEXT_MAX);
}

static bool set_integer(struct record_value *out, uint64_t v)
{
	out->integer = v;
	return true;
}

static bool set_true(struct record_value *out, bool is_set)
{
	out->boolean = true;
	return is_set;
}

/* Nanoseconds as milliseconds with microseconds after the point; negative: unknown. */
static bool set_ms(struct record_value *out, int64_t ns)
{
	out->number.v = ns / NS_PER_US;
	out->number.decimals = 3;
	return ns >= 0;
}

static bool get_ip(const struct record_view *view, struct record_value *out)
{
	out->ip = &view->result->target.addr;
	return true;
}

static bool get_port(const struct record_view *view, struct record_value *out)
{
	return set_integer(out, view->result->target.port);
}

static bool get_ts(const struct record_view *view, struct record_value *out)
{
	out->time_ns = view->result->synack_wall_ns;
	return true;
}

static bool get_outcome(const struct record_view *view, struct record_value *out)
{
	return set_name(out, fields_get_outcome_name((enum outcome)view->result->outcome));
}

static bool is_identified(const struct record_view *view)
{
	return view->result->outcome == OUTCOME_IDENTIFIED;
}

static bool get_protocol(const struct record_view *view, struct record_value *out)
{
	return is_identified(view) && set_name(out, view->result->verdict.protocol);
}

static bool get_confidence(const struct record_view *view, struct record_value *out)
{
	float c = view->result->verdict.confidence;
	/* Also false for NaN, which JSON cannot write. */
	bool is_number = c >= 0.0F && c <= 1.0F;
	out->number.v = is_number ? (int64_t)(c * 1000.0F + 0.5F) : 0;
	out->number.decimals = 3;
	return is_identified(view) && is_number;
}

static bool get_rule(const struct record_view *view, struct record_value *out)
{
	return is_identified(view) && set_name(out, view->result->verdict.rule);
}

/* ["a","b"] of up to n names; a NULL name ends them. */
static void put_names(struct text *t, const char *const *names, size_t n)
{
	text_putc(t, '[');
	for (size_t i = 0; i < n && names[i]; i++) {
		text_puts(t, i == 0 ? "\"" : ",\"");
		text_put_printable(t, (const uint8_t *)names[i], strnlen(names[i], TEXT_MAX),
		    TEXT_MAX, TEXT_QUOTE_JSON);
		text_putc(t, '"');
	}
	text_putc(t, ']');
}

static void put_layers(struct text *t, const struct record_view *view)
{
	put_names(t, view->result->verdict.layers, SIG_LAYERS_MAX);
}

static bool get_layers(const struct record_view *view, struct record_value *out)
{
	out->put_json = put_layers;
	return view->result->verdict.layers[0] != NULL;
}

static void put_candidates(struct text *t, const struct record_view *view)
{
	put_names(t, view->result->verdict.candidates, SIG_CANDIDATES_MAX);
}

static bool get_candidates(const struct record_view *view, struct record_value *out)
{
	out->put_json = put_candidates;
	return view->result->verdict.candidates[0] != NULL;
}

/* Most names are one string each or differ at once. */
static inline bool is_name(const char *a, const char *b)
{
	return a == b || (a[0] == b[0] && strcmp(a, b) == 0);
}

/* The first capture of that name, or NULL. */
static const struct sig_capture *find_capture(const struct sig_verdict *verdict, const char *name)
{
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++)
		if (is_name(verdict->captures[i].name, name))
			return &verdict->captures[i];
	return NULL;
}

static size_t capture_len(const struct sig_capture *capture)
{
	return capture->len < SIG_CAPTURE_LEN ? capture->len : SIG_CAPTURE_LEN;
}

static bool set_capture(const struct record_view *view, const char *name, struct record_value *out)
{
	const struct sig_capture *c = find_capture(&view->result->verdict, name);
	return c && set_bytes(out, c->text, capture_len(c), SIG_CAPTURE_LEN);
}

static bool get_product(const struct record_view *view, struct record_value *out)
{
	return set_capture(view, "product", out);
}

static bool get_version(const struct record_view *view, struct record_value *out)
{
	return set_capture(view, "version", out);
}

/* Is captures[i] one of details: not a field of its own, not empty, not a name seen before? */
static bool is_detail(const struct sig_verdict *verdict, size_t i)
{
	const struct sig_capture *c = &verdict->captures[i];
	return c->len > 0 && !is_name(c->name, "product") && !is_name(c->name, "version") &&
	       find_capture(verdict, c->name) == c;
}

static void put_details(struct text *t, const struct record_view *view)
{
	const struct sig_verdict *verdict = &view->result->verdict;
	char sep = '{';
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++) {
		if (!is_detail(verdict, i))
			continue;
		const struct sig_capture *c = &verdict->captures[i];
		text_putc(t, sep);
		text_putc(t, '"');
		text_put_printable(t, (const uint8_t *)c->name, strnlen(c->name, TEXT_MAX),
		    TEXT_MAX, TEXT_QUOTE_JSON);
		text_put(t, "\":\"", 3);
		text_put_printable(
		    t, (const uint8_t *)c->text, capture_len(c), SIG_CAPTURE_LEN, TEXT_QUOTE_JSON);
		text_putc(t, '"');
		sep = ',';
	}
	text_putc(t, '}');
}

static bool get_details(const struct record_view *view, struct record_value *out)
{
	const struct sig_verdict *verdict = &view->result->verdict;
	out->put_json = put_details;
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++)
		if (is_detail(verdict, i))
			return true;
	return false;
}

static bool get_probe(const struct record_view *view, struct record_value *out)
{
	return set_name(out, view->probe_name);
}

static bool get_probes_sent(const struct record_view *view, struct record_value *out)
{
	return set_integer(out, view->result->n_probes_sent);
}

static bool get_rtt_ms(const struct record_view *view, struct record_value *out)
{
	return set_ms(out, view->result->rtt_ns);
}

static bool get_response_ms(const struct record_view *view, struct record_value *out)
{
	return set_ms(out, view->result->response_ns);
}

/* No SYN-ACK has TTL 0 on arrival: then it was never seen (a connection taken over). */
static bool is_synack_known(const struct record_view *view)
{
	return view->result->ttl != 0;
}

static bool get_ttl(const struct record_view *view, struct record_value *out)
{
	return set_integer(out, view->result->ttl) && is_synack_known(view);
}

static bool get_window(const struct record_view *view, struct record_value *out)
{
	return set_integer(out, view->result->window);
}

enum { OPTION_ROOM = 15, OPTION_KINDS = 35 };

static const struct option_name {
	char text
	    [OPTION_ROOM]; /* "name", with its quotes and a comma, and zeros: copied as a whole */
	uint8_t len;       /* 0: no name */
} option_names[OPTION_KINDS] = {
#define OPTION(kind, name) [kind] = {"\"" name "\",", sizeof(name) + 2}
    OPTION(0, "eol"),
    OPTION(1, "nop"),
    OPTION(2, "mss"),
    OPTION(3, "wscale"),
    OPTION(4, "sackOK"),
    OPTION(5, "sack"),
    OPTION(8, "ts"),
    OPTION(19, "md5"),
    OPTION(28, "uto"),
    OPTION(29, "tcp-ao"),
    OPTION(30, "mptcp"),
    OPTION(34, "tfo"),
#undef OPTION
};

static void put_option(struct text *t, uint8_t kind)
{
	if (kind < OPTION_KINDS && option_names[kind].len) {
		text_put_short(t, option_names[kind].text, OPTION_ROOM, option_names[kind].len);
		return;
	}
	text_puts(t, "\"unknown-");
	text_put_u64(t, kind);
	text_puts(t, "\",");
}

static void put_tcp_options(struct text *t, const struct record_view *view)
{
	const struct result *r = view->result;
	size_t len = r->tcp_options_len;
	struct cursor c = cursor_make(
	    r->tcp_options, len < RESULT_TCP_OPTIONS_MAX ? len : RESULT_TCP_OPTIONS_MAX);
	text_putc(t, '[');
	size_t start = t->len;
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind > 1) { /* all others carry their length, which counts kind and length */
			uint8_t option_len = cursor_u8(&c);
			if (option_len < 2)
				c.is_short = true;
			else
				cursor_take(&c, option_len - 2U);
		}
		if (c.is_short)
			text_puts(t, "\"bad\",");
		else
			put_option(t, kind);
		if (c.is_short || kind == 0)
			break;
	}
	if (t->len > start)
		t->len--; /* the last comma */
	text_putc(t, ']');
}

static bool get_tcp_options(const struct record_view *view, struct record_value *out)
{
	out->put_json = put_tcp_options;
	return is_synack_known(view);
}

static bool get_server_first(const struct record_view *view, struct record_value *out)
{
	out->boolean = view->result->is_server_first;
	return view->result->data_len > 0;
}

static bool get_unreachable_code(const struct record_view *view, struct record_value *out)
{
	out->integer = view->result->unreachable_code;
	return view->result->outcome == OUTCOME_UNREACHABLE;
}

static void put_hyperacktive(struct text *t, const struct record_view *view)
{
	const struct hyperack_evidence *e = &view->result->hyperack;
	text_puts(t, "{\"verdict\":");
	text_puts(t, e->verdict == HYPERACK_YES ? "true" : "false");
	text_puts(t, ",\"tested\":");
	text_put_u64(t, e->n_tested);
	text_puts(t, ",\"synack\":");
	text_put_u64(t, e->n_synack);
	text_puts(t, ",\"acked_data\":");
	text_put_u64(t, e->n_acked_data);
	text_putc(t, '}');
}

static bool get_hyperacktive(const struct record_view *view, struct record_value *out)
{
	out->put_json = put_hyperacktive;
	return view->result->hyperack.verdict != HYPERACK_UNTESTED;
}

static bool get_pseudo_service(const struct record_view *view, struct record_value *out)
{
	return set_true(out, view->result->is_pseudo_service);
}

static bool get_decoy(const struct record_view *view, struct record_value *out)
{
	return set_true(out, view->result->is_decoy);
}

static bool get_aliased_prefix(const struct record_view *view, struct record_value *out)
{
	return set_true(out, view->result->is_aliased_prefix);
}

static bool get_data(const struct record_view *view, struct record_value *out)
{
	return set_bytes(out, view->result->data, view->result->data_len, RESULT_DATA_MAX);
}

static bool get_data_truncated(const struct record_view *view, struct record_value *out)
{
	return set_true(out, view->result->is_truncated);
}

static bool get_banner(const struct record_view *view, struct record_value *out)
{
	return set_bytes(out, view->result->data, view->result->data_len, RECORD_BANNER_MAX);
}

static bool set_geo_text(struct record_value *out, const struct geo_text *text)
{
	return set_bytes(out, text->p, text->len, TEXT_MAX);
}

static bool get_country(const struct record_view *view, struct record_value *out)
{
	return view->geo && set_geo_text(out, &view->geo->country);
}

static bool get_city(const struct record_view *view, struct record_value *out)
{
	return view->geo && set_geo_text(out, &view->geo->city);
}

static bool get_lat(const struct record_view *view, struct record_value *out)
{
	if (!view->geo || !view->geo->has_position)
		return false;
	out->number.v = view->geo->lat_e4;
	out->number.decimals = 4;
	return true;
}

static bool get_lon(const struct record_view *view, struct record_value *out)
{
	if (!view->geo || !view->geo->has_position)
		return false;
	out->number.v = view->geo->lon_e4;
	out->number.decimals = 4;
	return true;
}

static bool get_asn(const struct record_view *view, struct record_value *out)
{
	return view->geo && view->geo->has_asn && set_integer(out, view->geo->asn);
}

static bool get_as_org(const struct record_view *view, struct record_value *out)
{
	return view->geo && set_geo_text(out, &view->geo->as_org);
}

static bool get_source_ip(const struct record_view *view, struct record_value *out)
{
	out->ip = &view->result->laddr;
	return true;
}

static bool get_source_port(const struct record_view *view, struct record_value *out)
{
	return set_integer(out, view->result->lport);
}

static bool (*const getters[FIELD_COUNT])(const struct record_view *, struct record_value *) = {
#define FIELD(key, type, when, limits, present, help) [FIELD_##key] = get_##key,
#include "out/fields.def"
#undef FIELD
};

bool record_get_value(const struct record_view *view, enum field_id id, struct record_value *out)
{
	assert(id < FIELD_COUNT);
	return getters[id](view, out);
}
