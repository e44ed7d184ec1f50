/* Words are only put in their places here; what they mean is checked in entry.c,
 * where the import's cells are checked too.  The exception is what no entry can
 * hold: a word that belongs nowhere. */
#include "agent/entry_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/entry_fields.h"
#include "agent/evidence.h"
#include "common/cli.h"
#include "common/i18n.h"

enum option_key {
	KEY_BY = 0x300,
	KEY_COUNT,
	KEY_EVIDENCE,
	KEY_FORCE,
	KEY_GROUP,
	KEY_HOME,
	KEY_INITIATIVE,
	KEY_NOTHING,
	KEY_UNIT,
	KEY_WHY,
	KEY_ZERO,
	KEY_FIELD, /* and so on, by the row in entry_fields */
	ROWS_MAX = 64,
};

enum {
	ACTIVITY = KIND_BIT(KIND_ACTIVITY),
	LEVEL = KIND_BIT(KIND_LEVEL),
	THING = KIND_BIT(KIND_THING),
	PROGRESS = KIND_BIT(KIND_PROGRESS),
	BUDGET = KIND_BIT(KIND_BUDGET),
	CLOSE = KIND_BIT(KIND_CLOSE),
	CORRECTION = KIND_BIT(KIND_VOID),
	REMARK = KIND_BIT(KIND_RETURN),
	RECORDS = ENTRY_RECORDS,
	ALL = RECORDS | CORRECTION | REMARK,
};

/* An option whose key is 0 fills the text of that name in entry_fields.  Of several rows
 * of one name a command gets the first that is one of its kinds. */
static const struct row {
	const char *name;
	int key;
	const char *arg; /* NULL: none */
	const char *help;
	unsigned kinds;
	int group; /* in --help */
} rows[] = {
	{ "indicator", 0, N_("CODE"), N_("the indicator it counts for"), ACTIVITY | LEVEL, 2 },
	{ "indicator", 0, N_("CODE"), N_("the indicator that counts it"), THING, 2 },
	{ "initiative", KEY_INITIATIVE, N_("CODE..."), N_("initiatives it counts for"), ACTIVITY,
	  3 },
	{ "date", 0, N_("YYYY-MM-DD"), N_("its first day, at the place itself"), ACTIVITY, 4 },
	{ "date", 0, N_("YYYY-MM-DD"), N_("the day on which it came in or went out"), THING, 4 },
	{ "until", 0, N_("YYYY-MM-DD"), N_("its last day, if there were several"), ACTIVITY, 5 },
	{ "quantity", 0, N_("N"), N_("how many there were (default: 1)"), ACTIVITY, 6 },
	{ "mode", 0, N_("CODE"), N_("of which kind, as sabado-consular"), ACTIVITY, 7 },
	{ "place", 0, N_("TEXT"), N_("where"), ACTIVITY, 8 },
	{ "country", 0, N_("XX"), N_("its country (default: that of the unit)"), ACTIVITY, 9 },
	{ "status", 0, N_("STATUS"), N_("done (default), planned, cancelled or moved"), ACTIVITY,
	  10 },
	{ "count", KEY_COUNT, N_("NAME=N..."), N_("what else was counted, as attended=90"),
	  ACTIVITY, 11 },
	{ "group", KEY_GROUP, N_("CODE=N..."), N_("people of a differential actor, as ACT-1=12"),
	  ACTIVITY, 12 },
	{ "quarter", 0, N_("YYYY-QN"), N_("its quarter, as 2025-Q4"), PROGRESS | BUDGET, 12 },
	{ "quarter", 0, N_("YYYY-QN"),
	  N_("of a level, in the place of a day: its quarter, as 2025-Q4"), LEVEL, 12 },
	{ "level", 0, N_("N"), N_("what the indicator stood at in that quarter"), LEVEL, 12 },
	{ "thing", 0, N_("KEY"), N_("of a thing: its key"), CORRECTION, 12 },
	{ "way", 0, N_("in|out"), N_("of a thing: whether it came in or went out"), CORRECTION,
	  12 },
	{ "name", 0, N_("TEXT"), N_("what people call the thing"), THING, 12 },
	{ "percent", 0, N_("N"), N_("how much of it is done, as 62.5"), PROGRESS, 12 },
	{ "text", 0, N_("TEXT"), N_("what is to be said of its progress"), PROGRESS, 12 },
	{ "appropriated", 0, N_("PESOS"), N_("money of the year given to the project"), BUDGET,
	  12 },
	{ "committed", 0, N_("PESOS"), N_("of that what is committed, by the end of the quarter"),
	  BUDGET, 12 },
	{ "obligated", 0, N_("PESOS"), N_("of that what is obligated"), BUDGET, 12 },
	{ "paid", 0, N_("PESOS"), N_("of that what is paid"), BUDGET, 12 },
	{ "zero", KEY_ZERO, N_("CODE..."), N_("indicators of which there was nothing"), CLOSE, 12 },
	{ "nothing-to-do", KEY_NOTHING, N_("CODE..."),
	  N_("indicators for which there was nothing to do"), CLOSE, 12 },
	{ "note", 0, N_("TEXT"), N_("what else is to be said"), RECORDS & ~(unsigned) PROGRESS,
	  13 },
	{ "evidence", KEY_EVIDENCE, N_("FILE..."),
	  N_("files that prove it: their hashes are recorded, keep the files"), RECORDS, 14 },
	{ "by", KEY_BY, N_("NAME"), N_("who reports (default: the login name)"), ALL, 15 },
	{ "unit", KEY_UNIT, N_("CODE"),
	  N_("the unit that reports (default: the only one of this device)"), RECORDS, 16 },
	{ "why", KEY_WHY, N_("TEXT"), N_("the reason; it must be given"), CORRECTION, 1 },
	{ "why", KEY_WHY, N_("TEXT"), N_("the remark; it must be given"), REMARK, 1 },
	{ "why", KEY_WHY, N_("TEXT"),
	  N_("why it comes late, where the office has locked its quarter"), RECORDS, 17 },
	{ "force", KEY_FORCE, NULL,
	  N_("record also what the plan refuses; the hub keeps it without counting it"), RECORDS,
	  17 },
	{ "force", KEY_FORCE, NULL, N_("record it also where this device has no right to"),
	  CORRECTION | REMARK, 17 },
	{ "home", KEY_HOME, N_("DIR"),
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), ALL, 18 },
};

/* ---- lists ---- */

/* Commas are cut out in a copy: argv is shown by ps and used in messages. */
static char *
keep_copy(struct entry_options *o, const char *text)
{
	char *copy = o->text_count < ENTRY_TEXTS_MAX ? strdup(text) : NULL;

	if (!copy)
		exit(cli_fail(EX_USAGE, _("too many words")));
	o->texts[o->text_count++] = copy;
	return copy;
}

/* One too many is kept, for entry_build() to tell of it. */
static void
add_code(const char **list, size_t *count, size_t max, const char *code)
{
	if (*count <= max)
		list[(*count)++] = code;
}

/* A name without a number is a pair without a value, which is told later. */
static void
add_pair(struct entry_pair *pairs, size_t *count, char *text)
{
	char *equals = strchr(text, '=');

	if (*count > ENTRY_PAIRS_MAX)
		return;
	if (equals)
		*equals++ = '\0';
	pairs[(*count)++] = (struct entry_pair) { text, equals };
}

/* One too many is kept, for entry_build() to tell of it. */
static void
add_file(struct entry_options *o, const char *path)
{
	if (o->file_count <= ENTRY_EVIDENCES_MAX)
		o->files[o->file_count++] = path;
}

static void
add_part(struct entry_options *o, int key, char *part)
{
	struct entry *e = &o->entry;

	switch (key) {
	case KEY_INITIATIVE:
		add_code(e->initiatives, &e->initiative_count, ENTRY_INITIATIVES_MAX, part);
		return;
	case KEY_ZERO: add_code(e->zero, &e->zero_count, ENTRY_DECLARED_MAX, part); return;
	case KEY_NOTHING: add_code(e->nothing, &e->nothing_count, ENTRY_DECLARED_MAX, part); return;
	case KEY_COUNT: add_pair(e->counts, &e->count_count, part); return;
	default: add_pair(e->groups, &e->group_count, part); return;
	}
}

/* For who records it is as if nothing was said; who corrects takes away. */
static void
empty_list(struct entry_options *o, int key)
{
	o->no_initiatives |= key == KEY_INITIATIVE;
	o->no_counts |= key == KEY_COUNT;
	o->no_groups |= key == KEY_GROUP;
	o->no_zero |= key == KEY_ZERO;
	o->no_nothing |= key == KEY_NOTHING;
	o->no_evidences |= key == KEY_EVIDENCE;
}

static void
add_list(struct entry_options *o, int key, const char *value)
{
	char *rest;

	o->list = key;
	if (*value == '\0') {
		empty_list(o, key);
		return;
	}
	if (key == KEY_EVIDENCE) {
		add_file(o, value);
		return;
	}
	rest = keep_copy(o, value);
	for (char *part = strsep(&rest, ","); part; part = strsep(&rest, ",")) {
		part += strspn(part, " ");
		if (*part)
			add_part(o, key, part);
	}
}

/* ---- options ---- */

static const char **
text_option(struct entry *e, int key)
{
	switch (key) {
	case KEY_BY: return &e->by;
	case KEY_UNIT: return &e->unit;
	case KEY_WHY: return &e->why;
	default: break;
	}
	if (key < KEY_FIELD || key >= KEY_FIELD + (int) entry_field_count)
		return NULL;
	return entry_text(e, &entry_fields[key - KEY_FIELD]);
}

/* Any other option ends a list: what follows then belongs to nothing. */
static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct entry_options *o = state->input;
	const char **text = text_option(&o->entry, key);

	switch (key) {
	case KEY_INITIATIVE:
	case KEY_COUNT:
	case KEY_GROUP:
	case KEY_ZERO:
	case KEY_NOTHING:
	case KEY_EVIDENCE: add_list(o, key, arg); return 0;
	case ARGP_KEY_ARG:
		if (o->list == 0)
			return ARGP_ERR_UNKNOWN;
		add_list(o, o->list, arg);
		return 0;
	case KEY_FORCE: o->force = true; break;
	case KEY_HOME: o->home = arg; break;
	default:
		if (!text)
			return ARGP_ERR_UNKNOWN;
		*text = arg;
		break;
	}
	o->list = 0;
	return 0;
}

/* ---- limits, for --help ---- */

static bool
is_of_entry(const struct limit_row *row)
{
	static const char *const names[] = {
		"EVENT_BYTES_MAX", "CODE_BYTES_MAX", "NOTE_BYTES_MAX",  "PLACE_BYTES_MAX",
		"NAME_BYTES_MAX",  "QUANTITY_MAX",   "COUNT_VALUE_MAX", "INITIATIVES_MAX",
		"COUNTS_MAX",      "GROUPS_MAX",     "EVIDENCES_MAX",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(row->name, names[i]) == 0)
			return true;
	}
	return false;
}

/* argp asks for each text of --help and frees what is not the one it gave.  The cast takes
 * its const away, as argp's type for the answer wants. */
static char *
add_limits(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t len;
	FILE *out;

	(void) input;
	if (key != ARGP_KEY_HELP_EXTRA)
		return (char *) (uintptr_t) text;
	out = open_memstream(&help, &len);
	if (!out)
		return NULL;
	fputs(_("At most:"), out);
	for (size_t i = 0; i < limit_row_count; i++) {
		const struct limit_row *row = &limit_rows[i];

		if (is_of_entry(row))
			fprintf(out, "\n  %8u %-5s  %s", row->value, row->unit, gettext(row->what));
	}
	return fclose(out) == 0 ? help : NULL;
}

/* ---- the options of one command ---- */

/* The text of progress is its note. */
static int
field_key(const char *name)
{
	const struct entry_field *field = entry_field_of(strcmp(name, "text") == 0 ? "note" : name);

	return KEY_FIELD + (int) (field - entry_fields);
}

static bool
is_there(const struct argp_option *options, const char *name)
{
	for (; options->name; options++) {
		if (strcmp(options->name, name) == 0)
			return true;
	}
	return false;
}

/* A process runs one command, so there is one such list. */
const struct argp *
entry_options_argp(unsigned kinds)
{
	static struct argp_option options[ROWS_MAX];
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.help_filter = add_limits,
	};
	size_t count = 0;

	_Static_assert(sizeof(rows) / sizeof(rows[0]) < ROWS_MAX, "and one that ends the list");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (!(row->kinds & kinds) || is_there(options, row->name))
			continue;
		options[count++] = (struct argp_option) {
			row->name, row->key ? row->key : field_key(row->name),
			row->arg,  0,
			row->help, row->group,
		};
	}
	return &argp;
}

void
entry_options_done(struct entry_options *o)
{
	for (size_t i = 0; i < o->text_count; i++)
		free(o->texts[i]);
	o->text_count = 0;
}

_Noreturn void
entry_options_word(const char *word)
{
	char shown[128];

	cli_safe(word, strlen(word), shown, sizeof(shown));
	exit(cli_fail(EX_USAGE,
	              _("'%s' belongs to no option: text with blanks stands in quotation "
	                "marks"),
	              shown));
}

/* ---- evidence ---- */

static int
tell_file(const char *path, status st)
{
	char shown[256];

	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (st == ST_INVALID)
		return cli_fail(EX_NOINPUT, _("--evidence %s: this is not a file"), shown);
	return cli_fail(cli_exit(st), _("--evidence %s: %s"), shown, gettext(status_text(st)));
}

int
entry_options_files(struct entry_options *o)
{
	struct entry *e = &o->entry;
	int code = EX_OK;

	for (size_t i = 0; i < o->file_count; i++) {
		status st = evidence_of_file(o->files[i], &e->evidences[e->evidence_count]);

		if (st == ST_OK)
			e->evidence_count++;
		else
			code = tell_file(o->files[i], st);
	}
	return code;
}
