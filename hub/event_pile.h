/* hub/event_pile.h - copies of events that are to be told in another order than they came
 */
#pragma once

#include "hub/journal.h"
#include "hub/ledger.h"
#include "protocol/event.h"
#include "protocol/writer.h"

enum { PILE_KEY_BYTES = 16 };

struct piled {
	date day;
	char unit[CODE_BYTES_MAX + 1];
	uint8_t key[PILE_KEY_BYTES]; /* what belongs together has the same one */
	size_t order;                /* in which they came */
	outcome outcome;
	uint8_t feed[FEED_BYTES];
	struct point at;
	int64_t received_ms;
	size_t body_at, body_len;
};

/* Zeroed, then event_pile_init(). */
struct event_pile {
	struct piled *list;
	size_t count, room;
	writer bodies; /* one behind the other */
};

void event_pile_init(struct event_pile *p);
void event_pile_done(struct event_pile *p);

/* e is what was decoded of j.  key may be NULL: 0.  ST_NOMEM. */
status event_pile_add(struct event_pile *p, const struct journal_event *j, const struct event *e,
                      outcome o, const uint8_t *key);

/* By date, unit, key, and the order in which they came. */
void event_pile_sort(struct event_pile *p);

/* Valid until the next event_pile_add(). */
struct bytes event_pile_body(const struct event_pile *p, size_t i);
