/* txtool: sends numbered frames through a transmit back end, for tests/e2e/test_tx.py. Prints one
 * JSON object. Not installed. Usage: txtool xdp|packet|best IFACE raw|ether COUNT HEXFRAME
 * The last four bytes of the frame are replaced by its number, big-endian. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>

#include "base/clock.h"
#include "base/log.h"
#include "tx/backend.h"

static size_t parse_hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;
	while (text[0] && text[1] && n < size && sscanf(text, "%2hhx", &out[n]) == 1) {
		text += 2;
		n++;
	}
	return n;
}

/* Sends count frames; returns 0 or the error that ended it. */
static int send_all(
    struct tx_backend *backend, const uint8_t *frame, size_t len, unsigned long count)
{
	unsigned long number = 0;
	while (number < count) {
		struct tx_frame frames[TX_BATCH_MAX];
		size_t want = count - number < TX_BATCH_MAX ? count - number : TX_BATCH_MAX;
		size_t n = tx_reserve(backend, frames, want);
		for (size_t i = 0; i < n; i++, number++) {
			memcpy(frames[i].bytes, frame, len);
			uint8_t *tail = frames[i].bytes + len - 4;
			tail[0] = (uint8_t)(number >> 24);
			tail[1] = (uint8_t)(number >> 16);
			tail[2] = (uint8_t)(number >> 8);
			tail[3] = (uint8_t)number;
			frames[i].len = (uint32_t)len;
		}
		tx_commit(backend, frames, n);
		int err = tx_drain(backend, 10 * NS_PER_SEC);
		if (err)
			return err;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static uint8_t frame[TX_FRAME_MAX];
	struct tx_backend *backend;
	struct diag diag;
	int err;
	if (argc != 6)
		return 2;
	struct tx_config config = {.interface = argv[2],
	    .ifindex = if_nametoindex(argv[2]),
	    .is_raw_ip = strcmp(argv[3], "raw") == 0,
	    .may_zero_copy = strcmp(argv[1], "xdp") == 0};
	log_set_level(LOG_INFO);
	if (strcmp(argv[1], "best") == 0)
		err = tx_open_best(&config, &diag, &backend);
	else
		err = tx_open(strcmp(argv[1], "xdp") == 0 ? TX_BACKEND_XDP : TX_BACKEND_PACKET,
		    &config, &diag, &backend);
	if (err) {
		fprintf(stderr, "%s\n", diag.text);
		return 1;
	}
	size_t len = parse_hex(argv[5], frame, sizeof(frame));
	err = send_all(backend, frame, len, strtoul(argv[4], NULL, 10));
	printf("{\"name\": \"%s\", \"error\": %d, \"sent\": %llu, \"lost\": %llu, \"full\": %llu, "
	       "\"pending\": %zu}\n",
	    backend->name, err, (unsigned long long)backend->stats.n_sent,
	    (unsigned long long)backend->stats.n_lost, (unsigned long long)backend->stats.n_full,
	    tx_pending(backend));
	tx_close(backend);
	return 0;
}
