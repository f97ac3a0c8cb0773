/* pool: objects of one size from memory that is reserved once. Owner thread only; refuses to grow.
 * Never-used objects are handed out in order of address behind a high-water mark, so that nothing
 * needs to be threaded onto the free list (and thereby touched) at start. */
#include "base/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/dassert.h"

#define NO_INDEX UINT32_MAX

struct pool {
	uint8_t *mem;
	size_t mem_len;
	size_t obj_len;
	size_t n_objs;
	size_t n_fresh; /* objects from this index on were never handed out */
	size_t n_used;
	uint32_t free_head; /* most recently returned; each free object starts with the next */
};

int pool_create(size_t obj_len, size_t n_objs, struct pool **out)
{
	if (obj_len == 0 || obj_len > SIZE_MAX / 2 || n_objs == 0 || n_objs >= NO_INDEX)
		return -EINVAL;
	obj_len = (obj_len + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
	if (n_objs > SIZE_MAX / obj_len)
		return -ENOMEM;
	struct pool *pool = malloc(sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	*pool = (struct pool){.mem_len = obj_len * n_objs,
	    .obj_len = obj_len,
	    .n_objs = n_objs,
	    .free_head = NO_INDEX};
	void *mem = mmap(NULL, pool->mem_len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		free(pool);
		return -ENOMEM;
	}
	pool->mem = mem;
	*out = pool;
	return 0;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	munmap(pool->mem, pool->mem_len);
	free(pool);
}

void *pool_take(struct pool *pool)
{
	uint8_t *obj;
	if (pool->free_head != NO_INDEX) {
		obj = pool->mem + (size_t)pool->free_head * pool->obj_len;
		memcpy(&pool->free_head, obj, sizeof(pool->free_head));
		/* The next one is asked for as soon as it is taken. */
		if (pool->free_head != NO_INDEX)
			__builtin_prefetch(pool->mem + (size_t)pool->free_head * pool->obj_len, 1);
	} else if (pool->n_fresh < pool->n_objs) {
		obj = pool->mem + pool->n_fresh++ * pool->obj_len;
	} else {
		return NULL;
	}
	pool->n_used++;
	return obj;
}

void pool_return(struct pool *pool, void *obj)
{
	size_t index = pool_index_of(pool, obj);
	/* A double return would put the object just freed at the head once more. */
	assert(index < pool->n_fresh && pool->n_used > 0 && index != pool->free_head);
	memcpy(obj, &pool->free_head, sizeof(pool->free_head));
	pool->free_head = (uint32_t)index;
	pool->n_used--;
}

size_t pool_index_of(const struct pool *pool, const void *obj)
{
	size_t off = (size_t)((const uint8_t *)obj - pool->mem);
	assert(
	    (const uint8_t *)obj >= pool->mem && off < pool->mem_len && off % pool->obj_len == 0);
	return off / pool->obj_len;
}

void *pool_get(const struct pool *pool, size_t index)
{
	assert(index < pool->n_objs);
	return pool->mem + index * pool->obj_len;
}

size_t pool_get_capacity(const struct pool *pool)
{
	return pool->n_objs;
}

size_t pool_get_used(const struct pool *pool)
{
	return pool->n_used;
}

size_t pool_get_touched(const struct pool *pool)
{
	return pool->n_fresh;
}
