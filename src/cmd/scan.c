/* scan: the command. Main thread. */
#include "scan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "cmd/cmd.h"
#include "cmd/spec.h"
#include "options.h"

int cmd_scan(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct scan *scan = NULL;
	struct targets_spec spec;
	(void)operands; /* the same strings as config->targets */
	cmd_make_targets_spec(config, &spec);
	if (!config->has_seed)
		hash_random(&spec.seed, sizeof(spec.seed));
	/* With the seed that was drawn: the metadata repeat this very scan. */
	struct scan_config effective = *config;
	effective.seed = spec.seed;
	effective.has_seed = true;
	char *json = config_dump_json(&effective, OPTION_CMD_SCAN);
	int err = scan_open(config, &spec, json, diag, &scan);
	int status = err == -EINVAL ? CMD_EXIT_USAGE : CMD_EXIT_FAILED;
	if (!err && config->dry_run) {
		scan_print_plan(scan);
		status = CMD_EXIT_COMPLETE;
	} else if (!err) {
		status = scan_exit_status(scan, scan_run(scan, diag));
	}
	scan_close(scan);
	free(json);
	return status;
}
