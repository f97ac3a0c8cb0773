#ifndef OUT_JSON_H
#define OUT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* Reading of JSON objects from strangers, one a line. (Records are written by record_json.c, which
 * needs no tree.) Any thread; the object belongs to whoever parsed it. */
struct json_object;

/* Parses the len bytes of line as one JSON object. Returns 0, -EINVAL with what is wrong and its
 * column in diag, or -ENOMEM. */
int json_object_parse(const char *line, size_t len, struct diag *diag, struct json_object **out)
    __attribute__((warn_unused_result));
void json_object_destroy(struct json_object *object);

bool json_object_has(const struct json_object *object, const char *key);

/* The string at key and its length (it may hold NULs), or NULL when there is none or it is not a
 * string. Valid as long as the object. */
const char *json_object_get_string(const struct json_object *object, const char *key, size_t *len);

/* The integer at key. Returns false when there is none, or it is not an integer. */
bool json_object_get_int(const struct json_object *object, const char *key, int64_t *out);

/* The value at key as JSON text on one line, whatever its type. Returns owned memory (free), or
 * NULL when there is none or memory is out. */
char *json_object_print(const struct json_object *object, const char *key);

#endif
