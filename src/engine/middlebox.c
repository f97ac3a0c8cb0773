/* middlebox: evidence about hosts, and the verdict on it. Receiver thread; sized once.
 * Source: Izhikevich, Teixeira, Durumeric, "LZR", USENIX Security 2021, sections 4.3 and 5.1: hosts
 * that acknowledge data on random ephemeral ports are devices, not services. */
#include "engine/middlebox.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memo.h"

enum { TEST_PORT_LO = 32768, TEST_PORT_COUNT = 28232, EVICT_TRIES = 32 };

struct host_table {
	size_t max_hosts, n_hosts;
	uint32_t *buckets; /* index + 1 */
	size_t bucket_mask;
	uint32_t lru_head, lru_tail; /* index + 1: most and least recently used */
	struct host *hosts;
	size_t map_len;
	size_t n_convicts;
	struct memo memo;
	struct convict convicts[CONVICTS_MAX];
};

enum hyperack_verdict middlebox_judge(const struct hyperack_evidence *evidence, unsigned threshold)
{
	if (evidence->n_tested < threshold)
		return HYPERACK_UNTESTED;
	return evidence->n_acked_data >= threshold ? HYPERACK_YES : HYPERACK_NO;
}

uint16_t middlebox_test_port(const struct hash_key *key, const struct ipaddr *addr, unsigned i)
{
	/* An affine walk of odd step over the range: distinct ports for distinct i. */
	uint64_t h = hash_siphash(key, addr, sizeof(*addr));
	uint32_t start = (uint32_t)(h % TEST_PORT_COUNT);
	uint32_t step = (uint32_t)(h >> 32) % (TEST_PORT_COUNT - 1) | 1;
	/* 28232 = 2^3 * 3529: a step that is odd and no multiple of 3529 walks the whole range. */
	if (step % 3529 == 0)
		step += 2;
	return (uint16_t)(TEST_PORT_LO + (start + (uint64_t)step * i) % TEST_PORT_COUNT);
}

int host_table_create(size_t max_hosts, const struct hash_key *key, struct host_table **out)
{
	if (max_hosts == 0 || max_hosts >= UINT32_MAX / 2)
		return -EINVAL;
	struct host_table *table = calloc(1, sizeof(*table)); /* mapped, not touched */
	if (!table)
		return -ENOMEM;
	size_t n_buckets = 64;
	/* Half of them empty: a neighbour in the chain is a line of memory for nothing. */
	while (n_buckets < 2 * max_hosts)
		n_buckets *= 2;
	memo_init(&table->memo, key, sizeof(struct ipaddr));
	table->max_hosts = max_hosts;
	table->bucket_mask = n_buckets - 1;
	table->buckets = calloc(n_buckets, sizeof(*table->buckets));
	table->map_len = max_hosts * sizeof(struct host);
	table->hosts = mmap(NULL, table->map_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!table->buckets || table->hosts == MAP_FAILED) {
		if (table->hosts == MAP_FAILED)
			table->hosts = NULL;
		host_table_destroy(table);
		return -ENOMEM;
	}
	*out = table;
	return 0;
}

void host_table_destroy(struct host_table *table)
{
	if (!table)
		return;
	if (table->hosts)
		munmap(table->hosts, table->map_len);
	free(table->buckets);
	free(table);
}

void host_table_note_convict(struct host_table *table, const struct host *host)
{
	if (table->n_convicts < CONVICTS_MAX)
		table->convicts[table->n_convicts++] =
		    (struct convict){.addr = host->addr, .evidence = host->evidence};
}

size_t host_table_count_convicts(const struct host_table *table)
{
	return table->n_convicts;
}

const struct convict *host_table_convict_at(const struct host_table *table, size_t i)
{
	return &table->convicts[i];
}

static void lru_unlink(struct host_table *table, struct host *host)
{
	if (host->lru_prev)
		table->hosts[host->lru_prev - 1].lru_next = host->lru_next;
	else
		table->lru_head = host->lru_next;
	if (host->lru_next)
		table->hosts[host->lru_next - 1].lru_prev = host->lru_prev;
	else
		table->lru_tail = host->lru_prev;
}

static void lru_push(struct host_table *table, struct host *host)
{
	uint32_t id = (uint32_t)(host - table->hosts) + 1;
	host->lru_prev = 0;
	host->lru_next = table->lru_head;
	if (table->lru_head)
		table->hosts[table->lru_head - 1].lru_prev = id;
	else
		table->lru_tail = id;
	table->lru_head = id;
}

static void bucket_unlink(struct host_table *table, const struct host *host)
{
	uint32_t id = (uint32_t)(host - table->hosts) + 1;
	uint32_t *link = &table->buckets[host->bucket];
	while (*link != id)
		link = &table->hosts[*link - 1].hash_next;
	*link = host->hash_next;
}

/* A free host record: a fresh one, or the least recently used that nobody points to. */
static struct host *claim(struct host_table *table)
{
	if (table->n_hosts < table->max_hosts)
		return &table->hosts[table->n_hosts++];
	uint32_t id = table->lru_tail;
	for (int i = 0; i < EVICT_TRIES && id; i++) {
		struct host *host = &table->hosts[id - 1];
		if (host->n_sessions == 0) {
			lru_unlink(table, host);
			bucket_unlink(table, host);
			return host;
		}
		id = host->lru_prev;
	}
	return NULL;
}

static struct host *find(struct host_table *table, const struct ipaddr *addr, uint32_t bucket)
{
	for (uint32_t id = table->buckets[bucket]; id; id = table->hosts[id - 1].hash_next) {
		struct host *host = &table->hosts[id - 1];
		if (ipaddr_equal(&host->addr, addr)) {
			lru_unlink(table, host);
			lru_push(table, host);
			return host;
		}
	}
	return NULL;
}

static uint32_t bucket_of(struct host_table *table, const struct ipaddr *addr)
{
	return (uint32_t)(memo_hash(&table->memo, addr, sizeof(*addr)) & table->bucket_mask);
}

void host_table_prefetch(struct host_table *table, const struct ipaddr *addrs, size_t n)
{
	memo_learn(&table->memo, addrs, sizeof(*addrs), n);
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(&table->buckets[bucket_of(table, &addrs[i])]);
}

struct host *host_table_find(struct host_table *table, const struct ipaddr *addr)
{
	return find(table, addr, bucket_of(table, addr));
}

struct host *host_table_get(struct host_table *table, const struct ipaddr *addr)
{
	uint32_t bucket = bucket_of(table, addr);
	struct host *host = find(table, addr, bucket);
	if (host)
		return host;
	host = claim(table);
	if (!host)
		return NULL;
	memset(host, 0, sizeof(*host));
	host->addr = *addr;
	host->bucket = bucket;
	host->hash_next = table->buckets[bucket];
	table->buckets[bucket] = (uint32_t)(host - table->hosts) + 1;
	lru_push(table, host);
	return host;
}
