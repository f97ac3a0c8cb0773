#ifndef OUT_FIELDS_H
#define OUT_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/messages.h"

struct diag;

/* The fields of a record as a table (rows in fields.def), and choices among them. */

enum field_id {
#define LIMITS(...)
#define FIELD(key, type, when, limits, present, help) FIELD_##key,
#include "out/fields.def"
#undef FIELD
#undef LIMITS
	FIELD_COUNT,
};

enum field_type {
	FIELD_IP,
	FIELD_TIME,
	FIELD_STRING,
	FIELD_TEXT,
	FIELD_BASE64,
	FIELD_INTEGER,
	FIELD_NUMBER,
	FIELD_BOOLEAN,
	FIELD_STRINGS,
	FIELD_OBJECT,
};

enum field_when { FIELD_ALWAYS, FIELD_MAYBE, FIELD_ASKED };

struct field_row {
	const char *key;
	enum field_type type;
	enum field_when when;
	const char *limits; /* JSON Schema keywords, without the braces; may be empty */
	const char *present;
	const char *help;
};

/* Which fields to write, in which order. */
struct field_list {
	size_t n;
	uint8_t ids[FIELD_COUNT]; /* enum field_id, each at most once */
};

/* The row of id; valid for ever. */
const struct field_row *fields_get_row(enum field_id id);

/* Reads a comma-separated list of keys ("all": every field there is) into *out. text NULL or empty:
 * the fields that a record has when nobody asks. Returns 0, or -EINVAL with diag ("--fields: ...")
 * for an unknown or repeated key. */
int fields_parse(const char *text, struct diag *diag, struct field_list *out)
    __attribute__((warn_unused_result));

/* The word for an outcome in records, status and summary. */
const char *fields_get_outcome_name(enum outcome outcome);

#endif
