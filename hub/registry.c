#include "hub/registry.h"

#include <sodium.h>

#include "hub/hub.h"
#include "hub/journal.h"

enum { NUMBER_MAX_BYTES = 8 };

static const char NUMBER_KEY[] = "registry"; /* in TABLE_META: the highest number */
static const char HASH_TAG[] = "valija/registry/1";
static const char ACT_ENROLL[] = "enroll";

/* Words of the format: they stand in the entries of the journal. */
static const char *const role_names[] = {
	[ROLE_DEVICE] = "device",
	[ROLE_OFFICE] = "office",
	[ROLE_HUB] = "hub",
};

/* An entry as it is in the journal; texts point into it. */
struct entry {
	struct text act, role_name;
	int64_t at_ms;
	const uint8_t *curve, *feed;
	uint64_t number;
	struct codes units;
};

#define AT(member) offsetof(struct entry, member)

static const struct codec_field fields[] = {
	{ "act", CODEC_CODE, AT(act), 0, 0, true },
	{ "at", CODEC_INT, AT(at_ms), INT64_MIN, INT64_MAX, true },
	{ "curve", CODEC_FIXED, AT(curve), 0, CURVE_BYTES, true },
	{ "feed", CODEC_FIXED, AT(feed), 0, FEED_BYTES, true },
	{ "number", CODEC_UINT, AT(number), 1, INT64_MAX, true },
	{ "role", CODEC_CODE, AT(role_name), 0, 0, true },
	{ "units", CODEC_CODES, AT(units), 0, UNITS_MAX, false },
};

/* Units are the last field.  An empty list cannot be written, so the hub's own entry
 * leaves the field out. */
enum { FIELDS_ = sizeof(fields) / sizeof(fields[0]), HAS_UNITS = 1 << (FIELDS_ - 1) };

const char *
device_role_name(device_role role)
{
	return role_names[role];
}

static bool
role_of(struct text name, device_role *ret_role)
{
	for (int r = ROLE_DEVICE; r <= ROLE_HUB; r++) {
		if (text_is(name, role_names[r])) {
			*ret_role = (device_role) r;
			return true;
		}
	}
	return false;
}

/* ---- reading ---- */

/* What is not understood is refused as a whole: a grant that is half understood might
 * give more than was meant. */
static status
entry_decode(struct bytes bytes, struct entry *ret_entry, device_role *ret_role)
{
	reader r = reader_of(bytes.at, bytes.len);
	struct entry e = { 0 };
	uint64_t has;
	bool critical;

	codec_read(&r, fields, FIELDS_, &e, &has, &critical);
	if (reader_end(&r) < 0)
		return ST_MALFORMED;
	if (critical || !text_is(e.act, ACT_ENROLL) || !role_of(e.role_name, ret_role))
		return ST_VERSION;
	*ret_entry = e;
	return ST_OK;
}

/* unit_bytes has room for whatever could be decoded: UNITS_MAX codes and a 0 for each. */
static void
device_fill(struct device *d, const struct entry *e, device_role role)
{
	char *space = d->unit_bytes;

	memcpy(d->feed, e->feed, FEED_BYTES);
	memcpy(d->curve, e->curve, CURVE_BYTES);
	d->role = role;
	d->number = e->number;
	d->enrolled_ms = e->at_ms;
	d->units.count = e->units.count;
	for (size_t i = 0; i < e->units.count; i++) {
		struct text unit = e->units.list[i];

		memcpy(space, unit.at, unit.len);
		space[unit.len] = '\0';
		d->units.list[i] = (struct text) { space, unit.len };
		space += unit.len + 1;
	}
}

static status
device_read(struct bytes value, struct device *ret_device)
{
	device_role role;
	struct entry e;
	status st = entry_decode(value, &e, &role);

	if (st < 0)
		return st;
	device_fill(ret_device, &e, role);
	return ST_OK;
}

status
registry_device(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct device *ret_device)
{
	struct bytes value;
	status st = kv_get(txn, TABLE_REGISTRY, (struct bytes) { feed, FEED_BYTES }, &value);

	return st == ST_OK ? device_read(value, ret_device) : st;
}

static bool
codes_have(const struct codes *codes, struct text code)
{
	for (size_t i = 0; i < codes->count; i++)
		if (text_equal(codes->list[i], code))
			return true;
	return false;
}

bool
device_has_unit(const struct device *d, struct text unit)
{
	return codes_have(&d->units, unit);
}

bool
device_may_publish(const struct device *d)
{
	return d->role != ROLE_DEVICE;
}

status
registry_each(kv_txn *txn, status (*visit)(void *ctx, const struct device *d), void *ctx)
{
	struct kv_walk walk;
	struct device d;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_REGISTRY, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		st = device_read(walk.value, &d);
		if (st == ST_OK)
			st = visit(ctx, &d);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

uint64_t
registry_number(kv_txn *txn)
{
	struct bytes value;

	if (kv_get(txn, TABLE_META,
	           (struct bytes) { (const uint8_t *) NUMBER_KEY, strlen(NUMBER_KEY) },
	           &value) < 0 ||
	    value.len != NUMBER_MAX_BYTES)
		return 0;
	return get_u64(value.at);
}

/* ---- writing ---- */

/* A later entry of a feed takes the place of the earlier one, and numbers ascend in the
 * journal: so the last one applied has the highest. */
status
registry_apply(kv_txn *txn, struct bytes entry)
{
	uint8_t number[NUMBER_MAX_BYTES];
	device_role role;
	struct entry e;
	status st = entry_decode(entry, &e, &role);

	if (st < 0)
		return st;
	put_u64(number, e.number);
	st = kv_put(txn, TABLE_REGISTRY, (struct bytes) { e.feed, FEED_BYTES }, entry);
	if (st < 0)
		return st;
	return kv_put(txn, TABLE_META,
	              (struct bytes) { (const uint8_t *) NUMBER_KEY, strlen(NUMBER_KEY) },
	              (struct bytes) { number, sizeof(number) });
}

/* Into the journal, then into the table.  The number is the next one. */
static status
enter(kv_txn *txn, struct entry *e, device_role role, int64_t now_ms)
{
	uint64_t offset, has = (1 << FIELDS_) - 1;
	struct bytes bytes;
	writer w;
	status st;

	e->act = text_of(ACT_ENROLL);
	e->role_name = text_of(role_names[role]);
	e->number = registry_number(txn) + 1;
	e->at_ms = now_ms;
	if (e->units.count == 0)
		has &= ~(uint64_t) HAS_UNITS;
	writer_init(&w);
	codec_write(&w, fields, FIELDS_, e, has);
	st = writer_status(&w);
	bytes = writer_bytes(&w);
	if (st == ST_OK)
		st = journal_append(txn, JOURNAL_REGISTRY, now_ms, bytes, &offset);
	if (st == ST_OK)
		st = registry_apply(txn, bytes);
	writer_done(&w);
	return st;
}

status
registry_enroll_hub(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                    const uint8_t curve[static CURVE_BYTES], int64_t now_ms)
{
	struct entry e = { .feed = feed, .curve = curve };

	return enter(txn, &e, ROLE_HUB, now_ms);
}

/* Entries are grants: what one of them made count must not cease to count by the next.
 * The hub's own feed is entered once and for all. */
static bool
takes_away(const struct device *old, const struct request *r, device_role role)
{
	if (old->role == ROLE_HUB || (old->role == ROLE_OFFICE && role != ROLE_OFFICE))
		return true;
	for (size_t i = 0; i < old->units.count; i++)
		if (!codes_have(&r->units, old->units.list[i]))
			return true;
	return false;
}

static status
has_events(kv_txn *txn, const uint8_t feed[static FEED_BYTES], bool *ret_has)
{
	struct point leaf;
	size_t count;
	status st = journal_leaves(txn, feed, &leaf, 1, &count);

	if (st == ST_OK)
		*ret_has = count > 0;
	return st;
}

status
registry_enroll(kv_txn *txn, const struct request *r, device_role role, int64_t now_ms,
                bool *ret_refold)
{
	struct entry e = { .feed = r->feed, .curve = r->curve, .units = r->units };
	struct device old;
	bool changes = true, events = false;
	status st = registry_device(txn, r->feed, &old);

	if (st == ST_OK) {
		if (takes_away(&old, r, role))
			return ST_INVALID;
		/* units were only added, so as many are the same ones */
		changes = role != old.role || r->units.count != old.units.count;
		if (!changes && memcmp(old.curve, r->curve, CURVE_BYTES) == 0)
			return ST_EXISTS;
		st = has_events(txn, r->feed, &events);
	} else if (st == ST_NOT_FOUND) {
		st = ST_OK;
	}
	if (st == ST_OK)
		st = enter(txn, &e, role, now_ms);
	/* Of a feed that was not enrolled no batch was taken; a new CURVE key is about the
	 * connection alone. */
	if (st == ST_OK)
		*ret_refold = changes && events;
	return st;
}

/* ---- the hash ---- */

/* Each unit with the 0 behind it, and one more 0 as the end: two lists of units never
 * give the same bytes. */
static status
hash_device(void *ctx, const struct device *d)
{
	uint8_t role = d->role == ROLE_OFFICE ? 'o' : 'd';

	if (d->role == ROLE_HUB)
		return ST_OK;
	crypto_generichash_update(ctx, d->feed, FEED_BYTES);
	crypto_generichash_update(ctx, &role, 1);
	for (size_t i = 0; i < d->units.count; i++)
		crypto_generichash_update(ctx, (const uint8_t *) d->units.list[i].at,
		                          d->units.list[i].len + 1);
	crypto_generichash_update(ctx, (const uint8_t *) "", 1);
	return ST_OK;
}

status
registry_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES])
{
	crypto_generichash_state state;
	status st;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) HASH_TAG, strlen(HASH_TAG));
	st = registry_each(txn, hash_device, &state);
	if (st == ST_OK)
		crypto_generichash_final(&state, ret_hash, HASH_BYTES);
	return st;
}
