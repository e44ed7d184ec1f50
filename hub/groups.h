/* hub/groups.h - sums by key, gathered in any order, told in the order of keys
 *
 * Holds a sum for each key that ever came, so it is bounded by the number of
 * different keys, not by the number of rows.  Zeroed is empty; groups_done()
 * frees it.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"

enum { GROUP_KEY_BYTES = 120 };

struct group {
	char key[GROUP_KEY_BYTES]; /* 0-terminated texts one after the other; then 0 */
	int64_t total;
	bool any; /* something was added, be it 0 */
};

struct groups {
	struct group *list;
	size_t count;
	size_t room;     /* of list */
	uint32_t *slots; /* place in list + 1, or 0 */
	size_t mask;     /* slots less 1; a power of two less 1 */
	size_t last;     /* place in list of the row found last: as a rule the next is the same */
};

/* Add to the sum of a key of len bytes, in which a text may end with 0.
 * ST_LIMIT: len is over GROUP_KEY_BYTES, or the sum leaves 64 bits. */
status groups_add(struct groups *g, const char *key, size_t len, int64_t amount);

/* Have a row of that key, of 0 unless something is added.  ST_LIMIT: as above. */
status groups_row(struct groups *g, const char *key, size_t len);

/* Bring the list into the order of the keys.  Nothing can be added after. */
void groups_sort(struct groups *g);

/* The index-th text of a key. */
const char *group_text(const struct group *row, size_t index);

void groups_done(struct groups *g);
