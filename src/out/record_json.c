/* record_json: a record as a line of JSON, without a tree and without allocation: the schema is
 * fixed. (jansson builds and prints the same record at 70,000 a second, a sixth of what one core
 * must write.) Pure; whatever a server sent, the line is valid UTF-8 and valid JSON (RFC 8259). */
#include "out/record_values.h"

#include <string.h>

enum { KEY_ROOM = 30 };

static const struct {
	char text[KEY_ROOM]; /* ,"key": and zeros: always copied as a whole */
	uint8_t len;
	uint8_t type; /* enum field_type */
} keys[FIELD_COUNT] = {
#define FIELD(key, type, when, limits, present, help)                                              \
	[FIELD_##key] = {",\"" #key "\":", sizeof(",\"" #key "\":") - 1, FIELD_##type},
#include "out/fields.def"
#undef FIELD
};

static size_t shown_len(const struct record_value *value)
{
	return value->bytes.len < value->bytes.max_len ? value->bytes.len : value->bytes.max_len;
}

void record_put_json_value(struct text *t, const struct record_view *view, enum field_type type,
    const struct record_value *value)
{
	switch (type) {
	case FIELD_IP:
		text_putc(t, '"');
		text_put_ip(t, value->ip);
		text_putc(t, '"');
		return;
	case FIELD_TIME:
		text_putc(t, '"');
		text_put_time(t, value->time_ns);
		text_putc(t, '"');
		return;
	case FIELD_STRING:
	case FIELD_TEXT:
		text_putc(t, '"');
		text_put_printable(t, (const uint8_t *)value->bytes.p, value->bytes.len,
		    value->bytes.max_len, TEXT_QUOTE_JSON);
		text_putc(t, '"');
		return;
	case FIELD_BASE64:
		text_putc(t, '"');
		text_put_base64(t, (const uint8_t *)value->bytes.p, shown_len(value));
		text_putc(t, '"');
		return;
	case FIELD_INTEGER:
		text_put_u64(t, value->integer);
		return;
	case FIELD_NUMBER:
		text_put_fixed(t, value->number.v, value->number.decimals);
		return;
	case FIELD_BOOLEAN:
		text_puts(t, value->boolean ? "true" : "false");
		return;
	case FIELD_STRINGS:
	case FIELD_OBJECT:
		value->put_json(t, view);
		return;
	}
}

void record_put_json_fields(
    struct text *t, const struct record_view *view, const uint8_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum field_id id = (enum field_id)ids[i];
		struct record_value value;
		if (!record_get_value(view, id, &value))
			continue;
		text_put_short(t, keys[id].text, KEY_ROOM, keys[id].len);
		record_put_json_value(t, view, (enum field_type)keys[id].type, &value);
	}
}

void record_end_json(struct text *t, size_t start)
{
	/* The first comma is the brace; a choice of fields that this record has none of is an empty
	 * object. */
	if (t->len > start)
		t->p[start] = '{';
	else
		text_putc(t, '{');
	text_put(t, "}\n", 2);
}

void record_put_json(struct text *t, const struct record_view *view, const struct field_list *list)
{
	size_t start = t->len;
	record_put_json_fields(t, view, list->ids, list->n);
	record_end_json(t, start);
}
