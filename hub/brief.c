#include "hub/brief.h"

#include <string.h>

#include "hub/row_keys.h"
#include "protocol/leb128.h"

/* Kind, status and whether there is a reason (1 each), date (4), quantity (2); unit,
 * indicator, mode and country; lists, each with its length (1).  A text has its length before
 * it (1), a tally its value behind it (LEB128), a fix whether it names a feed (1). */
enum { HEAD_BYTES = 1 + 1 + 1 + 4 + 2, SEQ_BYTES = 8 };
static const int64_t DATE_ZERO = INT64_C(1) << 31;

/* ---- writing ---- */

static uint8_t *
put_bytes(uint8_t *at, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *
put_text(uint8_t *at, struct text t)
{
	*at++ = (uint8_t) t.len;
	return put_bytes(at, t.at, t.len);
}

static uint8_t *
put_tallies(uint8_t *at, const struct tallies *tallies)
{
	*at++ = (uint8_t) tallies->count;
	for (size_t i = 0; i < tallies->count; i++) {
		at = put_text(at, tallies->list[i].name);
		at += leb128_put(at, tallies->list[i].value);
	}
	return at;
}

static uint8_t *
put_fixes(uint8_t *at, const struct fixes *fixes)
{
	*at++ = (uint8_t) fixes->count;
	for (size_t i = 0; i < fixes->count; i++) {
		const struct fix *f = &fixes->list[i];

		*at++ = f->feed != NULL;
		put_u64(at, f->seq);
		at = put_bytes(at + SEQ_BYTES, f->hash, HASH_PREFIX_BYTES);
		at = put_bytes(at, f->feed, f->feed ? FEED_BYTES : 0);
	}
	return at;
}

size_t
brief_write(const struct event *e, uint8_t out[static BRIEF_BYTES_MAX])
{
	uint8_t *at = out;

	if (e->kind != KIND_ACTIVITY && e->kind != KIND_VOID)
		return 0;
	*at++ = (uint8_t) e->kind;
	*at++ = (uint8_t) e->status;
	*at++ = e->why.len > 0;
	put_u32(at, (uint32_t) (e->date + DATE_ZERO));
	at[4] = (uint8_t) (e->quantity >> 8);
	at[5] = (uint8_t) e->quantity;
	at = put_text(at + 6, e->unit);
	at = put_text(at, e->indicator);
	at = put_text(at, e->mode);
	at = put_text(at, e->country);
	*at++ = (uint8_t) e->initiatives.count;
	for (size_t i = 0; i < e->initiatives.count; i++)
		at = put_text(at, e->initiatives.list[i]);
	at = put_tallies(at, &e->counts);
	at = put_tallies(at, &e->groups);
	return (size_t) (put_fixes(at, &e->fixes) - out);
}

/* ---- reading ---- */

/* One byte, at most most. */
static uint8_t
take_byte(struct bytes *rest, size_t most)
{
	const uint8_t *at = row_take(rest, 1);

	if (at && *at <= most)
		return *at;
	*rest = (struct bytes) { 0 };
	return 0;
}

static struct text
take_text(struct bytes *rest)
{
	size_t len = take_byte(rest, CODE_BYTES_MAX);
	const uint8_t *at = row_take(rest, len);

	return at && len > 0 ? (struct text) { (const char *) at, len } : (struct text) { 0 };
}

static void
take_tallies(struct bytes *rest, size_t most, struct tallies *t)
{
	t->count = take_byte(rest, most);
	for (size_t i = 0; i < t->count; i++) {
		t->list[i].name = take_text(rest);
		t->list[i].value = 0;
		if (!leb128_take(rest, &t->list[i].value))
			*rest = (struct bytes) { 0 };
	}
}

static void
take_fixes(struct bytes *rest, struct fixes *fixes)
{
	fixes->count = take_byte(rest, FIXES_MAX);
	for (size_t i = 0; i < fixes->count; i++) {
		struct fix *f = &fixes->list[i];
		bool other = take_byte(rest, 1);
		const uint8_t *seq = row_take(rest, SEQ_BYTES);

		f->seq = seq ? get_u64(seq) : 0;
		f->hash = row_take(rest, HASH_PREFIX_BYTES);
		f->feed = other ? row_take(rest, FEED_BYTES) : NULL;
	}
}

/* What event_decode() does first. */
static void
clear(struct event *e)
{
	memset(e, 0, offsetof(struct event, fixes));
	e->fixes.count = e->initiatives.count = e->counts.count = e->groups.count = 0;
	e->evidences.count = e->zero.count = e->nothing.count = e->about.count = 0;
}

bool
brief_read(struct bytes brief, struct event *e)
{
	static const struct text reason = { "?", 1 };
	struct bytes rest = brief;
	const uint8_t *head = row_take(&rest, HEAD_BYTES);

	clear(e);
	if (!head || head[0] >= EVENT_KINDS_ || head[1] >= EVENT_STATUSES_)
		return false;
	e->kind = (event_kind) head[0];
	e->status = (event_status) head[1];
	if (head[2])
		e->why = reason;
	e->date = (int64_t) get_u32(head + 3) - DATE_ZERO;
	e->quantity = (uint64_t) head[7] << 8 | head[8];
	e->unit = take_text(&rest);
	e->indicator = take_text(&rest);
	e->mode = take_text(&rest);
	e->country = take_text(&rest);
	e->initiatives.count = take_byte(&rest, INITIATIVES_MAX);
	for (size_t i = 0; i < e->initiatives.count; i++)
		e->initiatives.list[i] = take_text(&rest);
	take_tallies(&rest, COUNTS_MAX, &e->counts);
	take_tallies(&rest, GROUPS_MAX, &e->groups);
	take_fixes(&rest, &e->fixes);
	return rest.at && rest.len == 0;
}
