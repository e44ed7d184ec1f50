/* libcsv calls back when a cell ends and knows no lines.  So it is fed piece by
 * piece: what lies between two bytes that mean something to it at once, each such
 * byte alone.  Whatever it calls back for is then known to end at that byte. */
#include "agent/csv.h"

#include <csv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/csv_text.h"
#include "common/cli.h"
#include "common/room.h"
#include "protocol/msgid.h"

enum { RUN_BYTES_MAX = 4096, SHOWN_BYTES = 40 };

_Static_assert(CSV_CELL_BYTES_MAX == 16384, "a message below says so");

struct cell {
	size_t offset; /* into text */
	size_t line;
};

struct scan {
	struct csv_parser parser;
	csv_encoding encoding;
	bool ends_run[256]; /* bytes that mean something to the parser */

	size_t line;       /* of the byte that is read */
	size_t cell_line;  /* where the cell being read began */
	size_t cell_bytes; /* read of it so far */
	bool in_row;       /* something of a row was read */
	uint8_t last;      /* the byte before */

	struct cell cells[CSV_COLUMNS_MAX]; /* of the row being read */
	size_t count;
	char *text;
	size_t text_bytes, text_room;
	bool filled; /* a cell of the row is not empty */

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

/* len counts what the cell says, without its quotation marks; the text may move to make
 * room for it, so cells are offsets until the row is whole. */
static void
on_cell(void *raw, size_t len, void *scan)
{
	struct scan *s = scan;
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
	s->cell_bytes = 0;
	s->cell_line = s->line;
}

static void
on_row_end(int terminator, void *scan)
{
	struct scan *s = scan;
	struct csv_cell cells[CSV_COLUMNS_MAX];
	struct csv_row row = { .count = s->count, .cells = cells };

	(void) terminator;
	if (s->st < 0)
		return;
	for (size_t i = 0; i < s->count; i++)
		cells[i] = (struct csv_cell) { s->text + s->cells[i].offset, s->cells[i].line };
	row.line = s->count > 0 ? cells[0].line : s->line;
	if (s->filled)
		s->st = s->on_row(&row, s->context);
	s->count = 0;
	s->text_bytes = 0;
	s->filled = false;
	s->in_row = false;
}

/* libcsv stops at the byte at fault and keeps the cell it was reading in entry_buf: that is
 * where the words of a message come from. */
static void
feed(struct scan *s, const uint8_t *at, size_t len)
{
	s->cell_bytes += len;
	if (csv_parse(&s->parser, at, len, on_cell, on_row_end, s) == len)
		return;
	if (csv_error(&s->parser) == CSV_EPARSE)
		fault(s,
		      N_("a quotation mark inside the cell: put the whole cell in quotation marks "
		         "and double those inside"),
		      s->parser.entry_buf, s->parser.entry_pos);
	else if (s->st == ST_OK)
		s->st = ST_NOMEM;
}

/* Bounded, so that the bound on a cell is looked at before libcsv has taken in a
 * file of one cell. */
static size_t
run_length(const struct scan *s, const uint8_t *at, const uint8_t *end)
{
	size_t n = 0, most = (size_t) (end - at);

	most = most < RUN_BYTES_MAX ? most : RUN_BYTES_MAX;
	while (n < most && !s->ends_run[at[n]])
		n++;
	return n;
}

/* A quotation mark that is never closed would swallow the rest of the file, and be
 * told as a fault of its last line: the bound on a cell finds it near its place. */
static void
feed_run(struct scan *s, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len && !s->in_row; i++)
		s->in_row = at[i] != ' ' && at[i] != '\t';
	feed(s, at, len);
	s->last = at[len - 1];
	if (s->cell_bytes > CSV_CELL_BYTES_MAX)
		fault(s, N_("over 16384 bytes in one cell; is there no quotation mark at its end?"),
		      s->parser.entry_buf, s->parser.entry_pos);
}

/* CR LF is one end of a line, though libcsv is given two bytes.  A line end outside a row
 * belongs to no cell, and the next cell begins behind it. */
static void
feed_mark(struct scan *s, uint8_t byte)
{
	bool line_end = byte == '\r' || (byte == '\n' && s->last != '\r');

	if (byte != '\r' && byte != '\n')
		s->in_row = true;
	feed(s, &byte, 1);
	s->last = byte;
	s->line += line_end;
	if (!s->in_row) {
		s->cell_line = s->line;
		s->cell_bytes = 0;
	}
}

/* csv_fini() ends the last row where the file has no line end there. */
static void
scan_all(struct scan *s, const uint8_t *at, const uint8_t *end)
{
	while (at < end && s->st == ST_OK) {
		size_t run = run_length(s, at, end);

		if (run > 0)
			feed_run(s, at, run);
		else
			feed_mark(s, *at);
		at += run > 0 ? run : 1;
	}
	if (s->st < 0 || csv_fini(&s->parser, on_cell, on_row_end, s) == 0)
		return;
	fault(s, N_("the quotation mark that begins this cell has no other one at its end"),
	      s->parser.entry_buf, s->parser.entry_pos);
}

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

static status
scan_file(struct scan *s, const uint8_t *at, size_t len)
{
	size_t skip = 0;
	uint8_t separator = ',';
	const char *rule = csv_file_fault(at, len, &s->encoding, &skip);

	if (rule) {
		fault(s, rule, "", 0);
		s->problem->line = s->problem->column = 0;
		return s->st;
	}
	at += skip;
	len -= skip;
	skip = separator_line(at, len, &separator);
	if (skip == 0)
		separator = detect_separator(at, len);
	csv_set_delim(&s->parser, separator);
	s->ends_run['\r'] = s->ends_run['\n'] = s->ends_run['"'] = s->ends_run[separator] = true;
	scan_all(s, at + skip, at + len);
	return s->st;
}

status
csv_read(const void *bytes, size_t len, csv_encoding encoding, csv_row_fn *on_row, void *context,
         struct csv_problem *ret_problem)
{
	struct scan s = {
		.encoding = encoding,
		.line = 1,
		.cell_line = 1,
		.on_row = on_row,
		.context = context,
		.problem = ret_problem,
	};
	status st;

	/* Strict: a quotation mark amid a cell, or one never closed, is a fault.  Else libcsv
	 * takes either for text, and the cells behind it for part of it. */
	if (csv_init(&s.parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return ST_NOMEM;
	st = scan_file(&s, bytes, len);
	csv_free(&s.parser);
	free(s.text);
	return st;
}
