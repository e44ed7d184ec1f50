/* A cell is found in the file as it lies in memory, and copied once, when it is made text. */
#include "agent/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/csv_text.h"
#include "common/cli.h"
#include "common/room.h"
#include "protocol/msgid.h"

enum { SHOWN_BYTES = 40 };

_Static_assert(CSV_CELL_BYTES_MAX == 16384, "a message below says so");

struct cell {
	size_t offset; /* into text */
	size_t line;
};

struct scan {
	csv_encoding encoding;
	const uint8_t *at, *end; /* what is not read yet */
	uint8_t separator;
	bool ends_cell[256]; /* bytes that mean something in a cell without quotation marks */

	size_t line;               /* of the byte at `at` */
	size_t cell_line;          /* where the cell being read began */
	const uint8_t *cell_start; /* and where it stands, with what is around it */

	struct cell cells[CSV_COLUMNS_MAX]; /* of the row being read */
	size_t count;
	char *text;
	size_t text_bytes, text_room;
	bool filled;                        /* a cell of the row is not empty */
	size_t rows_left;                   /* to hand on */
	uint8_t quoted[CSV_CELL_BYTES_MAX]; /* what one in quotation marks says, without them */

	csv_row_fn *on_row;
	void *context;
	struct csv_problem *problem;
	status st; /* the first failure sticks */
};

/* found is shown up to its first line end. */
static void
fault(struct scan *s, const char *rule, const void *found, size_t len)
{
	const char *at = found;
	size_t shown;

	if (s->st < 0)
		return;
	s->st = ST_INVALID;
	s->problem->line = s->cell_line;
	s->problem->column = s->count + 1;
	s->problem->rule = rule;
	for (shown = 0; shown < len && shown < SHOWN_BYTES; shown++) {
		if (at[shown] == '\n' || at[shown] == '\r')
			break;
	}
	cli_safe(found, shown, s->problem->found, sizeof(s->problem->found));
}

static bool
make_room(struct scan *s, size_t bytes)
{
	char *text = room_for(s->text, s->text_bytes, bytes, &s->text_room, 1);

	if (!text) {
		s->st = ST_NOMEM;
		return false;
	}
	s->text = text;
	return true;
}

/* A person sees "Bogot?" on the screen and cannot tell why: the answer is what to
 * choose when saving the file. */
static const char *
encoding_rule(const struct scan *s, const void *raw, size_t len)
{
	if (memchr(raw, 0, len))
		return N_("a byte of value 0: the file is UTF-16 or no text; save it as "
		          "\"CSV UTF-8\"");
	switch (s->encoding) {
	case ENCODING_WINDOWS_1252: return N_("a byte that is no letter of windows-1252");
	case ENCODING_ISO_8859_1:
		return N_("a byte that is no letter of iso-8859-1; try --encoding windows-1252");
	case ENCODING_UTF_8:
	case CSV_ENCODINGS_: break;
	}
	return N_("not UTF-8: save the file as \"CSV UTF-8\", or try --encoding windows-1252");
}

/* ---- cells and rows ---- */

/* The text may move to make room for it, so cells are offsets until the row is whole. */
static void
end_cell(struct scan *s, const void *raw, size_t len)
{
	size_t used = 0;

	if (s->st < 0 || !make_room(s, CSV_TEXT_GROWTH * len + 1))
		return;
	if (s->count == CSV_COLUMNS_MAX) {
		fault(s, N_("more cells than a row may have"), "", 0);
		return;
	}
	if (csv_text(s->encoding, raw, len, s->text + s->text_bytes, &used) < 0) {
		fault(s, encoding_rule(s, raw, len), raw, len);
		return;
	}
	s->cells[s->count++] = (struct cell) { s->text_bytes, s->cell_line };
	s->text_bytes += used + 1;
	s->filled |= used > 0;
}

static void
end_row(struct scan *s)
{
	struct csv_cell cells[CSV_COLUMNS_MAX];
	struct csv_row row = { .count = s->count, .cells = cells };

	if (s->st < 0)
		return;
	for (size_t i = 0; i < s->count; i++)
		cells[i] = (struct csv_cell) { s->text + s->cells[i].offset, s->cells[i].line };
	row.line = s->cells[0].line;
	if (s->filled) {
		s->st = s->on_row(&row, s->context);
		s->rows_left--;
	}
	s->count = 0;
	s->text_bytes = 0;
	s->filled = false;
}

static bool
at_line_end(const struct scan *s)
{
	return s->at < s->end && (*s->at == '\r' || *s->at == '\n');
}

/* CR LF is one end of a line. */
static void
pass_line_end(struct scan *s)
{
	bool cr = *s->at++ == '\r';

	if (cr && s->at < s->end && *s->at == '\n')
		s->at++;
	s->line++;
}

static void
pass_blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t') && *s->at != s->separator)
		s->at++;
}

/* A quotation mark that is never closed would swallow the rest of the file, and be
 * told as a fault of its last line: the bound on a cell finds it near its place. */
static bool
is_too_long(struct scan *s, const uint8_t *said, size_t len)
{
	if ((size_t) (s->at - s->cell_start) <= CSV_CELL_BYTES_MAX)
		return false;
	fault(s, N_("over 16384 bytes in one cell; is there no quotation mark at its end?"), said,
	      len);
	return true;
}

static void
tell_mark_inside(struct scan *s, const uint8_t *said, size_t len)
{
	fault(s,
	      N_("a quotation mark inside the cell: put the whole cell in quotation marks and double "
	         "those inside"),
	      said, len);
}

static void
plain_cell(struct scan *s)
{
	const uint8_t *start = s->at;
	size_t len;

	while (s->at < s->end && !s->ends_cell[*s->at])
		s->at++;
	len = (size_t) (s->at - start);
	if (is_too_long(s, start, len))
		return;
	if (s->at < s->end && *s->at == '"')
		tell_mark_inside(s, start, len);
	end_cell(s, start, len);
}

/* What stands between the marks goes to s->quoted; false when there is no second one. */
static bool
unquote(struct scan *s, size_t *ret_len)
{
	size_t len = 0;

	for (s->at++; s->at < s->end && !is_too_long(s, s->quoted, len); s->at++) {
		uint8_t byte = *s->at;

		if (byte == '"' && (s->at + 1 == s->end || s->at[1] != '"')) {
			s->at++;
			*ret_len = len;
			return true;
		}
		s->at += byte == '"'; /* the first of two */
		s->line += byte == '\r' || (byte == '\n' && s->at[-1] != '\r');
		s->quoted[len++] = byte;
	}
	fault(s, N_("the quotation mark that begins this cell has no other one at its end"),
	      s->quoted, len);
	return false;
}

static void
quoted_cell(struct scan *s)
{
	size_t len;

	if (!unquote(s, &len))
		return;
	pass_blanks(s);
	if (s->at < s->end && *s->at != s->separator && !at_line_end(s))
		tell_mark_inside(s, s->quoted, len);
	end_cell(s, s->quoted, len);
}

static bool
pass_separator(struct scan *s)
{
	bool more = s->at < s->end && *s->at == s->separator;

	s->at += more;
	return more;
}

/* The next row, to its last cell, is at hand. */
static void
scan_row(struct scan *s)
{
	do {
		s->cell_start = s->at;
		s->cell_line = s->line;
		pass_blanks(s);
		if (s->at < s->end && *s->at == '"')
			quoted_cell(s);
		else
			plain_cell(s);
	} while (s->st == ST_OK && pass_separator(s));
	if (at_line_end(s))
		pass_line_end(s);
	end_row(s);
}

/* False at the end of the file.  The blanks before a first cell belong to it. */
static bool
pass_empty_lines(struct scan *s)
{
	for (;;) {
		const uint8_t *start = s->at;

		pass_blanks(s);
		if (s->at == s->end)
			return false;
		if (!at_line_end(s)) {
			s->at = start;
			return true;
		}
		pass_line_end(s);
	}
}

/* ---- the file ---- */

static bool
is_separator(uint8_t byte)
{
	return byte == ',' || byte == ';' || byte == '\t';
}

/* "sep=;" and its line end: their length, else 0. */
static size_t
separator_line(const uint8_t *at, size_t len, uint8_t *ret_separator)
{
	size_t n = strlen("sep=") + 1;

	if (len < n || memcmp(at, "sep=", n - 1) != 0 || !is_separator(at[n - 1]))
		return 0;
	if (len > n && at[n] != '\r' && at[n] != '\n')
		return 0;
	*ret_separator = at[n - 1];
	return n;
}

/* The separator that the first line has most of, outside quotation marks. */
static uint8_t
detect_separator(const uint8_t *at, size_t len)
{
	static const char known[] = ",;\t";
	size_t seen[256] = { 0 };
	bool quoted = false, text = false;
	uint8_t best = ',';

	for (size_t i = 0; i < len; i++) {
		bool line_end = at[i] == '\r' || at[i] == '\n';

		if (at[i] == '"')
			quoted = !quoted;
		else if (line_end && text && !quoted)
			break;
		else if (!quoted)
			seen[at[i]]++;
		text |= !line_end;
	}
	for (const char *k = known; *k; k++) {
		if (seen[(uint8_t) *k] > seen[best])
			best = (uint8_t) *k;
	}
	return best;
}

/* NULL + 0 is not for C to compute, and so not for an empty file. */
status
csv_begin(const void *bytes, size_t len, csv_encoding encoding, struct csv_part *ret_part,
          struct csv_problem *ret_problem)
{
	struct csv_part part = { .at = bytes, .len = len, .line = 1, .encoding = encoding };
	size_t skip = 0;
	const char *rule = len > 0 ? csv_file_fault(bytes, len, &part.encoding, &skip) : NULL;

	if (rule) {
		*ret_problem = (struct csv_problem) { .rule = rule };
		return ST_INVALID;
	}
	if (len > 0) {
		part.at += skip;
		part.len -= skip;
		skip = separator_line(part.at, part.len, &part.separator);
		if (skip == 0)
			part.separator = detect_separator(part.at, part.len);
		part.at += skip;
		part.len -= skip;
	}
	*ret_part = part;
	return ST_OK;
}

status
csv_read(struct csv_part *part, size_t rows, csv_row_fn *on_row, void *context,
         struct csv_problem *ret_problem)
{
	struct scan *s;
	status st;

	if (part->len == 0)
		return ST_OK;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ST_NOMEM;
	s->encoding = part->encoding;
	s->separator = part->separator;
	s->ends_cell['\r'] = s->ends_cell['\n'] = s->ends_cell['"'] = true;
	s->ends_cell[s->separator] = true;
	s->at = part->at;
	s->end = part->at + part->len;
	s->line = s->cell_line = part->line;
	s->rows_left = rows;
	s->on_row = on_row;
	s->context = context;
	s->problem = ret_problem;
	while (s->st == ST_OK && s->rows_left > 0 && pass_empty_lines(s))
		scan_row(s);
	part->at = s->at;
	part->len = (size_t) (s->end - s->at);
	part->line = s->line;
	st = s->st;
	free(s->text);
	free(s);
	return st;
}

/* Of CR LF the LF is the end.  All three bytes that matter are below the letters. */
struct csv_part
csv_cut(struct csv_part *rest, size_t bytes)
{
	struct csv_part part = *rest;
	bool quoted = false;
	size_t i = 0;

	while (i < part.len) {
		uint8_t byte = part.at[i++];
		bool line_end;

		if (byte > '"')
			continue;
		quoted ^= byte == '"';
		line_end = byte == '\n' || (byte == '\r' && (i == part.len || part.at[i] != '\n'));
		rest->line += line_end;
		if (line_end && !quoted && i >= bytes)
			break;
	}
	part.len = i;
	rest->at += i;
	rest->len -= i;
	return part;
}
