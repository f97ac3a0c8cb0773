/* unzstd: reads zstd. zstd.h has two users, this reader and the writer of out/, which have nothing in
 * common but the header. One owning thread. Source: RFC 8878; zstd's manual. */
#include "targets/decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

struct unzstd {
	ZSTD_DStream *stream;
	bool is_complete; /* at the end of a frame, everything written out */
};

static int step(void *state, const uint8_t *in, size_t *in_len, uint8_t *out, size_t *out_len,
    bool *is_complete)
{
	struct unzstd *u = state;
	ZSTD_inBuffer from = {in, *in_len, 0};
	ZSTD_outBuffer to = {out, *out_len, 0};
	size_t left = 0;
	if (*in_len > 0 || !u->is_complete) {
		left = ZSTD_decompressStream(u->stream, &to, &from);
		if (ZSTD_isError(left))
			return -EBADMSG;
		u->is_complete = left == 0;
	}
	*in_len = from.pos;
	*out_len = to.pos;
	*is_complete = u->is_complete;
	return 0;
}

static void destroy(void *state)
{
	struct unzstd *u = state;
	ZSTD_freeDStream(u->stream);
	free(u);
}

int unzstd_create(struct decoder *out)
{
	struct unzstd *u = calloc(1, sizeof(*u));
	if (u)
		u->stream = ZSTD_createDStream();
	if (!u || !u->stream) {
		free(u);
		return -ENOMEM;
	}
	*out = (struct decoder){.state = u, .step = step, .destroy = destroy, .name = "zstd"};
	return 0;
}
