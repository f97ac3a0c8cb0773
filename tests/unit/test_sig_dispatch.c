/* What dispatch leaves out is false: for every vector and all its beginnings, no rule that
 * has no entry, or is screened, holds. And it leaves out most of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "sig/check.h"
#include "sig/eval.h"

struct world {
	struct sig_set *set;
	struct sig_scratch *scratch;
	bool *is_tried;
	size_t n_inputs, n_listed, n_tried;
};

static void make_world(struct world *w)
{
	struct diag diag = {""};
	*w = (struct world){0};
	if (sig_set_create(NULL, 0, NULL, &diag, &w->set))
		fail_msg("%s", diag.text);
	assert_int_equal(sig_scratch_create(w->set, &w->scratch), 0);
	w->is_tried = calloc(w->set->n_rules, sizeof(*w->is_tried));
	assert_non_null(w->is_tried);
}

static void end_world(struct world *w)
{
	free(w->is_tried);
	sig_scratch_destroy(w->scratch);
	sig_set_destroy(w->set);
}

static struct eval make_eval(struct world *w, const struct sig_input *input, bool is_open)
{
	struct eval e;
	eval_init(&e, w->set, w->scratch, input);
	if (!is_open)
		eval_close(&e);
	return e;
}

static void fail_rule(const struct sig_rule *rule, const struct eval *e, const char *why)
{
	fail_msg("%s/%s: %s after %zu bytes: %.*s", rule->protocol->name, rule->name, why, e->len,
	    (int)e->len, (const char *)e->bytes);
}

/* Is the rule of the entry tried? When not, it says so by the answer as it is or, after closing it, by what it
 * would be. */
static bool is_tried(struct world *w, const struct dispatch_list *list,
    const struct dispatch_entry *entry, const struct sig_input *input, bool is_open)
{
	struct dispatch_entry alone[2] = {*entry, {.rule = DISPATCH_END}};
	const struct sig_rule *rule = w->set->rules[entry->rule];
	struct eval e = make_eval(w, input, is_open);
	if (screen_next(&e, list, alone, 0))
		return true;
	struct eval whole = make_eval(w, input, is_open);
	enum truth truth = eval_rule(&whole, rule);
	if (is_open && !e.is_open && truth != TRUTH_MAYBE)
		fail_rule(rule, &whole, "closed without need");
	return false;
}

static void check(struct world *w, const struct sig_input *input, bool is_open)
{
	memset(w->is_tried, 0, w->set->n_rules * sizeof(*w->is_tried));
	const struct dispatch_list *list =
	    dispatch_find(w->set->dispatch, input->bytes, input->len);
	const struct dispatch_entry *entry = list->entries;
	for (; entry->rule != DISPATCH_END; entry++) {
		w->n_listed++;
		w->is_tried[entry->rule] = is_tried(w, list, entry, input, is_open);
		w->n_tried += w->is_tried[entry->rule];
	}
	w->n_inputs++;
	for (size_t i = 0; i < w->set->n_rules; i++) {
		struct eval e = make_eval(w, input, is_open);
		enum truth truth = w->is_tried[i] ? TRUTH_NO : eval_rule(&e, w->set->rules[i]);
		/* A list may know before evaluation does what cannot become true. */
		if (truth != TRUTH_NO && truth != TRUTH_MAYBE)
			fail_rule(w->set->rules[i], &e, is_open ? "left out, open" : "left out");
	}
}

static void check_vector(void *arg, const char *protocol, bool is_positive,
    const struct sig_input *input, const char *instead)
{
	struct sig_input part = *input;
	(void)protocol;
	(void)is_positive;
	(void)instead;
	/* Early beginnings differ most. */
	for (part.len = 1; part.len <= input->len; part.len += part.len < 64 ? 1 : 37) {
		check(arg, &part, true);
		check(arg, &part, false);
	}
	if (input->len) {
		check(arg, input, true);
		check(arg, input, false);
	}
}

static void test_what_is_left_out_is_false(void **state)
{
	struct world w;
	(void)state;
	make_world(&w);
	sig_check_each_vector(w.set, check_vector, &w);
	printf("%zu rules, %zu inputs: %.1f listed, %.1f tried\n", w.set->n_rules, w.n_inputs,
	    (double)w.n_listed / (double)w.n_inputs, (double)w.n_tried / (double)w.n_inputs);
	assert_true(w.n_tried < w.n_listed);
	end_world(&w);
}

static void test_a_web_page_is_worth_few_rules(void **state)
{
	static const char page[] =
	    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 "
	    "00:03:29 GMT\r\nContent-Type: text/html\r\nContent-Length: 13\r\n"
	    "Connection: close\r\n\r\n<p>Hello</p>\n";
	struct sig_input input = {.bytes = (const uint8_t *)page, .len = sizeof(page) - 1};
	struct world w;
	(void)state;
	make_world(&w);
	check(&w, &input, false);
	/* Of 62 that the first byte allows. */
	assert_true(w.n_listed < 50);
	assert_true(w.n_tried < 5);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_left_out_is_false),
	    cmocka_unit_test(test_a_web_page_is_worth_few_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
