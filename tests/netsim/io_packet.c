/* io_packet: frames through AF_PACKET: a TPACKET_V2 receive ring and sendmmsg past the queueing
 * discipline. I/O thread. For kernels without AF_XDP. Refuses frames that this host sent itself.
 * Source: the kernel's Documentation/networking/packet_mmap.rst, packet(7). */
#define _GNU_SOURCE
#include "tests/netsim/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SLOT_LEN = 2048,
	BLOCK_LEN = 1 << 16,
	N_BLOCKS = 256,
	N_SLOTS = N_BLOCKS * (BLOCK_LEN / SLOT_LEN)
};
enum { BATCH = 256, TX_BATCH = 64 };

struct io {
	int rx_fd;
	int tx_fd;
	uint8_t *ring;
	unsigned at;
	unsigned n_tx;
	struct mmsghdr messages[TX_BATCH];
	struct iovec vectors[TX_BATCH];
	uint8_t frames[TX_BATCH][SLOT_LEN];
	struct io_counts counts;
};

static void packet_close(struct io *io)
{
	if (!io)
		return;
	if (io->ring)
		munmap(io->ring, (size_t)BLOCK_LEN * N_BLOCKS);
	if (io->rx_fd >= 0)
		close(io->rx_fd);
	if (io->tx_fd >= 0)
		close(io->tx_fd);
	free(io);
}

static int setup(struct io *io, unsigned ifindex)
{
	/* protocol 0 until bound: no frame of another interface gets in */
	io->rx_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	io->tx_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (io->rx_fd < 0 || io->tx_fd < 0)
		return -errno;
	int version = TPACKET_V2, on = 1;
	struct tpacket_req req = {.tp_block_size = BLOCK_LEN,
	    .tp_block_nr = N_BLOCKS,
	    .tp_frame_size = SLOT_LEN,
	    .tp_frame_nr = N_SLOTS};
	if (setsockopt(io->rx_fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
	    setsockopt(io->rx_fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0 ||
	    setsockopt(io->rx_fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(io->tx_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		return -errno;
	io->ring = mmap(
	    NULL, (size_t)BLOCK_LEN * N_BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, io->rx_fd, 0);
	if (io->ring == MAP_FAILED) {
		io->ring = NULL;
		return -errno;
	}
	struct packet_mreq promisc = {.mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_PROMISC};
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex};
	if (bind(io->tx_fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)) < 0)
		return -errno;
	addr.sll_protocol = htons(ETH_P_ALL);
	if (setsockopt(io->rx_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) <
		0 ||
	    bind(io->rx_fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)) < 0)
		return -errno;
	for (int i = 0; i < TX_BATCH; i++) {
		io->vectors[i].iov_base = io->frames[i];
		io->messages[i].msg_hdr =
		    (struct msghdr){.msg_iov = &io->vectors[i], .msg_iovlen = 1};
	}
	return 0;
}

static int packet_open(const char *interface, struct diag *diag, struct io **out)
{
	unsigned ifindex = if_nametoindex(interface);
	if (ifindex == 0)
		return diag_set(diag, -ENODEV, "%s: no such interface", interface);
	struct io *io = calloc(1, sizeof(*io));
	if (!io)
		return -ENOMEM;
	io->rx_fd = io->tx_fd = -1;
	int err = setup(io, ifindex);
	if (err) {
		packet_close(io);
		return diag_set(diag, err, "%s: AF_PACKET: %s", interface, strerror(-err));
	}
	*out = io;
	return 0;
}

static struct tpacket2_hdr *slot_at(const struct io *io, uint32_t at)
{
	return (struct tpacket2_hdr *)(void *)(io->ring + (size_t)(at % N_SLOTS) * SLOT_LEN);
}

static unsigned receive_chunk(struct io *io, io_frames_fn *fn, void *ctx)
{
	struct frame_view frames[IO_CHUNK];
	unsigned n = 0;
	for (; n < IO_CHUNK; n++) {
		const struct tpacket2_hdr *header = slot_at(io, io->at + n);
		if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			break;
		frames[n] = (struct frame_view){
		    (const uint8_t *)header + header->tp_mac, header->tp_snaplen};
	}
	if (n)
		fn(ctx, frames, n);
	for (unsigned i = 0; i < n; i++)
		__atomic_store_n(
		    &slot_at(io, io->at + i)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	io->at = (io->at + n) % N_SLOTS;
	return n;
}

static unsigned packet_receive(struct io *io, io_frames_fn *fn, void *ctx)
{
	unsigned n = 0, more;
	do {
		more = receive_chunk(io, fn, ctx);
		n += more;
	} while (more == IO_CHUNK && n < BATCH);
	io->counts.n_rx += n;
	return n;
}

static void packet_flush(struct io *io)
{
	unsigned done = 0;
	for (int tries = 0; done < io->n_tx && tries < 1000; tries++) {
		int n = sendmmsg(io->tx_fd, io->messages + done, io->n_tx - done, 0);
		if (n > 0)
			done += (unsigned)n;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			break;
	}
	io->counts.n_tx += done;
	io->counts.n_tx_dropped += io->n_tx - done;
	io->n_tx = 0;
}

static void packet_send(struct io *io, const uint8_t *frame, size_t len)
{
	if (len > SLOT_LEN) {
		io->counts.n_tx_dropped++;
		return;
	}
	memcpy(io->frames[io->n_tx], frame, len);
	io->vectors[io->n_tx].iov_len = len;
	if (++io->n_tx == TX_BATCH)
		packet_flush(io);
}

static void packet_wait(struct io *io, int timeout_ms)
{
	struct pollfd p = {.fd = io->rx_fd, .events = POLLIN};
	(void)poll(&p, 1, timeout_ms);
}

static void packet_get_counts(struct io *io, struct io_counts *out)
{
	struct tpacket_stats s;
	socklen_t len = sizeof(s);
	/* the kernel's figures start anew with every reading */
	if (getsockopt(io->rx_fd, SOL_PACKET, PACKET_STATISTICS, &s, &len) == 0)
		io->counts.n_rx_dropped += s.tp_drops;
	*out = io->counts;
}

const struct io_ops io_packet = {
    .name = "packet",
    .open = packet_open,
    .close = packet_close,
    .receive = packet_receive,
    .send = packet_send,
    .flush = packet_flush,
    .wait = packet_wait,
    .get_counts = packet_get_counts,
};
