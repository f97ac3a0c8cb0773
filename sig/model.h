#ifndef SIG_MODEL_H
#define SIG_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sig/arena.h"
#include "sig/pattern.h"
#include "sig/sig.h"

/* What the parser makes of signature files, and what the matcher walks over. Private to sig/.
 * Everything lives in the arena of the set; nothing changes once the set is built. */

enum {
	SIG_DATA_MAX = 4096, /* no more of an answer is looked at */
	SIG_PROBE_LEN_MAX = 1024,
	SIG_NAME_MAX = 32,  /* protocol, rule and probe names */
	SIG_CONDS_MAX = 32, /* conditions of one rule */
	SIG_RULES_MAX = 64, /* rules of one file */
	SIG_ALTS_MAX = 32,  /* alternatives of one condition */
	SIG_RANGES_MAX = 16,
	SIG_HEADERS_MAX = 48,      /* header lines of one answer that are indexed */
	SIG_PATTERN_WINDOW = 1024, /* bytes a pattern looks at unless it says otherwise */
	SIG_MESSAGE_MAX = 1 << 24, /* a length field that says more is none */
};

/* The fields that a capture may fill; captures.def is the table. */
enum sig_field {
#define FIELD(id, name, help) SIG_FIELD_##id,
#include "sig/captures.def"
#undef FIELD
	SIG_FIELD_COUNT,
};

/* A literal; mask NULL: every bit counts. */
struct sig_literal {
	const uint8_t *bytes;
	const uint8_t *mask;
	uint16_t len;
	bool is_nocase; /* bytes are lower case then */
	bool has_key;   /* bytes[key_off] stands as it is, and is searched for first */
	uint8_t key;
	uint16_t key_off;
};

enum sig_int_kind {
	INT_U8,
	INT_BE16,
	INT_BE24,
	INT_BE32,
	INT_BE64,
	INT_LE16,
	INT_LE24,
	INT_LE32,
	INT_LE64,
	INT_HEX2,
	INT_HEX4,
	INT_HEX8,
	INT_KIND_COUNT,
};

/* An integer field: (field at off & mask) * mul + add. */
struct sig_int {
	enum sig_int_kind kind;
	uint16_t off;
	uint64_t mask;
	uint32_t mul;
	int64_t add;
};

/* How the bytes of a field make a number. */
struct sig_int_layout {
	uint8_t len;
	bool is_little;
	bool is_hex;
};
extern const struct sig_int_layout sig_int_layouts[INT_KIND_COUNT];

struct sig_range {
	uint64_t lo;
	uint64_t hi;
};

enum sig_cond_kind {
	COND_AT,       /* one of the literals stands at off */
	COND_CONTAINS, /* one of the literals begins in lo..hi */
	COND_ENDS,     /* the data ends with one of the literals */
	COND_PATTERN,
	COND_HEADER,    /* a header line NAME: exists (and its value matches pattern) */
	COND_INT,       /* number is in one of the ranges */
	COND_LENGTH,    /* number is the length of the message that begins at base */
	COND_SIZE,      /* the data's length is in one of the ranges */
	COND_TEXT,      /* no control bytes but line ends and tabs in the first hi bytes */
	COND_SKIP,      /* base += number */
	COND_SKIP_PAST, /* base = after the literal that begins in lo..hi */
	COND_BER, /* a BER element with this tag begins at base and agrees with the data; enter it */
	COND_BER_SKIP, /* a BER element with this tag: step over it */
	COND_REWIND,   /* base = 0 */
	COND_FIRST,    /* the server spoke first */
	COND_ANSWERS,  /* one of the probes had been sent */
	COND_ASKED,    /* what had been sent begins with one of the literals */
	COND_ECHO,     /* the data is what had been sent */
	COND_KIND_COUNT,
};

/* How a length field must agree with the data. */
enum sig_length_mode {
	LENGTH_WHOLE, /* the message is here, others may follow */
	LENGTH_EXACT, /* the message is here and nothing else */
	LENGTH_CUT,   /* the message may be longer than what came before the end */
	LENGTH_MODE_COUNT,
};

struct sig_cond {
	enum sig_cond_kind kind;
	bool is_negated;
	enum sig_length_mode mode;
	uint16_t off;
	uint16_t lo;
	uint16_t hi;
	uint8_t tag;
	uint8_t n_literals;
	uint8_t n_ranges;
	struct sig_literal *literals;
	struct sig_int number;
	struct sig_range *ranges;
	struct pattern *pattern;
	const uint16_t *names;          /* COND_ANSWERS: after linking, bitset over probe ids */
	const char *const *probe_names; /* COND_ANSWERS: as written */
	const uint8_t *field_of_group;  /* pattern group -> enum sig_field, or SIG_FIELD_COUNT */
	uint32_t line;
	uint32_t column;
};

/* Does the condition move the base from which those behind it count? */
static inline bool sig_cond_is_moving(const struct sig_cond *cond)
{
	return cond->kind == COND_SKIP || cond->kind == COND_SKIP_PAST || cond->kind == COND_BER ||
	       cond->kind == COND_BER_SKIP;
}

/* A constant or an integer's name to put into a field. */
struct sig_assign {
	struct sig_assign *next;
	enum sig_field field;
	const char *text; /* constant; NULL: from number */
	struct sig_int number;
	bool is_hex;
	const struct sig_value_name {
		uint64_t value;
		const char *text;
	} * names;
	uint8_t n_names;
};

/* A pattern that enriches a verdict and never decides. */
struct sig_extract {
	struct sig_extract *next;
	struct sig_cond cond; /* COND_PATTERN or COND_HEADER */
	struct sig_assign *assigns;
};

struct sig_rule {
	struct sig_rule *next;
	const char *name;
	struct sig_protocol *protocol;
	uint8_t rank;
	bool has_rank;
	uint8_t n_conds;
	struct sig_cond *conds;
	struct sig_assign *assigns;
	const char *candidates[SIG_CANDIDATES_MAX];
	const char *layers[SIG_LAYERS_MAX];
	const struct sig_protocol *carriers[SIG_LAYERS_MAX]; /* the layers' files */
	uint16_t id; /* index in sig_set.rules: by falling rank */
	uint16_t min_len;
	float confidence;
	uint32_t line;
};

enum sig_vector_kind { VECTOR_ACCEPT, VECTOR_REJECT, VECTOR_UNSURE, VECTOR_KIND_COUNT };

struct sig_expect {
	struct sig_expect *next;
	enum sig_field field;
	const char *text;
};

struct sig_vector {
	struct sig_vector *next;
	enum sig_vector_kind kind;
	const uint8_t *bytes;
	size_t len;
	const char *probe;    /* what had been asked, or NULL */
	const uint8_t *asked; /* its bytes, when not the name of a probe */
	size_t asked_len;
	const char *rule;       /* the rule that must decide, or NULL */
	const char *is_instead; /* reject: what it is */
	const char *origin;
	bool is_first;
	bool is_open; /* more may come: the verdict must be there and settled already */
	struct sig_expect *expects;
	uint32_t line;
};

struct sig_probe_def {
	struct sig_probe_def *next;
	struct sig_probe probe;
	const char *asks[8]; /* questions of other probes that these bytes contain */
	uint32_t line;
};

struct sig_port {
	struct sig_port *next;
	uint16_t lo;
	uint16_t hi;
	bool is_shared; /* maybe-ports */
	uint32_t line;
};

struct sig_protocol {
	struct sig_protocol *next;
	const char *name;
	const char *title;
	const char *file; /* for diagnostics */
	const char *text;
	size_t text_len;
	const char *sources[8];
	const char *layers[SIG_LAYERS_MAX];
	struct sig_port *ports;
	bool speaks_first;
	struct sig_probe_def *probes;
	struct sig_rule *rules;
	struct sig_extract *extracts;
	struct sig_vector *vectors;
	uint16_t n_rules;
	uint16_t n_vectors;
};

struct sig_set {
	struct arena arena;
	struct sig_protocol *protocols; /* by name */
	size_t n_protocols;
	const struct sig_probe **probes; /* by id */
	size_t n_probes;
	struct sig_rule **rules; /* by falling rank, then protocol and rule name */
	size_t n_rules;
	struct dispatch *dispatch;
	struct pattern_list {
		struct pattern_list *next;
		struct pattern *pattern;
	} * patterns; /* to destroy */
};

struct diag;

/* Parses one file's text into *out (allocated in set->arena, not linked into the set). contact as
 * in sig_set_create. Returns 0, -EINVAL with "name:line:column: ..." in diag, or -ENOMEM. */
int sig_parse(struct sig_set *set, const char *name, const char *text, size_t len,
    const char *contact, struct diag *diag, struct sig_protocol **out)
    __attribute__((warn_unused_result));

/* Puts a parsed protocol into the set, in place of one of the same name. */
void sig_set_link(struct sig_set *set, struct sig_protocol *protocol);

/* Checks what only the whole set can tell, orders the rules and builds the dispatch. Called once,
 * after the last sig_set_link. Returns 0, -EINVAL with diag, or -ENOMEM. */
int sig_compile(struct sig_set *set, struct diag *diag) __attribute__((warn_unused_result));

/* The field called name, or SIG_FIELD_COUNT. */
enum sig_field sig_field_find(const char *name, size_t len);
const char *sig_field_name(enum sig_field field);

const struct sig_protocol *sig_set_find_protocol(const struct sig_set *set, const char *name);

/* The text that is built in: files of defs/, ended by a row whose name is NULL, and the measured
 * confidence table. Made by embed.awk. */
struct sig_builtin_file {
	const char *name;
	const char *text;
	size_t len;
};
extern const struct sig_builtin_file sig_builtin_files[];
extern const struct sig_builtin_file sig_builtin_confidence;

#endif
