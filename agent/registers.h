/* agent/registers.h - what is told once a quarter, as this device has told it
 *
 * A level, progress, a budget and the end of a quarter are known by their key
 * (event_register()), so the outbox knows the first own one by it: a second one
 * says the same, or it wants to be a correction.
 */
#pragma once

#include "agent/outbox.h"
#include "common/event_text.h"

/* The key in the outbox; false for an event that is none of these. */
bool register_key(const struct event *e, uint8_t ret_key[static HASH_BYTES]);

typedef enum register_state {
	REGISTER_NEW,
	REGISTER_SAME,  /* the newest version here says that */
	REGISTER_OTHER, /* it says something else */
	REGISTER_VOID,  /* it has taken out what was told */
} register_state;

enum { REGISTER_CHANGE_BYTES = 320 };

struct register_found {
	register_state state;
	bool is_close;
	uint64_t head;                      /* the newest version here, unless new */
	char says[EVENT_SAYS_BYTES];        /* what it says, in few words */
	char change[REGISTER_CHANGE_BYTES]; /* the options of 'valija correct' that lead to now */
};

/* Look for what now tells again.  Nothing of txn is kept.  ST_IO. */
status register_find(kv_txn *txn, const struct event *now, struct register_found *ret_found);

/* Say what was found: the REF on standard output when it says the same, else what to type.
 * Returns the exit status. */
int register_tell(outbox *box, const struct register_found *found);
