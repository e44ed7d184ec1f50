/* Errors end here in sentences.  The modules below say only which of a few kinds
 * of failure it was; what a person can do about it is known only where the home
 * and the command are. */
#include "agent/command.h"

#include <errno.h>
#include <grp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/login.h"
#include "common/owner.h"

static const char DEFAULT_HOME[] = "/var/lib/valija";

enum { SHOWN_BYTES = 256, HOLDER_BYTES = 80, RULE_BYTES = 512 };

const char *
command_home(const char *option)
{
	const char *home = option ? option : getenv("VALIJA_HOME");

	return home && *home ? home : DEFAULT_HOME;
}

/* ---- the outbox ---- */

/* For when the file is so bad that who reads it dies of it. */
static void
prepare_for_damage(const char *home)
{
	char shown[SHOWN_BYTES], text[SHOWN_BYTES + RULE_BYTES];

	snprintf(text, sizeof(text),
	         _("%s: %s/outbox/data.mdb is damaged or was cut short; 'valija verify' says from "
	           "which entry on, and what to do\n"),
	         program_invocation_short_name, cli_safe(home, strlen(home), shown, sizeof(shown)));
	apart_last_words(text, EX_DATAERR);
}

/* The usual cause is a login that is not in the group yet, so the group is what
 * an administrator needs to hear. */
static int
not_allowed(const char *home, const char *shown)
{
	const struct group *group = NULL;
	struct stat info;

	if (stat(home, &info) == 0 && (info.st_mode & S_IWGRP))
		group = getgrgid(info.st_gid);
	if (group)
		return cli_fail(EX_NOPERM,
		                _("no right to use %s: the members of the group '%s' have it"),
		                shown, group->gr_name);
	return cli_fail(EX_NOPERM, _("no right to use %s"), shown);
}

int
command_open_failed(const char *home, status st)
{
	char shown[SHOWN_BYTES];

	cli_safe(home, strlen(home), shown, sizeof(shown));
	switch ((int) st) {
	case ST_NOT_FOUND:
		return cli_fail(EX_NOINPUT,
		                _("no home of a device at %s: --home or VALIJA_HOME says where it "
		                  "is, 'valija-agent init' makes one"),
		                shown);
	case ST_DENIED:
		if (disk_read_only(home))
			return cli_fail(EX_NOPERM,
			                _("%s is on a disk that can only be read now; "
			                  "Valija needs to write there"),
			                shown);
		return not_allowed(home, shown);
	case ST_MALFORMED:
		return cli_fail(EX_DATAERR,
		                _("%s is not a home of Valija, or %s/outbox/data.mdb is damaged or "
		                  "was cut short; 'valija verify' says what to do"),
		                shown, shown);
	case ST_IO:
		return cli_fail(EX_DATAERR,
		                _("%s/outbox/data.mdb is damaged or was cut short; 'valija verify' "
		                  "says from which entry on, and what to do"),
		                shown);
	case ST_VERSION:
		return cli_fail(
			EX_CONFIG,
			_("%s was written by a newer version of Valija: update this program"),
			shown);
	default:
		return cli_fail(cli_exit(st), _("cannot open %s: %s"), shown,
		                gettext(status_text(st)));
	}
}

int
command_open(const char *home_option, outbox **ret_box)
{
	const char *home = command_home(home_option);
	status st;

	if (sodium_init() < 0)
		return cli_fail(EX_OSERR, _("cannot set up cryptography"));
	st = owner_become(home);
	prepare_for_damage(home);
	if (st == ST_OK)
		st = outbox_open(home, ret_box);
	return st == ST_OK ? EX_OK : command_open_failed(home, st);
}

/* What is recorded now ends the way back of a copy that was put in place. */
static void
warn_of_way_back(outbox *box)
{
	struct outbox_hub hub;
	struct point tip;

	if (outbox_hub(box, outbox_device(box)->hub, &hub) < 0 || hub.onward == 0 ||
	    outbox_tip(box, &tip) < 0 || !point_equal(&tip, &hub.acked))
		return;
	cli_warn(ngettext("warning: the hub holds %llu entry made after this copy of the home; "
	                  "'valija-agent adopt' fetches it, as long as nothing else is recorded "
	                  "here",
	                  "warning: the hub holds %llu entries made after this copy of the home; "
	                  "'valija-agent adopt' fetches them, as long as nothing else is recorded "
	                  "here",
	                  (unsigned long) hub.onward),
	         (unsigned long long) hub.onward);
}

int
command_open_to_record(const char *home_option, outbox **ret_box)
{
	int code = command_open(home_option, ret_box);

	if (code != EX_OK)
		return code;
	if (strcmp(outbox_device(*ret_box)->role, "reader") == 0) {
		outbox_close(ret_box);
		return cli_fail(
			EX_CONFIG,
			_("%s was made for a reader, who records nothing; 'valija-agent init "
		          "--unit' makes a home to record in"),
			command_home(home_option));
	}
	warn_of_way_back(*ret_box);
	return EX_OK;
}

int
command_office_only(outbox *box, bool force)
{
	if (force || strcmp(outbox_device(box)->role, "office") == 0)
		return EX_OK;
	return cli_fail(EX_CONFIG,
	                _("only the office says this, and %s was not made for it: the hub would "
	                  "keep it without heeding it; with --force it is recorded"),
	                outbox_home(box));
}

static int
lock_held(outbox *box)
{
	char holder[HOLDER_BYTES];

	kv_holder(outbox_store(box), holder, sizeof(holder));
	if (*holder)
		return cli_fail(EX_TEMPFAIL,
		                _("%s has been writing for more than %d seconds; nothing was "
		                  "recorded, try again later"),
		                holder, OUTBOX_WAIT_MS / 1000);
	return cli_fail(EX_TEMPFAIL,
	                _("another program has been writing for more than %d seconds; nothing "
	                  "was recorded, try again later"),
	                OUTBOX_WAIT_MS / 1000);
}

int
command_failed(outbox *box, status st)
{
	const char *home = outbox_home(box);
	char shown[SHOWN_BYTES];

	cli_safe(home, strlen(home), shown, sizeof(shown));
	if (st == ST_BUSY)
		return lock_held(box);
	if (st == ST_FULL && outbox_used_up(box))
		return cli_fail(
			EX_IOERR,
			_("%s holds as much as a device can ever record (%d GiB): nothing was "
		          "recorded, what was recorded before is safe and goes on to the hub; make "
		          "a new device in a new home with 'valija-agent init', and record there"),
			shown, (int) (OUTBOX_MAP_BYTES >> 30));
	if (st == ST_FULL)
		return cli_fail(EX_IOERR,
		                _("no room left at %s: nothing was recorded, what was recorded "
		                  "before is safe; make room (%d MiB must be free, beside what a "
		                  "long file needs) and try again"),
		                shown, OUTBOX_DISK_BYTES >> 20);
	if (st == ST_IO) /* a commit that failed may be on disk all the same */
		return cli_fail(
			EX_IOERR,
			_("%s/outbox/data.mdb cannot be read or written as it should; 'valija "
		          "verify' says whether it is damaged; before you record again, see in "
		          "'valija list' whether the entry is there"),
			shown);
	return cli_fail(cli_exit(st), _("cannot use %s: %s"), shown, gettext(status_text(st)));
}

/* ---- the plan ---- */

status
command_plan(outbox *box, kv_txn **ret_txn, plan_table **ret_plan)
{
	kv_txn *txn = NULL;
	status st = kv_read(outbox_store(box), &txn);

	*ret_txn = NULL;
	*ret_plan = NULL;
	if (st < 0)
		return st;
	*ret_plan = plan_table_open(txn, OUTBOX_PLAN);
	if (*ret_plan)
		*ret_txn = txn;
	else
		kv_abort(&txn);
	return ST_OK;
}

void
command_plan_done(kv_txn **txn_p, plan_table **plan_p)
{
	plan_table_close(plan_p);
	kv_abort(txn_p);
}

/* ---- who and when ---- */

/* By number, not by LOGNAME, which anybody can set, nor by the terminal, which a
 * scheduled job does not have. */
const char *
command_login(void)
{
	return login_name();
}

/* With the offset: the machine may have moved to another country since.  Rounded
 * down also before 1970, where a dead clock may be. */
const char *
command_time(int64_t ms, char out[static COMMAND_TIME_BYTES])
{
	time_t seconds = (time_t) (ms / 1000 - (ms % 1000 < 0));
	struct tm here;

	if (!localtime_r(&seconds, &here) ||
	    strftime(out, COMMAND_TIME_BYTES, "%F %T %z", &here) == 0)
		snprintf(out, COMMAND_TIME_BYTES, "?");
	return out;
}

/* A machine whose clock says nothing gets no warnings about the future. */
date
command_today(void)
{
	time_t now = time(NULL);
	struct tm here;
	date today = DATE_MAX;

	if (localtime_r(&now, &here))
		date_from_civil(
			(struct civil) { here.tm_year + 1900, here.tm_mon + 1, here.tm_mday },
			&today);
	return today;
}

/* ---- entries ---- */

static bool
is_word(const char *field, const char *const *words)
{
	for (; words && *words; words++) {
		if (strcmp(field, *words) == 0)
			return true;
	}
	return false;
}

/* A plain word is told as it was typed, or, when it is missing, by what it is. */
static void
tell_problem(const struct entry_problem *p, const char *const *words)
{
	char text[RULE_BYTES], subject[SHOWN_BYTES];

	if (is_word(p->field, words))
		snprintf(subject, sizeof(subject), "%s", *p->found ? p->found : p->field);
	else
		snprintf(subject, sizeof(subject), "--%s%s%s", p->field, *p->found ? " " : "",
		         p->found);
	cli_rule(p->rule, p->arg, text, sizeof(text));
	if (p->is_warning)
		cli_warn(_("warning: %s: %s"), subject, text);
	else
		cli_warn("%s: %s", subject, text);
}

void
command_problems(const struct entry_problems *problems, const char *const *words)
{
	size_t kept = sizeof(problems->list) / sizeof(problems->list[0]);
	size_t count = problems->count < kept ? problems->count : kept;
	bool by_clock_only = problems->errors > 0 && problems->count <= kept;
	bool forcible = by_clock_only;

	for (size_t i = 0; i < count; i++) {
		const struct entry_problem *p = &problems->list[i];

		tell_problem(p, words);
		forcible &= p->by_plan || p->by_clock || p->is_warning;
		by_clock_only &= p->by_clock || p->is_warning;
	}
	if (problems->count > kept)
		cli_warn(_("... and %zu more"), problems->count - kept);
	if (by_clock_only)
		cli_warn(_("nothing was recorded; with --force it is"));
	else if (forcible)
		cli_warn(_("nothing was recorded; with --force it is, and the hub keeps it without "
		           "counting it"));
	else if (problems->errors > 0)
		cli_warn(_("nothing was recorded"));
}

/* A number that long ends the loop before its last digit, and so is none. */
static bool
parse_seq(const char *text, uint64_t *ret_seq)
{
	uint64_t n = 0;

	for (; *text >= '0' && *text <= '9' && n < INT64_MAX / 10; text++)
		n = n * 10 + (uint64_t) (*text - '0');
	*ret_seq = n;
	return *text == '\0' && n > 0;
}

/* A number that is not here yet is told as such, not as another device's. */
static bool
is_ours(outbox *box, const struct ref *ref)
{
	uint8_t hash[HASH_BYTES];
	char own[DEVICE_TEXT_BYTES], hash8[9];

	device_text(outbox_device(box)->feed, own);
	if (strcmp(own, ref->device) != 0)
		return false;
	if (*ref->hash8 == '\0' || outbox_hash_at(box, ref->seq, hash) < 0)
		return true;
	hex_encode(hash, 4, hash8);
	return strcmp(hash8, ref->hash8) == 0;
}

/* Up to the tip every entry is here, or was given up. */
static int
check_recorded(outbox *box, uint64_t seq, const char *shown)
{
	struct point tip;
	uint64_t next;
	status st = outbox_tip(box, &tip);

	if (st == ST_OK && seq <= tip.seq) {
		st = outbox_next(box, seq, &next);
		if (st == ST_OK && next == seq)
			return EX_OK;
		if (st == ST_OK || st == ST_NOT_FOUND)
			return cli_fail(
				EX_DATAERR,
				_("entry %s is not kept on this machine any more: it is old, "
			          "and the hub has it; ask the office"),
				shown);
	}
	if (st < 0)
		return command_failed(box, st);
	if (tip.seq == 0)
		return cli_fail(EX_DATAERR, _("there is no entry %s: nothing is recorded here yet"),
		                shown);
	return cli_fail(EX_DATAERR, _("there is no entry %s: the last one is %llu"), shown,
	                (unsigned long long) tip.seq);
}

int
command_seq(outbox *box, const char *text, uint64_t *ret_seq)
{
	char shown[SHOWN_BYTES], own[DEVICE_TEXT_BYTES];
	struct ref ref;
	int code;

	device_text(outbox_device(box)->feed, own);
	cli_safe(text, strlen(text), shown, sizeof(shown));
	if (!parse_seq(text, &ref.seq)) {
		if (ref_parse(text, &ref) < 0)
			return cli_fail(EX_DATAERR,
			                _("'%s' names no entry: a number is wanted, or a REF as "
			                  "%s-7"),
			                shown, own);
		if (!is_ours(box, &ref))
			return cli_fail(EX_DATAERR,
			                _("%s is an entry of another device: this one is %s"),
			                shown, own);
	}
	code = check_recorded(box, ref.seq, shown);
	if (code == EX_OK)
		*ret_seq = ref.seq;
	return code;
}

int
command_tell_ref(outbox *box, uint64_t seq)
{
	const struct point at = { .seq = seq };
	char ref[REF_TEXT_BYTES];

	ref_text(outbox_device(box)->feed, &at, false, ref);
	if (puts(ref) >= 0 && fflush(stdout) == 0)
		return EX_OK;
	clearerr(stdout); /* said here, so not once more at the end */
	return cli_fail(EX_IOERR,
	                _("entry %s is stored, but its REF could not be written to standard "
	                  "output; do not record it again"),
	                ref);
}
