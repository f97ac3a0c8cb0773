/* fuzz_options: a config file from a stranger. What is accepted must read back the same when it is
 * printed; what is refused must say why in one line. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "tests/fuzz/fuzz.h"

static const struct option_command scan = {"scan", OPTION_CMD_SCAN, "", 0, -1, ""};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct scan_config config;
	struct scan_config again;
	struct diag diag = {""};
	if (config_init(&config, &diag) < 0 || config_init(&again, &diag) < 0)
		abort();
	int err = options_parse_file_text(&scan, "f", (const char *)bytes, len, &config, &diag);
	if (err < 0) {
		assert(diag.text[0] && !strchr(diag.text, '\n'));
	} else {
		char *text = config_dump_text(&config, OPTION_CMD_SCAN);
		assert(text);
		err = options_parse_file_text(&scan, "g", text, strlen(text), &again, &diag);
		assert(err == 0);
		char *text_again = config_dump_text(&again, OPTION_CMD_SCAN);
		assert(text_again && strcmp(text, text_again) == 0);
		free(text_again);
		free(text);
	}
	config_fini(&config);
	config_fini(&again);
	return 0;
}
