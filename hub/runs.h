/* hub/runs.h - batches of the journal that were unpacked lately
 *
 * Who corrects an entry does so soon as a rule, so those who look for what is corrected
 * come to the same few batches again and again; and to unpack one and to hash all its
 * events takes as long as to fold hundreds.
 *
 * Kept by the running hash of the entry, which covers what it is and what is before it: so
 * it does not matter whether the transaction in which it was seen was given up.
 */
#pragma once

#include "hub/run_block.h"

typedef struct runs runs;

/* NULL: no memory. */
runs *runs_new(void);
void runs_free(runs **r_p);

/* The events of an entry; valid until the next call.  Errors of run_block_open(). */
status runs_open(runs *r, const struct journal_entry *entry, const struct journal_run **ret_run);

/* The same where it is kept, by offset and running hash of the entry alone.  NULL: it is not. */
const struct journal_run *runs_peek(const runs *r, const struct journal_entry *entry);

/* The same of an entry that has just been laid out: *b_p is theirs now. */
void runs_keep(runs *r, const struct journal_entry *entry, run_block **b_p);
