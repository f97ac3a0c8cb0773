/* scan: the command. Main thread. */
#include "scan.h"

#include <errno.h>

#include "cmd/cmd.h"

int cmd_scan(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct scan *scan = NULL;
	(void)operands; /* the same strings as config->targets */
	int err = scan_open(config, diag, &scan);
	if (err)
		return err == -EINVAL ? CMD_EXIT_USAGE : CMD_EXIT_FAILED;
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
