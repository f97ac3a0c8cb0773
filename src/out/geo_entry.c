/* geo_entry: one entry of a MaxMind database, read once from front to back. Pure. Refuses recursion:
 * the few maps that matter are known by name and depth, all else is stepped over by counting.
 * Source: MaxMind DB File Format Specification 2.0, "Output Data Section"; names of GeoIP2 and, for
 * flat databases, those in common use (country_code, city, asn, as_name). */
#include "out/geo_entry.h"

#include <string.h>

enum data_type {
	TYPE_EXTENDED = 0,
	TYPE_POINTER = 1,
	TYPE_STRING = 2,
	TYPE_DOUBLE = 3,
	TYPE_UINT16 = 5,
	TYPE_UINT32 = 6,
	TYPE_MAP = 7,
	TYPE_UINT64 = 9,
	TYPE_ARRAY = 11,
	TYPE_BOOLEAN = 14,
	TYPE_FLOAT = 15,
};

/* A real entry holds some hundred values; what holds more is malformed, or meant to keep us busy. */
enum { VALUES_MAX = 20000 };

/* The data section. Where one reads in it is a number of the caller's, so that looking elsewhere and
 * coming back costs nothing. */
struct section {
	const uint8_t *data;
	size_t len;
	unsigned n_values;
	bool is_bad; /* sticky; reads then give 0 */
};

struct value {
	unsigned type;
	uint32_t size;   /* bytes of a scalar, children of a map or array */
	size_t pos;      /* of its first byte or child */
	bool is_pointed; /* elsewhere: the caller stands behind the pointer already */
};

static inline uint64_t read_be(struct section *s, size_t *pos, size_t n)
{
	if (s->is_bad || *pos > s->len || s->len - *pos < n) {
		s->is_bad = true;
		return 0;
	}
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | s->data[*pos + i];
	*pos += n;
	return v;
}

/* Where a pointer leads whose first byte was b. */
static size_t read_pointer(struct section *s, size_t *pos, unsigned b)
{
	static const uint32_t base[] = {0, 2048, 526336, 0};
	unsigned n = (b >> 3 & 3) + 1;
	uint64_t v = read_be(s, pos, n);
	if (n < 4)
		v |= (uint64_t)(b & 7) << (8 * n);
	return (size_t)(v + base[n - 1]);
}

static uint32_t read_long_size(struct section *s, size_t *pos, uint32_t size)
{
	if (size == 29)
		return 29 + (uint32_t)read_be(s, pos, 1);
	if (size == 30)
		return 285 + (uint32_t)read_be(s, pos, 2);
	return 65821 + (uint32_t)read_be(s, pos, 3);
}

/* Type and size of the value at *pos, which then is that of the value's first byte. */
static inline struct value read_header(struct section *s, size_t *pos)
{
	unsigned b = (unsigned)read_be(s, pos, 1);
	struct value v = {.type = b >> 5, .size = b & 0x1f};
	if (++s->n_values > VALUES_MAX)
		s->is_bad = true;
	if (v.type == TYPE_POINTER) {
		v.pos = read_pointer(s, pos, b);
		return v;
	}
	if (v.type == TYPE_EXTENDED)
		v.type = 7 + (unsigned)read_be(s, pos, 1);
	if (v.size >= 29)
		v.size = read_long_size(s, pos, v.size);
	v.pos = *pos;
	return v;
}

/* Bytes that a value takes behind its header, children not counted. */
static inline size_t payload_len(const struct value *v)
{
	bool has_none = v->type == TYPE_MAP || v->type == TYPE_ARRAY || v->type == TYPE_BOOLEAN;
	return has_none ? 0 : v->size;
}

/* The next value. A scalar is consumed; of a map or array only the header is. */
static inline struct value read_value(struct section *s, size_t *pos)
{
	struct value v = read_header(s, pos);
	if (v.type == TYPE_POINTER) {
		size_t at = v.pos;
		v = read_header(s, &at);
		v.is_pointed = true;
		if (v.type == TYPE_POINTER) /* forbidden by the specification */
			s->is_bad = true;
	}
	size_t n = payload_len(&v);
	if (s->is_bad || v.pos > s->len || s->len - v.pos < n)
		s->is_bad = true;
	else if (!v.is_pointed)
		*pos += n;
	return v;
}

/* Steps over n values and all they contain, following no pointer: what is not wanted is not fetched
 * from memory either. */
static void skip_values(struct section *s, size_t *pos, uint64_t n)
{
	while (n > 0 && !s->is_bad) {
		struct value v = read_header(s, pos);
		n--;
		if (v.type == TYPE_POINTER)
			continue;
		if (v.type == TYPE_MAP)
			n += (uint64_t)v.size * 2;
		else if (v.type == TYPE_ARRAY)
			n += v.size;
		size_t len = payload_len(&v);
		if (s->is_bad || s->len - *pos < len)
			s->is_bad = true;
		else
			*pos += len;
	}
}

/* Steps over the children of v, if they stand at *pos. */
static void skip_children(struct section *s, size_t *pos, const struct value *v)
{
	if (!v->is_pointed && v->type == TYPE_MAP)
		skip_values(s, pos, (uint64_t)v->size * 2);
	else if (!v->is_pointed && v->type == TYPE_ARRAY)
		skip_values(s, pos, v->size);
}

/* After the children of v were read up to `end`: goes there, unless they are elsewhere. */
static void leave(size_t *pos, size_t end, const struct value *v)
{
	if (!v->is_pointed)
		*pos = end;
}

static struct geo_text text_of(const struct section *s, const struct value *v)
{
	if (s->is_bad || v->type != TYPE_STRING || v->size == 0)
		return (struct geo_text){0};
	return (struct geo_text){.p = (const char *)s->data + v->pos, .len = v->size};
}

static bool is_key(const struct geo_text *key, const char *name)
{
	size_t len = strlen(name);
	return key->len == len && memcmp(key->p, name, len) == 0;
}

/* The bytes of a number, as the host's. */
static uint64_t bits_of(struct section *s, const struct value *v)
{
	size_t pos = v->pos;
	return read_be(s, &pos, v->size);
}

/* Degrees x 10^4 of a finite number within +-limit. */
static bool degrees_of(struct section *s, const struct value *v, double limit, int32_t *out)
{
	double d;
	if (s->is_bad) {
		return false;
	} else if (v->type == TYPE_DOUBLE && v->size == 8) {
		uint64_t bits = bits_of(s, v);
		memcpy(&d, &bits, sizeof(d));
	} else if (v->type == TYPE_FLOAT && v->size == 4) {
		uint32_t bits = (uint32_t)bits_of(s, v);
		float f;
		memcpy(&f, &bits, sizeof(f));
		d = (double)f;
	} else {
		return false;
	}
	if (!(d >= -limit && d <= limit)) /* also when it is no number */
		return false;
	*out = (int32_t)(d * 10000.0 + (d < 0 ? -0.5 : 0.5));
	return true;
}

/* "64496" or "AS64496" */
static bool parse_asn(struct geo_text text, uint32_t *out)
{
	if (text.len > 2 && (memcmp(text.p, "AS", 2) == 0 || memcmp(text.p, "as", 2) == 0)) {
		text.p += 2;
		text.len -= 2;
	}
	if (!text.p || text.len == 0 || text.len > 10)
		return false;
	uint64_t v = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	*out = (uint32_t)v;
	return v <= UINT32_MAX;
}

static bool asn_of(struct section *s, const struct value *v, uint32_t *out)
{
	if (v->type == TYPE_STRING)
		return parse_asn(text_of(s, v), out);
	if (s->is_bad || v->size > 8 ||
	    (v->type != TYPE_UINT16 && v->type != TYPE_UINT32 && v->type != TYPE_UINT64))
		return false;
	uint64_t n = bits_of(s, v);
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

/* The text under name in a map of texts. */
static struct geo_text read_text_in(
    struct section *s, size_t *pos, const struct value *map, const char *name)
{
	struct geo_text found = {0};
	size_t at = map->pos;
	for (uint32_t i = 0; i < map->size && !s->is_bad; i++) {
		struct value key = read_value(s, &at);
		struct geo_text word = text_of(s, &key);
		if (!is_key(&word, name)) {
			skip_values(s, &at, 1);
			continue;
		}
		struct value value = read_value(s, &at);
		skip_children(s, &at, &value);
		found = text_of(s, &value);
	}
	leave(pos, at, map);
	return found;
}

/* city: {names: {en: text}} */
static struct geo_text read_city(struct section *s, size_t *pos, const struct value *city)
{
	struct geo_text found = {0};
	size_t at = city->pos;
	for (uint32_t i = 0; i < city->size && !s->is_bad; i++) {
		struct value key = read_value(s, &at);
		struct geo_text word = text_of(s, &key);
		if (!is_key(&word, "names")) {
			skip_values(s, &at, 1);
			continue;
		}
		struct value value = read_value(s, &at);
		if (value.type == TYPE_MAP)
			found = read_text_in(s, &at, &value, "en");
		else
			skip_children(s, &at, &value);
	}
	leave(pos, at, city);
	return found;
}

/* What the entry says of position, on two levels. */
struct position {
	bool has_lat, has_lon;
	int32_t lat_e4, lon_e4;
};

static void read_location(
    struct section *s, size_t *pos, const struct value *location, struct position *out)
{
	size_t at = location->pos;
	for (uint32_t i = 0; i < location->size && !s->is_bad; i++) {
		struct value key = read_value(s, &at);
		struct geo_text word = text_of(s, &key);
		bool is_lat = is_key(&word, "latitude");
		if (!is_lat && !is_key(&word, "longitude")) {
			skip_values(s, &at, 1);
			continue;
		}
		struct value value = read_value(s, &at);
		skip_children(s, &at, &value);
		if (is_lat)
			out->has_lat = degrees_of(s, &value, 90, &out->lat_e4);
		else
			out->has_lon = degrees_of(s, &value, 180, &out->lon_e4);
	}
	leave(pos, at, location);
}

/* The words of an entry that matter. */
enum word {
	WORD_AS_ORG,
	WORD_ASN,
	WORD_CITY,
	WORD_COUNTRY,
	WORD_COUNTRY_CODE,
	WORD_LATITUDE,
	WORD_LOCATION,
	WORD_LONGITUDE,
	WORD_OTHER,
};

static enum word find_word(const struct geo_text *key)
{
	static const struct {
		const char *name;
		size_t len;
		enum word word;
	} words[] = {
#define WORD(name, word) {name, sizeof(name) - 1, word}
	    WORD("as_name", WORD_AS_ORG),
	    WORD("as_organization", WORD_AS_ORG),
	    WORD("asn", WORD_ASN),
	    WORD("autonomous_system_number", WORD_ASN),
	    WORD("autonomous_system_organization", WORD_AS_ORG),
	    WORD("city", WORD_CITY),
	    WORD("country", WORD_COUNTRY),
	    WORD("country_code", WORD_COUNTRY_CODE),
	    WORD("latitude", WORD_LATITUDE),
	    WORD("location", WORD_LOCATION),
	    WORD("longitude", WORD_LONGITUDE),
#undef WORD
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (key->len == words[i].len && memcmp(key->p, words[i].name, key->len) == 0)
			return words[i].word;
	return WORD_OTHER;
}

/* A value that is no map, under a word that matters. A code from "country" counts only if it looks
 * like one, because some databases keep the country's name there and its code in country_code. */
static void note_flat(struct section *s, enum word word, const struct value *v,
    struct geo_record *out, struct position *position)
{
	switch (word) {
	case WORD_AS_ORG:
		out->as_org = text_of(s, v);
		return;
	case WORD_ASN:
		out->has_asn = asn_of(s, v, &out->asn);
		return;
	case WORD_CITY:
		out->city = text_of(s, v);
		return;
	case WORD_COUNTRY:
		if (!out->country.p && v->size == 2)
			out->country = text_of(s, v);
		return;
	case WORD_COUNTRY_CODE:
		out->country = text_of(s, v);
		return;
	case WORD_LATITUDE:
		position->has_lat = degrees_of(s, v, 90, &position->lat_e4);
		return;
	case WORD_LONGITUDE:
		position->has_lon = degrees_of(s, v, 180, &position->lon_e4);
		return;
	case WORD_LOCATION:
	case WORD_OTHER:
		return;
	}
}

/* One value of the entry's map, whose key was word; consumes it. */
static void read_member(struct section *s, size_t *pos, enum word word, struct geo_record *out,
    struct position *position)
{
	if (word == WORD_OTHER) {
		skip_values(s, pos, 1);
		return;
	}
	struct value value = read_value(s, pos);
	if (value.type != TYPE_MAP) {
		skip_children(s, pos, &value);
		note_flat(s, word, &value, out, position);
	} else if (word == WORD_CITY) {
		out->city = read_city(s, pos, &value);
	} else if (word == WORD_COUNTRY) {
		out->country = read_text_in(s, pos, &value, "iso_code");
	} else if (word == WORD_LOCATION) {
		read_location(s, pos, &value, position);
	} else {
		skip_children(s, pos, &value);
	}
}

bool geo_entry_read(const uint8_t *data, size_t data_len, uint32_t offset, struct geo_record *out)
{
	*out = (struct geo_record){0};
	struct section section = {.data = data, .len = data_len};
	struct section *s = &section;
	size_t pos = offset;
	struct value map = read_value(s, &pos);
	if (s->is_bad)
		return false;
	if (map.type != TYPE_MAP)
		return true; /* some other kind of database: nothing for us */
	struct position position = {0};
	pos = map.pos;
	for (uint32_t i = 0; i < map.size && !s->is_bad; i++) {
		struct value key = read_value(s, &pos);
		struct geo_text word = text_of(s, &key);
		if (!word.p)
			s->is_bad = true; /* keys are texts */
		else
			read_member(s, &pos, find_word(&word), out, &position);
	}
	if (s->is_bad) {
		*out = (struct geo_record){0};
		return false;
	}
	out->has_position = position.has_lat && position.has_lon;
	if (out->has_position) {
		out->lat_e4 = position.lat_e4;
		out->lon_e4 = position.lon_e4;
	}
	return true;
}
