#ifndef NETSIM_TRUTH_H
#define NETSIM_TRUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/flow.h"
#include "tests/netsim/config.h"

enum {
	TRAIT_SLOW = 1 << 0,
	TRAIT_SLOW_SYNACK = 1 << 1,
	TRAIT_LOSSY = 1 << 2,
	TRAIT_REORDER = 1 << 3,
	TRAIT_DUPLICATE = 1 << 4,
	TRAIT_SMALL_MSS = 1 << 5,
	TRAIT_GARBLE = 1 << 6,
	TRAIT_EXTHDR = 1 << 7,
	TRAIT_SYNACK_DATA = 1 << 8,
	TRAIT_KEEPALIVE = 1 << 9,
	TRAIT_HOSTILE = 1 << 10,
	TRAIT_OVERLAP = 1 << 11,
	TRAIT_SHUN = 1 << 12, /* a kind of host, not drawn as the others are */
	TRAIT_FRAGMENT = 1 << 13,
	TRAIT_HALT = 1 << 14,
};

/* What one target is, from configuration, seed, address and port alone. */
struct truth {
	uint8_t behaviour; /* enum behaviour */
	uint8_t service;   /* enum service_id, or SERVICE_NONE */
	uint16_t traits;   /* TRAIT_* */
	bool is_hyperacktive;
	bool is_pseudo;
	bool is_decoy;
	bool is_aliased;   /* in an aliased IPv6 /64 */
	bool is_dense;     /* in a highly responsive IPv4 /24 */
	uint64_t host;     /* hash of the address: everything else that differs between hosts */
	uint64_t endpoint; /* hash of address and port */
};

/* The truth about a target: FILTERED for IPv6 interface identifiers that look random, unless their
 * prefix is aliased. Pure, O(1), some tens of nanoseconds, any thread. */
void truth_get(const struct sim_config *cfg, const struct target *target, struct truth *out);

/* A value of a range for one host and purpose, ms. */
uint32_t truth_range_ms(const struct range_ms *range, uint64_t host, uint64_t purpose);

/* The outcome that a scanner should report, in the words of its records, or "-" for no record. It
 * depends on cfg->probes, what the scanner is assumed to send. */
const char *truth_outcome(
    const struct sim_config *cfg, const struct target *target, const struct truth *truth);

/* One JSON line with everything. */
void truth_print(FILE *out, const struct sim_config *cfg, const struct target *target);

/* Reads "ip,port" or "[ip]:port" or "ip:port" (IPv4) lines from in, prints truth lines to out. Returns
 * 0, or -EINVAL with diag that names the line. */
int truth_stream(FILE *in, FILE *out, const struct sim_config *cfg, struct diag *diag)
    __attribute__((warn_unused_result));

#endif
