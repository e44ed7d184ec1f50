#include "hub/reports.h"

#include "hub/blocks.h"
#include "hub/row_keys.h"
#include "protocol/writer.h"

enum { AMOUNTS = 4 };

/* ---- writing ---- */

static report_type
type_of(const struct event *e)
{
	switch ((int) e->kind) {
	case KIND_BUDGET: return REPORT_BUDGET;
	case KIND_CLOSE: return REPORT_CLOSE;
	default: break;
	}
	return e->commitment.len > 0 ? REPORT_COMMITMENT
		: e->risk.len > 0    ? REPORT_RISK
				     : REPORT_INITIATIVE;
}

static size_t
write_key(const struct event *e, uint8_t out[static ROW_KEY_MAX])
{
	static const struct text none = { "", 0 };
	report_type type = type_of(e);
	struct text code = none;
	size_t n = 0;

	switch (type) {
	case REPORT_INITIATIVE: code = e->initiatives.list[0]; break;
	case REPORT_COMMITMENT: code = e->commitment; break;
	case REPORT_RISK: code = e->risk; break;
	case REPORT_BUDGET: code = e->project; break;
	case REPORT_CLOSE: break;
	}
	out[n++] = (uint8_t) type;
	n += row_put_text(out + n, code);
	n += row_put_text(out + n, type == REPORT_BUDGET ? none : e->unit);
	return n + row_put_quarter(out + n, e->quarter);
}

static void
write_number(writer *w, uint64_t n)
{
	uint8_t bytes[ROW_NUMBER_BYTES];

	put_u64(bytes, n);
	writer_raw(w, bytes, sizeof(bytes));
}

static void
write_codes(writer *w, char tag, const struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++) {
		writer_raw(w, &tag, 1);
		writer_raw(w, codes->list[i].at, codes->list[i].len);
		writer_raw(w, "", 1);
	}
}

static void
write_value(writer *w, const struct event *e)
{
	uint8_t percent[ROW_QUARTER_BYTES];

	switch ((int) e->kind) {
	case KIND_BUDGET:
		write_number(w, e->appropriated);
		write_number(w, e->committed);
		write_number(w, e->obligated);
		write_number(w, e->paid);
		writer_raw(w, e->unit.at, e->unit.len);
		return;
	case KIND_CLOSE:
		write_codes(w, 'n', &e->nothing);
		write_codes(w, 'z', &e->zero);
		return;
	default: break;
	}
	put_u32(percent,
	        e->has & EVENT_BIT(EVENT_PERCENT) ? (uint32_t) e->percent + 1 : UINT32_C(0));
	writer_raw(w, percent, sizeof(percent));
	writer_raw(w, e->note.at, e->note.len);
}

status
report_put(kv_txn *txn, const struct event *e, int sign)
{
	uint8_t key[ROW_KEY_MAX];
	struct bytes name = { key, write_key(e, key) };
	status st;
	writer w;

	if (sign < 0) {
		st = blocks_delete(txn, TABLE_REPORTS, name);
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	}
	writer_init(&w);
	write_value(&w, e);
	st = writer_status(&w);
	if (st == ST_OK)
		st = blocks_put(txn, TABLE_REPORTS, name, writer_bytes(&w));
	writer_done(&w);
	return st;
}

/* ---- reading: what is damaged leaves rest.at NULL ---- */

static void
read_declared(struct bytes *rest, struct report *r)
{
	while (rest->at && rest->len > 0) {
		char tag = (char) rest->at[0];
		struct codes *codes = tag == 'z' ? &r->zero : &r->nothing;

		*rest = (struct bytes) { rest->at + 1, rest->len - 1 };
		if ((tag != 'z' && tag != 'n') || codes->count == DECLARED_MAX)
			*rest = (struct bytes) { 0 };
		else
			codes->list[codes->count++] = row_take_text(rest);
	}
}

static struct text
all_of(struct bytes rest)
{
	return (struct text) { (const char *) rest.at, rest.len };
}

static void
read_value(struct bytes *rest, struct report *r)
{
	uint32_t percent;

	switch ((int) r->type) {
	case REPORT_BUDGET:
		r->appropriated = row_take_number(rest);
		r->committed = row_take_number(rest);
		r->obligated = row_take_number(rest);
		r->paid = row_take_number(rest);
		r->unit = all_of(*rest);
		return;
	case REPORT_CLOSE: read_declared(rest, r); return;
	default: break;
	}
	percent = row_take_u32(rest);
	if (percent > PERCENT_MAX + 1)
		*rest = (struct bytes) { 0 };
	r->has_percent = percent > 0;
	r->percent = r->has_percent ? percent - 1 : 0;
	r->text = all_of(*rest);
}

static status
read_row(struct bytes key, struct bytes value, struct report *r)
{
	r->type = (report_type) key.at[0];
	key = (struct bytes) { key.at + 1, key.len - 1 };
	r->code = row_take_text(&key);
	r->unit = row_take_text(&key);
	r->quarter = row_take_u32(&key);
	r->row = value;
	read_value(&value, r);
	return key.at && key.len == 0 && value.at && quarter_valid(r->quarter) ? ST_OK
									       : ST_MALFORMED;
}

void
report_register(const struct report *r, char ret_key[static REGISTER_KEY_BYTES])
{
	struct event e = { .kind = KIND_PROGRESS, .unit = r->unit, .quarter = r->quarter };

	switch (r->type) {
	case REPORT_INITIATIVE: e.initiatives = (struct codes) { 1, { r->code } }; break;
	case REPORT_COMMITMENT:
		e.commitment = r->code;
		e.has = EVENT_BIT(EVENT_COMMITMENT);
		break;
	case REPORT_RISK:
		e.risk = r->code;
		e.has = EVENT_BIT(EVENT_RISK);
		break;
	case REPORT_BUDGET:
		e.kind = KIND_BUDGET;
		e.project = r->code;
		break;
	case REPORT_CLOSE: e.kind = KIND_CLOSE; break;
	}
	event_register(&e, ret_key);
}

status
reports_each(kv_txn *txn, report_type type, struct text code, report_visit *visit, void *ctx)
{
	uint8_t prefix[ROW_KEY_MAX] = { (uint8_t) type };
	size_t len = 1 + (code.len > 0 ? row_put_text(prefix + 1, code) : 0);
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_REPORTS, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK && walk.key.len >= len && memcmp(walk.key.at, prefix, len) == 0;
	     more = kv_next(&walk)) {
		struct report r = { 0 };

		st = read_row(walk.key, walk.value, &r);
		if (st == ST_OK)
			st = visit(ctx, &r);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}
