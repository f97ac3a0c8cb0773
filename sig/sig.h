#ifndef SIG_SIG_H
#define SIG_SIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* WHAT answered. A sig_set is the compiled form of all signature files: probes to send and rules
 * that recognise a server's first bytes. Opaque, immutable after creation, shared by all threads;
 * everything it hands out is valid until sig_set_destroy. */
struct sig_set;

/* Per-thread working memory of the matcher (PCRE2 match data); sized once, never grows. */
struct sig_scratch;

#define SIG_PROBE_NONE ((uint16_t)0xffff)

/* Bytes that a client may send. len <= 1024. The probe "wait" has len 0: send nothing, listen. */
struct sig_probe {
	uint16_t id;          /* index, 0..sig_set_probe_count()-1; stable within one set only */
	const char *name;     /* "http", "tls", "wait" ... */
	const char *protocol; /* file that offers it */
	const uint8_t *bytes;
	size_t len;
};

/* Builds the set from the built-in definitions plus the *.sig files of n_dirs directories (a file
 * whose protocol is known already replaces it). contact (may be NULL) is woven into probes that
 * have a place for it. Returns 0, or -EINVAL/-ENOMEM/-errno with diag "file:line:column: ...".
 * The caller owns *out. */
int sig_set_create(const char *const *dirs, size_t n_dirs, const char *contact, struct diag *diag,
    struct sig_set **out) __attribute__((warn_unused_result));
void sig_set_destroy(struct sig_set *set);

int sig_scratch_create(const struct sig_set *set, struct sig_scratch **out)
    __attribute__((warn_unused_result));
void sig_scratch_destroy(struct sig_scratch *scratch);

size_t sig_set_probe_count(const struct sig_set *set);
const struct sig_probe *sig_set_get_probe(const struct sig_set *set, uint16_t id);
/* NULL when no file offers a probe of that name. */
const struct sig_probe *sig_set_find_probe(const struct sig_set *set, const char *name);
/* The probe whose bytes are exactly these, or NULL (replay asks). */
const struct sig_probe *sig_set_find_probe_bytes(
    const struct sig_set *set, const uint8_t *bytes, size_t len);

/* One step of a plan: listen for wait_ms after the handshake, then (unless something came) send the
 * probe. wait_ms 0: the probe rides on the handshake's ACK. probe "wait": listen only. */
struct sig_step {
	uint16_t probe_id;
	uint16_t wait_ms;
};
enum { SIG_PLAN_MAX = 64 };
struct sig_plan {
	uint8_t n_steps;
	struct sig_step steps[SIG_PLAN_MAX];
};

/* The steps for one target port. probes is the text of --probes: "auto" (at most two data packets:
 * the probe of the port's expected protocol first when the port has one, then the general ones), or
 * a comma list of probe names. Precomputed by sig_planner_create so that asking is O(1).
 * Returns -EINVAL with diag when a name is unknown. */
struct sig_planner;
int sig_planner_create(const struct sig_set *set, const char *probes, struct diag *diag,
    struct sig_planner **out) __attribute__((warn_unused_result));
void sig_planner_destroy(struct sig_planner *planner);
const struct sig_plan *sig_planner_get(const struct sig_planner *planner, uint16_t port);

/* What came. */
struct sig_input {
	const uint8_t *bytes; /* the server's bytes since the start of the connection, in order */
	size_t len;
	const struct sig_probe *probe; /* what had been sent before; NULL: nothing */
	bool is_server_first;          /* the first bytes came before they could answer our probe */
	uint16_t port;                 /* remote port: a hint at most, never a reason */
};

enum { SIG_LAYERS_MAX = 3, SIG_CANDIDATES_MAX = 4, SIG_CAPTURE_LEN = 64, SIG_CAPTURES_MAX = 8 };

/* A captured field: product, version, host name ... Printable UTF-8 is not guaranteed; bytes. */
struct sig_capture {
	const char
	    *name; /* field name from the table of capture names in sig/; NULL ends the list */
	uint8_t len;
	char text[SIG_CAPTURE_LEN];
};

/* What it is, when these bytes are all. protocol NULL: no rule matched. */
struct sig_verdict {
	const char *protocol;
	const char *rule; /* name of the deciding rule, for -v and debugging */
	const char *layers
	    [SIG_LAYERS_MAX]; /* what carries it, outermost first; NULL-terminated if shorter */
	const char *candidates[SIG_CANDIDATES_MAX]; /* when undecided: equally likely protocols */
	float confidence;                           /* 0..1: measured precision of the rule */
	uint8_t rank;
	bool is_settled; /* no bytes that may follow can change or enrich it: the session may end */
	struct sig_capture
	    captures[SIG_CAPTURES_MAX]; /* behind the one that ends the list: anything */
};

/* Names input. Pure, bounded time, no allocation. Any thread with its own scratch. */
void sig_match(const struct sig_set *set, struct sig_scratch *scratch,
    const struct sig_input *input, struct sig_verdict *out);

#endif
