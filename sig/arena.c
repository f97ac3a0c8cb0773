/* arena: memory that is given out in pieces and taken back at once. Owned by whoever builds a
 * sig_set; one thread. It never frees a single piece. */
#include "sig/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_LEN = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

void *arena_alloc(struct arena *arena, size_t len)
{
	size_t align = _Alignof(max_align_t);
	if (len > SIZE_MAX / 2)
		return NULL;
	len = (len + align - 1) / align * align;
	struct arena_block *block = arena->head;
	if (!block || block->size - block->used < len) {
		size_t size = len > BLOCK_LEN ? len : BLOCK_LEN;
		block = calloc(1, sizeof(*block) + size);
		if (!block)
			return NULL;
		block->size = size;
		block->next = arena->head;
		arena->head = block;
	}
	void *piece = block->bytes + block->used;
	block->used += len;
	return piece;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);
	if (copy)
		memcpy(copy, text, len);
	return copy;
}

void arena_fini(struct arena *arena)
{
	while (arena->head) {
		struct arena_block *next = arena->head->next;
		free(arena->head);
		arena->head = next;
	}
}
