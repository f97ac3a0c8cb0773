#ifndef SIG_ARENA_H
#define SIG_ARENA_H

#include <stddef.h>

/* Memory of one sig_set: many small pieces that live and die together. */
struct arena {
	struct arena_block *head;
};

/* len zeroed bytes, aligned for any type, valid until arena_fini; NULL when memory is out. */
void *arena_alloc(struct arena *arena, size_t len);

/* A NUL-terminated copy of the len bytes at text; NULL when memory is out. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);

/* Frees everything; the arena is empty and usable again. */
void arena_fini(struct arena *arena);

#endif
