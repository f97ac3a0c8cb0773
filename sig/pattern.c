/* pattern: PCRE2 behind our own types. Compiled and JIT-translated when a set is built, immutable
 * then; the match data belongs to a thread. It refuses patterns that may call out or recurse
 * without bound: the match limit turns those into "no". Source: pcre2api(3), pcre2jit(3). */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sig/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The JIT counts backtracks in chunks: this keeps a hostile input under 50 us a pattern. */
enum { MATCH_LIMIT = 1000, JIT_STACK_LEN = 64 * 1024 };

struct pattern {
	pcre2_code *code;
	bool has_jit;
	uint32_t n_groups;
	uint8_t first[32];
	struct needs needs;
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

static uint32_t options_of(struct pattern_flags flags)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
	options |= flags.is_nocase ? PCRE2_CASELESS : 0;
	options |= flags.is_multiline ? PCRE2_MULTILINE : 0;
	options |= flags.is_line_dot ? 0 : PCRE2_DOTALL;
	options |= flags.is_extended ? PCRE2_EXTENDED : 0;
	return options;
}

/* What PCRE2 knows of the first byte it only works out for patterns that are not anchored, so it
 * is asked about the unanchored twin of ours. */
static void find_first_bytes(pcre2_code *twin, uint8_t set[32])
{
	uint32_t type = 0;
	uint32_t unit = 0;
	const uint8_t *map = NULL;
	uint32_t min_len = 0;
	memset(set, 0xff, 32);
	pcre2_pattern_info(twin, PCRE2_INFO_MINLENGTH, &min_len);
	pcre2_pattern_info(twin, PCRE2_INFO_FIRSTCODETYPE, &type);
	if (min_len == 0)
		return;
	if (type == 1 && !pcre2_pattern_info(twin, PCRE2_INFO_FIRSTCODEUNIT, &unit)) {
		uint32_t options = 0;
		memset(set, 0, 32);
		set[unit / 8] |= (uint8_t)(1u << unit % 8);
		pcre2_pattern_info(twin, PCRE2_INFO_ALLOPTIONS, &options);
		/* A caseless first letter is told only as one case. */
		uint32_t other = unit ^ 0x20;
		if ((unit | 0x20) >= 'a' && (unit | 0x20) <= 'z')
			set[other / 8] |= (uint8_t)(1u << other % 8);
	} else if (!pcre2_pattern_info(twin, PCRE2_INFO_FIRSTBITMAP, &map) && map) {
		memcpy(set, map, 32);
	}
}

int pattern_create(const char *text, size_t len, struct pattern_flags flags, char *err,
    size_t err_len, size_t *err_off, struct pattern **out)
{
	int code = 0;
	PCRE2_SIZE off = 0;
	uint32_t options = options_of(flags);
	PCRE2_SPTR source = (PCRE2_SPTR)text;
	struct pattern *pattern = calloc(1, sizeof(*pattern));
	if (!pattern)
		return -ENOMEM;
	pcre2_code *twin = pcre2_compile(source, len, options, &code, &off, NULL);
	if (twin) {
		find_first_bytes(twin, pattern->first);
		pcre2_code_free(twin);
		options |= flags.is_floating ? 0 : PCRE2_ANCHORED;
		pattern->code = pcre2_compile(source, len, options, &code, &off, NULL);
	}
	if (!pattern->code) {
		free(pattern);
		*err_off = off;
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return -ENOMEM;
		if (pcre2_get_error_message(code, (PCRE2_UCHAR *)err, err_len) < 0)
			err[0] = '\0';
		return -EINVAL;
	}
	pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &pattern->n_groups);
	if (flags.is_floating)
		memset(pattern->first, 0xff, sizeof(pattern->first));
	needs_of_pattern(text, len, flags.is_nocase, flags.is_extended, &pattern->needs);
	/* A build of PCRE2 without JIT, or a kernel that forbids it, is slower but right. */
	pattern->has_jit =
	    pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0;
	*out = pattern;
	return 0;
}

void pattern_destroy(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

unsigned pattern_group_count(const struct pattern *pattern)
{
	return pattern->n_groups;
}

unsigned pattern_get_name(const struct pattern *pattern, unsigned i, const char **name)
{
	uint32_t count = 0;
	uint32_t entry_len = 0;
	PCRE2_SPTR table = NULL;
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_len);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, &table);
	if (i >= count || !table)
		return 0;
	const uint8_t *entry = table + (size_t)i * entry_len;
	*name = (const char *)(entry + 2);
	return (unsigned)entry[0] << 8 | entry[1];
}

void pattern_first_bytes(const struct pattern *pattern, uint8_t set[32])
{
	memcpy(set, pattern->first, 32);
}

const struct needs *pattern_get_needs(const struct pattern *pattern)
{
	return &pattern->needs;
}

int pattern_scratch_create(struct pattern_scratch **out)
{
	struct pattern_scratch *scratch = calloc(1, sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	scratch->data = pcre2_match_data_create(PATTERN_GROUPS_MAX + 1, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	scratch->stack = pcre2_jit_stack_create(JIT_STACK_LEN, JIT_STACK_LEN, NULL);
	if (!scratch->data || !scratch->context) {
		pattern_scratch_destroy(scratch);
		return -ENOMEM;
	}
	pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
	pcre2_set_depth_limit(scratch->context, MATCH_LIMIT);
	if (scratch->stack)
		pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	*out = scratch;
	return 0;
}

void pattern_scratch_destroy(struct pattern_scratch *scratch)
{
	if (!scratch)
		return;
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	if (scratch->stack)
		pcre2_jit_stack_free(scratch->stack);
	free(scratch);
}

enum pattern_answer pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
    const uint8_t *bytes, size_t len, bool is_open, struct pattern_span *spans)
{
	uint32_t options = is_open ? PCRE2_PARTIAL_HARD : 0;
	if (len && !(pattern->first[bytes[0] / 8] >> bytes[0] % 8 & 1))
		return PATTERN_NO;
	int rc = pattern->has_jit ? pcre2_jit_match(pattern->code, bytes, len, 0, options,
					scratch->data, scratch->context)
				  : pcre2_match(pattern->code, bytes, len, 0, options,
					scratch->data, scratch->context);
	if (rc == PCRE2_ERROR_PARTIAL)
		return PATTERN_PARTIAL;
	if (rc < 0)
		return PATTERN_NO;
	const PCRE2_SIZE *ovector = pcre2_get_ovector_pointer(scratch->data);
	for (size_t i = 0; spans && i <= pattern->n_groups && i <= PATTERN_GROUPS_MAX; i++) {
		spans[i] = (struct pattern_span){0};
		if ((int)i >= rc || ovector[2 * i] == PCRE2_UNSET ||
		    ovector[2 * i + 1] < ovector[2 * i])
			continue;
		spans[i].off = (uint16_t)ovector[2 * i];
		spans[i].len = (uint16_t)(ovector[2 * i + 1] - ovector[2 * i]);
	}
	return PATTERN_YES;
}
