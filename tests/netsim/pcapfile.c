/* pcapfile: a capture file, written and never read. I/O thread. Source: draft-ietf-opsawg-pcap. */
#include "tests/netsim/pcapfile.h"

#include "base/clock.h"

FILE *pcapfile_open(const char *path)
{
	FILE *f = fopen(path, "wbe");
	if (!f)
		return NULL;
	/* native byte order: readers look at the magic number */
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, max_len, link_type;
	} head = {0xa1b23c4d, 2, 4, 0, 0, 65535, 1};
	fwrite(&head, sizeof(head), 1, f);
	return f;
}

void pcapfile_write(FILE *f, const uint8_t *frame, size_t len, int64_t wall_ns)
{
	const uint32_t head[4] = {(uint32_t)(wall_ns / NS_PER_SEC),
	    (uint32_t)(wall_ns % NS_PER_SEC), (uint32_t)len, (uint32_t)len};
	fwrite(head, sizeof(head), 1, f);
	fwrite(frame, 1, len, f);
}
