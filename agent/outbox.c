#include "agent/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/outbox_internal.h"
#include "common/files.h"
#include "protocol/chain.h"
#include "protocol/reader.h"

/* Facts in OUTBOX_META, beside those of outbox_hub.c:
 *
 *   "feed", "hub", "hubs"    as in struct outbox_device
 *   "units"                  each unit code and a 0
 *   "role"                   what it was made for; missing: "device"
 *   "floor"                  seq, hash; agent/outbox_prune.c
 *   "tip"                    where homes of before have it; gone with the next event
 *
 * And in OUTBOX_ROOT, since it changes with every event:
 *
 *   "valija tip"             struct tip: seq, hash, at_ms
 *
 * Invariant: OUTBOX_EVENTS holds floor.seq + 1..tip.seq without a gap, and some below; the
 * tip's hash is that of its last row, or of the floor. */
static const char *const table_names[OUTBOX_TABLES_] = {
	[OUTBOX_ROOT] = NULL,     [OUTBOX_META] = "meta", [OUTBOX_EVENTS] = "events",
	[OUTBOX_FIXED] = "fixed", [OUTBOX_KEYS] = "keys", [OUTBOX_HUBS] = "hubs",
	[OUTBOX_PLAN] = "plan",
};

static const char USUAL_ROLE[] = "device", TIP[] = "valija tip", TIP_BEFORE[] = "tip";

enum { TIP_BYTES = SEQ_BYTES + HASH_BYTES + 8, UNITS_BYTES_MAX = UNITS_MAX * (CODE_BYTES_MAX + 1) };

/* The name in write.lock is that of the program that waits or is waited for:
 * valija or valija-agent. */
static struct kv_config
configuration(void)
{
	return (struct kv_config) {
		.tables = table_names,
		.table_count = OUTBOX_TABLES_,
		.map_bytes = OUTBOX_MAP_BYTES,
		.format = 1,
		.mode = 0660,
		.program = program_invocation_short_name,
	};
}

/* ---- facts ---- */

static struct bytes
key_of(const char *name)
{
	return (struct bytes) { (const uint8_t *) name, strlen(name) };
}

status
outbox_get_fact(kv_txn *txn, const char *name, struct bytes *ret_value)
{
	return kv_get(txn, OUTBOX_META, key_of(name), ret_value);
}

status
outbox_put_fact(kv_txn *txn, const char *name, struct bytes value)
{
	return kv_put(txn, OUTBOX_META, key_of(name), value);
}

/* Kept as a fact of its own, in the transaction of the event it speaks of: the
 * next number must not depend on which events are still here. */
status
outbox_get_tip(kv_txn *txn, const outbox *box, struct tip *ret_tip)
{
	struct bytes value;
	status st = kv_get(txn, OUTBOX_ROOT, key_of(TIP), &value);

	if (st == ST_NOT_FOUND)
		st = outbox_get_fact(txn, TIP_BEFORE, &value);
	if (st == ST_NOT_FOUND) {
		ret_tip->at_ms = INT64_MIN;
		chain_start(box->device.feed, &ret_tip->at);
		return ST_OK;
	}
	if (st < 0)
		return st;
	if (value.len != TIP_BYTES)
		return ST_IO;
	ret_tip->at.seq = get_u64(value.at);
	memcpy(ret_tip->at.hash, value.at + SEQ_BYTES, HASH_BYTES);
	ret_tip->at_ms = (int64_t) get_u64(value.at + SEQ_BYTES + HASH_BYTES);
	return ST_OK;
}

status
outbox_put_tip(kv_txn *txn, const struct tip *tip)
{
	uint8_t value[TIP_BYTES];

	put_u64(value, tip->at.seq);
	memcpy(value + SEQ_BYTES, tip->at.hash, HASH_BYTES);
	put_u64(value + SEQ_BYTES + HASH_BYTES, (uint64_t) tip->at_ms);
	kv_delete(txn, OUTBOX_META, key_of(TIP_BEFORE));
	return kv_put(txn, OUTBOX_ROOT, key_of(TIP), (struct bytes) { value, sizeof(value) });
}

/* ---- creating and opening ---- */

static struct bytes
join_units(const struct codes *units, uint8_t out[static UNITS_BYTES_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < units->count; i++) {
		memcpy(out + used, units->list[i].at, units->list[i].len);
		used += units->list[i].len;
		out[used++] = 0;
	}
	return (struct bytes) { out, used };
}

/* A write that failed sticks to the transaction, so the commit tells of all.  It waits for
 * nobody: the home has no name yet that others could open it by. */
static status
put_device(kv *store, const struct outbox_device *device)
{
	uint8_t units[UNITS_BYTES_MAX];
	kv_txn *txn = NULL;
	status st = kv_write(store, 0, &txn);

	if (st < 0)
		return st;
	outbox_put_fact(txn, "feed", (struct bytes) { device->feed, FEED_BYTES });
	outbox_put_fact(txn, "hub", (struct bytes) { device->hub, FEED_BYTES });
	outbox_put_fact(txn, "hubs",
	                (struct bytes) { (const uint8_t *) device->hubs, strlen(device->hubs) });
	outbox_put_fact(txn, "units", join_units(&device->units, units));
	if (*device->role && strcmp(device->role, USUAL_ROLE) != 0)
		outbox_put_fact(
			txn, "role",
			(struct bytes) { (const uint8_t *) device->role, strlen(device->role) });
	return kv_commit(&txn);
}

static status
environment(const char *home, char out[static PATH_MAX])
{
	return path_join(out, PATH_MAX, home, "outbox");
}

/* The facts go in by a second commit, since kv_create() knows nothing of devices.
 * Cut off between the two, the home is told as malformed; who makes homes gives
 * them their name after this. */
status
outbox_create(const char *home, const struct outbox_device *device)
{
	const struct kv_config config = configuration();
	char dir[PATH_MAX];
	kv *store = NULL;
	status st = environment(home, dir);

	if (device->units.count > UNITS_MAX)
		return ST_LIMIT;
	if (st == ST_OK)
		st = kv_create(dir, &config);
	if (st == ST_OK)
		st = kv_open(dir, &config, &store);
	if (st == ST_OK)
		st = put_device(store, device);
	kv_close(&store);
	if (st == ST_OK)
		outbox_room_fill(home);
	return st;
}

static status
get_fixed(kv_txn *txn, const char *name, uint8_t *out, size_t len)
{
	struct bytes value;
	status st = outbox_get_fact(txn, name, &value);

	if (st == ST_OK && value.len == len) {
		memcpy(out, value.at, len);
		return ST_OK;
	}
	return st < 0 && st != ST_NOT_FOUND ? st : ST_MALFORMED;
}

/* Written by us within bounds, so one that is over them is a damaged home. */
static status
get_hubs(kv_txn *txn, struct outbox_device *device)
{
	struct bytes value;
	status st = outbox_get_fact(txn, "hubs", &value);

	if (st < 0)
		return st;
	if (value.len >= sizeof(device->hubs))
		return ST_MALFORMED;
	memcpy(device->hubs, value.at, value.len);
	device->hubs[value.len] = '\0';
	return ST_OK;
}

/* Copied, since every event that is recorded is checked against them. */
static status
get_units(kv_txn *txn, outbox *box)
{
	struct codes *units = &box->device.units;
	struct bytes value;
	status st = outbox_get_fact(txn, "units", &value);

	if (st < 0)
		return st;
	if (value.len == 0)
		return ST_OK;
	if (value.at[value.len - 1] != 0)
		return ST_MALFORMED;
	box->unit_texts = malloc(value.len);
	if (!box->unit_texts)
		return ST_NOMEM;
	memcpy(box->unit_texts, value.at, value.len);
	for (size_t at = 0; at < value.len; at += units->list[units->count++].len + 1) {
		if (units->count == UNITS_MAX)
			return ST_MALFORMED;
		units->list[units->count] = text_of(box->unit_texts + at);
	}
	return ST_OK;
}

static status
get_role(kv_txn *txn, struct outbox_device *device)
{
	struct bytes value;
	status st = outbox_get_fact(txn, "role", &value);

	if (st == ST_NOT_FOUND)
		value = (struct bytes) { (const uint8_t *) USUAL_ROLE, strlen(USUAL_ROLE) };
	else if (st < 0)
		return st;
	if (value.len >= sizeof(device->role))
		return ST_MALFORMED;
	memcpy(device->role, value.at, value.len);
	device->role[value.len] = '\0';
	return ST_OK;
}

/* That a fact is missing is no ST_NOT_FOUND, which would say that there is no home. */
static status
get_device(outbox *box)
{
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st < 0)
		return st;
	st = get_fixed(txn, "feed", box->device.feed, FEED_BYTES);
	if (st == ST_OK)
		st = get_fixed(txn, "hub", box->device.hub, FEED_BYTES);
	if (st == ST_OK)
		st = get_hubs(txn, &box->device);
	if (st == ST_OK)
		st = get_units(txn, box);
	if (st == ST_OK)
		st = get_role(txn, &box->device);
	kv_abort(&txn);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
outbox_open(const char *home, outbox **ret_box)
{
	const struct kv_config config = configuration();
	char dir[PATH_MAX];
	outbox *box = calloc(1, sizeof(*box));
	status st;

	if (!box)
		return ST_NOMEM;
	st = environment(home, dir);
	box->home = strdup(home);
	if (st == ST_OK && !box->home)
		st = ST_NOMEM;
	if (st == ST_OK)
		st = kv_open(dir, &config, &box->store);
	if (st == ST_OK)
		st = get_device(box);
	if (st < 0) {
		outbox_close(&box);
		return st;
	}
	*ret_box = box;
	return ST_OK;
}

void
outbox_close(outbox **box_p)
{
	outbox *box = *box_p;

	if (!box)
		return;
	kv_close(&box->store);
	free(box->unit_texts);
	free(box->home);
	free(box);
	*box_p = NULL;
}

const struct outbox_device *
outbox_device(const outbox *box)
{
	return &box->device;
}

const char *
outbox_home(const outbox *box)
{
	return box->home;
}

kv *
outbox_store(outbox *box)
{
	return box->store;
}

/* ---- reading ---- */

static struct bytes
seq_key(uint64_t seq, uint8_t key[static SEQ_BYTES])
{
	put_u64(key, seq);
	return (struct bytes) { key, SEQ_BYTES };
}

/* A row that cannot be one of ours means a damaged page: LMDB has no checksums,
 * and would hand it on. */
static status
read_row(struct bytes value, struct bytes *ret_body, uint8_t ret_hash[static HASH_BYTES])
{
	if (value.len < HASH_BYTES || value.len > HASH_BYTES + EVENT_BYTES_MAX)
		return ST_IO;
	memcpy(ret_hash, value.at, HASH_BYTES);
	*ret_body = (struct bytes) { value.at + HASH_BYTES, value.len - HASH_BYTES };
	return ST_OK;
}

status
outbox_get_event(kv_txn *txn, uint64_t seq, struct bytes *ret_body,
                 uint8_t ret_hash[static HASH_BYTES])
{
	uint8_t key[SEQ_BYTES];
	struct bytes value;
	status st = kv_get(txn, OUTBOX_EVENTS, seq_key(seq, key), &value);

	return st == ST_OK ? read_row(value, ret_body, ret_hash) : st;
}

status
outbox_event_row(const struct kv_walk *walk, uint64_t *ret_seq, struct bytes *ret_body,
                 uint8_t ret_hash[static HASH_BYTES])
{
	if (walk->key.len != SEQ_BYTES)
		return ST_IO;
	*ret_seq = get_u64(walk->key.at);
	return read_row(walk->value, ret_body, ret_hash);
}

bool
outbox_is_erased(struct bytes body)
{
	reader r = reader_of(body.at, body.len);

	return reader_erased(&r) && reader_end(&r) == ST_OK;
}

void
outbox_body_hash(struct bytes body, uint8_t ret_hash[static HASH_BYTES])
{
	reader r = reader_of(body.at, body.len);
	const uint8_t *hash = outbox_is_erased(body) ? reader_erased(&r) : NULL;

	if (hash)
		memcpy(ret_hash, hash, HASH_BYTES);
	else
		hash_bytes(body.at, body.len, ret_hash);
}

status
outbox_get_seq(kv_txn *txn, int table, struct bytes key, uint64_t *ret_seq)
{
	struct bytes value;
	status st = kv_get(txn, table, key, &value);

	if (st < 0)
		return st;
	if (value.len != SEQ_BYTES)
		return ST_IO;
	*ret_seq = get_u64(value.at);
	return ST_OK;
}

status
outbox_tip(outbox *box, struct point *ret_tip)
{
	kv_txn *txn = NULL;
	struct tip tip;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_tip(txn, box, &tip);
	kv_abort(&txn);
	if (st == ST_OK)
		*ret_tip = tip.at;
	return st;
}

/* That of the entry at the floor is kept, also when the entry is not. */
static status
floor_hash(kv_txn *txn, const outbox *box, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	struct point floor;
	status st = outbox_get_floor(txn, box, &floor);

	if (st == ST_OK && floor.seq != seq)
		st = ST_NOT_FOUND;
	if (st == ST_OK)
		memcpy(ret_hash, floor.hash, HASH_BYTES);
	return st;
}

status
outbox_hash_at(outbox *box, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	kv_txn *txn = NULL;
	struct bytes body;
	struct point start;
	status st;

	if (seq == 0) {
		chain_start(box->device.feed, &start);
		memcpy(ret_hash, start.hash, HASH_BYTES);
		return ST_OK;
	}
	st = kv_read(box->store, &txn);
	if (st == ST_OK)
		st = outbox_get_event(txn, seq, &body, ret_hash);
	if (st == ST_NOT_FOUND)
		st = floor_hash(txn, box, seq, ret_hash);
	kv_abort(&txn);
	return st;
}

status
outbox_next(outbox *box, uint64_t seq, uint64_t *ret_next)
{
	uint8_t key[SEQ_BYTES], hash[HASH_BYTES];
	struct kv_walk walk;
	struct bytes body;
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st < 0)
		return st;
	if (kv_seek(txn, OUTBOX_EVENTS, seq_key(seq, key), &walk))
		st = outbox_event_row(&walk, ret_next, &body, hash);
	else
		st = walk.st == ST_OK ? ST_NOT_FOUND : walk.st;
	kv_walk_done(&walk);
	kv_abort(&txn);
	return st;
}

status
outbox_read(outbox *box, uint64_t seq, uint8_t ret_body[static EVENT_BYTES_MAX], size_t *ret_len,
            struct point *ret_at)
{
	kv_txn *txn = NULL;
	struct bytes body;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_event(txn, seq, &body, ret_at->hash);
	if (st == ST_OK) {
		memcpy(ret_body, body.at, body.len);
		*ret_len = body.len;
		ret_at->seq = seq;
	}
	kv_abort(&txn);
	return st;
}

status
outbox_replaced_by(outbox *box, uint64_t seq, uint64_t *ret_seq)
{
	uint8_t key[SEQ_BYTES];
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_seq(txn, OUTBOX_FIXED, seq_key(seq, key), ret_seq);
	kv_abort(&txn);
	return st;
}

/* A later event replaces an earlier one, so this ends. */
static status
follow(kv_txn *txn, uint64_t *head)
{
	uint8_t key[SEQ_BYTES];
	uint64_t next;
	status st;

	for (;;) {
		st = outbox_get_seq(txn, OUTBOX_FIXED, seq_key(*head, key), &next);
		if (st < 0)
			return st == ST_NOT_FOUND ? ST_OK : st;
		if (next <= *head)
			return ST_IO;
		*head = next;
	}
}

status
outbox_head_in(kv_txn *txn, uint64_t seq, uint64_t *ret_head)
{
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	uint64_t head = seq;
	status st = outbox_get_event(txn, seq, &body, hash);

	if (st == ST_OK)
		st = follow(txn, &head);
	if (st == ST_OK)
		*ret_head = head;
	return st;
}

status
outbox_head(outbox *box, uint64_t seq, uint64_t *ret_head)
{
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_head_in(txn, seq, ret_head);
	kv_abort(&txn);
	return st;
}

status
outbox_find_key(outbox *box, const uint8_t key[static HASH_BYTES], uint64_t *ret_seq)
{
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_find_key_in(txn, key, ret_seq);
	kv_abort(&txn);
	return st;
}

status
outbox_find_key_in(kv_txn *txn, const uint8_t key[static HASH_BYTES], uint64_t *ret_seq)
{
	return outbox_get_seq(txn, OUTBOX_KEYS, (struct bytes) { key, HASH_BYTES }, ret_seq);
}

/* ---- waking the daemon ---- */

/* A watch on the folder and one on the file both see that its time changes, which a member of
 * the group may do to a file of another user. */
void
outbox_touch(const outbox *box)
{
	char path[PATH_MAX];
	int fd;

	if (path_join(path, sizeof(path), box->home, "changed") < 0)
		return;
	if (utimensat(AT_FDCWD, path, NULL, 0) == 0 || errno != ENOENT)
		return; /* in vain: the daemon finds the events at its next look */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
	if (fd < 0)
		return;
	(void) fchmod(fd, 0660); /* whatever the umask; it may be another's */
	futimens(fd, NULL);
	close(fd);
}
