#include "hub/rebuild.h"

#include <string.h>

#include "hub/digest.h"
#include "hub/hub_internal.h"
#include "hub/journal_index.h"
#include "hub/ledger.h"
#include "hub/repair.h"
#include "hub/standing.h"

/* As many as leave the process below 100 MiB whatever the events are, of which 35 are batches and
 * sums that are kept in any case: each step is a commit, and writes again what others had begun. */
enum { STEP_BYTES = 56 << 20, WAIT_MS = 10 * 1000 };

typedef enum stage {
	STAGE_INDEX, /* the index alone: it is asked while events are folded */
	STAGE_FOLD,  /* the ledger, by that index */
	STAGE_BOTH,  /* at once, entry by entry */
	STAGES_
} stage;

/* What is noted of a rebuild that was begun.  It is of no use any more where the ledger would be
 * another, or the journal is no longer what it was. */
struct note {
	stage stage;
	uint64_t next;    /* entry of the journal */
	uint64_t grounds; /* registry and documents are those of so many entries */
	uint64_t repairs; /* repair_number() */
	uint8_t format;   /* of the ledger */
};

enum { NUMBER_BYTES = 8, NOTE_BYTES = 2 + 3 * NUMBER_BYTES };

static struct bytes
note_key(void)
{
	static const char key[] = "rebuild";

	return (struct bytes) { (const uint8_t *) key, strlen(key) };
}

static status
note_put(kv_txn *txn, const struct note *n)
{
	uint8_t value[NOTE_BYTES] = { n->format, (uint8_t) n->stage };

	put_u64(value + 2, n->next);
	put_u64(value + 2 + NUMBER_BYTES, n->grounds);
	put_u64(value + 2 + 2 * NUMBER_BYTES, n->repairs);
	return kv_put(txn, TABLE_META, note_key(), (struct bytes) { value, sizeof(value) });
}

static bool
note_fits(kv_txn *txn, const struct note *n)
{
	uint64_t size = journal_size(txn);

	return n->stage < STAGES_ && n->next <= size && n->grounds <= size &&
		n->repairs == repair_number(txn) && n->format == LEDGER_FORMAT;
}

/* ST_NOT_FOUND: there is none.  ST_INVALID: it is of no use. */
static status
note_get(kv_txn *txn, struct note *ret_note)
{
	struct bytes value;
	struct note n;
	status st = kv_get(txn, TABLE_META, note_key(), &value);

	if (st < 0)
		return st;
	if (value.len != NOTE_BYTES)
		return ST_INVALID;
	n.format = value.at[0];
	n.stage = (stage) value.at[1];
	n.next = get_u64(value.at + 2);
	n.grounds = get_u64(value.at + 2 + NUMBER_BYTES);
	n.repairs = get_u64(value.at + 2 + 2 * NUMBER_BYTES);
	if (!note_fits(txn, &n))
		return ST_INVALID;
	*ret_note = n;
	return ST_OK;
}

/* ---- beginning ---- */

static status
begin(hub *h, kv_txn *txn, struct note *n)
{
	bool asks = false;
	status st = hub_rebuild_clear(h, txn);

	if (st == ST_OK)
		st = hub_rebuild_grounds(h, txn, &asks);
	*n = (struct note) { .stage = asks ? STAGE_INDEX : STAGE_BOTH,
		             .grounds = journal_size(txn),
		             .repairs = repair_number(txn),
		             .format = LEDGER_FORMAT };
	return st;
}

/* ---- going on ---- */

struct step {
	hub *h;
	kv_txn *txn;
	struct note note;
	uint64_t most_bytes;
	bool again; /* all was judged by what is no longer so */
};

static bool
is_full(const struct step *s)
{
	return hub_written(s->h, s->txn) >= s->most_bytes;
}

static void
tell(const struct step *s, uint64_t size)
{
	if (s->h->progress)
		s->h->progress(s->h->progress_ctx, s->note.next, size);
}

static status
index_entry(struct step *s, const struct journal_entry *entry, bool *ret_closed)
{
	const struct journal_run *run;
	status st = hub_open_entry(s->h, entry, &run);

	return st == ST_OK ? journal_index_run(s->txn, entry->offset, run, ret_closed) : st;
}

/* What came after registry and documents were made: as when it came, but that it lies in the
 * journal already. */
static status
fold_late(struct step *s, const struct journal_entry *entry)
{
	struct taken t = { .offset = entry->offset };
	const struct journal_run *run;
	struct device device;
	status st = index_entry(s, entry, &t.closed);

	if (st == ST_OK)
		st = runs_open(s->h->runs, entry, &run);
	if (st != ST_OK)
		return st;
	t.count = run->count;
	st = registry_device(s->txn, run->batch.feed, &device);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	return hub_fold_batch(s->h, s->txn, run, &t, &device, &s->again);
}

static status
take_entry(struct step *s, struct ledger *l)
{
	struct journal_entry entry;
	bool closed, late = s->note.next >= s->note.grounds;
	status st = journal_read(s->txn, s->note.next, &entry);

	if (st < 0)
		return st;
	if (!journal_is_batch(&entry)) {
		s->again = late && entry.kind == JOURNAL_REGISTRY && s->note.stage != STAGE_INDEX;
		return ST_OK;
	}
	if (s->note.stage == STAGE_INDEX)
		return index_entry(s, &entry, &closed);
	return late ? fold_late(s, &entry)
		    : hub_rebuild_entry(s->h, l, &entry, s->note.stage == STAGE_BOTH);
}

static status
take_entries(struct step *s, struct ledger *l)
{
	uint64_t size = journal_size(s->txn), expected = s->note.next;
	status st = ST_OK;

	for (; st == ST_OK && s->note.next < size && !is_full(s) && !s->again; s->note.next++) {
		tell(s, size);
		st = hub_expect_entries(s->h, s->txn, size, &expected);
		if (st == ST_OK)
			st = take_entry(s, l);
	}
	ahead_forget(s->h->ahead);
	return st;
}

/* By the index as it is now. */
static status
end_index(struct step *s)
{
	s->note.stage = STAGE_FOLD;
	s->note.next = 0;
	s->note.grounds = journal_size(s->txn);
	return hub_refold_grounds(s->h, s->txn);
}

/* *ret_done: all of the journal is on this side. */
static status
go_on(struct step *s, bool *ret_done)
{
	struct ledger l;
	status st = hub_ledger(s->h, s->txn, &l);

	if (st == ST_OK)
		st = take_entries(s, &l);
	if (st < 0 || s->again)
		return st;
	if (s->note.stage == STAGE_INDEX)
		return s->note.next == journal_size(s->txn) ? end_index(s) : ST_OK;
	l.entries = s->note.stage == STAGE_FOLD ? s->note.next : 0;
	st = ledger_settle(&l);
	*ret_done = st == ST_OK && s->note.next == journal_size(s->txn);
	return st;
}

/* ---- the end ---- */

static void
read_digests(hub *h, kv_txn *txn, struct rebuild_digests *d)
{
	d->known = hub_digest(h, txn, d->set, d->state) == ST_OK;
}

/* Asked before anything is written, since a fault of a page that is met in a write transaction
 * would end that. */
static status
look_before(hub *h, struct rebuild *r)
{
	kv_txn *txn = NULL;
	status st = r->compare ? kv_read(hub_store(h), &txn) : ST_OK;

	if (st == ST_OK && r->compare) {
		read_digests(h, txn, &r->before);
		r->before_entries = journal_size(txn);
	}
	kv_abort(&txn);
	return st;
}

/* Of both sides, with the same journal. */
static void
compare(hub *h, kv_txn *txn, struct rebuild *r)
{
	read_digests(h, txn, &r->after);
	if (!r->before.known || journal_size(txn) == r->before_entries)
		return;
	kv_turn(txn);
	read_digests(h, txn, &r->before);
	kv_turn(txn);
}

/* And what is noted of it. */
static status
clear_other(hub *h, kv_txn *txn)
{
	status st;

	kv_turn(txn);
	st = hub_rebuild_clear(h, txn);
	if (st == ST_OK)
		st = index_clear(txn);
	if (st == ST_OK)
		st = kv_clear(txn, TABLE_REGISTRY);
	if (st == ST_OK)
		st = documents_clear(txn);
	kv_turn(txn);
	if (st == ST_OK)
		st = kv_delete(txn, TABLE_META, note_key());
	return st == ST_NOT_FOUND ? ST_OK : st; /* one step was enough */
}

static status
put_in_force(hub *h, kv_txn *txn, struct rebuild *r)
{
	status st;

	if (r->compare)
		compare(h, txn, r);
	st = kv_put_in_force(txn);
	if (st == ST_OK)
		st = hub_rebuild_end(txn);
	return st == ST_OK ? clear_other(h, txn) : st;
}

/* Where there is no room for it, others need what it has. */
static void
give_up(hub *h)
{
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);

	if (st == ST_OK)
		st = clear_other(h, txn);
	if (st == ST_OK)
		kv_commit(&txn);
	kv_abort(&txn);
}

/* ---- a step ---- */

/* ST_NOT_FOUND: it is to begin. */
static status
find_note(kv_txn *txn, struct rebuild *r, struct note *ret_note)
{
	status st = r->anew ? ST_NOT_FOUND : note_get(txn, ret_note);

	if (st == ST_OK && !r->begun)
		r->found = ret_note->next;
	if (st == ST_INVALID)
		r->again++;
	return st == ST_INVALID ? ST_NOT_FOUND : st;
}

static status
make_step(struct step *s, struct rebuild *r, bool *ret_done)
{
	status st = find_note(s->txn, r, &s->note);

	kv_turn(s->txn);
	if (st == ST_NOT_FOUND)
		st = begin(s->h, s->txn, &s->note);
	if (st == ST_OK)
		st = go_on(s, ret_done);
	if (st < 0 || s->again)
		return st;
	return *ret_done ? put_in_force(s->h, s->txn, r) : note_put(s->txn, &s->note);
}

/* What is to begin again is given up with its transaction, and the next step begins. */
static status
end_step(struct step *s, struct rebuild *r, bool done)
{
	status st;

	r->begun = true;
	if (s->again) {
		r->anew = true;
		r->again++;
		return ST_OK;
	}
	st = kv_commit(&s->txn);
	if (st == ST_OK) {
		r->anew = false;
		r->at = s->note.next;
		r->done = done;
	}
	return st;
}

status
rebuild_step(hub *h, struct rebuild *r)
{
	struct step s = { .h = h, .most_bytes = r->step_bytes > 0 ? r->step_bytes : STEP_BYTES };
	bool done = false;
	status st = r->begun ? ST_OK : look_before(h, r);

	if (st == ST_OK)
		st = kv_write(hub_store(h), WAIT_MS, &s.txn);
	if (st == ST_OK)
		st = make_step(&s, r, &done);
	if (st == ST_OK)
		st = end_step(&s, r, done);
	kv_abort(&s.txn);
	if (st == ST_FULL)
		give_up(h);
	return st;
}
