#ifndef OUT_RECORD_VALUES_H
#define OUT_RECORD_VALUES_H

#include "out/record.h"

/* The values of a record, one getter a field: shared by the writers of all formats. */

/* One value, of the type that fields.def states for its field. Borrows from the view. */
struct record_value {
	union {
		const struct ipaddr *ip;
		int64_t time_ns;
		uint64_t integer;
		struct {
			int64_t v; /* number x 10^decimals */
			unsigned decimals;
		} number;
		bool boolean;
		struct {
			const char *p;
			size_t len;
			size_t max_len; /* show at most this many bytes */
		} bytes;                /* STRING, TEXT, BASE64 */
		/* STRINGS, OBJECT: writes the JSON text, brackets included */
		void (*put_json)(struct text *t, const struct record_view *view);
	};
};

/* Fills *out; false: the record has no such value (out is then undefined). */
bool record_get_value(const struct record_view *view, enum field_id id, struct record_value *out);

/* The value as JSON, strings with their quotes. */
void record_put_json_value(struct text *t, const struct record_view *view, enum field_type type,
    const struct record_value *value);

/* Those of the n fields ids (enum field_id) that the record has, each as ,"key":value. */
void record_put_json_fields(
    struct text *t, const struct record_view *view, const uint8_t *ids, size_t n);

/* Makes what record_put_json_fields() wrote from start on an object and a line. */
void record_end_json(struct text *t, size_t start);

#endif
