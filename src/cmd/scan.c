/* scan: the command. Main thread. */
#include "scan.h"

#include <errno.h>

#include "base/hash.h"
#include "cmd/cmd.h"
#include "cmd/spec.h"

int cmd_scan(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct scan *scan = NULL;
	(void)operands; /* the same strings as config->targets */
	struct targets_spec spec;
	cmd_make_targets_spec(config, &spec);
	if (!config->has_seed)
		hash_random(&spec.seed, sizeof(spec.seed));
	int err = scan_open(config, &spec, diag, &scan);
	if (err)
		return err == -EINVAL ? CMD_EXIT_USAGE : CMD_EXIT_FAILED;
	if (config->dry_run) {
		scan_print_plan(scan);
		scan_close(scan);
		return CMD_EXIT_COMPLETE;
	}
	enum scan_end end = scan_run(scan, diag);
	bool has_loss = scan_has_loss(scan);
	scan_close(scan);
	switch (end) {
	case SCAN_FAILED:
		return CMD_EXIT_FAILED;
	case SCAN_INTERRUPTED:
		return CMD_EXIT_INTERRUPTED;
	case SCAN_COMPLETE:
	case SCAN_STOPPED:
		break;
	}
	return has_loss ? CMD_EXIT_LOSS : CMD_EXIT_COMPLETE;
}
