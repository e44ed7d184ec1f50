#include "common/arena.h"

#include <stdlib.h>

/* The first is small, since often little is taken. */
enum { FIRST_BYTES = 4 << 10, CHUNK_BYTES = 64 << 10, ALIGNED = _Alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, room;
	_Alignas(max_align_t) unsigned char space[];
};

static struct arena_chunk *
add_chunk(struct arena *a, size_t bytes)
{
	size_t room = a->chunks ? CHUNK_BYTES : FIRST_BYTES;
	struct arena_chunk *c;

	if (room < bytes)
		room = bytes;
	c = malloc(sizeof(*c) + room);
	if (!c)
		return NULL;
	*c = (struct arena_chunk) { .next = a->chunks, .room = room };
	a->chunks = c;
	a->bytes += sizeof(*c) + room;
	return c;
}

void *
arena_take(struct arena *a, size_t bytes)
{
	struct arena_chunk *c = a->chunks;
	void *at;

	bytes = (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
	if (!c || c->room - c->used < bytes)
		c = add_chunk(a, bytes);
	if (!c)
		return NULL;
	at = c->space + c->used;
	c->used += bytes;
	return at;
}

void
arena_done(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	a->bytes = 0;
}
