#ifndef OUT_GEO_H
#define OUT_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

struct diag;

/* Where an address is and who announces it, from databases in MaxMind's format. Opaque; one thread
 * looks up. */
struct geo;

/* Bytes inside a database: strangers' text, not NUL-terminated; p NULL: unknown. */
struct geo_text {
	const char *p;
	size_t len;
};

/* What the databases say. Texts are valid until geo_close. */
struct geo_record {
	struct geo_text country; /* ISO 3166-1 code */
	struct geo_text city;    /* English name */
	struct geo_text as_org;
	int32_t lat_e4, lon_e4; /* degrees x 10^4; with has_position */
	uint32_t asn;           /* with has_asn */
	bool has_position;
	bool has_asn;
};

/* A database, for the metadata; strings valid until geo_close. */
struct geo_database {
	const char *path;
	const char *type;     /* "GeoLite2-City" */
	uint64_t build_epoch; /* seconds since 1970 */
};

enum { GEO_DATABASES_MAX = 16 };

/* Opens n (0 to GEO_DATABASES_MAX) databases and looks through each for damage (at most 65,536 nodes
 * of its tree, so that a large one costs milliseconds). Returns 0; -EINVAL (damaged, not a database,
 * too many), -ENOENT, -EACCES or another -errno, -ENOMEM, each with diag "path: what: what to do".
 * The caller owns *out. */
int geo_open(const char *const *paths, size_t n, struct diag *diag, struct geo **out)
    __attribute__((warn_unused_result));
void geo_close(struct geo *geo);

/* What a look-up met. */
enum geo_result { GEO_FOUND, GEO_MISS, GEO_DAMAGED };

/* Fills *out with what the databases know of addr; the first database (in the order given) that
 * knows a value provides it. GEO_MISS: none knew anything. GEO_DAMAGED: at least one was found to be
 * corrupt there; *out holds what the others know. O(databases x depth of their trees). */
enum geo_result geo_lookup(
    const struct geo *geo, const struct ipaddr *addr, struct geo_record *out);

enum { GEO_BATCH_MAX = 64 };

/* The same for n (at most GEO_BATCH_MAX) addresses at once: out[i] and met[i] for addrs[i]. Large
 * databases live in main memory, and n look-ups side by side wait for it hardly longer than one. */
void geo_lookup_n(const struct geo *geo, const struct ipaddr *const *addrs, size_t n,
    struct geo_record *out, enum geo_result *met);

size_t geo_get_count(const struct geo *geo);
struct geo_database geo_get_database(const struct geo *geo, size_t index);

#endif
