#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

/* Netlink in our own types: the only user of libmnl is netlink.c. Everything here runs in the main
 * thread, nearly all of it before the packet threads start. A socket, a request under construction, a transaction. */

enum netlink_bus { NETLINK_BUS_ROUTE, NETLINK_BUS_NETFILTER, NETLINK_BUS_SOCKETS };

struct netlink; /* opaque: one socket */

/* A request, or a batch of them: messages one after the other in a fixed buffer. Overflow is sticky
 * and reported by netlink_transact (-EMSGSIZE). Kernel headers live in host order; addresses and
 * nf_tables attributes are the caller's to swap. */
enum { NETLINK_REQ_MAX = 8192 };

struct netlink_req {
	_Alignas(8) uint8_t buf[NETLINK_REQ_MAX];
	size_t len; /* bytes in use, all messages */
	size_t cur; /* offset of the message under construction */
	bool is_full;
};

/* One attribute of an answer; p is NULL when it is absent. Borrowed from the receive buffer: valid
 * in the callback only. */
struct netlink_attr {
	const uint8_t *p;
	size_t len;
};

/* One message of an answer, valid in the callback only. */
struct netlink_msg {
	uint16_t type;     /* RTM_NEWROUTE, ... */
	const void *head;  /* the family's fixed header (struct rtmsg, ...), after netlink_attrs */
	const void *nlmsg; /* private to netlink.c */
};

/* Called for each message of an answer or each notification. Returns 0 to go on, a positive number
 * to stop a netlink_wait (transactions read on to their end), or a negative errno to fail. */
typedef int (*netlink_cb)(const struct netlink_msg *msg, void *arg);

/* Opens a socket. Returns 0, or a negative errno of socket(2) or bind(2) (-EPROTONOSUPPORT: the
 * kernel lacks the bus). *out is owned by the caller: netlink_close. */
int netlink_open(enum netlink_bus bus, struct netlink **out) __attribute__((warn_unused_result));

/* Closes the socket; NULL is allowed. What belongs to the socket (an nf_tables table with an owner)
 * dies with it. */
void netlink_close(struct netlink *nl);

/* Receives notifications of a multicast group (RTNLGRP_*). Returns 0 or a negative errno. */
int netlink_join(struct netlink *nl, unsigned group) __attribute__((warn_unused_result));

/* The port number that the kernel knows this socket by. */
uint32_t netlink_port(const struct netlink *nl);

void netlink_req_init(struct netlink_req *req);

/* Starts the next message of req.
 *   type      message type (RTM_GETROUTE, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE, ...)
 *   flags     NLM_F_*; NLM_F_REQUEST is added. The transaction ends with the answer to the last
 *             message that has NLM_F_ACK or NLM_F_DUMP: one must
 *   head      fixed header of the family, head_len bytes, copied */
void netlink_begin(
    struct netlink_req *req, uint16_t type, uint16_t flags, const void *head, size_t head_len);

/* Appends one attribute to the message under construction. */
void netlink_put(struct netlink_req *req, uint16_t type, const void *value, size_t len);
void netlink_put_u32(struct netlink_req *req, uint16_t type, uint32_t value);
void netlink_put_str(struct netlink_req *req, uint16_t type, const char *value);

/* Opens a nested attribute; the token goes to netlink_nest_end. */
size_t netlink_nest_begin(struct netlink_req *req, uint16_t type);
void netlink_nest_end(struct netlink_req *req, size_t token);

/* Sends req and reads the answer to its end (acknowledgement of the last message, end of the dump,
 * or the first error), at most 5 s.
 *   cb    called for every message of the answer; NULL when only the acknowledgement matters
 *   diag  the kernel's own words about an error (extended acknowledgement), when it had any; else
 *         left alone. May be NULL
 * Returns 0, the kernel's negative errno, the callback's, -EMSGSIZE (req too large), -ETIMEDOUT, or
 * -EAGAIN: a dump was overtaken by a change, ask again. */
int netlink_transact(struct netlink *nl, struct netlink_req *req, netlink_cb cb, void *arg,
    struct diag *diag) __attribute__((warn_unused_result));

/* Asks for a whole table. A dump that a change overtakes is asked for again, at most DUMP_TRIES
 * times in all.
 *   type      RTM_GETLINK, SOCK_DIAG_BY_FAMILY, ...
 *   head      the family's fixed header, head_len bytes
 *   restart   forgets what cb has gathered in arg: called before each try
 * Returns 0, -EAGAIN (the table never held still), or as netlink_transact. */
int netlink_dump(struct netlink *nl, uint16_t type, const void *head, size_t head_len,
    netlink_cb cb, void (*restart)(void *arg), void *arg) __attribute__((warn_unused_result));

/* Reads notifications until cb returns non-zero or the monotonic clock reaches deadline_ns.
 * Returns cb's positive value, 0 at the deadline, or a negative errno (-ENOBUFS: notifications were
 * lost; look at the state again and go on). */
int netlink_wait(struct netlink *nl, int64_t deadline_ns, netlink_cb cb, void *arg)
    __attribute__((warn_unused_result));

/* The attributes of msg by type: attrs[t] for t < n_attrs; absent ones and ones of other types are
 * {NULL, 0}. head_len is the length of the family's fixed header. Malformed attributes end the
 * walk. Returns false (and no attributes) when the message is shorter than the header: msg->head
 * must not be read then. */
bool netlink_attrs(const struct netlink_msg *msg, size_t head_len, struct netlink_attr *attrs,
    size_t n_attrs) __attribute__((warn_unused_result));

/* The same for the attributes nested in payload. */
void netlink_attrs_nested(
    const void *payload, size_t len, struct netlink_attr *attrs, size_t n_attrs);

/* A 32-bit attribute in host order; fallback when it is absent or shorter. */
uint32_t netlink_attr_u32(const struct netlink_attr *attr, uint32_t fallback);

#endif
