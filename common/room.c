#include "common/room.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

/* Twice as much each time: each element is moved once or twice on the average. */
void *
room_for(void *list, size_t count, size_t add, size_t *room, size_t element)
{
	const size_t most = SIZE_MAX / 4 / element; /* of either, so that nothing overflows */
	size_t more = *room > 0 ? *room : FIRST_ROOM;
	void *grown;

	if (*room > 0 && count <= *room && add <= *room - count)
		return list;
	if (count > most || add > most)
		return NULL;
	while (more < count + add)
		more *= 2;
	grown = realloc(list, more * element);
	if (grown)
		*room = more;
	return grown;
}
