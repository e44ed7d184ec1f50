/* common/owner.h - commands given as root act as the owner of the home
 *
 * Who administers a machine types "sudo valija-hub enroll …"; were the command to
 * write as root, its files would lock the service out that runs as another user.
 */
#pragma once

#include "protocol/status.h"

/* Become the user and group of that folder for good, when this process is root
 * and the folder belongs to somebody else; does nothing otherwise, nor when there
 * is no such folder.  ST_DENIED: it is not allowed. */
status owner_become(const char *home);

/* Give everything below dir, and dir itself, to the user and group of home, under
 * the same conditions. */
status owner_hand_over(const char *dir, const char *home);
