/* agent/outbox.h - all events of this device, on disk, for good
 *
 * When outbox_append() has returned ST_OK the events survive kill -9 and a
 * power cut.  Numbers grow by one, start at 1, and are stored, not derived.
 * Nothing is edited, and nothing deleted but by outbox_prune(), which is asked for;
 * acknowledgement only moves a mark, kept per hub.  The command line records while the daemon syncs, or with no daemon at
 * all: several processes may open a home at once (common/kv.h says how).
 *
 * A home is a folder:
 *     outbox/       the environment
 *     feed.key      Ed25519 secret key (64 bytes), 0600: signs batches
 *     curve.key     CURVE pair (zcert file), 0600; only agent/link reads it
 *     hub.pub       the hub's public keys
 *     request       the enrolment request, to be sent to the office
 *     changed       touched after every record, wakes the daemon (inotify)
 *     run.lock      held by the daemon
 *
 * Room is kept back, so that a full disk still acknowledges and reads: a new
 * event is refused while it would leave less than OUTBOX_DISK_BYTES free on the disk,
 * or OUTBOX_MAP_SPARE_BYTES in the map, and a file of ballast is given up when
 * somebody else filled the disk.
 *
 * Not thread safe.  Every call is a transaction of its own and returns copies.
 */
#pragma once

#include "common/kv.h"
#include "protocol/batch.h"
#include "protocol/identity.h"
#include "protocol/sent_back.h"

typedef struct outbox outbox;

enum {
	OUTBOX_DISK_BYTES = 8 << 20,
	OUTBOX_MAP_SPARE_BYTES = 64 << 20,
	OUTBOX_WAIT_MS = 10000,     /* how long a command waits for other writers */
	OUTBOX_PRUNE_EVENTS = 1000, /* that one call of outbox_prune() looks at */
};

/* Address space, not disk.  As a rule nothing is ever deleted, so it bounds what a device
 * can record in its life. */
#define OUTBOX_MAP_BYTES (UINT64_C(16) << 30)

/* Tables of the environment, for those who open a transaction themselves. */
enum outbox_table {
	OUTBOX_ROOT,   /* the table without a name (common/kv.h): "valija tip" */
	OUTBOX_META,   /* names of facts -> value; agent/outbox.c */
	OUTBOX_EVENTS, /* seq (u64 BE) -> chain hash, body */
	OUTBOX_FIXED,  /* seq -> the own event that replaced it */
	OUTBOX_KEYS,   /* key of an item -> seq */
	OUTBOX_HUBS,   /* hub -> struct outbox_hub */
	OUTBOX_PLAN,   /* for plan_table_open() */
	OUTBOX_TABLES_
};

/* Facts set when the home is made. */
struct outbox_device {
	uint8_t feed[FEED_BYTES];
	uint8_t hub[FEED_BYTES]; /* the hub's signing key */
	char hubs[1024];         /* endpoints, joined by ',' */
	struct codes units;      /* ascending; texts live as long as the outbox; may be none */
	char role[CODE_BYTES_MAX + 1]; /* that it was made for: device, office, reader */
};

/* Make HOME/outbox.  ST_EXISTS: it is there already. */
status outbox_create(const char *home, const struct outbox_device *device);

/* ST_NOT_FOUND: no home there. */
status outbox_open(const char *home, outbox **ret_box);
void outbox_close(outbox **box_p);

const struct outbox_device *outbox_device(const outbox *box);
const char *outbox_home(const outbox *box);
kv *outbox_store(outbox *box);
/* After ST_FULL: it is not the disk, the device has recorded all that it ever can. */
bool outbox_used_up(outbox *box);

/* An event to be appended.  key: a name for it that makes a repeat harmless
 * (BLAKE2b-256 of what names it), or NULL. */
struct outbox_item {
	struct bytes body;
	const uint8_t *key;  /* HASH_BYTES */
	const uint8_t *hash; /* of the body, if it was hashed already (hash_bytes()); or NULL */
	bool is_new;         /* the key must not be there yet: then it is ST_EXISTS */
	bool is_plain;       /* event_encode() made it, at at_ms, and it names no other event: it is
	                     * not decoded once more, which many together feel */
	int64_t at_ms;
	uint64_t ret_seq; /* its number, or that of the earlier event of that key */
	bool ret_known;   /* the key was there already: nothing was stored */
};

/* Store items (all or none) in one durable commit, in order, and wake the
 * daemon.  Where the clock in the first one is not ahead of the last event's,
 * that one gets its random bytes here.  The ret_ members are valid on success
 * only.
 * ST_BUSY after wait_ms: see kv_holder().  ST_FULL: disk, map or quota.
 * ST_EXISTS: somebody else was quicker: an own version that an item replaces was
 * replaced already (see outbox_head()), or the key of an is_new one is there.
 * ST_INVALID: a body is not an event. */
status outbox_append(outbox *box, struct outbox_item *items, size_t count, int wait_ms);

/* Events of this device that a hub has sent back to it, in batches that it has sealed: what
 * of them goes on from the tip is stored as it is, all in one durable commit, as acknowledged
 * by that hub, and is found again as what was recorded here, but not by the key that
 * `record --key` gave it.  What does not go on from the tip, and what is behind that, is
 * passed over.  *ret_count: how many were stored.
 * ST_DENIED, ST_CHAIN, ST_MALFORMED, ST_LIMIT: one is not as this device has sealed it; nothing
 * was stored.  ST_EXISTS: nothing goes on from the tip: all of it is here, or something else
 * was recorded.  ST_BUSY, ST_FULL as above. */
status outbox_adopt(outbox *box, const uint8_t hub[static FEED_BYTES], const struct sent_back *sent,
                    int wait_ms, uint64_t *ret_count);

/* (seq 0, h(0)) for an empty feed. */
status outbox_tip(outbox *box, struct point *ret_tip);
/* The number up to which entries were given up (outbox_prune()): at and below it only some
 * are here.  (0, h(0)): all are. */
status outbox_floor(outbox *box, struct point *ret_floor);
/* ST_NOT_FOUND above the tip, and, but for some, below the floor. */
status outbox_hash_at(outbox *box, uint64_t seq, uint8_t ret_hash[static HASH_BYTES]);
/* Copies the body into ret_body.  ST_NOT_FOUND above the tip, or given up. */
status outbox_read(outbox *box, uint64_t seq, uint8_t ret_body[static EVENT_BYTES_MAX],
                   size_t *ret_len, struct point *ret_at);

/* The number of the first entry at or above seq that is here.  ST_NOT_FOUND: none. */
status outbox_next(outbox *box, uint64_t seq, uint64_t *ret_next);

/* The newest own version of the record that seq is a version of: seq itself,
 * or the last own event that replaced it.  ST_NOT_FOUND above the tip, or given up. */
status outbox_head(outbox *box, uint64_t seq, uint64_t *ret_head);

/* The own event that replaced seq; ST_NOT_FOUND: none did. */
status outbox_replaced_by(outbox *box, uint64_t seq, uint64_t *ret_seq);

/* The number stored under a key; ST_NOT_FOUND. */
status outbox_find_key(outbox *box, const uint8_t key[static HASH_BYTES], uint64_t *ret_seq);

/* The same within a transaction that is open: what is returned points into it. */
status outbox_find_key_in(kv_txn *txn, const uint8_t key[static HASH_BYTES], uint64_t *ret_seq);
status outbox_head_in(kv_txn *txn, uint64_t seq, uint64_t *ret_head);
status outbox_get_event(kv_txn *txn, uint64_t seq, struct bytes *ret_body,
                        uint8_t ret_hash[static HASH_BYTES]);
/* An entry of a walk over OUTBOX_EVENTS.  ST_IO: the row is none of ours. */
status outbox_event_row(const struct kv_walk *walk, uint64_t *ret_seq, struct bytes *ret_body,
                        uint8_t ret_hash[static HASH_BYTES]);

/* Seal events from first to last, or as far as they are here, into w, at most wire_bytes
 * where one event alone allows it (see device_store.seal in protocol/device_sync.h).
 * ST_NOT_FOUND: the first is not here. */
status outbox_seal(outbox *box, const uint8_t secret[static SIGN_SECRET_BYTES], uint64_t first,
                   uint64_t last, size_t wire_bytes, writer *w, struct point *ret_end);

/* Once a hub has refused a batch since its hashes do not join up: from now on only events that
 * are as they were recorded are sealed, up to the first that a disk has changed, and from that
 * one on it is ST_IO. */
void outbox_distrust(outbox *box);

/* What may be given up: entries of this device's chain up to safe, which that hub has just
 * said are all there and in a copy of it that was verified, as far as they were recorded
 * before before_ms, but for those whose numbers are in keep. */
struct outbox_leave {
	const uint8_t *hub; /* FEED_BYTES */
	struct point safe;
	int64_t before_ms;
	const uint64_t *keep;
	size_t keep_count;
};

struct outbox_pruned {
	uint64_t count;
	bool more;
};

/* Give them up, in order: one that is younger ends it, and the rest goes another time.  Kept
 * all the same are those that cannot be read, and those that a later entry may be compared
 * with: of a record that was corrected, of a register, a thing.
 *
 * Nothing is given up when safe is not on the own chain, or where this device has ever met
 * another hub: what that one has nobody can tell now.
 *
 * Looks at OUTBOX_PRUNE_EVENTS at most, so that others need not wait long for the lock: call
 * it again while there is more.  ST_BUSY, ST_FULL as above. */
status outbox_prune(outbox *box, const struct outbox_leave *leave, int wait_ms,
                    struct outbox_pruned *ret_pruned);

/* What one hub has told; zeros when nothing yet. */
struct outbox_hub {
	struct point acked;
	uint64_t boot, registry;
	uint64_t plan;           /* version of the plan held (of any hub) */
	uint64_t standing;       /* version of the standing held, and the boot id it */
	uint64_t standing_boot;  /* counts from */
	uint64_t beyond;         /* events it holds beyond what it knows of our chain */
	uint64_t onward;         /* those of them that lead on from our tip, as it was then */
	int64_t last_contact_ms; /* 0: never */
	int64_t skew_ms;         /* hub clock less ours, at last contact */
	uint64_t refused;        /* 1 + refusal, while the hub turns this device away; else 0 */
};

status outbox_hub(outbox *box, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub);
/* plan, standing and standing_boot are not taken from facts: they go with the
 * documents. */
status outbox_put_hub(outbox *box, const uint8_t hub[static FEED_BYTES],
                      const struct outbox_hub *facts, int wait_ms);

/* Keep a plan that arrived (packed by zstd, signature checked): parses it once
 * into the look-up table.  ST_INVALID: not a plan, or not of that version;
 * nothing is changed. */
status outbox_put_plan(outbox *box, uint64_t version, struct bytes packed, int wait_ms);

/* Make the look-up table anew from the plan held, where an older program made it; else
 * do nothing, also without a plan. */
status outbox_renew_plan(outbox *box, int wait_ms);

/* Keep a standing (packed, signature checked; SPEC.md says what is in it). */
status
outbox_put_standing(outbox *box, uint64_t version, uint64_t boot, struct bytes packed, int wait_ms);

/* The standing held, still packed.  ST_NOT_FOUND: none yet.  On success
 * *ret_packed is the caller's, to be freed with free(). */
status outbox_standing(outbox *box, uint8_t **ret_packed, size_t *ret_len);

/* Wake the daemon. */
void outbox_touch(const outbox *box);
