#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/socket.h"
#include "common/log.h"
#include "common/reload.h"
#include "hub/command.h"
#include "hub/link/commands.h"
#include "hub/link/settings.h"

enum { ENDPOINT_MODE = 0644, QUERY_MODE = 0750, COUNTING_MS = 5000 };

struct keys {
	struct curve_key curve;
	uint8_t sign[SIGN_SECRET_BYTES];
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = state->input; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- what is needed ---- */

static int
load_keys(hub *h, struct keys *keys)
{
	char path[PATH_MAX];
	status st = hub_secret(h, keys->sign);

	if (st < 0)
		return cli_fail(cli_exit(st), _("%s/sign.key: cannot be read: %s"), hub_home(h),
		                gettext(status_text(st)));
	st = secret_path(path, sizeof(path), hub_home(h), "curve.key");
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

/* ---- questions ---- */

/* Where processes of this machine find the socket: the folder that the service manager
 * made for that, else one in the home. */
static status
query_socket(const hub *h, char out[static PATH_MAX])
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");
	char folder[PATH_MAX];
	status st;

	if (runtime && *runtime == '/' && !strchr(runtime, ':'))
		return path_join(out, PATH_MAX, runtime, "socket");
	st = path_join(folder, sizeof(folder), hub_home(h), "query");
	if (st < 0)
		return st;
	if ((mkdir(folder, QUERY_MODE) != 0 && errno != EEXIST) || chmod(folder, QUERY_MODE) != 0)
		return from_errno(errno);
	return path_join(out, PATH_MAX, folder, "socket");
}

/* A hub that cannot be asked takes in all the same. */
static void
hear_here(const hub *h, intake *in)
{
	char path[PATH_MAX] = "";
	status st = query_socket(h, path);

	if (st == ST_OK)
		st = intake_hear_here(in, path);
	if (st < 0)
		log_fail(st, "HUB-QUERY", _("no questions of this machine at %s, ignoring"), path);
	else
		log_line(LEVEL_NOTICE, "HUB-QUERY", _("questions of this machine at ipc://%s"),
		         path);
}

static int
hear(const hub *h, intake *in, const char *bind)
{
	char endpoint[ENDPOINT_TEXT_BYTES], line[ENDPOINT_TEXT_BYTES + 1], path[PATH_MAX];
	status st;

	hear_here(h, in);
	if (!bind)
		return EX_OK;
	st = intake_hear(in, bind, endpoint);
	if (st < 0)
		return not_listening(bind, st);
	snprintf(line, sizeof(line), "%s\n", endpoint);
	st = path_join(path, sizeof(path), hub_home(h), "query-endpoint");
	if (st == ST_OK)
		st = file_write(path, line, strlen(line), ENDPOINT_MODE);
	if (st < 0)
		log_fail(st, "HUB-ENDPOINT", _("%s cannot be written, ignoring"), path);
	log_line(LEVEL_NOTICE, "HUB-QUERY", _("questions of readers at %s"), endpoint);
	return EX_OK;
}

static void
end_hearing(const hub *h)
{
	char path[PATH_MAX];

	if (path_join(path, sizeof(path), hub_home(h), "query-endpoint") == ST_OK)
		unlink(path);
}

/* ---- the configuration once more ---- */

struct service {
	struct config *config;
	intake *in;
};

static void
reload(void *ctx)
{
	struct service *s = ctx;

	if (reload_config(s->config) == ST_OK) {
		const struct intake_settings settings = settings_of_intake(s->config);

		intake_set(s->in, &settings);
	}
	daemon_notify("READY=1");
}

/* ---- from the first step to the last ---- */

static int
listen_and_run(hub *h, struct service *s, const char *bind, int signal_fd)
{
	char endpoint[ENDPOINT_TEXT_BYTES], path[PATH_MAX];
	status st = path_join(path, sizeof(path), hub_home(h), "endpoint");
	int code;

	if (st < 0)
		return command_failed(h, st);
	st = intake_listen(s->in, bind, endpoint);
	if (st < 0)
		return not_listening(bind, st);
	code = hear(h, s->in, config_text(s->config, SETTING_QUERY_BIND));
	if (code != EX_OK)
		return code;
	announce(h, path, endpoint);
	st = intake_run(s->in, signal_fd, reload, s);
	daemon_notify("STOPPING=1");
	unlink(path);
	end_hearing(h);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

static int
serve(hub *h, struct config *c, const char *bind, int signal_fd)
{
	const struct intake_settings settings = settings_of_intake(c);
	const struct router_timing timing = settings_of_router(c);
	struct service s = { .config = c };
	struct keys keys;
	int code = load_keys(h, &keys);

	if (code == EX_OK) {
		status st = intake_open(h, &keys.curve, keys.sign, &settings, &timing, &s.in);

		code = st == ST_OK ? listen_and_run(h, &s, bind, signal_fd) : not_open(st);
	}
	intake_close(&s.in);
	sodium_memzero(&keys, sizeof(keys));
	return code;
}

static int
lock_and_serve(hub *h, struct config *c, int signal_fd)
{
	int lock_fd = -1, holder = 0, code = EX_OK;
	const char *given = config_text(c, SETTING_BIND);
	char *bind = NULL;
	status st = daemon_lock(hub_home(h), &lock_fd, &holder);

	if (st == ST_BUSY)
		return cli_fail(EX_TEMPFAIL, _("%s: process %d serves this home already"),
		                hub_home(h), holder);
	if (st < 0)
		return cli_fail(cli_exit(st), _("%s: run.lock cannot be made: %s"), hub_home(h),
		                gettext(status_text(st)));
	if (!given)
		code = load_bind(h, &bind);
	if (code == EX_OK)
		code = serve(h, c, given ? given : bind, signal_fd);
	free(bind);
	close(lock_fd);
	return code;
}

/* The service manager gives up on who is silent, and to count a large journal again
 * takes its time. */
static void
still_counting(void *ctx, uint64_t done, uint64_t total)
{
	int64_t *told_ms = ctx, now_ms = clock_mono_ms();

	if (now_ms - *told_ms < COUNTING_MS)
		return;
	*told_ms = now_ms;
	daemon_notify("EXTEND_TIMEOUT_USEC=60000000\nWATCHDOG=1");
	daemon_status(_("counting again: %llu of %llu"), (unsigned long long) done,
	              (unsigned long long) total);
}

/* After an upgrade all is counted again before anybody asks. */
static int
renew(hub *h)
{
	status st = hub_renew(h);

	return st == ST_OK ? EX_OK : command_failed(h, st);
}

static int
open_and_serve(struct config *c)
{
	int64_t told_ms = 0;
	hub *h = NULL;
	int code = command_open_any(config_text(c, SETTING_HOME), &h), signal_fd;

	if (code != EX_OK)
		return code;
	hub_watch(h, still_counting, &told_ms);
	code = renew(h);
	raise_descriptor_limit();
	signal_fd = daemon_signals();
	if (signal_fd < 0)
		code = cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	if (code == EX_OK)
		code = lock_and_serve(h, c, signal_fd);
	if (signal_fd >= 0)
		close(signal_fd);
	hub_close(&h);
	return code;
}

static void
parse(struct config *c, int argc, char **argv)
{
	const struct argp_child children[] = { { .argp = config_argp(c) }, { 0 } };
	const struct argp argp = {
		.parser = parse_option,
		.children = children,
		.doc = N_("Serve the devices: take in what they send, store and acknowledge it, "
		          "until SIGTERM or SIGINT. SIGHUP reads the settings again."),
	};

	cli_parse(&argp, argc, argv, c);
}

int
run_command(int argc, char **argv)
{
	struct config c;
	bool go_on = false;
	int code;

	config_init(&c, settings_rows, SETTINGS_);
	parse(&c, argc, argv);
	log_init("valija-hub");
	settings_usual(&c);
	code = config_start(&c, &go_on);
	if (code == EX_OK && go_on)
		code = open_and_serve(&c);
	config_done(&c);
	return code;
}
