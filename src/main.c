/* main: which command, which options, and the exit status; wiring only. Prints what a command's diag
 * says, once. */
#include <stdio.h>

#include "autoconfig.h"
#include "base/diag.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "options.h"

/* Calls the command's entry point in src/cmd. */
static int run(
    const struct option_command *command, const struct scan_config *config, struct diag *diag)
{
#define CMD(name, command_bit, ...)                                                                \
	if (command->bit == OPTION_CMD_##command_bit)                                              \
		return cmd_##name(config, config->targets, diag);
#include "cmd/commands.def"
#undef CMD
	(void)config;
	diag_set(diag, 0, "%s: not in this build", command->name);
	return CMD_EXIT_FAILED;
}

static int answer(
    enum option_request request, const struct option_command *command, struct diag *diag)
{
	switch (request) {
	case OPTION_HELP:
		options_print_help(command, stdout);
		break;
	case OPTION_VERSION:
		printf("synspect %s\n", PACKAGE_VERSION);
		break;
	case OPTION_DUMP_MAN:
		options_print_man(command, stdout);
		break;
	case OPTION_DUMP_COMPLETION:
		options_print_completion(stdout);
		break;
	case OPTION_DUMP_JSON:
		options_print_json(stdout);
		break;
	case OPTION_RUN:
		break;
	}
	if (fflush(stdout) != 0) {
		diag_set(diag, 0, "cannot write to standard output");
		return CMD_EXIT_FAILED;
	}
	return CMD_EXIT_COMPLETE;
}

static void choose_log_level(const struct scan_config *config)
{
	if (config->quiet)
		log_set_level(LOG_ERROR);
	else if (config->verbose > 0)
		log_set_level(config->verbose > 1 ? LOG_DEBUG : LOG_INFO);
}

int main(int argc, char **argv)
{
	const struct option_command *command = NULL;
	enum option_request request = OPTION_RUN;
	struct scan_config config = {0};
	struct diag diag = {""};
	int n_skip = 1;
	int status = CMD_EXIT_USAGE;
	if (config_init(&config, &diag) == 0 &&
	    options_find_command(argc, argv, &command, &n_skip, &diag) == 0 &&
	    options_parse(command, argc > n_skip ? argc - n_skip : 0, argv + n_skip, &config,
		&request, &diag) == 0) {
		choose_log_level(&config);
		status = request == OPTION_RUN ? run(command, &config, &diag)
					       : answer(request, command, &diag);
	}
	if (diag.text[0])
		log_error("%s", diag.text);
	config_fini(&config);
	return status;
}
