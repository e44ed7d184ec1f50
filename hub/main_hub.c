#include "common/cli.h"
#include "common/i18n.h"
#include "hub/commands.h"
#include "hub/link/commands.h"

static const struct cli_command commands[] = {
	{ "init", N_("make a home for the hub, with keys and the first plan"), init_command },
	{ "enroll", N_("let a device in"), enroll_command },
	{ "run", N_("serve the devices, until told to stop"), run_command },
	{ "state", N_("the consolidated state of the plan"), state_command },
	{ "counts", N_("an indicator or initiative, by unit, country, period or mode"),
	  counts_command },
	{ "units", N_("who was heard of when, what is pending, what was copied"), units_command },
	{ "held", N_("entries that do not count, and why"), held_command },
	{ "events", N_("the entries"), events_command },
	{ "show", N_("one entry, with its versions and its signature"), show_command },
	{ "plan", N_("check, show or publish a plan document"), plan_command },
	{ NULL, NULL, NULL },
};

static const struct cli_program program = {
	"valija-hub",
	N_("Merges what the devices report into the consolidated state of the plan."),
	commands,
};

int
main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
