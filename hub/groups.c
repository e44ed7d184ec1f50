#include "hub/groups.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

/* FNV-1a: keys are made of codes of the plan, nobody can choose them. */
static size_t
hash_of(const char key[static GROUP_KEY_BYTES])
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < GROUP_KEY_BYTES; i++)
		hash = (hash ^ (unsigned char) key[i]) * UINT64_C(1099511628211);
	return (size_t) (hash ^ hash >> 32);
}

/* The slot that holds the key, or the empty one where it belongs. */
static uint32_t *
slot_of(const struct groups *g, const char key[static GROUP_KEY_BYTES])
{
	for (size_t i = hash_of(key) & g->mask;; i = (i + 1) & g->mask) {
		uint32_t at = g->slots[i];

		if (at == 0 || memcmp(g->list[at - 1].key, key, GROUP_KEY_BYTES) == 0)
			return &g->slots[i];
	}
}

/* Room for one more, with at least a third of the slots empty.  Doubled, with all
 * slots filled anew: rows must stay where list has them only until the next one
 * is added. */
static status
make_room(struct groups *g)
{
	size_t slots = g->mask == 0 ? FIRST_SLOTS : (g->mask + 1) * 2;
	struct group *list;
	uint32_t *fresh;

	if (g->count < g->room)
		return ST_OK;
	if (slots > UINT32_MAX)
		return ST_LIMIT;
	list = realloc(g->list, slots / 3 * 2 * sizeof(*list));
	if (!list)
		return ST_NOMEM;
	g->list = list;
	fresh = calloc(slots, sizeof(*fresh));
	if (!fresh)
		return ST_NOMEM;
	free(g->slots);
	g->slots = fresh;
	g->mask = slots - 1;
	g->room = slots / 3 * 2;
	for (size_t i = 0; i < g->count; i++)
		*slot_of(g, list[i].key) = (uint32_t) i + 1;
	return ST_OK;
}

static status
find_row(struct groups *g, const char *key, size_t len, struct group **ret_row)
{
	struct group fresh = { .total = 0 };
	uint32_t *slot;
	status st;

	if (len > GROUP_KEY_BYTES)
		return ST_LIMIT;
	memcpy(fresh.key, key, len);
	if (g->last < g->count && memcmp(g->list[g->last].key, fresh.key, GROUP_KEY_BYTES) == 0) {
		*ret_row = &g->list[g->last];
		return ST_OK;
	}
	st = make_room(g);
	if (st < 0)
		return st;
	slot = slot_of(g, fresh.key);
	if (*slot == 0) {
		g->list[g->count] = fresh;
		*slot = (uint32_t) ++g->count;
	}
	g->last = *slot - 1;
	*ret_row = &g->list[g->last];
	return ST_OK;
}

status
groups_row(struct groups *g, const char *key, size_t len)
{
	struct group *row;

	return find_row(g, key, len, &row);
}

status
groups_add(struct groups *g, const char *key, size_t len, int64_t amount)
{
	struct group *row;
	status st = find_row(g, key, len, &row);

	if (st < 0)
		return st;
	row->any = true;
	return __builtin_add_overflow(row->total, amount, &row->total) ? ST_LIMIT : ST_OK;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct group *) a)->key, ((const struct group *) b)->key,
	              GROUP_KEY_BYTES);
}

/* The slots tell places, which are no longer true: nothing is added after this. */
void
groups_sort(struct groups *g)
{
	if (g->count > 1)
		qsort(g->list, g->count, sizeof(*g->list), compare);
	free(g->slots);
	g->slots = NULL;
}

/* Behind the last text of a key are zeros, so a row without keys has empty texts. */
const char *
group_text(const struct group *row, size_t index)
{
	const char *text = row->key;

	while (index-- > 0)
		text += strlen(text) + 1;
	return text;
}

void
groups_done(struct groups *g)
{
	free(g->list);
	free(g->slots);
	*g = (struct groups) { 0 };
}
