/* Looking things up; the acts are registry_acts.c. */
#include "hub/registry.h"

#include <sodium.h>

#include "hub/hub.h"
#include "hub/registry_entry.h"
#include "protocol/msgid.h"

static const char NUMBER_KEY[] = "registry"; /* in TABLE_META: the highest number */
static const char HASH_TAG[] = "valija/registry/1";
static const char LOST_TAG[] = "valija/lost/1";

enum { NUMBER_BYTES = 8 };

static const char *const role_names[ROLES_] = {
	[ROLE_DEVICE] = N_("device"),
	[ROLE_OFFICE] = N_("office"),
	[ROLE_HUB] = N_("hub"),
	[ROLE_READER] = N_("reader"),
};

const char *
device_role_name(device_role role)
{
	return role_names[role];
}

bool
device_role_of(struct text name, device_role *ret_role)
{
	for (int r = 0; r < ROLES_; r++) {
		if (text_is(name, role_names[r])) {
			*ret_role = (device_role) r;
			return true;
		}
	}
	return false;
}

/* ---- devices ---- */

/* unit_bytes has room for whatever could be decoded: UNITS_MAX codes and a 0 for each. */
static void
device_fill(struct device *d, const struct entry *e)
{
	memcpy(d->feed, e->feed, FEED_BYTES);
	memcpy(d->curve, e->curve, CURVE_BYTES);
	d->role = e->role;
	d->number = e->number;
	d->enrolled_ms = e->at_ms;
	d->losses = e->losses;
	d->units.count = 0;
	for (size_t i = 0; i < e->units.count; i++)
		device_add_unit(d, e->units.list[i]);
}

static status
device_read(struct bytes value, struct device *ret_device)
{
	struct entry e;
	status st = entry_decode(value, &e);

	if (st == ST_OK && e.act != ACT_ENROLL)
		st = ST_MALFORMED;
	if (st == ST_OK)
		device_fill(ret_device, &e);
	return st;
}

status
registry_device(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct device *ret_device)
{
	struct bytes value;
	status st = kv_get(txn, TABLE_REGISTRY, (struct bytes) { feed, FEED_BYTES }, &value);

	return st == ST_OK ? device_read(value, ret_device) : st;
}

bool
codes_have(const struct codes *codes, struct text code)
{
	for (size_t i = 0; i < codes->count; i++)
		if (text_equal(codes->list[i], code))
			return true;
	return false;
}

void
device_add_unit(struct device *d, struct text unit)
{
	char *space = d->unit_bytes + d->units.count * (CODE_BYTES_MAX + 1);

	if (d->units.count == UNITS_MAX || codes_have(&d->units, unit))
		return;
	memcpy(space, unit.at, unit.len);
	space[unit.len] = '\0';
	d->units.list[d->units.count++] = (struct text) { space, unit.len };
}

bool
device_has_unit(const struct device *d, struct text unit)
{
	return codes_have(&d->units, unit);
}

bool
device_may_publish(const struct device *d)
{
	return d->role == ROLE_OFFICE || d->role == ROLE_HUB;
}

bool
device_may_ask(const struct device *d)
{
	return d->role == ROLE_OFFICE || d->role == ROLE_READER;
}

bool
device_is_revoked(const struct device *d)
{
	return d->role == ROLE_DEVICE && d->units.count == 0;
}

/* Among the devices stand their losses, with longer keys. */
status
registry_each(kv_txn *txn, status (*visit)(void *ctx, const struct device *d), void *ctx)
{
	struct kv_walk walk;
	struct device d = { 0 };
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_REGISTRY, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		if (walk.key.len != FEED_BYTES)
			continue;
		st = device_read(walk.value, &d);
		if (st == ST_OK)
			st = visit(ctx, &d);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* ---- losses ---- */

static status
loss_read(struct bytes value, struct loss *ret_loss)
{
	struct entry e;
	status st = entry_decode(value, &e);

	if (st == ST_OK && e.act != ACT_REVOKE)
		st = ST_MALFORMED;
	if (st == ST_OK)
		*ret_loss = (struct loss) {
			e.number, e.at_ms, e.role == ROLE_OFFICE, e.role == ROLE_READER, e.units,
			e.why,    e.leaves
		};
	return st;
}

status
registry_each_loss(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                   status (*visit)(void *ctx, const struct loss *l), void *ctx)
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_REGISTRY, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && st == ST_OK && walk.key.len >= FEED_BYTES &&
	     memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_next(&walk)) {
		struct loss l;

		if (walk.key.len == FEED_BYTES)
			continue;
		st = loss_read(walk.value, &l);
		if (st == ST_OK)
			st = visit(ctx, &l);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

struct point
frontier_point(struct bytes frontier, size_t i)
{
	const uint8_t *at = frontier.at + i * POINT_BYTES;
	struct point p = { .seq = get_u64(at) };

	memcpy(p.hash, at + 8, HASH_BYTES);
	return p;
}

/* ---- numbers ---- */

static struct bytes
number_key(void)
{
	return (struct bytes) { (const uint8_t *) NUMBER_KEY, sizeof(NUMBER_KEY) - 1 };
}

uint64_t
registry_number(kv_txn *txn)
{
	struct bytes value;

	if (kv_get(txn, TABLE_META, number_key(), &value) < 0 || value.len != NUMBER_BYTES)
		return 0;
	return get_u64(value.at);
}

status
registry_set_number(kv_txn *txn, uint64_t number)
{
	uint8_t value[NUMBER_BYTES];

	put_u64(value, number);
	return kv_put(txn, TABLE_META, number_key(), (struct bytes) { value, sizeof(value) });
}

/* ---- the hash ---- */

struct hashing {
	kv_txn *txn;
	crypto_generichash_state all, lost;
	bool any_lost;
	const struct device *device;
};

/* Each unit with the 0 behind it, and one more 0 as the end: two lists of units never
 * give the same bytes. */
static void
hash_grant(struct hashing *h, const struct device *d)
{
	uint8_t role = d->role == ROLE_OFFICE ? 'o' : 'd';

	crypto_generichash_update(&h->all, d->feed, FEED_BYTES);
	crypto_generichash_update(&h->all, &role, 1);
	for (size_t i = 0; i < d->units.count; i++)
		crypto_generichash_update(&h->all, (const uint8_t *) d->units.list[i].at,
		                          d->units.list[i].len + 1);
	crypto_generichash_update(&h->all, (const uint8_t *) "", 1);
}

/* One right that was lost, by itself: in which act together with which others is not
 * state. */
struct lost_right {
	char code[CODE_BYTES_MAX + 1]; /* "" stands behind all units: the office */
	struct bytes frontier;
};

struct lost_rights {
	struct lost_right list[UNITS_MAX + 1];
	size_t count;
};

static status
note_lost(struct lost_rights *l, struct text code, struct bytes frontier)
{
	struct lost_right *r = &l->list[l->count];

	if (l->count == UNITS_MAX + 1)
		return ST_MALFORMED;
	l->count++;
	memcpy(r->code, code.at, code.len);
	r->code[code.len] = '\0';
	r->frontier = frontier;
	return ST_OK;
}

static status
note_loss(void *ctx, const struct loss *l)
{
	status st = ST_OK;

	for (size_t i = 0; i < l->units.count && st == ST_OK; i++)
		st = note_lost(ctx, l->units.list[i], l->frontier);
	if (l->office && st == ST_OK)
		st = note_lost(ctx, text_of(""), l->frontier);
	return st;
}

static int
compare_lost(const void *one, const void *two)
{
	const struct lost_right *a = one, *b = two;

	if ((*a->code == '\0') != (*b->code == '\0'))
		return *a->code == '\0' ? 1 : -1;
	return strcmp(a->code, b->code);
}

static void
hash_lost(struct hashing *h, const struct device *d, const struct lost_right *r)
{
	uint8_t role = *r->code == '\0' ? 'o' : 'd', count[4];

	put_u32(count, (uint32_t) (r->frontier.len / POINT_BYTES));
	crypto_generichash_update(&h->lost, d->feed, FEED_BYTES);
	crypto_generichash_update(&h->lost, &role, 1);
	crypto_generichash_update(&h->lost, (const uint8_t *) r->code, strlen(r->code) + 1);
	crypto_generichash_update(&h->lost, count, sizeof(count));
	if (r->frontier.len > 0)
		crypto_generichash_update(&h->lost, r->frontier.at, r->frontier.len);
	h->any_lost = true;
}

static status
hash_device(void *ctx, const struct device *d)
{
	struct hashing *h = ctx;
	struct lost_rights lost = { .count = 0 };
	status st = ST_OK;

	if (d->role == ROLE_HUB)
		return ST_OK;
	if (d->losses > 0)
		st = registry_each_loss(h->txn, d->feed, note_loss, &lost);
	if (st < 0)
		return st;
	/* a reader, or one that was: its feed never had a right */
	if (d->role != ROLE_OFFICE && d->units.count == 0 && lost.count == 0)
		return ST_OK;
	hash_grant(h, d);
	qsort(lost.list, lost.count, sizeof(lost.list[0]), compare_lost);
	for (size_t i = 0; i < lost.count; i++)
		hash_lost(h, d, &lost.list[i]);
	return ST_OK;
}

/* A hash of a length of its own, and at the end: no feed is taken for it. */
status
registry_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES])
{
	struct hashing h = { .txn = txn };
	uint8_t lost[HASH_BYTES];
	status st;

	crypto_generichash_init(&h.all, NULL, 0, HASH_BYTES);
	crypto_generichash_init(&h.lost, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&h.all, (const uint8_t *) HASH_TAG, strlen(HASH_TAG));
	crypto_generichash_update(&h.lost, (const uint8_t *) LOST_TAG, strlen(LOST_TAG));
	st = registry_each(txn, hash_device, &h);
	if (st < 0)
		return st;
	crypto_generichash_final(&h.lost, lost, sizeof(lost));
	if (h.any_lost)
		crypto_generichash_update(&h.all, lost, sizeof(lost));
	crypto_generichash_final(&h.all, ret_hash, HASH_BYTES);
	return ST_OK;
}
