/* check: the vectors of signature files, tried against a whole set, and views for printing. One
 * thread, at leisure; nothing here is on the path of packets. */
#include "sig/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "sig/model.h"

struct checker {
	const struct sig_set *set;
	struct sig_scratch *scratch;
	sig_check_report_fn *report;
	void *arg;
	size_t n_failed;
};

int sig_set_finish(struct sig_set *set, struct diag *diag)
{
	return sig_compile(set, diag);
}

size_t sig_set_protocol_count(const struct sig_set *set)
{
	return set->n_protocols;
}

/* Appends to the text of ports; what does not fit is left out. */
static void append_port(char *text, size_t size, const struct sig_port *port)
{
	size_t n = strlen(text);
	if (port->lo == port->hi)
		snprintf(text + n, size - n, "%s%u", n ? " " : "", (unsigned)port->lo);
	else
		snprintf(text + n, size - n, "%s%u-%u", n ? " " : "", (unsigned)port->lo,
		    (unsigned)port->hi);
}

void sig_set_view_protocol(const struct sig_set *set, size_t i, struct sig_protocol_view *out)
{
	const struct sig_protocol *protocol = set->protocols;
	while (i-- > 0)
		protocol = protocol->next;
	*out = (struct sig_protocol_view){.name = protocol->name,
	    .title = protocol->title,
	    .file = protocol->file,
	    .text = protocol->text,
	    .text_len = protocol->text_len,
	    .n_rules = protocol->n_rules,
	    .n_vectors = protocol->n_vectors,
	    .speaks_first = protocol->speaks_first};
	memcpy(out->layers, protocol->layers, sizeof(out->layers));
	for (const struct sig_probe_def *d = protocol->probes; d && out->n_probes < 16; d = d->next)
		out->probes[out->n_probes++] = d->probe.name;
	for (const struct sig_port *port = protocol->ports; port; port = port->next)
		append_port(out->ports, sizeof(out->ports), port);
}

bool sig_set_rule_name(const struct sig_set *set, size_t i, char *text, size_t text_len)
{
	if (i >= set->n_rules)
		return false;
	const struct sig_rule *rule = set->rules[i];
	snprintf(text, text_len, "%s/%s", rule->protocol->name, rule->name);
	return true;
}

static void fail(struct checker *ck, const struct sig_protocol *protocol,
    const struct sig_vector *vector, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void fail(struct checker *ck, const struct sig_protocol *protocol,
    const struct sig_vector *vector, const char *fmt, ...)
{
	char what[300];
	char text[600];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%s:%u:1: %s", protocol->file, vector->line, what);
	/* What was captured is a stranger's bytes. */
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '.';
	}
	if (ck->report)
		ck->report(ck->arg, text);
	ck->n_failed++;
}

/* The input that a vector stands for. asked is storage for a probe that no file offers. */
static struct sig_input input_of(
    const struct sig_set *set, const struct sig_vector *vector, struct sig_probe *asked)
{
	struct sig_input input = {
	    .bytes = vector->bytes, .len = vector->len, .is_server_first = vector->is_first};
	if (vector->probe)
		input.probe = sig_set_find_probe(set, vector->probe);
	if (vector->asked) {
		*asked = (struct sig_probe){.id = SIG_PROBE_NONE,
		    .name = "asked",
		    .protocol = "",
		    .bytes = vector->asked,
		    .len = vector->asked_len};
		input.probe = asked;
	}
	return input;
}

void sig_check_each_vector(const struct sig_set *set, sig_vector_fn *fn, void *arg)
{
	for (const struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (const struct sig_vector *v = p->vectors; v; v = v->next) {
			struct sig_probe asked = {0};
			struct sig_input input = input_of(set, v, &asked);
			fn(arg, p->name, v->kind == VECTOR_ACCEPT, &input, v->is_instead);
		}
	}
}

static const struct sig_capture *find_capture(
    const struct sig_verdict *verdict, enum sig_field field)
{
	for (size_t i = 0; i < SIG_CAPTURES_MAX && verdict->captures[i].name; i++) {
		if (strcmp(verdict->captures[i].name, sig_field_name(field)) == 0)
			return &verdict->captures[i];
	}
	return NULL;
}

static void check_captures(struct checker *ck, const struct sig_protocol *protocol,
    const struct sig_vector *vector, const struct sig_verdict *verdict)
{
	for (const struct sig_expect *e = vector->expects; e; e = e->next) {
		const struct sig_capture *got = find_capture(verdict, e->field);
		if (!got || got->len != strlen(e->text) || memcmp(got->text, e->text, got->len))
			fail(ck, protocol, vector, "%s is \"%.*s\", not \"%s\"",
			    sig_field_name(e->field), got ? got->len : 0, got ? got->text : "",
			    e->text);
	}
}

/* True when the verdict says nothing that is wrong for this protocol: no name, its own, or that of
 * a protocol that carries it. */
static bool is_harmless(const struct sig_protocol *protocol, const char *name)
{
	if (!name || strcmp(name, protocol->name) == 0)
		return true;
	for (size_t i = 0; i < SIG_LAYERS_MAX && protocol->layers[i]; i++) {
		if (strcmp(protocol->layers[i], name) == 0)
			return true;
	}
	for (const struct sig_rule *rule = protocol->rules; rule; rule = rule->next) {
		for (size_t i = 0; i < SIG_LAYERS_MAX && rule->layers[i]; i++) {
			if (strcmp(rule->layers[i], name) == 0)
				return true;
		}
	}
	return false;
}

/* No beginning of a positive vector may be named anything else. */
static void check_prefixes(
    struct checker *ck, const struct sig_protocol *protocol, const struct sig_vector *vector)
{
	struct sig_probe asked = {0};
	struct sig_input input = input_of(ck->set, vector, &asked);
	for (size_t n = 1; n < vector->len; n++) {
		struct sig_verdict verdict;
		input.len = n;
		sig_match(ck->set, ck->scratch, &input, &verdict);
		if (is_harmless(protocol, verdict.protocol))
			continue;
		fail(ck, protocol, vector, "its first %zu bytes are taken for %s (rule %s)", n,
		    verdict.protocol, verdict.rule);
		return;
	}
}

static void check_accept(
    struct checker *ck, const struct sig_protocol *protocol, const struct sig_vector *vector)
{
	struct sig_probe asked = {0};
	struct sig_verdict verdict;
	struct sig_input input = input_of(ck->set, vector, &asked);
	sig_match(ck->set, ck->scratch, &input, &verdict);
	if (!verdict.protocol && verdict.candidates[0]) {
		fail(ck, protocol, vector, "undecided between %s and %s (rule %s): rank one higher",
		    verdict.candidates[0],
		    verdict.candidates[1] ? verdict.candidates[1] : "nothing else", verdict.rule);
	} else if (!verdict.protocol) {
		fail(ck, protocol, vector, "no rule matches");
	} else if (strcmp(verdict.protocol, protocol->name)) {
		fail(
		    ck, protocol, vector, "taken for %s (rule %s)", verdict.protocol, verdict.rule);
	} else if (vector->rule && strcmp(vector->rule, verdict.rule)) {
		fail(
		    ck, protocol, vector, "decided by rule %s, not %s", verdict.rule, vector->rule);
	} else if (vector->is_open && !verdict.is_settled) {
		fail(ck, protocol, vector, "named, but more bytes could change or enrich it");
	} else {
		check_captures(ck, protocol, vector, &verdict);
	}
	check_prefixes(ck, protocol, vector);
}

static void check_reject(
    struct checker *ck, const struct sig_protocol *protocol, const struct sig_vector *vector)
{
	struct sig_probe asked = {0};
	struct sig_verdict verdict;
	struct sig_input input = input_of(ck->set, vector, &asked);
	sig_match(ck->set, ck->scratch, &input, &verdict);
	const char *got = verdict.protocol ? verdict.protocol : "nothing";
	if (strcmp(got, protocol->name) == 0)
		fail(ck, protocol, vector, "accepted by rule %s", verdict.rule);
	else if (vector->is_instead && strcmp(vector->is_instead, got))
		fail(ck, protocol, vector, "taken for %s, not %s", got, vector->is_instead);
}

static void check_unsure(
    struct checker *ck, const struct sig_protocol *protocol, const struct sig_vector *vector)
{
	struct sig_probe asked = {0};
	struct sig_verdict verdict;
	struct sig_input input = input_of(ck->set, vector, &asked);
	bool is_found = false;
	sig_match(ck->set, ck->scratch, &input, &verdict);
	for (size_t i = 0; i < SIG_CANDIDATES_MAX && verdict.candidates[i]; i++)
		is_found |= strcmp(verdict.candidates[i], protocol->name) == 0;
	if (verdict.protocol)
		fail(ck, protocol, vector, "named %s (rule %s)", verdict.protocol, verdict.rule);
	else if (!is_found)
		fail(ck, protocol, vector, "%s is not among the candidates", protocol->name);
	else if (vector->rule && strcmp(vector->rule, verdict.rule))
		fail(ck, protocol, vector, "left open by rule %s, not %s", verdict.rule,
		    vector->rule);
}

static void check_vector(
    struct checker *ck, const struct sig_protocol *protocol, const struct sig_vector *vector)
{
	switch (vector->kind) {
	case VECTOR_ACCEPT:
		check_accept(ck, protocol, vector);
		return;
	case VECTOR_REJECT:
		check_reject(ck, protocol, vector);
		return;
	case VECTOR_UNSURE:
		check_unsure(ck, protocol, vector);
		return;
	case VECTOR_KIND_COUNT:
		return;
	}
}

/* Every rule must decide at least one vector, or nobody knows that it works. */
static void check_rules_used(struct checker *ck, const struct sig_protocol *protocol)
{
	for (const struct sig_rule *rule = protocol->rules; rule; rule = rule->next) {
		bool is_used = false;
		for (const struct sig_vector *v = protocol->vectors; v && !is_used; v = v->next) {
			struct sig_probe asked = {0};
			struct sig_verdict verdict;
			struct sig_input input = input_of(ck->set, v, &asked);
			sig_match(ck->set, ck->scratch, &input, &verdict);
			bool is_ours = verdict.protocol
					   ? strcmp(verdict.protocol, protocol->name) == 0
					   : rule->candidates[0] != NULL;
			is_used = verdict.rule && is_ours && v->kind != VECTOR_REJECT &&
				  strcmp(verdict.rule, rule->name) == 0;
		}
		if (!is_used) {
			struct sig_vector at = {.line = rule->line};
			fail(ck, protocol, &at, "no vector is decided by the rule %s", rule->name);
		}
	}
}

int sig_check_vectors(const struct sig_set *set, const char *name, sig_check_report_fn *report,
    void *arg, struct sig_check_result *out)
{
	struct checker ck = {.set = set, .report = report, .arg = arg};
	*out = (struct sig_check_result){0};
	int rc = sig_scratch_create(set, &ck.scratch);
	if (rc)
		return rc;
	for (const struct sig_protocol *p = set->protocols; p; p = p->next) {
		if (name && strcmp(name, p->name))
			continue;
		for (const struct sig_vector *v = p->vectors; v; v = v->next) {
			check_vector(&ck, p, v);
			out->n_vectors++;
		}
		check_rules_used(&ck, p);
	}
	sig_scratch_destroy(ck.scratch);
	out->n_failed = ck.n_failed;
	return 0;
}

int sig_check_ports(
    const struct sig_set *set, sig_check_report_fn *report, void *arg, size_t *n_clashes)
{
	const struct sig_protocol **owner = calloc(65536, sizeof(*owner));
	*n_clashes = 0;
	if (!owner)
		return -ENOMEM;
	for (const struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (const struct sig_port *port = p->ports; port; port = port->next) {
			for (unsigned n = port->lo; n <= port->hi && !port->is_shared; n++) {
				if (owner[n]) {
					char text[300];
					snprintf(text, sizeof(text),
					    "%s:%u:1: port %u is expected to be %s already: use maybe-ports",
					    p->file, port->line, n, owner[n]->name);
					report(arg, text);
					++*n_clashes;
				}
				owner[n] = p;
			}
		}
	}
	free(owner);
	return 0;
}
