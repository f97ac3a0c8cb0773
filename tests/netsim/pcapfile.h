#ifndef NETSIM_PCAPFILE_H
#define NETSIM_PCAPFILE_H

#include <stdio.h>
#include <stddef.h>
#include <stdint.h>

/* A capture file in the classic format with nanosecond times (draft-ietf-opsawg-pcap), written by
 * hand: netsim needs no libpcap for that. */

/* Returns the open file, or NULL with errno. Close it with fclose. */
FILE *pcapfile_open(const char *path);

/* Appends one frame; an error shows in ferror(). */
void pcapfile_write(FILE *f, const uint8_t *frame, size_t len, int64_t wall_ns);

#endif
