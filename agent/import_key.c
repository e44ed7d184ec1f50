#include "agent/import_internal.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What is hashed is "NAME\0VALUE\0" for each field that says something, so it
 * reads in one way only: no name and no value holds a 0.  Names and order are
 * part of the key and stay as they are. */
typedef crypto_generichash_state hasher;

/* With the 0 that ends it. */
static void
add(hasher *h, const char *text)
{
	crypto_generichash_update(h, (const uint8_t *) text, strlen(text) + 1);
}

static void
add_field(hasher *h, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	add(h, name);
	add(h, value);
}

/* "007" says 7.  What is no number is left as it is: it will be refused anyway. */
static const char *
plain_number(const char *text)
{
	while (text && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
		text++;
	return text;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry_pair *) a)->name, ((const struct entry_pair *) b)->name);
}

static void
add_initiatives(hasher *h, const struct entry *e)
{
	const char *sorted[ENTRY_INITIATIVES_MAX + 1];

	memcpy(sorted, e->initiatives, e->initiative_count * sizeof(sorted[0]));
	if (e->initiative_count > 1)
		qsort(sorted, e->initiative_count, sizeof(sorted[0]), by_text);
	for (size_t i = 0; i < e->initiative_count; i++)
		add_field(h, "initiative", sorted[i]);
}

static void
add_pairs(hasher *h, const char *prefix, const struct entry_pair *pairs, size_t count)
{
	struct entry_pair sorted[ENTRY_PAIRS_MAX + 1];

	if (count == 0)
		return;
	memcpy(sorted, pairs, count * sizeof(sorted[0]));
	if (count > 1)
		qsort(sorted, count, sizeof(sorted[0]), by_name);
	for (size_t i = 0; i < count; i++) {
		add(h, prefix);
		add_field(h, sorted[i].name, plain_number(sorted[i].value));
	}
}

/* A country is two letters in whatever case. */
static void
add_country(hasher *h, const char *country)
{
	char upper[8];
	size_t i = 0;

	for (; country && country[i] && i < sizeof(upper) - 1; i++)
		upper[i] = (char) toupper((unsigned char) country[i]);
	upper[i] = '\0';
	add_field(h, "country", upper);
}

/* A default that is spelled out says no more than one that is left out. */
static const char *
unless(const char *value, const char *fallback)
{
	return value && fallback && strcmp(value, fallback) == 0 ? NULL : value;
}

void
import_fields_hash(const struct entry *e, const char *unit, uint8_t ret_hash[static HASH_BYTES])
{
	hasher h;

	crypto_generichash_init(&h, NULL, 0, HASH_BYTES);
	add_field(&h, "unit", unit);
	add_field(&h, "indicator", e->indicator);
	add_initiatives(&h, e);
	add_field(&h, "date", e->date);
	add_field(&h, "until", unless(e->until, e->date));
	add_field(&h, "quantity", unless(plain_number(e->quantity), "1"));
	add_field(&h, "mode", e->mode);
	add_field(&h, "place", e->place);
	add_country(&h, e->country);
	add_field(&h, "status", unless(e->status, event_status_name(STATUS_DONE)));
	add_field(&h, "note", e->note);
	add_field(&h, "by", e->by);
	add_field(&h, "thing", e->thing);
	add_field(&h, "way", e->way);
	add_field(&h, "name", e->name);
	add_pairs(&h, "count", e->counts, e->count_count);
	add_pairs(&h, "group", e->groups, e->group_count);
	crypto_generichash_final(&h, ret_hash, HASH_BYTES);
}

void
import_key(const uint8_t fields[static HASH_BYTES], uint64_t occurrence,
           uint8_t ret_key[static HASH_BYTES])
{
	static const char tag[] = "valija/row/1";
	uint8_t number[8];
	hasher h;

	put_u64(number, occurrence);
	crypto_generichash_init(&h, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&h, (const uint8_t *) tag, sizeof(tag) - 1);
	crypto_generichash_update(&h, fields, HASH_BYTES);
	crypto_generichash_update(&h, number, sizeof(number));
	crypto_generichash_final(&h, ret_key, HASH_BYTES);
}

/* qsort() may swap equal rows, and a file must give the same numbers each time. */
static int
by_key_then_place(const void *a, const void *b)
{
	const struct import_row *x = *(struct import_row *const *) a;
	const struct import_row *y = *(struct import_row *const *) b;
	int order = memcmp(x->fields, y->fields, HASH_BYTES);

	if (order != 0)
		return order;
	return x < y ? -1 : x > y;
}

struct import_row **
import_sorted(struct import_row *rows, size_t count)
{
	struct import_row **sorted = calloc(count + 1, sizeof(struct import_row *));

	if (!sorted)
		return NULL;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &rows[i];
	qsort(sorted, count, sizeof(struct import_row *), by_key_then_place);
	return sorted;
}

/* What is told once a quarter keeps its name, however often it is told. */
static void
number(struct import_row *row, uint64_t occurrence)
{
	row->occurrence = occurrence;
	if (!row->is_register)
		import_key(row->fields, occurrence, row->key);
}

/* A table with open addresses, of the last row of each kind: + 1, since 0 is none.  The hashes
 * need no further hashing. */
status
import_number_rows(struct import_row *rows, size_t count)
{
	size_t size = 1;
	uint32_t *last;

	while (size < 2 * count)
		size *= 2;
	last = calloc(size, sizeof(*last));
	if (!last)
		return ST_NOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t at = get_u64(rows[i].fields) & (size - 1);

		while (last[at] &&
		       memcmp(rows[last[at] - 1].fields, rows[i].fields, HASH_BYTES) != 0)
			at = (at + 1) & (size - 1);
		if (last[at])
			number(&rows[i], rows[last[at] - 1].occurrence + 1);
		last[at] = (uint32_t) i + 1;
	}
	free(last);
	return ST_OK;
}
