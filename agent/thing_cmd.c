#include <sysexits.h>

#include "agent/commands.h"
#include "agent/recording.h"
#include "common/cli.h"
#include "common/i18n.h"

int
thing_command(int argc, char **argv)
{
	static const char *const words[] = { "way", "thing", NULL };
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_THING)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.parser = recording_parse,
		.children = children,
		.args_doc = N_("in|out KEY"),
		.doc = N_("Record that a thing which an indicator counts (a mission, a crossing, a "
		          "project, a network) is there from a day on, or is no more, and print the REF "
		          "once it is safe on disk.")
		       "\v"
		       N_("KEY is a code that all who tell of the thing use; it counts once, however "
		          "many do.  Example:\n"
		          "  valija thing in emb-nairobi --indicator IND-2 --date 2025-03-01 --name "
		          "'Embajada en Nairobi'"),
	};
	/* clang-format on */
	struct recording r = { .kind = KIND_THING, .words = words };

	cli_parse(&argp, argc, argv, &r);
	return recording_run(&r);
}
