#ifndef SIG_EVAL_H
#define SIG_EVAL_H

#include "sig/dispatch.h"
#include "sig/model.h"

/* What a condition says of bytes that may not be all. */
enum truth {
	TRUTH_NO,    /* false, whatever comes */
	TRUTH_YES,   /* true, whatever comes */
	TRUTH_MAYBE, /* not true yet, may become true */
	TRUTH_SOFT,  /* true so far, may become false */
};

struct sig_header {
	uint16_t name_off;
	uint16_t name_len;
	uint16_t value_off;
	uint16_t value_len;
	uint8_t kind; /* screen_header_kind() of the name */
};

/* The working memory of one thread. */
struct sig_scratch {
	struct pattern_scratch *pattern;
	struct sig_header headers[SIG_HEADERS_MAX];
};

/* One call of sig_match. */
struct eval {
	const struct sig_set *set;
	struct sig_scratch *scratch;
	const struct sig_input *input;
	const uint8_t *bytes;
	size_t len;
	bool is_open; /* more bytes may come */
	size_t base;
	bool has_headers; /* scratch->headers is filled */
	bool has_all_headers;
	bool has_pairs; /* pairs is filled */
	uint16_t n_headers;
	uint32_t pairs;        /* those of the list of rules that occur */
	uint64_t header_kinds; /* a bit for each kind among them */
	uint16_t
	    first_control; /* offset of the first control byte; UINT16_MAX: not looked for yet */
};

/* Prepares one call: more bytes may come unless there are SIG_DATA_MAX. Borrows everything. */
void eval_init(struct eval *e, const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input);

/* From here on the bytes that are there are all. */
void eval_close(struct eval *e);

/* Indexes the lines after the first one, up to the empty one (RFC 9112 section 2.1), once. */
void eval_index_headers(struct eval *e);

/* Evaluates one condition at e->base, which moving conditions change. With e->is_open false only
 * TRUTH_NO and TRUTH_YES are given. spans (PATTERN_GROUPS_MAX + 1 entries, or NULL) receives the
 * groups of a pattern; *span_base the offset they count from. Pure but for the scratch, bounded. */
enum truth eval_cond(
    struct eval *e, const struct sig_cond *cond, struct pattern_span *spans, size_t *span_base);

/* Evaluates a rule from base 0; e->base is where it ends. */
enum truth eval_rule(struct eval *e, const struct sig_rule *rule);

/* Reads an integer field at e->base. TRUTH_YES with *out, TRUTH_MAYBE when bytes are missing, or
 * TRUTH_NO when it is not a number or below zero. */
enum truth eval_int(const struct eval *e, const struct sig_int *number, uint64_t *out);

#endif
