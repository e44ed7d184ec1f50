/* Words are only put in their places here; what they mean is checked in entry.c,
 * where the import's cells are checked too.  The exception is what no entry can
 * hold: a word that belongs nowhere. */
#include "agent/entry_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/evidence.h"
#include "common/cli.h"
#include "common/i18n.h"

enum option_key {
	KEY_BY = 0x300,
	KEY_COUNT,
	KEY_COUNTRY,
	KEY_DATE,
	KEY_EVIDENCE,
	KEY_FORCE,
	KEY_GROUP,
	KEY_HOME,
	KEY_INDICATOR,
	KEY_INITIATIVE,
	KEY_MODE,
	KEY_NOTE,
	KEY_PLACE,
	KEY_QUANTITY,
	KEY_STATUS,
	KEY_UNIT,
	KEY_UNTIL,
};

/* In the order of their groups, which --help keeps. */
static const struct argp_option options[] = {
	{ "indicator", KEY_INDICATOR, N_("CODE"), 0, N_("the indicator it counts for"), 2 },
	{ "initiative", KEY_INITIATIVE, N_("CODE..."), 0, N_("initiatives it counts for"), 3 },
	{ "date", KEY_DATE, N_("YYYY-MM-DD"), 0, N_("its first day, at the place itself"), 4 },
	{ "until", KEY_UNTIL, N_("YYYY-MM-DD"), 0, N_("its last day, if there were several"), 5 },
	{ "quantity", KEY_QUANTITY, N_("N"), 0, N_("how many there were (default: 1)"), 6 },
	{ "mode", KEY_MODE, N_("CODE"), 0, N_("of which kind, as sabado-consular"), 7 },
	{ "place", KEY_PLACE, N_("TEXT"), 0, N_("where"), 8 },
	{ "country", KEY_COUNTRY, N_("XX"), 0, N_("its country (default: that of the unit)"), 9 },
	{ "status", KEY_STATUS, N_("STATUS"), 0,
	  N_("done (default), planned, cancelled or moved"), 10 },
	{ "count", KEY_COUNT, N_("NAME=N..."), 0, N_("what else was counted, as attended=90"), 11 },
	{ "group", KEY_GROUP, N_("CODE=N..."), 0,
	  N_("people of a differential actor, as ACT-1=12"), 12 },
	{ "note", KEY_NOTE, N_("TEXT"), 0, N_("what else is to be said"), 13 },
	{ "evidence", KEY_EVIDENCE, N_("FILE..."), 0,
	  N_("files that prove it: their hashes are recorded, keep the files"), 14 },
	{ "by", KEY_BY, N_("NAME"), 0, N_("who reports (default: the login name)"), 15 },
	{ "unit", KEY_UNIT, N_("CODE"), 0,
	  N_("the unit that reports (default: the only one of this device)"), 16 },
	{ "force", KEY_FORCE, NULL, 0,
	  N_("record also what the plan refuses; the hub keeps it without counting it"), 17 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 18 },
	{ 0 },
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

static void
add_initiative(struct entry_options *o, const char *code)
{
	struct entry *e = &o->entry;

	if (e->initiative_count <= ENTRY_INITIATIVES_MAX) /* one too many is told later */
		e->initiatives[e->initiative_count++] = code;
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
	if (key == KEY_INITIATIVE)
		add_initiative(o, part);
	else if (key == KEY_COUNT)
		add_pair(o->entry.counts, &o->entry.count_count, part);
	else
		add_pair(o->entry.groups, &o->entry.group_count, part);
}

/* For who records it is as if nothing was said; who corrects takes away. */
static void
empty_list(struct entry_options *o, int key)
{
	o->no_initiatives |= key == KEY_INITIATIVE;
	o->no_counts |= key == KEY_COUNT;
	o->no_groups |= key == KEY_GROUP;
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
	case KEY_COUNTRY: return &e->country;
	case KEY_DATE: return &e->date;
	case KEY_INDICATOR: return &e->indicator;
	case KEY_MODE: return &e->mode;
	case KEY_NOTE: return &e->note;
	case KEY_PLACE: return &e->place;
	case KEY_QUANTITY: return &e->quantity;
	case KEY_STATUS: return &e->status;
	case KEY_UNIT: return &e->unit;
	case KEY_UNTIL: return &e->until;
	default: return NULL;
	}
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
	case KEY_EVIDENCE:
		add_list(o, key, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (o->list == 0)
			return ARGP_ERR_UNKNOWN;
		add_list(o, o->list, arg);
		return 0;
	case KEY_FORCE:
		o->force = true;
		break;
	case KEY_HOME:
		o->home = arg;
		break;
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
		"EVENT_BYTES_MAX", "CODE_BYTES_MAX", "NOTE_BYTES_MAX", "PLACE_BYTES_MAX",
		"NAME_BYTES_MAX", "QUANTITY_MAX", "COUNT_VALUE_MAX", "INITIATIVES_MAX",
		"COUNTS_MAX", "GROUPS_MAX", "EVIDENCES_MAX",
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

const struct argp entry_argp = { .options = options, .parser = parse, .help_filter = add_limits };

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
	exit(cli_fail(EX_USAGE, _("'%s' belongs to no option: text with blanks stands in quotation "
	                          "marks"), shown));
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
