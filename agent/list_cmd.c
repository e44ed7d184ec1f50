/* All versions are listed, not only those that count: what was sent once stays
 * visible, and the last column says what became of it. */
#include <stdio.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/own_entry.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/table.h"

struct args {
	const char *home;
	bool json, pending;
};

enum { KEY_HOME = 0x200, KEY_JSON, KEY_PENDING, CELL_BYTES = 320 };

static const struct argp_option options[] = {
	{ "pending", KEY_PENDING, NULL, 0, N_("only what the hub has not confirmed yet"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_JSON: a->json = true; return 0;
	case KEY_PENDING: a->pending = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = N_("List the entries of this device, in the order in which they were recorded.")
	       "\v"
	       N_("With --json: device, entries [{seq, ref, hash, state (pending, confirmed, "
	          "held), reason, conflict, replaced_by, void, kind, unit, indicator, "
	          "initiatives, date, until, quantity, mode, place, country, status, counts, "
	          "groups, note, evidences, by, at, why, fixes}]; what an entry does not have is "
	          "left out."),
};

/* ---- the table ---- */

enum column { COL_NUMBER, COL_DATE, COL_UNIT, COL_FOR, COL_QUANTITY, COL_MODE, COL_PLACE,
	      COL_STATUS, COL_SENT, COL_VERSION, COLUMNS_ };

struct row {
	char text[COLUMNS_][CELL_BYTES];
};

static table *
new_table(void)
{
	const struct table_column columns[COLUMNS_] = {
		[COL_NUMBER] = { _("NO"), .right = true },
		[COL_DATE] = { _("DATE"), .right = false },
		[COL_UNIT] = { _("UNIT"), .right = false },
		[COL_FOR] = { _("FOR"), .cut = true },
		[COL_QUANTITY] = { _("QUANTITY"), .right = true },
		[COL_MODE] = { _("MODE"), .cut = true },
		[COL_PLACE] = { _("PLACE"), .cut = true },
		[COL_STATUS] = { _("STATUS"), .right = false },
		[COL_SENT] = { _("SENT"), .right = false },
		[COL_VERSION] = { _("VERSION"), .cut = true },
	};

	return table_new(columns, COLUMNS_);
}

static void
put_text(char cell[static CELL_BYTES], struct text t)
{
	cli_safe(t.at, t.len, cell, CELL_BYTES);
}

/* The indicator and the initiatives. */
static void
put_for(char cell[static CELL_BYTES], const struct event *e)
{
	int used = snprintf(cell, CELL_BYTES, "%.*s", (int) e->indicator.len,
	                    e->indicator.len > 0 ? e->indicator.at : "");

	for (size_t i = 0; i < e->initiatives.count && used < CELL_BYTES - 1; i++)
		used += snprintf(cell + used, CELL_BYTES - (size_t) used, "%s%.*s",
		                 used > 0 ? " " : "", (int) e->initiatives.list[i].len,
		                 e->initiatives.list[i].at);
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

/* An entry that cannot be decoded (of a newer program) has its number and
 * whatever could be read. */
static void
add_row(table *t, const struct own_entry *e)
{
	const struct event *event = &e->event;
	struct row row = { 0 };
	const char *cells[COLUMNS_];

	snprintf(row.text[COL_NUMBER], CELL_BYTES, "%llu", (unsigned long long) e->at.seq);
	if (event->has & EVENT_BIT(EVENT_DATE))
		date_format((date) event->date, row.text[COL_DATE]);
	put_text(row.text[COL_UNIT], event->unit);
	put_for(row.text[COL_FOR], event);
	if (event->has & EVENT_BIT(EVENT_QUANTITY))
		snprintf(row.text[COL_QUANTITY], CELL_BYTES, "%llu",
		         (unsigned long long) event->quantity);
	put_text(row.text[COL_MODE], event->mode);
	put_text(row.text[COL_PLACE], event->place);
	put_text(row.text[COL_STATUS], event->kind == KIND_ACTIVITY
	                                       ? text_of(event_status_name(event->status))
	                                       : event->kind_name);
	put_sent(row.text[COL_SENT], e);
	put_version(row.text[COL_VERSION], e);
	for (int i = 0; i < COLUMNS_; i++)
		cells[i] = row.text[i];
	table_row(t, cells);
}

/* ---- the list ---- */

/* The rows are gathered before the first is printed.  A pager may keep a pipe
 * full for hours, and a read transaction must not wait for it. */

struct listing {
	outbox *box;
	struct feed_state state;
	const struct args *args;
	table *table;  /* or */
	json_t *json;
};

static status
list_entries(struct listing *l)
{
	uint64_t first = l->args->pending ? l->state.confirmed + 1 : 1;
	struct own_entry e;

	for (uint64_t seq = first; seq <= l->state.tip.seq; seq++) {
		status st = own_entry_read(l->box, &l->state, seq, &e);

		if (st < 0)
			return st;
		if (l->json)
			json_array_append_new(l->json, own_entry_json(l->box, &e));
		else
			add_row(l->table, &e);
	}
	return ST_OK;
}

static status
print_json(const struct listing *l)
{
	char device[DEVICE_TEXT_BYTES];

	device_text(outbox_device(l->box)->feed, device);
	return json_print(json_pack("{s:s, s:O}", "device", device, "entries", l->json));
}

static status
list_all(struct listing *l)
{
	status st = feed_state_read(l->box, &l->state);

	if (st < 0)
		return st;
	if (l->args->json)
		l->json = json_array();
	else
		l->table = new_table();
	st = list_entries(l);
	if (st == ST_OK)
		st = l->json ? print_json(l) : table_print(&l->table);
	table_free(&l->table);
	json_decref(l->json);
	feed_state_done(&l->state);
	return st;
}

int
list_command(int argc, char **argv)
{
	struct args args = { .home = NULL };
	struct listing l = { .args = &args };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &args);
	code = command_open(args.home, &l.box);
	if (code != EX_OK)
		return code;
	st = list_all(&l);
	if (st < 0)
		code = command_failed(l.box, st);
	outbox_close(&l.box);
	return code;
}
