#ifndef OUT_GEO_ENTRY_H
#define OUT_GEO_ENTRY_H

#include "out/geo.h"

/* Reads what we use of one entry of a database's data section in a single pass: the library's own
 * access, one walk a value, takes 5 to 10 us an entry, which is several times what a whole record may
 * cost. Pure, no allocation, bounded time; any thread.
 *   data, data_len  the data section; texts in *out point into it
 *   offset          where the entry begins
 * Returns false when the section is malformed there (cut, pointers that lead nowhere, too deep); *out
 * then holds nothing. Values of unexpected type or range are absent. */
bool geo_entry_read(const uint8_t *data, size_t data_len, uint32_t offset, struct geo_record *out);

#endif
