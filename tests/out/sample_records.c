/* sample-records FORMAT N: prints N made-up records, among them the most hostile, in jsonl, csv or lzr:
 * the same ones in each format. Input of tests/out/records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out/geo.h"
#include "out/record.h"
#include "tests/out/samples.h"

static struct result result;
static char line[RECORD_LINE_MAX];

/* Where the address is, of every kind: absent, plain, hostile. */
static void make_geo(struct geo_record *geo, uint64_t *seed)
{
	static struct result text;
	sample_make(&text, SAMPLE_HOSTILE, *seed);
	const char *p = (const char *)text.data;
	size_t len = text.data_len;
	*geo = (struct geo_record){0};
	if (sample_next(seed) % 2)
		geo->country = (struct geo_text){"CH", 2};
	if (sample_next(seed) % 2 && len > 0)
		geo->city = (struct geo_text){p, len};
	if (sample_next(seed) % 2 && len > 0)
		geo->as_org = (struct geo_text){p + len / 2, len - len / 2};
	geo->has_position = sample_next(seed) % 2;
	geo->lat_e4 = (int32_t)(sample_next(seed) % 1800001) - 900000;
	geo->lon_e4 = (int32_t)(sample_next(seed) % 3600001) - 1800000;
	geo->has_asn = sample_next(seed) % 2;
	geo->asn = (uint32_t)sample_next(seed);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	bool is_csv = strcmp(argv[1], "csv") == 0;
	bool is_lzr = strcmp(argv[1], "lzr") == 0;
	struct field_list list;
	if (fields_parse("all", NULL, &list))
		return 1;
	struct text t = text_make(line, sizeof(line));
	if (is_csv)
		record_put_csv_header(&t, &list);
	fwrite(line, 1, t.len, stdout);
	uint64_t n = strtoull(argv[2], NULL, 10);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t seed = i;
		struct geo_record geo;
		sample_make(&result, i % 10 == 9 ? SAMPLE_PLAIN : SAMPLE_HOSTILE, i);
		make_geo(&geo, &seed);
		struct record_view view = {.result = &result, .geo = i % 3 ? &geo : NULL};
		view.probe_name = result.n_probes_sent > 0 ? "http" : NULL;
		t = text_make(line, sizeof(line));
		if (is_csv)
			record_put_csv(&t, &view, &list);
		else if (is_lzr)
			record_put_lzr(&t, &view);
		else
			record_put_json(&t, &view, &list);
		if (t.is_full || fwrite(line, 1, t.len, stdout) != t.len)
			return 1;
	}
	return fflush(stdout) ? 1 : 0;
}
