/* common/apart.h - work on what may be damaged, in a process of its own
 *
 * LMDB has no checksums: a bad page, or a file that was cut short, can end the
 * process that reads it by a signal.  Such work is done in a child, and who waits
 * for it can say in words what happened.
 *
 * Not thread safe: to be called while the process has one thread.
 */
#pragma once

#include <stddef.h>

#include "protocol/status.h"

/* How the child ended. */
struct apart_end {
	int code;   /* what work returned; 0 after a signal */
	int signal; /* that ended it; 0: none did */
};

/* Run work in a child and wait for it.  It may return 0 to 255; of what it does to
 * memory only what apart_share() gave is seen afterwards.  ST_BUSY, ST_NOMEM: no child was
 * to be had. */
status apart_run(int (*work)(void *ctx), void *ctx, struct apart_end *ret_end);

/* Zeroed memory that parent and child see alike.  NULL: there is none. */
void *apart_share(size_t bytes);
void apart_unshare(void *at, size_t bytes);

/* From now on a signal that a damaged file can bring about ends this process with that exit
 * status, after text (copied; a whole line) was written to standard error. */
void apart_last_words(const char *text, int code);
/* Take that back, in a child that opened the file in the usual way: who waits for it tells. */
void apart_no_words(void);
