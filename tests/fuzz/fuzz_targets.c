/* fuzz_targets: a list of targets from a stranger; the first byte chooses order, shards and an
 * exclusion. What is accepted yields targets that are whole, not excluded, and in sets never twice; a
 * set yields as many as it counts. Names do not resolve here: nothing is sent. */
#include "autoconfig.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "targets/item.h"
#include "targets/quick.h"
#include "targets/targets.h"
#include "tests/fuzz/fuzz.h"

enum { TARGETS_MAX = 2000 };

/* Takes the C library's place. */
int getaddrinfo(
    const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)out;
	return EAI_NONAME;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct target));
}

static void check_targets(struct targets *targets)
{
	static struct target found[TARGETS_MAX];
	struct targets_iter it;
	size_t n = 0;
	size_t n_idle = 0;
	uint64_t count;
	bool is_counted = targets_count(targets, &count);
	targets_iter_init(&it, targets, 0, 1);
	while (n < TARGETS_MAX && it.status != TARGETS_END && it.status != TARGETS_ERROR &&
	       n_idle < 10000) {
		size_t got = targets_iter_next(&it, found + n, TARGETS_MAX - n);
		n += got;
		n_idle += got == 0;
	}
	struct ipaddr excluded_lo = ipaddr_from_v4(0x0a000000);
	struct ipaddr excluded_hi = ipaddr_from_v4(0x0a0000ff);
	for (size_t i = 0; i < n; i++) {
		assert(found[i].port != 0);
		assert(ipaddr_cmp(&found[i].addr, &excluded_lo) < 0 ||
		       ipaddr_cmp(&found[i].addr, &excluded_hi) > 0);
	}
	if (is_counted && it.status == TARGETS_END)
		assert(n == count);
	if (targets_is_stream(targets))
		return;
	qsort(found, n, sizeof(found[0]), compare);
	for (size_t i = 1; i < n; i++)
		assert(compare(&found[i - 1], &found[i]) != 0);
}

/* What the fast parser takes, the slow one takes with the same meaning. */
static void check_quick(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + QUICK_SLACK);
	if (!text)
		abort();
	memset(text + len, 'x', QUICK_SLACK);
	for (size_t i = 0; i < len; i++) /* lists with a NUL are not for it */
		text[i] = bytes[i] ? (char)bytes[i] : ' ';
	for (const char *p = text, *newline; (newline = memchr(p, '\n', (size_t)(text + len - p)));
	     p = newline + 1) {
		struct quick_line line;
		struct item item;
		size_t used = quick_parse(p, (size_t)(text + len - p), &line);
		if (used == 0)
			continue;
		assert(p + used == newline + 1);
		bool has_cr = newline > p && newline[-1] == '\r';
		int err = item_parse(p, (size_t)(newline - p) - has_cr, &item, NULL, NULL);
		assert(err == 0 && item.kind == ITEM_RANGE && item.prefix_len == 128);
		assert(u128_eq(item.range.lo, line.addr) && item.port == line.port && !item.ports);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static bool is_ready;
	char path[64];
	char *files[] = {path};
	char *excludes[] = {(char[]){"10.0.0.0/24"}};
	struct diag diag = {""};
	struct targets *targets = NULL;
	if (!is_ready && hash_init() < 0)
		abort();
	is_ready = true;
	uint8_t bits = len > 0 ? bytes[0] : 0;
	size_t text_len = len > 0 ? len - 1 : 0;
	check_quick(bytes + (len > 0), text_len);
	int fd = memfd_create("targets", MFD_CLOEXEC);
	if (fd < 0 || (text_len > 0 && write(fd, bytes + 1, text_len) != (ssize_t)text_len))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct targets_spec spec = {.files = files,
	    .n_files = 1,
	    .ports = bits & 4 ? "80,8000-8003" : NULL,
	    .excludes = excludes,
	    .n_excludes = 1,
	    .allow_reserved = true,
	    .no_exclude = true,
	    .order = bits % 3,
	    .v6_iid = bits & 8 ? "low:4" : NULL,
	    .seed = bits,
	    .n_shards = bits & 16 ? 3 : 1,
	    .max_targets = bits & 32 ? 1000 : 0};
	int err = targets_create(&spec, &diag, &targets);
	if (err < 0)
		assert(diag.text[0] && !strchr(diag.text, '\n'));
	else
		check_targets(targets);
	targets_destroy(targets);
	close(fd);
	return 0;
}
