/* The acts of the registry: made, entered into the journal, applied to the table.  What
 * applying does follows from the entry and the entries before it alone. */
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/registry_entry.h"
#include "hub/rollback.h"

static const char CONFIRMED_KEY[] = "confirmed"; /* in TABLE_META */

enum { NUMBER_BYTES = 8, LOSS_KEY_BYTES = FEED_BYTES + NUMBER_BYTES };

/* ---- rows ---- */

static status
put_row(kv_txn *txn, struct bytes key, const struct entry *e)
{
	writer w;
	status st;

	writer_init(&w);
	st = entry_encode(e, &w);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_REGISTRY, key, writer_bytes(&w));
	writer_done(&w);
	return st;
}

static status
put_device(kv_txn *txn, const struct entry *e)
{
	return put_row(txn, (struct bytes) { e->feed, FEED_BYTES }, e);
}

static void
loss_key(const uint8_t *feed, uint64_t number, uint8_t out[static LOSS_KEY_BYTES])
{
	memcpy(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, number);
}

/* The first loss of the feed with at least that number; ret_loss points into the store.
 * A walk must not go on over writes, so each is sought anew. */
static status
next_loss(kv_txn *txn, const uint8_t *feed, uint64_t number, struct entry *ret_loss)
{
	uint8_t key[LOSS_KEY_BYTES];
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	loss_key(feed, number, key);
	if (kv_seek(txn, TABLE_REGISTRY, (struct bytes) { key, sizeof(key) }, &walk) &&
	    walk.key.len == LOSS_KEY_BYTES && memcmp(walk.key.at, feed, FEED_BYTES) == 0)
		st = entry_decode(walk.value, ret_loss);
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static void
remove_units(struct codes *from, const struct codes *these)
{
	size_t kept = 0;

	for (size_t i = 0; i < from->count; i++)
		if (!codes_have(these, from->list[i]))
			from->list[kept++] = from->list[i];
	from->count = kept;
}

/* Who has the one role may do all that the other may: the office reads too. */
static bool
grants_role(device_role granted, device_role wanted)
{
	return granted == wanted || (granted == ROLE_OFFICE && wanted == ROLE_READER);
}

/* What is granted is not lost any more, whatever lies above the frontier: a grant applies
 * to the whole feed. */
static status
drop_losses(kv_txn *txn, const struct entry *grant, uint64_t *ret_left)
{
	uint8_t key[LOSS_KEY_BYTES];
	struct entry loss;
	uint64_t left = 0;
	status st = ST_OK;

	for (uint64_t number = 0; st == ST_OK; number = loss.number + 1) {
		st = next_loss(txn, grant->feed, number, &loss);
		if (st < 0)
			break;
		loss_key(grant->feed, loss.number, key);
		remove_units(&loss.units, &grant->units);
		if (grants_role(grant->role, loss.role))
			loss.role = ROLE_DEVICE;
		if (loss.units.count > 0 || loss.role != ROLE_DEVICE) {
			st = put_row(txn, (struct bytes) { key, sizeof(key) }, &loss);
			left++;
		} else {
			st = kv_delete(txn, TABLE_REGISTRY, (struct bytes) { key, sizeof(key) });
		}
	}
	*ret_left = left;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- applying ---- */

/* A copy of the row of a device, which writes do not move. */
static status
copy_device_row(kv_txn *txn, const uint8_t *feed, uint8_t **ret_copy, struct entry *ret_row)
{
	struct bytes value;
	uint8_t *copy;
	status st = kv_get(txn, TABLE_REGISTRY, (struct bytes) { feed, FEED_BYTES }, &value);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st; /* an act about nobody */
	copy = malloc(value.len + 1);
	if (!copy)
		return ST_NOMEM;
	memcpy(copy, value.at, value.len);
	st = entry_decode((struct bytes) { copy, value.len }, ret_row);
	if (st < 0)
		free(copy);
	else
		*ret_copy = copy;
	return st;
}

static status
apply_enroll(kv_txn *txn, const struct entry *e)
{
	struct entry row = *e;
	status st = drop_losses(txn, e, &row.losses);

	return st == ST_OK ? put_device(txn, &row) : st;
}

/* Of what the entry names only what the device has: the outcome must be the same, and be
 * sound, where entries of two hubs came together. */
static void
take_away(struct entry *row, const struct entry *e, struct entry *ret_loss)
{
	struct codes lost = { .count = 0 };

	for (size_t i = 0; i < e->units.count; i++)
		if (codes_have(&row->units, e->units.list[i]))
			lost.list[lost.count++] = e->units.list[i];
	*ret_loss = *e;
	ret_loss->units = lost;
	if (row->role != e->role)
		ret_loss->role = ROLE_DEVICE;
	remove_units(&row->units, &lost);
	if (ret_loss->role != ROLE_DEVICE)
		row->role = ROLE_DEVICE;
}

static status
apply_revoke(kv_txn *txn, const struct entry *e)
{
	uint8_t key[LOSS_KEY_BYTES], *copy = NULL;
	struct entry row, loss;
	status st = copy_device_row(txn, e->feed, &copy, &row);

	if (st < 0)
		return st;
	take_away(&row, e, &loss);
	if (row.role != ROLE_HUB && (loss.units.count > 0 || loss.role != ROLE_DEVICE)) {
		row.losses++;
		loss_key(e->feed, e->number, key);
		st = put_device(txn, &row);
		if (st == ST_OK)
			st = put_row(txn, (struct bytes) { key, sizeof(key) }, &loss);
	}
	free(copy);
	return st;
}

/* Both ascend.  *ret_len may be more than there is room for: then it is too long. */
static void
merge(struct bytes a, struct bytes b, uint8_t out[static FRONTIER_MAX * POINT_BYTES],
      size_t *ret_len)
{
	size_t len = 0;

	while (a.len > 0 || b.len > 0) {
		int order = a.len == 0 ? 1 : b.len == 0 ? -1 : memcmp(a.at, b.at, POINT_BYTES);
		struct bytes *from = order <= 0 ? &a : &b;

		if (len < FRONTIER_MAX * POINT_BYTES)
			memcpy(out + len, from->at, POINT_BYTES);
		len += POINT_BYTES;
		if (order == 0) {
			b.at += POINT_BYTES;
			b.len -= POINT_BYTES;
		}
		from->at += POINT_BYTES;
		from->len -= POINT_BYTES;
	}
	*ret_len = len;
}

/* Leaves that a frontier names already stay in it: they may not be here yet, where this
 * entry is made, and still be at another hub. */
static status
apply_admit(kv_txn *txn, const struct entry *e)
{
	uint8_t frontier[FRONTIER_MAX * POINT_BYTES], key[LOSS_KEY_BYTES];
	struct entry loss;
	status st = ST_OK;

	for (uint64_t number = 0; st == ST_OK; number = loss.number + 1) {
		size_t len;

		st = next_loss(txn, e->feed, number, &loss);
		if (st < 0)
			break;
		merge(loss.leaves, e->leaves, frontier, &len);
		if (len > sizeof(frontier))
			return ST_MALFORMED;
		loss.leaves = (struct bytes) { frontier, len };
		loss_key(e->feed, loss.number, key);
		st = put_row(txn, (struct bytes) { key, sizeof(key) }, &loss);
	}
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static struct bytes
confirmed_key(void)
{
	return (struct bytes) { (const uint8_t *) CONFIRMED_KEY, sizeof(CONFIRMED_KEY) - 1 };
}

static status
apply_confirm(kv_txn *txn, const struct entry *e)
{
	uint8_t value[2 * NUMBER_BYTES];

	put_u64(value, e->registry);
	put_u64(value + NUMBER_BYTES, e->plan);
	return kv_put(txn, TABLE_META, confirmed_key(), (struct bytes) { value, sizeof(value) });
}

status
registry_confirmed(kv_txn *txn, uint64_t *ret_registry, uint64_t *ret_plan_version)
{
	struct bytes value;
	status st = kv_get(txn, TABLE_META, confirmed_key(), &value);

	if (st == ST_OK && value.len != 2 * NUMBER_BYTES)
		return ST_MALFORMED;
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	*ret_registry = st == ST_OK ? get_u64(value.at) : 0;
	*ret_plan_version = st == ST_OK ? get_u64(value.at + NUMBER_BYTES) : 0;
	return ST_OK;
}

/* Numbers ascend in the journal: so the last one applied has the highest. */
status
registry_apply(kv_txn *txn, struct bytes entry)
{
	struct entry e;
	status st = entry_decode(entry, &e);

	if (st < 0)
		return st;
	switch (e.act) {
	case ACT_ENROLL: st = apply_enroll(txn, &e); break;
	case ACT_REVOKE: st = apply_revoke(txn, &e); break;
	case ACT_ADMIT: st = apply_admit(txn, &e); break;
	case ACT_CONFIRM: st = apply_confirm(txn, &e); break;
	case ACTS_: return ST_MALFORMED;
	}
	return st == ST_OK ? registry_set_number(txn, e.number) : st;
}

/* ---- entering ---- */

/* Above all that this hub gave out before it was put back to an older copy, if it was. */
static status
next_number(kv_txn *txn, uint64_t *ret_number)
{
	struct rollback met = { .registry = 0 };
	uint64_t own = registry_number(txn);
	status st = rollback_met(txn, &met);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	*ret_number = (met.registry > own ? met.registry : own) + 1;
	return ST_OK;
}

/* Into the journal, then into the table. */
static status
enter(kv_txn *txn, struct entry *e, int64_t now_ms)
{
	uint64_t offset;
	struct bytes bytes;
	writer w;
	status st = next_number(txn, &e->number);

	if (st < 0)
		return st;
	e->at_ms = now_ms;
	writer_init(&w);
	st = entry_encode(e, &w);
	bytes = writer_bytes(&w);
	if (st == ST_OK)
		st = journal_append(txn, JOURNAL_REGISTRY, now_ms, bytes, &offset);
	if (st == ST_OK)
		st = registry_apply(txn, bytes);
	writer_done(&w);
	return st;
}

/* ---- grants ---- */

status
registry_enroll_hub(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                    const uint8_t curve[static CURVE_BYTES], int64_t now_ms)
{
	struct entry e = { .act = ACT_ENROLL, .feed = feed, .curve = curve, .role = ROLE_HUB };

	return enter(txn, &e, now_ms);
}

/* Enrolling grants: what one entry made count must not cease to count by the next.  The
 * hub's own feed is entered once and for all. */
static bool
takes_away(const struct device *old, const struct request *r, device_role role)
{
	if (old->role == ROLE_HUB || (old->role != ROLE_DEVICE && !grants_role(role, old->role)))
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

struct counting {
	const struct codes *granted;
	size_t lost;
};

static status
count_lost(void *ctx, const struct loss *l)
{
	struct counting *c = ctx;

	for (size_t i = 0; i < l->units.count; i++)
		c->lost += !codes_have(c->granted, l->units.list[i]);
	return ST_OK;
}

/* All rights that a feed has at any of its events fit into one struct device. */
static status
has_room(kv_txn *txn, const struct request *r)
{
	struct counting c = { &r->units, 0 };
	status st = registry_each_loss(txn, r->feed, count_lost, &c);

	if (st < 0)
		return st;
	return r->units.count + c.lost <= UNITS_MAX ? ST_OK : ST_LIMIT;
}

static status
has_link_key(void *ctx, const struct device *d)
{
	const struct request *r = ctx;

	return memcmp(d->curve, r->curve, CURVE_BYTES) == 0 &&
			memcmp(d->feed, r->feed, FEED_BYTES) != 0
		? ST_EXISTS
		: ST_OK;
}

status
registry_check_link_key(kv_txn *txn, const struct request *r)
{
	return registry_each(txn, has_link_key, (void *) r);
}

/* A new CURVE key is about the connection alone; units are only added, so as many are the
 * same ones. */
static bool
grants_other(const struct device *old, device_role role, size_t units)
{
	return role != old->role || units != old->units.count;
}

status
registry_enroll(kv_txn *txn, const struct request *r, device_role role, int64_t now_ms,
                bool *ret_refold)
{
	struct entry e = { .act = ACT_ENROLL,
		           .feed = r->feed,
		           .curve = r->curve,
		           .role = role,
		           .units = r->units };
	struct device old;
	bool changes = true, events = false;
	status st;

	if ((role == ROLE_DEVICE && r->units.count == 0) ||
	    (role == ROLE_READER && r->units.count > 0))
		return ST_INVALID;
	st = registry_device(txn, r->feed, &old);
	if (st == ST_OK) {
		if (takes_away(&old, r, role))
			return ST_INVALID;
		changes = grants_other(&old, role, r->units.count);
		if (!changes && memcmp(old.curve, r->curve, CURVE_BYTES) == 0)
			return ST_EXISTS;
		st = has_room(txn, r);
		if (st == ST_OK)
			st = has_events(txn, r->feed, &events);
	} else if (st == ST_NOT_FOUND) {
		st = ST_OK;
	}
	if (st == ST_OK)
		st = enter(txn, &e, now_ms);
	/* of a feed that was not enrolled no batch was taken */
	if (st == ST_OK)
		*ret_refold = changes && events;
	return st;
}

static status
grant_turns(kv_txn *txn, const struct entry *e, bool *ret_refold)
{
	struct device old;
	bool events = false;
	status st = registry_device(txn, e->feed, &old);

	*ret_refold = false;
	if (st == ST_NOT_FOUND)
		return ST_OK;
	if (st == ST_OK)
		st = has_events(txn, e->feed, &events);
	*ret_refold = events && grants_other(&old, e->role, e->units.count);
	return st;
}

status
registry_turns(kv_txn *txn, struct bytes entry, bool *ret_refold)
{
	struct entry e;
	status st = entry_decode(entry, &e);

	if (st == ST_OK && e.act == ACT_ENROLL)
		return grant_turns(txn, &e, ret_refold);
	*ret_refold = st == ST_OK && e.act == ACT_ADMIT;
	return st;
}

/* ---- losses ---- */

/* The leaves of the feed, packed into space. */
static status
leaves_now(kv_txn *txn, const uint8_t *feed, uint8_t space[static LANES_MAX * POINT_BYTES],
           struct bytes *ret_leaves)
{
	struct point list[LANES_MAX];
	size_t count;
	status st = journal_leaves(txn, feed, list, LANES_MAX, &count);

	if (st < 0)
		return st;
	for (size_t i = 0; i < count && i < LANES_MAX; i++) {
		put_u64(space + i * POINT_BYTES, list[i].seq);
		memcpy(space + i * POINT_BYTES + 8, list[i].hash, HASH_BYTES);
	}
	*ret_leaves = (struct bytes) { space, count * POINT_BYTES };
	return ST_OK;
}

static bool
has_all(const struct device *d, const struct codes *units, device_role role)
{
	for (size_t i = 0; i < units->count; i++)
		if (!device_has_unit(d, units->list[i]))
			return false;
	return role == ROLE_DEVICE || d->role == role;
}

static status
enter_about(kv_txn *txn, struct entry *e, int64_t now_ms)
{
	uint8_t space[LANES_MAX * POINT_BYTES];
	status st = leaves_now(txn, e->feed, space, &e->leaves);

	return st == ST_OK ? enter(txn, e, now_ms) : st;
}

/* role: ROLE_DEVICE when none is taken. */
static status
revoke(kv_txn *txn, const struct device *d, const struct codes *units, device_role role,
       struct text why, int64_t now_ms)
{
	struct entry e = {
		.act = ACT_REVOKE, .feed = d->feed, .role = role, .units = *units, .why = why
	};

	if (d->role == ROLE_HUB || (units->count == 0 && role == ROLE_DEVICE) ||
	    !has_all(d, units, role))
		return ST_INVALID;
	return enter_about(txn, &e, now_ms);
}

status
registry_revoke(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct codes *units,
                bool office, struct text why, int64_t now_ms)
{
	struct device d;
	status st = registry_device(txn, feed, &d);

	return st == ST_OK ? revoke(txn, &d, units, office ? ROLE_OFFICE : ROLE_DEVICE, why, now_ms)
			   : st;
}

status
registry_revoke_all(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct text why,
                    int64_t now_ms)
{
	struct device d;
	status st = registry_device(txn, feed, &d);

	return st == ST_OK ? revoke(txn, &d, &d.units, d.role, why, now_ms) : st;
}

struct admitting {
	struct bytes leaves;
	bool news, too_many;
};

static status
look_at_frontier(void *ctx, const struct loss *l)
{
	uint8_t merged[FRONTIER_MAX * POINT_BYTES];
	struct admitting *a = ctx;
	size_t len;

	merge(l->frontier, a->leaves, merged, &len);
	a->news = a->news || len > l->frontier.len;
	a->too_many = a->too_many || len > sizeof(merged);
	return ST_OK;
}

status
registry_admit(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct text why, int64_t now_ms)
{
	uint8_t space[LANES_MAX * POINT_BYTES];
	struct entry e = { .act = ACT_ADMIT, .feed = feed, .why = why };
	struct admitting a = { .news = false };
	struct device d;
	status st = registry_device(txn, feed, &d);

	if (st == ST_OK)
		st = leaves_now(txn, feed, space, &a.leaves);
	if (st == ST_OK)
		st = registry_each_loss(txn, feed, look_at_frontier, &a);
	if (st < 0)
		return st;
	if (a.too_many)
		return ST_LIMIT;
	if (!a.news)
		return ST_EXISTS;
	e.leaves = a.leaves;
	return enter(txn, &e, now_ms);
}

status
registry_confirm(kv_txn *txn, uint64_t registry, uint64_t plan_version, int64_t now_ms)
{
	struct entry e = { .act = ACT_CONFIRM, .registry = registry, .plan = plan_version };

	return enter(txn, &e, now_ms);
}
