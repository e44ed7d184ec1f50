#include "agent/attest.h"

#include <sysexits.h>

#include "agent/command.h"
#include "common/cli.h"
#include "common/i18n.h"

/* What this device has of the unit and quarter that is to be closed. */
struct counting {
	const struct event *close;
	size_t all;
	size_t zero[DECLARED_MAX]; /* of that what is done, of an indicator declared zero */
};

static void
count(struct counting *c, const struct event *e)
{
	if (!event_is_record(e->kind) || e->kind == KIND_VOID || e->kind == KIND_CLOSE ||
	    !text_equal(e->unit, c->close->unit) || quarter_of(event_day(e)) != c->close->quarter)
		return;
	c->all++;
	if (e->kind == KIND_ACTIVITY && e->status != STATUS_DONE)
		return;
	for (size_t i = 0; i < c->close->zero.count; i++)
		c->zero[i] += text_equal(e->indicator, c->close->zero.list[i]);
}

/* Only newest versions: who corrected an entry has it once.  */
static status
count_all(kv_txn *txn, struct counting *c)
{
	uint8_t hash[HASH_BYTES];
	struct kv_walk walk;
	struct bytes body;
	struct event e;
	uint64_t seq, head;
	status st = ST_OK;

	for (bool more = kv_seek(txn, OUTBOX_EVENTS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		st = outbox_event_row(&walk, &seq, &body, hash);
		if (st == ST_OK)
			st = outbox_head_in(txn, seq, &head);
		if (st == ST_OK && head == seq && event_decode(body, &e) == HOLD_NONE)
			count(c, &e);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

int
attest_announce(outbox *box, const struct event *close)
{
	const struct event *e = close;
	struct counting c = { .close = e };
	char quarter[QUARTER_TEXT_BYTES];
	kv_txn *txn = NULL;
	status st = kv_read(outbox_store(box), &txn);

	if (st == ST_OK)
		st = count_all(txn, &c);
	kv_abort(&txn);
	if (st < 0)
		return command_failed(box, st);
	quarter_format(e->quarter, quarter);
	cli_warn(ngettext("this device has %zu entry of %.*s in %s",
	                  "this device has %zu entries of %.*s in %s", c.all),
	         c.all, (int) e->unit.len, e->unit.at, quarter);
	for (size_t i = 0; i < e->zero.count; i++) {
		if (c.zero[i] > 0)
			cli_warn(
				ngettext(
					"warning: %.*s is declared zero, and %zu of them is of it",
					"warning: %.*s is declared zero, and %zu of them are of it",
					c.zero[i]),
				(int) e->zero.list[i].len, e->zero.list[i].at, c.zero[i]);
	}
	return EX_OK;
}
