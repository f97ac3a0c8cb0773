/* link: packet templates and injection through libnet, its only user. Sender thread.
 * Sources: libnet's manual; RFC 9293 section 3.1; the option layouts are those of Linux 6
 * (MSS, SACK, timestamps, window scale) and Windows 10 (MSS, window scale, SACK), as seen on the
 * wire. */
#include "tx/link.h"

#include <errno.h>
#include <libnet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	OPTIONS_MAX = 40,
	SYN_WINDOW = 64240,
	TTL_LINUX = 64,
	TTL_WINDOWS = 128,
	DONT_FRAGMENT = 0x4000,
};

struct link {
	libnet_t *net; /* builds */
	bool is_v4;
	struct link_config config;
	struct template syn, segment, segment_ts;
};

uint8_t link_wscale(enum link_syn_style style)
{
	switch (style) {
	case LINK_SYN_LINUX:
		return 7;
	case LINK_SYN_WINDOWS:
		return 8;
	case LINK_SYN_MSS:
	case LINK_SYN_NONE:
		break;
	}
	return 0;
}

uint16_t link_mss(bool is_v4, uint16_t mtu)
{
	return (uint16_t)(mtu - (is_v4 ? 40 : 60));
}

/* The option bytes of a SYN. The timestamp value stands at an even offset, which patch_packet's
 * arithmetic wants. */
static size_t syn_options(const struct link_config *config, uint8_t out[OPTIONS_MAX])
{
	uint16_t mss = link_mss(config->is_v4, config->mtu);
	uint8_t mss_opt[4] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss};
	static const uint8_t linux_tail[16] = {4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};
	static const uint8_t windows_tail[8] = {1, 3, 3, 8, 1, 1, 4, 2};
	memcpy(out, mss_opt, 4);
	switch (config->style) {
	case LINK_SYN_LINUX:
		memcpy(out + 4, linux_tail, sizeof(linux_tail));
		return 4 + sizeof(linux_tail);
	case LINK_SYN_WINDOWS:
		memcpy(out + 4, windows_tail, sizeof(windows_tail));
		return 4 + sizeof(windows_tail);
	case LINK_SYN_MSS:
		return 4;
	case LINK_SYN_NONE:
		break;
	}
	return 0;
}

static const uint8_t ts_options[12] = {1, 1, 8, 10};

/* Everything libnet needs for one packet. */
struct recipe {
	const uint8_t *options;
	size_t options_len;
	const struct patch *patch; /* host order */
};

static int build_ip(struct link *link, const struct recipe *r, uint16_t tcp_len)
{
	const struct patch *p = r->patch;
	uint8_t ttl = link->config.style == LINK_SYN_WINDOWS ? TTL_WINDOWS : TTL_LINUX;
	if (link->is_v4) {
		return libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + tcp_len), 0, p->ip_id,
		    DONT_FRAGMENT, ttl, IPPROTO_TCP, 0, htonl(ipaddr_get_v4(&p->flow->laddr)),
		    htonl(ipaddr_get_v4(&p->flow->raddr)), NULL, 0, link->net, 0);
	}
	struct libnet_in6_addr src, dst;
	memcpy(&src, p->flow->laddr.b, 16);
	memcpy(&dst, p->flow->raddr.b, 16);
	return libnet_build_ipv6(0, 0, tcp_len, IPPROTO_TCP, ttl, src, dst, NULL, 0, link->net, 0);
}

/* Has libnet build the whole packet; copies it to frame. */
static int build(struct link *link, const struct recipe *r, uint8_t *frame, size_t size)
{
	const struct patch *p = r->patch;
	uint16_t tcp_len = (uint16_t)(LIBNET_TCP_H + r->options_len + p->payload_len);
	uint8_t *packet = NULL;
	uint32_t len = 0;
	int err = -EIO;
	libnet_clear_packet(link->net);
	if (r->options_len &&
	    libnet_build_tcp_options(r->options, (uint32_t)r->options_len, link->net, 0) < 0)
		return -EIO;
	if (libnet_build_tcp(p->flow->lport, p->flow->rport, p->seq, p->ack, p->flags, p->window, 0,
		0, tcp_len, p->payload_len ? p->payload : NULL, p->payload_len, link->net, 0) < 0)
		return -EIO;
	if (build_ip(link, r, tcp_len) < 0)
		return -EIO;
	static const uint8_t nowhere[6];
	uint16_t ethertype = link->is_v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
	if (link->config.type == LINK_ETHERNET &&
	    libnet_build_ethernet(p->dst_mac ? p->dst_mac : nowhere, link->config.source_mac,
		ethertype, NULL, 0, link->net, 0) < 0)
		return -EIO;
	if (libnet_pblock_coalesce(link->net, &packet, &len) < 0)
		return -EIO;
	if (len <= size) {
		memcpy(frame, packet, len);
		err = (int)len;
	}
	libnet_adv_free_packet(link->net, packet);
	return err;
}

static int make_template(struct link *link, const uint8_t *options, size_t options_len,
    const struct patch *patch, struct template *out)
{
	struct recipe recipe = {.options = options, .options_len = options_len, .patch = patch};
	uint8_t frame[TEMPLATE_MAX];
	int len = build(link, &recipe, frame, sizeof(frame));
	if (len < 0)
		return len;
	return template_init(out, frame, (size_t)len, link->config.type == LINK_ETHERNET ? 14 : 0);
}

static int make_templates(struct link *link)
{
	struct flow flow = {
	    .laddr = link->config.laddr, .raddr = link->config.laddr, .lport = 1, .rport = 1};
	struct patch patch = {.flow = &flow, .flags = TCP_SYN, .window = SYN_WINDOW};
	uint8_t options[OPTIONS_MAX];
	size_t n = syn_options(&link->config, options);
	int err = make_template(link, options, n, &patch, &link->syn);
	patch.flags = TCP_ACK;
	if (!err)
		err = make_template(link, NULL, 0, &patch, &link->segment);
	if (!err)
		err =
		    make_template(link, ts_options, sizeof(ts_options), &patch, &link->segment_ts);
	return err;
}

/* A context that builds and opens no socket: a link context's would be given every packet of the host. */
static int open_builder(struct link *link, struct diag *diag)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
	link->net = libnet_init(LIBNET_NONE, NULL, errbuf);
	if (link->net)
		return 0;
	errbuf[strcspn(errbuf, "\n")] = '\0';
	return diag_set(diag, -EIO, "libnet: %s", errbuf);
}

int link_create(const struct link_config *config, struct diag *diag, struct link **out)
{
	struct link *link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	link->config = *config;
	link->is_v4 = config->is_v4;
	int err = open_builder(link, diag);
	if (!err) {
		err = make_templates(link);
		if (err)
			diag_set(diag, err, "libnet cannot build packets: %s",
			    libnet_geterror(link->net));
	}
	if (err) {
		link_destroy(link);
		return err;
	}
	*out = link;
	return 0;
}

void link_destroy(struct link *link)
{
	if (!link)
		return;
	if (link->net)
		libnet_destroy(link->net);
	free(link);
}

const struct template *link_get_syn(const struct link *link)
{
	return &link->syn;
}

const struct template *link_get_segment(const struct link *link, bool has_ts)
{
	return has_ts ? &link->segment_ts : &link->segment;
}

/* ---- injection as a back end ---- */

struct libnet_backend {
	struct tx_backend base;
	libnet_t *net; /* injects */
	bool is_raw_socket;
	bool is_v4;
	size_t first, n; /* pending frames */
	uint32_t lens[TX_BATCH_MAX];
	uint8_t frames[TX_BATCH_MAX][TX_FRAME_MAX];
};

/* A link context knows Ethernet only; IP packets go through a raw socket. */
static int open_injector(
    struct libnet_backend *b, const struct link_injector *config, struct diag *diag)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
	int type = b->is_v4 ? LIBNET_RAW4_ADV : LIBNET_RAW6_ADV;
	b->net = libnet_init(b->is_raw_socket ? type : LIBNET_LINK_ADV, config->interface, errbuf);
	if (!b->net) {
		errbuf[strcspn(errbuf, "\n")] = '\0';
		return diag_set(diag, -EIO,
		    "%s: cannot open for sending: %s: run as root or with CAP_NET_RAW",
		    config->interface, errbuf);
	}
	int fd = libnet_getfd(b->net);
	if (b->is_raw_socket && config->socket_mark && fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &config->socket_mark, sizeof(config->socket_mark)) <
		0)
		return diag_set(diag, -EIO,
		    "%s: cannot mark the raw socket: %s: run as root or with CAP_NET_ADMIN",
		    config->interface, strerror(errno));
	return 0;
}

static int inject(const struct libnet_backend *b, const uint8_t *frame, uint32_t len)
{
	int n;
	errno = 0;
	if (!b->is_raw_socket)
		n = libnet_adv_write_link(b->net, frame, len);
	else if (b->is_v4)
		n = libnet_write_raw_ipv4(b->net, frame, len);
	else
		n = libnet_write_raw_ipv6(b->net, frame, len);
	if (n == (int)len)
		return 0;
	return errno ? -errno : -EIO;
}

static size_t libnet_reserve(struct tx_backend *base, struct tx_frame *frames, size_t n)
{
	struct libnet_backend *b = (struct libnet_backend *)(void *)base;
	if (b->n)
		return 0;
	for (size_t i = 0; i < n; i++)
		frames[i].bytes = b->frames[i];
	return n;
}

static void libnet_commit(struct tx_backend *base, const struct tx_frame *frames, size_t n)
{
	struct libnet_backend *b = (struct libnet_backend *)(void *)base;
	for (size_t i = 0; i < n; i++)
		b->lens[i] = frames[i].len;
	b->first = 0;
	b->n = n;
}

static int libnet_flush(struct tx_backend *base)
{
	struct libnet_backend *b = (struct libnet_backend *)(void *)base;
	while (b->n) {
		int err = inject(b, b->frames[b->first], b->lens[b->first]);
		if (err == -ENOBUFS || err == -EAGAIN) {
			base->stats.n_full++;
			return -EAGAIN;
		}
		if (err == -ENETDOWN || err == -ENXIO)
			return err;
		if (err)
			base->stats.n_lost++;
		else
			base->stats.n_sent++;
		b->first++;
		b->n--;
	}
	return 0;
}

static size_t libnet_pending(const struct tx_backend *base)
{
	return ((const struct libnet_backend *)(const void *)base)->n;
}

static void libnet_close(struct tx_backend *base)
{
	struct libnet_backend *b = (struct libnet_backend *)(void *)base;
	if (b->net)
		libnet_destroy(b->net);
	free(b);
}

int link_open_injector(
    const struct link_injector *config, struct diag *diag, struct tx_backend **out)
{
	static const struct tx_backend_ops ops = {
	    .reserve = libnet_reserve,
	    .commit = libnet_commit,
	    .flush = libnet_flush,
	    .pending = libnet_pending,
	    .close = libnet_close,
	};
	struct libnet_backend *b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->base.ops = &ops;
	b->base.name = config->is_raw_socket ? "libnet (raw socket)" : "libnet (link layer)";
	b->is_raw_socket = config->is_raw_socket;
	b->is_v4 = config->is_v4;
	int err = open_injector(b, config, diag);
	if (err) {
		libnet_close(&b->base);
		return err;
	}
	*out = &b->base;
	return 0;
}

int link_build_oracle(struct link *link, const struct patch *patch, bool is_syn, bool has_ts,
    uint8_t *frame, size_t size)
{
	uint8_t options[OPTIONS_MAX];
	size_t n = 0;
	if (is_syn) {
		n = syn_options(&link->config, options);
	} else if (has_ts) {
		memcpy(options, ts_options, sizeof(ts_options));
		n = sizeof(ts_options);
	}
	size_t ts_at = is_syn && link->config.style == LINK_SYN_LINUX ? 8 : has_ts ? 4 : 0;
	if (ts_at) {
		uint32_t ts[2] = {htonl(patch->tsval), htonl(patch->tsecr)};
		memcpy(options + ts_at, ts, sizeof(ts));
	}
	struct recipe recipe = {.options = options, .options_len = n, .patch = patch};
	return build(link, &recipe, frame, size);
}
