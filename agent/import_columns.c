/* A column nobody knows is an error only once a cell of it says something: exports
 * have empty ones.  A silent loss is the one thing that must not happen. */
#include "agent/import_internal.h"

#include <string.h>

#include "protocol/msgid.h"

static bool
same_target(const struct mapping_target *a, const struct mapping_target *b)
{
	if (a->field != b->field)
		return false;
	if (!a->name || !b->name)
		return a->name == b->name;
	return strcmp(a->name, b->name) == 0;
}

/* Codes of the plan are names of columns too. */
static status
find_in_plan(plan_table *table, const char *name, struct mapping_target *ret_target)
{
	static const struct {
		plan_row row;
		mapping_field field;
	} kinds[] = { { ROW_COUNT, COLUMN_COUNT }, { ROW_GROUP, COLUMN_GROUP } };

	for (size_t i = 0; table && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct plan_attributes attributes;
		status st = plan_table_find(table, kinds[i].row, text_of(name), &attributes);

		if (st == ST_OK)
			*ret_target = (struct mapping_target) { kinds[i].field, name };
		if (st != ST_NOT_FOUND)
			return st;
	}
	return ST_NOT_FOUND;
}

static status
read_column(struct importing *im, const char *text, struct import_column *column)
{
	status st;

	column->name = strdup(text);
	if (!column->name)
		return ST_NOMEM;
	column->is_ignored = *text == '#';
	if (column->is_ignored || mapping_column(im->config->map, column->name, &column->target))
		return ST_OK;
	st = find_in_plan(im->config->frame.table, column->name, &column->target);
	column->is_unknown = st == ST_NOT_FOUND;
	return column->is_unknown ? ST_OK : st;
}

/* The column before c that fills the same field; SIZE_MAX when there is none. */
static size_t
find_double(const struct importing *im, size_t c)
{
	const struct mapping_target *target = &im->columns[c].target;

	for (size_t i = 0; i < c; i++) {
		const struct import_column *other = &im->columns[i];

		if (!other->is_ignored && !other->is_unknown && same_target(&other->target, target))
			return i;
	}
	return SIZE_MAX;
}

static bool
has(const struct importing *im, mapping_field field)
{
	return im->first[field] != SIZE_MAX;
}

/* All names of the header, to see what stands where they should be. */
static void
missing(struct importing *im, const char *rule, const char *arg)
{
	char names[120] = "";
	size_t used = 0;

	for (size_t i = 0; i < im->column_count && used + 2 < sizeof(names); i++) {
		int n = snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
		                 im->columns[i].name);

		used += n > 0 ? (size_t) n : 0;
	}
	import_find(im, &im->in->bad, im->header_line, SIZE_MAX, names, rule, arg);
}

/* What is missing may be there under a name that is not known. */
static void
tell_unknown(struct importing *im)
{
	for (size_t i = 0; i < im->column_count; i++) {
		if (im->columns[i].is_unknown && *im->columns[i].name)
			import_unknown_column(im, i);
	}
}

/* What an entry of a kind cannot do without; the rest is asked of its rows. */
static const struct wanted {
	event_kind kind;
	mapping_field fields[6];
	size_t count;
} wanted[] = {
	{ KIND_THING, { COLUMN_INDICATOR, COLUMN_THING, COLUMN_WAY, COLUMN_DATE }, 4 },
	{ KIND_LEVEL, { COLUMN_INDICATOR, COLUMN_QUARTER, COLUMN_LEVEL }, 3 },
	{ KIND_PROGRESS, { COLUMN_QUARTER }, 1 },
	{ KIND_BUDGET,
	  { COLUMN_PROJECT, COLUMN_QUARTER, COLUMN_APPROPRIATED, COLUMN_COMMITTED, COLUMN_OBLIGATED,
	    COLUMN_PAID },
	  6 },
	{ KIND_CLOSE, { COLUMN_QUARTER }, 1 },
};

static void
check_wanted(struct importing *im, const struct wanted *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!has(im, w->fields[i]))
			missing(im, N_("the first line names the columns, and none is \"%s\""),
			        mapping_field_name(w->fields[i]));
	}
}

static void
check_activity(struct importing *im)
{
	if (!has(im, COLUMN_DATE))
		missing(im, N_("the first line names the columns, and none is the date: \"date\""),
		        NULL);
	if (!has(im, COLUMN_INDICATOR) && !has(im, COLUMN_INITIATIVE) && !has(im, COLUMN_MODALITY))
		missing(im,
		        N_("no column says what the rows count for: \"indicator\", "
		           "\"initiative\" or \"modality\""),
		        NULL);
}

static void
check_columns(struct importing *im)
{
	const struct import_config *config = im->config;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (wanted[i].kind == config->frame.kind)
			check_wanted(im, &wanted[i]);
	}
	if (config->frame.kind == KIND_ACTIVITY)
		check_activity(im);
	if (config->frame.kind == KIND_PROGRESS && !has(im, COLUMN_INITIATIVE) &&
	    !has(im, COLUMN_COMMITMENT) && !has(im, COLUMN_RISK))
		missing(im,
		        N_("no column says of what it is: \"initiative\", \"commitment\" or "
		           "\"risk\""),
		        NULL);
	if (!has(im, COLUMN_UNIT) && !config->unit && config->frame.device_units->count > 1) {
		missing(im, N_("no column is the unit: \"unit\", or --unit for all rows"), NULL);
		im->in->needs_unit = true;
	}
}

/* What the column fills, once it is known that it fills something. */
static void
note_column(struct importing *im, size_t c)
{
	const struct import_column *column = &im->columns[c];
	size_t other = find_double(im, c);

	if (other != SIZE_MAX)
		import_find(im, &im->in->bad, im->header_line, c, column->name,
		            N_("says the same as the column %s"), im->columns[other].name);
	else if (!has(im, column->target.field))
		im->first[column->target.field] = c;
}

/* A note goes in with its source, and so by itself. */
static void
prepare_fields(struct importing *im)
{
	for (mapping_field f = 0; f < MAPPING_FIELDS_; f++)
		im->first[f] = SIZE_MAX;
	for (mapping_field f = 0; f < COLUMN_SINGLES_; f++) {
		im->is_closed[f] = mapping_is_closed(im->config->map, f);
		if (f != COLUMN_NOTE)
			im->fields[f] = entry_field_of(mapping_field_name(f));
	}
}

status
import_header(struct importing *im, const struct csv_row *row)
{
	im->header_line = row->line;
	prepare_fields(im);
	for (size_t i = 0; i < row->count; i++) {
		struct import_column *column = &im->columns[i];
		status st = read_column(im, row->cells[i].text, column);

		/* before a failure is looked at, so that its name is freed too */
		im->column_count = i + 1;
		if (st < 0)
			return st;
		if (!column->is_ignored && !column->is_unknown)
			note_column(im, i);
	}
	check_columns(im);
	if (im->in->bad.count > 0)
		tell_unknown(im);
	return im->in->bad.count > 0 ? ST_INVALID : ST_OK;
}

void
import_unknown_column(struct importing *im, size_t c)
{
	struct import_column *column = &im->columns[c];
	plan_table *table = im->config->frame.table;
	const char *near = mapping_nearest_column(im->config->map, column->name);
	char code[CODE_BYTES_MAX + 1];
	struct text name = text_of(column->name);

	if (!near && table && plan_table_nearest(table, ROW_COUNT, name, code))
		near = code;
	if (*column->name == '\0')
		import_find(im, &im->in->bad, im->header_line, c, NULL,
		            N_("a column without a name that is not empty"), NULL);
	else if (near)
		import_find(im, &im->in->bad, im->header_line, c, column->name,
		            N_("no column is called that; did you mean %s?  A '#' before the "
		               "name leaves it out"),
		            near);
	else
		import_find(im, &im->in->bad, im->header_line, c, column->name,
		            N_("no column is called that; a '#' before the name leaves it out"),
		            NULL);
	column->is_ignored = true; /* told */
}
