#ifndef RX_CAPTURE_H
#define RX_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "wire/decode.h"

/* Packets in, through libpcap: this is its only user. Live on one interface, or from a file. Owned by
 * one receiver thread after it was opened. Opaque. */
struct capture;

struct capture_config {
	const char *interface; /* borrowed for the call */
	const char *filter;    /* pcap-filter(7) text */
	uint32_t buffer_bytes; /* kernel ring */
	int timeout_ms;        /* a packet waits at most about so long in the ring */
	bool is_promiscuous;   /* also frames for other link-layer addresses and groups */
};

/* Opens an interface: TPACKET_V3 ring, incoming packets only, nanosecond stamps. Returns 0, -ENODEV,
 * -EPERM, -EIO with diag. The caller owns *out. */
int capture_open(const struct capture_config *config, struct diag *diag, struct capture **out)
    __attribute__((warn_unused_result));

/* Opens a capture file (pcap or pcapng; "-" is stdin). Returns 0, -ENOENT, -EINVAL with diag. */
int capture_open_file(const char *path, struct diag *diag, struct capture **out)
    __attribute__((warn_unused_result));

void capture_close(struct capture *capture);

/* The socket of a live capture, for options that libpcap does not know. Borrowed. */
int capture_get_fd(const struct capture *capture);

enum link_type capture_link_type(const struct capture *capture);

/* Called for each packet. bytes are borrowed for the call; len were captured of orig_len; wall_ns:
 * when it came, CLOCK_REALTIME. */
typedef void (*capture_cb)(void *ctx, const uint8_t *bytes, size_t len, int64_t wall_ns);

/* Handles up to max packets that are there; never waits. Returns how many, 0: none (for a file: its
 * end), or a negative errno with diag. */
int capture_read(struct capture *capture, int max, capture_cb cb, void *ctx, struct diag *diag)
    __attribute__((warn_unused_result));

/* Waits until a packet is there, at most timeout_ns, on n captures (at most 4). */
void capture_wait(struct capture *const *captures, size_t n, int64_t timeout_ns);

/* Packets that the kernel dropped since the start because the ring was full. False: not known. What the
 * interface drops is net/link_stats.h's to say. */
bool capture_stats(struct capture *capture, uint64_t *kernel_drops);

/* A capture file under construction, nanosecond stamps. Any thread may add packets. Opaque. */
struct capture_dump;

/* Creates path. link: LINK_ETHERNET keeps link headers; LINK_RAW_IP strips them. Returns 0 or -EIO
 * with diag. The caller owns *out. */
int capture_dump_open(const char *path, enum link_type link, struct diag *diag,
    struct capture_dump **out) __attribute__((warn_unused_result));

/* Adds one packet, which has the link header that from says. */
void capture_dump_packet(struct capture_dump *dump, enum link_type from, const uint8_t *bytes,
    size_t len, int64_t wall_ns);

/* Flushes and closes; NULL is fine. */
void capture_dump_close(struct capture_dump *dump);

#endif
