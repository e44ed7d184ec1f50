#include "hub/event_pile.h"

#include <stdlib.h>
#include <string.h>

#include "common/room.h"

void
event_pile_init(struct event_pile *p)
{
	*p = (struct event_pile) { .count = 0 };
	writer_init(&p->bodies);
}

void
event_pile_done(struct event_pile *p)
{
	writer_done(&p->bodies);
	free(p->list);
	p->list = NULL;
}

status
event_pile_add(struct event_pile *p, const struct journal_event *j, const struct event *e,
               outcome o, const uint8_t *key)
{
	struct piled *list = room_for(p->list, p->count, 1, &p->room, sizeof(*list)), *entry;

	if (!list)
		return ST_NOMEM;
	p->list = list;
	entry = &p->list[p->count];
	*entry = (struct piled) {
		.day = event_day(e),
		.order = p->count++,
		.outcome = o,
		.at = j->event.at,
		.received_ms = j->received_ms,
		.body_at = writer_bytes(&p->bodies).len,
		.body_len = j->event.body.len,
	};
	memcpy(entry->unit, e->unit.at, e->unit.len);
	memcpy(entry->feed, j->feed, FEED_BYTES);
	if (key)
		memcpy(entry->key, key, PILE_KEY_BYTES);
	writer_raw(&p->bodies, j->event.body.at, j->event.body.len);
	return writer_status(&p->bodies);
}

static int
compare(const void *a, const void *b)
{
	const struct piled *x = a, *y = b;
	int order = (x->day > y->day) - (x->day < y->day);

	if (order == 0)
		order = strcmp(x->unit, y->unit);
	if (order == 0)
		order = memcmp(x->key, y->key, PILE_KEY_BYTES);
	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

void
event_pile_sort(struct event_pile *p)
{
	if (p->count > 1)
		qsort(p->list, p->count, sizeof(*p->list), compare);
}

struct bytes
event_pile_body(const struct event_pile *p, size_t i)
{
	return (struct bytes) { writer_bytes(&p->bodies).at + p->list[i].body_at,
		                p->list[i].body_len };
}
