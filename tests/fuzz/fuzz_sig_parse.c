/* fuzz_sig_parse: a signature file from a stranger, read and compiled beside the shipped ones; its
 * vectors are run. What is refused is refused in one line that names the place. */
#include "autoconfig.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"
#include "sig/check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char path[64];
	struct diag diag = {""};
	struct sig_set *set = NULL;
	struct sig_check_result result;
	int fd = memfd_create("sig", MFD_CLOEXEC);
	if (fd < 0 || (len > 0 && write(fd, bytes, len) != (ssize_t)len))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sig_set_open(NULL, &diag, &set) < 0)
		abort();
	int err = sig_set_add_file(set, path, NULL, &diag, NULL);
	if (err == 0)
		err = sig_set_finish(set, &diag);
	if (err < 0)
		assert(diag.text[0] && !strchr(diag.text, '\n'));
	else if (sig_check_vectors(set, NULL, NULL, NULL, &result) < 0)
		abort();
	sig_set_destroy(set);
	close(fd);
	return 0;
}
