/* Reading goes on after a bad row: somebody who is told of one fault a run gives
 * up after the third.  Events are encoded as they are read, so what is kept of a
 * row is its bytes and the hash that it is known by. */
#include "agent/import.h"

#include <stdlib.h>
#include <string.h>

#include "agent/import_internal.h"
#include "common/cli.h"
#include "common/room.h"
#include "protocol/chain.h"
#include "protocol/msgid.h"

enum { SHOWN_BYTES = 60, BODIES_BYTES = 1 << 20 };

/* As pages are touched they become memory, so the last one costs what is used of it. */
struct import_bodies {
	struct import_bodies *next;
	size_t used;
	uint8_t bytes[BODIES_BYTES];
};

_Static_assert((int) EVENT_BYTES_MAX <= (int) BODIES_BYTES, "each body fits");

/* The first line of text, marked where it was cut. */
static void
show(const char *text, char *out, size_t size)
{
	static const char mark[] = "…";
	size_t len = strcspn(text, "\n"), most = len < SHOWN_BYTES ? len : SHOWN_BYTES;
	size_t used = strlen(cli_safe(text, most, out, size - sizeof(mark)));

	if (text[most] != '\0')
		memcpy(out + used, mark, sizeof(mark));
}

/* Findings beyond the bound are counted: a file with the wrong separator has a
 * fault in every row, and nobody reads the second fifty. */
void
import_find(struct importing *im, struct import_findings *list, size_t line, size_t column,
            const char *found, const char *rule, const char *arg)
{
	struct import_finding *f;

	if (list->count++ >= IMPORT_LISTED_MAX)
		return;
	f = &list->list[list->count - 1];
	f->line = line;
	f->rule = rule;
	if (column < im->column_count) {
		const char *name = im->columns[column].name;

		f->column = column + 1;
		cli_safe(name, strlen(name), f->name, sizeof(f->name));
	}
	if (found)
		show(found, f->found, sizeof(f->found));
	if (arg)
		cli_safe(arg, strlen(arg), f->arg, sizeof(f->arg));
}

/* Room for a body that does not move any more; NULL: no memory. */
static uint8_t *
body_room(struct import *in, size_t len)
{
	struct import_bodies *b = in->bodies;

	if (!b || BODIES_BYTES - b->used < len) {
		b = malloc(sizeof(*b));
		if (!b)
			return NULL;
		b->next = in->bodies;
		b->used = 0;
		in->bodies = b;
	}
	b->used += len;
	return b->bytes + b->used - len;
}

void
import_join_bodies(struct import *in, struct import *from)
{
	struct import_bodies **end = &from->bodies;

	while (*end)
		end = &(*end)->next;
	*end = in->bodies;
	in->bodies = from->bodies;
	from->bodies = NULL;
}

/* All that is hashed of a row alone is hashed here, while its bytes are at hand. */
status
import_keep(struct importing *im, const struct draft *d, struct bytes body,
            const uint8_t fields[static HASH_BYTES], bool is_register)
{
	struct import *in = im->in;
	struct import_row *rows, *row;
	uint8_t *at;

	rows = room_for(in->rows, in->count, 1, &im->row_room, sizeof(*in->rows));
	if (!rows)
		return ST_NOMEM;
	in->rows = rows;
	at = body_room(in, body.len);
	if (!at)
		return ST_NOMEM;
	memcpy(at, body.at, body.len);
	row = &rows[in->count++];
	row->line = d->row->line;
	row->body = (struct bytes) { at, body.len };
	row->occurrence = 1;
	row->is_register = is_register;
	hash_bytes(at, body.len, row->hash);
	memcpy(row->fields, fields, HASH_BYTES);
	if (is_register)
		memcpy(row->key, fields, HASH_BYTES);
	else
		import_key(fields, 1, row->key);
	return ST_OK;
}

void
import_say_who(const struct importing *im, struct draft *d)
{
	if (!d->entry.by)
		d->entry.by = im->config->by;
	if (!d->entry.why)
		d->entry.why = im->config->why;
}

/* Rows that are known by what they say.  Whether one is here is asked only when something
 * is found: as a rule nothing is. */
static status
build_row(struct importing *im, struct draft *d, writer *w)
{
	const struct import_config *config = im->config;
	struct entry_frame frame = config->frame;
	struct entry_problems problems;
	uint8_t fields[HASH_BYTES];
	bool is_here;
	status st;

	/* Who types the command is no part of what the row says. */
	import_fields_hash(&d->entry, d->unit, fields);
	import_say_who(im, d);
	st = entry_build(&d->entry, &frame, w, &problems);
	is_here = problems.count > 0 && config->is_here && config->is_here(config->ctx, fields);
	if (is_here && !frame.force) {
		frame.force = true;
		st = entry_build(&d->entry, &frame, w, &problems);
	}
	if (!is_here || st < 0)
		import_tell(d, &problems);
	return st == ST_OK ? import_keep(im, d, writer_bytes(w), fields, false) : st;
}

static status
build_event(struct importing *im, struct draft *d)
{
	status st;

	if (ENTRY_REGISTERS & KIND_BIT(im->config->frame.kind))
		st = import_build_register(im, d, &im->w);
	else
		st = build_row(im, d, &im->w);
	/* told; the next row is looked at all the same */
	return st == ST_INVALID ? ST_OK : st;
}

static status
on_header(const struct csv_row *row, void *importing)
{
	return import_header(importing, row);
}

static status
on_row(const struct csv_row *row, void *importing)
{
	struct importing *im = importing;
	struct import *in = im->in;
	struct draft d;
	bool take;
	status st;

	if (in->row_count == IMPORT_ROWS_MAX) {
		import_find(im, &in->bad, row->line, SIZE_MAX, NULL,
		            N_("more rows than one import may have; cut the file in two"), NULL);
		return ST_INVALID;
	}
	in->row_count++;
	memset(&d, 0, offsetof(struct draft, initiatives));
	d.im = im;
	d.row = row;
	st = import_draft(&d, &take);
	if (st == ST_OK && take)
		st = build_event(im, &d);
	in->bad_rows += d.is_bad;
	import_draft_done(&d);
	return st;
}

static void
tell_fault(struct importing *im, const struct csv_problem *p)
{
	struct import_findings *bad = &im->in->bad;

	import_find(im, bad, p->line, p->column - 1, p->found, p->rule, NULL);
	if (bad->count <= IMPORT_LISTED_MAX) /* also while there is no header */
		bad->list[bad->count - 1].column = p->column;
}

bool
import_enrolled(const struct codes *units, const char *unit)
{
	for (size_t i = 0; i < units->count; i++) {
		if (text_is(units->list[i], unit))
			return true;
	}
	return false;
}

/* A file of a consulate has no column for what goes without saying. */
static void
find_only_unit(struct importing *im)
{
	const struct codes *units = im->config->frame.device_units;
	struct text unit = text_of(im->config->unit);

	if (!unit.at && units->count == 1)
		unit = units->list[0];
	if (unit.len < sizeof(im->only_unit))
		snprintf(im->only_unit, sizeof(im->only_unit), "%.*s", (int) unit.len, unit.at);
}

static status
read_part(struct importing *im, struct csv_part *part, size_t rows, csv_row_fn *read_row)
{
	struct csv_problem problem = { 0 };
	status st = csv_read(part, rows, read_row, im, &problem);

	if (st == ST_INVALID && problem.rule)
		tell_fault(im, &problem);
	return st;
}

status
import_read_part(struct importing *im, struct csv_part *part)
{
	return read_part(im, part, SIZE_MAX, on_row);
}

/* *ret_rest: what comes behind it. */
static status
read_header(struct importing *im, const void *bytes, size_t len, struct csv_part *ret_rest)
{
	struct csv_problem problem = { 0 };
	status st = csv_begin(bytes, len, im->config->encoding, ret_rest, &problem);

	if (st < 0) {
		tell_fault(im, &problem);
		return st;
	}
	st = read_part(im, ret_rest, 1, on_header);
	if (st == ST_OK && im->column_count == 0)
		import_find(im, &im->in->bad, 0, SIZE_MAX, NULL, N_("the file is empty"), NULL);
	return st;
}

static status
read_file(struct importing *im, const void *bytes, size_t len)
{
	struct csv_part rest;
	status st = read_header(im, bytes, len, &rest);

	if (st == ST_OK && !import_read_paired(im, &rest))
		st = import_read_part(im, &rest);
	return st == ST_OK && im->in->bad.count > 0 ? ST_INVALID : st;
}

status
import_read(const struct import_config *config, const void *bytes, size_t len,
            struct import *ret_import)
{
	struct importing *im = calloc(1, sizeof(*im));
	status st;

	if (!im)
		return ST_NOMEM;
	im->config = config;
	im->in = ret_import;
	writer_init(&im->w);
	find_only_unit(im);
	st = read_file(im, bytes, len);
	if (st == ST_OK)
		st = import_number_rows(ret_import->rows, ret_import->count);
	if (st == ST_OK && (ENTRY_REGISTERS & KIND_BIT(config->frame.kind)))
		st = import_check_registers(im);
	for (size_t i = 0; i < im->column_count; i++)
		free(im->columns[i].name);
	writer_done(&im->w);
	free(im);
	return st;
}

void
import_done(struct import *in)
{
	while (in->bodies) {
		struct import_bodies *next = in->bodies->next;

		free(in->bodies);
		in->bodies = next;
	}
	free(in->rows);
	*in = (struct import) { 0 };
}
