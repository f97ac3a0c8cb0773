#ifndef CMD_SPEC_H
#define CMD_SPEC_H

#include "config.h"
#include "targets/targets.h"

/* The target part of what the user chose, for targets_create(). Borrows config's strings. config->seed
 * is copied as it is: a command that wants a random one draws it first. */
void cmd_make_targets_spec(const struct scan_config *config, struct targets_spec *out);

#endif
