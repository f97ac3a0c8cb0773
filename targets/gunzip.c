/* gunzip: reads gzip; the only user of zlib. One owning thread. Source: RFC 1952; zlib's manual. */
#include "targets/decoder.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct gunzip {
	z_stream z;
	bool is_between; /* members: before the first byte of the next one */
};

static int step(void *state, const uint8_t *in, size_t *in_len, uint8_t *out, size_t *out_len,
    bool *is_complete)
{
	struct gunzip *g = state;
	if (g->is_between && *in_len > 0) {
		if (inflateReset(&g->z) != Z_OK)
			return -EBADMSG;
		g->is_between = false;
	}
	uInt n_in = *in_len > UINT_MAX ? UINT_MAX : (uInt)*in_len;
	uInt n_out = *out_len > UINT_MAX ? UINT_MAX : (uInt)*out_len;
	g->z.next_in = (z_const Bytef *)(uintptr_t)in;
	g->z.avail_in = n_in;
	g->z.next_out = out;
	g->z.avail_out = n_out;
	int status = g->is_between ? Z_BUF_ERROR : inflate(&g->z, Z_NO_FLUSH);
	*in_len = n_in - g->z.avail_in;
	*out_len = n_out - g->z.avail_out;
	if (status == Z_STREAM_END)
		g->is_between = true;
	*is_complete = g->is_between;
	/* Z_BUF_ERROR only says that there was nothing to do. */
	if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR)
		return 0;
	return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static void destroy(void *state)
{
	struct gunzip *g = state;
	inflateEnd(&g->z);
	free(g);
}

int gunzip_create(struct decoder *out)
{
	struct gunzip *g = calloc(1, sizeof(*g));
	/* 16: a gzip header, not zlib's own */
	if (!g || inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK) {
		free(g);
		return -ENOMEM;
	}
	*out = (struct decoder){.state = g, .step = step, .destroy = destroy, .name = "gzip"};
	return 0;
}
