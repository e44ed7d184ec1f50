/* The file is read once and taken apart where it lies: names point into it.  Rules
 * are few, so they are looked through from the first on; the file is written by
 * hand, so each fault names its line. */
#include "agent/mapping.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "protocol/code.h"
#include "protocol/msgid.h"

struct column {
	const char *name;
	struct mapping_target target;
};

struct mapping {
	struct column columns[MAPPING_COLUMNS_MAX];
	size_t column_count;
	struct mapping_value values[MAPPING_VALUES_MAX];
	size_t value_count;
	char *text; /* what all names point into */
};

static const char *const field_names[MAPPING_FIELDS_] = {
	[COLUMN_UNIT] = "unit",
	[COLUMN_INDICATOR] = "indicator",
	[COLUMN_INITIATIVE] = "initiative",
	[COLUMN_DATE] = "date",
	[COLUMN_UNTIL] = "until",
	[COLUMN_QUANTITY] = "quantity",
	[COLUMN_MODE] = "mode",
	[COLUMN_PLACE] = "place",
	[COLUMN_COUNTRY] = "country",
	[COLUMN_STATUS] = "status",
	[COLUMN_NOTE] = "note",
	[COLUMN_SOURCE] = "source",
	[COLUMN_BY] = "by",
	[COLUMN_MODALITY] = "modality",
	[COLUMN_QUARTER] = "quarter",
	[COLUMN_LEVEL] = "level",
	[COLUMN_THING] = "thing",
	[COLUMN_WAY] = "way",
	[COLUMN_NAME] = "name",
	[COLUMN_COMMITMENT] = "commitment",
	[COLUMN_RISK] = "risk",
	[COLUMN_PERCENT] = "percent",
	[COLUMN_PROJECT] = "project",
	[COLUMN_APPROPRIATED] = "appropriated",
	[COLUMN_COMMITTED] = "committed",
	[COLUMN_OBLIGATED] = "obligated",
	[COLUMN_PAID] = "paid",
	[COLUMN_ZERO] = "zero",
	[COLUMN_NOTHING] = "nothing-to-do",
	[COLUMN_WHY] = "why",
	[COLUMN_COUNT] = "count",
	[COLUMN_GROUP] = "group",
};

const char *
mapping_field_name(mapping_field field)
{
	return field_names[field];
}

/* Headers are typed by people, or made by programs that drop accents: "Sábado
 * Consular" is sabado-consular. */
static bool
same_name(const char *a, const char *b)
{
	int x, y;

	do {
		x = code_letter(&a);
		y = code_letter(&b);
	} while (x == y && x != '\0');
	return x == y;
}

static bool
find_single(const char *name, mapping_field *ret_field)
{
	for (int f = 0; f < COLUMN_SINGLES_; f++) {
		if (same_name(name, field_names[f])) {
			*ret_field = (mapping_field) f;
			return true;
		}
	}
	return false;
}

/* "date", "count.NAME", "group.CODE" */
static bool
find_target(const char *name, struct mapping_target *ret_target)
{
	struct mapping_target target = { 0 };

	if (strncasecmp(name, "count.", 6) == 0 || strncasecmp(name, "group.", 6) == 0) {
		target.field = tolower((unsigned char) *name) == 'c' ? COLUMN_COUNT : COLUMN_GROUP;
		target.name = name + 6;
		if (*target.name == '\0')
			return false;
	} else if (!find_single(name, &target.field)) {
		return false;
	}
	*ret_target = target;
	return true;
}

static const struct column *
find_column(const mapping *map, const char *name)
{
	for (size_t i = 0; i < map->column_count; i++) {
		if (same_name(map->columns[i].name, name))
			return &map->columns[i];
	}
	return NULL;
}

/* Rules go before the plain names, so that an installation can give "place" another
 * meaning. */
bool
mapping_column(const mapping *map, const char *header, struct mapping_target *ret_target)
{
	const struct column *column = find_column(map, header);

	if (!column)
		return find_target(header, ret_target);
	*ret_target = column->target;
	return true;
}

const char *
mapping_nearest_column(const mapping *map, const char *header)
{
	const char *names[MAPPING_COLUMNS_MAX + COLUMN_SINGLES_];
	size_t count = 0;

	for (size_t i = 0; i < COLUMN_SINGLES_; i++)
		names[count++] = field_names[i];
	for (size_t i = 0; i < map->column_count; i++)
		names[count++] = map->columns[i].name;
	return cli_nearest(header, names, count);
}

const struct mapping_value *
mapping_value(const mapping *map, mapping_field field, const char *text)
{
	for (size_t i = 0; i < map->value_count; i++) {
		const struct mapping_value *v = &map->values[i];

		if (v->field == field && same_name(v->name, text))
			return v;
	}
	return NULL;
}

/* A modality says nothing by itself: without a rule for it there is nothing to take. */
bool
mapping_is_closed(const mapping *map, mapping_field field)
{
	for (size_t i = 0; i < map->value_count; i++) {
		if (map->values[i].field == field)
			return true;
	}
	return field == COLUMN_MODALITY;
}

const char *
mapping_nearest_value(const mapping *map, mapping_field field, const char *text)
{
	const char *names[MAPPING_VALUES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < map->value_count; i++) {
		if (map->values[i].field == field)
			names[count++] = map->values[i].name;
	}
	return cli_nearest(text, names, count);
}

/* One line of rules, taken apart from left to right. */
struct line {
	mapping *map;
	char *rest;
	struct mapping_problem *problem;
	bool bad;
};

static void
wrong(struct line *line, const char *rule, const char *found)
{
	if (line->bad)
		return;
	line->bad = true;
	line->problem->rule = rule;
	cli_safe(found, strlen(found), line->problem->found, sizeof(line->problem->found));
}

/* NULL at the end of the line.  strsep() finds an empty word between two blanks. */
static char *
next_word(struct line *line)
{
	char *word;

	do
		word = strsep(&line->rest, " \t\r");
	while (word && *word == '\0');
	return word;
}

/* Never NULL: the fault sticks to the line, and who asked goes on with an empty word. */
static char *
need_word(struct line *line)
{
	static char none[1];
	char *word = next_word(line);

	if (!word)
		wrong(line, N_("something is missing at the end of the line"), "");
	return word ? word : none;
}

static void
read_column(struct line *line)
{
	mapping *map = line->map;
	char *names = need_word(line), *field = need_word(line), *name;
	struct mapping_target target = { 0 };

	if (!line->bad && !find_target(field, &target))
		wrong(line, N_("not a field"), field);
	while (!line->bad && (name = strsep(&names, ","))) {
		if (find_column(map, name))
			wrong(line, N_("a column of that name stands above already"), name);
		else if (map->column_count == MAPPING_COLUMNS_MAX)
			wrong(line, N_("too many rules"), name);
		else
			map->columns[map->column_count++] = (struct column) { name, target };
	}
}

static void
read_sets(struct line *line, struct mapping_value *value)
{
	char *word;

	while (!line->bad && (word = next_word(line))) {
		struct mapping_set *set = &value->sets[value->set_count];
		char *text = strchr(word, '=');

		if (!text || value->set_count == MAPPING_SETS_MAX) {
			wrong(line,
			      text ? N_("too many fields for one value")
			           : N_("FIELD=TEXT belongs here"),
			      word);
			return;
		}
		*text++ = '\0';
		set->text = text;
		if (!find_single(word, &set->field))
			wrong(line, N_("not a field"), word);
		value->set_count++;
	}
}

/* The names of one rule share what they stand for, so it is read before them. */
static void
read_value(struct line *line)
{
	mapping *map = line->map;
	char *field = need_word(line), *names = need_word(line), *name;
	struct mapping_value value = { 0 };

	if (!line->bad && !find_single(field, &value.field))
		wrong(line, N_("not a field"), field);
	read_sets(line, &value);
	while (!line->bad && (name = strsep(&names, ","))) {
		if (mapping_value(map, value.field, name)) {
			wrong(line, N_("a value of that name stands above already"), name);
		} else if (map->value_count == MAPPING_VALUES_MAX) {
			wrong(line, N_("too many rules"), name);
		} else {
			value.name = name;
			map->values[map->value_count++] = value;
		}
	}
}

static void
read_line(struct line *line)
{
	char *keyword = next_word(line), *more;

	if (!keyword || *keyword == '#')
		return;
	if (strcmp(keyword, "column") == 0)
		read_column(line);
	else if (strcmp(keyword, "value") == 0)
		read_value(line);
	else
		wrong(line, N_("a line begins with \"column\" or \"value\""), keyword);
	more = next_word(line);
	if (more)
		wrong(line, N_("more than belongs on the line"), more);
}

static status
read_rules(mapping *map, struct mapping_problem *ret_problem)
{
	char *rest = map->text, *text;

	for (size_t number = 1; (text = strsep(&rest, "\n")); number++) {
		struct line line = { .map = map, .rest = text, .problem = ret_problem };

		read_line(&line);
		if (line.bad) {
			ret_problem->line = number;
			return ST_INVALID;
		}
	}
	return ST_OK;
}

status
mapping_parse(const char *text, size_t len, struct mapping_problem *ret_problem, mapping **ret_map)
{
	mapping *map;
	status st;

	if (len > MAPPING_BYTES_MAX)
		return ST_LIMIT;
	map = calloc(1, sizeof(*map));
	if (map)
		map->text = strndup(text, len);
	if (!map || !map->text) {
		mapping_free(&map);
		return ST_NOMEM;
	}
	st = read_rules(map, ret_problem);
	if (st < 0)
		mapping_free(&map);
	else
		*ret_map = map;
	return st;
}

void
mapping_free(mapping **map_p)
{
	if (!*map_p)
		return;
	free((*map_p)->text);
	free(*map_p);
	*map_p = NULL;
}
