/* What a row means: which unit, which day, what its words stand for.  Whether the
 * fields are right is judged by entry_build(), as for a typed entry; only what it
 * cannot know (cells, columns, rows of others) is told here. */
#include "agent/import_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/code.h"
#include "protocol/msgid.h"

enum { TYPING_EDITS = 2 }; /* so many letters are soon mistyped */

static void
bad_cell(struct draft *d, size_t column, const char *rule, const char *arg)
{
	const struct csv_cell *cell = &d->row->cells[column];

	import_find(d->im, &d->im->in->bad, cell->line, column, cell->text, rule, arg);
	d->is_bad = true;
}

/* Cells behind the last column may be there as long as they are empty. */
static bool
fits_header(struct draft *d)
{
	size_t columns = d->im->column_count, count = d->row->count;
	const char *rule;
	char wanted[24];

	while (count > columns && *d->row->cells[count - 1].text == '\0')
		count--;
	if (count == columns)
		return true;
	if (count > columns)
		rule = N_("more cells than the first line, which has %s; a cell with a separator "
		          "inside must stand in quotation marks");
	else
		rule = N_("fewer cells than the first line, which has %s");
	snprintf(wanted, sizeof(wanted), "%zu", columns);
	import_find(d->im, &d->im->in->bad, d->row->line, SIZE_MAX, NULL, rule, wanted);
	d->is_bad = true;
	return false;
}

/* One too many is kept, for entry_build() to tell of it. */
static void
add_pair(struct entry_pair *pairs, size_t *count, const char *name, const char *value)
{
	if (*count <= ENTRY_PAIRS_MAX)
		pairs[(*count)++] = (struct entry_pair) { name, value };
}

static void
take_cells(struct draft *d)
{
	struct entry *e = &d->entry;

	for (size_t i = 0; i < d->im->column_count; i++) {
		const struct import_column *column = &d->im->columns[i];
		const char *text = d->row->cells[i].text;

		if (column->is_ignored || *text == '\0')
			continue;
		if (column->is_unknown) {
			import_unknown_column(d->im, i);
		} else if (column->target.field == COLUMN_COUNT) {
			add_pair(e->counts, &e->count_count, column->target.name, text);
		} else if (column->target.field == COLUMN_GROUP) {
			add_pair(e->groups, &e->group_count, column->target.name, text);
		} else {
			d->values[column->target.field] = text;
			d->from[column->target.field] = i;
		}
	}
}

/* NULL when the row is not to be taken. */
static const char *
unit_of_row(struct draft *d)
{
	const struct import_config *config = d->im->config;
	const char *unit = d->values[COLUMN_UNIT];
	size_t column = d->im->first[COLUMN_UNIT];

	if (!unit && config->unit && column != SIZE_MAX) {
		bad_cell(d, column, N_("the unit is missing"), NULL);
		return NULL;
	}
	return unit ? unit : d->im->only_unit;
}

/* With --unit, rows of other units are left out.  But a unit that there is not,
 * or that is written nearly as this one, may have been meant for this one. */
static void
leave_to_others(struct draft *d)
{
	plan_table *table = d->im->config->frame.table;
	struct text unit = text_of(d->unit);
	struct plan_attributes attributes;
	char near[CODE_BYTES_MAX + 1];

	if (!table || plan_table_find(table, ROW_UNIT, unit, &attributes) != ST_NOT_FOUND) {
		d->im->in->other_units++;
		if (!table && code_distance(d->unit, d->im->config->unit) <= TYPING_EDITS)
			import_find(d->im, &d->im->in->warnings, d->row->line, d->from[COLUMN_UNIT],
			            d->unit, N_("left out as of another unit; was %s meant?"),
			            d->im->config->unit);
	} else if (plan_table_nearest(table, ROW_UNIT, unit, near)) {
		bad_cell(d, d->from[COLUMN_UNIT], N_("the plan has no such unit; did you mean %s?"),
		         near);
	} else {
		bad_cell(d, d->from[COLUMN_UNIT], N_("the plan has no such unit"), NULL);
	}
}

/* The unit of this device that may have been meant; NULL: none. */
static const char *
nearest_unit(const struct draft *d, char code[static CODE_BYTES_MAX + 1])
{
	const struct codes *units = d->im->config->frame.device_units;

	for (size_t i = 0; i < units->count; i++) {
		snprintf(code, CODE_BYTES_MAX + 1, "%.*s", (int) units->list[i].len,
		         units->list[i].at);
		if (code_distance(d->unit, code) <= TYPING_EDITS)
			return code;
	}
	return NULL;
}

static void
refuse_unit(struct draft *d)
{
	char code[CODE_BYTES_MAX + 1];
	const char *near = nearest_unit(d, code);

	if (near)
		bad_cell(d, d->from[COLUMN_UNIT],
		         N_("this device does not report for that unit; did you mean %s?"), near);
	else
		bad_cell(d, d->from[COLUMN_UNIT], N_("this device does not report for that unit"),
		         NULL);
	d->im->in->needs_unit |= !near;
}

static bool
check_unit(struct draft *d)
{
	const struct import_config *config = d->im->config;

	d->unit = unit_of_row(d);
	if (!d->unit)
		return false;
	if (config->unit && strcmp(d->unit, config->unit) != 0) {
		leave_to_others(d);
		return false;
	}
	if (!d->values[COLUMN_UNIT] || config->frame.force ||
	    import_enrolled(config->frame.device_units, d->unit))
		return true;
	refuse_unit(d);
	return false;
}

/* "", "2016", "2016-02": what somebody writes who knows no day. */
static bool
is_partial_date(const char *text)
{
	static const char shape[] = "dddd-dd";
	size_t len = text ? strlen(text) : 0;

	if (len != 0 && len != 4 && len != 7)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (shape[i] == 'd' ? !isdigit((unsigned char) text[i]) : text[i] != shape[i])
			return false;
	}
	return true;
}

/* The ministry has published days of which only the month is known; they are not
 * guessed at, they are left out when somebody says so. */
static bool
check_date(struct draft *d)
{
	struct import *in = d->im->in;
	bool skip = d->im->config->skip_incomplete;
	size_t column = d->im->first[COLUMN_DATE];

	/* import_header() lets no file pass in which a date is wanted and is no column */
	if (column == SIZE_MAX || !is_partial_date(d->values[COLUMN_DATE]))
		return true;
	import_find(d->im, skip ? &in->left_out : &in->bad, d->row->cells[column].line, column,
	            d->values[COLUMN_DATE], N_("not a full date (YYYY-MM-DD)"), NULL);
	in->incomplete += skip;
	in->needs_skip |= !skip;
	d->is_bad |= !skip;
	return false;
}

/* Put what the value rules say in the place of what the cells say.  All rules look at what
 * the cells said, so their order does not matter; and a cell goes before a rule that stands
 * in another column. */
static void
apply_rules(struct draft *d)
{
	const mapping *map = d->im->config->map;
	const char *given[COLUMN_SINGLES_];

	memcpy(given, d->values, sizeof(given));
	for (mapping_field f = 0; f < COLUMN_SINGLES_; f++) {
		const struct mapping_value *value;

		if (!given[f] || !d->im->is_closed[f])
			continue;
		value = mapping_value(map, f, given[f]);
		if (!value) {
			const char *near = mapping_nearest_value(map, f, given[f]);

			bad_cell(d, d->from[f],
			         near ? N_("not known; did you mean %s?") : N_("not known"), near);
			d->failed[f] = true;
		}
		d->values[f] = NULL;
		for (size_t i = 0; value && i < value->set_count; i++) {
			const struct mapping_set *set = &value->sets[i];

			if (set->field != f && given[set->field])
				continue;
			d->values[set->field] = set->text;
			d->from[set->field] = d->from[f];
		}
	}
}

/* Several stand in one cell, with blanks, ',' or ';' between them. */
static void
split_codes(struct draft *d, mapping_field column, char *room, size_t size, const char **codes,
            size_t *count, size_t max)
{
	const char *text = d->values[column];
	size_t len = text ? strlen(text) : 0;
	char *rest = room, *code;

	if (!text)
		return;
	if (len >= size) {
		bad_cell(d, d->from[column],
		         column == COLUMN_INITIATIVE ? N_("too long for codes of initiatives")
		                                     : N_("too long for codes of indicators"),
		         NULL);
		return;
	}
	memcpy(room, text, len + 1);
	while (*count <= max && (code = strsep(&rest, " ,;\n"))) {
		if (*code)
			codes[(*count)++] = code;
	}
}

static void
split_lists(struct draft *d)
{
	struct entry *e = &d->entry;

	split_codes(d, COLUMN_INITIATIVE, d->initiatives, sizeof(d->initiatives), e->initiatives,
	            &e->initiative_count, ENTRY_INITIATIVES_MAX);
	split_codes(d, COLUMN_ZERO, d->zero, sizeof(d->zero), e->zero, &e->zero_count,
	            ENTRY_DECLARED_MAX);
	split_codes(d, COLUMN_NOTHING, d->nothing, sizeof(d->nothing), e->nothing,
	            &e->nothing_count, ENTRY_DECLARED_MAX);
}

static status
join_note(struct draft *d)
{
	const char *note = d->values[COLUMN_NOTE], *source = d->values[COLUMN_SOURCE];

	d->entry.note = note ? note : source;
	if (!note || !source)
		return ST_OK;
	if (asprintf(&d->note, "%s\n%s", note, source) < 0) {
		d->note = NULL;
		return ST_NOMEM;
	}
	d->entry.note = d->note;
	return ST_OK;
}

/* The entry points into the row and the draft: it is built before either goes away. */
static status
fill_entry(struct draft *d)
{
	struct entry *e = &d->entry;

	e->unit = *d->unit ? d->unit : NULL;
	for (mapping_field f = 0; f < COLUMN_SINGLES_; f++) {
		if (d->im->fields[f])
			*entry_text(e, d->im->fields[f]) = d->values[f];
	}
	e->by = d->values[COLUMN_BY];
	e->why = d->values[COLUMN_WHY];
	split_lists(d);
	return join_note(d);
}

/* The number of cells first: what follows takes a cell by the place of its column. */
status
import_draft(struct draft *d, bool *ret_take)
{
	*ret_take = false;
	if (!fits_header(d))
		return ST_OK;
	take_cells(d);
	if (!check_unit(d) || !check_date(d))
		return ST_OK;
	apply_rules(d);
	*ret_take = true;
	return fill_entry(d);
}

void
import_draft_done(struct draft *d)
{
	free(d->note);
	d->note = NULL;
}

/* "1,234" or "1.234.567" */
static bool
has_separators(const char *text)
{
	size_t digits = 0, groups = 0;

	for (; *text; text++) {
		if (isdigit((unsigned char) *text)) {
			digits++;
		} else if (strchr(".,' ", *text) && digits > 0 && (groups == 0 || digits == 3)) {
			groups++;
			digits = 0;
		} else {
			return false;
		}
	}
	return groups > 0 && digits == 3;
}

/* Problems with a pair show "NAME=VALUE" or "NAME". */
static bool
shows(const char *found, const char *name)
{
	size_t len = strlen(name);

	return strncmp(found, name, len) == 0 && (found[len] == '=' || found[len] == '\0');
}

/* The column that a problem is about, SIZE_MAX when there is none. */
static size_t
column_of(const struct draft *d, const struct entry_problem *p)
{
	for (mapping_field f = 0; f < MAPPING_FIELDS_; f++) {
		if (strcmp(p->field, mapping_field_name(f)) != 0)
			continue;
		if (f < COLUMN_SINGLES_)
			return d->values[f] ? d->from[f] : d->im->first[f];
		for (size_t i = 0; i < d->im->column_count; i++) {
			const struct import_column *column = &d->im->columns[i];

			if (!column->is_ignored && !column->is_unknown &&
			    column->target.field == f && shows(p->found, column->target.name))
				return i;
		}
	}
	return SIZE_MAX;
}

static void
tell_problem(struct draft *d, const struct entry_problem *p)
{
	struct import *in = d->im->in;
	struct import_findings *list = p->is_warning ? &in->warnings : &in->bad;
	size_t column = column_of(d, p), line = d->row->line;
	const char *found = p->found, *rule = p->rule;

	if (column != SIZE_MAX) {
		mapping_field field = d->im->columns[column].target.field;
		const char *cell = d->row->cells[column].text;

		line = d->row->cells[column].line;
		if (!*found || (field >= COLUMN_SINGLES_ && !p->by_plan))
			found = cell;
		if ((field == COLUMN_QUANTITY || field >= COLUMN_SINGLES_) && has_separators(cell))
			rule = N_("write the number without separators");
	}
	import_find(d->im, list, line, column, found, rule, p->arg);
	d->is_bad |= !p->is_warning;
	in->needs_force |= p->by_plan && !p->is_warning;
}

/* Of a cell that no rule knows that was told; a modality stands for the indicator. */
static bool
was_told(const struct draft *d, const char *name)
{
	for (mapping_field f = 0; f < COLUMN_SINGLES_; f++) {
		if (d->failed[f] && strcmp(name, mapping_field_name(f)) == 0)
			return true;
	}
	return d->failed[COLUMN_MODALITY] && strcmp(name, "indicator") == 0;
}

void
import_tell(struct draft *d, const struct entry_problems *problems)
{
	size_t kept = sizeof(problems->list) / sizeof(problems->list[0]);

	for (size_t i = 0; i < problems->count && i < kept; i++) {
		const struct entry_problem *p = &problems->list[i];

		if (!was_told(d, p->field))
			tell_problem(d, p);
	}
}
