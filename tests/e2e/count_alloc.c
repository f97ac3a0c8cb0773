/* count_alloc: a library to preload that counts what each named thread of the program asks the heap for
 * after it has named itself, and writes "NAME CALLS BYTES" lines to the file of COUNT_ALLOC when the
 * program ends. Threads without a name are not counted. Used by tests/e2e/test_allocations.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 64, NAME_LEN = 16 };

static struct thread {
	char name[NAME_LEN];
	unsigned long n_calls, n_bytes; /* its own thread writes, the end reads */
} threads[THREADS_MAX];

static int n_threads; /* atomic */
static int out = -1;
static __thread struct thread *mine;

/* glibc's own, under the names that it keeps for such as us. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void note(size_t size)
{
	if (!mine)
		return;
	mine->n_calls++;
	mine->n_bytes += size;
}

void *malloc(size_t size)
{
	note(size);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	note(n * size);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	note(size);
	return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	note(size);
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
	note(size);
	*p = __libc_memalign(alignment, size);
	return *p ? 0 : 12;
}

int pthread_setname_np(pthread_t thread, const char *name)
{
	int (*real)(pthread_t, const char *) =
	    (int (*)(pthread_t, const char *))dlsym(RTLD_NEXT, "pthread_setname_np");
	int status = real ? real(thread, name) : 0;
	int i = __atomic_fetch_add(&n_threads, 1, __ATOMIC_RELAXED);
	if (i < THREADS_MAX && pthread_equal(thread, pthread_self())) {
		strncpy(threads[i].name, name, NAME_LEN - 1);
		mine = &threads[i];
	}
	return status;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("COUNT_ALLOC");
	if (path)
		out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

__attribute__((destructor)) static void end(void)
{
	char line[128];
	int n = n_threads < THREADS_MAX ? n_threads : THREADS_MAX;
	for (int i = 0; i < n && out >= 0; i++) {
		int len = snprintf(line, sizeof(line), "%s %lu %lu\n", threads[i].name,
		    threads[i].n_calls, threads[i].n_bytes);
		if (threads[i].name[0] && write(out, line, (size_t)len) != len)
			_exit(1);
	}
}
