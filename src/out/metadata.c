/* metadata: what ran, how, on what, and how it ended, as JSON. Pure.
 * Written with text, not as a tree: paths and errors may hold bytes that are no UTF-8, which a tree of
 * strings would refuse, and which are escaped here like any stranger's. */
#include "out/metadata.h"

#include <inttypes.h>
#include <string.h>

#include "out/fields.h"
#include "out/geo.h"

static void put_string(struct text *t, const char *s)
{
	text_putc(t, '"');
	text_put_printable(t, (const uint8_t *)s, strlen(s), strlen(s), TEXT_QUOTE_JSON);
	text_putc(t, '"');
}

/* ,"key":"text"; nothing when s is NULL. */
static void put_member(struct text *t, const char *key, const char *s)
{
	if (!s)
		return;
	text_putf(t, ",\"%s\":", key);
	put_string(t, s);
}

static void put_time_member(struct text *t, const char *key, int64_t wall_ns)
{
	if (wall_ns == 0)
		return;
	text_putf(t, ",\"%s\":\"", key);
	text_put_time(t, wall_ns);
	text_putc(t, '"');
}

static void put_databases(struct text *t, const struct geo *geo)
{
	text_puts(t, ",\"databases\":[");
	for (size_t i = 0; geo && i < geo_get_count(geo); i++) {
		struct geo_database db = geo_get_database(geo, i);
		text_puts(t, i > 0 ? ",{\"path\":" : "{\"path\":");
		put_string(t, db.path);
		put_member(t, "type", db.type);
		/* A date that a damaged file invents is cut to one that can be written. */
		uint64_t epoch = db.build_epoch < UINT64_C(4102444800) ? db.build_epoch : 0;
		put_time_member(t, "built", (int64_t)epoch * 1000000000);
		text_putc(t, '}');
	}
	text_putc(t, ']');
}

static void put_counters(struct text *t, const struct counters_snapshot *counters)
{
	text_puts(t, ",\"counters\":{");
	for (int i = 0; i < COUNTER_COUNT; i++)
		text_putf(t, "%s\"%s\":%" PRIu64, i ? "," : "",
		    counters_get_row((enum counter_id)i)->name, counters->v[i]);
	text_putc(t, '}');
}

static void put_written(struct text *t, const struct writer_summary *written)
{
	text_putf(t, ",\"records\":%" PRIu64 ",\"outcomes\":{", written->n_records);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		text_putf(t, "%s\"%s\":%" PRIu64, i ? "," : "",
		    fields_get_outcome_name((enum outcome)i), written->by_outcome[i]);
	text_puts(t, "},\"protocols\":{");
	for (size_t i = 0; i < written->n_protocols; i++) {
		if (i > 0)
			text_putc(t, ',');
		put_string(t, written->by_protocol[i].name);
		text_putf(t, ":%" PRIu64, written->by_protocol[i].n);
	}
	text_putc(t, '}');
	if (written->n_other_protocols > 0)
		text_putf(t, ",\"protocols_untold\":%" PRIu64, written->n_other_protocols);
}

/* Puts a list if it fits and leaves room for what follows; else takes it back. */
static bool put_list(struct text *t, const struct metadata_list *list)
{
	enum { ROOM_FOR_THE_END = 64 };
	struct text before = *t;
	text_putf(t, ",\"%s\":[", list->key);
	list->put(t, list->ctx);
	text_putc(t, ']');
	if (!t->is_full && t->cap - t->len >= ROOM_FOR_THE_END)
		return true;
	*t = before;
	return false;
}

void metadata_put(struct text *t, const struct metadata *m)
{
	text_puts(t, "{\"program\":\"synspect\"");
	put_member(t, "version", m->version);
	put_member(t, "command", m->command);
	if (m->config_json) {
		text_puts(t, ",\"config\":");
		text_puts(t, m->config_json);
	}
	/* As text: readers of JSON that keep numbers as doubles would round it. */
	text_putf(t, ",\"seed\":\"%" PRIu64 "\"", m->seed);
	put_time_member(t, "start", m->start_wall_ns);
	put_time_member(t, "end", m->end_wall_ns);
	put_member(t, "ended", m->end);
	put_member(t, "error", m->error);
	if (m->end)
		text_putf(t, ",\"exit_status\":%d", m->exit_status);
	put_databases(t, m->geo);
	if (m->counters)
		put_counters(t, m->counters);
	if (m->written)
		put_written(t, m->written);
	bool is_cut = false;
	for (size_t i = 0; i < m->n_lists && !is_cut; i++)
		is_cut = !put_list(t, &m->lists[i]);
	text_puts(t, is_cut ? ",\"lists_cut\":true}" : "}");
}
