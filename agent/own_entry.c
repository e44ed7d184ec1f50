/* Each call reads in transactions of its own.  Entries never change, so what is put
 * together from several belongs together all the same. */
#include "agent/own_entry.h"

#include "agent/event_json.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"

/* Whether the event that replaced it is a void. */
static status
look_ahead(outbox *box, struct own_entry *e)
{
	uint8_t body[EVENT_BYTES_MAX];
	struct event later;
	struct point at;
	size_t len;
	status st = outbox_replaced_by(box, e->at.seq, &e->replaced_by);

	if (st == ST_NOT_FOUND)
		return ST_OK;
	if (st == ST_OK)
		st = outbox_read(box, e->replaced_by, body, &len, &at);
	if (st == ST_OK && event_decode((struct bytes) { body, len }, &later) == HOLD_NONE)
		e->is_void = later.kind == KIND_VOID;
	return st;
}

/* What cannot be decoded is an entry all the same: it is on the chain. */
status
own_entry_read(outbox *box, const struct feed_state *s, uint64_t seq, struct own_entry *ret_entry)
{
	struct own_entry *e = ret_entry;
	status st = outbox_read(box, seq, e->body, &e->len, &e->at);

	if (st < 0)
		return st;
	e->decoded = event_decode((struct bytes) { e->body, e->len }, &e->event);
	e->place = feed_state_place(s, seq);
	e->held = feed_state_hold(s, seq);
	e->conflict = feed_state_conflict(s, seq);
	e->other = feed_state_other(s, seq);
	e->remark = feed_state_remark(s, &e->at);
	e->replaced_by = 0;
	e->is_void = false;
	return look_ahead(box, e);
}

/* What names a feed is an entry of another device. */
uint64_t
own_entry_replaces(const struct own_entry *e)
{
	for (size_t i = 0; i < e->event.fixes.count; i++) {
		if (!e->event.fixes.list[i].feed)
			return e->event.fixes.list[i].seq;
	}
	return 0;
}

/* Where this device took it out itself, the other one brought it back. */
void
own_entry_elsewhere(const struct own_entry *e, char ret_text[static OWN_ELSEWHERE_BYTES])
{
	char ref[REF_TEXT_BYTES];
	const char *text = N_("corrected by another device: %s");

	*ret_text = '\0';
	if (!e->other)
		return;
	if (e->other->row.is_void)
		text = N_("taken out by another device: %s");
	else if (e->event.kind == KIND_VOID)
		text = N_("brought back by another device: %s");
	other_ref(e->other, ref);
	cli_rule(text, ref, ret_text, OWN_ELSEWHERE_BYTES);
}

static json_t *
elsewhere_json(const struct other *o)
{
	json_t *object = json_object();
	char ref[REF_TEXT_BYTES];

	other_ref(o, ref);
	json_object_set_new(object, "ref", json_string(ref));
	json_object_set_new(object, "void", json_boolean(o->row.is_void));
	return object;
}

json_t *
own_entry_json(const outbox *box, const struct own_entry *e)
{
	json_t *object = event_json(&e->event);
	char ref[REF_TEXT_BYTES];

	ref_text(outbox_device(box)->feed, &e->at, false, ref);
	json_object_set_new(object, "seq", json_integer((json_int_t) e->at.seq));
	json_object_set_new(object, "ref", json_string(ref));
	json_object_set_new(object, "hash", json_hex(e->at.hash, HASH_BYTES));
	json_object_set_new(object, "state", json_string(feed_place_name(e->place)));
	if (e->held != HOLD_NONE)
		json_object_set_new(object, "reason", json_string(hold_name(e->held)));
	if (e->conflict)
		json_object_set_new(object, "conflict", json_true());
	if (e->other)
		json_object_set_new(object, "elsewhere", elsewhere_json(e->other));
	if (e->remark.len > 0)
		json_object_set_new(object, "remark", json_text(e->remark.at, e->remark.len));
	if (e->replaced_by > 0) {
		json_object_set_new(object, "replaced_by",
		                    json_integer((json_int_t) e->replaced_by));
		json_object_set_new(object, "void", json_boolean(e->is_void));
	}
	return object;
}
