/* common/arena.h - memory for many small things that go together
 *
 * What is taken stays where it is until all of it is given back at once.
 */
#pragma once

#include <stddef.h>

struct arena_chunk;

/* Zeroed is empty. */
struct arena {
	struct arena_chunk *chunks; /* that something was taken of last, first */
	size_t bytes;               /* of all chunks */
};

/* Room for so many bytes, good for a struct of any kind; its bytes may have any value.
 * NULL: no memory. */
void *arena_take(struct arena *a, size_t bytes);

void arena_done(struct arena *a);
