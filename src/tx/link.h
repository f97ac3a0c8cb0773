#ifndef TX_LINK_H
#define TX_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/ipaddr.h"
#include "tx/backend.h"
#include "wire/decode.h"
#include "wire/patch.h"

/* One family's way out: packet templates made by libnet, and libnet's own injection, the portable
 * back end. The only user of libnet. Owned by one sender thread. Opaque. */
struct link;

enum link_syn_style { LINK_SYN_LINUX, LINK_SYN_WINDOWS, LINK_SYN_MSS, LINK_SYN_NONE };

struct link_config {
	bool is_v4;
	enum link_type type;   /* LINK_ETHERNET has a header in its templates */
	uint8_t source_mac[6]; /* LINK_ETHERNET */
	struct ipaddr laddr;   /* any address of the family: it is patched */
	uint16_t mtu;          /* of IP packets */
	enum link_syn_style style;
};

/* Makes the templates; opens no socket. Returns 0, -ENOMEM, or -EIO with libnet's reason in diag. The
 * caller owns *out. */
int link_create(const struct link_config *config, struct diag *diag, struct link **out)
    __attribute__((warn_unused_result));
void link_destroy(struct link *link);

const struct template *link_get_syn(const struct link *link);
/* Segments of open connections, with or without the timestamp option. */
const struct template *link_get_segment(const struct link *link, bool has_ts);

/* The window scale that SYNs of this style offer; 0: none. */
uint8_t link_wscale(enum link_syn_style style);
/* The MSS that packets of this link can carry (RFC 9293 section 3.7.1). */
uint16_t link_mss(bool is_v4, uint16_t mtu);

struct link_injector {
	bool is_v4;
	bool is_raw_socket; /* IP packets through the kernel's stack: loopback, tun; else frames */
	const char *interface; /* borrowed for the call */
	uint32_t socket_mark;  /* SO_MARK of a raw socket; 0: none */
};

/* Opens libnet's injection as a transmit back end: the portable last resort, and the one that goes
 * through the kernel's stack (is_raw_socket). Needs CAP_NET_RAW. Returns 0, -ENOMEM, or -EIO with the
 * reason in diag. The caller owns *out. */
int link_open_injector(const struct link_injector *config, struct diag *diag,
    struct tx_backend **out) __attribute__((warn_unused_result));

/* Builds the same packet wholly in libnet, checksums and all: the oracle for patch_packet in tests.
 * Returns the length, at most size, or a negative errno. */
int link_build_oracle(struct link *link, const struct patch *patch, bool is_syn, bool has_ts,
    uint8_t *frame, size_t size);

#endif
