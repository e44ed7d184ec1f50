/* All or none, twice: one bad row and nothing is stored; and what is stored is
 * stored in one transaction, so that a power cut leaves no half of a file. */
#include "agent/import_cmd.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/checks.h"
#include "agent/command.h"
#include "agent/entry_fields.h"
#include "agent/import_report.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"

struct args {
	const char *file, *unit, *by, *why, *home;
	event_kind kind;
	csv_encoding encoding;
	bool dry_run, skip_incomplete, again, force, json;
};

/* What one run works with; run_done() frees it. */
struct run {
	const struct args *args;
	char file[256]; /* its name, safe to print */
	outbox *box;
	mapping *map;
	uint8_t *bytes;
	size_t len;
	int64_t at_ms; /* of all rows */
	struct import in;
	struct outbox_item *items;
	uint8_t (*keys)[HASH_BYTES]; /* with --again, of rows that are here */
	struct import_totals totals;
};

/* ---- arguments ---- */

enum {
	KEY_AGAIN = 0x200,
	KEY_BY,
	KEY_DRY_RUN,
	KEY_ENCODING,
	KEY_FORCE,
	KEY_HOME,
	KEY_JSON,
	KEY_KIND,
	KEY_SKIP,
	KEY_UNIT,
	KEY_WHY,
};

enum { TRIES = 5 };

static const struct argp_option options[] = {
	{ "kind", KEY_KIND, N_("KIND"), 0,
	  N_("what the rows are: activity (default), thing, level, progress, budget, close"), 0 },
	{ "unit", KEY_UNIT, N_("CODE"), 0,
	  N_("take the rows of this unit and leave out those of others"), 0 },
	{ "skip-incomplete", KEY_SKIP, NULL, 0, N_("leave out rows without a full date"), 0 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, N_("say what would happen and record nothing"), 0 },
	{ "again", KEY_AGAIN, NULL, 0, N_("record rows that are here already once more"), 0 },
	{ "force", KEY_FORCE, NULL, 0,
	  N_("record also what the plan refuses; the hub keeps it without counting it"), 0 },
	{ "encoding", KEY_ENCODING, N_("NAME"), 0,
	  N_("how the file writes letters: utf-8 (default), windows-1252, iso-8859-1"), 0 },
	{ "by", KEY_BY, N_("NAME"), 0, N_("who reports (default: the login name)"), 0 },
	{ "why", KEY_WHY, N_("TEXT"), 0,
	  N_("why it comes late, where the office has locked its quarter"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ 0 },
};

static void
set_encoding(struct args *a, const char *name, struct argp_state *state)
{
	if (csv_encoding_of(name, &a->encoding) < 0)
		argp_error(state, _("unknown encoding '%s': utf-8, windows-1252 or iso-8859-1"),
		           name);
}

static void
set_kind(struct args *a, const char *name, struct argp_state *state)
{
	static const char *const names[] = { "activity", "thing",  "level",
		                             "progress", "budget", "close" };
	const char *near = cli_nearest(name, names, sizeof(names) / sizeof(names[0]));
	char shown[64];

	for (int k = 0; k < EVENT_KINDS_; k++) {
		if ((ENTRY_RECORDS & KIND_BIT(k)) &&
		    strcmp(name, event_kind_name((event_kind) k)) == 0) {
			a->kind = (event_kind) k;
			return;
		}
	}
	cli_safe(name, strlen(name), shown, sizeof(shown));
	if (near)
		argp_error(state, _("unknown kind '%s'; did you mean %s?"), shown, near);
	else
		argp_error(state,
		           _("unknown kind '%s': activity, thing, level, progress, budget or "
		             "close"),
		           shown);
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_KIND: set_kind(a, arg, state); return 0;
	case KEY_UNIT: a->unit = arg; return 0;
	case KEY_SKIP: a->skip_incomplete = true; return 0;
	case KEY_DRY_RUN: a->dry_run = true; return 0;
	case KEY_AGAIN: a->again = true; return 0;
	case KEY_FORCE: a->force = true; return 0;
	case KEY_ENCODING: set_encoding(a, arg, state); return 0;
	case KEY_BY: a->by = arg; return 0;
	case KEY_WHY: a->why = arg; return 0;
	case KEY_HOME: a->home = arg; return 0;
	case KEY_JSON: a->json = true; return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, _("one file at a time: '%s' is one too many"), arg);
		a->file = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->file)
			argp_error(state, _("which file?  valija import FILE.csv"));
		if (a->again && (ENTRY_REGISTERS & KIND_BIT(a->kind)))
			argp_error(state, _("--again: what is told once a quarter is told once"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* clang-format off */
static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = N_("FILE.csv"),
	.doc = N_("Record the rows of a CSV file, all or none.") "\v" N_(
		"The first line names the columns, in any order: unit, indicator, initiative, "
		"date, until, quantity, mode, place, country, status, note, by, and names of "
		"counts (attended) and groups (ACT-1).  import.map says which other names are "
		"known.  Dates are written YYYY-MM-DD.  A row that was imported before is not "
		"recorded again.\n\n"
		"With --kind the columns are\n"
		"  thing     indicator, thing, way (in or out), date, name\n"
		"  level     indicator, quarter, level\n"
		"  progress  initiative, commitment or risk; quarter, percent, text\n"
		"  budget    project, quarter, appropriated, committed, obligated, paid\n"
		"  close     quarter, zero, nothing-to-do\n"
		"and unit, note, by and why, as\n"
		"  commitment;quarter;percent;text\n"
		"  COM-1;2025-Q4;62,5;the second phase is under way\n\n"
		"With --json: rows, recorded, known, incomplete, other_units, first_seq, "
		"last_seq, dry_run."),
};
/* clang-format on */

/* ---- what is read ---- */

static int
check_unit(const struct run *r)
{
	const struct codes *units = &outbox_device(r->box)->units;
	char names[256] = "", shown[CODE_BYTES_MAX * 4];
	size_t used = 0;

	if (!r->args->unit || import_enrolled(units, r->args->unit))
		return 0;
	for (size_t i = 0; i < units->count && used < sizeof(names); i++)
		used += (size_t) snprintf(names + used, sizeof(names) - used, "%s%.*s",
		                          i > 0 ? ", " : "", (int) units->list[i].len,
		                          units->list[i].at);
	cli_safe(r->args->unit, strlen(r->args->unit), shown, sizeof(shown));
	return cli_fail(EX_DATAERR, _("--unit: this device does not report for '%s', but for %s"),
	                shown, names);
}

static int
read_input(struct run *r)
{
	const char *path = r->file;
	status st = file_read(r->args->file, CSV_FILE_BYTES_MAX, &r->bytes, &r->len);

	switch ((int) st) {
	case ST_OK: return 0;
	case ST_NOT_FOUND: return cli_fail(EX_NOINPUT, _("%s: there is no such file"), path);
	case ST_DENIED: return cli_fail(EX_NOINPUT, _("%s: you may not read this file"), path);
	case ST_LIMIT:
		return cli_fail(EX_DATAERR, _("%s: over %d MiB; cut the file in two"), path,
		                CSV_FILE_BYTES_MAX >> 20);
	default: return cli_fail(EX_NOINPUT, _("%s: cannot be read as a file"), path);
	}
}

/* Beside the program, as in a build tree, else where it was installed. */
static void
find_map(char *path, size_t size)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	/* readlink() puts no 0 */
	program[len > 0 ? len : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash) {
		*slash = '\0';
		snprintf(path, size, "%s/../share/valija/import.map", program);
		if (access(path, R_OK) == 0)
			return;
	}
	snprintf(path, size, "%s/import.map", VALIJA_DATA_DIR);
}

/* Without it no column has a meaning, so there is no default to fall back on. */
static int
read_map(struct run *r)
{
	char path[PATH_MAX + 64];
	struct mapping_problem problem = { 0 };
	uint8_t *bytes = NULL;
	size_t len;
	status st;

	find_map(path, sizeof(path));
	st = file_read(path, MAPPING_BYTES_MAX, &bytes, &len);
	if (st == ST_OK)
		st = mapping_parse((const char *) bytes, len, &problem, &r->map);
	free(bytes);
	if (st == ST_INVALID)
		return cli_fail(EX_CONFIG, _("%s: line %zu: '%s': %s"), path, problem.line,
		                problem.found, gettext(problem.rule));
	if (st < 0)
		return cli_fail(EX_CONFIG, _("cannot read %s, which says what columns mean: %s"),
		                path, gettext(status_text(st)));
	return 0;
}

static bool
row_is_here(void *txn, const uint8_t fields[static HASH_BYTES])
{
	uint8_t key[HASH_BYTES];
	uint64_t seq;

	import_key(fields, 1, key);
	return outbox_find_key_in(txn, key, &seq) == ST_OK;
}

static status
find_told(void *txn, const struct event *now, struct register_found *ret_found)
{
	return register_find(txn, now, ret_found);
}

/* A second thread is worth it where this process may run on two cores at once. */
static bool
has_two_cores(void)
{
	cpu_set_t cores;

	return sched_getaffinity(0, sizeof(cores), &cores) == 0 && CPU_COUNT(&cores) > 1;
}

static status
read_file(struct run *r, const struct checks *checks, kv_txn *txn)
{
	const struct args *a = r->args;
	struct import_config config = {
		.map = r->map,
		.encoding = a->encoding,
		.frame = checks->frame,
		.unit = a->unit,
		.by = a->by ? a->by : command_login(),
		.why = a->why,
		.skip_incomplete = a->skip_incomplete,
		.paired = has_two_cores(),
		.is_here = a->again ? NULL : row_is_here,
		.find = find_told,
		.ctx = txn,
	};

	r->at_ms = checks->frame.at_ms;
	config.frame.kind = a->kind;
	config.frame.force = a->force;
	return import_read(&config, r->bytes, r->len, &r->in);
}

/* A transaction lives as long as the file is taken apart: that waits for nobody, since its
 * bytes are in memory already.  Where there is no plan it is one of its own. */
static status
read_rows(struct run *r)
{
	kv_txn *own = NULL;
	struct checks checks;
	status st = checks_read(r->box, &checks);

	if (st < 0)
		return st;
	if (!checks.txn)
		st = kv_read(outbox_store(r->box), &own);
	if (st == ST_OK)
		st = read_file(r, &checks, checks.txn ? checks.txn : own);
	kv_abort(&own);
	checks_done(&checks);
	return st;
}

/* ---- what is stored ---- */

static status
is_known(outbox *box, const uint8_t key[static HASH_BYTES], bool *ret_known)
{
	uint64_t seq;
	status st = outbox_find_key(box, key, &seq);

	*ret_known = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
find_row(outbox *box, const struct import_row *row, uint64_t occurrence, bool *ret_known)
{
	uint8_t key[HASH_BYTES];

	import_key(row->fields, occurrence, key);
	return is_known(box, key, ret_known);
}

/* Equal rows are numbered from 1, and so those that are here have the lowest
 * numbers.  To record a row again is to give it a number behind them. */
static status
count_known(outbox *box, const struct import_row *row, uint64_t *ret_count)
{
	uint64_t here = 0, try = 1, none = UINT64_MAX; /* numbers that are, are not here */
	status st = ST_OK;

	/* doubled until one is not here, then halved: as many look-ups as it has bits, twice */
	while (none - here > 1 && st == ST_OK) {
		bool known;

		st = find_row(box, row, try, &known);
		*(known ? &here : &none) = try;
		try = none == UINT64_MAX ? here * 2 : here + (none - here) / 2;
	}
	*ret_count = here;
	return st;
}

/* The name of a row, when so many equal ones are here. */
static const uint8_t *
key_of(const struct run *r, size_t i, uint64_t here)
{
	const struct import_row *row = &r->in.rows[i];

	if (here == 0)
		return row->key;
	import_key(row->fields, row->occurrence + here, r->keys[i]);
	return r->keys[i];
}

static status
prepare(struct run *r)
{
	struct import *in = &r->in;

	for (size_t i = 0; i < in->count; i++) {
		const struct import_row *row = &in->rows[i];
		uint64_t known = 0;
		status st = r->args->again ? count_known(r->box, row, &known) : ST_OK;

		if (st < 0)
			return st;
		r->items[i].body = row->body;
		r->items[i].hash = row->hash;
		r->items[i].key = key_of(r, i, known);
		r->items[i].is_new = r->args->again;
		r->items[i].is_plain = !row->is_register;
		r->items[i].at_ms = r->at_ms;
	}
	return ST_OK;
}

/* What the commit would find, without one.  With --again nothing counts as known. */
static status
look_up(struct run *r)
{
	status st = ST_OK;

	for (size_t i = 0; i < r->in.count && st == ST_OK; i++) {
		if (!r->args->again)
			st = is_known(r->box, r->items[i].key, &r->items[i].ret_known);
	}
	return st;
}

static void
count_items(struct run *r)
{
	struct import_totals *t = &r->totals;

	t->dry_run = r->args->dry_run;
	for (size_t i = 0; i < r->in.count; i++) {
		const struct outbox_item *item = &r->items[i];

		t->known += item->ret_known;
		t->recorded += !item->ret_known;
		if (item->ret_known || t->dry_run)
			continue;
		t->last_seq = item->ret_seq;
		if (t->first_seq == 0)
			t->first_seq = item->ret_seq;
	}
}

/* Which numbers are free is read before the lock is taken, so with --again
 * another import of the same rows may have taken them by now. */
static status
append(struct run *r)
{
	status st = ST_EXISTS;

	for (int i = 0; i < TRIES && st == ST_EXISTS; i++) {
		st = prepare(r);
		if (st == ST_OK)
			st = outbox_append(r->box, r->items, r->in.count, OUTBOX_WAIT_MS);
	}
	return st == ST_EXISTS ? ST_BUSY : st;
}

static status
dry_run(struct run *r)
{
	status st = prepare(r);

	return st == ST_OK ? look_up(r) : st;
}

/* + 1: calloc() of nothing may return NULL. */
static status
store(struct run *r)
{
	size_t count = r->in.count;
	status st;

	r->items = calloc(count + 1, sizeof(*r->items));
	if (r->args->again)
		r->keys = calloc(count + 1, sizeof(*r->keys));
	if (!r->items || (r->args->again && !r->keys))
		return ST_NOMEM;
	st = r->args->dry_run ? dry_run(r) : append(r);
	if (st == ST_OK)
		count_items(r);
	return st;
}

static int
run(struct run *r)
{
	int code = command_open_to_record(r->args->home, &r->box);
	status st;

	if (code == 0)
		code = check_unit(r);
	if (code == 0)
		code = read_map(r);
	if (code == 0)
		code = read_input(r);
	if (code != 0)
		return code;
	st = read_rows(r);
	free(r->bytes); /* the rows are copies */
	r->bytes = NULL;
	if (st == ST_INVALID)
		return import_refuse(r->file, &r->in);
	if (st == ST_OK)
		st = store(r);
	if (st < 0)
		return command_failed(r->box, st);
	return import_report(&r->in, &r->totals, outbox_device(r->box)->feed, r->args->json);
}

static void
run_done(struct run *r)
{
	free(r->items);
	free(r->keys);
	free(r->bytes);
	import_done(&r->in);
	mapping_free(&r->map);
	outbox_close(&r->box);
}

int
import_command(int argc, char **argv)
{
	struct args args = { .encoding = ENCODING_UTF_8, .kind = KIND_ACTIVITY };
	struct run r = { .args = &args };
	int code;

	cli_parse(&argp, argc, argv, &args);
	cli_safe(args.file, strlen(args.file), r.file, sizeof(r.file));
	code = run(&r);
	run_done(&r);
	return code;
}
