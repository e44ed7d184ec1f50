#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_row.h"
#include "hub/held_reason.h"
#include "hub/journal.h"
#include "hub/listing.h"

enum { REASON_BYTES = 512, WHAT_BYTES = 512 };

static const struct listing_column columns[] = {
	{ "ref", N_("REF"), CELL_TEXT, false },
	{ "device", NULL, CELL_TEXT, false },
	{ "unit", N_("UNIT"), CELL_TEXT, false },
	{ "unit_name", N_("NAME"), CELL_TEXT, true },
	{ "date", N_("DATE"), CELL_TEXT, false },
	{ "until", NULL, CELL_TEXT, false },
	{ "kind", NULL, CELL_TEXT, false },
	{ "indicator", NULL, CELL_TEXT, false },
	{ "initiatives", NULL, CELL_LIST, false },
	{ "quantity", NULL, CELL_NUMBER, false },
	{ "mode", NULL, CELL_TEXT, false },
	{ "place", NULL, CELL_TEXT, false },
	{ "status", NULL, CELL_TEXT, false },
	{ NULL, N_("WHAT"), CELL_TEXT, false },
	{ "reason", NULL, CELL_TEXT, false },
	{ "found", NULL, CELL_TEXT, false },
	{ "nearest", NULL, CELL_TEXT, false },
	{ "text", N_("REASON"), CELL_TEXT, false },
	{ "received", NULL, CELL_TEXT, false },
};

/* "IND-1 consulado-movil" */
static const char *
what(const struct event_row *row, char out[static WHAT_BYTES])
{
	*out = '\0';
	text_append(out, WHAT_BYTES, text_of(*row->codes ? row->codes : row->kind));
	if (*row->mode) {
		text_append(out, WHAT_BYTES, text_of(" "));
		text_append(out, WHAT_BYTES, text_of(row->mode));
	}
	return out;
}

static status
print_held(const struct asking *a, struct listing *l, const struct found_event *found, hold reason)
{
	char text[REASON_BYTES], received[UTC_TEXT_BYTES], words[WHAT_BYTES];
	struct held_fault fault;
	struct event_row row;
	struct event e;
	status st;

	event_decode((struct bytes) { found->body, found->body_len }, &e);
	st = event_row_fill(a->txn, a->plan, found->feed, &found->at, &e, &row);
	if (st < 0)
		return st;
	held_fault_of(a->plan, &e, reason, &fault);
	held_fault_text(reason, &fault, text, sizeof(text));
	utc_text(found->received_ms, received);
	listing_row(l, (const char *[]) { row.ref, row.device, row.unit, row.unit_name, row.date,
	                                  row.until, row.kind, row.indicator, row.initiatives,
	                                  row.quantity, row.mode, row.place, row.status,
	                                  what(&row, words), hold_name(reason), fault.found,
	                                  fault.nearest, text, received });
	return l->st;
}

/* One row of TABLE_HELD. */
static status
look_up(const struct asking *a, struct listing *l, const struct kv_walk *walk)
{
	const uint8_t *key = walk->key.at;
	struct found_event found;
	hold reason;
	status st;

	if (walk->key.len != EVENT_ID_BYTES)
		return ST_MALFORMED;
	reason = hold_of_name((struct text) { (const char *) walk->value.at, walk->value.len });
	st = journal_find(a->txn, key, get_u64(key + FEED_BYTES), key + FEED_BYTES + 8, HASH_BYTES,
	                  &found);
	if (st == ST_NOT_FOUND)
		return ST_MALFORMED;
	return st == ST_OK ? print_held(a, l, &found, reason) : st;
}

static status
print_all(const struct asking *a)
{
	struct listing l;
	struct kv_walk walk;
	status st = ST_OK, ended;

	listing_begin(&l, a->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "held", NULL);
	for (bool more = kv_seek(a->txn, TABLE_HELD, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk))
		st = look_up(a, &l, &walk);
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	ended = listing_end(&l, NULL);
	if (!a->json && l.count == 0)
		puts(_("Nothing is held."));
	else if (!a->json)
		printf(ngettext("\n%zu entry is held: stored, and not counted\n",
		                "\n%zu entries are held: stored, and not counted\n", l.count),
		       l.count);
	return st == ST_OK ? ended : st;
}

int
held_command(int argc, char **argv)
{
	struct asking a = { .json = false };
	status st;
	int code;

	asking_parse(&a, N_("List the entries that are stored and not counted, and why."), argc,
	             argv);
	code = asking_open(&a);
	if (code == EX_OK) {
		st = print_all(&a);
		code = st == ST_OK ? EX_OK : command_failed(a.hub, st);
	}
	asking_done(&a);
	return code;
}
