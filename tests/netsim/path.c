/* path: loss, duplication and delay. Owned by the I/O thread. Refuses to grow: a frame that finds the
 * delay buffer full leaves at once and is counted. */
#include "tests/netsim/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/netsim/frame.h"
#include "tests/netsim/mix.h"
#include "tests/netsim/wheel.h"

enum { N_HELD = 1 << 16 };

/* Memory that is not touched costs nothing: calloc of this size is a fresh mapping. */
struct held {
	uint32_t next_free; /* index + 1; 0 ends */
	uint16_t len;
	uint8_t bytes[FRAME_CAP - 6];
};

struct path {
	path_emit_fn *emit;
	void *ctx;
	struct wheel *wheel;
	struct held *held;
	uint32_t free_list; /* index + 1 */
	uint32_t n_used;    /* high-water mark of slots ever used */
	uint64_t random;
	struct path_counts counts;
};

int path_create(uint64_t seed, path_emit_fn *emit, void *ctx, struct path **out)
{
	struct path *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->emit = emit;
	p->ctx = ctx;
	p->random = mix_add(seed, 0x6c6f7373);
	p->held = calloc(N_HELD, sizeof(*p->held));
	if (!p->held || wheel_create(N_HELD, &p->wheel) < 0) {
		path_destroy(p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

void path_destroy(struct path *path)
{
	if (!path)
		return;
	wheel_destroy(path->wheel);
	free(path->held);
	free(path);
}

bool path_draw_loss(struct path *path, uint32_t ppm)
{
	if (ppm == 0)
		return false;
	path->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix_hits(mix64(path->random), ppm);
}

static bool hold(struct path *path, const uint8_t *frame, size_t len, int64_t deadline_ns)
{
	uint32_t i;
	if (path->free_list) {
		i = path->free_list - 1;
		path->free_list = path->held[i].next_free;
	} else if (path->n_used < N_HELD) {
		i = path->n_used++;
	} else {
		return false;
	}
	memcpy(path->held[i].bytes, frame, len);
	path->held[i].len = (uint16_t)len;
	wheel_arm(path->wheel, i, deadline_ns);
	path->counts.n_delayed++;
	return true;
}

void path_send(struct path *path, const uint8_t *frame, size_t len, uint32_t loss_ppm,
    bool is_doubled, int64_t now_ns, int64_t delay_ns)
{
	for (int copy = 0; copy < 1 + is_doubled; copy++) {
		path->counts.n_duplicated += copy != 0;
		if (path_draw_loss(path, loss_ppm)) {
			path->counts.n_lost++;
			continue;
		}
		if (delay_ns > 0 && len <= sizeof(path->held->bytes)) {
			if (hold(path, frame, len, now_ns + delay_ns))
				continue;
			path->counts.n_overflowed++;
		}
		path->emit(path->ctx, frame, len);
	}
}

static void release(void *ctx, uint32_t i)
{
	struct path *path = ctx;
	path->emit(path->ctx, path->held[i].bytes, path->held[i].len);
	path->held[i].next_free = path->free_list;
	path->free_list = i + 1;
}

void path_tick(struct path *path, int64_t now_ns)
{
	wheel_expire(path->wheel, now_ns, release, path);
}

bool path_is_idle(const struct path *path)
{
	return wheel_count(path->wheel) == 0;
}

const struct path_counts *path_get_counts(const struct path *path)
{
	return &path->counts;
}
