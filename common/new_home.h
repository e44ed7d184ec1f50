/* common/new_home.h - a home folder appears whole, or not at all
 *
 *     st = new_home_begin(home, 02770, &n);
 *     … make files in new_home_dir(n) …
 *     st = new_home_finish(n, "outbox");
 *     new_home_free(&n);               removes what was not finished
 *
 * Where there is no home yet, the files are made in a folder beside it, which
 * is then renamed.  An empty folder that is there already is kept (it may be a
 * mount point, or belong to a service): the files are made in a folder inside
 * it and moved out one by one, the one that makes a home of it last.  Where root
 * makes them in the folder of another user, they become that user's.
 *
 * A process that is killed in between leaves a folder whose name ends in, or
 * begins with, ".new-" and six letters; nothing refers to it and it may be
 * removed.  Not thread safe.
 */
#pragma once

#include <sys/types.h>

#include "protocol/status.h"

typedef struct new_home new_home;

/* mode is exact, whatever the umask.  ST_EXISTS: home is not an empty folder.
 * ST_NOT_FOUND: the folder that should hold it is not there.  ST_DENIED: no
 * right to make anything there. */
status new_home_begin(const char *home, mode_t mode, new_home **ret_new);

/* Where the files are to be made; empty at first. */
const char *new_home_dir(const new_home *n);

/* Move everything into place and sync the folders.  last is the name of the
 * entry without which it is no home.  The files are the caller's to sync.
 * ST_EXISTS: meanwhile somebody made something there; nothing of ours is left
 * behind, here and after any other failure, once new_home_free() was called. */
status new_home_finish(new_home *n, const char *last);

/* Remove what is left and set *n_p to NULL; does nothing when it is NULL. */
void new_home_free(new_home **n_p);

/* For the commands: say on standard error why no home was made; st is what
 * begin, finish, or making the files returned.  Returns the exit status. */
int new_home_failed(const char *home, status st);
