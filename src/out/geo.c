/* geo: look-ups in databases of MaxMind's format; the only user of libmaxminddb, which opens them
 * and vouches for their layout; walk and entries are read here and by geo_entry, because a look-up
 * through the library (5 to 10 us) costs several times what a whole record may. Immutable after open: any thread.
 * Refuses to trust a database: each is looked through at open, and every look-up may fail.
 * Source: MaxMind DB File Format Specification 2.0. */
#include "out/geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

#include "base/dassert.h"
#include "base/diag.h"
#include "out/geo_entry.h"

struct database {
	MMDB_s mmdb;
	char *path;
};

struct geo {
	size_t n;
	struct database db[GEO_DATABASES_MAX];
};

/* How many nodes of the tree are looked at when a database is opened. */
enum { CHECK_NODES = 65536 };

/* Zero bytes between the tree and the data section. */
enum { SEPARATOR_LEN = 16 };

static bool read_entry(const MMDB_s *mmdb, const MMDB_entry_s *entry, struct geo_record *out)
{
	return geo_entry_read(mmdb->data_section, mmdb->data_section_size, entry->offset, out);
}

/* A record of the search tree is sound when it points to a node, to nothing, or to data that can be
 * read. */
static bool is_record_sound(const MMDB_s *mmdb, uint8_t type, const MMDB_entry_s *entry)
{
	struct geo_record ignored;
	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
	case MMDB_RECORD_TYPE_EMPTY:
		return true;
	case MMDB_RECORD_TYPE_DATA:
		return read_entry(mmdb, entry, &ignored);
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
		    !is_record_sound(mmdb, node.left_record_type, &node.left_record_entry) ||
		    !is_record_sound(mmdb, node.right_record_type, &node.right_record_entry))
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
	err = db->path ? check_tree(&db->mmdb, path, diag)
		       : diag_set(diag, -ENOMEM, "%s: not enough memory for the database", path);
	if (err) {
		free(db->path);
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
		MMDB_close(&geo->db[i].mmdb);
	}
	free(geo);
}

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

/* The record of a node that belongs to bit. node < node_count, so it lies within the tree. */
static inline uint32_t read_record(const MMDB_s *mmdb, uint32_t node, unsigned bit)
{
	const uint8_t *p = mmdb->file_content + (size_t)node * mmdb->full_record_byte_size;
	switch (mmdb->full_record_byte_size) {
	case 6:
		p += (size_t)bit * 3;
		return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	case 7: /* the middle byte holds the upper four bits of both */
		return bit ? (uint32_t)(p[3] & 0x0f) << 24 | (uint32_t)p[4] << 16 |
				 (uint32_t)p[5] << 8 | p[6]
			   : (uint32_t)(p[3] & 0xf0) << 20 | (uint32_t)p[0] << 16 |
				 (uint32_t)p[1] << 8 | p[2];
	default:
		p += (size_t)bit * 4;
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	}
}

/* Walks the tree along the bits of the address; where it leaves it, the record says what there is.
 * The library's own walk costs three times as much, a sixth of a record's budget. */
static uint32_t find_record(const MMDB_s *mmdb, const struct ipaddr *addr, bool is_v4)
{
	uint32_t n = mmdb->metadata.node_count;
	uint32_t node = 0;
	unsigned i = 0;
	if (is_v4) {
		i = 96; /* our form of IPv4 begins with ::ffff: where theirs has zeros */
		if (mmdb->metadata.ip_version == 6)
			node = mmdb->ipv4_start_node.node_value;
	}
	for (; i < 128 && node < n; i++)
		node = read_record(mmdb, node, (unsigned)addr->b[i / 8] >> (7 - i % 8) & 1);
	return node;
}

/* What one database knows. */
static enum geo_result look_up(
    const MMDB_s *mmdb, const struct ipaddr *addr, bool is_v4, struct geo_record *out)
{
	if (!is_v4 && mmdb->metadata.ip_version == 4)
		return GEO_MISS;
	uint32_t n = mmdb->metadata.node_count;
	uint32_t record = find_record(mmdb, addr, is_v4);
	if (record == n)
		return GEO_MISS;
	/* Specification: what is no node is n + 16 + offset in the data section. */
	if (record < n || record - n < SEPARATOR_LEN)
		return GEO_DAMAGED;
	return geo_entry_read(
		   mmdb->data_section, mmdb->data_section_size, record - n - SEPARATOR_LEN, out)
		   ? GEO_FOUND
		   : GEO_DAMAGED;
}

enum geo_result geo_lookup(const struct geo *geo, const struct ipaddr *addr, struct geo_record *out)
{
	bool is_v4 = ipaddr_is_v4(addr);
	enum geo_result met = GEO_MISS;
	*out = (struct geo_record){0};
	for (size_t i = 0; i < geo->n; i++) {
		struct geo_record record;
		switch (look_up(&geo->db[i].mmdb, addr, is_v4, &record)) {
		case GEO_FOUND:
			merge(out, &record);
			met = met == GEO_MISS ? GEO_FOUND : met;
			break;
		case GEO_DAMAGED:
			met = GEO_DAMAGED;
			break;
		case GEO_MISS:
			break;
		}
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
