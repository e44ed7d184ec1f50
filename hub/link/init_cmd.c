#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/curve_key.h"
#include "common/link/socket.h"
#include "common/new_home.h"
#include "hub/command.h"
#include "hub/link/commands.h"
#include "hub/plan_cmd.h"

enum { HOME_MODE = 0700, BIND_MODE = 0600, SHOWN_BYTES = 200 };

struct args {
	const char *home, *bind, *plan, *keys;
};

enum { KEY_HOME = 0x200, KEY_BIND, KEY_KEYS, KEY_PLAN };

static const struct argp_option options[] = {
	{ "bind", KEY_BIND, N_("ENDPOINT"), 0,
	  N_("where to listen, e.g. tcp://*:5555 (port *: any free one)"), 0 },
	{ "plan", KEY_PLAN, N_("FILE"), 0, N_("the plan document that is in force at first"), 0 },
	{ "keys", KEY_KEYS, N_("DIR"), 0,
	  N_("take sign.key and curve.key from that folder: those that were kept of a hub that is "
	     "lost"),
	  0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_BIND: a->bind = arg; return 0;
	case KEY_PLAN: a->plan = arg; return 0;
	case KEY_KEYS: a->keys = arg; return 0;
	case KEY_HOME: a->home = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (!a->bind || !a->plan)
			argp_error(state, _("--bind and --plan are needed"));
		else if (!endpoint_valid(a->bind, strlen(a->bind), ENDPOINT_BIND))
			argp_error(state, _("--bind: an endpoint is written tcp://ADDRESS:PORT"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("Make a home for the hub, with fresh keys and the first plan."),
};

struct document {
	plan *plan;
	uint8_t *json;
	size_t len;
};

/* Both pairs of the hub. */
struct keys {
	struct curve_key curve;
	uint8_t sign[SIGN_SECRET_BYTES];
};

static status
read_sign(const char *path, uint8_t ret_secret[static SIGN_SECRET_BYTES])
{
	uint8_t seed[crypto_sign_SEEDBYTES], public[FEED_BYTES], again[SIGN_SECRET_BYTES];
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = file_read(path, SIGN_SECRET_BYTES, &bytes, &len);

	if (st < 0)
		return st;
	if (len != SIGN_SECRET_BYTES)
		st = ST_MALFORMED;
	if (st == ST_OK) {
		/* its second half is made from the first: else some other file has that name */
		crypto_sign_ed25519_sk_to_seed(seed, bytes);
		crypto_sign_seed_keypair(public, again, seed);
		st = memcmp(again, bytes, SIGN_SECRET_BYTES) == 0 ? ST_OK : ST_MALFORMED;
	}
	if (st == ST_OK)
		memcpy(ret_secret, bytes, SIGN_SECRET_BYTES);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(again, sizeof(again));
	sodium_memzero(bytes, len);
	free(bytes);
	return st;
}

static int
cannot_read(const char *path, status st)
{
	char shown[SHOWN_BYTES];

	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (st == ST_MALFORMED || st == ST_LIMIT)
		return cli_fail(EX_DATAERR, _("%s: this is not such a key of a hub"), shown);
	return cli_fail(cli_exit(st), _("%s: cannot be read: %s"), shown, gettext(status_text(st)));
}

static int
read_keys(const char *dir, struct keys *ret_keys)
{
	char sign[PATH_MAX], curve[PATH_MAX];
	status st = path_join(sign, sizeof(sign), dir, "sign.key");

	if (st == ST_OK)
		st = path_join(curve, sizeof(curve), dir, "curve.key");
	if (st < 0)
		return cannot_read(dir, st);
	st = read_sign(sign, ret_keys->sign);
	if (st < 0)
		return cannot_read(sign, st);
	st = curve_key_load(curve, &ret_keys->curve);
	return st == ST_OK ? EX_OK : cannot_read(curve, st);
}

static int
make_keys(const struct args *a, struct keys *ret_keys)
{
	uint8_t public[FEED_BYTES];

	if (a->keys)
		return read_keys(a->keys, ret_keys);
	if (crypto_sign_keypair(public, ret_keys->sign) == 0 &&
	    curve_key_make(&ret_keys->curve) == ST_OK)
		return EX_OK;
	return cli_fail(EX_SOFTWARE, _("keys cannot be made here"));
}

static status
fill_home(const char *dir, const struct args *a, const struct document *d, const struct keys *keys)
{
	char path[PATH_MAX], line[ENDPOINT_BYTES_MAX + 2];
	status st = hub_create(dir, keys->curve.public_key, keys->sign, d->json, d->len,
	                       clock_wall_ms());

	if (st == ST_OK)
		st = path_join(path, sizeof(path), dir, "curve.key");
	if (st == ST_OK)
		st = curve_key_save(path, &keys->curve);
	if (st == ST_OK)
		st = path_join(path, sizeof(path), dir, "bind");
	if (st < 0)
		return st;
	snprintf(line, sizeof(line), "%s\n", a->bind);
	return file_create(path, line, strlen(line), BIND_MODE);
}

static void
tell(const char *home, const plan *p)
{
	printf(_("Home of the hub: %s\n"), home);
	printf(_("Plan in force: %s, version %u\n\n"), plan_code(p), (unsigned) plan_version(p));
	puts(_("Copy these two files to a safe place that only you can read; with them a lost hub\n"
	       "can be made again, and the devices refill it:"));
	printf("  %s/sign.key\n", home);
	printf("  %s/curve.key\n", home);
	puts(_("\nWhat to do now:"));
	printf(_("  1. Hand out this file to everybody who sets up a device: %s/hub.pub\n"), home);
	puts(_("  2. Enrol each device with the request that it made, after comparing its "
	       "fingerprint:\n"
	       "       valija-hub enroll REQUEST --fingerprint XXXX-XXXX-XXXX-XXXX\n"
	       "  3. Start the hub:\n"
	       "       valija-hub run"));
}

static int
make_home(const char *home, const struct args *a, const struct document *d)
{
	struct keys keys;
	new_home *n = NULL;
	int code = make_keys(a, &keys);
	status st;

	if (code != EX_OK)
		return code;
	st = new_home_begin(home, HOME_MODE, &n);
	if (st == ST_OK)
		st = fill_home(new_home_dir(n), a, d, &keys);
	if (st == ST_OK)
		st = new_home_finish(n, "store");
	new_home_free(&n);
	sodium_memzero(&keys, sizeof(keys));
	return st == ST_OK ? EX_OK : new_home_failed(home, st);
}

int
init_command(int argc, char **argv)
{
	char shown[SHOWN_BYTES];
	struct args a = { 0 };
	struct document d = { 0 };
	const char *home;
	int code;

	cli_parse(&argp, argc, argv, &a);
	if (sodium_init() < 0)
		return cli_fail(EX_SOFTWARE, _("libsodium does not work here"));
	code = plan_open_file(a.plan, &d.plan, &d.json, &d.len);
	if (code != EX_OK)
		return code;
	home = command_home(a.home);
	code = make_home(home, &a, &d);
	if (code == EX_OK)
		tell(cli_safe(home, strlen(home), shown, sizeof(shown)), d.plan);
	plan_free(&d.plan);
	free(d.json);
	return code;
}
