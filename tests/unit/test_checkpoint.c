/* checkpoint: what is written is read back; what was cut off or changed is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checkpoint.h"
#include "out/textfile.h"

static struct target recorded[3];
static char *operands[] = {"10.0.0.0/8", "", "a b\nc", "2001:db8::/64", NULL};

static struct checkpoint sample(void)
{
	recorded[0] = (struct target){.addr = ipaddr_from_v4(0x0a000001), .port = 80};
	recorded[1] = (struct target){.addr = ipaddr_from_v4(0xffffffff), .port = 65535};
	assert_int_equal(ipaddr_parse("2001:db8::1", 11, &recorded[2].addr), 0);
	recorded[2].port = 1;
	struct checkpoint c = {.seed = UINT64_MAX,
	    .n_shards = 65535,
	    .shard = 65534,
	    .digest = {1, 2, 0xff, 0x80},
	    .operands = {operands, 4},
	    .options = "rate = 10\nports = \"1,2\"\n",
	    .n_slices = 2,
	    .index = {0, UINT64_MAX},
	    .n_recorded = 3,
	    .recorded = recorded};
	return c;
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	struct checkpoint c = sample(), back;
	struct diag diag = {{0}};
	char *text;
	size_t len;
	for (int round = 0; round < 2; round++) {
		c.is_complete = round;
		c.n_recorded = round ? 0 : 3;
		c.operands.n = round ? 0 : 4;
		assert_int_equal(checkpoint_format(&c, &text, &len), 0);
		assert_int_equal(checkpoint_parse("file", text, len, &back, &diag), 0);
		assert_true(back.seed == c.seed);
		assert_int_equal(back.n_shards, c.n_shards);
		assert_int_equal(back.shard, c.shard);
		assert_memory_equal(back.digest, c.digest, sizeof(c.digest));
		assert_int_equal(back.is_complete, round);
		assert_int_equal(back.n_slices, 2);
		assert_memory_equal(back.index, c.index, 2 * sizeof(c.index[0]));
		assert_string_equal(back.options, c.options);
		assert_int_equal(back.operands.n, c.operands.n);
		for (size_t i = 0; i < c.operands.n; i++)
			assert_string_equal(back.operands.v[i], operands[i]);
		assert_int_equal(back.n_recorded, c.n_recorded);
		assert_memory_equal(back.recorded, recorded, c.n_recorded * sizeof(recorded[0]));
		checkpoint_fini(&back);
		free(text);
	}
}

static void what_was_cut_or_changed_is_refused(void **state)
{
	(void)state;
	struct checkpoint c = sample(), back;
	struct diag diag;
	char *text;
	size_t len;
	assert_int_equal(checkpoint_format(&c, &text, &len), 0);
	for (size_t cut = 0; cut < len; cut++) {
		diag.text[0] = '\0';
		assert_int_equal(checkpoint_parse("file", text, cut, &back, &diag), -EINVAL);
		assert_non_null(strstr(diag.text, "file: "));
	}
	for (size_t i = 0; i < 8 * len; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		assert_int_equal(checkpoint_parse("file", text, len, &back, &diag), -EINVAL);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	free(text);
}

/* A right digest over wrong words: every member is checked by itself. */
static void wrong_words_are_refused(void **state)
{
	(void)state;
	static const char *const heads[] = {"", "version 1\n", "# x\nversion 2\n",
	    "# x\nversion 1\nseed -1\n", "# x\nversion 1\nseed 18446744073709551616\n",
	    "# x\nversion 1\nseed 1\nshards 70000\n"};
	struct checkpoint back;
	struct diag diag;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char text[256];
		uint8_t digest[HASH_DIGEST_LEN];
		struct hash_digest_state hashing;
		size_t len = strlen(heads[i]);
		hash_digest_init(&hashing);
		hash_digest_update(&hashing, heads[i], len);
		hash_digest_final(&hashing, digest);
		int n = snprintf(text, sizeof(text), "%send ", heads[i]);
		for (size_t k = 0; k < HASH_DIGEST_LEN; k++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", digest[k]);
		text[n++] = '\n';
		assert_int_equal(checkpoint_parse("file", text, (size_t)n, &back, &diag), -EINVAL);
	}
}

static void files_are_replaced_whole_or_not_at_all(void **state)
{
	(void)state;
	char folder[] = "/tmp/checkpoint-XXXXXX", path[64], other[64];
	struct checkpoint c = sample(), back;
	struct diag diag = {{0}};
	char *text;
	size_t len;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/no/file", folder);
	assert_int_equal(checkpoint_format(&c, &text, &len), 0);
	assert_int_equal(checkpoint_read(path, &back, &diag), -ENOENT);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(textfile_swap(path, text, len, &diag), 0);
		assert_int_equal(checkpoint_read(path, &back, &diag), 0);
		checkpoint_fini(&back);
	}
	assert_int_equal(textfile_swap(other, text, len, &diag), -ENOENT);
	assert_int_equal(textfile_swap(folder, text, len, &diag), -EISDIR);
	assert_int_equal(checkpoint_read(folder, &back, &diag), -EINVAL);
	free(text);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(what_was_cut_or_changed_is_refused),
	    cmocka_unit_test(wrong_words_are_refused),
	    cmocka_unit_test(files_are_replaced_whole_or_not_at_all),
	};
	return hash_init() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
