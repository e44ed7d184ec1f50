/* agent/entry_event.h - an event of this device as the entry it was made of
 */
#pragma once

#include "agent/entry.h"

struct entry_texts; /* what such an entry points into */

/* All that the event of a record says (not who said it, nor why).  The hashes of
 * evidences are copied, so event may go away.  NULL: no memory; else to be given
 * to entry_texts_free() when the entry is not needed any more. */
struct entry_texts *entry_of_event(const struct event *event, struct entry *ret_entry);
void entry_texts_free(struct entry_texts **t_p);

/* Do both say the same, whoever said it and when? */
bool entry_events_agree(const struct event *a, const struct event *b);

/* The same, whatever they replace and why. */
bool entry_events_tell_the_same(const struct event *a, const struct event *b);
