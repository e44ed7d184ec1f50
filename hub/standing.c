#include "hub/standing.h"

#include <stdlib.h>

#include "hub/documents.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/others.h"
#include "hub/probes.h"
#include "hub/remarks.h"
#include "hub/rows.h"

/* There are no more quarters.  More conflicts and remarks of one feed are left out: with as
 * many, and all held events that are listed, the document stays below STANDING_BYTES_MAX. */
enum {
	KEY_BYTES = 1 + FEED_BYTES,
	VERSION_BYTES = 8,
	CONFLICTS_MAX = 4096,
	REMARKS_MAX = 32,
	LOCKS_MAX = 1200,
};

static void
version_key(const uint8_t *feed, uint8_t out[static KEY_BYTES])
{
	out[0] = 's';
	memcpy(out + 1, feed, FEED_BYTES);
}

/* The size of the journal is the version: it grows with all that can change a standing,
 * so there need be no counter. */
status
standing_touch(kv_txn *txn, const uint8_t feed[static FEED_BYTES])
{
	uint8_t key[KEY_BYTES], value[VERSION_BYTES];

	if (kv_is_aside(txn))
		return ST_OK; /* nobody is told yet; once it is in force, all are */
	version_key(feed, key);
	put_u64(value, journal_size(txn));
	return kv_put(txn, TABLE_META, (struct bytes) { key, sizeof(key) },
	              (struct bytes) { value, sizeof(value) });
}

/* Every enrolled feed, the next one after a feed: a walk must not go on over
 * writes.  A feed and this byte is behind that feed and its losses, whose numbers
 * stay below 2^63. */
status
standing_touch_all(kv_txn *txn)
{
	uint8_t feed[FEED_BYTES + 1] = { [FEED_BYTES] = 0xff };
	status st = ST_OK;

	for (size_t len = 0; st == ST_OK; len = sizeof(feed)) {
		struct kv_walk walk;
		bool more = kv_seek(txn, TABLE_REGISTRY, (struct bytes) { feed, len }, &walk);

		if (more && walk.key.len == FEED_BYTES)
			memcpy(feed, walk.key.at, FEED_BYTES);
		st = more ? ST_OK : walk.st;
		kv_walk_done(&walk);
		if (!more)
			return st;
		st = standing_touch(txn, feed);
	}
	return st;
}

status
hub_standing_version(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_version)
{
	uint8_t key[KEY_BYTES];
	struct bytes value;
	status st;

	version_key(feed, key);
	st = kv_get(txn, TABLE_META, (struct bytes) { key, sizeof(key) }, &value);
	if (st == ST_OK)
		return total_read(value, ret_version);
	if (st == ST_NOT_FOUND)
		*ret_version = 0;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- the document ---- */

struct gathered {
	struct standing_held held[STANDING_HELD_MAX];
	struct point conflicts[CONFLICTS_MAX];
	struct point probes[STANDING_PROBES_MAX];
	struct standing_other others[STANDING_OTHERS_MAX];
	struct text remarks[REMARKS_MAX];
	char lock_texts[LOCKS_MAX][QUARTER_TEXT_BYTES];
	struct text locks[LOCKS_MAX];
	struct standing_rows rows;
};

static struct point
point_of_id(const uint8_t *id)
{
	struct point p;

	event_id_read(id, &p);
	return p;
}

/* To the end, beyond what is listed: the device is told how many there are in all. */
static status
gather_held(kv_txn *txn, const uint8_t *feed, struct gathered *g)
{
	struct kv_walk walk;
	status st;

	for (bool more = kv_seek(txn, TABLE_HELD, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && walk.key.len == EVENT_ID_BYTES && memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_next(&walk)) {
		if (g->rows.held_total++ < STANDING_HELD_MAX)
			g->held[g->rows.held_count++] = (struct standing_held) {
				point_of_id(walk.key.at),
				{ (const char *) walk.value.at, walk.value.len }
			};
	}
	st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static int
compare_points(const void *one, const void *two)
{
	const struct point *a = one, *b = two;

	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return memcmp(a->hash, b->hash, HASH_BYTES);
}

/* The heads of the feed in all conflicts: few, so all rows are looked at. */
static status
gather_conflicts(kv_txn *txn, const uint8_t *feed, struct gathered *g)
{
	struct kv_walk walk;
	status st;

	for (bool more = kv_seek(txn, TABLE_CONFLICTS, (struct bytes) { 0 }, &walk); more;
	     more = kv_next(&walk)) {
		for (size_t at = 0; at + EVENT_ID_BYTES <= walk.value.len; at += EVENT_ID_BYTES) {
			if (memcmp(walk.value.at + at, feed, FEED_BYTES) == 0 &&
			    g->rows.conflict_count < CONFLICTS_MAX)
				g->conflicts[g->rows.conflict_count++] = point_of_id(walk.value.at +
				                                                     at);
		}
	}
	st = walk.st;
	kv_walk_done(&walk);
	qsort(g->conflicts, g->rows.conflict_count, sizeof(*g->conflicts), compare_points);
	return st;
}

static status
note_lock(void *ctx, const struct office_document *d)
{
	struct gathered *g = ctx;
	size_t i = g->rows.lock_count;
	char text[QUARTER_TEXT_BYTES];

	quarter_format(d->number, text);
	/* ascending, and there may be several of one quarter */
	if (i == LOCKS_MAX || (i > 0 && strcmp(g->lock_texts[i - 1], text) == 0))
		return ST_OK;
	memcpy(g->lock_texts[i], text, sizeof(text));
	g->locks[i] = text_of(g->lock_texts[i]);
	g->rows.lock_count++;
	return ST_OK;
}

/* ---- what the office says ---- */

struct gathering_remarks {
	struct gathered *g;
	struct device device;
	writer text; /* all of them, one behind the other */
	size_t ends[REMARKS_MAX];
};

/* "DEVICE-NUMBER: what it says" */
static status
gather_remark(void *ctx, const struct remark *r)
{
	struct gathering_remarks *to = ctx;
	struct point at = { .seq = r->seq };
	char ref[REF_TEXT_BYTES];

	if (r->replaced || to->g->rows.remark_count == REMARKS_MAX ||
	    !device_has_unit(&to->device, r->unit))
		return ST_OK;
	ref_text(r->feed, &at, false, ref);
	writer_raw(&to->text, ref, strlen(ref));
	writer_raw(&to->text, ": ", 2);
	writer_raw(&to->text, r->text.at, r->text.len);
	to->ends[to->g->rows.remark_count++] = writer_bytes(&to->text).len;
	return writer_status(&to->text);
}

/* The texts are found when all are written, since the writer may move them. */
static status
gather_remarks(kv_txn *txn, const uint8_t *feed, struct gathering_remarks *to)
{
	struct gathered *g = to->g;
	size_t begin = 0;
	status st = registry_device(txn, feed, &to->device);

	if (st == ST_OK)
		st = remarks_each(txn, NULL, gather_remark, to);
	for (size_t i = 0; i < g->rows.remark_count; i++) {
		g->remarks[i] = (struct text) { (const char *) writer_bytes(&to->text).at + begin,
			                        to->ends[i] - begin };
		begin = to->ends[i];
	}
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* The reasons point into the map, so they are encoded before anything is written. */
status
hub_standing(kv_txn *txn, const uint8_t feed[static FEED_BYTES], writer *w)
{
	struct gathered *g = calloc(1, sizeof(*g));
	struct gathering_remarks remarks = { .g = g };
	status st;

	if (!g)
		return ST_NOMEM;
	writer_init(&remarks.text);
	g->rows.remarks = g->remarks;
	g->rows.held = g->held;
	g->rows.conflicts = g->conflicts;
	g->rows.probes = g->probes;
	g->rows.others = g->others;
	g->rows.locks = g->locks;
	st = gather_held(txn, feed, g);
	if (st == ST_OK)
		st = gather_conflicts(txn, feed, g);
	if (st == ST_OK)
		st = probes_of(txn, feed, g->probes, &g->rows.probe_count);
	if (st == ST_OK)
		st = others_of(txn, feed, g->others, &g->rows.other_count);
	if (st == ST_OK)
		st = documents_each(txn, KIND_LOCK, note_lock, g);
	if (st == ST_OK)
		st = gather_remarks(txn, feed, &remarks);
	if (st == ST_OK)
		st = standing_encode(&g->rows, w);
	writer_done(&remarks.text);
	free(g);
	return st;
}
