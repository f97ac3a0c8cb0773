/* geo: look-ups in databases of MaxMind's format; the only user of libmaxminddb. One thread a handle.
 * Refuses to trust a database: each is looked through at open, every look-up may fail, and what is
 * read is checked for type and range. Source: MaxMind DB File Format Specification 2.0; value names
 * of GeoIP2/GeoLite2 and, for flat databases, those in common use (country_code, city, asn ...). */
#include "out/geo.h"

#include <errno.h>
#include <math.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

#include "base/dassert.h"
#include "base/diag.h"

/* What one database says at one place of its data section, read once. Direct-mapped by that place:
 * neighbouring networks share it (all of an AS, all of a town), so most look-ups find it here. */
enum { CACHE_LEN = 4096 };
struct cached {
	uint32_t offset; /* in the data section */
	bool is_filled;
	bool is_damaged;
	struct geo_record record;
};

struct database {
	MMDB_s mmdb;
	char *path;
	struct cached *cache;
};

struct geo {
	size_t n;
	struct database db[GEO_DATABASES_MAX];
};

/* How many nodes of the tree are looked at when a database is opened. */
enum { CHECK_NODES = 65536 };

/* Reads the value at the first of n_paths paths that exists. False: none does. */
static bool get_first(MMDB_entry_s *entry, const char *const (*paths)[4], size_t n_paths,
    MMDB_entry_data_s *out, bool *is_damaged)
{
	for (size_t i = 0; i < n_paths; i++) {
		int err = MMDB_aget_value(entry, out, paths[i]);
		if (err == MMDB_SUCCESS && out->has_data)
			return true;
		if (err != MMDB_SUCCESS && err != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR &&
		    err != MMDB_INVALID_LOOKUP_PATH_ERROR) {
			*is_damaged = true;
			return false;
		}
	}
	return false;
}

static struct geo_text as_text(const MMDB_entry_data_s *data)
{
	if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size == 0)
		return (struct geo_text){0};
	return (struct geo_text){.p = data->utf8_string, .len = data->data_size};
}

/* Degrees x 10^4 of a finite number within +-limit. */
static bool as_degrees(const MMDB_entry_data_s *data, double limit, int32_t *out)
{
	double v = data->type == MMDB_DATA_TYPE_DOUBLE  ? data->double_value
		   : data->type == MMDB_DATA_TYPE_FLOAT ? (double)data->float_value
							: NAN;
	if (!(v >= -limit && v <= limit))
		return false;
	*out = (int32_t)(v * 10000.0 + (v < 0 ? -0.5 : 0.5));
	return true;
}

/* A number, or text such as "AS64496". */
static bool as_asn(const MMDB_entry_data_s *data, uint32_t *out)
{
	uint64_t v = 0;
	if (data->type == MMDB_DATA_TYPE_UINT32) {
		v = data->uint32;
	} else if (data->type == MMDB_DATA_TYPE_UINT16) {
		v = data->uint16;
	} else if (data->type == MMDB_DATA_TYPE_UINT64) {
		v = data->uint64;
	} else if (data->type == MMDB_DATA_TYPE_UTF8_STRING) {
		const char *p = data->utf8_string;
		size_t len = data->data_size;
		if (len > 2 && (memcmp(p, "AS", 2) == 0 || memcmp(p, "as", 2) == 0)) {
			p += 2;
			len -= 2;
		}
		if (len == 0 || len > 10)
			return false;
		for (size_t i = 0; i < len; i++) {
			if (p[i] < '0' || p[i] > '9')
				return false;
			v = v * 10 + (uint64_t)(p[i] - '0');
		}
	} else {
		return false;
	}
	if (v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

/* Reads all that we use of one entry. False: the database is damaged there. */
static bool read_entry(MMDB_entry_s *entry, struct geo_record *out)
{
	static const char *const country[][4] = {
	    {"country", "iso_code", NULL}, {"country_code", NULL}, {"country", NULL}};
	static const char *const city[][4] = {{"city", "names", "en", NULL}, {"city", NULL}};
	static const char *const lat[][4] = {{"location", "latitude", NULL}, {"latitude", NULL}};
	static const char *const lon[][4] = {{"location", "longitude", NULL}, {"longitude", NULL}};
	static const char *const asn[][4] = {{"autonomous_system_number", NULL}, {"asn", NULL}};
	static const char *const as_org[][4] = {
	    {"autonomous_system_organization", NULL}, {"as_name", NULL}, {"as_organization", NULL}};
	MMDB_entry_data_s data;
	bool is_damaged = false;
	*out = (struct geo_record){0};
	if (get_first(entry, country, 3, &data, &is_damaged))
		out->country = as_text(&data);
	if (get_first(entry, city, 2, &data, &is_damaged))
		out->city = as_text(&data);
	if (get_first(entry, lat, 2, &data, &is_damaged) && as_degrees(&data, 90, &out->lat_e4) &&
	    get_first(entry, lon, 2, &data, &is_damaged) && as_degrees(&data, 180, &out->lon_e4))
		out->has_position = true;
	if (get_first(entry, asn, 2, &data, &is_damaged))
		out->has_asn = as_asn(&data, &out->asn);
	if (get_first(entry, as_org, 3, &data, &is_damaged))
		out->as_org = as_text(&data);
	return !is_damaged;
}

/* A record of the search tree is sound when it points to a node, to nothing, or to data that can be
 * read. */
static bool is_record_sound(uint8_t type, MMDB_entry_s *entry)
{
	struct geo_record ignored;
	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
	case MMDB_RECORD_TYPE_EMPTY:
		return true;
	case MMDB_RECORD_TYPE_DATA:
		return read_entry(entry, &ignored);
	}
	return false;
}

/* Looks at nodes spread evenly over the tree. */
static int check_tree(const MMDB_s *mmdb, const char *path, struct diag *diag)
{
	uint32_t n = mmdb->metadata.node_count;
	uint32_t step = n / CHECK_NODES + 1;
	for (uint32_t i = 0; i < n && n - i > 0; i += step) {
		MMDB_search_node_s node;
		if (MMDB_read_node(mmdb, i, &node) != MMDB_SUCCESS ||
		    !is_record_sound(node.left_record_type, &node.left_record_entry) ||
		    !is_record_sound(node.right_record_type, &node.right_record_entry))
			return diag_set(diag, -EINVAL,
			    "%s: the database is damaged (node %u of its search tree): fetch it again",
			    path, i);
		if (n - i <= step)
			break;
	}
	return 0;
}

static int open_database(struct database *db, const char *path, struct diag *diag)
{
	errno = 0;
	int err = MMDB_open(path, MMDB_MODE_MMAP, &db->mmdb);
	int saved = errno;
	if (err == MMDB_FILE_OPEN_ERROR || (err == MMDB_IO_ERROR && saved != 0))
		return diag_set(diag, saved > 0 ? -saved : -EIO,
		    "%s: cannot open the database: %s: check --geoip", path, strerror(saved));
	if (err == MMDB_OUT_OF_MEMORY_ERROR)
		return diag_set(diag, -ENOMEM, "%s: not enough memory for the database", path);
	if (err != MMDB_SUCCESS)
		return diag_set(diag, -EINVAL,
		    "%s: not a database in MaxMind's format, or damaged (%s): fetch it again", path,
		    MMDB_strerror(err));
	db->path = strdup(path);
	db->cache = calloc(CACHE_LEN, sizeof(*db->cache));
	err = db->path && db->cache
		  ? check_tree(&db->mmdb, path, diag)
		  : diag_set(diag, -ENOMEM, "%s: not enough memory for the database", path);
	if (err) {
		free(db->path);
		free(db->cache);
		MMDB_close(&db->mmdb);
	}
	return err;
}

int geo_open(const char *const *paths, size_t n, struct diag *diag, struct geo **out)
{
	if (n > GEO_DATABASES_MAX)
		return diag_set(
		    diag, -EINVAL, "--geoip: %zu databases: at most %d", n, GEO_DATABASES_MAX);
	struct geo *geo = calloc(1, sizeof(*geo));
	if (!geo)
		return diag_set(diag, -ENOMEM, "--geoip: not enough memory");
	for (size_t i = 0; i < n; i++) {
		int err = open_database(&geo->db[i], paths[i], diag);
		if (err) {
			geo_close(geo);
			return err;
		}
		geo->n++;
	}
	*out = geo;
	return 0;
}

void geo_close(struct geo *geo)
{
	if (!geo)
		return;
	for (size_t i = 0; i < geo->n; i++) {
		free(geo->db[i].path);
		free(geo->db[i].cache);
		MMDB_close(&geo->db[i].mmdb);
	}
	free(geo);
}

/* The record of an entry, from the cache or read into it. */
static const struct cached *get_cached(struct database *db, MMDB_entry_s *entry)
{
	/* Multiplied by 2^32 / golden ratio, so that entries of similar size do not meet (Knuth 6.4). */
	struct cached *c = &db->cache[(entry->offset * 2654435769U) >> 20];
	if (!c->is_filled || c->offset != entry->offset) {
		c->is_damaged = !read_entry(entry, &c->record);
		c->offset = entry->offset;
		c->is_filled = true;
	}
	return c;
}
_Static_assert(CACHE_LEN == 1 << (32 - 20), "the hash keeps its upper 12 bits");

static void merge(struct geo_record *out, const struct geo_record *in)
{
	if (!out->country.p)
		out->country = in->country;
	if (!out->city.p)
		out->city = in->city;
	if (!out->as_org.p)
		out->as_org = in->as_org;
	if (!out->has_position && in->has_position) {
		out->has_position = true;
		out->lat_e4 = in->lat_e4;
		out->lon_e4 = in->lon_e4;
	}
	if (!out->has_asn && in->has_asn) {
		out->has_asn = true;
		out->asn = in->asn;
	}
}

enum geo_result geo_lookup(struct geo *geo, const struct ipaddr *addr, struct geo_record *out)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa;
	memset(&sa, 0, sizeof(sa));
	bool is_v4 = ipaddr_is_v4(addr);
	if (is_v4) {
		sa.v4.sin_family = AF_INET;
		memcpy(&sa.v4.sin_addr, addr->b + 12, 4);
	} else {
		sa.v6.sin6_family = AF_INET6;
		memcpy(&sa.v6.sin6_addr, addr->b, 16);
	}
	*out = (struct geo_record){0};
	enum geo_result met = GEO_MISS;
	for (size_t i = 0; i < geo->n; i++) {
		struct database *db = &geo->db[i];
		if (!is_v4 && db->mmdb.metadata.ip_version == 4)
			continue;
		int err = MMDB_SUCCESS;
		MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&db->mmdb, &sa.sa, &err);
		if (err != MMDB_SUCCESS) {
			met = GEO_DAMAGED;
			continue;
		}
		if (!found.found_entry)
			continue;
		const struct cached *c = get_cached(db, &found.entry);
		if (c->is_damaged)
			met = GEO_DAMAGED;
		else if (met == GEO_MISS)
			met = GEO_FOUND;
		merge(out, &c->record);
	}
	return met;
}

size_t geo_get_count(const struct geo *geo)
{
	return geo->n;
}

struct geo_database geo_get_database(const struct geo *geo, size_t index)
{
	assert(index < geo->n);
	const struct database *db = &geo->db[index];
	return (struct geo_database){.path = db->path,
	    .type = db->mmdb.metadata.database_type,
	    .build_epoch = db->mmdb.metadata.build_epoch};
}
