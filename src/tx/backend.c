/* backend: which way frames leave, and what is the same for all ways. Sender thread, after opening
 * in main. Refuses nothing by itself: the implementations say why they cannot. */
#include "tx/backend.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

int tx_open(enum tx_backend_kind kind, const struct tx_config *config, struct diag *diag,
    struct tx_backend **out)
{
	switch (kind) {
	case TX_BACKEND_XDP:
		return tx_xdp_open(config, diag, out);
	case TX_BACKEND_PACKET:
		return tx_packet_open(config, diag, out);
	case TX_BACKEND_NULL:
		return tx_null_open(config, diag, out);
	case TX_BACKEND_LIBNET:
	case TX_BACKEND_KIND_COUNT:
		break;
	}
	return diag_set(
	    diag, -EOPNOTSUPP, "%s: libnet sends through its own link", config->interface);
}

int tx_open_best(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
{
	struct diag why = {.text = ""};
	int err = tx_open(TX_BACKEND_XDP, config, &why, out);
	if (!err)
		return 0;
	log_info("not sending by AF_XDP: %s", why.text);
	return tx_open(TX_BACKEND_PACKET, config, diag, out);
}

int tx_drain(struct tx_backend *backend, int64_t timeout_ns)
{
	int64_t deadline_ns = clock_mono_ns() + timeout_ns;
	for (;;) {
		int err = tx_flush(backend);
		if (err != -EAGAIN)
			return err;
		if (clock_mono_ns() >= deadline_ns)
			return -ETIMEDOUT;
		clock_sleep_ns(100 * NS_PER_US);
	}
}

/* The null back end: a batch of buffers that is thrown away. */
struct tx_null {
	struct tx_backend base;
	uint8_t buffers[TX_BATCH_MAX][TX_FRAME_MAX + 64];
};

static size_t null_reserve(struct tx_backend *backend, struct tx_frame *frames, size_t n)
{
	struct tx_null *null = (struct tx_null *)backend;
	size_t i;
	for (i = 0; i < n && i < TX_BATCH_MAX; i++)
		frames[i].bytes = null->buffers[i];
	return i;
}

static void null_commit(struct tx_backend *backend, const struct tx_frame *frames, size_t n)
{
	(void)frames;
	backend->stats.n_sent += n;
}

static int null_flush(struct tx_backend *backend)
{
	(void)backend;
	return 0;
}

static size_t null_pending(const struct tx_backend *backend)
{
	(void)backend;
	return 0;
}

static void null_close(struct tx_backend *backend)
{
	free(backend);
}

int tx_null_open(const struct tx_config *config, struct diag *diag, struct tx_backend **out)
{
	static const struct tx_backend_ops ops = {
	    null_reserve, null_commit, null_flush, null_pending, null_close};
	struct tx_null *null = calloc(1, sizeof(*null));
	(void)config;
	if (!null)
		return diag_set(diag, -ENOMEM, "out of memory");
	null->base.ops = &ops;
	null->base.name = "null";
	*out = &null->base;
	return 0;
}
