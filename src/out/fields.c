/* fields: what a record can hold, and which part of it was asked for. Pure. */
#include "out/fields.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/dassert.h"
#include "base/diag.h"

#define LIMITS(...) #__VA_ARGS__
static const struct field_row rows[FIELD_COUNT] = {
#define FIELD(key, type, when, limits, present, help)                                              \
	[FIELD_##key] = {#key, FIELD_##type, FIELD_##when, limits, present, help},
#include "out/fields.def"
#undef FIELD
};
#undef LIMITS

_Static_assert(FIELD_COUNT <= UINT8_MAX, "struct field_list keeps ids in bytes");

const struct field_row *fields_get_row(enum field_id id)
{
	assert(id < FIELD_COUNT);
	return &rows[id];
}

static bool is_listed(const struct field_list *list, size_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->ids[i] == id)
			return true;
	return false;
}

int fields_parse(const char *text, struct diag *diag, struct field_list *out)
{
	struct field_list list = {0};
	bool is_all = text && strcmp(text, "all") == 0;
	if (!text || !*text || is_all) {
		for (size_t id = 0; id < FIELD_COUNT; id++)
			if (is_all || rows[id].when != FIELD_ASKED)
				list.ids[list.n++] = (uint8_t)id;
		*out = list;
		return 0;
	}
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		size_t id = 0;
		while (
		    id < FIELD_COUNT && (strncmp(rows[id].key, p, len) != 0 || rows[id].key[len]))
			id++;
		if (id == FIELD_COUNT)
			return diag_set(diag, -EINVAL,
			    "--fields: unknown field '%.*s': synspect-output(5) lists them",
			    (int)(len < 64 ? len : 64), p);
		if (is_listed(&list, id))
			return diag_set(diag, -EINVAL, "--fields: %s is named twice", rows[id].key);
		list.ids[list.n++] = (uint8_t)id;
		p += len;
		if (!*p)
			break;
	}
	*out = list;
	return 0;
}

const char *fields_get_outcome_name(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_IDENTIFIED:
		return "identified";
	case OUTCOME_UNIDENTIFIED:
		return "unidentified";
	case OUTCOME_SILENT:
		return "silent";
	case OUTCOME_NO_ACK:
		return "no_ack";
	case OUTCOME_RESET:
		return "reset";
	case OUTCOME_CLOSED:
		return "closed";
	case OUTCOME_ZERO_WINDOW:
		return "zero_window";
	case OUTCOME_UNREACHABLE:
		return "unreachable";
	case OUTCOME_ABORTED:
		return "aborted";
	case OUTCOME_COUNT:
		break;
	}
	assert(false && "an outcome of ours");
	return "";
}
