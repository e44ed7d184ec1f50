/* agent/target.h - the entry that a command is about
 *
 * An entry of this device by its number, or one of another device, which is not in
 * the outbox: from the file that the hub wrote of it (agent/proven.h).  Where a void of
 * another device took the entry out, and its file is given too, either may be named.
 */
#pragma once

#include "agent/outbox.h"
#include "agent/proven.h"

/* Over 16 KB, and event points into body: not to be copied. */
struct target {
	const char *word; /* as the person typed it */
	bool own;
	uint8_t feed[FEED_BYTES];
	struct point at; /* of an own record its newest version here */
	bool is_void;    /* at is a void, or what follows took it out */
	/* A void of another device, in the files, that took it out. */
	bool has_void;
	uint8_t void_feed[FEED_BYTES];
	struct point void_at;
	/* What the record says: of an own one the newest version that is no void.  A void
	 * where that is not here, nor in a file. */
	struct event event;
	uint8_t body[EVENT_BYTES_MAX];
};

/* Find it: an own number or REF, or the REF of a file.  With newest the newest own
 * version, and what took it out; else the very one.  Says what is wrong.  Returns the exit status. */
int target_read(outbox *box, const char *word, const struct target_files *files, bool newest,
                struct target *ret_target);

/* The version that names t, for a list of fixes; points into t. */
struct fix target_fix(const struct target *t);
/* The void of another device that took t out, where there is one. */
struct fix target_void_fix(const struct target *t);

/* The name in the outbox of the first own version that replaces an entry of another
 * device, where the record has no key of its own (agent/registers.h). */
void target_key(const struct target *t, uint8_t ret_key[static HASH_BYTES]);

/* The newest own version of the record of t, which is of another device: 0 when there is
 * none.  *ret_names: it, or one before it, replaces t. */
status target_own_version(outbox *box, const struct target *t, uint64_t *ret_head, bool *ret_names);
