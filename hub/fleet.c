#include "hub/fleet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/bogota.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/probes.h"
#include "hub/rows.h"
#include "protocol/message.h"

enum {
	SOON_S = 5, /* a clock that is so little off is not worth a word */
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
	DAY_MS = DAY_S * 1000,
	STUCK_MS = 2 * DAY_MS,
	DISK_LOW_BYTES = 64 << 20, /* so much a device wants to have free */
};

/* An entry that waits so long although the device is in contact does not wait for a
 * link. */
bool
fleet_is_stuck(const struct fleet_facts *f, int64_t now_ms)
{
	return f->heard_of && f->contact.pending > 0 && f->oldest_ms > STUCK_MS &&
		now_ms - f->contact.last_ms < STUCK_MS;
}

static status
read_held(kv_txn *txn, const uint8_t *feed, uint64_t *ret_held)
{
	struct kv_walk walk;
	status st;

	*ret_held = 0;
	for (bool more = kv_seek(txn, TABLE_HELD, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && walk.key.len == EVENT_ID_BYTES && memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_next(&walk))
		(*ret_held)++;
	st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static status
read_probe(kv_txn *txn, const uint8_t *feed, struct fleet_facts *f)
{
	struct point list[STANDING_PROBES_MAX];
	size_t count;
	status st = probes_of(txn, feed, list, &count);

	f->probed = st == ST_OK && count > 0;
	if (f->probed)
		f->probe = list[count - 1];
	return st;
}

/* Of the lane that came last. */
static status
read_forks(kv_txn *txn, const uint8_t *feed, struct fleet_facts *f)
{
	size_t forks;
	status st = journal_forks(txn, feed, f->forks, FLEET_FORKS_SHOWN, &forks);

	for (size_t i = 0; i < forks && i < FLEET_FORKS_SHOWN && st == ST_OK; i++) {
		int64_t since_ms;

		st = journal_lane_since(txn, feed, f->forks[i], &since_ms);
		if (st == ST_OK && since_ms > f->parted_ms)
			f->parted_ms = since_ms;
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	return st;
}

status
fleet_read(kv_txn *txn, const uint8_t *feed, struct fleet_facts *f)
{
	struct point leaves[LANES_MAX];
	int64_t now_ms = clock_wall_ms();
	status st = contacts_get(txn, feed, &f->contact);

	*f = (struct fleet_facts) { .heard_of = st == ST_OK && f->contact.last_ms != 0,
		                    .contact = f->contact };
	if (st == ST_NOT_FOUND)
		f->contact = (struct contact) { .last_ms = 0 };
	if (f->heard_of && f->contact.oldest_ms > 0)
		f->oldest_ms = f->contact.oldest_ms +
			(now_ms > f->contact.last_ms ? (uint64_t) (now_ms - f->contact.last_ms)
		                                     : 0);
	if (st == ST_OK || st == ST_NOT_FOUND)
		st = journal_leaves(txn, feed, leaves, LANES_MAX, &f->lanes);
	if (st == ST_OK && f->lanes > 0)
		/* they ascend by number */
		f->stored = leaves[(f->lanes < LANES_MAX ? f->lanes : LANES_MAX) - 1].seq;
	/* with more lanes than one that is what there is to say; and what it has still to send
	 * may be another one */
	if (f->heard_of && f->lanes == 1 && f->contact.pending == 0 &&
	    f->contact.tip.seq < f->stored)
		f->behind = f->stored - f->contact.tip.seq;
	if (st == ST_OK && f->lanes > 1)
		st = read_forks(txn, feed, f);
	if (st == ST_OK)
		st = journal_gaps(txn, feed, f->gap_list, FLEET_GAPS_SHOWN, &f->gaps);
	if (st == ST_OK)
		st = read_held(txn, feed, &f->held);
	return st == ST_OK ? read_probe(txn, feed, f) : st;
}

/* "17, 40", without what is there twice.  There is a fork for each lane but the first. */
void
fleet_forks_text(const struct fleet_facts *f, const char *between,
                 char out[static FLEET_FORKS_BYTES])
{
	size_t count = f->lanes - 1, used = 0;

	*out = '\0';
	for (size_t i = 0; i < count && i < FLEET_FORKS_SHOWN; i++) {
		if (i > 0 && f->forks[i] == f->forks[i - 1])
			continue;
		used += (size_t) snprintf(out + used, FLEET_FORKS_BYTES - used, "%s%llu",
		                          i > 0 ? between : "", (unsigned long long) f->forks[i]);
	}
}

void
fleet_gaps_text(const struct fleet_facts *f, const char *between, char out[static FLEET_GAPS_BYTES])
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; i < f->gaps && i < FLEET_GAPS_SHOWN; i++)
		used += (size_t) snprintf(out + used, FLEET_GAPS_BYTES - used, "%s%llu",
		                          i > 0 ? between : "",
		                          (unsigned long long) f->gap_list[i].seq);
}

static void add_note(char note[static FLEET_NOTE_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Behind what stands there; what has no room is left out. */
static void
add_note(char note[static FLEET_NOTE_BYTES], const char *format, ...)
{
	size_t used = strlen(note);
	va_list args;

	if (used > 0 && used < FLEET_NOTE_BYTES - 3) {
		memcpy(note + used, "; ", 3);
		used += 2;
	}
	va_start(args, format);
	vsnprintf(note + used, FLEET_NOTE_BYTES - used, format, args);
	va_end(args);
}

/* Before it has recorded anything, when this can still be put right. */
static void
note_behind(const struct fleet_facts *f, char note[static FLEET_NOTE_BYTES])
{
	if (f->behind > 0)
		add_note(
			note,
			ngettext(
				"restored from a copy: %llu entry here is not there; 'valija-agent "
				"adopt' there fetches it",
				"restored from a copy: %llu entries here are not there; "
				"'valija-agent adopt' there fetches them",
				(unsigned long) f->behind),
			(unsigned long long) f->behind);
}

static void
note_lanes(const struct fleet_facts *f, char note[static FLEET_NOTE_BYTES])
{
	char forks[FLEET_FORKS_BYTES], since[BOGOTA_TEXT_BYTES] = "?";

	if (f->lanes <= 1)
		return;
	fleet_forks_text(f, ", ", forks);
	if (f->parted_ms != 0)
		bogota_text(f->parted_ms, since);
	/* TRANSLATORS: a lane is one unbranched run of a device's entries */
	add_note(
		note,
		_("%zu lanes: restored from a copy, or used on two machines, since %s, behind entry "
	          "%s; all entries count, each once"),
		f->lanes, since, forks);
}

/* What lies at or below its floor the device cannot bring. */
static void
note_gaps(const struct fleet_facts *f, char note[static FLEET_NOTE_BYTES])
{
	char gaps[FLEET_GAPS_BYTES];

	if (f->gaps == 0)
		return;
	fleet_gaps_text(f, ", ", gaps);
	if (f->heard_of && f->gap_list[0].seq <= f->contact.floor)
		add_note(
			note,
			_("entries are missing here, up to number %s: the device has given up "
		          "those up to %llu; they come from a backup of the hub, or from a copy of "
		          "the device's home"),
			gaps, (unsigned long long) f->contact.floor);
	else
		add_note(
			note,
			_("entries are missing here, up to number %s: they come with the device's next "
		          "sync, else from a copy of its home or a backup of the hub"),
			gaps);
}

/* A code of protocol/SPEC.md in words; of a newer program, the code itself. */
static const char *
refusal_text(const char *code)
{
	static const char *const texts[REFUSALS_] = {
		[REFUSAL_VERSION] = N_("it speaks another version of the protocol"),
		[REFUSAL_ENROLMENT] = N_("not enrolled, or revoked"),
		[REFUSAL_FEED] = N_("entries or keys that are not its own"),
		[REFUSAL_MALFORMED] = N_("what it sent cannot be read"),
		[REFUSAL_ORDER] = N_("a message that was not expected"),
		[REFUSAL_SIZE] = N_("a message over a limit"),
		[REFUSAL_SEAL] = N_("a signature that is not its own"),
		[REFUSAL_CHAIN] = N_("entries that form no chain"),
		[REFUSAL_LIMIT] = N_("copied or restored too often"),
		[REFUSAL_CREDIT] = N_("more was sent than was allowed"),
		[REFUSAL_BUSY] = N_("the hub could not store it"),
	};
	refusal r;

	return refusal_of_name(text_of(code), &r) ? gettext(texts[r]) : code;
}

static void
note_refused(const struct contact *c, char out[static FLEET_NOTE_BYTES])
{
	char when[BOGOTA_TEXT_BYTES];

	bogota_text(c->refused_ms, when);
	add_note(out,
	         ngettext("refused %llu time, last on %s: %s", "refused %llu times, last on %s: %s",
	                  c->refused),
	         (unsigned long long) c->refused, when, refusal_text(c->refused_with));
}

/* What one should do something about, the worst first. */
void
fleet_note(const struct fleet_facts *f, char out[static FLEET_NOTE_BYTES])
{
	const struct contact *c = &f->contact;

	*out = '\0';
	if (fleet_is_stuck(f, clock_wall_ms()))
		add_note(out, _("stuck: in contact, but an entry waits there for %llu days"),
		         (unsigned long long) (f->oldest_ms / DAY_MS));
	if (f->heard_of && c->has_facts && c->disk_bytes < DISK_LOW_BYTES)
		add_note(out, _("only %llu MiB free on its disk"),
		         (unsigned long long) (c->disk_bytes >> 20));
	if (f->held > 0)
		add_note(out, ngettext("%llu entry held", "%llu entries held", f->held),
		         (unsigned long long) f->held);
	if (c->refused > 0)
		note_refused(c, out);
	note_gaps(f, out);
	note_behind(f, out);
	note_lanes(f, out);
}

/* Rounded down to one unit of time: whether it is 3 hours (a wrong zone) or 3 years
 * (a dead battery) is what one wants to know. */
void
fleet_skew_text(int64_t skew_ms, char out[static FLEET_SKEW_BYTES])
{
	long long s = (skew_ms < 0 ? -skew_ms : skew_ms) / 1000;
	char sign = skew_ms < 0 ? '-' : '+';

	if (s <= SOON_S)
		snprintf(out, FLEET_SKEW_BYTES, "%s", _("on time"));
	else if (s < 120)
		snprintf(out, FLEET_SKEW_BYTES, _("%c%lld s"), sign, s);
	else if (s < 2 * HOUR_S)
		snprintf(out, FLEET_SKEW_BYTES, _("%c%lld min"), sign, s / 60);
	else if (s < 2 * DAY_S)
		snprintf(out, FLEET_SKEW_BYTES, _("%c%lld h"), sign, s / HOUR_S);
	else
		snprintf(out, FLEET_SKEW_BYTES, _("%c%lld days"), sign, s / DAY_S);
}
