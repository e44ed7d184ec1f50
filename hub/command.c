/* The modules below say only which of a few kinds of failure it was; what a
 * person can do about it is known here, where the home and the command are. */
#include "hub/command.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/owner.h"

#define DEFAULT_HOME "/var/lib/valija-hub"

enum {
	HOLDER_BYTES = 128,
	SHOWN_BYTES = 128,
	LIST_BYTES = 512,
	PROGRESS_MS = 1000,
	RULE_BYTES = 512
};

const char *
command_home(const char *option)
{
	const char *home = getenv("VALIJA_HUB_HOME");

	if (option)
		return option;
	return home && *home ? home : DEFAULT_HOME;
}

/* What is mapped and not there any more (the file was cut short, or its disk cannot be
 * read) ends a process that reads it with a signal. */
static void
mind_broken_file(const char *home)
{
	char shown[SHOWN_BYTES], text[SHOWN_BYTES + RULE_BYTES];

	snprintf(text, sizeof(text),
	         _("valija-hub: %s/store/data.mdb is damaged, or was cut short; "
	           "'valija-hub verify' says more\n"),
	         cli_safe(home, strlen(home), shown, sizeof(shown)));
	apart_last_words(text, EX_IOERR);
}

static int
cannot_open(const char *home, status st)
{
	int code = cli_exit(st);

	switch ((int) st) {
	case ST_NOT_FOUND:
		return cli_fail(code,
		                _("there is no hub in %s; 'valija-hub init' makes one, --home or "
		                  "VALIJA_HUB_HOME names another folder"),
		                home);
	case ST_VERSION:
		return cli_fail(
			code, _("%s was written by a newer valija-hub; install that version here"),
			home);
	case ST_DENIED:
		if (disk_read_only(home))
			return cli_fail(code,
			                _("%s is on a disk that can only be read now; Valija "
			                  "needs to write there"),
			                home);
		return cli_fail(
			code,
			_("no right to read %s; give this command as the user who runs the hub"),
			home);
	case ST_MALFORMED:
	case ST_IO:
		return cli_fail(EX_IOERR,
		                _("%s/store/data.mdb is damaged, or was cut short; "
		                  "'valija-hub verify' says more"),
		                home);
	default:
		return cli_fail(code, _("cannot open the hub in %s: %s"), home,
		                gettext(status_text(st)));
	}
}

int
command_open_any(const char *home_option, hub **ret_hub)
{
	const char *home = command_home(home_option);
	status st;

	if (sodium_init() < 0)
		return cli_fail(EX_SOFTWARE, _("libsodium does not work here"));
	st = owner_become(home);
	mind_broken_file(home);
	if (st == ST_OK)
		st = hub_open(home, ret_hub);
	return st == ST_OK ? EX_OK : cannot_open(home, st);
}

/* Not folded anew here: a hub of the other version may be serving it. */
int
command_open(const char *home_option, hub **ret_hub)
{
	int code = command_open_any(home_option, ret_hub);
	char shown[SHOWN_BYTES];
	const char *home;
	bool renewed = true;
	status st;

	if (code != EX_OK)
		return code;
	st = hub_is_renewed(*ret_hub, &renewed);
	if (st < 0)
		return command_failed(*ret_hub, st);
	home = hub_home(*ret_hub);
	if (!renewed)
		return cli_fail(
			EX_CONFIG,
			_("the ledger of %s is of another version of valija-hub; start the "
		          "hub with this one, which makes it anew: 'valija-hub run', or its "
		          "service"),
			cli_safe(home, strlen(home), shown, sizeof(shown)));
	return EX_OK;
}

int
command_failed(hub *h, status st)
{
	int code = cli_exit(st);
	char holder[HOLDER_BYTES];

	switch ((int) st) {
	case ST_BUSY:
		kv_holder(hub_store(h), holder, sizeof(holder));
		if (*holder == '\0')
			return cli_fail(code, _("another process is writing to %s; try again"),
			                hub_home(h));
		return cli_fail(code, _("%s is writing to %s; try again"), holder, hub_home(h));
	case ST_FULL:
		return cli_fail(code, _("no space left for %s; nothing was stored"), hub_home(h));
	case ST_MALFORMED:
	case ST_CHAIN:
		return cli_fail(code,
		                _("what is stored in %s is damaged; 'valija-hub verify' says what, "
		                  "and who has it still"),
		                hub_home(h));
	case ST_IO:
		return cli_fail(
			code,
			_("%s/store/data.mdb cannot be read or written; 'valija-hub verify' "
		          "says whether it is damaged"),
			hub_home(h));
	default: return cli_fail(code, "%s: %s", hub_home(h), gettext(status_text(st)));
	}
}

int
command_record_failed(hub *h, status st)
{
	if (st == ST_DENIED)
		return cli_fail(EX_NOPERM,
		                _("no right to read %s/sign.key; give this command as the user "
		                  "who runs the hub"),
		                hub_home(h));
	return command_failed(h, st);
}

/* To standard error, so that what is asked for can still go into a file. */
static void
show_progress(void *ctx, uint64_t done, uint64_t total)
{
	int64_t *shown_ms = ctx, now_ms = clock_mono_ms();

	if (now_ms - *shown_ms < PROGRESS_MS)
		return;
	*shown_ms = now_ms;
	fprintf(stderr, _("counting again: %llu of %llu\n"), (unsigned long long) done,
	        (unsigned long long) total);
}

/* A log of a service would fill with lines that nobody is waiting for. */
void
command_watch(hub *h)
{
	static int64_t shown_ms;

	shown_ms = clock_mono_ms();
	if (isatty(STDERR_FILENO))
		hub_watch(h, show_progress, &shown_ms);
}

void
command_quarter(struct argp_state *state, const char *option, const char *value,
                uint64_t *ret_quarter)
{
	char shown[SHOWN_BYTES];

	if (quarter_parse(value, strlen(value), ret_quarter) == ST_OK)
		return;
	cli_safe(value, strlen(value), shown, sizeof(shown));
	if (option)
		argp_error(state, _("--%s: '%s' is no quarter; one is written as 2025-Q4"), option,
		           shown);
	else
		argp_error(state, _("'%s' is no quarter; one is written as 2025-Q4"), shown);
}

/* All words are named only when none is near: who mistyped one does not want to
 * read the others. */
void
command_wrong_word(struct argp_state *state, const char *option, const char *value,
                   const char *const *known, size_t count)
{
	const char *nearest = cli_nearest(value, known, count);
	char shown[SHOWN_BYTES], list[LIST_BYTES] = "";
	size_t used = 0;

	cli_safe(value, strlen(value), shown, sizeof(shown));
	if (nearest) {
		argp_error(state, _("--%s: there is no '%s'; did you mean '%s'?"), option, shown,
		           nearest);
		return;
	}
	for (size_t i = 0; i < count && used < sizeof(list); i++)
		used += (size_t) snprintf(list + used, sizeof(list) - used, "%s%s",
		                          i > 0 ? ", " : "", known[i]);
	argp_error(state, _("--%s: there is no '%s'; known are %s"), option, shown, list);
}

/* After a wrong word nothing is returned: argp_error() exits. */
event_status
command_status(struct argp_state *state, const char *value)
{
	const char *names[EVENT_STATUSES_];
	event_status found = STATUS_DONE;

	for (int i = 0; i < EVENT_STATUSES_; i++)
		names[i] = event_status_name((event_status) i);
	if (!event_status_of(text_of(value), &found))
		command_wrong_word(state, "status", value, names, EVENT_STATUSES_);
	return found;
}
