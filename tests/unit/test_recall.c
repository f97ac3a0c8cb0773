/* Claims about engine/recall: whatever came before, it gives what naming the answer gives; and what came twice
 * is not named a third time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"
#include "engine/recall.h"
#include "tests/unit/rng.h"

enum { LEN_MAX = 1100, KEPT_MAX = 1024 };

static struct sig_set *set;
static struct sig_scratch *scratch;
static struct recall *recall;

static int setup(void **state)
{
	(void)state;
	struct diag diag = {""};
	if (sig_set_create(NULL, 0, NULL, &diag, &set))
		fail_msg("%s", diag.text);
	return sig_scratch_create(set, &scratch) || recall_create(&recall);
}

static int teardown(void **state)
{
	(void)state;
	recall_destroy(recall);
	sig_scratch_destroy(scratch);
	sig_set_destroy(set);
	recall_destroy(NULL);
	return 0;
}

static void assert_same(const struct sig_verdict *got, const struct sig_verdict *want)
{
	assert_ptr_equal(got->protocol, want->protocol);
	assert_ptr_equal(got->rule, want->rule);
	assert_memory_equal(got->layers, want->layers, sizeof(want->layers));
	assert_memory_equal(got->candidates, want->candidates, sizeof(want->candidates));
	assert_true(got->confidence == want->confidence);
	assert_int_equal(got->rank, want->rank);
	assert_int_equal(got->is_settled, want->is_settled);
	for (size_t i = 0; i < SIG_CAPTURES_MAX; i++) {
		assert_ptr_equal(got->captures[i].name, want->captures[i].name);
		if (!want->captures[i].name)
			return;
		assert_int_equal(got->captures[i].len, want->captures[i].len);
		assert_memory_equal(
		    got->captures[i].text, want->captures[i].text, want->captures[i].len);
	}
}

static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 400 Bad Request\r\nServer: Apache/2.4.57 (Debian)\r\nConnection: close\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n",
    "* OK [CAPABILITY IMAP4rev1 LITERAL+ STARTTLS] Dovecot (Debian) ready.\r\n",
    "-ERR unknown command 'GET'\r\n", "\x15\x03\x01\x00\x02\x02\x28", "nothing that a rule knows",
    NULL, /* the probe itself: an echo, unless something else was sent, or it was said first */
};

/* One of few inputs, so that the same comes again: an answer, cut, with one byte changed, or made long; after
 * another probe; or said first. */
static void pick(struct rng *rng, uint8_t *bytes, struct sig_input *out)
{
	static const size_t lens[] = {KEPT_MAX - 1, KEPT_MAX, KEPT_MAX + 1, LEN_MAX};
	const struct sig_probe *http = sig_set_find_probe(set, "http");
	const char *text = answers[rng_below(rng, sizeof(answers) / sizeof(answers[0]))];
	size_t len = text ? strlen(text) : http->len;
	if (!text)
		text = (const char *)http->bytes;
	memset(bytes, 'x', LEN_MAX);
	memcpy(bytes, text, len);
	switch (rng_below(rng, 5)) {
	case 0:
		bytes[len - 1] ^= 1;
		break;
	case 1:
		bytes[rng_below(rng, 3) * (len - 1) / 2] ^= 0x20;
		break;
	case 2:
		len = 1 + rng_below(rng, 3) * (len - 1) / 3;
		break;
	case 3:
		len = lens[rng_below(rng, sizeof(lens) / sizeof(lens[0]))];
		break;
	default:
		break;
	}
	const char *const probes[] = {"http", "tls", "wait"};
	*out = (struct sig_input){.bytes = bytes,
	    .len = len,
	    .probe = sig_set_find_probe(set, probes[rng_below(rng, 3)]),
	    .is_server_first = rng_below(rng, 2) == 0,
	    .port = (uint16_t)rng_next(rng)};
}

static void test_verdicts_are_those_of_naming(void **state)
{
	(void)state;
	static uint8_t bytes[LEN_MAX];
	struct rng rng = {77};
	for (int i = 0; i < 60000; i++) {
		struct sig_input input;
		struct sig_verdict got, want;
		pick(&rng, bytes, &input);
		memset(&got, 0xee, sizeof(got)); /* a result that has served before */
		sig_match(set, scratch, &input, &want);
		recall_match(recall, set, scratch, &input, &got);
		assert_same(&got, &want);
	}
}

static void test_what_came_twice_is_not_named_again(void **state)
{
	(void)state;
	struct sig_verdict want, got;
	struct sig_input input = {.bytes = (const uint8_t *)answers[2],
	    .len = strlen(answers[2]),
	    .is_server_first = true};
	recall_match(recall, set, scratch, &input, &want);
	recall_match(recall, set, scratch, &input, &want);
	/* With nothing to name it with. */
	recall_match(recall, NULL, NULL, &input, &got);
	assert_same(&got, &want);
	assert_string_equal(got.protocol, "ssh");
}

static void test_nothing_came(void **state)
{
	(void)state;
	struct sig_input input = {.bytes = NULL, .len = 0};
	for (int i = 0; i < 3; i++) {
		struct sig_verdict got;
		memset(&got, 0xee, sizeof(got));
		recall_match(recall, set, scratch, &input, &got);
		assert_null(got.protocol);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verdicts_are_those_of_naming),
	    cmocka_unit_test(test_what_came_twice_is_not_named_again),
	    cmocka_unit_test(test_nothing_came),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
