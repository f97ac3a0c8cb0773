/* Claims about out/sink and out/zstd_stream: what is written reads back with zstd(1), nothing is kept
 * back for long, and a full disk, a closed pipe or a torn end leave whole records. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/diag.h"
#include "out/sink.h"
#include "out/zstd_stream.h"
#include "tests/out/samples.h"

static char dir[] = "/tmp/test_sink.XXXXXX";
static char path[256];
static struct diag diag;

static struct sink *open_sink(const char *name, bool is_zstd, bool is_resume)
{
	struct sink_options options = {
	    .path = name, .is_zstd = is_zstd, .level = 1, .is_resume = is_resume};
	struct sink *sink = NULL;
	if (sink_open(&options, &diag, &sink) != 0)
		fail_msg("%s", diag.text);
	return sink;
}

static bool begin(struct sink *sink, const char *preamble)
{
	bool is_new;
	if (sink_begin(sink, preamble, &is_new, &diag) != 0)
		fail_msg("%s", diag.text);
	return is_new;
}

/* Line number i: of various lengths, hard to compress. */
static size_t make_line(char *buf, uint64_t i)
{
	uint64_t seed = i;
	size_t n = (size_t)sprintf(buf, "{\"n\":%llu,\"x\":\"", (unsigned long long)i);
	size_t len = 10 + sample_next(&seed) % 500;
	for (size_t k = 0; k < len; k++)
		buf[n++] = (char)('a' + sample_next(&seed) % 26);
	return n + (size_t)sprintf(buf + n, "\"}\n");
}

static int put_line(struct sink *sink, uint64_t i, int64_t now_ns)
{
	char line[1024];
	size_t len = make_line(line, i);
	return sink_write(sink, line, len, now_ns, &diag);
}

/* Reads lines with `command path` and checks that they are 0, 1, 2 ... whole; returns how many. */
static uint64_t count_lines(const char *command)
{
	char shell[512];
	snprintf(shell, sizeof(shell), "%s '%s'", command, path);
	FILE *f = popen(shell, "r");
	assert_non_null(f);
	char line[2048], want[1024];
	uint64_t n = 0;
	while (fgets(line, sizeof(line), f)) {
		want[make_line(want, n)] = '\0';
		assert_string_equal(line, want);
		n++;
	}
	assert_int_equal(pclose(f), 0);
	return n;
}

static off_t file_size(void)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_plain_and_zstd_read_back_whole(void **state)
{
	(void)state;
	enum { N = 60000 }; /* some 16 MB: several frames */
	for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
		struct sink *sink = open_sink(path, is_zstd, false);
		assert_true(begin(sink, "{\"run\":1}"));
		for (uint64_t i = 0; i < N; i++)
			assert_int_equal(put_line(sink, i, 0), 0);
		assert_int_equal(sink_flush(sink, true, &diag), 0);
		assert_int_equal(sink_get_written(sink), file_size());
		sink_close(sink);
		assert_int_equal(count_lines(is_zstd ? "zstd -dcq" : "cat"), N);
	}
}

static void test_nothing_is_kept_back_longer_than_the_delay(void **state)
{
	(void)state;
	for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
		struct sink *sink = open_sink(path, is_zstd, false);
		begin(sink, NULL);
		const int64_t t0 = 1000;
		assert_int_equal(put_line(sink, 0, t0), 0);
		assert_int_equal(sink_poll(sink, t0 + SINK_DELAY_NS - 1, &diag), 0);
		assert_int_equal(file_size(), 0);
		assert_int_equal(sink_poll(sink, t0 + SINK_DELAY_NS, &diag), 0);
		assert_int_equal(count_lines(is_zstd ? "zstd -dcq" : "cat"), 1);
		/* A steady stream is let go as well: writing looks at the clock. */
		for (uint64_t i = 1; i < 100; i++)
			assert_int_equal(
			    put_line(sink, i, t0 + SINK_DELAY_NS + (int64_t)i * NS_PER_MS * 20), 0);
		assert_true(count_lines(is_zstd ? "zstd -dcq" : "cat") >= 75);
		sink_close(sink);
	}
}

static void test_frames_end_at_the_size_limit(void **state)
{
	(void)state;
	struct sink *sink = open_sink(path, true, false);
	begin(sink, NULL);
	size_t n_bytes = 0;
	char line[1024];
	for (uint64_t i = 0; n_bytes <= SINK_FRAME_MAX; i++) {
		n_bytes += make_line(line, i);
		assert_int_equal(file_size(), 0);
		assert_int_equal(put_line(sink, i, 0), 0);
	}
	assert_true(file_size() > 0);
	sink_close(sink);
	assert_true(count_lines("zstd -dcq") > 1000);
}

static void test_preamble_is_skipped_by_readers(void **state)
{
	(void)state;
	struct sink *sink = open_sink(path, true, false);
	begin(sink, "{\"seed\":42}");
	assert_int_equal(put_line(sink, 0, 0), 0);
	assert_int_equal(sink_flush(sink, false, &diag), 0);
	sink_close(sink);
	assert_int_equal(count_lines("zstd -dcq"), 1);
	assert_int_equal(count_lines("zstd -tq"), 0);
	char head[19];
	FILE *f = fopen(path, "rb");
	assert_int_equal(fread(head, 1, sizeof(head), f), sizeof(head));
	fclose(f);
	assert_memory_equal(head, "\x50\x2a\x4d\x18\x0b\0\0\0{\"seed\":42}", 19);
}

static void test_old_output_stays_until_the_new_one_begins(void **state)
{
	(void)state;
	FILE *f = fopen(path, "wb");
	fputs("precious\n", f);
	fclose(f);
	struct sink *sink = open_sink(path, false, false);
	assert_int_equal(file_size(), 9);
	begin(sink, NULL);
	assert_int_equal(file_size(), 0);
	sink_close(sink);
}

static void test_resume_goes_on_after_the_last_whole_record(void **state)
{
	(void)state;
	for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
		struct sink *sink = open_sink(path, is_zstd, false);
		begin(sink, "{}");
		for (uint64_t i = 0; i < 10; i++) {
			assert_int_equal(put_line(sink, i, 0), 0);
			assert_int_equal(sink_flush(sink, false, &diag), 0);
		}
		off_t whole = file_size();
		assert_int_equal(put_line(sink, 10, 0), 0);
		assert_int_equal(sink_flush(sink, false, &diag), 0);
		sink_close(sink);
		off_t torn_max = file_size();
		/* Torn anywhere within the last record, it is cut there and goes on. */
		for (off_t size = torn_max - 1; size >= whole; size -= 7) {
			assert_int_equal(truncate(path, size), 0);
			sink = open_sink(path, is_zstd, true);
			assert_false(begin(sink, "{}"));
			assert_int_equal(file_size(), whole);
			for (uint64_t i = 10; i < 12; i++)
				assert_int_equal(put_line(sink, i, 0), 0);
			assert_int_equal(sink_flush(sink, true, &diag), 0);
			sink_close(sink);
			assert_int_equal(count_lines(is_zstd ? "zstd -dcq" : "cat"), 12);
			assert_int_equal(truncate(path, whole), 0);
			sink = open_sink(path, is_zstd, true);
			begin(sink, NULL);
			assert_int_equal(put_line(sink, 10, 0), 0);
			assert_int_equal(sink_flush(sink, false, &diag), 0);
			sink_close(sink);
		}
	}
}

static void test_resume_refuses_what_is_no_output(void **state)
{
	(void)state;
	FILE *f = fopen(path, "wb");
	fputs("no line end and no frame", f);
	fclose(f);
	for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
		struct sink *sink = open_sink(path, is_zstd, true);
		bool is_new;
		assert_int_equal(sink_begin(sink, NULL, &is_new, &diag), -EINVAL);
		assert_non_null(strstr(diag.text, path));
		assert_int_equal(file_size(), 24);
		sink_close(sink);
	}
}

/* A file that may not grow beyond a limit stands in for a full disk (EFBIG for ENOSPC); the full disk
 * itself is tests/out/full_disk. */
static void test_after_a_failed_write_whole_records_remain(void **state)
{
	(void)state;
	struct rlimit old, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (int is_zstd = 0; is_zstd < 2; is_zstd++) {
		struct sink *sink = open_sink(path, is_zstd, false);
		begin(sink, NULL);
		small = old;
		small.rlim_cur = 1000003;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		int err = 0;
		uint64_t i = 0;
		for (; !err && i < 100000; i++) {
			err = put_line(sink, i, 0);
			if (!err && i % 300 == 0)
				err = sink_flush(sink, false, &diag);
		}
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(err, -EFBIG);
		assert_non_null(strstr(diag.text, path));
		/* It stays failed, and says so. */
		assert_int_equal(put_line(sink, 0, 0), -EFBIG);
		assert_int_equal(sink_flush(sink, true, &diag), -EFBIG);
		sink_close(sink);
		assert_true(file_size() <= 1000003);
		uint64_t n = count_lines(is_zstd ? "zstd -dcq" : "cat");
		assert_true(n > 1000 && n < i);
	}
}

static void test_dev_full_and_closed_pipe_are_clear_errors(void **state)
{
	(void)state;
	struct sink *sink = open_sink("/dev/full", false, false);
	begin(sink, NULL);
	assert_int_equal(put_line(sink, 0, 0), 0);
	assert_int_equal(sink_flush(sink, true, &diag), -ENOSPC);
	assert_string_equal(
	    diag.text, "/dev/full: cannot write: No space left on device: free some space");
	sink_close(sink);

	char name[64];
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	sink = open_sink(name, true, false);
	close(fds[1]);
	close(fds[0]);
	begin(sink, NULL);
	assert_int_equal(put_line(sink, 0, 0), 0);
	assert_int_equal(sink_flush(sink, true, &diag), -EPIPE);
	assert_non_null(strstr(diag.text, "the reader has gone"));
	sink_close(sink);
}

static void test_a_full_nonblocking_pipe_is_waited_for(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		char name[64];
		snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
		struct sink_options options = {.path = name};
		struct sink *sink = NULL;
		bool is_new;
		if (dup2(fds[1], STDOUT_FILENO) < 0)
			_exit(1);
		options.path = "-";
		if (sink_open(&options, &diag, &sink) != 0 ||
		    sink_begin(sink, NULL, &is_new, &diag) != 0)
			_exit(2);
		for (uint64_t i = 0; i < 5000; i++)
			if (put_line(sink, i, 0) != 0)
				_exit(3);
		_exit(sink_flush(sink, true, &diag) == 0 ? 0 : 4);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	assert_int_equal(count_lines("cat"), 5000);
	close(fds[0]);
	snprintf(path, sizeof(path), "%s/out", dir);
}

static void test_directories_and_bad_levels_are_refused(void **state)
{
	(void)state;
	struct sink *sink = NULL;
	struct sink_options options = {.path = dir};
	assert_int_equal(sink_open(&options, &diag, &sink), -EISDIR);
	assert_non_null(strstr(diag.text, "name a file"));
	options = (struct sink_options){.path = "/nonexistent/x"};
	assert_int_equal(sink_open(&options, &diag, &sink), -ENOENT);
	options = (struct sink_options){.path = path, .is_zstd = true, .level = 99};
	assert_int_equal(sink_open(&options, &diag, &sink), -EINVAL);
	assert_non_null(strstr(diag.text, "--zstd"));
	options = (struct sink_options){.path = "/dev/null", .is_resume = true};
	assert_int_equal(sink_open(&options, &diag, &sink), -EINVAL);
	assert_null(sink);
}

static void test_intact_prefix_of_frames(void **state)
{
	(void)state;
	struct zstd_stream *stream;
	assert_int_equal(zstd_stream_create(3, 1000, &stream), 0);
	uint8_t buf[4096];
	zstd_stream_make_skippable_header(buf, 3);
	memcpy(buf + 8, "abc", 3);
	size_t ends[4] = {0, 11}, len = 11;
	for (int i = 2; i < 4; i++) {
		assert_int_equal(zstd_stream_add(stream, "some words and some words\n", 26), 0);
		const uint8_t *frame;
		size_t n;
		assert_int_equal(zstd_stream_end(stream, &frame, &n), 0);
		memcpy(buf + len, frame, n);
		ends[i] = len += n;
		assert_int_equal(zstd_stream_end(stream, &frame, &n), 0);
		assert_int_equal(n, 0);
	}
	for (size_t cut = 0; cut <= len; cut++) {
		size_t want = 0;
		for (int i = 0; i < 4; i++)
			want = ends[i] <= cut ? ends[i] : want;
		assert_int_equal(zstd_stream_find_intact(buf, cut), want);
	}
	zstd_stream_destroy(stream);
	assert_int_equal(zstd_stream_create(20, 1000, &stream), -EINVAL);
}

static void test_in_a_hurry_later_frames_are_larger_and_read_back_alike(void **state)
{
	(void)state;
	enum { N = 20000 };
	char line[64];
	uint64_t written[3] = {0};
	struct sink *sink = open_sink(path, true, false);
	begin(sink, NULL);
	for (int part = 0; part < 3; part++) {
		uint64_t before = sink_get_written(sink);
		sink_set_hurry(sink, part == 1);
		for (int i = 0; i < N; i++) {
			int n = snprintf(line, sizeof(line), "{\"i\":%d,\"x\":\"%u\"}\n", i,
			    (unsigned)i * 2654435761U);
			assert_int_equal(sink_write(sink, line, (size_t)n, 0, &diag), 0);
			/* The flag is for frames: within one it changes nothing. */
			if (i == N / 2)
				sink_set_hurry(sink, part == 0);
		}
		assert_int_equal(sink_flush(sink, false, &diag), 0);
		written[part] = sink_get_written(sink) - before;
	}
	sink_close(sink);
	assert_int_equal(written[0], written[2]);
	assert_true(written[1] > written[0]);
	char command[400];
	snprintf(
	    command, sizeof(command), "test $(zstd -dcq '%s' | sort -u | wc -l) = %d", path, N);
	assert_int_equal(system(command), 0);
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/out", dir);
	if (system("command -v zstd >/dev/null") != 0) {
		puts("SKIP: no zstd (package zstd)");
		rmdir(dir);
		return 77;
	}
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_plain_and_zstd_read_back_whole),
	    cmocka_unit_test(test_nothing_is_kept_back_longer_than_the_delay),
	    cmocka_unit_test(test_frames_end_at_the_size_limit),
	    cmocka_unit_test(test_preamble_is_skipped_by_readers),
	    cmocka_unit_test(test_old_output_stays_until_the_new_one_begins),
	    cmocka_unit_test(test_resume_goes_on_after_the_last_whole_record),
	    cmocka_unit_test(test_resume_refuses_what_is_no_output),
	    cmocka_unit_test(test_after_a_failed_write_whole_records_remain),
	    cmocka_unit_test(test_dev_full_and_closed_pipe_are_clear_errors),
	    cmocka_unit_test(test_a_full_nonblocking_pipe_is_waited_for),
	    cmocka_unit_test(test_directories_and_bad_levels_are_refused),
	    cmocka_unit_test(test_intact_prefix_of_frames),
	    cmocka_unit_test(test_in_a_hurry_later_frames_are_larger_and_read_back_alike),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
