#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_row.h"
#include "hub/held_reason.h"
#include "hub/journal.h"

enum { REASON_BYTES = 512, WHAT_BYTES = EVENT_CODES_BYTES + 128 };

static const struct listing_column columns[] = {
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "device", NULL, .type = CELL_TEXT },
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "unit_name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "date", N_("DATE"), .type = CELL_TEXT },
	{ "until", NULL, .type = CELL_TEXT },
	{ "kind", NULL, .type = CELL_TEXT },
	{ "indicator", NULL, .type = CELL_TEXT },
	{ "initiatives", NULL, .type = CELL_LIST },
	{ "quantity", NULL, .type = CELL_NUMBER },
	{ "mode", NULL, .type = CELL_TEXT },
	{ "place", NULL, .type = CELL_TEXT },
	{ "status", NULL, .type = CELL_TEXT },
	{ NULL, N_("WHAT"), .type = CELL_TEXT, .cut = true },
	{ "reason", NULL, .type = CELL_TEXT },
	{ "found", NULL, .type = CELL_TEXT },
	{ "nearest", NULL, .type = CELL_TEXT },
	{ "text", N_("REASON"), .type = CELL_TEXT, .below = true },
	{ "received", NULL, .type = CELL_TEXT },
};

/* "IND-1 consulado-movil", "IND-2 out emb-argell" */
static const char *
what(const struct event_row *row, char out[static WHAT_BYTES])
{
	*out = '\0';
	text_append(out, WHAT_BYTES, text_of(*row->codes ? row->codes : row->kind));
	if (*row->mode) {
		text_append(out, WHAT_BYTES, text_of(" "));
		text_append(out, WHAT_BYTES, text_of(row->mode));
	}
	if (strcmp(row->kind, "activity") != 0 && *row->says) {
		text_append(out, WHAT_BYTES, text_of(" "));
		text_append(out, WHAT_BYTES, text_of(row->says));
	}
	return out;
}

static status
print_held(const struct asking *a, struct listing *l, const struct journal_event *j, hold reason)
{
	char text[REASON_BYTES], received[UTC_TEXT_BYTES], words[WHAT_BYTES];
	struct held_fault fault;
	struct event_row row;
	struct event e;
	status st;

	event_decode(j->event.body, &e);
	st = event_row_fill(a->txn, a->plan, j->feed, &j->event.at, &e, &row);
	if (st < 0)
		return st;
	held_fault_of(a->plan, &e, reason, &fault);
	held_fault_text(reason, &fault, text, sizeof(text));
	utc_text(j->received_ms, received);
	listing_row(l,
	            (const char *[]) { row.ref, row.device, row.unit, row.unit_name, row.date,
	                               row.until, row.kind, row.indicator, row.initiatives,
	                               row.quantity, row.mode, row.place, row.status,
	                               what(&row, words), hold_name(reason), fault.found,
	                               fault.nearest, text, received });
	return l->st;
}

/* ---- walking over what is held ---- */

/* TABLE_HELD is in the order of feeds and numbers, and so are the events of a
 * batch.  The two are walked side by side, since an event by itself costs the
 * unpacking of its whole batch: of a mistake in an import of 10,000 rows, ten
 * thousand times. */
struct held_walk {
	const struct asking *ask;
	struct listing *listing;
	struct kv_walk rows; /* the next one to be told */
	bool more;
};

static status
visit(void *ctx, const struct journal_event *j)
{
	struct held_walk *w = ctx;
	uint8_t id[EVENT_ID_BYTES];
	hold reason;
	status st;

	event_id_write(j->feed, &j->event.at, id);
	if (!w->more || w->rows.key.len != sizeof(id) ||
	    memcmp(w->rows.key.at, id, sizeof(id)) != 0)
		return ST_OK;
	reason = hold_of_name((struct text) { (const char *) w->rows.value.at, w->rows.value.len });
	st = print_held(w->ask, w->listing, j, reason);
	w->more = kv_next(&w->rows);
	return st;
}

/* The row at hand and those behind it that lie in the same batch. */
static status
tell_batch(struct held_walk *w, struct found_event *found)
{
	kv_txn *txn = w->ask->txn;
	uint8_t id[EVENT_ID_BYTES];
	struct journal_entry entry;
	status st;

	if (w->rows.key.len != sizeof(id))
		return ST_MALFORMED;
	memcpy(id, w->rows.key.at, sizeof(id));
	st = journal_find(txn, id, get_u64(id + FEED_BYTES), id + FEED_BYTES + 8, HASH_BYTES,
	                  found);
	if (st == ST_OK)
		st = journal_read(txn, found->offset, &entry);
	if (st == ST_OK)
		st = journal_each_event_of(&entry, visit, w);
	if (st == ST_NOT_FOUND)
		return ST_MALFORMED;
	/* the very row that led here must have been among them, or this never ends */
	if (st == ST_OK && w->more && memcmp(w->rows.key.at, id, sizeof(id)) == 0)
		return ST_MALFORMED;
	return st;
}

static status
print_all(const struct asking *a)
{
	struct found_event found;
	struct listing l;
	struct held_walk w = { .ask = a, .listing = &l };
	status st = ST_OK, ended;

	listing_begin(&l, a->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "held", asking_head(a));
	w.more = kv_seek(a->txn, TABLE_HELD, (struct bytes) { 0 }, &w.rows);
	while (w.more && st == ST_OK)
		st = tell_batch(&w, &found);
	if (st == ST_OK)
		st = w.rows.st;
	kv_walk_done(&w.rows);
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
