#include "hub/rows.h"

#include "hub/blocks.h"

/* ---- writing keys ---- */

/* The longest key, one of a cell, has three codes (32 bytes each), a country and a day: under
 * 150 bytes, and so within ROW_KEY_MAX. */
size_t
cell_key_write(const struct cell_key *k, uint8_t out[static ROW_KEY_MAX])
{
	size_t n = row_put_text(out, k->code);

	n += row_put_text(out + n, k->unit);
	n += row_put_text(out + n, k->country);
	n += row_put_day(out + n, k->day);
	n += row_put_text(out + n, k->mode);
	out[n++] = (uint8_t) k->status;
	return n;
}

size_t
day_key_write(const struct cell_key *k, uint8_t out[static ROW_KEY_MAX])
{
	const struct cell_key all = { .code = k->code, .day = k->day, .status = k->status };

	return cell_key_write(&all, out);
}

size_t
tally_key_write(const struct tally_key *k, uint8_t out[static ROW_KEY_MAX])
{
	size_t n = row_put_day(out, k->day);

	n += row_put_text(out + n, k->unit);
	out[n++] = (uint8_t) k->status;
	return n;
}

size_t
month_key_write(const struct month_key *k, uint8_t out[static ROW_KEY_MAX])
{
	size_t n = row_put_text(out, k->code);

	out[n++] = (uint8_t) k->status;
	n += row_put_text(out + n, k->unit);
	return n + row_put_day(out + n, k->first);
}

size_t
level_key_write(const struct level_key *k, uint8_t out[static ROW_KEY_MAX])
{
	size_t n = row_put_text(out, k->indicator);

	n += row_put_text(out + n, k->unit);
	return n + row_put_quarter(out + n, k->quarter);
}

void
event_id_write(const uint8_t feed[static FEED_BYTES], const struct point *at,
               uint8_t out[static EVENT_ID_BYTES])
{
	memcpy(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, at->seq);
	memcpy(out + FEED_BYTES + 8, at->hash, HASH_BYTES);
}

void
event_id_read(const uint8_t id[static EVENT_ID_BYTES], struct point *ret_at)
{
	ret_at->seq = get_u64(id + FEED_BYTES);
	memcpy(ret_at->hash, id + FEED_BYTES + 8, HASH_BYTES);
}

/* ---- reading them ---- */

static event_status
take_status(struct bytes *rest)
{
	return (event_status) row_take_byte(rest, EVENT_STATUSES_);
}

static struct cell_key
take_cell_key(struct bytes *rest)
{
	struct cell_key k;

	k.code = row_take_text(rest);
	k.unit = row_take_text(rest);
	k.country = row_take_text(rest);
	k.day = row_take_day(rest);
	k.mode = row_take_text(rest);
	k.status = take_status(rest);
	return k;
}

status
cell_key_read(struct bytes key, struct cell_key *ret_key)
{
	struct cell_key k = take_cell_key(&key);

	if (!key.at || key.len > 0)
		return ST_MALFORMED;
	*ret_key = k;
	return ST_OK;
}

status
tally_key_read(struct bytes key, struct tally_key *ret_key)
{
	struct tally_key k;

	k.day = row_take_day(&key);
	k.unit = row_take_text(&key);
	k.status = take_status(&key);
	if (!key.at || key.len > 0)
		return ST_MALFORMED;
	*ret_key = k;
	return ST_OK;
}

status
month_key_read(struct bytes key, struct month_key *ret_key)
{
	struct month_key k;

	k.code = row_take_text(&key);
	k.status = take_status(&key);
	k.unit = row_take_text(&key);
	k.first = row_take_day(&key);
	if (!key.at || key.len > 0)
		return ST_MALFORMED;
	*ret_key = k;
	return ST_OK;
}

status
level_key_read(struct bytes key, struct level_key *ret_key)
{
	struct level_key k;

	k.indicator = row_take_text(&key);
	k.unit = row_take_text(&key);
	k.quarter = row_take_u32(&key);
	if (!key.at || key.len > 0 || !quarter_valid(k.quarter))
		return ST_MALFORMED;
	*ret_key = k;
	return ST_OK;
}

status
total_read(struct bytes value, uint64_t *ret_total)
{
	if (value.len != ROW_NUMBER_BYTES)
		return ST_MALFORMED;
	*ret_total = get_u64(value.at);
	return ST_OK;
}

/* ---- adding ---- */

/* What was counted and taken out again must leave no trace in the digest. */
static status
change(struct kv_walk *walk, struct bytes key, struct bytes old, int64_t by)
{
	uint8_t number[ROW_NUMBER_BYTES];
	uint64_t total;

	if (total_read(old, &total) < 0 || __builtin_add_overflow(total, by, &total))
		return ST_MALFORMED;
	put_u64(number, total);
	return total > 0 ? kv_walk_replace(walk, key, (struct bytes) { number, sizeof(number) })
			 : kv_walk_delete(walk);
}

/* Most rows are new, or grow: so it is first tried to add one. */
status
row_add(struct kv_walk *walk, struct bytes key, int64_t by)
{
	uint8_t number[ROW_NUMBER_BYTES];
	struct bytes old;
	status st;

	if (by == 0)
		return ST_OK;
	put_u64(number, (uint64_t) by);
	st = by < 0 ? kv_walk_get(walk, key, &old)
		    : kv_walk_add(walk, key, (struct bytes) { number, sizeof(number) }, &old);
	if (by < 0 ? st == ST_OK : st == ST_EXISTS)
		return change(walk, key, old, by);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
level_put(kv_txn *txn, const struct level_key *k, uint64_t value, int sign)
{
	uint8_t key[ROW_KEY_MAX], number[ROW_NUMBER_BYTES];
	struct bytes name = { key, level_key_write(k, key) };
	status st;

	put_u64(number, value);
	if (sign > 0)
		return blocks_put(txn, TABLE_LEVELS, name,
		                  (struct bytes) { number, sizeof(number) });
	st = blocks_delete(txn, TABLE_LEVELS, name);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}
