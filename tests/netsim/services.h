#ifndef NETSIM_SERVICES_H
#define NETSIM_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The servers that netsim can play, from services.def. */

/* Classes of client data. A server knows its own kind of question and nothing else. */
enum {
	WAKE_HTTP = 1 << 0,     /* a request line of HTTP, read to its empty line */
	WAKE_TLS = 1 << 1,      /* a whole TLS record of a handshake */
	WAKE_NEWLINES = 1 << 2, /* nothing but CR and LF */
	WAKE_TEXT = 1 << 3,     /* any other line of text */
	WAKE_BINARY = 1 << 4,   /* anything else */
	WAKE_OWN = 1 << 5,      /* the protocol's own first message */
	WAKE_WAIT = 1 << 6,     /* no data at all: only in lists of what a scanner does */
};

enum {
	AFTER_CLOSE = 1 << 0, /* FIN after the greeting or reply */
	OTHER_CLOSE = 1 << 1, /* FIN after data that it does not understand */
	OTHER_RESET = 1 << 2, /* RST after data that it does not understand */
};

enum own {
	OWN_NONE,
	OWN_TPKT,
	OWN_REDIS,
	OWN_POSTGRES,
	OWN_MQTT,
	OWN_MODBUS,
	OWN_DNS,
	OWN_SMB,
	OWN_LDAP,
	OWN_SIP,
	OWN_SOCKS,
	OWN_COUNT,
};

enum service_id {
#define SERVICE(id, protocol, port, greeting, wakes, own, reply, other, flags) SERVICE_##id,
#include "tests/netsim/services.def"
#undef SERVICE
	SERVICE_COUNT,
};

#define SERVICE_NONE ((uint8_t)0xff)

struct service {
	const char *id;
	const char *protocol;
	uint16_t port;
	const char *greeting;
	uint16_t greeting_len;
	uint8_t wakes;
	uint8_t own; /* enum own */
	const char *reply;
	uint16_t reply_len;
	const char *other;
	uint16_t other_len;
	uint8_t flags;
};

/* The row of one service; id < SERVICE_COUNT. */
const struct service *service_get(unsigned id);

/* What a client has said so far, enough of it to know its class. Fed in order, constant size. */
enum { PROBE_HEAD_MAX = 36 };
struct probe_view {
	uint8_t head[PROBE_HEAD_MAX]; /* the first bytes */
	uint8_t tail[4];              /* the last four */
	bool has_empty_line;          /* CR LF CR LF came by: a request was complete */
	uint32_t len;                 /* how many in all */
};

void probe_view_add(struct probe_view *view, const uint8_t *bytes, size_t len);

/* The class of what was said, as this service sees it, or 0 while the message is not complete (an
 * HTTP request without its empty line, half a TLS record, a line without its end). */
uint8_t probe_classify(const struct probe_view *view, const struct service *service);

/* Answers that depend on the question (DNS, Modbus): writes up to cap bytes for this view to buf and
 * returns how many; 0: the canned reply is the answer. */
size_t service_make_reply(
    const struct service *service, const struct probe_view *view, uint8_t *buf, size_t cap);

#endif
