/* scan: the command. Main thread. */
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/resume.h"
#include "cmd/spec.h"
#include "options.h"

/* The seed is the checkpoint's; and where the position was kept it is kept on. */
static int prepare_resume(struct scan_config *config, struct checkpoint *resume, struct diag *diag)
{
	const char *path = config->resume_file;
	int err = checkpoint_read(path, resume, diag);
	if (err)
		return err;
	if (!config->has_seed) {
		config->seed = resume->seed;
		config->has_seed = true;
	}
	if (!config->checkpoint_file)
		config->checkpoint_file = config->resume_file;
	return cmd_check_resume(resume, path, config, diag);
}

/* A new scan must not wipe out what an unfinished one has kept. */
static int protect_checkpoint(const struct scan_config *config, struct diag *diag)
{
	const char *path = config->checkpoint_file;
	struct checkpoint old;
	struct diag why;
	if (!path || config->resume_file || access(path, F_OK) != 0)
		return 0;
	int err = checkpoint_read(path, &old, &why);
	if (err)
		return diag_set(diag, -EINVAL,
		    "--checkpoint: %s: is there already: remove it, or name another", why.text);
	if (!old.is_complete)
		err = diag_set(diag, -EINVAL,
		    "--checkpoint %s: holds an unfinished scan: go on with --resume %s, or remove it",
		    path, path);
	checkpoint_fini(&old);
	return err;
}

/* The options as the checkpoint keeps them: where it lies itself is for the next one to say. */
static char *dump_for_checkpoint(const struct scan_config *config)
{
	struct scan_config copy = *config;
	copy.checkpoint_file = NULL;
	copy.resume_file = NULL;
	return config_dump_text(&copy, OPTION_CMD_SCAN);
}

static int run(const struct scan_config *config, const struct checkpoint *resume, struct diag *diag)
{
	struct scan *scan = NULL;
	struct targets_spec spec;
	cmd_make_targets_spec(config, &spec);
	char *json = config_dump_json(config, OPTION_CMD_SCAN);
	char *text = dump_for_checkpoint(config);
	int err = text ? scan_open(config, &spec, json, text, resume, diag, &scan)
		       : diag_set(diag, -ENOMEM, "out of memory");
	int status = err == -EINVAL ? CMD_EXIT_USAGE : CMD_EXIT_FAILED;
	if (!err && config->dry_run) {
		scan_print_plan(scan);
		status = CMD_EXIT_COMPLETE;
	} else if (!err) {
		status = scan_exit_status(scan, scan_run(scan, diag));
	}
	scan_close(scan);
	free(json);
	free(text);
	return status;
}

int cmd_scan(const struct scan_config *config, struct strlist operands, struct diag *diag)
{
	struct scan_config effective = *config;
	struct checkpoint resume = {0};
	(void)operands; /* the same strings as config->targets */
	int err = protect_checkpoint(config, diag);
	if (!err && config->resume_file)
		err = prepare_resume(&effective, &resume, diag);
	if (err) {
		checkpoint_fini(&resume);
		return err == -ENOMEM ? CMD_EXIT_FAILED : CMD_EXIT_USAGE;
	}
	/* With the seed that was drawn: the metadata repeat this very scan. */
	if (!effective.has_seed)
		hash_random(&effective.seed, sizeof(effective.seed));
	effective.has_seed = true;
	int status = CMD_EXIT_COMPLETE;
	if (resume.is_complete)
		log_warn("%s: this scan is complete: nothing is left to do", config->resume_file);
	else
		status = run(&effective, config->resume_file ? &resume : NULL, diag);
	checkpoint_fini(&resume);
	return status;
}
