#ifndef OUT_RECORD_H
#define OUT_RECORD_H

#include "engine/messages.h"
#include "out/fields.h"
#include "out/text.h"

struct geo_record;

/* One result as a line of output, in each format. Pure: no allocation, no I/O; any thread. */

/* A result and what was found out about it since. All borrowed for the call. */
struct record_view {
	const struct result *result;
	const char *probe_name;       /* of result->probe_id; NULL: none */
	const struct geo_record *geo; /* NULL: no databases */
};

/* No line of any format is longer (test_record proves it for the worst result there can be). */
enum { RECORD_LINE_MAX = 64 * 1024 };

/* How many bytes of data the banner shows. */
enum { RECORD_BANNER_MAX = 256 };

/* One JSON object and a newline: the fields of list that the result has. */
void record_put_json(struct text *t, const struct record_view *view, const struct field_list *list);

/* RFC 4180 with LF line ends: the header, and one row; arrays and objects are their JSON text. */
void record_put_csv_header(struct text *t, const struct field_list *list);
void record_put_csv(struct text *t, const struct record_view *view, const struct field_list *list);

/* LZR's JSON, for programs that read LZR (its keys as its packet.go names them). */
void record_put_lzr(struct text *t, const struct record_view *view);

/* "ip,,tag,port", the input of zgrab2 multiple; nothing unless identified. */
void record_put_zgrab(struct text *t, const struct record_view *view);

#endif
