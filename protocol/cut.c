#include "protocol/cut.h"

#include "protocol/codec.h"

/* ---- leaves ---- */

size_t
leaves_count(const struct leaves *l)
{
	return l->at.len / LEAF_BYTES;
}

const uint8_t *
leaves_get(const struct leaves *l, size_t i, struct point *ret_at)
{
	const uint8_t *leaf = l->at.at + i * LEAF_BYTES;

	ret_at->seq = get_u64(leaf + FEED_BYTES);
	memcpy(ret_at->hash, leaf + FEED_BYTES + 8, HASH_BYTES);
	return leaf;
}

/* The first leaf whose feed is not below that one, or not even it. */
static size_t
first_of(const struct leaves *l, const uint8_t *feed, bool behind)
{
	size_t low = 0, high = leaves_count(l);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(l->at.at + middle * LEAF_BYTES, feed, FEED_BYTES);

		if (order < 0 || (behind && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct leaves
leaves_of_feed(const struct leaves *l, const uint8_t feed[static FEED_BYTES])
{
	size_t from = first_of(l, feed, false), to = first_of(l, feed, true);

	if (from == to)
		return (struct leaves) { { NULL, 0 } };
	return (struct leaves) { { l->at.at + from * LEAF_BYTES, (to - from) * LEAF_BYTES } };
}

/* The beginning of a feed is no event, and so no leaf. */
static bool
leaves_valid(const struct leaves *l)
{
	if (l->at.len % LEAF_BYTES != 0)
		return false;
	for (size_t i = 0; i < leaves_count(l); i++) {
		const uint8_t *leaf = l->at.at + i * LEAF_BYTES;
		uint64_t seq = get_u64(leaf + FEED_BYTES);

		if (seq == 0 || seq > INT64_MAX ||
		    (i > 0 && memcmp(leaf - LEAF_BYTES, leaf, LEAF_BYTES) >= 0))
			return false;
	}
	return true;
}

/* ---- maps ---- */

static status
read_map(struct bytes bytes, const struct codec_field *fields, size_t count, void *out,
         uint64_t *ret_has)
{
	reader r = reader_of(bytes.at, bytes.len);
	bool critical = false;
	status st;

	codec_read(&r, fields, count, out, ret_has, &critical);
	st = reader_end(&r);
	return st == ST_OK && critical ? ST_VERSION : st;
}

/* ---- cuts ---- */

/* As it stands in the map. */
struct cut_map {
	int64_t cutoff;
	struct bytes gaps, leaves, hub;
	uint64_t period, version;
	const uint8_t *plan, *registry, *set, *state;
};

enum {
	CUT_CUTOFF,
	CUT_GAPS,
	CUT_HUB,
	CUT_LEAVES,
	CUT_PERIOD,
	CUT_PLAN,
	CUT_REGISTRY,
	CUT_SET,
	CUT_STATE,
	CUT_V,
	CUT_FIELDS_
};

#define BIT(field) (UINT64_C(1) << (field))

#define AT(member) offsetof(struct cut_map, member)
/* clang-format off */
static const struct codec_field cut_fields[CUT_FIELDS_] = {
	[CUT_CUTOFF]   = { "cutoff",   CODEC_INT,   AT(cutoff),   DATE_MIN, DATE_MAX, true },
	[CUT_GAPS]     = { "gaps",     CODEC_BIN,   AT(gaps),     0, LEAVES_MAX * LEAF_BYTES, true },
	[CUT_HUB]      = { "hub",      CODEC_BIN,   AT(hub),      0, LANES_MAX * LEAF_BYTES, true },
	[CUT_LEAVES]   = { "leaves",   CODEC_BIN,   AT(leaves),   0, LEAVES_MAX * LEAF_BYTES, true },
	[CUT_PERIOD]   = { "period",   CODEC_UINT,  AT(period),   QUARTER_MIN, QUARTER_MAX, false },
	[CUT_PLAN]     = { "plan",     CODEC_FIXED, AT(plan),     0, HASH_BYTES, true },
	[CUT_REGISTRY] = { "registry", CODEC_FIXED, AT(registry), 0, HASH_BYTES, true },
	[CUT_SET]      = { "set",      CODEC_FIXED, AT(set),      0, HASH_BYTES, true },
	[CUT_STATE]    = { "state",    CODEC_FIXED, AT(state),    0, HASH_BYTES, true },
	[CUT_V]        = { "v",        CODEC_UINT,  AT(version),  1, UINT32_MAX, true },
};
/* clang-format on */
#undef AT

status
cut_read(struct bytes bytes, struct cut *ret_cut)
{
	struct cut_map m = { .version = 0 };
	struct cut c;
	uint64_t has = 0;
	status st = read_map(bytes, cut_fields, CUT_FIELDS_, &m, &has);

	if (st < 0)
		return st;
	if (m.version != CUT_VERSION)
		return ST_VERSION;
	c = (struct cut) {
		.cutoff = (date) m.cutoff,
		.has_period = (has & BIT(CUT_PERIOD)) != 0,
		.period = m.period,
		.leaves = { m.leaves },
		.gaps = { m.gaps },
		.hub = { m.hub },
		.plan = m.plan,
		.registry = m.registry,
		.set = m.set,
		.state = m.state,
	};
	if (!leaves_valid(&c.leaves) || !leaves_valid(&c.gaps) || !leaves_valid(&c.hub))
		return ST_MALFORMED;
	*ret_cut = c;
	return ST_OK;
}

status
cut_write(const struct cut *c, writer *w)
{
	const struct cut_map m = {
		.cutoff = c->cutoff,
		.gaps = c->gaps.at,
		.hub = c->hub.at,
		.leaves = c->leaves.at,
		.period = c->period,
		.plan = c->plan,
		.registry = c->registry,
		.set = c->set,
		.state = c->state,
		.version = CUT_VERSION,
	};
	uint64_t has = BIT(CUT_FIELDS_) - 1;

	if (leaves_count(&c->leaves) > LEAVES_MAX || leaves_count(&c->gaps) > LEAVES_MAX ||
	    leaves_count(&c->hub) > LANES_MAX)
		return ST_LIMIT;
	if (!c->has_period)
		has &= ~BIT(CUT_PERIOD);
	writer_clear(w);
	codec_write(w, cut_fields, CUT_FIELDS_, &m, has);
	return writer_status(w);
}

/* ---- locks ---- */

struct lock_map {
	struct bytes leaves;
	uint64_t quarter, version;
};

enum { LOCK_LEAVES, LOCK_QUARTER, LOCK_V, LOCK_FIELDS_ };

#define AT(member) offsetof(struct lock_map, member)
/* clang-format off */
static const struct codec_field lock_fields[LOCK_FIELDS_] = {
	[LOCK_LEAVES]  = { "leaves",  CODEC_BIN,  AT(leaves),  0, LEAVES_MAX * LEAF_BYTES, true },
	[LOCK_QUARTER] = { "quarter", CODEC_UINT, AT(quarter), QUARTER_MIN, QUARTER_MAX, true },
	[LOCK_V]       = { "v",       CODEC_UINT, AT(version), 1, UINT32_MAX, true },
};
/* clang-format on */
#undef AT

status
lock_read(struct bytes bytes, struct lock *ret_lock)
{
	struct lock_map m = { .version = 0 };
	struct lock l;
	uint64_t has = 0;
	status st = read_map(bytes, lock_fields, LOCK_FIELDS_, &m, &has);

	if (st < 0)
		return st;
	if (m.version != LOCK_VERSION)
		return ST_VERSION;
	l = (struct lock) { .quarter = m.quarter, .leaves = { m.leaves } };
	if (!leaves_valid(&l.leaves))
		return ST_MALFORMED;
	*ret_lock = l;
	return ST_OK;
}

status
lock_write(const struct lock *l, writer *w)
{
	const struct lock_map m = { l->leaves.at, l->quarter, LOCK_VERSION };

	if (leaves_count(&l->leaves) > LEAVES_MAX)
		return ST_LIMIT;
	writer_clear(w);
	codec_write(w, lock_fields, LOCK_FIELDS_, &m, BIT(LOCK_FIELDS_) - 1);
	return writer_status(w);
}
