#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/socket.h"
#include "common/log.h"
#include "hub/command.h"
#include "hub/link/commands.h"
#include "hub/link/intake.h"

enum { ENDPOINT_MODE = 0644 };

struct args {
	const char *home, *bind;
};

struct keys {
	struct curve_key curve;
	uint8_t sign[SIGN_SECRET_BYTES];
};

enum { KEY_HOME = 0x200, KEY_BIND };

static const struct argp_option options[] = {
	{ "bind", KEY_BIND, N_("ENDPOINT"), 0, N_("where to listen (default: as given to init)"),
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
	case KEY_BIND:
		if (!endpoint_valid(arg, strlen(arg), ENDPOINT_BIND))
			argp_error(state, _("--bind: an endpoint is written tcp://ADDRESS:PORT"));
		a->bind = arg;
		return 0;
	case KEY_HOME:
		a->home = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, _("this command takes no '%s'"), arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("Serve the devices: take in what they send, store and acknowledge it, "
	          "until SIGTERM or SIGINT."),
};

/* ---- what is needed ---- */

static int
load_keys(hub *h, struct keys *keys)
{
	char path[PATH_MAX];
	status st = hub_secret(h, keys->sign);

	if (st < 0)
		return cli_fail(cli_exit(st), _("%s/sign.key: cannot be read: %s"), hub_home(h),
		                gettext(status_text(st)));
	st = path_join(path, sizeof(path), hub_home(h), "curve.key");
	if (st == ST_OK)
		st = curve_key_load(path, &keys->curve);
	if (st < 0)
		return cli_fail(st == ST_MALFORMED ? EX_CONFIG : cli_exit(st),
		                _("%s: cannot be read: %s"), path, gettext(status_text(st)));
	return EX_OK;
}

/* The line that init wrote; *ret_bind is to be freed. */
static int
load_bind(const hub *h, char **ret_bind)
{
	char path[PATH_MAX];
	uint8_t *text = NULL;
	size_t len = 0;
	status st = path_join(path, sizeof(path), hub_home(h), "bind");

	if (st == ST_OK)
		st = file_read(path, ENDPOINT_BYTES_MAX + 1, &text, &len);
	if (st < 0)
		return cli_fail(cli_exit(st), _("%s: cannot be read: %s; --bind names an endpoint"),
		                path, gettext(status_text(st)));
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = 0;
	*ret_bind = (char *) text;
	return endpoint_valid(*ret_bind, len, ENDPOINT_BIND)
		? EX_OK
		: cli_fail(EX_CONFIG, _("%s: an endpoint is written tcp://ADDRESS:PORT"), path);
}

/* A connection is a descriptor. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_line(LEVEL_WARNING, "HUB-LIMIT", _("the limit of open files stays low: %s"),
		         strerror(errno));
}

/* ---- serving ---- */

static int
not_open(status st)
{
	if (st == ST_DENIED)
		return cli_fail(EX_CONFIG,
		                _("a key that nobody knows was let in at the test before "
		                  "listening; this libzmq cannot be used"));
	if (st == ST_TIMEOUT)
		return cli_fail(EX_TEMPFAIL,
		                _("the test that unknown keys are kept out did not end; not "
		                  "listening"));
	return cli_fail(cli_exit(st), _("the sockets cannot be set up: %s"),
	                gettext(status_text(st)));
}

static int
not_listening(const char *endpoint, status st)
{
	if (st == ST_EXISTS)
		return cli_fail(EX_UNAVAILABLE, _("%s: the port is in use by another program"),
		                endpoint);
	if (st == ST_DENIED)
		return cli_fail(EX_NOPERM, _("%s: no right to listen there"), endpoint);
	if (st == ST_INVALID)
		return cli_fail(EX_CONFIG, _("%s: this machine has no such address"), endpoint);
	return cli_fail(EX_UNAVAILABLE, _("%s: cannot listen: %s"), endpoint,
	                gettext(status_text(st)));
}

static void
announce(const hub *h, const char *path, const char *endpoint)
{
	char line[ENDPOINT_TEXT_BYTES + 1];
	status st;

	snprintf(line, sizeof(line), "%s\n", endpoint);
	st = file_write(path, line, strlen(line), ENDPOINT_MODE);
	if (st < 0)
		log_fail(st, "HUB-ENDPOINT", _("%s cannot be written, ignoring"), path);
	printf("listening on %s\n", endpoint); /* for scripts: the same in every language */
	fflush(stdout);
	log_line(LEVEL_NOTICE, "HUB-READY", _("serving %s on %s"), hub_home(h), endpoint);
	daemon_notify("READY=1");
}

static int
listen_and_run(hub *h, intake *in, const char *bind, int signal_fd)
{
	char endpoint[ENDPOINT_TEXT_BYTES], path[PATH_MAX];
	status st = path_join(path, sizeof(path), hub_home(h), "endpoint");

	if (st < 0)
		return command_failed(h, st);
	st = intake_listen(in, bind, endpoint);
	if (st < 0)
		return not_listening(bind, st);
	announce(h, path, endpoint);
	st = intake_run(in, signal_fd);
	daemon_notify("STOPPING=1");
	unlink(path);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

static int
serve(hub *h, const char *bind, int signal_fd)
{
	struct keys keys;
	intake *in = NULL;
	int code = load_keys(h, &keys);

	if (code == EX_OK) {
		status st = intake_open(h, &keys.curve, keys.sign, &in);

		code = st == ST_OK ? listen_and_run(h, in, bind, signal_fd) : not_open(st);
	}
	intake_close(&in);
	sodium_memzero(&keys, sizeof(keys));
	return code;
}

static int
lock_and_serve(hub *h, const struct args *a, int signal_fd)
{
	int lock_fd = -1, holder = 0, code = EX_OK;
	char *bind = NULL;
	status st = daemon_lock(hub_home(h), &lock_fd, &holder);

	if (st == ST_BUSY)
		return cli_fail(EX_TEMPFAIL, _("%s: process %d serves this home already"),
		                hub_home(h), holder);
	if (st < 0)
		return cli_fail(cli_exit(st), _("%s: run.lock cannot be made: %s"), hub_home(h),
		                gettext(status_text(st)));
	if (!a->bind)
		code = load_bind(h, &bind);
	if (code == EX_OK)
		code = serve(h, a->bind ? a->bind : bind, signal_fd);
	free(bind);
	close(lock_fd);
	return code;
}

int
run_command(int argc, char **argv)
{
	struct args a = { 0 };
	hub *h = NULL;
	int signal_fd, code;

	cli_parse(&argp, argc, argv, &a);
	log_init("valija-hub");
	code = command_open(a.home, &h);
	if (code != EX_OK)
		return code;
	raise_descriptor_limit();
	signal_fd = daemon_signals();
	if (signal_fd < 0) {
		code = cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	} else {
		code = lock_and_serve(h, &a, signal_fd);
		close(signal_fd);
	}
	hub_close(&h);
	return code;
}
