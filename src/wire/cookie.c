/* cookie: keyed, stateless identity of our SYNs. Pure; any thread.
 * Sources: RFC 6528 (sequence numbers as keyed hash), RFC 4987 section 3.6 (SYN cookies). */
#include "wire/cookie.h"

#include "base/siphash.h"

_Static_assert((int)sizeof(struct attempt) <= (int)SIPHASH_MANY_LEN, "hashed as it is");

struct ipaddr cookie_pick_laddr(const struct ipaddr *base, uint32_t n, uint64_t hash)
{
	uint64_t hi, lo;
	ipaddr_get_u64(base, &hi, &lo);
	uint64_t add = (hash * UINT64_C(0x9e3779b97f4a7c15) >> 32) % n;
	if (lo + add < lo)
		hi++;
	return ipaddr_from_u64(hi, lo + add);
}

void cookie_hash(
    const struct cookie_params *params, const struct attempt *attempts, size_t n, uint64_t *hashes)
{
	siphash_many(&params->key, attempts, sizeof(*attempts), n, hashes);
}

void cookie_make(
    const struct cookie_params *params, const struct target *target, uint16_t n, struct cookie *out)
{
	struct attempt attempt = {*target, n};
	cookie_from_hash(
	    params, target, hash_siphash(&params->key, &attempt, sizeof(attempt)), out);
}

bool cookie_check_hash(
    const struct cookie_params *params, const struct flow *flow, uint32_t ack, uint64_t hash)
{
	struct target target = {flow->raddr, flow->rport};
	struct cookie c;
	cookie_from_hash(params, &target, hash, &c);
	return ack == c.iss + 1 && flow->lport == c.flow.lport &&
	       ipaddr_equal(&flow->laddr, &c.flow.laddr);
}

bool cookie_check(
    const struct cookie_params *params, const struct flow *flow, uint32_t ack, uint16_t n)
{
	struct attempt attempt = {{flow->raddr, flow->rport}, n};
	uint64_t hash;
	cookie_hash(params, &attempt, 1, &hash);
	return cookie_check_hash(params, flow, ack, hash);
}
