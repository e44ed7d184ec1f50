/* agent/link/address.h - where a hub is and which, as a person gives it
 *
 * Both checks say on standard error what is wrong and return an exit status.
 */
#pragma once

#include "protocol/identity.h"

/* Cut the next of some texts joined by ',' off *rest, which is NULL behind the
 * last.  False when there is none. */
bool next_part(const char **rest, struct text *ret_part);

/* given: the value of --hub, endpoints joined by ','. */
int address_check_hubs(const char *given);

/* Read the file of --hub-key. */
int address_read_key(const char *path, struct hub_key *ret_key);
