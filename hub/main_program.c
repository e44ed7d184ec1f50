#include "hub/main_program.h"

#include "common/i18n.h"
#include "hub/commands.h"
#include "hub/link/commands.h"
#include "hub/link/connect.h"
#include "hub/link/settings.h"

static const struct cli_command commands[] = {
	{ "init", N_("make a home for the hub, with keys and the first plan"), init_command, NULL },
	{ "enroll", N_("let a device in"), enroll_command, NULL },
	{ "devices", N_("who may send what, and what was taken from whom"), devices_command, NULL },
	{ "revoke", N_("take a device's rights, at once"), revoke_command, NULL },
	{ "admit", N_("let count what came of a device after it lost a right"), admit_command,
	  NULL },
	{ "confirm", N_("go on after this hub was put back to an older copy"), confirm_command,
	  NULL },
	{ "run", N_("serve the devices, until told to stop"), run_command, NULL },
	{ "state", N_("the consolidated state of the plan"), state_command, NULL },
	{ "counts", N_("an indicator or initiative, by unit, country, period or mode"),
	  counts_command, NULL },
	{ "tree", N_("the plan from its objectives down, with what was reached"), tree_command,
	  NULL },
	{ "groups", N_("people of differential actors over all indicators"), groups_command, NULL },
	{ "pace", N_("what the goals need a month, and where the present pace leads"), pace_command,
	  NULL },
	{ "units", N_("who was heard of when, what is pending, what was copied"), units_command,
	  NULL },
	{ "held", N_("entries that do not count, and why"), held_command, NULL },
	{ "events", N_("the entries"), events_command, NULL },
	{ "calendar", N_("what is planned when, and what came of it"), calendar_command, NULL },
	{ "duplicates", N_("entries that may have been recorded twice"), duplicates_command, NULL },
	{ "completeness", N_("which units have closed a quarter, and of which nobody can know"),
	  completeness_command, NULL },
	{ "show", N_("one entry, with its versions and its signature"), show_command, NULL },
	{ "return", N_("send an entry back to its unit, with a remark"), return_command, NULL },
	{ "settle", N_("end a conflict between versions of an entry"), settle_command, NULL },
	{ "cut", N_("freeze what is here now as an edition with a name"), cut_command, NULL },
	{ "cuts", N_("the editions, and whether they can be computed again"), cuts_command, NULL },
	{ "diff", N_("what changed since an edition, entry by entry"), diff_command, NULL },
	{ "lock", N_("lock a quarter: what comes later needs a reason"), lock_command, NULL },
	{ "locks", N_("the quarters that are locked"), locks_command, NULL },
	{ "draft", N_("write a cut or a lock for an office device to publish"), NULL,
	  draft_commands },
	{ "plan", N_("check, show or publish a plan document"), NULL, plan_commands },
	{ "backup", N_("copy the whole hub, also while it runs"), backup_command, NULL },
	{ "verify", N_("read all that is stored, and name what is damaged"), verify_command, NULL },
	{ "rebuild", N_("make the index and the ledger anew from the journal"), rebuild_command,
	  NULL },
	{ "snapshot", N_("keep the ledger as it is now, for quick answers about the past"),
	  snapshot_command, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct cli_fact options[] = {
	{ "--connect ENDPOINT",
	  N_("before a command that reads: ask the hub that answers there "
	     "(ipc:///run/valija-hub/socket, tcp://HOST:PORT)") },
	{ "--home DIR", N_("behind --connect: the home with the reader's keys") },
	{ NULL, NULL },
};

static const struct cli_fact environment[] = {
	{ "VALIJA_HUB_HOME", N_("home of the hub, where --home is not given") },
	{ "VALIJA_HUB_CONNECT",
	  N_("asked by the commands that read, where neither --connect nor --home is given") },
	{ NULL, NULL },
};

static const struct cli_fact files[] = {
	{ "/etc/valija/hub.conf", N_("settings of the service; valija-hub.conf(5)") },
	{ "/var/lib/valija-hub", N_("home of the hub") },
	{ "HOME/store",
	  N_("all that came and what follows from it; written by this program alone") },
	{ "HOME/snapshots",
	  N_("the ledger as it was now and then, for questions about the past; may be deleted") },
	{ "HOME/hub.pub", N_("the public keys, to hand out to everybody who sets up a device") },
	{ "/run/valija-hub/socket",
	  N_("where the service is asked from this machine; without it HOME/query/socket") },
	{ "HOME/sign.key, HOME/curve.key", N_("the secret keys: keep a copy in a safe place") },
	{ NULL, NULL },
};

const struct cli_program hub_program = {
	.name = "valija-hub",
	.about = N_("Merges what the devices report into the consolidated state of the plan."),
	.commands = commands,
	.options = options,
	.lead = connect_lead,
	.section = "8",
	.more = N_("A hub takes in the entries that devices at embassies, missions and consulates "
	           "have recorded and signed, counts each of them once, whatever the order, the "
	           "repeats and the restores, and answers questions about the strategic plan. The "
	           "commands that ask work beside a running hub and without one. Given as root, a "
	           "command acts as the owner of the home."),
	.environment = environment,
	.files = files,
	.see_also = "valija-hub.conf(5), valija(1), valija-agent(8)",
	.settings = settings_manual,
	.settings_path = "/etc/valija/hub.conf",
};
