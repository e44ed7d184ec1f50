#include "agent/reading.h"

#include "common/cli.h"
#include "protocol/msgid.h"

/* Above those of the commands that have these options too. */
enum { KEY_HOME = 0x300, KEY_JSON };

static const struct argp_option options[] = {
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct reading *r = state->input;

	switch (key) {
	case KEY_HOME: r->home = arg; return 0;
	case KEY_JSON: r->json = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

const struct argp reading_argp = { .options = options, .parser = parse };

void
reading_parse(struct reading *r, const char *doc, int argc, char **argv)
{
	struct argp argp = reading_argp;

	argp.doc = doc;
	cli_parse(&argp, argc, argv, r);
}
