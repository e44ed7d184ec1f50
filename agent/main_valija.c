#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "agent/commands.h"
#include "common/cli.h"
#include "common/i18n.h"

static const struct cli_command commands[] = {
	{ "record", N_("record one activity, or the level of an indicator"), record_command, NULL },
	{ "thing", N_("record that a thing came in or went out"), thing_command, NULL },
	{ "progress", N_("record how far an initiative, commitment or risk is"), progress_command,
	  NULL },
	{ "budget", N_("record the money of a project"), budget_command, NULL },
	{ "close", N_("declare that a quarter is complete"), close_command, NULL },
	{ "import", N_("record the rows of a CSV file"), import_command, NULL },
	{ "correct", N_("replace an entry by a right one"), correct_command, NULL },
	{ "void", N_("take an entry out"), void_command, NULL },
	{ "settle", N_("end a conflict of several versions"), settle_command, NULL },
	{ "return", N_("hand an entry back to its unit with a remark (office)"), return_command,
	  NULL },
	{ "publish", N_("publish a plan, a cut or a lock (office)"), publish_command, NULL },
	{ "list", N_("list the entries of this device"), list_command, NULL },
	{ "show", N_("show one entry and its versions"), show_command, NULL },
	{ "status", N_("say what is recorded, confirmed and held"), status_command, NULL },
	{ "verify", N_("read all that is stored here, and say whether it is damaged"),
	  verify_command, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct cli_fact environment[] = {
	{ "VALIJA_HOME", N_("home of the device, where --home is not given") },
	{ NULL, NULL },
};

static const struct cli_fact files[] = {
	{ "/var/lib/valija", N_("home of the device; who records is in the group valija") },
	{ "/usr/share/valija/import.map",
	  N_("how columns and words of a CSV file are understood") },
	{ NULL, NULL },
};

/* What people type who look for a command of each kind. */
static bool
lead(int *argc, char ***argv, int *ret_code)
{
	if (*argc < 2 || strcmp((*argv)[1], "level") != 0)
		return false;
	*ret_code = cli_fail(EX_USAGE,
	                     _("there is no command 'level': 'valija record --level' "
	                       "records one"));
	return true;
}

static const struct cli_program program = {
	.name = "valija",
	.about = N_("Record what a consulate or embassy did, with or without a network."),
	.commands = commands,
	.lead = lead,
	.section = "1",
	.more = N_(
		"When a command has printed the reference of an entry, the entry survives a killed "
		"process and a power cut; valija-agent carries it to the hub when there is a "
		"link. Nothing is edited or deleted: a correction replaces, and both are kept."),
	.environment = environment,
	.files = files,
	.see_also = "valija-agent(8)",
};

int
main(int argc, char **argv)
{
	/* a file that may not grow is told like a full disk, not by being killed */
	signal(SIGXFSZ, SIG_IGN);
	return cli_main(&program, argc, argv);
}
