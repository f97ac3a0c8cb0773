#ifndef CMD_RESUME_H
#define CMD_RESUME_H

#include "base/diag.h"
#include "checkpoint.h"
#include "config.h"

/* Are config the options and operands of the checkpoint, as far as they decide what is probed? Returns 0;
 * -ESTALE with diag saying what was and what is; -EINVAL or -ENOMEM when its options cannot be read. path
 * is for messages. Main thread. */
int cmd_check_resume(const struct checkpoint *checkpoint, const char *path,
    const struct scan_config *config, struct diag *diag) __attribute__((warn_unused_result));

#endif
