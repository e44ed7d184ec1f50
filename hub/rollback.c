#include "hub/rollback.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/plans.h"
#include "hub/registry.h"

static const char KEY[] = "rollback";

/* registry, plan, time, feed. */
enum { NUMBER_BYTES = 8, VALUE_BYTES = 3 * NUMBER_BYTES + FEED_BYTES };

static struct bytes
key(void)
{
	return (struct bytes) { (const uint8_t *) KEY, sizeof(KEY) - 1 };
}

status
rollback_met(kv_txn *txn, struct rollback *ret_rollback)
{
	struct bytes value;
	status st = kv_get(txn, TABLE_META, key(), &value);

	if (st < 0)
		return st;
	if (value.len != VALUE_BYTES)
		return ST_MALFORMED;
	ret_rollback->registry = get_u64(value.at);
	ret_rollback->plan = get_u64(value.at + NUMBER_BYTES);
	ret_rollback->at_ms = (int64_t) get_u64(value.at + 2 * NUMBER_BYTES);
	memcpy(ret_rollback->feed, value.at + 3 * NUMBER_BYTES, FEED_BYTES);
	return ST_OK;
}

static status
put(kv_txn *txn, const struct rollback *r)
{
	uint8_t value[VALUE_BYTES];

	put_u64(value, r->registry);
	put_u64(value + NUMBER_BYTES, r->plan);
	put_u64(value + 2 * NUMBER_BYTES, (uint64_t) r->at_ms);
	memcpy(value + 3 * NUMBER_BYTES, r->feed, FEED_BYTES);
	return kv_put(txn, TABLE_META, key(), (struct bytes) { value, sizeof(value) });
}

/* told, when it is above own and known and can be believed, else known. */
static uint64_t
higher(uint64_t told, uint64_t own, uint64_t known, uint64_t jump_max)
{
	return told > own && told > known && told - own <= jump_max ? told : known;
}

static status
own_plan(kv_txn *txn, uint64_t *ret_version)
{
	struct plan_row row = { .version = 0 };
	status st = plans_in_force(txn, &row);

	if (st == ST_OK || st == ST_NOT_FOUND)
		*ret_version = row.version;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
rollback_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t registry,
              uint64_t plan_version, int64_t now_ms)
{
	struct rollback met = { .registry = 0 }, now;
	uint64_t version = 0;
	status st = own_plan(txn, &version);

	if (st == ST_OK)
		st = rollback_met(txn, &met);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	now = (struct rollback) {
		.registry = higher(registry, registry_number(txn), met.registry, REGISTRY_JUMP_MAX),
		.plan = higher(plan_version, version, met.plan, PLAN_JUMP_MAX),
		.at_ms = now_ms,
	};
	if (now.registry == met.registry && now.plan == met.plan)
		return ST_OK;
	memcpy(now.feed, feed, FEED_BYTES);
	return put(txn, &now);
}

status
rollback_open(kv_txn *txn, struct rollback *ret_rollback)
{
	uint64_t registry = 0, version = 0;
	struct rollback met;
	status st = rollback_met(txn, &met);

	if (st == ST_OK)
		st = registry_confirmed(txn, &registry, &version);
	if (st < 0)
		return st;
	if (met.registry <= registry && met.plan <= version)
		return ST_NOT_FOUND;
	*ret_rollback = met;
	return ST_OK;
}
