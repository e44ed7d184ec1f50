/* agent/link/address.h - where a hub is and which, as a person gives it
 *
 * What returns an int says on standard error what is wrong and returns an exit status.
 */
#pragma once

#include "protocol/identity.h"

/* Cut the next of some texts joined by ',' off *rest, which is NULL behind the
 * last.  False when there is none. */
bool next_part(const char **rest, struct text *ret_part);

/* Whether given is one or more endpoints, joined by ',', that a home can keep. */
bool address_hubs_valid(const char *given);

/* The same for the value of --hub. */
int address_check_hubs(const char *given);

/* Read the file of --hub-key. */
int address_read_key(const char *path, struct hub_key *ret_key);
