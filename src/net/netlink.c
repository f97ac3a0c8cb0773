/* netlink: the only user of libmnl. Owns the sockets and the walk over messages; knows nothing of
 * routes or rules. Runs before the packet threads start. Refuses to wait without bound: every
 * transaction ends within TRANSACT_TIMEOUT_NS.
 * Sources: RFC 3549, netlink(7), linux/netlink.h (extended acknowledgements). */
#include "net/netlink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/clock.h"

#define TRANSACT_TIMEOUT_NS (5 * NS_PER_SEC)

/* libmnl advises 32 KiB for dumps: the kernel fills as much as the reader offers. */
enum { RECV_BUF_LEN = 32768, DUMP_TRIES = 5 };

struct netlink {
	struct mnl_socket *sock;
	uint32_t next_seq;
	_Alignas(8) uint8_t recv_buf[RECV_BUF_LEN];
};

int netlink_open(enum netlink_bus bus, struct netlink **out)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	if (!nl)
		return -ENOMEM;
	int err = 0;
	nl->next_seq = 1;
	static const int buses[] = {[NETLINK_BUS_ROUTE] = NETLINK_ROUTE,
	    [NETLINK_BUS_NETFILTER] = NETLINK_NETFILTER,
	    [NETLINK_BUS_SOCKETS] = NETLINK_SOCK_DIAG};
	nl->sock = mnl_socket_open2(buses[bus], SOCK_CLOEXEC);
	if (!nl->sock) {
		err = -errno;
		goto fail;
	}
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail;
	}
	/* Older kernels lack these; then errors come without the kernel's words, or with the request
	 * echoed, and nothing else changes. */
	int on = 1;
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	*out = nl;
	return 0;
fail:
	netlink_close(nl);
	return err;
}

void netlink_close(struct netlink *nl)
{
	if (!nl)
		return;
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl);
}

int netlink_join(struct netlink *nl, unsigned group)
{
	int value = (int)group;
	if (mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &value, sizeof(value)) < 0)
		return -errno;
	return 0;
}

uint32_t netlink_port(const struct netlink *nl)
{
	return mnl_socket_get_portid(nl->sock);
}

void netlink_req_init(struct netlink_req *req)
{
	req->len = 0;
	req->cur = 0;
	req->is_full = false;
}

/* Netlink pads everything to four bytes. */
static size_t align4(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static struct nlmsghdr *req_cur(struct netlink_req *req)
{
	return (struct nlmsghdr *)(void *)(req->buf + req->cur);
}

void netlink_begin(
    struct netlink_req *req, uint16_t type, uint16_t flags, const void *head, size_t head_len)
{
	size_t need = sizeof(struct nlmsghdr) + align4(head_len);
	if (req->is_full || sizeof(req->buf) - req->len < need) {
		req->is_full = true;
		return;
	}
	req->cur = req->len;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req->buf + req->cur);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
	memcpy(mnl_nlmsg_put_extra_header(nlh, head_len), head, head_len);
	req->len = req->cur + align4(nlh->nlmsg_len);
}

void netlink_put(struct netlink_req *req, uint16_t type, const void *value, size_t len)
{
	struct nlmsghdr *nlh = req_cur(req);
	if (req->is_full ||
	    !mnl_attr_put_check(nlh, sizeof(req->buf) - req->cur, type, len, value)) {
		req->is_full = true;
		return;
	}
	/* The padding behind a value goes to the kernel too: nothing of our memory with it. */
	uint8_t *end = (uint8_t *)nlh + nlh->nlmsg_len;
	size_t padding = (4 - len % 4) % 4;
	memset(end - padding, 0, padding);
	req->len = req->cur + align4(nlh->nlmsg_len);
}

void netlink_put_u32(struct netlink_req *req, uint16_t type, uint32_t value)
{
	netlink_put(req, type, &value, sizeof(value));
}

void netlink_put_str(struct netlink_req *req, uint16_t type, const char *value)
{
	netlink_put(req, type, value, strlen(value) + 1);
}

size_t netlink_nest_begin(struct netlink_req *req, uint16_t type)
{
	struct nlmsghdr *nlh = req_cur(req);
	struct nlattr *nest = NULL;
	if (!req->is_full)
		nest = mnl_attr_nest_start_check(nlh, sizeof(req->buf) - req->cur, type);
	if (!nest) {
		req->is_full = true;
		return 0;
	}
	req->len = req->cur + align4(nlh->nlmsg_len);
	return (size_t)((uint8_t *)nest - req->buf);
}

void netlink_nest_end(struct netlink_req *req, size_t token)
{
	if (req->is_full)
		return;
	mnl_attr_nest_end(req_cur(req), (struct nlattr *)(void *)(req->buf + token));
}

/* Numbers the messages of req; returns the number of the last one that will be acknowledged (what
 * closes a batch is not). */
static uint32_t req_number(struct netlink *nl, struct netlink_req *req)
{
	int left = (int)req->len;
	struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)req->buf;
	uint32_t end_seq = nl->next_seq;
	while (mnl_nlmsg_ok(nlh, left)) {
		nlh->nlmsg_seq = nl->next_seq++;
		if ((nlh->nlmsg_flags & NLM_F_ACK) || (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
			end_seq = nlh->nlmsg_seq;
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	return end_seq;
}

/* Waits for input until deadline_ns. Returns 1, 0 (deadline) or a negative errno. */
static int wait_readable(const struct netlink *nl, int64_t deadline_ns)
{
	for (;;) {
		int64_t left_ns = deadline_ns - clock_mono_ns();
		if (left_ns <= 0)
			return 0;
		int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
		struct pollfd pfd = {.fd = mnl_socket_get_fd(nl->sock), .events = POLLIN};
		int n = poll(&pfd, 1, left_ms > 60000 ? 60000 : (int)left_ms);
		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* Reads one datagram. Returns its length, 0 at the deadline, or a negative errno. */
static ssize_t recv_some(struct netlink *nl, int64_t deadline_ns)
{
	for (;;) {
		int ready = wait_readable(nl, deadline_ns);
		if (ready <= 0)
			return ready;
		ssize_t n = mnl_socket_recvfrom(nl->sock, nl->recv_buf, sizeof(nl->recv_buf));
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return -errno;
	}
}

/* The kernel's words (NLMSGERR_ATTR_MSG) of an error message, to diag. */
static void read_ext_ack(const struct nlmsghdr *nlh, struct diag *diag)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	if (!diag || !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	size_t total = mnl_nlmsg_get_payload_len(nlh);
	size_t off = sizeof(*e);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) /* the whole request is repeated before the text */
		off += align4(e->msg.nlmsg_len) - sizeof(e->msg);
	if (off >= total)
		return;
	struct netlink_attr attrs[NLMSGERR_ATTR_MSG + 1];
	netlink_attrs_nested((const uint8_t *)mnl_nlmsg_get_payload(nlh) + off, total - off, attrs,
	    NLMSGERR_ATTR_MSG + 1);
	const struct netlink_attr *text = &attrs[NLMSGERR_ATTR_MSG];
	if (text->p)
		diag_set(diag, 0, "%.*s", (int)strnlen((const char *)text->p, text->len), text->p);
}

struct transaction {
	uint32_t first_seq, last_seq; /* of the request's messages */
	uint32_t end_seq;             /* its acknowledgement ends the transaction */
	netlink_cb cb;
	void *arg;
	struct diag *diag;
	bool is_interrupted; /* the dump was overtaken by a change */
};

/* One message of an answer. Returns 1 at the end of the transaction, 0 to go on, or an errno. */
static int transact_one(struct transaction *t, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq < t->first_seq || nlh->nlmsg_seq > t->last_seq)
		return 0; /* a notification, or the tail of an answer that was given up */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		t->is_interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR: {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
			return -EBADMSG;
		if (e->error != 0) {
			read_ext_ack(nlh, t->diag);
			return e->error < 0 ? e->error : -EPROTO;
		}
		return nlh->nlmsg_seq == t->end_seq ? 1 : 0;
	}
	case NLMSG_DONE:
		return 1;
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return 0;
	}
	if (!t->cb)
		return 0;
	struct netlink_msg msg = {
	    .type = nlh->nlmsg_type, .head = mnl_nlmsg_get_payload(nlh), .nlmsg = nlh};
	int rc = t->cb(&msg, t->arg);
	return rc < 0 ? rc : 0;
}

int netlink_transact(
    struct netlink *nl, struct netlink_req *req, netlink_cb cb, void *arg, struct diag *diag)
{
	if (req->is_full)
		return -EMSGSIZE;
	struct transaction t = {.first_seq = nl->next_seq, .cb = cb, .arg = arg, .diag = diag};
	t.end_seq = req_number(nl, req);
	t.last_seq = nl->next_seq - 1;
	if (mnl_socket_sendto(nl->sock, req->buf, req->len) < 0)
		return -errno;
	int64_t deadline_ns = clock_mono_ns() + TRANSACT_TIMEOUT_NS;
	for (;;) {
		ssize_t n = recv_some(nl, deadline_ns);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ETIMEDOUT;
		int left = (int)n;
		const struct nlmsghdr *nlh = (const void *)nl->recv_buf;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			int rc = transact_one(&t, nlh);
			if (rc < 0)
				return rc;
			if (rc > 0)
				return t.is_interrupted ? -EAGAIN : 0;
		}
	}
}

int netlink_dump(struct netlink *nl, uint16_t type, const void *head, size_t head_len,
    netlink_cb cb, void (*restart)(void *arg), void *arg)
{
	int err = -EAGAIN;
	for (int i = 0; i < DUMP_TRIES && err == -EAGAIN; i++) {
		struct netlink_req req;
		restart(arg);
		netlink_req_init(&req);
		netlink_begin(&req, type, NLM_F_DUMP, head, head_len);
		err = netlink_transact(nl, &req, cb, arg, NULL);
	}
	return err;
}

int netlink_wait(struct netlink *nl, int64_t deadline_ns, netlink_cb cb, void *arg)
{
	for (;;) {
		ssize_t n = recv_some(nl, deadline_ns);
		if (n <= 0)
			return (int)n;
		int left = (int)n;
		const struct nlmsghdr *nlh = (const void *)nl->recv_buf;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
				continue;
			struct netlink_msg msg = {.type = nlh->nlmsg_type,
			    .head = mnl_nlmsg_get_payload(nlh),
			    .nlmsg = nlh};
			int rc = cb(&msg, arg);
			if (rc != 0)
				return rc;
		}
	}
}

struct attr_walk {
	struct netlink_attr *attrs;
	size_t n_attrs;
};

static int attr_note(const struct nlattr *attr, void *arg)
{
	struct attr_walk *w = arg;
	size_t type = mnl_attr_get_type(attr);
	if (type < w->n_attrs)
		w->attrs[type] = (struct netlink_attr){
		    .p = mnl_attr_get_payload(attr), .len = mnl_attr_get_payload_len(attr)};
	return MNL_CB_OK;
}

bool netlink_attrs(
    const struct netlink_msg *msg, size_t head_len, struct netlink_attr *attrs, size_t n_attrs)
{
	memset(attrs, 0, n_attrs * sizeof(*attrs));
	if (mnl_nlmsg_get_payload_len(msg->nlmsg) < head_len)
		return false;
	struct attr_walk w = {.attrs = attrs, .n_attrs = n_attrs};
	(void)mnl_attr_parse(msg->nlmsg, (unsigned)head_len, attr_note, &w);
	return true;
}

void netlink_attrs_nested(
    const void *payload, size_t len, struct netlink_attr *attrs, size_t n_attrs)
{
	memset(attrs, 0, n_attrs * sizeof(*attrs));
	struct attr_walk w = {.attrs = attrs, .n_attrs = n_attrs};
	(void)mnl_attr_parse_payload(payload, len, attr_note, &w);
}

uint32_t netlink_attr_u32(const struct netlink_attr *attr, uint32_t fallback)
{
	uint32_t v;
	if (!attr->p || attr->len < sizeof(v))
		return fallback;
	memcpy(&v, attr->p, sizeof(v));
	return v;
}
