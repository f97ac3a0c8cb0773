/* compile: parsed protocols into what the matcher walks: rules by falling rank, probe numbers,
 * confidence (the lists of rules to try are made by dispatch.c). Runs once, when a set is built. It refuses what only
 * the whole set can tell: unknown probes, layers and candidates, names given twice. */
#include "sig/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"

static int fail(const struct sig_protocol *protocol, uint32_t line, struct diag *diag,
    const char *a, const char *b)
{
	return diag_set(diag, -EINVAL, "%s:%u:1: %s%s", protocol->file, line, a, b);
}

void sig_set_link(struct sig_set *set, struct sig_protocol *protocol)
{
	struct sig_protocol **at = &set->protocols;
	while (*at && strcmp((*at)->name, protocol->name) < 0)
		at = &(*at)->next;
	if (*at && strcmp((*at)->name, protocol->name) == 0) {
		protocol->next = (*at)->next;
	} else {
		protocol->next = *at;
		set->n_protocols++;
	}
	*at = protocol;
}

const struct sig_protocol *sig_set_find_protocol(const struct sig_set *set, const char *name)
{
	const struct sig_protocol *protocol = set->protocols;
	while (protocol && strcmp(protocol->name, name))
		protocol = protocol->next;
	return protocol;
}

/* Sending nothing is a probe too; no file has to say so. */
static int add_wait(struct sig_set *set)
{
	struct sig_probe *wait = arena_alloc(&set->arena, sizeof(*wait));
	if (!wait)
		return -ENOMEM;
	*wait = (struct sig_probe){.id = (uint16_t)set->n_probes,
	    .name = "wait",
	    .protocol = "",
	    .bytes = (const uint8_t *)""};
	set->probes[set->n_probes++] = wait;
	return 0;
}

static int number_probes(struct sig_set *set, struct diag *diag)
{
	size_t n = 1;
	for (struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (struct sig_probe_def *d = p->probes; d; d = d->next)
			n++;
	}
	if (n >= SIG_PROBE_NONE)
		return diag_set(diag, -EINVAL, "%zu probes: too many", n);
	set->probes = arena_alloc(&set->arena, (n + 1) * sizeof(set->probes[0]));
	if (!set->probes || add_wait(set))
		return -ENOMEM;
	for (struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (struct sig_probe_def *d = p->probes; d; d = d->next) {
			if (sig_set_find_probe(set, d->probe.name))
				return fail(p, d->line, diag, "a second probe ", d->probe.name);
			d->probe.id = (uint16_t)set->n_probes;
			set->probes[set->n_probes++] = &d->probe;
		}
	}
	return 0;
}

/* The ids of the named probes and of those that contain their question: a bitset. */
static int link_answers(
    struct sig_set *set, const struct sig_rule *rule, struct sig_cond *cond, struct diag *diag)
{
	uint16_t *bits = arena_alloc(&set->arena, (set->n_probes / 16 + 1) * sizeof(*bits));
	if (!bits)
		return -ENOMEM;
	for (const char *const *name = cond->probe_names; *name; name++) {
		if (!sig_set_find_probe(set, *name))
			return fail(
			    rule->protocol, cond->line, diag, "no file offers the probe ", *name);
		for (struct sig_protocol *p = set->protocols; p; p = p->next) {
			for (struct sig_probe_def *d = p->probes; d; d = d->next) {
				bool is_asked = strcmp(d->probe.name, *name) == 0;
				for (size_t i = 0; i < 8 && d->asks[i]; i++)
					is_asked |= strcmp(d->asks[i], *name) == 0;
				if (is_asked)
					bits[d->probe.id / 16] |=
					    (uint16_t)(1u << d->probe.id % 16);
			}
		}
	}
	cond->names = bits;
	return 0;
}

/* Makes names of protocols point at the one string of the protocol, so that they can be compared
 * as pointers. */
static int link_names(struct sig_set *set, const struct sig_rule *rule, const char **names,
    size_t n, struct diag *diag)
{
	for (size_t i = 0; i < n && names[i]; i++) {
		const struct sig_protocol *protocol = sig_set_find_protocol(set, names[i]);
		if (!protocol)
			return fail(rule->protocol, rule->line, diag,
			    "no file describes the protocol ", names[i]);
		names[i] = protocol->name;
	}
	return 0;
}

/* The least number of bytes with which the rule can hold. */
static uint16_t min_len_of(const struct sig_rule *rule)
{
	size_t min = 1;
	for (size_t i = 0; i < rule->n_conds; i++) {
		const struct sig_cond *cond = &rule->conds[i];
		size_t need = SIG_DATA_MAX;
		if (cond->kind == COND_SKIP || cond->kind == COND_SKIP_PAST ||
		    cond->kind == COND_BER)
			break;
		if (cond->kind != COND_AT || cond->is_negated)
			continue;
		for (size_t k = 0; k < cond->n_literals; k++) {
			size_t end = (size_t)cond->off + cond->literals[k].len;
			need = end < need ? end : need;
		}
		min = need > min ? need : min;
	}
	return (uint16_t)min;
}

static int by_rank(const void *a, const void *b)
{
	const struct sig_rule *x = *(struct sig_rule *const *)a;
	const struct sig_rule *y = *(struct sig_rule *const *)b;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	int order = strcmp(x->protocol->name, y->protocol->name);
	return order ? order : strcmp(x->name, y->name);
}

/* Picks the byte of a literal to search for: the one that text and binary messages have least. */
static void choose_key(struct sig_literal *literal)
{
	unsigned rarest = 0;
	literal->has_key = false;
	for (size_t i = 0; i < literal->len; i++) {
		uint8_t byte = literal->bytes[i];
		bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
		if ((literal->mask && literal->mask[i] != 0xff) ||
		    (literal->is_nocase && is_letter))
			continue;
		unsigned rarity = needs_rate_byte(byte);
		/* The last byte has no neighbour to be checked together with. */
		if (i + 1 == literal->len && literal->has_key)
			continue;
		if (rarity <= rarest)
			continue;
		rarest = rarity;
		literal->has_key = true;
		literal->key = byte;
		literal->key_off = (uint16_t)i;
	}
}

static int link_rule(struct sig_set *set, struct sig_rule *rule, struct diag *diag)
{
	if (!rule->layers[0])
		memcpy(rule->layers, rule->protocol->layers, sizeof(rule->layers));
	int rc = link_names(set, rule, rule->layers, SIG_LAYERS_MAX, diag);
	for (size_t i = 0; i < SIG_LAYERS_MAX && rule->layers[i] && !rc; i++)
		rule->carriers[i] = sig_set_find_protocol(set, rule->layers[i]);
	rc = rc ? rc : link_names(set, rule, rule->candidates, SIG_CANDIDATES_MAX, diag);
	for (size_t i = 0; i < rule->n_conds && !rc; i++) {
		if (rule->conds[i].kind == COND_ANSWERS)
			rc = link_answers(set, rule, &rule->conds[i], diag);
		for (size_t k = 0; k < rule->conds[i].n_literals; k++)
			choose_key(&rule->conds[i].literals[k]);
	}
	rule->min_len = min_len_of(rule);
	return rc;
}

/* The confidence of a rule that was never measured: (0 + 1) / (0 + 0 + 2), as the estimator of the
 * table says. */
static const float UNMEASURED = 0.5F;

/* Finds "protocol/rule<TAB>...<TAB>confidence" in the table. */
static float find_confidence(const struct sig_rule *rule)
{
	const char *p = sig_builtin_confidence.text;
	size_t protocol_len = strlen(rule->protocol->name);
	size_t rule_len = strlen(rule->name);
	while (p && *p) {
		const char *end = strchr(p, '\n');
		size_t len = end ? (size_t)(end - p) : strlen(p);
		if (len > protocol_len + rule_len + 2 &&
		    memcmp(p, rule->protocol->name, protocol_len) == 0 && p[protocol_len] == '/' &&
		    memcmp(p + protocol_len + 1, rule->name, rule_len) == 0 &&
		    p[protocol_len + 1 + rule_len] == '\t') {
			const char *last = p + len;
			while (last > p && last[-1] != '\t')
				last--;
			return strtof(last, NULL);
		}
		p = end ? end + 1 : NULL;
	}
	return UNMEASURED;
}

static int link_rules(struct sig_set *set, struct diag *diag)
{
	size_t n = 0;
	for (struct sig_protocol *p = set->protocols; p; p = p->next)
		n += p->n_rules;
	if (n >= UINT16_MAX)
		return diag_set(diag, -EINVAL, "%zu rules: too many", n);
	set->rules = arena_alloc(&set->arena, (n + 1) * sizeof(struct sig_rule *));
	if (!set->rules)
		return -ENOMEM;
	for (struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (struct sig_rule *rule = p->rules; rule; rule = rule->next) {
			int rc = link_rule(set, rule, diag);
			if (rc)
				return rc;
			rule->confidence = find_confidence(rule);
			set->rules[set->n_rules++] = rule;
		}
	}
	qsort(set->rules, set->n_rules, sizeof(struct sig_rule *), by_rank);
	for (size_t i = 0; i < set->n_rules; i++)
		set->rules[i]->id = (uint16_t)i;
	return 0;
}

static int check_names(const struct sig_set *set, struct diag *diag)
{
	for (const struct sig_protocol *p = set->protocols; p; p = p->next) {
		for (const struct sig_probe_def *d = p->probes; d; d = d->next) {
			for (size_t i = 0; i < 8 && d->asks[i]; i++) {
				if (!sig_set_find_probe(set, d->asks[i]))
					return fail(p, d->line, diag, "no file offers the probe ",
					    d->asks[i]);
			}
		}
		for (const struct sig_vector *v = p->vectors; v; v = v->next) {
			if (v->probe && !sig_set_find_probe(set, v->probe))
				return fail(
				    p, v->line, diag, "no file offers the probe ", v->probe);
			if (v->is_instead && strcmp(v->is_instead, "nothing") &&
			    !sig_set_find_protocol(set, v->is_instead))
				return fail(p, v->line, diag, "no file describes the protocol ",
				    v->is_instead);
		}
	}
	return 0;
}

int sig_compile(struct sig_set *set, struct diag *diag)
{
	int rc = number_probes(set, diag);
	rc = rc ? rc : link_rules(set, diag);
	rc = rc ? rc : check_names(set, diag);
	return rc ? rc : dispatch_create(set);
}
