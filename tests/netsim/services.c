/* services: the table of servers and what wakes each. Pure, any thread. Refuses to parse deeper than
 * the first message: netsim plays first answers only. Sources: see services.def. */
#include "autoconfig.h" /* memmem */

#include "tests/netsim/services.h"

#include <assert.h>
#include <string.h>

#include "tests/netsim/frame.h"

static const struct service services[SERVICE_COUNT] = {
#define SERVICE(id_, protocol_, port_, greeting_, wakes_, own_, reply_, other_, flags_)            \
	[SERVICE_##id_] = {.id = #id_,                                                             \
	    .protocol = protocol_,                                                                 \
	    .port = port_,                                                                         \
	    .greeting = greeting_,                                                                 \
	    .greeting_len = sizeof(greeting_) - 1,                                                 \
	    .wakes = (wakes_) | ((own_) != OWN_NONE ? WAKE_OWN : 0),                               \
	    .own = own_,                                                                           \
	    .reply = reply_,                                                                       \
	    .reply_len = sizeof(reply_) - 1,                                                       \
	    .other = other_,                                                                       \
	    .other_len = sizeof(other_) - 1,                                                       \
	    .flags = flags_},
#include "tests/netsim/services.def"
#undef SERVICE
};

const struct service *service_get(unsigned id)
{
	assert(id < SERVICE_COUNT);
	return &services[id];
}

void probe_view_add(struct probe_view *view, const uint8_t *bytes, size_t len)
{
	static const char empty_line[] = "\r\n\r\n";
	if (view->len < PROBE_HEAD_MAX) {
		size_t room = PROBE_HEAD_MAX - view->len;
		memcpy(view->head + view->len, bytes, len < room ? len : room);
	}
	/* An end of line that began before these bytes shows in the first three of them. */
	for (size_t i = 0; i < len && i < 3; i++) {
		memmove(view->tail, view->tail + 1, 3);
		view->tail[3] = bytes[i];
		view->has_empty_line |= memcmp(view->tail, empty_line, 4) == 0;
	}
	if (len > 3) {
		view->has_empty_line |= memmem(bytes, len, empty_line, 4) != NULL;
		memcpy(view->tail, bytes + len - 4, 4);
	}
	view->len += (uint32_t)len;
}

static bool starts_with(const struct probe_view *view, const char *text, size_t len)
{
	return view->len >= len && memcmp(view->head, text, len) == 0;
}

static bool is_http(const struct probe_view *view)
{
	return starts_with(view, "GET ", 4) || starts_with(view, "HEAD ", 5) ||
	       starts_with(view, "POST ", 5) || starts_with(view, "OPTIONS /", 9) ||
	       starts_with(view, "OPTIONS * HTTP", 14);
}

/* Is this the first message of the service's own protocol? */
static bool own_matches(const struct probe_view *v, enum own own)
{
	const uint8_t *h = v->head;
	switch (own) {
	case OWN_NONE:
	case OWN_COUNT:
		return false;
	case OWN_TPKT:
		return v->len >= 11 && h[0] == 3 && h[1] == 0 && (h[5] & 0xf0) == 0xe0 &&
		       v->len >= frame_get16(h + 2);
	case OWN_REDIS:
		return v->tail[3] == '\n' && (starts_with(v, "PING", 4) || h[0] == '*');
	case OWN_POSTGRES:
		return starts_with(v, "\x00\x00\x00\x08\x04\xd2\x16\x2f", 8);
	case OWN_MQTT:
		return v->len >= 10 && h[0] == 0x10 && h[2] == 0 && h[4] == 'M' && h[5] == 'Q';
	case OWN_MODBUS:
		return v->len >= 8 && h[2] == 0 && h[3] == 0 && v->len >= 6u + frame_get16(h + 4);
	case OWN_DNS:
		return v->len >= 14 && frame_get16(h) >= 12 && v->len >= 2u + frame_get16(h) &&
		       !(h[4] & 0x80) && frame_get16(h + 6) > 0;
	case OWN_SMB:
		return v->len >= 36 && h[0] == 0 && (h[4] == 0xff || h[4] == 0xfe) &&
		       memcmp(h + 5, "SMB", 3) == 0;
	case OWN_LDAP:
		return v->len >= 7 && h[0] == 0x30 && h[1] < 0x80 && h[2] == 2;
	case OWN_SIP:
		return starts_with(v, "OPTIONS sip:", 12) && v->has_empty_line;
	case OWN_SOCKS:
		return v->len >= 3 && h[0] == 5 && v->len >= 2u + h[1];
	}
	return false;
}

uint8_t probe_classify(const struct probe_view *view, const struct service *service)
{
	if (view->len == 0)
		return 0;
	if (own_matches(view, (enum own)service->own))
		return WAKE_OWN;
	const uint8_t *h = view->head;
	if (h[0] == 0x16) {
		if (view->len < 5)
			return 0;
		if (h[1] == 3)
			return view->len >= 5u + frame_get16(h + 3) ? WAKE_TLS : 0;
	}
	if (is_http(view))
		return view->has_empty_line ? WAKE_HTTP : 0;
	size_t n = view->len < PROBE_HEAD_MAX ? view->len : PROBE_HEAD_MAX;
	bool is_blank = true, is_text = true;
	for (size_t i = 0; i < n; i++) {
		bool is_end = h[i] == '\r' || h[i] == '\n';
		is_blank = is_blank && is_end;
		is_text = is_text && (is_end || h[i] == '\t' || (h[i] >= ' ' && h[i] < 0x7f));
	}
	if (is_blank)
		return WAKE_NEWLINES;
	if (is_text)
		return view->tail[3] == '\n' ? WAKE_TEXT : 0;
	return WAKE_BINARY;
}

/* REFUSED for the question asked (RFC 1035 section 4.1.1), the question section echoed when short. */
static size_t reply_dns(const struct probe_view *view, uint8_t *buf, size_t cap)
{
	size_t asked = frame_get16(view->head);
	bool is_echoing = asked + 2 <= PROBE_HEAD_MAX && asked + 2 <= cap;
	size_t len = is_echoing ? asked : 12;
	memcpy(buf, view->head, 2 + len);
	frame_put16(buf, (uint16_t)len);
	buf[4] |= 0x80;
	buf[5] = (uint8_t)((buf[5] & 0x10) | 5);
	if (!is_echoing)
		frame_put16(buf + 6, 0);
	memset(buf + 8, 0, 6);
	return 2 + len;
}

/* Exception 1, illegal function, for the function and transaction asked. */
static size_t reply_modbus(const struct probe_view *view, uint8_t *buf)
{
	memcpy(buf, view->head, 8);
	frame_put16(buf + 4, 3);
	buf[7] |= 0x80;
	buf[8] = 1;
	return 9;
}

size_t service_make_reply(
    const struct service *service, const struct probe_view *view, uint8_t *buf, size_t cap)
{
	if (service->own == OWN_DNS && cap >= 14)
		return reply_dns(view, buf, cap);
	if (service->own == OWN_MODBUS && cap >= 9)
		return reply_modbus(view, buf);
	return 0;
}
