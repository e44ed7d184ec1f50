/* hub/command.h - what the commands of valija-hub have in common
 *
 * Functions that return an int return an exit status: 0, or what they have
 * already explained on standard error.
 */
#pragma once

#include <argp.h>

#include "hub/hub.h"
#include "protocol/event.h"

/* The home: the option's value, else VALIJA_HUB_HOME, else
 * /var/lib/valija-hub. */
const char *command_home(const char *option);

/* Open the hub of that home (see above) and set up libsodium.  Root becomes the
 * owner of the home first, for good (common/owner.h). */
int command_open(const char *home_option, hub **ret_hub);

/* The same, whichever program folded its ledger: for who folds it anew, or only copies
 * it. */
int command_open_any(const char *home_option, hub **ret_hub);

/* Say why reading or storing failed: names the holder of the lock, says what to
 * do about a full disk.  Returns the exit status. */
int command_failed(hub *h, status st);

/* The same of what is recorded in the hub's own feed, whose key it needs. */
int command_record_failed(hub *h, status st);

/* Show on a terminal how far folding again has come, once it takes a second. */
void command_watch(hub *h);

/* End the command of state with 64: what was given for an option is none of the
 * words known; the nearest one is named. */
void command_wrong_word(struct argp_state *state, const char *option, const char *value,
                        const char *const *known, size_t count);

/* A quarter, as 2025-Q4, that is the value of an option (NULL: an argument). */
void command_quarter(struct argp_state *state, const char *option, const char *value,
                     uint64_t *ret_quarter);

/* The value of --status. */
event_status command_status(struct argp_state *state, const char *value);
