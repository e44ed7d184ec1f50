/* common/room.h - lists that grow
 */
#pragma once

#include <stddef.h>

/* The list, with room for add more elements (of that many bytes) behind the count that
 * are there; *room is how many it has room for, at first 0 with list NULL.  It may have
 * moved.  NULL: no memory; the list is as it was.
 *
 *	struct item *list = room_for(p->list, p->count, 1, &p->room, sizeof(*list));
 *
 *	if (!list)
 *		return ST_NOMEM;
 *	p->list = list;
 */
void *room_for(void *list, size_t count, size_t add, size_t *room, size_t element);
