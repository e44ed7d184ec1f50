#include "hub/diff_reports.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/event_text.h"
#include "common/room.h"
#include "hub/event_row.h"
#include "hub/graph.h"
#include "hub/journal.h"
#include "hub/progress.h"
#include "protocol/msgid.h"

static const report_type types[] = { REPORT_INITIATIVE, REPORT_COMMITMENT, REPORT_RISK,
	                             REPORT_BUDGET, REPORT_CLOSE };

const char *
report_type_name(report_type type)
{
	return type == REPORT_BUDGET ? "budget" : type == REPORT_CLOSE ? "close" : "progress";
}

const char *
report_type_text(report_type type)
{
	return type == REPORT_BUDGET   ? N_("budget")
		: type == REPORT_CLOSE ? N_("closed quarter")
				       : N_("progress");
}

/* ---- rows of both moments ---- */

/* A row as a copy. */
struct told_row {
	report_type type;
	char key[REGISTER_KEY_BYTES];
	char code[CODE_BYTES_MAX + 1], unit[CODE_BYTES_MAX + 1];
	uint64_t quarter;
	char text[REPORT_TEXT_BYTES];
	size_t row_at, row_len; /* in rows */
};

struct told {
	struct told_row *list;
	size_t count, room;
	writer rows;
};

static void
write_progress(const struct report *r, char out[static REPORT_TEXT_BYTES])
{
	char percent[PERCENT_TEXT_BYTES];

	out[0] = '\0';
	if (r->has_percent) {
		percent_text(r->percent, percent);
		snprintf(out, REPORT_TEXT_BYTES, "%s %%%s", percent, r->text.len > 0 ? "; " : "");
	}
	text_append(out, REPORT_TEXT_BYTES, r->text);
}

static void
write_closed(const struct report *r, char out[static REPORT_TEXT_BYTES])
{
	static const struct text comma = { ", ", 2 }, zero = { " 0", 2 };

	snprintf(out, REPORT_TEXT_BYTES, "%s", "+");
	for (size_t i = 0; i < r->zero.count; i++) {
		text_append(out, REPORT_TEXT_BYTES, comma);
		text_append(out, REPORT_TEXT_BYTES, r->zero.list[i]);
		text_append(out, REPORT_TEXT_BYTES, zero);
	}
	for (size_t i = 0; i < r->nothing.count; i++) {
		text_append(out, REPORT_TEXT_BYTES, comma);
		text_append(out, REPORT_TEXT_BYTES, r->nothing.list[i]);
		text_append(out, REPORT_TEXT_BYTES, text_of(" -"));
	}
}

static void
write_text(const struct report *r, char out[static REPORT_TEXT_BYTES])
{
	if (r->type == REPORT_BUDGET)
		snprintf(out, REPORT_TEXT_BYTES, "%llu / %llu / %llu / %llu",
		         (unsigned long long) r->appropriated, (unsigned long long) r->committed,
		         (unsigned long long) r->obligated, (unsigned long long) r->paid);
	else if (r->type == REPORT_CLOSE)
		write_closed(r, out);
	else
		write_progress(r, out);
}

static status
keep_row(void *ctx, const struct report *r)
{
	struct told *t = ctx;
	struct told_row *list = room_for(t->list, t->count, 1, &t->room, sizeof(*list)), *row;

	if (!list)
		return ST_NOMEM;
	t->list = list;
	row = &t->list[t->count++];
	*row = (struct told_row) { .type = r->type, .quarter = r->quarter };
	report_register(r, row->key);
	text_copy(row->code, sizeof(row->code), r->code);
	text_copy(row->unit, sizeof(row->unit), r->unit);
	write_text(r, row->text);
	row->row_at = writer_bytes(&t->rows).len;
	row->row_len = r->row.len;
	writer_raw(&t->rows, r->row.at, r->row.len);
	return writer_status(&t->rows);
}

static int
compare_rows(const void *one, const void *two)
{
	const struct told_row *a = one, *b = two;

	return strcmp(a->key, b->key);
}

/* Those whose quarter has begun by the cut-off. */
static status
gather(const struct diff_side *side, struct told *t)
{
	status st = ST_OK;

	writer_init(&t->rows);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && st == ST_OK; i++)
		st = reports_each(side->ledger.txn, types[i], (struct text) { 0 }, keep_row, t);
	if (t->count > 1)
		qsort(t->list, t->count, sizeof(*t->list), compare_rows);
	return st;
}

static void
forget(struct told *t)
{
	free(t->list);
	writer_done(&t->rows);
}

/* What is dated after the cut-off was not told yet. */
static const struct told_row *
row_if_told(const struct diff_side *side, const struct told_row *row)
{
	return row && quarter_first(row->quarter) <= side->cutoff ? row : NULL;
}

static bool
says_the_same(const struct told *then, const struct told_row *a, const struct told *now,
              const struct told_row *b)
{
	if (!a || !b)
		return a == b;
	return a->row_len == b->row_len &&
		memcmp(writer_bytes(&then->rows).at + a->row_at,
	               writer_bytes(&now->rows).at + b->row_at, a->row_len) == 0;
}

/* ---- who made the difference ---- */

struct telling {
	struct diff_side *then, *now;
	struct found_event *found;
	report_change_visit *visit;
	void *ctx;
};

static status
find_version(const struct diff_side *side, const char *key, struct diff_version *ret_version)
{
	uint8_t id[EVENT_ID_BYTES];
	struct point at;
	status st = graph_first_bound(side->ledger.txn, key, id);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	event_id_read(id, &at);
	return diff_standing(side, id, &at, ret_version);
}

static const char *
text_told(const struct told_row *row)
{
	return row ? row->text : "";
}

/* One of the two is NULL at most. */
static status
tell(struct telling *t, const struct told_row *then, const struct told_row *now)
{
	const struct told_row *row = now ? now : then;
	struct diff_side *side = t->now;
	struct diff_version version = { .there = false };
	struct report_change c = { .type = row->type, .quarter = row->quarter };
	lateness late = LATE_NOT;
	struct event e;
	status st = find_version(t->now, row->key, &version);

	if (st == ST_OK && !version.there) {
		side = t->then;
		st = find_version(t->then, row->key, &version);
	}
	if (st == ST_OK)
		st = version.there ? journal_find(side->ledger.txn, version.feed, version.at.seq,
		                                  version.at.hash, HASH_BYTES, t->found)
				   : ST_MALFORMED;
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	event_decode((struct bytes) { t->found->body, t->found->body_len }, &e);
	st = locks_late(t->now->ledger.locks, t->now->ledger.txn, t->now->ledger.chains,
	                version.feed, &version.at, &e, &late);
	memcpy(c.code, row->code, sizeof(c.code));
	memcpy(c.unit, row->unit, sizeof(c.unit));
	snprintf(c.then, sizeof(c.then), "%s", text_told(then));
	snprintf(c.now, sizeof(c.now), "%s", text_told(now));
	memcpy(c.feed, version.feed, FEED_BYTES);
	c.at = version.at;
	c.restatement = late != LATE_NOT;
	c.why = e.why;
	return st == ST_OK ? t->visit(t->ctx, &c) : st;
}

/* Both lists ascend by key. */
static status
compare_all(struct telling *t, const struct told *then, const struct told *now)
{
	size_t i = 0, k = 0;
	status st = ST_OK;

	while (st == ST_OK && (i < then->count || k < now->count)) {
		int order = i == then->count ? 1
			: k == now->count    ? -1
					     : compare_rows(&then->list[i], &now->list[k]);
		const struct told_row *a = row_if_told(t->then,
		                                       order <= 0 ? &then->list[i++] : NULL);
		const struct told_row *b = row_if_told(t->now, order >= 0 ? &now->list[k++] : NULL);

		if (!says_the_same(then, a, now, b))
			st = tell(t, a, b);
	}
	return st;
}

status
diff_reports(struct diff_side *then, struct diff_side *now, report_change_visit *visit, void *ctx)
{
	struct telling t = { then, now, calloc(1, sizeof(struct found_event)), visit, ctx };
	struct told was = { .count = 0 }, is = { .count = 0 };
	status st = gather(then, &was), also = gather(now, &is);

	if (st == ST_OK)
		st = also;
	if (!t.found)
		st = ST_NOMEM;
	if (st == ST_OK)
		st = compare_all(&t, &was, &is);
	free(t.found);
	forget(&was);
	forget(&is);
	return st;
}
