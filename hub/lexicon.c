#include "hub/lexicon.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "protocol/words.h"

enum { FIRST_SLOTS = 1 << 9 };

/* Where a text lies. */
struct entry {
	uint32_t at; /* in letters, with a 0 behind it */
	uint8_t len;
};

struct lexicon {
	uint64_t seed; /* who chooses texts is not to choose where they lie */
	char *letters;
	size_t letter_count, letter_room;
	struct entry *entries; /* by number - 1 */
	size_t count, room;
	uint16_t *slots; /* numbers; 0: empty.  At least half are */
	size_t slot_count;
	uint16_t *now; /* lexicon_sort() */
};

lexicon *
lexicon_new(void)
{
	lexicon *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->slots = calloc(FIRST_SLOTS, sizeof(*l->slots));
	if (!l->slots) {
		free(l);
		return NULL;
	}
	l->slot_count = FIRST_SLOTS;
	randombytes_buf(&l->seed, sizeof(l->seed));
	return l;
}

void
lexicon_free(lexicon **l_p)
{
	lexicon *l = *l_p;

	if (!l)
		return;
	free(l->letters);
	free(l->entries);
	free(l->slots);
	free(l->now);
	free(l);
	*l_p = NULL;
}

void
lexicon_forget(lexicon *l)
{
	if (l->count > 0)
		memset(l->slots, 0, l->slot_count * sizeof(*l->slots));
	l->count = l->letter_count = 0;
}

size_t
lexicon_count(const lexicon *l)
{
	return l->count;
}

struct text
lexicon_text(const lexicon *l, uint16_t number)
{
	const struct entry *e;

	if (number == 0)
		return (struct text) { "", 0 };
	e = &l->entries[number - 1];
	return (struct text) { l->letters + e->at, e->len };
}

static bool
is_text(const lexicon *l, uint16_t number, struct text t)
{
	const struct entry *e = &l->entries[number - 1];

	return e->len == t.len &&
		words_equal((const uint8_t *) l->letters + e->at, (const uint8_t *) t.at, t.len);
}

/* The slot of that text, or the empty one where it belongs. */
static uint16_t *
slot_of(const lexicon *l, struct text t)
{
	size_t mask = l->slot_count - 1;
	size_t i = words_hash(l->seed, (const uint8_t *) t.at, t.len) & mask;

	while (l->slots[i] != 0 && !is_text(l, l->slots[i], t))
		i = (i + 1) & mask;
	return &l->slots[i];
}

static void
fill_slots(lexicon *l)
{
	memset(l->slots, 0, l->slot_count * sizeof(*l->slots));
	for (size_t n = 1; n <= l->count; n++)
		*slot_of(l, lexicon_text(l, (uint16_t) n)) = (uint16_t) n;
}

static status
make_slots(lexicon *l)
{
	uint16_t *slots = calloc(2 * l->slot_count, sizeof(*slots));

	if (!slots)
		return ST_NOMEM;
	free(l->slots);
	l->slots = slots;
	l->slot_count *= 2;
	fill_slots(l);
	return ST_OK;
}

static status
add(lexicon *l, struct text t, uint16_t *ret_number)
{
	struct entry *entries;
	char *letters;

	if (t.len > LEXICON_TEXT_MAX || l->count == LEXICON_MAX)
		return ST_LIMIT;
	if (2 * (l->count + 1) > l->slot_count && make_slots(l) < 0)
		return ST_NOMEM;
	entries = room_for(l->entries, l->count, 1, &l->room, sizeof(*entries));
	if (!entries)
		return ST_NOMEM;
	l->entries = entries;
	letters = room_for(l->letters, l->letter_count, t.len + 1, &l->letter_room, 1);
	if (!letters)
		return ST_NOMEM;
	l->letters = letters;
	memcpy(letters + l->letter_count, t.at, t.len);
	letters[l->letter_count + t.len] = '\0';
	*slot_of(l, t) = (uint16_t) (l->count + 1);
	entries[l->count++] = (struct entry) { (uint32_t) l->letter_count, (uint8_t) t.len };
	l->letter_count += t.len + 1;
	*ret_number = (uint16_t) l->count;
	return ST_OK;
}

status
lexicon_number(lexicon *l, struct text t, uint16_t *ret_number)
{
	uint16_t found = t.len > 0 ? *slot_of(l, t) : 0;

	if (t.len > 0 && found == 0)
		return add(l, t, ret_number);
	*ret_number = found;
	return ST_OK;
}

/* ---- the order of texts ---- */

struct place {
	const char *at;
	struct entry entry;
	uint16_t before;
};

static int
compare(const void *one, const void *two)
{
	const struct place *a = one, *b = two;
	size_t common = a->entry.len < b->entry.len ? a->entry.len : b->entry.len;
	int order = memcmp(a->at, b->at, common);

	return order != 0 ? order : (a->entry.len > b->entry.len) - (a->entry.len < b->entry.len);
}

status
lexicon_sort(lexicon *l, const uint16_t **ret_now)
{
	struct place *places = calloc(l->count + 1, sizeof(*places));
	uint16_t *now = calloc(l->count + 1, sizeof(*now));

	if (!places || !now) {
		free(places);
		free(now);
		return ST_NOMEM;
	}
	for (size_t i = 0; i < l->count; i++)
		places[i] = (struct place) { l->letters + l->entries[i].at, l->entries[i],
			                     (uint16_t) (i + 1) };
	qsort(places, l->count, sizeof(*places), compare);
	for (size_t i = 0; i < l->count; i++) {
		l->entries[i] = places[i].entry;
		now[places[i].before] = (uint16_t) (i + 1);
	}
	fill_slots(l);
	free(places);
	free(l->now);
	*ret_now = l->now = now;
	return ST_OK;
}
