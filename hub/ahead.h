/* hub/ahead.h - a second thread that lays batches out before they are taken
 *
 *     while (ahead_room(a))
 *             ahead_put(a, entry, sealed);            what will be taken next, in that order
 *     st = ahead_take(a, entry, sealed, &block);      the first of them
 *
 * To unpack a batch, check its seal and hash its events (hub/run_block.h) is a third of what
 * it costs the hub, and needs neither the store nor anything of other batches: on two cores it
 * is done while the one before is folded.
 *
 * What it has time for beyond that it reads (run_block_read()): an event that is corrected later
 * is read several times else.  Not of the next two, whose taker would wait for it.
 *
 * Whoever takes a batch that the thread has not begun lays it out himself: nobody waits
 * for a thread that sleeps, and where none can be started all goes on, only not faster.  The
 * thread leaves the first of all to him; it is started when there is a second one, and
 * sleeps while there is none.
 *
 * One thread puts and takes.
 */
#pragma once

#include "hub/run_block.h"

typedef struct ahead ahead;

enum { AHEAD_MAX = 4 }; /* blocks: what is folded takes longer than to lay out, so few do */

/* NULL: no memory. */
ahead *ahead_new(void);
/* Waits until the thread has laid out what it is at. */
void ahead_free(ahead **a_p);

bool ahead_room(const ahead *a);

/* Give up all that was put: who stopped in between does not come to it. */
void ahead_forget(ahead *a);

/* A copy of the entry is made; sealed as with run_block_lay_out().  There is room.  Errors of
 * run_block_new(): it was not put. */
status ahead_put(ahead *a, const struct journal_entry *entry, bool sealed);

/* That entry, whose kind and bytes are compared, laid out, and perhaps read: whether it was put
 * or not.  Those
 * that were put before it are given up, all of them if it was not.  The block is the caller's.
 * Errors of run_block_new() and run_block_lay_out(). */
status ahead_take(ahead *a, const struct journal_entry *entry, bool sealed, run_block **ret_block);
