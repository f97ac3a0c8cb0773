#ifndef WIRE_COOKIE_H
#define WIRE_COOKIE_H

#include "base/flow.h"
#include "base/hash.h"

/* What makes first contact stateless: source address, source port and initial sequence number of a
 * SYN are a keyed hash of the target, so that its SYN-ACK proves that we sent it (the idea of RFC
 * 4987 section 3.6 turned round). Copied by value; constant during a scan. */
struct cookie_params {
	struct hash_key key;
	struct ipaddr
	    laddr_v4; /* lowest source address of each family; all zero: family not used */
	struct ipaddr laddr_v6;
	uint32_t n_laddr_v4; /* consecutive source addresses from there */
	uint32_t n_laddr_v6;
	uint16_t port_lo; /* source ports port_lo .. port_lo+n_ports-1 */
	uint32_t n_ports;
};

struct cookie {
	struct flow flow;
	uint32_t iss;
};

/* The connection number of first contacts is the attempt (0, 1 ...); later connections of a session
 * count from COOKIE_SESSION_BASE. */
enum { COOKIE_SESSION_BASE = 256 };

/* Makes flow and initial send sequence number for connection number n to target. O(1). */
void cookie_make(const struct cookie_params *params, const struct target *target, uint16_t n,
    struct cookie *out);

/* The hashes that the cookies of n attempts are made of, to hashes[0..n-1]: many at once are much cheaper. */
void cookie_hash(
    const struct cookie_params *params, const struct attempt *attempts, size_t n, uint64_t *hashes);

/* One of n >= 1 addresses from base on, chosen by hash. */
struct ipaddr cookie_pick_laddr(const struct ipaddr *base, uint32_t n, uint64_t hash);

/* cookie_make(params, target, n, out), given what cookie_hash() says of target and n. */
static inline void cookie_from_hash(const struct cookie_params *params, const struct target *target,
    uint64_t hash, struct cookie *out)
{
	bool is_v4 = ipaddr_is_v4(&target->addr);
	const struct ipaddr *base = is_v4 ? &params->laddr_v4 : &params->laddr_v6;
	uint32_t n = is_v4 ? params->n_laddr_v4 : params->n_laddr_v6;
	out->iss = (uint32_t)hash;
	out->flow.raddr = target->addr;
	out->flow.rport = target->port;
	out->flow.lport = (uint16_t)(params->port_lo + ((hash >> 32) * params->n_ports >> 32));
	out->flow.laddr = n <= 1 ? *base : cookie_pick_laddr(base, n, hash);
}

/* Does a SYN-ACK on flow with this ack answer the SYN of connection number n? */
bool cookie_check(
    const struct cookie_params *params, const struct flow *flow, uint32_t ack, uint16_t n);

/* cookie_check(params, flow, ack, n), given what cookie_hash() says of flow's target and n. */
bool cookie_check_hash(
    const struct cookie_params *params, const struct flow *flow, uint32_t ack, uint64_t hash);

#endif
