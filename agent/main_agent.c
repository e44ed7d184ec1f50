/* A program of its own, so that recording needs neither ZeroMQ nor a network. */
#include "agent/link/commands.h"
#include "common/cli.h"
#include "common/i18n.h"

static const struct cli_command commands[] = {
	{ "init", N_("make a home for this device, and its request to be enrolled"), init_command },
	{ "sync", N_("carry what is recorded to the hub, then end"), sync_command },
	{ "run", N_("carry what is recorded to the hub, until told to stop"), run_command },
	{ NULL, NULL, NULL },
};

static const struct cli_program program = {
	"valija-agent",
	N_("Carries the entries that valija records to the hub."),
	commands,
};

int
main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
