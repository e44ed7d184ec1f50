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

#include "hub/journal_index.h"

typedef struct runs runs;

/* NULL: no memory. */
runs *runs_new(void);
void runs_free(runs **r_p);

/* The events of an entry, as journal_run_open() has them; valid until the next call. */
status runs_open(runs *r, const struct journal_entry *entry, const struct journal_run **ret_run);

/* The same of an entry of which run was found out just now; a copy is kept. */
status runs_keep(runs *r, const struct journal_entry *entry, const struct journal_run *run);
