/* agent/replacing.h - a new version in the place of others
 *
 * What 'valija correct', 'void' and 'settle' have in common.  A correction carries
 * all fields, not the difference, so that it means the same whatever the hub has or
 * has not seen of the versions before.  It names the newest own version whichever
 * one the person named: two versions that replace the same one would be a conflict
 * that nobody meant.  Where the hub told that another device's version stands, correct
 * and void name that one, too.
 */
#pragma once

#include "agent/entry_options.h"
#include "agent/target.h"

struct replacing {
	struct entry_options options; /* void and settle take some of them only */
	const char *words[FIXES_MAX]; /* which entries; the first says what stays */
	size_t word_count;
	struct target_files files;
	enum { REPLACE_CORRECT, REPLACE_VOID, REPLACE_SETTLE } how;
};

/* Store it, tell its REF.  Returns the exit status; r->options is done with. */
int replacing_run(struct replacing *r);

/* The same in an outbox that is open; the files of r->options were read, and they stay the
 * caller's. */
int replacing_in(outbox *box, const struct replacing *r);
