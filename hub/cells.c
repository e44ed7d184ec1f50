#include "hub/cells.h"

#include <string.h>

/* ---- reading ---- */

status
cell_read(struct bytes value, struct cell *ret_cell)
{
	struct cell c;

	if (value.len > CELL_BYTES_MAX || !leb128_take(&value, &c.quantity) ||
	    !leb128_take(&value, &c.records))
		return ST_MALFORMED;
	c.extras = value;
	*ret_cell = c;
	return ST_OK;
}

status
cell_extra(struct bytes *extras, struct extra *ret_extra)
{
	struct bytes rest = *extras;
	const uint8_t *end;
	struct extra e;

	if (rest.len == 0)
		return ST_NOT_FOUND;
	end = memchr(rest.at, '\0', rest.len);
	if (!end || (rest.at[0] != 'c' && rest.at[0] != 'g'))
		return ST_MALFORMED;
	e.name = (struct bytes) { rest.at, (size_t) (end - rest.at) };
	if (e.name.len < 2 || e.name.len > 1 + CODE_BYTES_MAX)
		return ST_MALFORMED;
	rest = (struct bytes) { end + 1, rest.len - e.name.len - 1 };
	if (!leb128_take(&rest, &e.total))
		return ST_MALFORMED;
	*extras = rest;
	*ret_extra = e;
	return ST_OK;
}

status
cell_total(const struct cell *c, char type, struct text name, uint64_t *ret_total)
{
	struct bytes rest = c->extras;
	struct extra e;
	status st;

	while ((st = cell_extra(&rest, &e)) == ST_OK) {
		if (e.name.len == 1 + name.len && e.name.at[0] == (uint8_t) type &&
		    memcmp(e.name.at + 1, name.at, name.len) == 0) {
			*ret_total = e.total;
			return ST_OK;
		}
	}
	if (st != ST_NOT_FOUND)
		return st;
	*ret_total = 0;
	return ST_OK;
}

/* ---- adding ---- */

struct writing {
	uint8_t *at;
	size_t len, extras;
	bool any; /* a number that is not 0 */
};

static void
put_number(struct writing *w, uint64_t number)
{
	w->any |= number > 0;
	w->len += leb128_put(w->at + w->len, number);
}

/* name ends with its NUL. */
static status
put_extra(struct writing *w, struct bytes name, uint64_t total)
{
	if (total == 0)
		return ST_OK;
	if (w->extras == CELL_EXTRAS_MAX || name.len > 1 + CODE_BYTES_MAX + 1)
		return ST_MALFORMED;
	memcpy(w->at + w->len, name.at, name.len);
	w->len += name.len;
	put_number(w, total);
	w->extras++;
	return ST_OK;
}

static struct bytes
stored_name(const struct extra *e)
{
	return (struct bytes) { e->name.at, e->name.len + 1 };
}

/* None is the beginning of another, because of the NUL behind each. */
static int
compare_names(struct bytes a, struct bytes b)
{
	return memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);
}

static status
put_sum(struct writing *w, uint64_t before, int64_t by)
{
	if (__builtin_add_overflow(before, by, &before))
		return ST_MALFORMED;
	put_number(w, before);
	return ST_OK;
}

/* Which comes next: below 0 the one that is there, above 0 the one that is added, 0 both. */
static int
next_is(bool left, const struct extra *old, const struct cell_by *by, size_t i)
{
	if (!left)
		return 1;
	return i == by->extra_count ? -1 : compare_names(stored_name(old), by->extras[i].name);
}

/* Both lists ascend. */
static status
merge_extras(struct writing *w, struct bytes rest, const struct cell_by *by)
{
	struct extra old = { 0 };
	status st = cell_extra(&rest, &old);
	size_t i = 0;

	while (st == ST_OK || (st == ST_NOT_FOUND && i < by->extra_count)) {
		int order = next_is(st == ST_OK, &old, by, i);
		struct bytes name = order <= 0 ? stored_name(&old) : by->extras[i].name;
		uint64_t total = order <= 0 ? old.total : 0;

		if (order >= 0 && __builtin_add_overflow(total, by->extras[i].by, &total))
			return ST_MALFORMED;
		if (put_extra(w, name, total) < 0)
			return ST_MALFORMED;
		if (order <= 0)
			st = cell_extra(&rest, &old);
		if (order >= 0)
			i++;
	}
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
merge(struct writing *w, const struct cell *old, const struct cell_by *by)
{
	status st = put_sum(w, old->quantity, by->quantity);

	if (st == ST_OK)
		st = put_sum(w, old->records, by->records);
	return st == ST_OK ? merge_extras(w, old->extras, by) : st;
}

/* What was counted and taken out again must leave no trace in the digest. */
static status
change(struct kv_walk *walk, struct bytes key, struct bytes value, const struct cell_by *by,
       uint8_t *space)
{
	struct writing w = { .at = space };
	struct cell old;
	status st = cell_read(value, &old);

	if (st == ST_OK)
		st = merge(&w, &old, by);
	if (st < 0)
		return st;
	return w.any ? kv_walk_replace(walk, key, (struct bytes) { space, w.len })
		     : kv_walk_delete(walk);
}

static bool
falls(const struct cell_by *by)
{
	bool any = by->quantity < 0 || by->records < 0;

	for (size_t i = 0; i < by->extra_count; i++)
		any = any || by->extras[i].by < 0;
	return any;
}

/* Most rows are new, or grow: so it is first tried to add one. */
status
cell_add(struct kv_walk *walk, struct bytes key, const struct cell_by *by,
         uint8_t space[static CELL_BYTES_MAX])
{
	const struct cell none = { 0 };
	struct writing w = { .at = space };
	struct bytes old;
	status st;

	if (falls(by)) {
		st = kv_walk_get(walk, key, &old);
		if (st == ST_NOT_FOUND)
			return ST_MALFORMED;
		return st == ST_OK ? change(walk, key, old, by, space) : st;
	}
	st = merge(&w, &none, by);
	if (st < 0 || !w.any)
		return st;
	st = kv_walk_add(walk, key, (struct bytes) { space, w.len }, &old);
	return st == ST_EXISTS ? change(walk, key, old, by, space) : st;
}
