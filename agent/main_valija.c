#include <signal.h>

#include "agent/commands.h"
#include "common/cli.h"
#include "common/i18n.h"

static const struct cli_command commands[] = {
	{ "record", N_("record one activity"), record_command },
	{ "import", N_("record the rows of a CSV file"), import_command },
	{ "correct", N_("replace an entry of this device by a right one"), correct_command },
	{ "void", N_("take an entry of this device out"), void_command },
	{ "list", N_("list the entries of this device"), list_command },
	{ "show", N_("show one entry and its versions"), show_command },
	{ "status", N_("say what is recorded, confirmed and held"), status_command },
	{ 0 },
};

static const struct cli_program program = {
	.name = "valija",
	.about = N_("Record what a consulate or embassy did, with or without a network."),
	.commands = commands,
};

int
main(int argc, char **argv)
{
	/* a file that may not grow is told like a full disk, not by being killed */
	signal(SIGXFSZ, SIG_IGN);
	return cli_main(&program, argc, argv);
}
