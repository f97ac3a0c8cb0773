/* finder: which of some pairs of bytes an answer has, all in one pass. Pure; any thread. It refuses to say
 * where, and may take a pair for another that shares its bit: it only ever spares a search. Source of the
 * method, half bytes that index tables of bits by a shuffle: G. Langdale, J. Keiser, "Parsing Gigabytes of
 * JSON per Second", VLDB Journal 28 (2019), section 3.1.2. */
#include "sig/finder.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

static bool is_same(const struct need *a, const struct need *b)
{
	return a->first == b->first && a->second == b->second && a->is_nocase == b->is_nocase &&
	       a->is_single == b->is_single;
}

/* Marks the halves of a byte, and of its upper case. */
static void mark(uint8_t (*halves)[16], uint8_t bit, uint8_t byte, bool is_nocase)
{
	halves[0][byte & 15] |= bit;
	halves[1][byte >> 4] |= bit;
	if (is_nocase && byte >= 'a' && byte <= 'z')
		halves[1][(byte ^ 0x20) >> 4] |= bit;
}

static unsigned add_one(struct finder *finder, const struct need *need)
{
	unsigned i = 0;
	while (i < finder->n_bits && !is_same(&finder->needs[i], need))
		i++;
	if (i < finder->n_bits)
		return i;
	if (i == FINDER_BITS)
		i = (need->first + 7U * need->second) % FINDER_BITS;
	else
		finder->needs[finder->n_bits++] = *need;
	uint8_t(*table)[16] = finder->tables[i / 8];
	uint8_t bit = (uint8_t)(1U << i % 8);
	mark(table, bit, need->first, need->is_nocase);
	if (!need->is_single)
		mark(table + 2, bit, need->second, need->is_nocase);
	for (unsigned half = 0; half < 16 && need->is_single; half++) {
		table[2][half] |= bit;
		table[3][half] |= bit;
	}
	return i;
}

uint32_t finder_add(struct finder *finder, const struct needs *needs)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < needs->n; i++)
		bits |= UINT32_C(1) << add_one(finder, &needs->any[i]);
	return bits;
}

uint32_t finder_find_plain(const struct finder *finder, const uint8_t *bytes, size_t len)
{
	uint32_t found = 0;
	for (unsigned plane = 0; plane * 8U < finder->n_bits; plane++) {
		const uint8_t(*table)[16] = finder->tables[plane];
		unsigned bits = 0;
		for (size_t i = 0; i < len; i++) {
			/* A zero behind the last byte does as a second one. */
			uint8_t next = i + 1 < len ? bytes[i + 1] : 0;
			bits |= table[0][bytes[i] & 15] & table[1][bytes[i] >> 4] &
				table[2][next & 15] & table[3][next >> 4];
		}
		found |= bits << plane * 8;
	}
	return found;
}

#ifdef __x86_64__
enum { CHUNK = 32 };

/* In each byte the bits of the pairs that may begin there. */
__attribute__((target("avx2"))) static inline __m256i find_at(
    const uint8_t (*table)[16], const __m256i halves[4])
{
	__m256i found = _mm256_set1_epi8(-1);
	for (int i = 0; i < 4; i++) {
		__m256i of_half =
		    _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table[i]));
		found = _mm256_and_si256(found, _mm256_shuffle_epi8(of_half, halves[i]));
	}
	return found;
}

__attribute__((target("avx2"))) static inline void split(const uint8_t *at, __m256i halves[4])
{
	const __m256i low = _mm256_set1_epi8(15);
	__m256i first = _mm256_loadu_si256((const void *)at);
	__m256i second = _mm256_loadu_si256((const void *)(at + 1));
	halves[0] = _mm256_and_si256(first, low);
	halves[1] = _mm256_and_si256(_mm256_srli_epi16(first, 4), low);
	halves[2] = _mm256_and_si256(second, low);
	halves[3] = _mm256_and_si256(_mm256_srli_epi16(second, 4), low);
}

/* The union of the bytes. */
__attribute__((target("avx2"))) static inline uint32_t unite(__m256i v)
{
	__m128i half = _mm_or_si128(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
	uint64_t w = (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(half, _mm_srli_si128(half, 8)));
	w |= w >> 32;
	w |= w >> 16;
	return (uint32_t)(w | w >> 8) & 0xff;
}

/* Two planes, which is what most need; the last bytes lie in tail, with zeros behind. */
__attribute__((target("avx2"))) static uint32_t find_in_planes(
    const uint8_t (*tables)[4][16], const uint8_t *bytes, size_t n_chunks, const uint8_t *tail)
{
	__m256i even = _mm256_setzero_si256();
	__m256i odd = _mm256_setzero_si256();
	for (size_t i = 0; i <= n_chunks; i++) {
		__m256i halves[4];
		split(i < n_chunks ? bytes + i * CHUNK : tail, halves);
		even = _mm256_or_si256(even, find_at(tables[0], halves));
		odd = _mm256_or_si256(odd, find_at(tables[1], halves));
	}
	return unite(even) | unite(odd) << 8;
}

static uint32_t find_avx2(const struct finder *finder, const uint8_t *bytes, size_t len)
{
	uint8_t tail[2 * CHUNK] = {0};
	/* A chunk is read with the byte behind it. */
	size_t n_chunks = len > CHUNK ? (len - 1) / CHUNK : 0;
	memcpy(tail, bytes + n_chunks * CHUNK, len - n_chunks * CHUNK);
	uint32_t found = 0;
	for (unsigned plane = 0; plane * 8U < finder->n_bits; plane += 2)
		found |= find_in_planes(&finder->tables[plane], bytes, n_chunks, tail) << plane * 8;
	return found;
}
#endif

uint32_t finder_find(const struct finder *finder, const uint8_t *bytes, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return find_avx2(finder, bytes, len);
#endif
	return finder_find_plain(finder, bytes, len);
}
