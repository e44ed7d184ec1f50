/* A program of its own, so that recording needs neither ZeroMQ nor a network. */
#include "agent/link/commands.h"
#include "agent/link/settings.h"
#include "common/cli.h"
#include "common/i18n.h"

static const struct cli_command commands[] = {
	{ "init", N_("make a home for this device, and its request to be enrolled"), init_command,
	  NULL },
	{ "sync", N_("carry what is recorded to the hub, then end"), sync_command, NULL },
	{ "adopt", N_("fetch from the hub what this copy of the home has not"), adopt_command,
	  NULL },
	{ "probe", N_("see whether what is recorded here is counted there"), probe_command, NULL },
	{ "run", N_("carry what is recorded to the hub, until told to stop"), run_command, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct cli_fact environment[] = {
	{ "VALIJA_HOME", N_("home of the device, where --home is not given") },
	{ NULL, NULL },
};

static const struct cli_fact files[] = {
	{ "/etc/valija/agent.conf", N_("settings of the service; valija-agent.conf(5)") },
	{ "/var/lib/valija", N_("home of the device") },
	{ "HOME/outbox", N_("all that was recorded here") },
	{ "HOME/feed.key, HOME/curve.key", N_("the secret keys of the device") },
	{ NULL, NULL },
};

static const struct cli_program program = {
	.name = "valija-agent",
	.about = N_("Carries the entries that valija records to the hub."),
	.commands = commands,
	.domain = "valija",
	.section = "8",
	.more = N_(
		"It makes a device, and carries what is recorded on it to the hub over any link, "
		"once or as a service; a link that fails is tried again for as long as it takes. "
		"Given as root, a command acts as the owner of the home."),
	.environment = environment,
	.files = files,
	.see_also = "valija-agent.conf(5), valija(1), valija-hub(8)",
	.settings = settings_manual,
	.settings_path = "/etc/valija/agent.conf",
};

int
main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
