/* All versions are listed, not only those that count: what was sent once stays
 * visible, and the last column says what became of it. */
#include <stdio.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/own_entry.h"
#include "agent/reading.h"
#include "common/cli.h"
#include "common/event_text.h"
#include "common/i18n.h"
#include "common/listing.h"

struct args {
	struct reading reading;
	bool pending;
};

enum { KEY_PENDING = 0x200, CELL_BYTES = 320 };

static const struct argp_option options[] = {
	{ "pending", KEY_PENDING, NULL, 0, N_("only what the hub has not confirmed yet"), 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	(void) arg;
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->reading; return 0;
	case KEY_PENDING: a->pending = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { .argp = &reading_argp }, { 0 } };

/* clang-format off */
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = N_("List the entries of this device, in the order in which they were recorded.")
	       "\v"
	       N_("With --json: device, entries [{seq, ref, hash, state (pending, confirmed, "
	          "held), reason, conflict, elsewhere {ref, void}, remark, replaced_by, void, kind, unit, indicator, "
	          "initiatives, date, until, quantity, mode, place, country, status, counts, groups, "
	          "quarter, level, thing, way, name, commitment, risk, percent, project, "
	          "appropriated, committed, obligated, paid, doubts, zero, nothing_to_do, about, "
	          "note, evidences, by, at, why, fixes}]; what an entry does not have is left "
	          "out."),
};
/* clang-format on */

/* ---- the table ---- */

enum column {
	COL_NUMBER,
	COL_DATE,
	COL_UNIT,
	COL_FOR,
	COL_QUANTITY,
	COL_MODE,
	COL_PLACE,
	COL_STATUS,
	COL_SENT,
	COL_VERSION,
	COL_REMARK,
	COLUMNS_
};

struct row {
	char text[COLUMNS_][CELL_BYTES];
};

static const struct listing_column columns[COLUMNS_] = {
	[COL_NUMBER] = { .title = N_("NO"), .type = CELL_NUMBER },
	[COL_DATE] = { .title = N_("DATE") },
	[COL_UNIT] = { .title = N_("UNIT") },
	[COL_FOR] = { .title = N_("FOR"), .cut = true },
	[COL_QUANTITY] = { .title = N_("QUANTITY"), .type = CELL_NUMBER },
	[COL_MODE] = { .title = N_("MODE"), .cut = true },
	[COL_PLACE] = { .title = N_("PLACE"), .cut = true },
	[COL_STATUS] = { .title = N_("STATUS") },
	[COL_SENT] = { .title = N_("SENT") },
	[COL_VERSION] = { .title = N_("VERSION"), .below = true },
	[COL_REMARK] = { .title = N_("REMARK"), .below = true },
};

static void
put_text(char cell[static CELL_BYTES], struct text t)
{
	snprintf(cell, CELL_BYTES, "%.*s", (int) t.len, t.len > 0 ? t.at : "");
}

/* What follows is more important than what came before. */
static void
put_version(char cell[static CELL_BYTES], const struct own_entry *e)
{
	unsigned long long before = own_entry_replaces(e), after = e->replaced_by;

	if (after > 0 && e->is_void)
		snprintf(cell, CELL_BYTES, _("void by %llu"), after);
	else if (after > 0)
		snprintf(cell, CELL_BYTES, _("replaced by %llu"), after);
	else if (e->conflict)
		snprintf(cell, CELL_BYTES, "%s", _("in conflict with another version"));
	else if (e->other)
		own_entry_elsewhere(e, cell);
	else if (e->remark.len > 0)
		snprintf(cell, CELL_BYTES, "%s", _("returned by the office"));
	else if (before > 0 && e->event.kind == KIND_VOID)
		snprintf(cell, CELL_BYTES, _("makes %llu void"), before);
	else if (before > 0)
		snprintf(cell, CELL_BYTES, _("replaces %llu"), before);
}

static void
put_sent(char cell[static CELL_BYTES], const struct own_entry *e)
{
	if (e->held == HOLD_NONE)
		snprintf(cell, CELL_BYTES, "%s", gettext(feed_place_name(e->place)));
	else
		snprintf(cell, CELL_BYTES, "%s (%s)", gettext(feed_place_name(e->place)),
		         hold_name(e->held));
}

/* Of an activity how far it has come, else what it is. */
static void
put_status(char cell[static CELL_BYTES], const struct event *e)
{
	char kind[EVENT_SAYS_BYTES];

	event_kind_text(e, kind);
	put_text(cell, text_of(e->kind == KIND_ACTIVITY ? event_status_text(e->status) : kind));
}

/* What a person has to know of it beside all that. */
static void
put_remark(char cell[static CELL_BYTES], const struct own_entry *e)
{
	const char *doubts[EVENT_DOUBTS_MAX];

	if (event_doubts(&e->event, doubts) > 0)
		snprintf(cell, CELL_BYTES, "%s", gettext(doubts[0]));
}

/* An entry that cannot be decoded (of a newer program) has its number and
 * whatever could be read. */
static void
add_row(struct listing *l, const struct own_entry *e)
{
	const struct event *event = &e->event;
	struct row row = { 0 };
	const char *cells[COLUMNS_];

	snprintf(row.text[COL_NUMBER], CELL_BYTES, "%llu", (unsigned long long) e->at.seq);
	if (event->has & EVENT_BIT(EVENT_DATE))
		date_format((date) event->date, row.text[COL_DATE]);
	if (event->has & EVENT_BIT(EVENT_QUARTER))
		quarter_format(event->quarter, row.text[COL_DATE]);
	put_text(row.text[COL_UNIT], event->unit);
	event_codes(event, row.text[COL_FOR], CELL_BYTES);
	event_says(event, row.text[COL_QUANTITY]);
	put_text(row.text[COL_MODE], event->mode);
	put_text(row.text[COL_PLACE], event->place);
	put_status(row.text[COL_STATUS], event);
	put_sent(row.text[COL_SENT], e);
	put_version(row.text[COL_VERSION], e);
	put_remark(row.text[COL_REMARK], e);
	for (int i = 0; i < COLUMNS_; i++)
		cells[i] = row.text[i];
	listing_row(l, cells);
}

/* ---- the list ---- */

/* Rows are printed as they are read, each by a transaction of its own: a pager
 * may keep a pipe full for hours, and none may wait for it.  What is recorded
 * meanwhile comes after the tip that was asked for at first. */
static status
list_entries(outbox *box, const struct args *a, const struct feed_state *s, struct listing *l)
{
	uint64_t first = a->pending ? s->confirmed + 1 : 1;
	struct own_entry e;

	for (uint64_t seq = first; seq <= s->tip.seq && l->st == ST_OK; seq++) {
		status st = own_entry_read(box, s, seq, &e);

		if (st == ST_NOT_FOUND) { /* given up, and as a rule many behind it */
			st = outbox_next(box, seq, &seq);
			if (st == ST_OK)
				st = own_entry_read(box, s, seq, &e);
		}
		if (st == ST_NOT_FOUND || (st == ST_OK && seq > s->tip.seq))
			return ST_OK;
		if (st < 0)
			return st;
		if (a->reading.json)
			listing_object(l, own_entry_json(box, &e));
		else
			add_row(l, &e);
	}
	return ST_OK;
}

static status
list_all(outbox *box, const struct args *a)
{
	char device[DEVICE_TEXT_BYTES], beyond[FEED_BEYOND_BYTES], floor[FEED_FLOOR_BYTES];
	struct feed_state s;
	struct listing l;
	status st = feed_state_read(box, &s), ended;

	if (st < 0)
		return st;
	device_text(outbox_device(box)->feed, device);
	listing_begin(&l, a->reading.json ? FORM_JSON : FORM_TABLE, columns, COLUMNS_, "entries",
	              json_pack("{s:s}", "device", device));
	st = list_entries(box, a, &s, &l);
	ended = listing_end(&l, NULL);
	if (!a->reading.json && l.count == 0)
		puts(a->pending ? _("Nothing is pending.") : _("Nothing is recorded here yet."));
	feed_state_floor(&s, floor);
	feed_state_beyond(&s, beyond);
	if (!a->reading.json)
		printf("%s%s", a->pending ? "" : floor, beyond);
	feed_state_done(&s);
	return st == ST_OK ? ended : st;
}

int
list_command(int argc, char **argv)
{
	struct args args = { .pending = false };
	outbox *box = NULL;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &args);
	code = command_open(args.reading.home, &box);
	if (code != EX_OK)
		return code;
	st = list_all(box, &args);
	if (st < 0)
		code = command_failed(box, st);
	outbox_close(&box);
	return code;
}
