/* fields-dump schema|man: prints what is made from fields.def: the JSON Schema of a record, or the list
 * of fields of synspect-output(5) as mdoc. Run by man/regen. */
#include <stdio.h>
#include <string.h>

#include "out/fields.h"

static const char *schema_type(enum field_type type)
{
	switch (type) {
	case FIELD_IP:
	case FIELD_TIME:
	case FIELD_STRING:
	case FIELD_TEXT:
	case FIELD_BASE64:
		return "\"string\"";
	case FIELD_INTEGER:
		return "\"integer\"";
	case FIELD_NUMBER:
		return "\"number\"";
	case FIELD_BOOLEAN:
		return "\"boolean\"";
	case FIELD_STRINGS:
		return "\"array\", \"items\": {\"type\": \"string\"}";
	case FIELD_OBJECT:
		return "\"object\"";
	}
	return "";
}

static const char *man_type(enum field_type type)
{
	switch (type) {
	case FIELD_IP:
	case FIELD_TIME:
	case FIELD_STRING:
		return "string";
	case FIELD_TEXT:
		return "string, escaped";
	case FIELD_BASE64:
		return "string, base64";
	case FIELD_INTEGER:
		return "integer";
	case FIELD_NUMBER:
		return "number";
	case FIELD_BOOLEAN:
		return "boolean";
	case FIELD_STRINGS:
		return "array of strings";
	case FIELD_OBJECT:
		return "object";
	}
	return "";
}

static void print_schema(void)
{
	puts(
	    "{\n"
	    "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	    "  \"title\": \"synspect record\",\n"
	    "  \"description\": \"One line of synspect's JSON Lines output; see synspect-output(5).\",\n"
	    "  \"type\": \"object\",\n"
	    "  \"properties\": {");
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_row *row = fields_get_row((enum field_id)i);
		printf(
		    "    \"%s\": {\"type\": %s%s%s,\n      \"description\": \"%s; present: %s\"}%s\n",
		    row->key, schema_type(row->type), *row->limits ? ", " : "", row->limits,
		    row->help, row->present, i + 1 < FIELD_COUNT ? "," : "");
	}
	printf("  },\n  \"required\": [");
	const char *sep = "";
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_row *row = fields_get_row((enum field_id)i);
		if (row->when == FIELD_ALWAYS) {
			printf("%s\"%s\"", sep, row->key);
			sep = ", ";
		}
	}
	puts("],\n  \"additionalProperties\": false\n}");
}

static void print_man(void)
{
	puts(".Bl -tag -width Ds");
	for (int i = 0; i < FIELD_COUNT; i++) {
		const struct field_row *row = fields_get_row((enum field_id)i);
		printf(".It Va %s Pq %s\n%c%s.\n", row->key, man_type(row->type),
		    row->help[0] >= 'a' && row->help[0] <= 'z' ? row->help[0] - 'a' + 'A'
							       : row->help[0],
		    row->help + 1);
		if (row->when == FIELD_ALWAYS)
			puts("Always present.");
		else
			printf("Present when: %s.\n", row->present);
		if (row->when == FIELD_ASKED)
			puts("Written only when named in\n.Fl -fields .");
	}
	puts(".El");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "schema") == 0) {
		print_schema();
	} else if (argc == 2 && strcmp(argv[1], "man") == 0) {
		print_man();
	} else {
		fputs("usage: fields-dump schema|man\n", stderr);
		return 2;
	}
	return 0;
}
