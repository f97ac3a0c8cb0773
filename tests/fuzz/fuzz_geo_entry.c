/* fuzz_geo_entry: an entry of a MaxMind database. The first two bytes say where it begins in the data
 * section that the rest is. Texts lie inside, positions are on the globe. */
#include <assert.h>
#include <stdbool.h>

#include "out/geo_entry.h"
#include "tests/fuzz/fuzz.h"

static bool is_inside(const struct geo_text *text, const uint8_t *data, size_t len)
{
	const uint8_t *p = (const uint8_t *)text->p;
	return !p || (p >= data && text->len > 0 && text->len <= (size_t)(data + len - p));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 2)
		return 0;
	const uint8_t *data = bytes + 2;
	size_t data_len = len - 2;
	struct geo_record record;
	bool is_sound = geo_entry_read(data, data_len, (uint32_t)bytes[0] << 8 | bytes[1], &record);
	assert(is_inside(&record.country, data, data_len));
	assert(is_inside(&record.city, data, data_len));
	assert(is_inside(&record.as_org, data, data_len));
	assert(is_sound ||
	       (!record.country.p && !record.city.p && !record.as_org.p && !record.has_asn));
	if (record.has_position) {
		assert(record.lat_e4 >= -900000 && record.lat_e4 <= 900000);
		assert(record.lon_e4 >= -1800000 && record.lon_e4 <= 1800000);
	}
	return 0;
}
