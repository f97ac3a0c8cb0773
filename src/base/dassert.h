#ifndef BASE_DASSERT_H
#define BASE_DASSERT_H

#include <assert.h>

#include "autoconfig.h"

/* assert() states what our code guarantees and stays on in releases; dassert() is for hot loops and
 * is compiled in with --enable-debug only. Neither is ever used on input, time or system calls. */
#ifdef DEBUG_ASSERT
#define dassert(cond) assert(cond)
#else
#define dassert(cond) ((void)sizeof(cond))
#endif

#endif
