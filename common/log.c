#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/i18n.h"

enum { LINE_BYTES = 1024 };

static const char *name;
static bool to_journal;

/* JOURNAL_STREAM is DEVICE:INODE of what systemd connected; a child whose
 * standard error was sent elsewhere inherits the variable too. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char actual[64];
	struct stat info;

	if (!stream || fstat(STDERR_FILENO, &info) != 0)
		return false;
	snprintf(actual, sizeof(actual), "%ju:%ju", (uintmax_t) info.st_dev,
	         (uintmax_t) info.st_ino);
	return strcmp(stream, actual) == 0;
}

void
log_init(const char *program)
{
	name = program;
	to_journal = stderr_is_journal();
}

static void
write_line(log_level level, const char *id, const char *text, const char *reason)
{
	char line[LINE_BYTES], prefix[64];
	int n;

	if (to_journal)
		snprintf(prefix, sizeof(prefix), "<%d>", (int) level);
	else
		snprintf(prefix, sizeof(prefix), "%s%s", name ? name : "", name ? ": " : "");
	n = snprintf(line, sizeof(line), "%s%s: %s%s%s", prefix, id, text, reason ? ": " : "",
	             reason ? reason : "");
	if (n < 0)
		return;
	for (char *c = line + strcspn(line, "\r\n"); *c; c += strcspn(c, "\r\n"))
		*c = ' ';
	/* one call, so that lines of several processes do not mix */
	fprintf(stderr, "%s\n", line);
}

void
log_line(log_level level, const char *id, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_line(level, id, text, NULL);
}

status
log_fail(status st, const char *id, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	write_line(LEVEL_ERROR, id, text, gettext(status_text(st)));
	return st;
}

/* FNV-1a: two pairs of one name only share their window. */
static uint64_t
name_of(const void *key, size_t len, unsigned kind)
{
	const uint8_t *at = key;
	uint64_t h = UINT64_C(14695981039346656037) ^ kind;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(1099511628211);
	return h;
}

bool
log_limit_pass(struct log_limit *l, const void *key, size_t len, unsigned kind, int64_t now_ms,
               uint64_t *ret_withheld)
{
	uint64_t wanted = name_of(key, len, kind);
	struct log_limit_row *row = NULL, *oldest = &l->rows[0];

	for (size_t i = 0; i < l->count && !row; i++) {
		if (l->rows[i].name == wanted)
			row = &l->rows[i];
		else if (l->rows[i].at_ms < oldest->at_ms)
			oldest = &l->rows[i];
	}
	if (!row && l->count == LOG_LIMIT_ROWS)
		row = oldest;
	if (row && now_ms - row->at_ms < LOG_LIMIT_WINDOW_MS) {
		row->withheld += row->name == wanted;
		return false;
	}
	*ret_withheld = row && row->name == wanted ? row->withheld : 0;
	if (!row)
		row = &l->rows[l->count++];
	*row = (struct log_limit_row) { wanted, now_ms, 0 };
	return true;
}
