#ifndef SIG_CHECK_H
#define SIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sig/sig.h"

/* Looking into a set and trying its vectors: for `synspect signatures` and the tests, not for the
 * path of packets. One thread. */

struct sig_protocol;
struct diag;

/* A set with the built-in files, not yet compiled; then files are added, then sig_set_finish. */
int sig_set_open(const char *contact, struct diag *diag, struct sig_set **out)
    __attribute__((warn_unused_result));

/* Adds (or replaces by) the file at path. *protocol (may be NULL) receives the name it describes.
 * Returns 0, -EINVAL with diag "file:line:column: ...", or -errno with diag. */
int sig_set_add_file(struct sig_set *set, const char *path, const char *contact, struct diag *diag,
    const char **protocol) __attribute__((warn_unused_result));

/* Adds the *.sig files of a directory in the order of their names. Errors as sig_set_add_file. */
int sig_set_add_dir(struct sig_set *set, const char *dir, const char *contact, struct diag *diag)
    __attribute__((warn_unused_result));

/* Compiles the set after the last file. Errors as sig_set_create. */
int sig_set_finish(struct sig_set *set, struct diag *diag) __attribute__((warn_unused_result));

/* One protocol of the set, for printing. Strings are owned by the set. */
struct sig_protocol_view {
	const char *name;
	const char *title; /* may be NULL */
	const char *file;
	const char *text;
	size_t text_len;
	size_t n_rules;
	size_t n_vectors;
	size_t n_probes;
	bool speaks_first;
	const char *probes[16];
	const char *layers[SIG_LAYERS_MAX];
	char ports[256]; /* "22 2222", shared ones after them */
};

size_t sig_set_protocol_count(const struct sig_set *set);
/* i-th protocol by name; i < sig_set_protocol_count(). O(i). */
void sig_set_view_protocol(const struct sig_set *set, size_t i, struct sig_protocol_view *out);

/* Called for each vector that does not hold, with "file:line:1: what is wrong". */
typedef void sig_check_report_fn(void *arg, const char *text);

struct sig_check_result {
	size_t n_vectors;
	size_t n_failed;
};

/* Runs the vectors of one protocol (name) or of all (name NULL) against the whole set. A positive
 * vector must be named as its file says; no prefix of it, neither as a beginning nor as all that
 * came, may be named anything else; a reject vector must not get the file's name; an unsure vector
 * must be left open with the file's protocol among the candidates. report may be NULL: only count. Returns 0 or
 * -ENOMEM. */
int sig_check_vectors(const struct sig_set *set, const char *name, sig_check_report_fn *report,
    void *arg, struct sig_check_result *out) __attribute__((warn_unused_result));

/* Called for each vector with the input it stands for, for measuring and for seeds of fuzzers.
 * is_positive: an accept vector. */
typedef void sig_vector_fn(void *arg, const char *protocol, bool is_positive,
    const struct sig_input *input, const char *instead);
void sig_check_each_vector(const struct sig_set *set, sig_vector_fn *fn, void *arg);

/* Reports ports that two files claim as theirs alone, and counts them. Returns 0 or -ENOMEM. */
int sig_check_ports(const struct sig_set *set, sig_check_report_fn *report, void *arg,
    size_t *n_clashes) __attribute__((warn_unused_result));

/* The i-th rule by falling rank: "protocol/rule" into text. Returns false past the last. */
bool sig_set_rule_name(const struct sig_set *set, size_t i, char *text, size_t text_len);

#endif
