#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/code.h"
#include "protocol/codec.h"
#include "protocol/msgid.h"
#include "protocol/plan_internal.h"
#include "protocol/plan_shape.h"

/* Reading goes on after each fault, so that a person sees all of them at once: a
 * value that is wrong is reported and its member stays unset, and the rules of
 * plan_check.c pass over what is unset.  Nothing here stops before the end but
 * for want of memory. */

enum { WORDS_BYTES = sizeof(((struct plan_problem *) NULL)->arg) };

/* Members are written through memcpy(): a field knows only where they are. */
static void
put(char *base, size_t at, const void *value, size_t bytes)
{
	memcpy(base + at, value, bytes);
}

static void
put_pointer(char *base, size_t at, const void *pointer)
{
	put(base, at, &pointer, sizeof(pointer));
}

/* Pointers, counts and flags are 0 already.  Objects that are a part of this
 * one are unset with it, whether they will be there or not. */
static void
unset(const struct plan_shape *shape, char *base)
{
	const int64_t number = UNSET_NUMBER;
	const unsigned word = UNSET_WORD;

	for (const struct plan_field *f = shape->fields; f->key; f++) {
		const date day = f->optional ? (date) f->min : UNSET_DATE;
		const int64_t none = f->optional ? 0 : number;
		const unsigned other = f->optional ? (unsigned) f->max : word;

		if (f->type == FIELD_NUMBER || f->type == FIELD_NUMBER_OR_NULL)
			put(base, f->at, &none, sizeof(none));
		else if (f->type == FIELD_WORD)
			put(base, f->at, &other, sizeof(other));
		else if (f->type == FIELD_DATE)
			put(base, f->at, &day, sizeof(day));
		else if (f->type == FIELD_OBJECT)
			unset(f->shape, base + f->at);
	}
}

/* No control characters: names are shown on terminals.  Those above U+007F are two
 * bytes, c2 80 to c2 9f.  lines: a line break is allowed. */
static bool
printable(const char *text, bool lines)
{
	for (const unsigned char *t = (const unsigned char *) text; *t != '\0'; t++) {
		if ((*t < 0x20 && !(lines && *t == '\n')) || *t == 0x7f)
			return false;
		if (t[0] == 0xc2 && t[1] >= 0x80 && t[1] < 0xa0)
			return false;
	}
	return true;
}

static bool
is_country(const char *text, size_t len)
{
	return len == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

/* No '.' and no '/' in front: taken for a file, such a name leads nowhere but into
 * the folder of zones. */
static bool
is_zone(const char *text, size_t len)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

	return len >= 1 && len <= 64 && text[0] != '/' && strspn(text, letters) == len;
}

/* Four digits within the bounds of a date; 0 when it is none. */
static int
read_year(const char *text)
{
	char day[DATE_TEXT_BYTES] = "....-01-01"; /* a shorter text leaves a dot: no date */
	date d;

	memcpy(day, text, strnlen(text, 4));
	return date_parse(day, 10, &d) == ST_OK ? date_civil(d).year : 0;
}

/* "2023", or "2024-2026" with the earlier year first. */
static bool
is_years(const char *text, size_t len)
{
	if (len == 4)
		return read_year(text) != 0;
	return len == 9 && text[4] == '-' && read_year(text) != 0 &&
		read_year(text) < read_year(text + 5);
}

static void
report_bytes(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
             plan_field_type type)
{
	int64_t max = type == FIELD_TEXT ? PLAN_TEXT_MAX_BYTES : f->max;

	plan_report_number(
		c, at,
		type == FIELD_LINE
			? N_("must be one line of text, 1 to %s bytes long")
			: N_("must be a text without control characters, 1 to %s bytes long"),
		max);
}

/* The words of a field as one text, as much as a finding can hold of it. */
static void
join_words(const char *const *words, char all[static WORDS_BYTES])
{
	size_t len = 0;

	all[0] = '\0';
	for (size_t i = 0; words[i] && len < WORDS_BYTES; i++)
		len += (size_t) snprintf(all + len, WORDS_BYTES - len, "%s%s", i > 0 ? ", " : "",
		                         words[i]);
}

static bool
is_word(const char *const *words, const char *text)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words != NULL;
}

/* The text at that place, or NULL when it is not what type asks for. */
static const char *
read_string(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
            plan_field_type type, const json_t *value)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	size_t len = json_is_string(value) ? json_string_length(value) : 0;
	const char *rule, *arg = NULL;
	char all[WORDS_BYTES];
	bool good;

	switch ((int) type) { /* the other types are no strings */
	case FIELD_CODE:
		good = code_valid((struct text) { text, len });
		rule = N_("must be a code: 1 to 32 of A-Z a-z 0-9 . -");
		break;
	case FIELD_COUNTRY:
		good = is_country(text, len);
		rule = N_("must be a country code of two capital letters, as CO");
		break;
	case FIELD_ZONE:
		good = is_zone(text, len);
		rule = N_("must be the name of a time zone, as America/Bogota");
		break;
	case FIELD_YEARS:
		good = is_years(text, len);
		rule = N_("must be a year or a span of years, as 2023 or 2024-2026");
		break;
	case FIELD_WORD:
		good = is_word(f->words, text);
		rule = N_("must be one of: %s");
		join_words(f->words, all);
		arg = all;
		break;
	default:
		good = len >= 1 &&
			len <= (size_t) (type == FIELD_TEXT ? PLAN_TEXT_MAX_BYTES : f->max) &&
			printable(text, type == FIELD_TEXT);
		if (!good)
			report_bytes(c, at, f, type);
		return good ? text : NULL;
	}
	if (!good)
		plan_report(c, at, rule, arg);
	return good ? text : NULL;
}

static void
read_date(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
          const json_t *value, char *base)
{
	date day;

	if (json_is_string(value) &&
	    date_parse(json_string_value(value), json_string_length(value), &day) == ST_OK)
		put(base, f->at, &day, sizeof(day));
	else
		plan_report(c, at, N_("must be a date that exists, as 2025-11-14"), NULL);
}

/* The place of the word is its enum, so words[] is in that order. */
static void
read_word(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
          const json_t *value, char *base)
{
	const unsigned unset_word = UNSET_WORD; /* also where a missing one would be another */
	char all[WORDS_BYTES];

	put(base, f->at, &unset_word, sizeof(unset_word));
	for (unsigned i = 0; f->words[i]; i++) {
		if (json_is_string(value) && strcmp(json_string_value(value), f->words[i]) == 0) {
			put(base, f->at, &i, sizeof(i));
			return;
		}
	}
	join_words(f->words, all);
	if (f->words[1])
		plan_report(c, at, N_("must be one of: %s"), all);
	else
		plan_report(c, at, N_("must be \"%s\""), all);
}

/* jansson keeps 1.0 and 1e3 as reals, which are no integers here, as the format
 * wants it; what does not fit 64 bits it has refused before. */
static bool
read_number(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
            const json_t *value, int64_t *ret_number)
{
	char bounds[48];

	if (json_is_integer(value)) {
		*ret_number = json_integer_value(value);
		if (*ret_number >= f->min && *ret_number <= f->max)
			return true;
	}
	snprintf(bounds, sizeof(bounds), "%" PRId64 "..%" PRId64, f->min, f->max);
	plan_report(c, at,
	            f->type == FIELD_NUMBER_OR_NULL ? N_("must be a whole number (%s) or null")
	                                            : N_("must be a whole number (%s)"),
	            bounds);
	return false;
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Codes are sets: sorted, none twice. */
static void
sort_codes(struct plan_checker *c, const struct plan_path *at, const char **codes, size_t count)
{
	if (count < 2)
		return;
	qsort(codes, count, sizeof(*codes), compare_strings);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(codes[i], codes[i - 1]) == 0)
			plan_report(c, at, N_("%s stands here more than once"), codes[i]);
	}
}

/* False, and reported, when value is no list or too long. */
static bool
check_list(struct plan_checker *c, const struct plan_path *at, const json_t *value, int64_t min,
           int64_t max)
{
	size_t count = json_array_size(value);

	if (json_is_array(value) && count >= (size_t) min && count <= (size_t) max)
		return true;
	plan_report_number(c, at,
	                   min > 0 ? N_("must be a list [ ] of 1 to %s entries")
	                           : N_("must be a list [ ] of at most %s entries"),
	                   max);
	return false;
}

static void
read_strings(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
             const json_t *value, char *base)
{
	size_t good = 0;
	const char **strings;

	if (!check_list(c, at, value, f->min, f->max))
		return;
	/* the texts stay jansson's: the plan keeps the document */
	strings = plan_alloc(c, json_array_size(value), sizeof(*strings));
	for (size_t i = 0; strings && i < json_array_size(value); i++) {
		strings[good] = read_string(c, AT_INDEX(at, i), f, f->of, json_array_get(value, i));
		if (strings[good]) /* else the next one takes its place */
			good++;
	}
	if (f->of == FIELD_CODE || f->of == FIELD_WORD)
		sort_codes(c, at, strings, good);
	put_pointer(base, f->at, strings);
	put(base, f->also, &good, sizeof(good));
}

static int
compare_targets(const void *a, const void *b)
{
	return ((const struct plan_target *) a)->year - ((const struct plan_target *) b)->year;
}

static void
read_targets(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
             json_t *value, char *base)
{
	struct plan_target *targets;
	size_t good = 0;
	const char *year;
	json_t *number;

	if (!json_is_object(value)) {
		plan_report(c, at, N_("must be an object { } of years and numbers"), NULL);
		return;
	}
	targets = plan_alloc(c, json_object_size(value), sizeof(*targets));
	if (!targets)
		return;
	json_object_foreach (value, year, number) {
		/* read_year() looks at four letters only */
		struct plan_target t = { .year = strlen(year) == 4 ? read_year(year) : 0 };

		if (t.year == 0)
			plan_report(c, AT_KEY(at, year), N_("the key must be a year, as 2025"),
			            NULL);
		else if (read_number(c, AT_KEY(at, year), f, number, &t.value))
			targets[good++] = t;
	}
	qsort(targets, good, sizeof(*targets), compare_targets);
	put_pointer(base, f->at, targets);
	put(base, f->also, &good, sizeof(good));
}

static int
compare_programmed(const void *a, const void *b)
{
	const struct plan_programmed *x = a, *y = b;

	return x->year != y->year ? x->year - y->year : x->quarter - y->quarter;
}

/* "2025-Q4", or, where years may stand, "2025". */
static bool
read_period_key(const char *key, bool years, struct plan_programmed *ret_key)
{
	uint64_t quarter;

	if (quarter_parse(key, strlen(key), &quarter) == ST_OK) {
		ret_key->year = (int) (quarter / 4);
		ret_key->quarter = (int) (quarter % 4) + 1;
		return true;
	}
	ret_key->quarter = 0;
	ret_key->year = strlen(key) == 4 ? read_year(key) : 0;
	return years && ret_key->year != 0;
}

/* Numbers by quarter, with years by year too.  Those that could not be read are told
 * and left out. */
static const struct plan_programmed *
read_programmed(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
                json_t *value, bool years, size_t *ret_count)
{
	struct plan_programmed *list, one;
	size_t good = 0;
	const char *key;
	json_t *number;

	*ret_count = 0;
	if (!json_is_object(value)) {
		plan_report(c, at,
		            years ? N_("must be an object { } of years or quarters and numbers")
		                  : N_("must be an object { } of quarters and numbers"),
		            NULL);
		return NULL;
	}
	list = plan_alloc(c, json_object_size(value), sizeof(*list));
	if (!list)
		return NULL;
	json_object_foreach (value, key, number) {
		if (!read_period_key(key, years, &one))
			plan_report(
				c, AT_KEY(at, key),
				years ? N_("the key must be a year or a quarter, as 2025 or 2025-Q4")
				      : N_("the key must be a quarter, as 2025-Q4"),
				NULL);
		else if (read_number(c, AT_KEY(at, key), f, number, &one.value))
			list[good++] = one;
	}
	qsort(list, good, sizeof(*list), compare_programmed);
	*ret_count = good;
	return list;
}

static void
read_quarters(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
              json_t *value, char *base)
{
	size_t count;

	put_pointer(base, f->at, read_programmed(c, at, f, value, false, &count));
	put(base, f->also, &count, sizeof(count));
}

static int
compare_units(const void *a, const void *b)
{
	return strcmp(((const struct plan_unit_targets *) a)->unit,
	              ((const struct plan_unit_targets *) b)->unit);
}

/* Keys are codes that the rules look up. */
static void
read_unit_targets(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
                  json_t *value, char *base)
{
	struct plan_unit_targets *list;
	size_t good = 0;
	const char *unit;
	json_t *targets;

	if (!json_is_object(value) || json_object_size(value) > PLAN_LIST_MAX) {
		plan_report_number(c, at,
		                   N_("must be an object { } of at most %s units and their "
		                      "targets"),
		                   PLAN_LIST_MAX);
		return;
	}
	list = plan_alloc(c, json_object_size(value), sizeof(*list));
	if (!list)
		return;
	json_object_foreach (value, unit, targets) {
		const struct plan_path *at_unit = AT_KEY(at, unit);

		list[good].unit = unit;
		list[good].targets = read_programmed(c, at_unit, f, targets, true,
		                                     &list[good].target_count);
		good++;
	}
	qsort(list, good, sizeof(*list), compare_units);
	put_pointer(base, f->at, list);
	put(base, f->also, &good, sizeof(good));
}

/* Lists hold objects, and objects lists; how deep, plan_shape.c says, not the
 * document. */
static void read_object(struct plan_checker *c, const struct plan_path *at,
                        const struct plan_shape *shape, json_t *value, char *base);

/* A row that is wrong stays, with what could be read of it: row numbers are
 * those of the document, on which every path is built. */
static void
read_list(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
          const json_t *value, char *base)
{
	size_t count = json_array_size(value);
	char *rows;

	if (!check_list(c, at, value, 0, PLAN_LIST_MAX))
		return;
	rows = plan_alloc(c, count, f->shape->bytes);
	if (!rows)
		return;
	for (size_t i = 0; i < count; i++) {
		char *row = rows + i * f->shape->bytes;

		unset(f->shape, row);
		read_object(c, AT_INDEX(at, i), f->shape, json_array_get(value, i), row);
	}
	put_pointer(base, f->at, rows);
	put(base, f->also, &count, sizeof(count));
}

static void
read_field(struct plan_checker *c, const struct plan_path *at, const struct plan_field *f,
           json_t *value, char *base)
{
	bool yes = true;
	int64_t number;

	switch (f->type) {
	case FIELD_CODE:
	case FIELD_LINE:
	case FIELD_TEXT:
	case FIELD_COUNTRY:
	case FIELD_ZONE:
	case FIELD_YEARS: put_pointer(base, f->at, read_string(c, at, f, f->type, value)); break;
	case FIELD_DATE: read_date(c, at, f, value, base); break;
	case FIELD_WORD: read_word(c, at, f, value, base); break;
	case FIELD_NUMBER:
		/* there, be it wrong: a rule that asks for it must not tell it is missing */
		if (f->also != 0)
			put(base, f->also, &yes, sizeof(yes));
		if (!read_number(c, at, f, value, &number))
			number = UNSET_NUMBER;
		put(base, f->at, &number, sizeof(number));
		break;
	case FIELD_NUMBER_OR_NULL:
		/* null is a value that was read: 0, and not there */
		number = 0;
		yes = !json_is_null(value);
		if (!yes || read_number(c, at, f, value, &number)) {
			put(base, f->at, &number, sizeof(number));
			put(base, f->also, &yes, sizeof(yes));
		}
		break;
	case FIELD_BOOL:
		yes = json_is_true(value);
		put(base, f->at, &yes, sizeof(yes));
		if (!json_is_boolean(value))
			plan_report(c, at, N_("must be true or false"), NULL);
		break;
	case FIELD_OBJECT:
		if (f->also != 0) /* no flag is the first member of its structure */
			put(base, f->also, &yes, sizeof(yes));
		read_object(c, at, f->shape, value, base + f->at);
		break;
	case FIELD_LIST: read_list(c, at, f, value, base); break;
	case FIELD_STRINGS: read_strings(c, at, f, value, base); break;
	case FIELD_TARGETS: read_targets(c, at, f, value, base); break;
	case FIELD_QUARTERS: read_quarters(c, at, f, value, base); break;
	case FIELD_UNIT_TARGETS: read_unit_targets(c, at, f, value, base); break;
	}
}

static bool
is_key_of(const struct plan_shape *shape, const char *key)
{
	const struct plan_field *f = shape->fields;

	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key != NULL;
}

static void
report_unknown(struct plan_checker *c, const struct plan_path *at, const struct plan_shape *shape)
{
	size_t least = SIZE_MAX;
	const char *nearest = NULL;

	for (const struct plan_field *f = shape->fields; f->key; f++) {
		size_t distance = code_distance(at->key, f->key);

		if (distance < least) {
			least = distance;
			nearest = f->key;
		}
	}
	if (code_near(least, strlen(at->key)))
		plan_report(c, at, N_("this key is not known; the nearest one is \"%s\""), nearest);
	else
		plan_report(c, at, N_("this key is not known here"), NULL);
}

static void
read_object(struct plan_checker *c, const struct plan_path *at, const struct plan_shape *shape,
            json_t *value, char *base)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value)) {
		plan_report(c, at, N_("must be an object { }"), NULL);
		return;
	}
	for (const struct plan_field *f = shape->fields; f->key; f++) {
		member = json_object_get(value, f->key);
		if (member)
			read_field(c, AT_KEY(at, f->key), f, member, base);
		else if (!f->optional)
			plan_report(c, AT_KEY(at, f->key), N_("this key is missing"), NULL);
	}
	json_object_foreach (value, key, member) {
		if (!is_key_of(shape, key))
			report_unknown(c, AT_KEY(at, key), shape);
	}
}

/* The shape's structure is struct plan itself: what it does not name is not
 * touched. */
void
plan_read_document(struct plan_checker *c)
{
	unset(&plan_document_shape, (char *) c->p);
	read_object(c, NULL, &plan_document_shape, c->p->root, (char *) c->p);
}
