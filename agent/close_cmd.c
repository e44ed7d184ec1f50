#include <sysexits.h>

#include "agent/attest.h"
#include "agent/commands.h"
#include "agent/recording.h"
#include "common/cli.h"
#include "common/i18n.h"

int
close_command(int argc, char **argv)
{
	static const char *const words[] = { "quarter", NULL };
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_CLOSE)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.parser = recording_parse,
		.children = children,
		.args_doc = N_("QUARTER"),
		.doc = N_("Declare that the unit has recorded all of a quarter, and print the REF once "
		          "it is safe on disk.")
		       "\v"
		       N_("--zero: there was nothing, though there could have been; --nothing-to-do: "
		          "there was nothing to do.  More may be recorded of a closed quarter; "
		          "'valija correct' then declares it complete anew.  Example:\n"
		          "  valija close 2025-Q4 --zero IND-3"),
	};
	/* clang-format on */
	struct recording r = { .kind = KIND_CLOSE, .words = words, .announce = attest_announce };

	cli_parse(&argp, argc, argv, &r);
	return recording_run(&r);
}
