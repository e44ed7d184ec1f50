#include "hub/versions.h"

#include <stddef.h>
#include <stdlib.h>

/* Who names whom, and in which order to look at them: targets first.  The edges that end
 * at a version are a list: first_edge of the version, then next_edge of each edge;
 * edge_from is the version that names it. */
struct work {
	struct version *list;
	size_t count;
	uint32_t *order;      /* places, targets before those that name them */
	uint32_t *waiting;    /* of each: targets not looked at yet */
	uint32_t *first_edge; /* of each: into the edges, or NO_EDGE */
	uint32_t *next_edge, *edge_from;
	struct version **sorted;
};

static const uint32_t NO_EDGE = UINT32_MAX;

/* Most records have few versions, and pay for no allocation. */
enum { FEW_BYTES = 1024 };
_Static_assert(_Alignof(max_align_t) >= _Alignof(struct version *), "malloc() is good for it");

struct room {
	_Alignas(struct version *) uint8_t few[FEW_BYTES];
	void *many; /* NULL: few was enough */
};

static size_t
edges_of(const struct version *list, size_t count)
{
	size_t edges = 0;

	for (size_t i = 0; i < count; i++)
		edges += list[i].target_count;
	return edges;
}

static status
work_init(struct work *w, struct version *list, size_t count, struct room *room)
{
	size_t edges = edges_of(list, count);
	size_t pointers = count * sizeof(struct version *);
	size_t bytes = pointers + (3 * count + 2 * edges) * sizeof(uint32_t);
	void *at = room->few;
	uint32_t *numbers;

	room->many = NULL;
	if (bytes > sizeof(room->few))
		at = room->many = malloc(bytes);
	if (!at)
		return ST_NOMEM;
	numbers = (uint32_t *) (void *) ((uint8_t *) at + pointers);
	*w = (struct work) {
		.list = list,
		.count = count,
		.sorted = at,
		.order = numbers,
		.waiting = numbers + count,
		.first_edge = numbers + 2 * count,
		.next_edge = numbers + 3 * count,
		.edge_from = numbers + 3 * count + edges,
	};
	return ST_OK;
}

static void
note_edges(struct work *w)
{
	uint32_t edge = 0;

	for (size_t i = 0; i < w->count; i++) {
		w->first_edge[i] = NO_EDGE;
		w->waiting[i] = 0;
	}
	for (uint32_t i = 0; i < w->count; i++) {
		for (uint32_t t = 0; t < w->list[i].target_count; t++) {
			uint32_t target = w->list[i].targets[t];

			if (target == VERSION_MISSING)
				continue;
			w->edge_from[edge] = i;
			w->next_edge[edge] = w->first_edge[target];
			w->first_edge[target] = edge++;
			w->waiting[i]++;
		}
	}
}

/* ---- things ---- */

static int
compare_bonds(const void *one, const void *two)
{
	const struct version *a = *(struct version *const *) one;
	const struct version *b = *(struct version *const *) two;

	return strcmp(a->bond, b->bond);
}

/* Asked of what each version says by itself: did it depend on which one counts, a
 * correction that turns an entry from in to out would take away what it stands on. */
static void
judge_things(struct work *w)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (w->list[i].comes_in && w->list[i].judged == HOLD_NONE)
			w->sorted[count++] = &w->list[i];
	}
	qsort(w->sorted, count, sizeof(struct version *), compare_bonds);
	for (size_t i = 0; i < w->count; i++) {
		struct version *v = &w->list[i];

		if (v->needs_in && v->judged == HOLD_NONE &&
		    !bsearch(&v, w->sorted, count, sizeof(struct version *), compare_bonds))
			v->judged = HOLD_THING;
	}
}

/* ---- soundness ---- */

/* A void that replaces nothing has nothing that it could take out. */
static bool
is_first(const struct version *v)
{
	return v->record && !v->is_void && v->target_count == 0;
}

static int
compare_ids(const struct version *a, const struct version *b)
{
	int order = memcmp(a->feed, b->feed, FEED_BYTES);

	if (order != 0)
		return order;
	if (a->at.seq != b->at.seq)
		return a->at.seq < b->at.seq ? -1 : 1;
	return memcmp(a->at.hash, b->at.hash, HASH_BYTES);
}

static int
compare_registers(const void *one, const void *two)
{
	const struct version *a = *(struct version *const *) one;
	const struct version *b = *(struct version *const *) two;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : compare_ids(a, b);
}

/* Which first version stands for its record: itself, or of a register the least one. */
static void
find_roots(struct work *w)
{
	size_t count = 0;

	for (uint32_t i = 0; i < w->count; i++) {
		w->list[i].root = i;
		if (is_first(&w->list[i]) && w->list[i].is_register)
			w->sorted[count++] = &w->list[i];
	}
	qsort(w->sorted, count, sizeof(struct version *), compare_registers);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(w->sorted[i]->key, w->sorted[i - 1]->key) == 0)
			w->sorted[i]->root = w->sorted[i - 1]->root;
	}
}

/* Its root was found before. */
static void
sound_first(struct version *v)
{
	v->sound = is_first(v);
	v->hold = v->sound ? v->judged : HOLD_FIX;
	v->depth = 1;
	v->offices = v->office;
}

/* Goes on after one that does not fit: a version that is missing is told before, wherever
 * it stands among the targets. */
static hold
fault_of_targets(const struct version *list, const struct version *v)
{
	const struct version *first = NULL;
	bool fits = true;

	for (uint32_t i = 0; i < v->target_count; i++) {
		const struct version *t;

		if (v->targets[i] == VERSION_MISSING)
			return HOLD_WAITS;
		t = &list[v->targets[i]];
		if (!t->sound && t->hold == HOLD_WAITS)
			return HOLD_WAITS;
		first = first ? first : t;
		if (!t->sound || t->root != first->root ||
		    (!v->office && strcmp(t->unit, v->unit) != 0) ||
		    (!v->is_void && strcmp(list[t->root].key, v->key) != 0))
			fits = false;
	}
	return fits ? HOLD_NONE : HOLD_FIX;
}

/* All targets were judged before.  Of what is not sound, nobody looks at root, depth or
 * offices. */
static void
judge_one(struct version *list, uint32_t place)
{
	struct version *v = &list[place];

	if (!v->record) {
		v->hold = v->judged;
		return;
	}
	if (v->target_count == 0) {
		sound_first(v);
		return;
	}
	v->hold = v->right ? fault_of_targets(list, v) : HOLD_RIGHT;
	if (v->hold != HOLD_NONE)
		return;
	v->sound = true;
	v->hold = v->judged;
	v->root = list[v->targets[0]].root;
	for (uint32_t i = 0; i < v->target_count; i++) {
		const struct version *t = &list[v->targets[i]];

		v->depth = t->depth > v->depth ? t->depth : v->depth;
		v->offices = t->offices > v->offices ? t->offices : v->offices;
	}
	v->depth++;
	v->offices += v->office;
}

/* Returns how many could be put in order: fewer than all only if events named
 * each other in a ring, which no chain of hashes can. */
static size_t
judge_in_order(struct work *w)
{
	size_t known = 0;

	for (uint32_t i = 0; i < w->count; i++)
		if (w->waiting[i] == 0)
			w->order[known++] = i;
	for (size_t done = 0; done < known; done++) {
		uint32_t place = w->order[done];

		judge_one(w->list, place);
		for (uint32_t e = w->first_edge[place]; e != NO_EDGE; e = w->next_edge[e])
			if (--w->waiting[w->edge_from[e]] == 0)
				w->order[known++] = w->edge_from[e];
	}
	return known;
}

/* ---- one record ---- */

static int
compare_depth(const struct version *a, const struct version *b)
{
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return memcmp(a->at.hash, b->at.hash, HASH_BYTES);
}

static int
compare_in_record(const void *one, const void *two)
{
	const struct version *a = *(struct version *const *) one;
	const struct version *b = *(struct version *const *) two;

	if (a->root != b->root)
		return a->root < b->root ? -1 : 1;
	return compare_depth(a, b);
}

/* The sound ones, record by record; of each only VERSIONS_MAX are taken. */
static size_t
sort_records(struct work *w)
{
	size_t sound = 0, begin = 0;

	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].sound)
			w->sorted[sound++] = &w->list[i];
	qsort(w->sorted, sound, sizeof(struct version *), compare_in_record);
	for (size_t i = 0; i < sound; i++) {
		if (w->sorted[i]->root != w->sorted[begin]->root)
			begin = i;
		if (i - begin >= VERSIONS_MAX)
			w->sorted[i]->hold = HOLD_VERSIONS;
	}
	return sound;
}

/* Backwards, so that who replaces a version is looked at before it: a held one that is
 * superseded passes that on.  A sound version has no missing target. */
static void
supersede(struct work *w, size_t known)
{
	for (size_t i = known; i-- > 0;) {
		const struct version *v = &w->list[w->order[i]];

		if (!v->sound || (v->hold != HOLD_NONE && !v->superseded))
			continue;
		for (uint32_t t = 0; t < v->target_count; t++)
			w->list[v->targets[t]].superseded = true;
	}
}

static bool
beats(const struct version *a, const struct version *b)
{
	if (a->offices != b->offices)
		return a->offices > b->offices;
	return compare_depth(a, b) > 0;
}

static void
choose_winners(struct work *w, size_t sound)
{
	struct version *best = NULL;

	for (size_t i = 0; i < sound; i++) {
		struct version *v = w->sorted[i];

		if (i > 0 && v->root != w->sorted[i - 1]->root)
			best = NULL;
		v->head = v->hold == HOLD_NONE && !v->superseded;
		if (!v->head || (best && !beats(v, best)))
			continue;
		if (best)
			best->wins = false;
		v->wins = true;
		best = v;
	}
}

status
versions_judge(struct version *list, size_t count)
{
	struct work w;
	struct room room;
	size_t known, sound;
	status st;

	if (count == 0)
		return ST_OK;
	st = work_init(&w, list, count, &room);
	if (st < 0)
		return st;
	for (size_t i = 0; i < count; i++) {
		/* stays with those that no order reaches */
		list[i].hold = HOLD_FIX;
		list[i].sound = list[i].superseded = list[i].head = list[i].wins = false;
		list[i].depth = list[i].offices = 0;
	}
	judge_things(&w);
	find_roots(&w);
	note_edges(&w);
	known = judge_in_order(&w);
	sound = sort_records(&w);
	supersede(&w, known);
	choose_winners(&w, sound);
	free(room.many);
	return ST_OK;
}

bool
version_held(const struct version *v)
{
	return v->hold != HOLD_NONE && !v->superseded;
}

bool
version_counts(const struct version *v)
{
	return v->wins && !v->is_void;
}
