/* json: jansson behind our own types; reads objects that strangers wrote. No thread of its own. It
 * refuses what is not one object a line, keys given twice, and nesting beyond jansson's limit. */
#include "out/json.h"

#include <errno.h>
#include <jansson.h>

#include "base/diag.h"

/* The struct is only a name: a json_object is jansson's value. */
static json_t *value_of(const struct json_object *object)
{
	return (json_t *)(uintptr_t)object;
}

int json_object_parse(const char *line, size_t len, struct diag *diag, struct json_object **out)
{
	json_error_t error;
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!value && json_error_code(&error) == json_error_out_of_memory)
		return diag_set(diag, -ENOMEM, "out of memory");
	if (!value)
		return diag_set(diag, -EINVAL, "column %d: %s", error.column, error.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return diag_set(diag, -EINVAL, "not a JSON object");
	}
	*out = (struct json_object *)value;
	return 0;
}

void json_object_destroy(struct json_object *object)
{
	json_decref(value_of(object));
}

bool json_object_has(const struct json_object *object, const char *key)
{
	return json_object_get(value_of(object), key) != NULL;
}

const char *json_object_get_string(const struct json_object *object, const char *key, size_t *len)
{
	const json_t *value = json_object_get(value_of(object), key);
	if (!json_is_string(value))
		return NULL;
	*len = json_string_length(value);
	return json_string_value(value);
}

bool json_object_get_int(const struct json_object *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(value_of(object), key);
	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return true;
}

char *json_object_print(const struct json_object *object, const char *key)
{
	const json_t *value = json_object_get(value_of(object), key);
	return value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
}
