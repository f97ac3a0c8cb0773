/* fuzz_sig_parse: a signature file from a stranger, compiled alone (the shipped ones would cost a
 * thousand times its own time); its vectors are run. What is refused is refused in one line that names
 * the place. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "sig/check.h"
#include "sig/model.h"
#include "tests/fuzz/fuzz.h"

static void check_report(void *arg, const char *text)
{
	(void)arg;
	assert(strncmp(text, "f.sig:", 6) == 0 && !strchr(text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct diag diag = {""};
	struct sig_protocol *protocol = NULL;
	struct sig_check_result result;
	struct sig_set *set = calloc(1, sizeof(*set));
	if (!set)
		abort();
	int err =
	    sig_parse(set, "f.sig", bytes ? (const char *)bytes : "", len, "a@b", &diag, &protocol);
	if (err == 0) {
		sig_set_link(set, protocol);
		err = sig_compile(set, &diag);
	}
	if (err < 0)
		check_report(NULL, diag.text);
	else if (sig_check_vectors(set, NULL, check_report, NULL, &result) < 0)
		abort();
	sig_set_destroy(set);
	return 0;
}
