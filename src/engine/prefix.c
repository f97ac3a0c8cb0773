/* prefix: evidence about prefixes that answer everywhere. Receiver thread; sized once, touched as
 * used. Sources: Gasser et al., "Clusters in the Expanse", IMC 2018, section 5; Sattler et al.,
 * "Packed to the Brim", CoNEXT 2023. */
#include "engine/prefix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memo.h"

enum { INDEX_SLOTS = 2 * PREFIX_TESTS_MAX, WAYS = 4, DENSE_LIST_MAX = 1 << 14 };

struct prefix_table {
	struct hash_key key;
	size_t n;
	uint32_t index[INDEX_SLOTS]; /* + 1 */
	struct prefix prefixes[PREFIX_TESTS_MAX];
	/* 4-way buckets of net (24 bits), port (16 bits), count (16 bits); the rarest gives way. */
	uint64_t dense[PREFIX_DENSE_SLOTS];
	struct memo memo; /* of the keys of dense */
	size_t n_dense;
	struct prefix_dense dense_list[DENSE_LIST_MAX];
};

int prefix_table_create(const struct hash_key *key, struct prefix_table **out)
{
	struct prefix_table *table = calloc(1, sizeof(*table)); /* mapped, not touched */
	if (!table)
		return -ENOMEM;
	table->key = *key;
	memo_init(&table->memo, key, sizeof(uint64_t));
	*out = table;
	return 0;
}

void prefix_table_destroy(struct prefix_table *table)
{
	free(table);
}

static struct ipaddr mask(const struct ipaddr *addr, uint8_t len)
{
	uint64_t hi, lo;
	ipaddr_get_u64(addr, &hi, &lo);
	if (len < 64) {
		hi &= len ? ~UINT64_C(0) << (64 - len) : 0;
		lo = 0;
	} else if (len < 128) {
		lo &= len == 64 ? 0 : ~UINT64_C(0) << (128 - len);
	}
	return ipaddr_from_u64(hi, lo);
}

static size_t find_slot(const struct prefix_table *table, const struct ipaddr *net, uint8_t len)
{
	struct {
		struct ipaddr net;
		uint8_t len;
	} in = {*net, len};
	size_t i = (size_t)(hash_siphash(&table->key, &in, sizeof(in)) % INDEX_SLOTS);
	for (;;) {
		uint32_t id = table->index[i];
		if (!id)
			return i;
		const struct prefix *p = &table->prefixes[id - 1];
		if (p->len == len && ipaddr_equal(&p->addr, net))
			return i;
		i = (i + 1) % INDEX_SLOTS;
	}
}

struct prefix *prefix_table_find(struct prefix_table *table, const struct ipaddr *addr, uint8_t len)
{
	struct ipaddr net = mask(addr, len);
	uint32_t id = table->index[find_slot(table, &net, len)];
	return id ? &table->prefixes[id - 1] : NULL;
}

struct prefix *prefix_table_get(
    struct prefix_table *table, const struct ipaddr *addr, uint8_t len, bool *is_new)
{
	struct ipaddr net = mask(addr, len);
	size_t slot = find_slot(table, &net, len);
	*is_new = false;
	if (table->index[slot])
		return &table->prefixes[table->index[slot] - 1];
	if (table->n == PREFIX_TESTS_MAX)
		return NULL;
	struct prefix *p = &table->prefixes[table->n++];
	*p = (struct prefix){.addr = net, .len = len, .state = PREFIX_DOUBTED};
	table->index[slot] = (uint32_t)table->n;
	*is_new = true;
	return p;
}

struct ipaddr prefix_address(
    const struct prefix_table *table, const struct prefix *prefix, unsigned i)
{
	struct {
		struct ipaddr net;
		uint8_t len, i;
	} in = {prefix->addr, prefix->len, (uint8_t)i};
	uint64_t r_hi = hash_siphash(&table->key, &in, sizeof(in));
	in.i = (uint8_t)(i | 0x80);
	uint64_t r_lo = hash_siphash(&table->key, &in, sizeof(in));
	/* Random host bits under the prefix, then the four bits after it say which sub-prefix. */
	struct ipaddr host = ipaddr_from_u64(r_hi, r_lo);
	struct ipaddr kept = mask(&host, (uint8_t)(prefix->len + 4));
	struct ipaddr out = prefix->addr;
	for (int b = 0; b < 16; b++)
		out.b[b] |= (uint8_t)(host.b[b] ^ kept.b[b]);
	for (unsigned bit = 0; bit < 4; bit++) {
		unsigned at = prefix->len + bit;
		if (i & (8u >> bit))
			out.b[at / 8] |= (uint8_t)(0x80 >> (at % 8));
	}
	return out;
}

static uint64_t dense_key(const struct ipaddr *addr, uint16_t port)
{
	return (uint64_t)(ipaddr_get_v4(addr) >> 8) << 16 | port;
}

/* First slot of the bucket of key. */
static size_t dense_bucket(struct prefix_table *table, uint64_t key)
{
	uint64_t h = memo_hash(&table->memo, &key, sizeof(key));
	return (size_t)(h % (PREFIX_DENSE_SLOTS / WAYS)) * WAYS;
}

void prefix_table_prefetch_v4(struct prefix_table *table, const struct target *targets, size_t n)
{
	uint64_t keys[MEMO_LEARN_MAX];
	for (size_t i = 0; i < n; i++)
		keys[i] = dense_key(&targets[i].addr, targets[i].port);
	memo_learn(&table->memo, keys, sizeof(keys[0]), n);
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(&table->dense[dense_bucket(table, keys[i])]);
}

bool prefix_table_is_dense(struct prefix_table *table, const struct ipaddr *addr, uint16_t port)
{
	uint64_t key = dense_key(addr, port);
	const uint64_t *bucket = &table->dense[dense_bucket(table, key)];
	for (int i = 0; i < WAYS; i++) {
		if (bucket[i] >> 16 == key && (bucket[i] & 0xffff) >= PREFIX_DENSE_MIN)
			return true;
	}
	return false;
}

bool prefix_table_count_v4(struct prefix_table *table, const struct ipaddr *addr, uint16_t port)
{
	uint64_t key = dense_key(addr, port);
	uint64_t *bucket = &table->dense[dense_bucket(table, key)];
	int victim = 0;
	for (int i = 0; i < WAYS; i++) {
		if ((bucket[i] & 0xffff) && bucket[i] >> 16 == key) {
			if ((bucket[i] & 0xffff) < 256)
				bucket[i]++;
			uint16_t n = (uint16_t)bucket[i];
			if (n == PREFIX_DENSE_MIN && table->n_dense < DENSE_LIST_MAX)
				table->dense_list[table->n_dense++] =
				    (struct prefix_dense){(uint32_t)(key >> 16) << 8, port, n};
			return n >= PREFIX_DENSE_MIN;
		}
		if ((bucket[i] & 0xffff) < (bucket[victim] & 0xffff))
			victim = i;
	}
	bucket[victim] = key << 16 | 1;
	return false;
}

size_t prefix_table_count(const struct prefix_table *table)
{
	return table->n;
}

const struct prefix *prefix_table_at(const struct prefix_table *table, size_t i)
{
	return &table->prefixes[i];
}

size_t prefix_table_count_dense(const struct prefix_table *table)
{
	return table->n_dense;
}

const struct prefix_dense *prefix_table_dense_at(const struct prefix_table *table, size_t i)
{
	return &table->dense_list[i];
}
