/* backend_packet: AF_PACKET with sendmmsg. Owns one socket and one batch of buffers; sender thread.
 * Refuses to wait: a full queue is the caller's -EAGAIN. Bypasses the queueing discipline, because
 * the limiter is what paces us, and because a qdisc that drops tells nobody.
 * Source: packet(7); Documentation/networking/packet_mmap.rst (PACKET_QDISC_BYPASS). sendmmsg was
 * measured against PACKET_TX_RING and was the faster one (516 and 422 kpps through veth). */
#include "autoconfig.h"

#include "tx/backend.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

enum {
	LINE_LEN = 64,
	/* Not a power of two: buffers a page apart would share a few cache sets. */
	BUFFER_LEN = TX_FRAME_MAX + LINE_LEN,
	SNDBUF_BYTES = 4 << 20,
};

struct tx_packet {
	struct tx_backend base;
	int fd;
	bool is_raw_ip;
	size_t n_committed; /* of this batch */
	size_t n_done;      /* of those, sent or lost */
	struct mmsghdr msgs[TX_BATCH_MAX];
	struct iovec iovs[TX_BATCH_MAX];
	struct sockaddr_ll to_v4, to_v6; /* for raw IP, where no header says the protocol */
	/* A SYN in two cache lines, not three: the kernel copies it when they have just been written. */
	_Alignas(LINE_LEN) uint8_t buffers[TX_BATCH_MAX][BUFFER_LEN];
};

static size_t packet_reserve(struct tx_backend *backend, struct tx_frame *frames, size_t n)
{
	struct tx_packet *p = (struct tx_packet *)backend;
	if (p->n_done == p->n_committed)
		p->n_done = p->n_committed = 0;
	size_t room = TX_BATCH_MAX - p->n_committed;
	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++)
		frames[i].bytes = p->buffers[p->n_committed + i];
	return n;
}

static void packet_commit(struct tx_backend *backend, const struct tx_frame *frames, size_t n)
{
	struct tx_packet *p = (struct tx_packet *)backend;
	for (size_t i = 0; i < n; i++) {
		size_t at = p->n_committed + i;
		p->iovs[at].iov_len = frames[i].len;
		if (p->is_raw_ip)
			p->msgs[at].msg_hdr.msg_name =
			    frames[i].bytes[0] >> 4 == 6 ? &p->to_v6 : &p->to_v4;
	}
	p->n_committed += n;
}

/* Errors that say something about the interface, not about one frame. */
static bool is_fatal(int err)
{
	return err == ENETDOWN || err == ENXIO || err == ENODEV || err == EBADF;
}

static int packet_flush(struct tx_backend *backend)
{
	struct tx_packet *p = (struct tx_packet *)backend;
	while (p->n_done < p->n_committed) {
		unsigned n = (unsigned)(p->n_committed - p->n_done);
		int rc = sendmmsg(p->fd, p->msgs + p->n_done, n, MSG_DONTWAIT);
		if (rc > 0) {
			p->n_done += (size_t)rc;
			backend->stats.n_sent += (uint64_t)rc;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == ENOBUFS || errno == EAGAIN) {
			backend->stats.n_full++;
			return -EAGAIN;
		}
		if (is_fatal(errno))
			return -errno;
		p->n_done++; /* this frame is refused: count it and go on with the next */
		backend->stats.n_lost++;
	}
	return 0;
}

static size_t packet_pending(const struct tx_backend *backend)
{
	const struct tx_packet *p = (const struct tx_packet *)backend;
	return p->n_committed - p->n_done;
}

static void packet_close(struct tx_backend *backend)
{
	struct tx_packet *p = (struct tx_packet *)backend;
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void fill_messages(struct tx_packet *p, const struct tx_config *config)
{
	p->to_v4 = (struct sockaddr_ll){.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IP),
	    .sll_ifindex = (int)config->ifindex};
	p->to_v6 = p->to_v4;
	p->to_v6.sll_protocol = htons(ETH_P_IPV6);
	for (size_t i = 0; i < TX_BATCH_MAX; i++) {
		p->iovs[i].iov_base = p->buffers[i];
		p->msgs[i].msg_hdr.msg_iov = &p->iovs[i];
		p->msgs[i].msg_hdr.msg_iovlen = 1;
		if (config->is_raw_ip)
			p->msgs[i].msg_hdr.msg_namelen = sizeof(p->to_v4);
	}
}

int tx_packet_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
{
	static const struct tx_backend_ops ops = {
	    packet_reserve, packet_commit, packet_flush, packet_pending, packet_close};
	struct tx_packet *p = aligned_alloc(_Alignof(struct tx_packet), sizeof(*p));
	if (!p)
		return diag_set(diag, -ENOMEM, "out of memory");
	memset(p, 0, offsetof(struct tx_packet, buffers));
	p->base.ops = &ops;
	p->base.name = "AF_PACKET";
	p->is_raw_ip = config->is_raw_ip;
	/* Protocol 0: this socket receives nothing. */
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		goto fail;
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = (int)config->ifindex};
	if (bind(p->fd, (struct sockaddr *)&at, sizeof(at)))
		goto fail;
	/* Only speed depends on these two: without them the queue is longer, or sooner full. */
	int on = 1, bytes = SNDBUF_BYTES;
	(void)setsockopt(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	if (setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		(void)setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	fill_messages(p, config);
	*out = &p->base;
	return 0;
fail:;
	int err = -errno;
	diag_set(diag, err, "%s: AF_PACKET: %s%s", config->interface, strerror(-err),
	    err == -EPERM ? ": CAP_NET_RAW is missing: run as root" : "");
	packet_close(&p->base);
	return err;
}
