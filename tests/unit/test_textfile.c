/* Claims about out/textfile: replaced whole, extended at the end, and written in place where renaming
 * is not allowed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/diag.h"
#include "out/textfile.h"

static char dir[] = "/tmp/test_textfile.XXXXXX";
static char path[256];
static struct diag diag;

static void assert_contents(const char *want)
{
	char buf[256] = {0};
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	assert_string_equal(buf, want);
}

static struct textfile *open_file(void)
{
	struct textfile *file = NULL;
	assert_int_equal(textfile_open(path, &diag, &file), 0);
	return file;
}

static void replace(struct textfile *file, const char *s)
{
	if (textfile_replace(file, s, strlen(s), true, &diag) != 0)
		fail_msg("%s", diag.text);
}

static void test_replaced_as_a_whole(void **state)
{
	(void)state;
	struct textfile *file = open_file();
	assert_contents("");
	replace(file, "first, long");
	assert_contents("first, long");
	/* Who has the old text open still reads all of it. */
	int fd = open(path, O_RDONLY);
	replace(file, "second");
	assert_contents("second");
	char old[32] = {0};
	assert_int_equal(read(fd, old, sizeof(old) - 1), 11);
	assert_string_equal(old, "first, long");
	close(fd);
	textfile_close(file);
	char temporary[300];
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	assert_int_not_equal(access(temporary, F_OK), 0);
}

static void test_appended_to_what_is_there(void **state)
{
	(void)state;
	struct textfile *file = open_file();
	replace(file, "a\n");
	assert_int_equal(textfile_append(file, "b\n", 2, &diag), 0);
	assert_contents("a\nb\n");
	textfile_close(file);
	file = open_file();
	assert_int_equal(textfile_append(file, "c\n", 2, &diag), 0);
	assert_contents("a\nb\nc\n");
	textfile_close(file);
}

static void test_in_place_where_nothing_can_be_created(void **state)
{
	(void)state;
	struct textfile *file = open_file();
	replace(file, "long old text");
	/* What stands in the way of the temporary file cannot be overwritten, as after a change of user. */
	char temporary[300];
	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	assert_int_equal(mkdir(temporary, 0700), 0);
	replace(file, "short");
	assert_contents("short");
	assert_int_equal(rmdir(temporary), 0);
	replace(file, "renamed again");
	assert_contents("renamed again");
	textfile_close(file);
}

static void test_pipes_and_devices_are_written_to(void **state)
{
	(void)state;
	struct textfile *file = NULL;
	int fds[2];
	char name[64], got[16] = {0};
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	assert_int_equal(textfile_open(name, &diag, &file), 0);
	assert_int_equal(textfile_replace(file, "x\n", 2, true, &diag), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), 2);
	assert_string_equal(got, "x\n");
	textfile_close(file);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(textfile_open("/dev/full", &diag, &file), 0);
	assert_int_equal(textfile_replace(file, "x\n", 2, false, &diag), -ENOSPC);
	assert_string_equal(diag.text, "/dev/full: cannot write: No space left on device");
	assert_int_equal(textfile_append(file, "x\n", 2, &diag), -ENOSPC);
	textfile_close(file);
}

static void test_wrong_names_are_found_at_once(void **state)
{
	(void)state;
	struct textfile *file = NULL;
	assert_int_equal(textfile_open("/nonexistent/x", &diag, &file), -ENOENT);
	assert_non_null(strstr(diag.text, "/nonexistent/x"));
	assert_int_equal(textfile_open(dir, &diag, &file), -EISDIR);
	assert_null(file);
	textfile_close(NULL);
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/file", dir);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replaced_as_a_whole),
	    cmocka_unit_test(test_appended_to_what_is_there),
	    cmocka_unit_test(test_in_place_where_nothing_can_be_created),
	    cmocka_unit_test(test_pipes_and_devices_are_written_to),
	    cmocka_unit_test(test_wrong_names_are_found_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
