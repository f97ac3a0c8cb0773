/* geo: look-ups in databases of MaxMind's format; the only user of libmaxminddb, which opens them
 * and vouches for their layout; walk and entries are read here and by geo_entry, because a look-up
 * through the library (5 to 10 us) costs several times what a whole record may. Two short cuts: where the
 * first 16 bits of an IPv4 address lead is known from the start, and what an entry said is remembered,
 * because many prefixes share few places and operators. One thread looks up.
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

/* IPv4 addresses begin with so many bits that need no walk. */
enum { ROOT_BITS = 16 };

/* What an entry said: a direct-mapped cache by the tree's record that led there. */
enum { MEMO_BITS = 15, MEMO_TEXTS = 3 };
struct memo {
	uint32_t record;          /* 0: free: no record that leads to data is */
	uint32_t at[MEMO_TEXTS];  /* of texts in the data section */
	uint16_t len[MEMO_TEXTS]; /* 0: unknown */
	bool has_position;
	bool has_asn;
	int32_t lat_e4, lon_e4;
	uint32_t asn;
};

struct database {
	MMDB_s mmdb;
	char *path;
	uint32_t *roots;    /* the record after ROOT_BITS of an IPv4 address */
	struct memo *memos; /* touched as used */
};

struct geo {
	size_t n;
	struct database db[GEO_DATABASES_MAX];
};

/* How many nodes of the tree are looked at when a database is opened. */
enum { CHECK_NODES = 65536 };

/* Zero bytes between the tree and the data section. */
enum { SEPARATOR_LEN = 16 };

static struct memo *memo_of(const struct database *db, uint32_t record)
{
	/* Fibonacci hashing: entries that follow each other spread. */
	return &db->memos[(record * UINT32_C(2654435769)) >> (32 - MEMO_BITS)];
}

_Static_assert(sizeof(struct memo) <= 40, "all of them fit the second cache");

/* Keeps what an entry said; false: its texts are longer than any that is shown. */
static bool keep(
    const MMDB_s *mmdb, uint32_t record, const struct geo_record *said, struct memo *out)
{
	const struct geo_text *texts[MEMO_TEXTS] = {&said->country, &said->city, &said->as_org};
	*out = (struct memo){.has_position = said->has_position,
	    .has_asn = said->has_asn,
	    .lat_e4 = said->lat_e4,
	    .lon_e4 = said->lon_e4,
	    .asn = said->asn};
	for (size_t i = 0; i < MEMO_TEXTS; i++) {
		if (!texts[i]->p)
			continue;
		if (texts[i]->len > UINT16_MAX)
			return false;
		out->at[i] = (uint32_t)((const uint8_t *)texts[i]->p - mmdb->data_section);
		out->len[i] = (uint16_t)texts[i]->len;
	}
	out->record = record;
	return true;
}

static struct geo_text recall_text(const MMDB_s *mmdb, const struct memo *memo, size_t i)
{
	const char *p = (const char *)mmdb->data_section + memo->at[i];
	if (memo->len[i]) /* wanted as soon as the record is written */
		__builtin_prefetch(p);
	return (struct geo_text){.p = memo->len[i] ? p : NULL, .len = memo->len[i]};
}

static void recall(const MMDB_s *mmdb, const struct memo *memo, struct geo_record *out)
{
	*out = (struct geo_record){.country = recall_text(mmdb, memo, 0),
	    .city = recall_text(mmdb, memo, 1),
	    .as_org = recall_text(mmdb, memo, 2),
	    .lat_e4 = memo->lat_e4,
	    .lon_e4 = memo->lon_e4,
	    .asn = memo->asn,
	    .has_position = memo->has_position,
	    .has_asn = memo->has_asn};
}

/* What a record of the tree leads to. */
static enum geo_result read_found(
    const struct database *db, uint32_t record, struct geo_record *out)
{
	const MMDB_s *mmdb = &db->mmdb;
	uint32_t n = mmdb->metadata.node_count;
	if (record == n)
		return GEO_MISS;
	/* Specification: what is no node is n + 16 + offset in the data section. */
	if (record < n || record - n < SEPARATOR_LEN)
		return GEO_DAMAGED;
	struct memo *memo = memo_of(db, record);
	if (memo->record == record) {
		recall(mmdb, memo, out);
		return GEO_FOUND;
	}
	if (!geo_entry_read(
		mmdb->data_section, mmdb->data_section_size, record - n - SEPARATOR_LEN, out))
		return GEO_DAMAGED;
	struct memo fresh;
	if (keep(mmdb, record, out, &fresh))
		*memo = fresh;
	return GEO_FOUND;
}

/* A record of the search tree is sound when it points to a node, to nothing, or to data that can be
 * read. */
static bool is_record_sound(const struct database *db, uint8_t type, uint64_t record)
{
	struct geo_record said; /* and remembered: the first look-ups need not read it again */
	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
	case MMDB_RECORD_TYPE_EMPTY:
		return true;
	case MMDB_RECORD_TYPE_DATA:
		return read_found(db, (uint32_t)record, &said) == GEO_FOUND;
	}
	return false;
}

/* Looks at nodes spread evenly over the tree. */
static int check_tree(const struct database *db, const char *path, struct diag *diag)
{
	const MMDB_s *mmdb = &db->mmdb;
	uint32_t n = mmdb->metadata.node_count;
	uint32_t step = n / CHECK_NODES + 1;
	for (uint32_t i = 0; i < n && n - i > 0; i += step) {
		MMDB_search_node_s node;
		if (MMDB_read_node(mmdb, i, &node) != MMDB_SUCCESS ||
		    !is_record_sound(db, node.left_record_type, node.left_record) ||
		    !is_record_sound(db, node.right_record_type, node.right_record))
			return diag_set(diag, -EINVAL,
			    "%s: the database is damaged (node %u of its search tree): fetch it again",
			    path, i);
		if (n - i <= step)
			break;
	}
	return 0;
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

/* Where the walk of every IPv4 address begins. */
static uint32_t v4_start(const MMDB_s *mmdb)
{
	return mmdb->metadata.ip_version == 6 ? mmdb->ipv4_start_node.node_value : 0;
}

/* Walks the first ROOT_BITS of every IPv4 address: 0.3 ms at most. */
static void fill_roots(struct database *db)
{
	const MMDB_s *mmdb = &db->mmdb;
	for (uint32_t prefix = 0; prefix < 1U << ROOT_BITS; prefix++) {
		uint32_t record = v4_start(mmdb);
		for (int bit = ROOT_BITS - 1; bit >= 0 && record < mmdb->metadata.node_count; bit--)
			record = read_record(mmdb, record, prefix >> bit & 1);
		db->roots[prefix] = record;
	}
}

static void close_database(struct database *db)
{
	free(db->path);
	free(db->roots);
	free(db->memos);
	MMDB_close(&db->mmdb);
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
	db->roots = calloc((size_t)1 << ROOT_BITS, sizeof(*db->roots));
	db->memos = calloc((size_t)1 << MEMO_BITS, sizeof(*db->memos));
	bool is_enough = db->path && db->roots && db->memos;
	err = is_enough ? check_tree(db, path, diag)
			: diag_set(diag, -ENOMEM, "%s: not enough memory for the database", path);
	if (err)
		close_database(db);
	else
		fill_roots(db);
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
	for (size_t i = 0; i < geo->n; i++)
		close_database(&geo->db[i]);
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

/* Walks the tree along the bits of each address; where it leaves it, the record says what there is.
 * The addresses take their steps in turn, because each step waits for memory: side by side the waits
 * overlap. (One at a time through the library, the walk alone takes a sixth of a record's budget.) */
static void find_records(
    const struct database *db, const struct ipaddr *const *addrs, size_t n, uint32_t *records)
{
	const MMDB_s *mmdb = &db->mmdb;
	uint32_t n_nodes = mmdb->metadata.node_count;
	uint8_t under_way[GEO_BATCH_MAX], depth[GEO_BATCH_MAX];
	size_t n_left = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_v4 = ipaddr_is_v4(addrs[i]);
		/* Our form of IPv4 begins with ::ffff:, where theirs has zeros. */
		depth[i] = is_v4 ? 96 + ROOT_BITS : 0;
		if (is_v4)
			records[i] = db->roots[addrs[i]->b[12] << 8 | addrs[i]->b[13]];
		else
			records[i] = mmdb->metadata.ip_version == 4 ? n_nodes /* nothing */ : 0;
		if (records[i] < n_nodes)
			under_way[n_left++] = (uint8_t)i;
	}
	while (n_left > 0) {
		size_t n_kept = 0;
		for (size_t k = 0; k < n_left; k++) {
			uint8_t i = under_way[k];
			unsigned d = depth[i]++;
			records[i] = read_record(
			    mmdb, records[i], (unsigned)addrs[i]->b[d / 8] >> (7 - d % 8) & 1);
			under_way[n_kept] = i;
			n_kept += records[i] < n_nodes && d < 127;
		}
		n_left = n_kept;
	}
	for (size_t i = 0; i < n; i++) {
		if (records[i] <= n_nodes || records[i] - n_nodes >= mmdb->data_section_size)
			continue;
		__builtin_prefetch(mmdb->data_section + (records[i] - n_nodes));
		__builtin_prefetch(memo_of(db, records[i]));
	}
}

void geo_lookup_n(const struct geo *geo, const struct ipaddr *const *addrs, size_t n,
    struct geo_record *out, enum geo_result *met)
{
	uint32_t records[GEO_DATABASES_MAX][GEO_BATCH_MAX];
	assert(n <= GEO_BATCH_MAX);
	for (size_t d = 0; d < geo->n; d++)
		find_records(&geo->db[d], addrs, n, records[d]);
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct geo_record){0};
		met[i] = GEO_MISS;
		for (size_t d = 0; d < geo->n; d++) {
			struct geo_record record;
			enum geo_result result = read_found(&geo->db[d], records[d][i], &record);
			if (result == GEO_FOUND)
				merge(&out[i], &record);
			if (result == GEO_DAMAGED || met[i] == GEO_MISS)
				met[i] = result;
		}
	}
}

enum geo_result geo_lookup(const struct geo *geo, const struct ipaddr *addr, struct geo_record *out)
{
	enum geo_result met;
	geo_lookup_n(geo, &addr, 1, out, &met);
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
