/* standalone: gives the files named on the command line (folders: all files in them; without
 * arguments $srcdir/tests/fuzz/corpus/NAME for fuzz_NAME) to a fuzz target, one by one, each flush against a page that cannot be touched, so that a read of one byte
 * too many is a crash in any build. Prints how many it gave; none is a failure. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

static size_t n_inputs;

/* Prints what failed and ends: a corpus that cannot be read proves nothing. */
static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void give_file(const char *path)
{
	FILE *f = fopen(path, "rbe");
	if (!f)
		die(path);
	uint8_t *bytes = malloc(INPUT_MAX);
	if (!bytes)
		die("malloc");
	size_t len = fread(bytes, 1, INPUT_MAX, f);
	if (ferror(f))
		die(path);
	fclose(f);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t n_pages = (len + page - 1) / page + 1;
	uint8_t *map =
	    mmap(NULL, n_pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		die("mmap");
	uint8_t *guard = map + (n_pages - 1) * page;
	if (mprotect(guard, page, PROT_NONE) != 0)
		die("mprotect");
	memcpy(guard - len, bytes, len);
	free(bytes);
	LLVMFuzzerTestOneInput(guard - len, len);
	n_inputs++;
	munmap(map, n_pages * page);
}

static void give_folder(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		die(path);
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		char name[4096];
		struct stat st;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (stat(name, &st) == 0 && S_ISREG(st.st_mode))
			give_file(name);
	}
	closedir(dir);
}

/* The corpus of the program called fuzz_NAME. */
static void give_own_corpus(const char *program)
{
	char path[4096];
	const char *slash = strrchr(program, '/');
	const char *name = strstr(slash ? slash : program, "fuzz_");
	const char *srcdir = getenv("srcdir");
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
	    name ? name + strlen("fuzz_") : "");
	give_folder(path);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		give_own_corpus(argv[0]);
	for (int i = 1; i < argc; i++) {
		struct stat st;
		if (stat(argv[i], &st) != 0)
			die(argv[i]);
		if (S_ISDIR(st.st_mode))
			give_folder(argv[i]);
		else
			give_file(argv[i]);
	}
	printf("%zu inputs\n", n_inputs);
	return n_inputs > 0 ? 0 : 1;
}
