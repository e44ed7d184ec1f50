#include "protocol/standing.h"

#include "protocol/codec.h"

enum {
	/* No row takes more: array head, number, bin head, hash; and for a held
	 * one a text head and the reason. */
	POINT_ROW_BYTES = 1 + 9 + 2 + HASH_BYTES,
	HELD_ROW_BYTES = POINT_ROW_BYTES + 2 + CODE_BYTES_MAX,
	OTHER_CELLS = 6,
	OTHER_ROW_BYTES = 1 + 2 * (9 + 2 + HASH_PREFIX_BYTES) + 1 + 2 + FEED_BYTES,
	TEXT_HEAD_BYTES = 5,
	FRAME_BYTES = 128, /* keys, counts, numbers: 80 at most */
};

enum key {
	KEY_CONFLICTS,
	KEY_HELD,
	KEY_HELD_TOTAL,
	KEY_LOCKS,
	KEY_OTHERS,
	KEY_PROBES,
	KEY_REMARKS,
	KEY_V,
	KEYS_
};

static const char *const keys[KEYS_] = {
	[KEY_CONFLICTS] = "conflicts", [KEY_HELD] = "held",     [KEY_HELD_TOTAL] = "heldn",
	[KEY_LOCKS] = "locks",         [KEY_OTHERS] = "others", [KEY_PROBES] = "probes",
	[KEY_REMARKS] = "remarks",     [KEY_V] = "v",
};

/* ---- writing ---- */

/* With one that no device would take it is more than any standing may have. */
static size_t
texts_bytes(const struct text *list, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count && bytes <= STANDING_BYTES_MAX; i++)
		bytes += list[i].len > STANDING_REMARK_BYTES_MAX ? STANDING_BYTES_MAX + 1
								 : TEXT_HEAD_BYTES + list[i].len;
	return bytes;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
write_texts(writer *w, const char *key, const struct text *list, size_t count)
{
	writer_text(w, text_of(key));
	writer_array(w, count);
	for (size_t i = 0; i < count; i++)
		writer_text(w, list[i]);
}

static void
write_held(writer *w, const struct standing_held *h)
{
	writer_array(w, 3);
	writer_uint(w, h->at.seq);
	writer_bin(w, h->at.hash, HASH_BYTES);
	writer_text(w, h->reason);
}

/* Left out while there is none: a hub of before has no such key. */
static void
write_probes(writer *w, const struct point *list, size_t count)
{
	writer_text(w, text_of(keys[KEY_PROBES]));
	writer_array(w, count);
	for (size_t i = 0; i < count; i++)
		writer_point(w, &list[i]);
}

static void
write_version(writer *w, const struct standing_version *v)
{
	writer_uint(w, v->seq);
	writer_bin(w, v->hash, HASH_PREFIX_BYTES);
}

/* Left out as the probes are. */
static void
write_others(writer *w, const struct standing_other *list, size_t count)
{
	writer_text(w, text_of(keys[KEY_OTHERS]));
	writer_array(w, count);
	for (size_t i = 0; i < count; i++) {
		writer_array(w, OTHER_CELLS);
		write_version(w, &list[i].own);
		writer_uint(w, list[i].is_void);
		writer_bin(w, list[i].feed, FEED_BYTES);
		write_version(w, &list[i].stands);
	}
}

/* By the largest size that a row may have: no need to write and look.  Conflicts
 * go first because a person has to settle them; held events may settle
 * themselves, with the next plan or when what they wait for arrives; where another
 * device's version stands, the record is as somebody wants it. */
status
standing_encode(const struct standing_rows *rows, writer *w)
{
	size_t probes = least(rows->probe_count, STANDING_PROBES_MAX);
	size_t fixed = FRAME_BYTES + probes * POINT_ROW_BYTES +
		texts_bytes(rows->locks, rows->lock_count) +
		texts_bytes(rows->remarks, rows->remark_count);
	size_t room, conflicts, held, others;

	if (fixed > STANDING_BYTES_MAX)
		return ST_LIMIT;
	room = STANDING_BYTES_MAX - fixed;
	conflicts = least(rows->conflict_count, room / POINT_ROW_BYTES);
	room -= conflicts * POINT_ROW_BYTES;
	held = least(least(rows->held_count, STANDING_HELD_MAX), room / HELD_ROW_BYTES);
	room -= held * HELD_ROW_BYTES;
	others = least(least(rows->other_count, STANDING_OTHERS_MAX), room / OTHER_ROW_BYTES);

	writer_clear(w);
	writer_map(w, (size_t) KEYS_ - (probes == 0) - (others == 0));
	writer_text(w, text_of(keys[KEY_CONFLICTS]));
	writer_array(w, conflicts);
	for (size_t i = 0; i < conflicts; i++)
		writer_point(w, &rows->conflicts[i]);
	writer_text(w, text_of(keys[KEY_HELD]));
	writer_array(w, held);
	for (size_t i = 0; i < held; i++)
		write_held(w, &rows->held[i]);
	writer_text(w, text_of(keys[KEY_HELD_TOTAL]));
	writer_uint(w, rows->held_total);
	write_texts(w, keys[KEY_LOCKS], rows->locks, rows->lock_count);
	if (others > 0)
		write_others(w, rows->others, others);
	if (probes > 0)
		write_probes(w, rows->probes, probes);
	write_texts(w, keys[KEY_REMARKS], rows->remarks, rows->remark_count);
	writer_text(w, text_of(keys[KEY_V]));
	writer_uint(w, STANDING_VERSION);
	return writer_status(w);
}

/* ---- reading ----
 *
 * The same functions check a row when the whole is decoded and give it out when
 * a list is walked. */

static struct point
read_point(reader *r)
{
	struct point p = reader_point(r);

	if (p.seq == 0) /* the beginning is no event */
		reader_fail(r, ST_MALFORMED);
	return p;
}

static struct standing_held
read_held(reader *r)
{
	struct standing_held h = { 0 };
	const uint8_t *hash;

	if (reader_array(r, 3) != 3)
		reader_fail(r, ST_MALFORMED);
	h.at.seq = reader_uint(r, INT64_MAX);
	hash = reader_fixed(r, HASH_BYTES);
	h.reason = reader_text(r, CODE_BYTES_MAX);
	if (h.at.seq == 0 || !code_valid(h.reason))
		reader_fail(r, ST_MALFORMED);
	if (hash)
		memcpy(h.at.hash, hash, HASH_BYTES);
	return h;
}

static struct standing_version
read_version(reader *r)
{
	struct standing_version v = { .seq = reader_uint(r, INT64_MAX) };
	const uint8_t *hash = reader_fixed(r, HASH_PREFIX_BYTES);

	if (v.seq == 0)
		reader_fail(r, ST_MALFORMED);
	if (hash)
		memcpy(v.hash, hash, HASH_PREFIX_BYTES);
	return v;
}

static struct standing_other
read_other(reader *r)
{
	struct standing_other o = { .is_void = false };
	const uint8_t *feed;

	if (reader_array(r, OTHER_CELLS) != OTHER_CELLS)
		reader_fail(r, ST_MALFORMED);
	o.own = read_version(r);
	o.is_void = reader_uint(r, 1) == 1;
	feed = reader_fixed(r, FEED_BYTES);
	if (feed)
		memcpy(o.feed, feed, FEED_BYTES);
	o.stands = read_version(r);
	return o;
}

static struct text
read_text(reader *r)
{
	return reader_text(r, STANDING_REMARK_BYTES_MAX);
}

/* The rows are read once here, to be checked, and once when they are walked, so
 * that nothing need be allocated for them. */
static struct standing_list
list_here(reader *r, size_t max)
{
	size_t count = reader_array(r, max);

	return (struct standing_list) { .left = count, .at = *r };
}

static struct standing_list
points_here(reader *r)
{
	/* no bound of its own: what bounds it is the size of the whole */
	struct standing_list list = list_here(r, STANDING_BYTES_MAX);

	for (size_t i = 0; i < list.left && r->st == ST_OK; i++)
		read_point(r);
	return list;
}

static struct standing_list
held_here(reader *r)
{
	struct standing_list list = list_here(r, STANDING_HELD_MAX);

	for (size_t i = 0; i < list.left && r->st == ST_OK; i++)
		read_held(r);
	return list;
}

static struct standing_list
others_here(reader *r)
{
	struct standing_list list = list_here(r, STANDING_OTHERS_MAX);

	for (size_t i = 0; i < list.left && r->st == ST_OK; i++)
		read_other(r);
	return list;
}

static struct standing_list
texts_here(reader *r)
{
	struct standing_list list = list_here(r, STANDING_BYTES_MAX);

	for (size_t i = 0; i < list.left && r->st == ST_OK; i++)
		read_text(r);
	return list;
}

/* KEYS_ for one that is not known. */
static enum key
key_of(struct text name)
{
	int k = 0;

	while (k < KEYS_ && !text_is(name, keys[k]))
		k++;
	return (enum key) k;
}

static void
read_value(reader *r, enum key key, struct standing *s, uint64_t *ret_version)
{
	switch (key) {
	case KEY_CONFLICTS: s->conflicts = points_here(r); break;
	case KEY_HELD: s->held = held_here(r); break;
	case KEY_HELD_TOTAL: s->held_total = reader_uint(r, INT64_MAX); break;
	case KEY_LOCKS: s->locks = texts_here(r); break;
	case KEY_OTHERS: s->others = others_here(r); break;
	case KEY_PROBES: s->probes = points_here(r); break;
	case KEY_REMARKS: s->remarks = texts_here(r); break;
	case KEY_V: *ret_version = reader_uint(r, UINT32_MAX); break;
	case KEYS_: reader_skip(r); break;
	}
}

status
standing_decode(const void *bytes, size_t len, struct standing *ret_standing)
{
	struct standing s = { 0 };
	reader r = reader_of(bytes, len);
	struct text last = { 0 };
	uint64_t version = 0;
	unsigned found = 0;
	size_t left;

	if (len > STANDING_BYTES_MAX)
		return ST_LIMIT;
	left = reader_map(&r, SIZE_MAX);
	for (; left > 0 && r.st == ST_OK; left--) {
		struct text name = reader_key(&r, &last);
		enum key key = key_of(name);

		if (name.len > 0 && name.at[0] == '!')
			reader_fail(&r, ST_MALFORMED);
		read_value(&r, key, &s, &version);
		found |= 1u << key;
	}
	if (reader_end(&r) < 0)
		return r.st;
	/* the bit of KEYS_, for unknown keys, lies outside the mask */
	if (~found & ((1u << KEYS_) - 1) & ~(1u << KEY_PROBES | 1u << KEY_OTHERS))
		return ST_MALFORMED;
	if (version != STANDING_VERSION)
		return ST_VERSION;
	*ret_standing = s;
	return ST_OK;
}

/* Here and below: the row was checked when the whole was decoded, so reading cannot
 * fail. */
bool
standing_next_point(struct standing_list *list, struct point *ret_at)
{
	if (list->left == 0)
		return false;
	list->left--;
	*ret_at = read_point(&list->at);
	return true;
}

bool
standing_next_held(struct standing_list *list, struct standing_held *ret_held)
{
	if (list->left == 0)
		return false;
	list->left--;
	*ret_held = read_held(&list->at);
	return true;
}

bool
standing_next_other(struct standing_list *list, struct standing_other *ret_other)
{
	if (list->left == 0)
		return false;
	list->left--;
	*ret_other = read_other(&list->at);
	return true;
}

bool
standing_next_text(struct standing_list *list, struct text *ret_text)
{
	if (list->left == 0)
		return false;
	list->left--;
	*ret_text = read_text(&list->at);
	return true;
}
