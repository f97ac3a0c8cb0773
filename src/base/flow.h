#ifndef BASE_FLOW_H
#define BASE_FLOW_H

#include "base/ipaddr.h"

/* Whom to probe: what targets/ yields and everyone else speaks of. port in host order, 1..65535. */
struct target {
	struct ipaddr addr;
	uint16_t port;
};

/* One SYN to send: of a target's attempts the number'th, from 0. The bytes are what its cookie is made of. */
struct attempt {
	struct target target;
	uint16_t number;
};

/* One TCP connection. local is always the scanner, remote the target; ports in host order.
 * 36 bytes without padding: memcmp is equality, the bytes are the hash key. */
struct flow {
	struct ipaddr laddr;
	struct ipaddr raddr;
	uint16_t lport;
	uint16_t rport;
};

_Static_assert(sizeof(struct target) == 18, "no padding");
_Static_assert(sizeof(struct attempt) == 20, "no padding");
_Static_assert(sizeof(struct flow) == 36, "no padding");

#endif
