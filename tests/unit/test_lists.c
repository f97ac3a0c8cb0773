/* lists: files and pipes of targets, right and wrong ones, streamed and loaded. */
#include "autoconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "targets/attempts.h"
#include "targets/targets.h"
#include "tests/unit/targets_util.h"

static char path[64];
static char *no_args[] = {NULL};
static char *one_file[] = {path};

/* Writes bytes to a fresh file, whose name is then in path. */
static void write_file(const void *bytes, size_t len)
{
	strcpy(path, "/tmp/test_lists.XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static struct targets_spec list_spec(enum targets_order order)
{
	struct targets_spec spec = spec_of(no_args, "80,443");
	spec.files = one_file;
	spec.n_files = 1;
	spec.order = order;
	return spec;
}

/* What comes out, as text with spaces between; a stream must not wait. */
static const char *drain(struct targets *targets)
{
	static char text[100000];
	struct targets_iter it;
	struct target out[7];
	size_t len = 0;
	text[0] = '\0';
	targets_iter_init(&it, targets, 0, 1);
	while (it.status == TARGETS_OK || it.status == TARGETS_WAIT) {
		size_t n = targets_iter_next(&it, out, 7);
		for (size_t i = 0; i < n; i++)
			len += (size_t)sprintf(
			    text + len, "%s%s", len ? " " : "", target_text(&out[i]));
	}
	return text;
}

static void expect_list(enum targets_order order, const char *list, const char *want)
{
	struct targets *targets = NULL;
	struct diag diag = {""};
	write_file(list, strlen(list));
	struct targets_spec spec = list_spec(order);
	if (targets_create(&spec, &diag, &targets))
		fail_msg("%s", diag.text);
	assert_string_equal(drain(targets), want);
	targets_destroy(targets);
	unlink(path);
}

static void plain_lists_keep_their_order(void **state)
{
	(void)state;
	expect_list(TARGETS_ORDER_AUTO,
	    "\xef\xbb\xbf# comment\n\n 10.0.0.9:22\t# why\r\n2001:db8::1\r\n[2001:db8::1]:22\n10.0.0.9:22\n"
	    "\t\n10.0.0.1:80,81",
	    "10.0.0.9:22 [2001:db8::1]:80 [2001:db8::1]:443 [2001:db8::1]:22 10.0.0.1:80 10.0.0.1:81");
}

static void ranges_in_a_stream_expand_in_place(void **state)
{
	(void)state;
	expect_list(TARGETS_ORDER_LIST,
	    "10.0.0.2:80\n10.0.0.0/30:80,7\n10.0.0.3:7\n10.0.0.1\n10.0.0.0-10.0.0.1\n10.0.0.1:443\n",
	    "10.0.0.2:80 10.0.0.0:80 10.0.0.0:7 10.0.0.1:80 10.0.0.1:7 10.0.0.2:7 10.0.0.3:80 10.0.0.3:7 "
	    "10.0.0.1:443 10.0.0.0:443");
}

static void interface_identifiers_make_prefixes_scannable(void **state)
{
	(void)state;
	struct targets *targets = NULL;
	struct diag diag;
	static const char list[] = "2001:db8::/63\n2001:db8:9::/120\n";
	write_file(list, strlen(list));
	/* ::0 ::1 ::2 ::a and 2^24 addresses of one vendor in two /64s; the /120 as it is. */
	struct targets_spec spec = list_spec(TARGETS_ORDER_RANDOM);
	spec.ports = "80";
	spec.v6_iid = "low:2,::a,::1-::2,eui64:00-1B-21";
	spec.no_exclude = true;
	uint64_t n = 0;
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	assert_true(targets_count(targets, &n));
	assert_int_equal(n, 2 * (4 + (1 << 24)) + 256);
	targets_destroy(targets);
	/* The same as a stream, without the many. */
	static struct target out[300];
	spec.order = TARGETS_ORDER_LIST;
	spec.v6_iid = "low:2,::a,::1-::2";
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	assert_int_equal(take_all(targets, 0, 1, out, 300), 2 * 4 + 256);
	assert_string_equal(target_text(&out[7]), "[2001:db8:0:1::2]:80");
	targets_destroy(targets);
	unlink(path);
	static const char *const wrong[] = {"", "low:0", "low:", "eui64:1", "2001::1", "::1,",
	    "::2-::1", "eui64:00:1b:2g", "10.0.0.1"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *args[] = {"10.0.0.1", NULL};
		struct targets_spec bad = spec_of(args, "80");
		bad.v6_iid = wrong[i];
		assert_int_equal(targets_create(&bad, &diag, &targets), -EINVAL);
	}
}

/* Each pattern by itself: exactly which addresses, in their order. */
static void every_pattern_makes_its_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		size_t n; /* a /64 */
		const char *first, *last;
	} rows[] = {
	    {"low:1", 1, "[2001:db8:4::]:80", "[2001:db8:4:1::]:80"},
	    {"low:300", 300, "[2001:db8:4::]:80", "[2001:db8:4:1::12b]:80"},
	    {"::a", 1, "[2001:db8:4::a]:80", "[2001:db8:4:1::a]:80"},
	    {"::1:2:3:4", 1, "[2001:db8:4:0:1:2:3:4]:80", "[2001:db8:4:1:1:2:3:4]:80"},
	    {"::fe-::101", 4, "[2001:db8:4::fe]:80", "[2001:db8:4:1::101]:80"},
	    {"::ffff:ffff:ffff:ffff", 1, "[2001:db8:4:0:ffff:ffff:ffff:ffff]:80",
		"[2001:db8:4:1:ffff:ffff:ffff:ffff]:80"},
	    {"::1,::2", 2, "[2001:db8:4::1]:80", "[2001:db8:4:1::2]:80"},
	    {"eui64:001b21", 1 << 24, "[2001:db8:4:0:21b:21ff:fe00:0]:80",
		"[2001:db8:4:1:21b:21ff:feff:ffff]:80"},
	    {"eui64:02:1b:21", 1 << 24, "[2001:db8:4:0:1b:21ff:fe00:0]:80",
		"[2001:db8:4:1:1b:21ff:feff:ffff]:80"},
	    {"eui64:AC-DE-48", 1 << 24, "[2001:db8:4:0:aede:48ff:fe00:0]:80",
		"[2001:db8:4:1:aede:48ff:feff:ffff]:80"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *args[] = {"2001:db8:4::/63", NULL};
		struct targets_spec spec = spec_of(args, "80");
		struct targets *targets = NULL;
		struct targets_iter it;
		struct targets_position position;
		struct target out;
		struct diag diag;
		uint64_t n = 0;
		spec.order = TARGETS_ORDER_LIST;
		spec.v6_iid = rows[i].pattern;
		spec.no_exclude = true;
		assert_int_equal(targets_create(&spec, &diag, &targets), 0);
		assert_true(targets_count(targets, &n));
		assert_int_equal(n, 2 * rows[i].n);
		targets_iter_init(&it, targets, 0, 1);
		assert_int_equal(targets_iter_next(&it, &out, 1), 1);
		assert_string_equal(target_text(&out), rows[i].first);
		targets_iter_save(&it, &position);
		position.index = n - 1;
		assert_int_equal(targets_iter_restore(&it, &position, &diag), 0);
		assert_int_equal(targets_iter_next(&it, &out, 1), 1);
		assert_string_equal(target_text(&out), rows[i].last);
		assert_int_equal(it.status, TARGETS_END);
		targets_destroy(targets);
	}
}

static void wrong_lines_say_where(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		size_t len;
		const char *want;
	} cases[] = {
	    {"10.0.0.1\n\n  10.0.0.0/99\n", 0, ":3:12: /99 is not an IPv4 prefix length"},
	    {"10.0.0.1\n10.0.\0.2\n", 19, ":2:6: a NUL byte"},
	    {"\xff\xfe"
	     "1\0",
		4, ":1:1: this is UTF-16"},
	    {"\xfe\xff\0"
	     "1",
		4, ":1:1: this is UTF-16"},
	    {"fe80::1%eth0\n", 0, ":1:1: 'fe80::1%eth0' has a zone"},
	    {"10.0.0.1 10.0.0.2\n", 0, ":1:1: '10.0.0.1 10.0.0.2' is neither"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int order = TARGETS_ORDER_AUTO; order <= TARGETS_ORDER_LIST; order++) {
			struct targets *targets = NULL;
			struct diag diag = {""};
			write_file(
			    cases[i].list, cases[i].len ? cases[i].len : strlen(cases[i].list));
			struct targets_spec spec = list_spec((enum targets_order)order);
			assert_true(targets_create(&spec, &diag, &targets) < 0);
			if (strncmp(diag.text, path, strlen(path)) != 0 ||
			    !strstr(diag.text, cases[i].want))
				fail_msg("'%s' lacks '%s'", diag.text, cases[i].want);
			unlink(path);
		}
	}
}

static void a_megabyte_line_is_one_error(void **state)
{
	(void)state;
	static char line[1 << 20];
	memset(line, '1', sizeof(line));
	struct targets *targets = NULL;
	struct diag diag;
	write_file(line, sizeof(line));
	struct targets_spec spec = list_spec(TARGETS_ORDER_RANDOM);
	assert_int_equal(targets_create(&spec, &diag, &targets), -EILSEQ);
	assert_non_null(strstr(diag.text, ":1:1: line of more than 65536 bytes"));
	unlink(path);
}

/* In a stream wrong lines are counted, and everything else is probed. */
static void wrong_lines_of_a_pipe_are_counted(void **state)
{
	(void)state;
	static char text[200000];
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	size_t len = (size_t)sprintf(text, "10.0.0.1\nnonsense/\n10.0.0.\n");
	memset(text + len, 'x', 70000);
	len += 70000;
	len += (size_t)sprintf(text + len, "\n10.0.0.2:9");
	text[len++] = '\0';
	len += (size_t)sprintf(text + len, "\n10.0.0.3:9");
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1 << 18) >= (int)len);
	assert_int_equal(write(fds[1], text, len), (ssize_t)len);
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	struct targets *targets = NULL;
	struct targets_counters counters;
	struct diag diag;
	struct targets_spec spec = list_spec(TARGETS_ORDER_AUTO);
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	assert_true(targets_is_stream(targets));
	assert_string_equal(drain(targets), "10.0.0.1:80 10.0.0.1:443 10.0.0.3:9");
	targets_get_counters(targets, &counters);
	assert_int_equal(counters.n_bad_lines, 4);
	targets_destroy(targets);
	close(fds[0]);
}

/* Looking at a named pipe before the scan must not take from it. */
static void a_named_pipe_gives_all_it_has(void **state)
{
	(void)state;
	static struct target out[8];
	char folder[] = "/tmp/lists-XXXXXX", fifo[64], *files[] = {fifo};
	char *none[] = {NULL};
	assert_non_null(mkdtemp(folder));
	snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd = open(fifo, O_WRONLY);
		static const char text[] = "10.0.0.1:80\n10.0.0.2:80\n";
		_exit(write(fd, text, sizeof(text) - 1) == sizeof(text) - 1 ? 0 : 1);
	}
	struct targets_spec spec = spec_of(none, NULL);
	struct targets *targets = NULL;
	struct targets_iter it;
	struct diag diag;
	int status;
	size_t n = 0;
	spec.files = files;
	spec.n_files = 1;
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	targets_iter_init(&it, targets, 0, 1);
	while (it.status == TARGETS_OK || it.status == TARGETS_WAIT)
		n += targets_iter_next(&it, out + n, 8 - n);
	assert_int_equal(n, 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	targets_destroy(targets);
	unlink(fifo);
	rmdir(folder);
}

static void a_silent_pipe_never_blocks(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	struct targets *targets = NULL;
	struct targets_iter it;
	struct target out[4];
	struct diag diag;
	struct targets_spec spec = list_spec(TARGETS_ORDER_AUTO);
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	targets_iter_init(&it, targets, 0, 1);
	assert_int_equal(targets_iter_next(&it, out, 4), 0);
	assert_int_equal(it.status, TARGETS_WAIT);
	assert_true(targets_poll_fd(targets) >= 0);
	assert_int_equal(write(fds[1], "10.0.0.1:1\n10.0.", 16), 16);
	assert_int_equal(targets_iter_next(&it, out, 4), 1);
	assert_string_equal(target_text(&out[0]), "10.0.0.1:1");
	assert_int_equal(targets_iter_next(&it, out, 4), 0);
	assert_int_equal(it.status, TARGETS_WAIT);
	assert_int_equal(write(fds[1], "0.2:2", 5), 5);
	close(fds[1]);
	assert_int_equal(targets_iter_next(&it, out, 4), 1);
	assert_string_equal(target_text(&out[0]), "10.0.0.2:2");
	assert_int_equal(it.status, TARGETS_END);
	targets_destroy(targets);
	close(fds[0]);
}

/* n pairs of one /16 into path. */
static void write_many(size_t n)
{
	strcpy(path, "/tmp/test_lists.XXXXXX");
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "10.0.%zu.%zu:80\n", i * 77 % n >> 8, i * 77 % n & 255);
	fclose(f);
}

static void streams_shard_and_resume_by_number(void **state)
{
	(void)state;
	enum { N = 10000 };
	static struct target whole[N + 1], part[N + 1];
	struct diag diag;
	write_many(N);
	for (uint32_t n_shards = 1; n_shards <= 64; n_shards += 9) {
		size_t n = 0;
		for (uint32_t shard = 0; shard < n_shards; shard++) {
			struct targets_spec spec = list_spec(TARGETS_ORDER_LIST);
			struct targets *targets;
			spec.n_shards = n_shards;
			spec.shard = shard;
			assert_int_equal(targets_create(&spec, &diag, &targets), 0);
			n += take_all(targets, 0, 1, part + n, N - n + (n < N));
			targets_destroy(targets);
		}
		assert_int_equal(n, N);
		if (n_shards == 1)
			memcpy(whole, part, sizeof(whole));
		qsort(part, n, sizeof(part[0]), compare_targets);
		for (size_t i = 1; i < n; i++)
			assert_true(compare_targets(&part[i - 1], &part[i]) != 0);
	}
	for (size_t percent = 0; percent <= 100; percent++) {
		struct targets_spec spec = list_spec(TARGETS_ORDER_LIST);
		struct targets *targets, *again;
		struct targets_position position;
		struct targets_iter it;
		size_t n = N * percent / 100, got = 0;
		assert_int_equal(targets_create(&spec, &diag, &targets), 0);
		targets_iter_init(&it, targets, 0, 1);
		while (got < n)
			got += targets_iter_next(&it, part, n - got);
		targets_iter_save(&it, &position);
		assert_int_equal(position.index, n);
		targets_destroy(targets);
		assert_int_equal(targets_create(&spec, &diag, &again), 0);
		targets_iter_init(&it, again, 0, 1);
		assert_int_equal(targets_iter_restore(&it, &position, &diag), 0);
		got = 0;
		while (it.status == TARGETS_OK)
			got += targets_iter_next(&it, part + got, N - got + (got == N));
		assert_int_equal(got, N - n);
		assert_memory_equal(part, whole + n, got * sizeof(part[0]));
		targets_destroy(again);
	}
	unlink(path);
}

static void a_changed_list_refuses_the_position(void **state)
{
	(void)state;
	struct targets_spec spec = list_spec(TARGETS_ORDER_LIST);
	struct targets *targets;
	struct targets_position position;
	struct targets_iter it;
	struct diag diag;
	write_many(100);
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	targets_iter_init(&it, targets, 0, 1);
	targets_iter_save(&it, &position);
	targets_destroy(targets);
	FILE *f = fopen(path, "a");
	fputs("10.1.1.1:1\n", f);
	fclose(f);
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	targets_iter_init(&it, targets, 0, 1);
	assert_int_equal(targets_iter_restore(&it, &position, &diag), -ESTALE);
	targets_destroy(targets);
	unlink(path);
}

/* ---- Reload while iterators run: meant for ThreadSanitizer too ------------------------------------ */

struct runner {
	struct targets *targets;
	uint32_t slice;
	atomic_bool is_reloaded;
	uint64_t n_before, n_after, n_wrong;
};

static void *run_slice(void *arg)
{
	struct runner *r = arg;
	struct targets_iter it;
	struct target out[64];
	targets_iter_init(&it, r->targets, r->slice, 2);
	while (it.status == TARGETS_OK) {
		bool is_reloaded = atomic_load(&r->is_reloaded);
		size_t n = targets_iter_next(&it, out, 64);
		for (size_t i = 0; i < n; i++) {
			bool is_excluded = (ipaddr_get_v4(&out[i].addr) & 0xff) >= 128;
			r->n_wrong += is_reloaded && is_excluded;
			r->n_before += !is_reloaded;
			r->n_after += is_reloaded;
		}
		if (r->n_before + r->n_after > 100000 && !is_reloaded) {
			it.status = TARGETS_OK; /* keep running until the reload has happened */
			if (it.pos > it.end / 2)
				targets_iter_init(&it, r->targets, r->slice, 2);
		}
	}
	return NULL;
}

static void a_reload_reaches_running_iterators(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.0/12", NULL}, excludes[64];
	char *files[] = {excludes};
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets;
	struct diag diag = {""};
	write_file("# nobody\n", 9);
	strcpy(excludes, path);
	spec.exclude_files = files;
	spec.n_exclude_files = 1;
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	static struct runner runners[2];
	pthread_t threads[2];
	for (uint32_t i = 0; i < 2; i++) {
		runners[i] = (struct runner){.targets = targets, .slice = i};
		assert_int_equal(pthread_create(&threads[i], NULL, run_slice, &runners[i]), 0);
	}
	FILE *f = fopen(excludes, "w");
	for (unsigned i = 0; i < 1 << 12; i++)
		fprintf(f, "10.%u.%u.128/25\n", i >> 8, i & 255);
	fclose(f);
	assert_int_equal(targets_reload_exclusions(targets, &diag), 0);
	for (uint32_t i = 0; i < 2; i++)
		atomic_store(&runners[i].is_reloaded, true);
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(runners[0].n_wrong + runners[1].n_wrong, 0);
	assert_true(runners[0].n_after > 0);
	struct ipaddr in = ipaddr_from_v4(0x0a0000ff), out = ipaddr_from_v4(0x0a000001);
	assert_true(targets_is_excluded(targets, &in));
	assert_false(targets_is_excluded(targets, &out));
	/* A bad file changes nothing. */
	f = fopen(excludes, "w");
	fputs("10.0.0.0/40\n", f);
	fclose(f);
	assert_int_equal(targets_reload_exclusions(targets, &diag), -EINVAL);
	assert_non_null(strstr(diag.text, ":1:10: /40 is not an IPv4 prefix length"));
	assert_true(targets_is_excluded(targets, &in));
	targets_destroy(targets);
	unlink(excludes);
}

static void write_excludes(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* How often each address of 10.0.0.0/24 came, and whether 10.0.1.0/24 did. */
static void count_them(struct targets_iter *it, size_t at_most, uint8_t *seen)
{
	static struct target out[37];
	for (size_t n = 0, k; n < at_most && it->status == TARGETS_OK; n += k) {
		size_t want = at_most - n < 37 ? at_most - n : 37;
		k = targets_iter_next(it, out, want);
		for (size_t i = 0; i < k; i++)
			seen[ipaddr_get_v4(&out[i].addr) & 0x1ff]++;
	}
}

/* Removed, added, removed again; sets of both orders and a stream; three shards of two slices. */
static void what_a_reload_no_longer_names_comes_back(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.0/24", "10.0.1.0/24", NULL}, excludes[64], list[64];
	char *files[] = {excludes}, *lists[] = {list};
	strcpy(list, "/tmp/lists-XXXXXX");
	FILE *f = fdopen(mkstemp(list), "w");
	for (unsigned i = 0; i < 512; i++)
		fprintf(f, "10.0.%u.%u\n", i >> 8, i & 255);
	fclose(f);
	write_file("", 0);
	strcpy(excludes, path);
	for (int kind = 0; kind < 3; kind++) {
		uint8_t seen[512] = {0};
		for (uint32_t shard = 0; shard < 3; shard++) {
			struct targets_spec spec = spec_of(kind == 2 ? args + 2 : args, "80");
			struct targets *targets;
			struct diag diag = {""};
			struct targets_iter it[2];
			spec.order = kind == 0 ? TARGETS_ORDER_RANDOM : TARGETS_ORDER_LIST;
			spec.files = lists;
			spec.n_files = kind == 2;
			spec.exclude_files = files;
			spec.n_exclude_files = 1;
			spec.n_shards = 3;
			spec.shard = shard;
			write_excludes(excludes, "10.0.0.0/25\n10.0.1.0/24\n");
			assert_int_equal(targets_create(&spec, &diag, &targets), 0);
			assert_int_equal(targets_is_stream(targets), kind == 2);
			for (uint32_t s = 0; s < 2; s++)
				targets_iter_init(&it[s], targets, s, 2);
			if (kind < 2)
				count_them(&it[0], 1000, seen); /* one slice is at its end */
			count_them(&it[1], kind < 2 ? 7 : 0, seen);
			write_excludes(excludes, "10.0.0.0/26\n10.0.1.0/24\n10.0.0.255\n");
			assert_int_equal(targets_reload_exclusions(targets, &diag), 0);
			if (kind < 2)
				count_them(&it[1], 9, seen);
			write_excludes(excludes, "10.0.0.0/25\n10.0.0.255\n");
			assert_int_equal(targets_reload_exclusions(targets, &diag), 0);
			write_excludes(excludes, "10.0.0.255\n10.0.1.0/28\n");
			assert_int_equal(targets_reload_exclusions(targets, &diag), 0);
			for (uint32_t s = 0; s < 2; s++) {
				struct target none;
				for (int twice = 0; twice < 2; twice++) {
					count_them(&it[s], 1000, seen);
					(void)targets_iter_next(
					    &it[s], &none, 0); /* is there more? */
				}
				assert_int_equal(it[s].status, TARGETS_END);
			}
			targets_destroy(targets);
		}
		for (size_t i = 0; i < 512; i++) {
			bool is_out = (i >= 256 && i < 256 + 16) || i == 255;
			if (i == 255)
				assert_true(
				    seen[i] <= 1); /* it may have come before it was named */
			else if (seen[i] != !is_out)
				fail_msg("kind %d: 10.0.%zu.%zu came %u times", kind, i >> 8,
				    i & 255, seen[i]);
		}
	}
	unlink(list);
	unlink(excludes);
}

/* Attempts of what came back trail like all others. */
static void what_came_back_gets_all_its_attempts(void **state)
{
	(void)state;
	char *args[] = {"10.0.0.0/24", NULL}, excludes[64], *files[] = {excludes};
	static struct attempt out[16];
	uint8_t seen[256][2] = {{0}};
	struct targets_spec spec = spec_of(args, "80");
	struct targets *targets;
	struct attempts *a;
	struct diag diag = {""};
	write_file("10.0.0.0/26\n", 12);
	strcpy(excludes, path);
	spec.exclude_files = files;
	spec.n_exclude_files = 1;
	assert_int_equal(targets_create(&spec, &diag, &targets), 0);
	struct attempts_config config = {.n_attempts = 2, .delay_ns = 1000, .n_slices = 1};
	assert_int_equal(attempts_create(targets, &config, &diag, &a), 0);
	bool is_reloaded = false;
	for (int64_t now = 1; now < 100000; now += 100) {
		size_t n = attempts_next(a, now, out, 16);
		for (size_t i = 0; i < n; i++)
			seen[ipaddr_get_v4(&out[i].target.addr) & 255][out[i].number]++;
		if (now < 1000 || is_reloaded)
			continue;
		write_excludes(excludes, "");
		assert_int_equal(targets_reload_exclusions(targets, &diag), 0);
		is_reloaded = true;
	}
	assert_int_equal(attempts_status(a), TARGETS_END);
	for (size_t i = 0; i < 256; i++) {
		assert_int_equal(seen[i][0], 1);
		assert_int_equal(seen[i][1], 1);
	}
	attempts_destroy(a);
	targets_destroy(targets);
	unlink(excludes);
}

int main(void)
{
	log_set_level(LOG_ERROR);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_lists_keep_their_order),
	    cmocka_unit_test(ranges_in_a_stream_expand_in_place),
	    cmocka_unit_test(interface_identifiers_make_prefixes_scannable),
	    cmocka_unit_test(every_pattern_makes_its_addresses),
	    cmocka_unit_test(wrong_lines_say_where),
	    cmocka_unit_test(a_megabyte_line_is_one_error),
	    cmocka_unit_test(wrong_lines_of_a_pipe_are_counted),
	    cmocka_unit_test(a_named_pipe_gives_all_it_has),
	    cmocka_unit_test(a_silent_pipe_never_blocks),
	    cmocka_unit_test(streams_shard_and_resume_by_number),
	    cmocka_unit_test(a_changed_list_refuses_the_position),
	    cmocka_unit_test(a_reload_reaches_running_iterators),
	    cmocka_unit_test(what_a_reload_no_longer_names_comes_back),
	    cmocka_unit_test(what_came_back_gets_all_its_attempts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
