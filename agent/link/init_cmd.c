#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/link/address.h"
#include "agent/link/commands.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/curve_key.h"
#include "common/link/socket.h"
#include "common/new_home.h"

enum { HOME_MODE = 02770, SECRET_MODE = 0600, PUBLIC_MODE = 0644, SHOWN_BYTES = 200 };

struct args {
	const char *home, *units, *hubs, *hub_key, *request, *role;
};

/* All that is checked before anything is made. */
struct wanted {
	const char *home;
	struct outbox_device device;
	struct hub_key hub;
};

struct secrets {
	uint8_t feed[SIGN_SECRET_BYTES];
	struct curve_key curve;
};

enum { KEY_HOME = 0x200, KEY_HUB, KEY_HUB_KEY, KEY_REQUEST, KEY_ROLE, KEY_UNIT };

static const struct argp_option options[] = {
	{ "unit", KEY_UNIT, N_("CODE[,CODE]"), 0, N_("unit that this device reports for"), 0 },
	{ "role", KEY_ROLE, N_("device|office|reader"), 0,
	  N_("what the office will enrol it as: a device needs --unit, the office may have one, a "
	     "reader only asks the hub (default: device)"),
	  0 },
	{ "hub", KEY_HUB, N_("ENDPOINT[,ENDPOINT]"), 0,
	  N_("where the hub listens, e.g. tcp://hub.example:5555"), 0 },
	{ "hub-key", KEY_HUB_KEY, N_("FILE"), 0, N_("hub.pub, as the office handed it out"), 0 },
	{ "request", KEY_REQUEST, N_("FILE"), 0,
	  N_("write the request there too (it is in the home as 'request')"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ 0 },
};

static const char DEVICE[] = "device", OFFICE[] = "office", READER[] = "reader";

static bool
is_role(const struct args *a, const char *role)
{
	return strcmp(a->role, role) == 0;
}

static const char *
role_of(struct argp_state *state, const char *word)
{
	static const char *const roles[] = { DEVICE, OFFICE, READER };
	char shown[SHOWN_BYTES];

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(word, roles[i]) == 0)
			return roles[i];
	argp_error(state, _("--role: there is no '%s'; known are device, office, reader"),
	           cli_safe(word, strlen(word), shown, sizeof(shown)));
	return DEVICE;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_UNIT: a->units = arg; return 0;
	case KEY_HUB: a->hubs = arg; return 0;
	case KEY_HUB_KEY: a->hub_key = arg; return 0;
	case KEY_REQUEST: a->request = arg; return 0;
	case KEY_ROLE: a->role = role_of(state, arg); return 0;
	case KEY_HOME: a->home = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (!a->hubs || !a->hub_key || (!a->units && is_role(a, DEVICE)))
			argp_error(state, _("--unit, --hub and --hub-key are needed"));
		else if (a->units && is_role(a, READER))
			argp_error(state, _("a reader reports for no unit"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("Make a home for this device, with fresh keys, and the request that the "
	          "office enrols."),
};

/* ---- checking ---- */

static const char *
shown(struct text t)
{
	static char out[SHOWN_BYTES];

	return cli_safe(t.at, t.len, out, sizeof(out));
}

/* Insert in ascending order. */
static int
add_unit(struct codes *units, struct text unit)
{
	size_t at = units->count;

	if (!code_valid(unit))
		return cli_fail(EX_USAGE,
		                _("--unit: '%s' is not a code (1 to %d of A-Z a-z 0-9 . -)"),
		                shown(unit), CODE_BYTES_MAX);
	if (units->count == UNITS_MAX)
		return cli_fail(EX_USAGE, _("--unit: more than %d units"), UNITS_MAX);
	while (at > 0 && text_compare(units->list[at - 1], unit) > 0)
		at--;
	if (at > 0 && text_equal(units->list[at - 1], unit))
		return cli_fail(EX_USAGE, _("--unit: '%s' stands there twice"), shown(unit));
	memmove(&units->list[at + 1], &units->list[at],
	        (units->count - at) * sizeof(units->list[0]));
	units->list[at] = unit;
	units->count++;
	return EX_OK;
}

static int
check_units(const char *given, struct wanted *w)
{
	struct text unit;
	int code = EX_OK;

	while (code == EX_OK && next_part(&given, &unit))
		code = add_unit(&w->device.units, unit);
	return code;
}

static int
check(const struct args *a, struct wanted *w)
{
	int code = a->units ? check_units(a->units, w) : EX_OK;

	if (code == EX_OK)
		code = address_check_hubs(a->hubs);
	if (code == EX_OK)
		code = address_read_key(a->hub_key, &w->hub);
	if (code == EX_OK) {
		memcpy(w->device.hubs, a->hubs, strlen(a->hubs) + 1);
		memcpy(w->device.hub, w->hub.sign, FEED_BYTES);
		memcpy(w->device.role, a->role, strlen(a->role) + 1);
	}
	if (code == EX_OK && a->request && access(a->request, F_OK) == 0)
		code = cli_fail(EX_CANTCREAT, _("%s is there already; nothing was made"),
		                shown(text_of(a->request)));
	w->home = command_home(a->home);
	return code;
}

/* ---- making ---- */

static status
create_file(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, name);

	return st == ST_OK ? file_create(path, bytes, len, mode) : st;
}

static status
make_keys(struct wanted *w, struct secrets *s)
{
	if (crypto_sign_keypair(w->device.feed, s->feed) != 0)
		return ST_IO;
	return curve_key_make(&s->curve);
}

static status
fill_home(const char *dir, const struct wanted *w, const struct secrets *s, struct bytes request)
{
	char hub_pub[HUB_KEY_TEXT_BYTES], path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, "curve.key");

	hub_key_format(&w->hub, hub_pub);
	if (st == ST_OK)
		st = curve_key_save(path, &s->curve);
	if (st == ST_OK)
		st = create_file(dir, "feed.key", s->feed, sizeof(s->feed), SECRET_MODE);
	if (st == ST_OK)
		st = create_file(dir, "hub.pub", hub_pub, strlen(hub_pub), PUBLIC_MODE);
	if (st == ST_OK)
		st = create_file(dir, "request", request.at, request.len, PUBLIC_MODE);
	return st == ST_OK ? outbox_create(dir, &w->device) : st;
}

static int
make_home(const struct wanted *w, const struct secrets *s, const char *copy, struct bytes request)
{
	new_home *n = NULL;
	status st = new_home_begin(w->home, HOME_MODE, &n);
	int code = EX_OK;

	if (st == ST_OK)
		st = fill_home(new_home_dir(n), w, s, request);
	if (st == ST_OK && copy) {
		status copied = file_create(copy, request.at, request.len, PUBLIC_MODE);

		if (copied < 0)
			code = cli_fail(EX_CANTCREAT,
			                _("%s cannot be written: %s; nothing was made"),
			                shown(text_of(copy)), gettext(status_text(copied)));
	}
	if (st == ST_OK && code == EX_OK) {
		st = new_home_finish(n, "outbox");
		if (st < 0 && copy)
			unlink(copy);
	}
	new_home_free(&n);
	return st < 0 ? new_home_failed(w->home, st) : code;
}

/* ---- telling ---- */

/* home: NULL where it is the one that is used without the option. */
static void
tell_next(const char *role, const char *home)
{
	if (strcmp(role, READER) == 0)
		puts(_("  2. Tell the office the fingerprint below by another way, such as the "
		       "telephone.\n"
		       "  3. Once the office has enrolled it with --role reader,\n"
		       "     'valija-hub --connect ENDPOINT state' asks the hub.\n"));
	else
		printf(_("  2. Tell the office the fingerprint below by another way, such as the "
		         "telephone.\n"
		         "  3. Entries can be recorded from now on. Once the office has enrolled this "
		         "device,\n"
		         "     'valija-agent sync%s%s' sends them.\n\n"),
		       home ? " --home " : "", home ? shown(text_of(home)) : "");
}

static void
tell(const struct args *a, const char *home, const char *shown_fingerprint)
{
	printf(_("Home of this device: %s\n\n"), home);
	puts(_("Copy these two files to a safe place that only you can read; they cannot be made\n"
	       "again:"));
	printf("  %s/feed.key\n", home);
	puts(_("      signs the entries; without it, what the hub does not have yet cannot be "
	       "sent"));
	printf("  %s/curve.key\n", home);
	puts(_("      opens the link to the hub"));
	puts(_("\nWhat to do now:"));
	printf(_("  1. Send this file to the office: %s%s\n"),
	       a->request ? shown(text_of(a->request)) : home, a->request ? "" : "/request");
	tell_next(a->role, a->home);
	/* for scripts: the same in every language, and the last line */
	printf("fingerprint: %s\n", shown_fingerprint);
}

static int
make(const struct args *a, struct wanted *w, struct secrets *s, writer *request)
{
	char printed[FINGERPRINT_TEXT_BYTES], home[SHOWN_BYTES];
	struct request decoded;
	int code;
	status st = make_keys(w, s);

	if (st == ST_OK)
		st = request_encode(w->device.feed, s->feed, s->curve.public_key, &w->device.units,
		                    request);
	if (st == ST_OK)
		st = request_decode(writer_bytes(request).at, writer_bytes(request).len, &decoded);
	if (st < 0)
		return cli_fail(EX_SOFTWARE, _("the keys cannot be made: %s"),
		                gettext(status_text(st)));
	code = make_home(w, s, a->request, writer_bytes(request));
	if (code != EX_OK)
		return code;
	fingerprint(&decoded, printed);
	tell(a, cli_safe(w->home, strlen(w->home), home, sizeof(home)), printed);
	return EX_OK;
}

int
init_command(int argc, char **argv)
{
	struct args a = { .role = DEVICE };
	struct wanted w = { 0 };
	struct secrets s;
	writer request;
	int code;

	cli_parse(&argp, argc, argv, &a);
	if (sodium_init() < 0)
		return cli_fail(EX_SOFTWARE, _("libsodium does not work here"));
	code = check(&a, &w);
	if (code != EX_OK)
		return code;
	writer_init(&request);
	code = make(&a, &w, &s, &request);
	writer_done(&request);
	sodium_memzero(&s, sizeof(s));
	return code;
}
