/* agent/link/keys.h - the keys of a home, as the programs that carry need them
 */
#pragma once

#include "agent/outbox.h"
#include "common/link/curve_key.h"

struct agent_keys {
	uint8_t feed_secret[SIGN_SECRET_BYTES]; /* HOME/feed.key */
	struct curve_key curve;                 /* HOME/curve.key */
	struct hub_key hub;                     /* HOME/hub.pub */
};

/* Read the three files and check that they are this device's.  hub_key, when
 * not NULL, is a file read in place of hub.pub: that of another hub.  On failure
 * says on standard error which file it is and why.  Returns an exit status. */
int agent_keys_load(const outbox *box, const char *hub_key, struct agent_keys *ret_keys);

/* Overwrite what is secret. */
void agent_keys_wipe(struct agent_keys *keys);
