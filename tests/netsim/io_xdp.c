/* io_xdp: frames through an AF_XDP socket in copy mode, with the kernel's own interface only: no
 * libxdp, no libbpf. I/O thread. Refuses zero copy (veth has none) and more than queue 0. The program
 * that hands every frame to us is six instructions and leaves with its link's descriptor.
 * Source: the kernel's Documentation/networking/af_xdp.rst and linux/if_xdp.h, linux/bpf.h. */
#include "tests/netsim/io.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What comes may wait for an eighth of a second at 260,000 frames a second: this thread shares its core. */
enum {
	RX_RING = 32768,
	TX_RING = 16384,
	FRAME_LEN = 2048,
	N_FRAMES = RX_RING + TX_RING,
	BATCH = 256
};

struct ring {
	uint32_t *producer;
	uint32_t *consumer;
	uint32_t *flags;
	void *entries;
	uint32_t cached; /* our side's index */
	uint32_t mask;
	void *map;
	size_t map_len;
};

struct io {
	int fd;
	int map_fd;
	int prog_fd;
	int link_fd;
	uint8_t *umem;
	struct ring fill, completion, rx, tx;
	uint64_t free_tx[TX_RING]; /* addresses of frames for sending */
	uint32_t n_free_tx;
	struct io_counts counts;
};

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* return bpf_redirect_map(&map, ctx->rx_queue_index, XDP_PASS) */
static int load_program(struct io *io)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_XSKMAP;
	attr.key_size = attr.value_size = sizeof(uint32_t);
	attr.max_entries = 1;
	io->map_fd = sys_bpf(BPF_MAP_CREATE, &attr);
	if (io->map_fd < 0)
		return -errno;
	const struct bpf_insn program[] = {
	    {.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = 2,
		.src_reg = 1,
		.off = offsetof(struct xdp_md, rx_queue_index)},
	    {.code = BPF_LD | BPF_DW | BPF_IMM,
		.dst_reg = 1,
		.src_reg = BPF_PSEUDO_MAP_FD,
		.imm = io->map_fd},
	    {.code = 0},
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = XDP_PASS},
	    {.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	static const char license[] = "Apache-2.0";
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = sizeof(program) / sizeof(program[0]);
	attr.license = (uintptr_t)license;
	attr.expected_attach_type = BPF_XDP;
	io->prog_fd = sys_bpf(BPF_PROG_LOAD, &attr);
	return io->prog_fd < 0 ? -errno : 0;
}

static int attach(struct io *io, unsigned ifindex)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	uint32_t key = 0, value = (uint32_t)io->fd;
	attr.map_fd = (uint32_t)io->map_fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	if (sys_bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)io->prog_fd;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = BPF_XDP;
	attr.link_create.flags = XDP_FLAGS_DRV_MODE;
	io->link_fd = sys_bpf(BPF_LINK_CREATE, &attr);
	if (io->link_fd < 0) {
		attr.link_create.flags = XDP_FLAGS_SKB_MODE;
		io->link_fd = sys_bpf(BPF_LINK_CREATE, &attr);
	}
	return io->link_fd < 0 ? -errno : 0;
}

static int map_ring(struct io *io, const struct xdp_ring_offset *off, uint64_t page_off, uint32_t n,
    size_t entry_len, struct ring *out)
{
	size_t len = off->desc + n * entry_len;
	uint8_t *map = mmap(
	    NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, io->fd, (off_t)page_off);
	if (map == MAP_FAILED)
		return -errno;
	out->map = map;
	out->map_len = len;
	out->producer = (uint32_t *)(void *)(map + off->producer);
	out->consumer = (uint32_t *)(void *)(map + off->consumer);
	out->flags = (uint32_t *)(void *)(map + off->flags);
	out->entries = map + off->desc;
	out->mask = n - 1;
	return 0;
}

static int make_rings(struct io *io)
{
	static const int sizes[][2] = {{XDP_UMEM_FILL_RING, RX_RING},
	    {XDP_UMEM_COMPLETION_RING, TX_RING}, {XDP_RX_RING, RX_RING}, {XDP_TX_RING, TX_RING}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (setsockopt(io->fd, SOL_XDP, sizes[i][0], &sizes[i][1], sizeof(int)) < 0)
			return -errno;
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	if (getsockopt(io->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len) < 0)
		return -errno;
	const size_t addr = sizeof(uint64_t), desc = sizeof(struct xdp_desc);
	int err = map_ring(io, &off.fr, XDP_UMEM_PGOFF_FILL_RING, RX_RING, addr, &io->fill);
	if (!err)
		err = map_ring(
		    io, &off.cr, XDP_UMEM_PGOFF_COMPLETION_RING, TX_RING, addr, &io->completion);
	if (!err)
		err = map_ring(io, &off.rx, XDP_PGOFF_RX_RING, RX_RING, desc, &io->rx);
	if (!err)
		err = map_ring(io, &off.tx, XDP_PGOFF_TX_RING, TX_RING, desc, &io->tx);
	return err;
}

static int make_umem(struct io *io)
{
	io->umem = mmap(NULL, (size_t)N_FRAMES * FRAME_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (io->umem == MAP_FAILED) {
		io->umem = NULL;
		return -errno;
	}
	struct xdp_umem_reg reg = {.addr = (uintptr_t)io->umem,
	    .len = (uint64_t)N_FRAMES * FRAME_LEN,
	    .chunk_size = FRAME_LEN};
	return setsockopt(io->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ? -errno : 0;
}

static void xdp_close(struct io *io)
{
	if (!io)
		return;
	const int fds[] = {io->link_fd, io->prog_fd, io->map_fd, io->fd};
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	struct ring *rings[] = {&io->fill, &io->completion, &io->rx, &io->tx};
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		if (rings[i]->map)
			munmap(rings[i]->map, rings[i]->map_len);
	if (io->umem)
		munmap(io->umem, (size_t)N_FRAMES * FRAME_LEN);
	free(io);
}

static int setup(struct io *io, unsigned ifindex)
{
	io->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (io->fd < 0)
		return -errno;
	int err = make_umem(io);
	if (!err)
		err = make_rings(io);
	if (err)
		return err;
	for (uint32_t i = 0; i < RX_RING; i++)
		((uint64_t *)io->fill.entries)[i] = (uint64_t)i * FRAME_LEN;
	for (uint32_t i = 0; i < TX_RING; i++)
		io->free_tx[i] = (uint64_t)(RX_RING + i) * FRAME_LEN;
	io->n_free_tx = TX_RING;
	io->fill.cached = RX_RING;
	__atomic_store_n(io->fill.producer, RX_RING, __ATOMIC_RELEASE);
	int size = 64 << 20;
	/* best effort: the default allows a few hundred frames in flight */
	if (setsockopt(io->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		errno = 0;
	struct sockaddr_xdp addr = {.sxdp_family = AF_XDP,
	    .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	    .sxdp_ifindex = ifindex};
	if (bind(io->fd, (const struct sockaddr *)(const void *)&addr, sizeof(addr)) < 0)
		return -errno;
	err = load_program(io);
	return err ? err : attach(io, ifindex);
}

static int xdp_open(const char *interface, struct diag *diag, struct io **out)
{
	unsigned ifindex = if_nametoindex(interface);
	if (ifindex == 0)
		return diag_set(diag, -ENODEV, "%s: no such interface", interface);
	struct io *io = calloc(1, sizeof(*io));
	if (!io)
		return -ENOMEM;
	io->fd = io->map_fd = io->prog_fd = io->link_fd = -1;
	int err = setup(io, ifindex);
	if (err) {
		xdp_close(io);
		return diag_set(diag, err, "%s: AF_XDP: %s", interface, strerror(-err));
	}
	*out = io;
	return 0;
}

/* Gives n frames to fn, then back to the kernel. */
static void receive_chunk(struct io *io, unsigned n, io_frames_fn *fn, void *ctx)
{
	struct frame_view frames[IO_CHUNK];
	const struct xdp_desc *descs = io->rx.entries;
	uint64_t *fill = io->fill.entries;
	for (unsigned i = 0; i < n; i++) {
		const struct xdp_desc *desc = &descs[(io->rx.cached + i) & io->rx.mask];
		frames[i] = (struct frame_view){io->umem + desc->addr, desc->len};
		__builtin_prefetch(frames[i].bytes);
		__builtin_prefetch(frames[i].bytes + 64);
	}
	fn(ctx, frames, n);
	for (unsigned i = 0; i < n; i++) {
		uint64_t addr = descs[io->rx.cached++ & io->rx.mask].addr;
		/* as many frames as the fill ring has places: never full */
		fill[io->fill.cached++ & io->fill.mask] = addr - addr % FRAME_LEN;
	}
}

static unsigned xdp_receive(struct io *io, io_frames_fn *fn, void *ctx)
{
	uint32_t have = __atomic_load_n(io->rx.producer, __ATOMIC_ACQUIRE) - io->rx.cached;
	unsigned n = have > BATCH ? BATCH : have;
	for (unsigned done = 0; done < n; done += IO_CHUNK)
		receive_chunk(io, n - done < IO_CHUNK ? n - done : IO_CHUNK, fn, ctx);
	if (n) {
		__atomic_store_n(io->rx.consumer, io->rx.cached, __ATOMIC_RELEASE);
		__atomic_store_n(io->fill.producer, io->fill.cached, __ATOMIC_RELEASE);
	}
	io->counts.n_rx += n;
	return n;
}

static void reap(struct io *io)
{
	uint32_t have =
	    __atomic_load_n(io->completion.producer, __ATOMIC_ACQUIRE) - io->completion.cached;
	const uint64_t *entries = io->completion.entries;
	for (uint32_t i = 0; i < have; i++)
		io->free_tx[io->n_free_tx++] =
		    entries[io->completion.cached++ & io->completion.mask];
	__atomic_store_n(io->completion.consumer, io->completion.cached, __ATOMIC_RELEASE);
}

static void xdp_flush(struct io *io)
{
	__atomic_store_n(io->tx.producer, io->tx.cached, __ATOMIC_RELEASE);
	for (int tries = 0; tries < 10000; tries++) {
		if (__atomic_load_n(io->tx.consumer, __ATOMIC_ACQUIRE) == io->tx.cached)
			break;
		if (sendto(io->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EBUSY && errno != ENOBUFS && errno != EINTR)
			break;
	}
	reap(io);
}

static void xdp_send(struct io *io, const uint8_t *frame, size_t len)
{
	if (io->n_free_tx == 0)
		xdp_flush(io);
	if (io->n_free_tx == 0 || len > FRAME_LEN) {
		io->counts.n_tx_dropped++;
		return;
	}
	uint64_t addr = io->free_tx[--io->n_free_tx];
	memcpy(io->umem + addr, frame, len);
	struct xdp_desc *descs = io->tx.entries;
	descs[io->tx.cached++ & io->tx.mask] =
	    (struct xdp_desc){.addr = addr, .len = (uint32_t)len};
	io->counts.n_tx++;
}

static void xdp_wait(struct io *io, int timeout_ms)
{
	struct pollfd p = {.fd = io->fd, .events = POLLIN};
	(void)poll(&p, 1, timeout_ms);
}

static void xdp_get_counts(struct io *io, struct io_counts *out)
{
	struct xdp_statistics s;
	socklen_t len = sizeof(s);
	*out = io->counts;
	if (getsockopt(io->fd, SOL_XDP, XDP_STATISTICS, &s, &len) == 0)
		out->n_rx_dropped = s.rx_dropped + s.rx_ring_full;
}

const struct io_ops io_xdp = {
    .name = "xdp",
    .open = xdp_open,
    .close = xdp_close,
    .receive = xdp_receive,
    .send = xdp_send,
    .flush = xdp_flush,
    .wait = xdp_wait,
    .get_counts = xdp_get_counts,
};
