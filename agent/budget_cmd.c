#include <sysexits.h>

#include "agent/commands.h"
#include "agent/recording.h"
#include "common/cli.h"
#include "common/i18n.h"

int
budget_command(int argc, char **argv)
{
	static const char *const words[] = { "project", NULL };
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_BUDGET)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.parser = recording_parse,
		.children = children,
		.args_doc = "BPIN",
		.doc = N_("Record the money of an investment project, from the beginning of the year to "
		          "the end of a quarter, and print the REF once it is safe on disk.")
		       "\v"
		       N_("Amounts are whole pesos: 1234567 or 1.234.567; all four are given, 0 where "
		          "there is none.  What does not add up (more obligated than committed) is "
		          "recorded and stays marked.  Example:\n"
		          "  valija budget 202300000000088 --quarter 2025-Q3 --appropriated "
		          "5.000.000.000 --committed 3.200.000.000 --obligated 2.100.000.000 --paid "
		          "2.000.000.000"),
	};
	/* clang-format on */
	struct recording r = { .kind = KIND_BUDGET, .words = words };

	cli_parse(&argp, argc, argv, &r);
	return recording_run(&r);
}
