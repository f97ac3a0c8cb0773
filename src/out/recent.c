/* recent: a ring of targets and times. Writer thread. Refuses to grow. */
#include "out/recent.h"

#include <errno.h>
#include <stdlib.h>

struct recent {
	uint64_t n; /* added so far */
	int64_t at_ns[RECENT_MAX];
	struct target target[RECENT_MAX];
	struct target list[RECENT_MAX]; /* what recent_list() gave out */
};

int recent_create(struct recent **out)
{
	struct recent *recent = calloc(1, sizeof(*recent)); /* mapped; touched as used */
	if (!recent)
		return -ENOMEM;
	*out = recent;
	return 0;
}

void recent_destroy(struct recent *recent)
{
	free(recent);
}

void recent_add(struct recent *recent, const struct target *target, int64_t now_ns)
{
	size_t i = recent->n++ % RECENT_MAX;
	recent->at_ns[i] = now_ns;
	recent->target[i] = *target;
}

const struct target *recent_list(struct recent *recent, int64_t since_ns, size_t *n)
{
	uint64_t first = recent->n > RECENT_MAX ? recent->n - RECENT_MAX : 0;
	uint64_t from = recent->n;
	while (from > first && recent->at_ns[(from - 1) % RECENT_MAX] >= since_ns)
		from--;
	*n = 0;
	for (uint64_t i = from; i < recent->n; i++)
		recent->list[(*n)++] = recent->target[i % RECENT_MAX];
	return recent->list;
}
