/* record_csv: a record as a row of CSV (RFC 4180 with LF, quotes only where they may be needed).
 * Pure. Strangers' text holds no line break: it is escaped as in JSON records. */
#include "out/record_values.h"

#include <string.h>

void record_put_csv_header(struct text *t, const struct field_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			text_putc(t, ',');
		text_puts(t, fields_get_row((enum field_id)list->ids[i])->key);
	}
	text_putc(t, '\n');
}

/* JSON text as a cell: every quote doubled. */
static void put_json_cell(struct text *t, const struct record_view *view, enum field_type type,
    const struct record_value *value)
{
	char buf[8192]; /* details is the longest: 8 names and texts, each byte escaped fivefold */
	struct text json = text_make(buf, sizeof(buf));
	record_put_json_value(&json, view, type, value);
	text_putc(t, '"');
	const char *p = json.p;
	const char *end = json.p + json.len;
	while (p < end) {
		const char *quote = memchr(p, '"', (size_t)(end - p));
		const char *stop = quote ? quote + 1 : end;
		text_put(t, p, (size_t)(stop - p));
		if (quote)
			text_putc(t, '"');
		p = stop;
	}
	text_putc(t, '"');
	t->is_full |= json.is_full;
}

static void put_cell(struct text *t, const struct record_view *view, enum field_type type,
    const struct record_value *value)
{
	switch (type) {
	case FIELD_IP:
		text_put_ip(t, value->ip);
		return;
	case FIELD_TIME:
		text_put_time(t, value->time_ns);
		return;
	case FIELD_TEXT:
	case FIELD_STRING:
		text_putc(t, '"');
		text_put_printable(t, (const uint8_t *)value->bytes.p, value->bytes.len,
		    value->bytes.max_len, TEXT_QUOTE_CSV);
		text_putc(t, '"');
		return;
	case FIELD_BASE64:
		text_put_base64(t, (const uint8_t *)value->bytes.p,
		    value->bytes.len < value->bytes.max_len ? value->bytes.len
							    : value->bytes.max_len);
		return;
	case FIELD_STRINGS:
	case FIELD_OBJECT:
		put_json_cell(t, view, type, value);
		return;
	case FIELD_INTEGER:
	case FIELD_NUMBER:
	case FIELD_BOOLEAN:
		record_put_json_value(t, view, type, value);
		return;
	}
}

void record_put_csv(struct text *t, const struct record_view *view, const struct field_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		enum field_id id = (enum field_id)list->ids[i];
		struct record_value value;
		if (i > 0)
			text_putc(t, ',');
		if (record_get_value(view, id, &value))
			put_cell(t, view, fields_get_row(id)->type, &value);
	}
	text_putc(t, '\n');
}
