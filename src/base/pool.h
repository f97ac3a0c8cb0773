#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A fixed number of objects of one size, 16-byte aligned. Address space for all of them is reserved
 * once; a page becomes resident only when an object on it is first used, and freed objects are
 * reused last in, first out, so that the resident size follows the peak of use, not the capacity.
 * One owner thread takes and returns; the objects themselves may travel. Opaque. */
struct pool;

enum { POOL_ALIGN = 16 };

/* Makes a pool of n_objs objects (1 to 2^32 - 2) of obj_len bytes (1 or more; rounded up to a
 * multiple of POOL_ALIGN). Returns 0, -EINVAL or -ENOMEM; the caller owns *out. */
int pool_create(size_t obj_len, size_t n_objs, struct pool **out)
    __attribute__((warn_unused_result));

/* Gives all memory back, objects in use included; NULL is fine. */
void pool_destroy(struct pool *pool);

/* Moves one object to the caller, or NULL when all are in use. The contents are whatever was there
 * (zeros at the very first use). Owner thread, O(1). */
void *pool_take(struct pool *pool) __attribute__((warn_unused_result));

/* Takes obj back; it must have come from pool_take of this pool and not be free already (asserted).
 * The first bytes of a free object belong to the pool. Owner thread, O(1). */
void pool_return(struct pool *pool, void *obj);

/* Objects by number, 0..n_objs-1, the same for the life of the pool: for handles. */
size_t pool_index_of(const struct pool *pool, const void *obj);
void *pool_get(const struct pool *pool, size_t index);

size_t pool_get_capacity(const struct pool *pool);
/* Objects taken and not yet returned. Owner thread. */
size_t pool_get_used(const struct pool *pool);

/* Objects from this index on were never handed out. */
size_t pool_get_touched(const struct pool *pool);

#endif
