/* common/log.h - what a program that keeps running says, on standard error
 *
 * One line an occurrence:
 *
 *     valija-hub: HUB-READY: listening on tcp://127.0.0.1:5555
 *
 * The id (capitals and dashes) never changes and is what to search for; the
 * text is in the operator's language and names the object.  Under systemd,
 * when standard error is the journal (JOURNAL_STREAM), "<4>" and the like stand
 * in front instead of the program's name, so that the journal knows how bad it
 * is.  Text from a peer goes through cli_safe() before it comes here; keys and
 * the bodies of events never do.
 *
 * Only loops and commands log, never a library.  Not thread safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/status.h"

/* The numbers are those of syslog(3). */
typedef enum log_level {
	LEVEL_ERROR = 3,   /* what was asked for cannot be done */
	LEVEL_WARNING = 4, /* survived; the line says how it goes on */
	LEVEL_NOTICE = 5,  /* worth knowing */
} log_level;

/* program must live on.  Before it every line has no name. */
void log_init(const char *program);

/* format is translated already.  Line ends within the text become blanks; a
 * line longer than about 1,000 bytes is cut. */
void log_line(log_level level, const char *id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An error with its reason: "TEXT: disk or map is full".  Returns st. */
status
log_fail(status st, const char *id, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Keeps what a peer can cause from filling the disk: of one (key, kind) one
 * line passes in each window, and of all together no more than LOG_LIMIT_ROWS:
 * who can make up keys (addresses) is held by that.  Zeroed is empty. */
enum { LOG_LIMIT_ROWS = 256, LOG_LIMIT_WINDOW_MS = 10 * 60 * 1000 };

struct log_limit {
	struct log_limit_row {
		uint64_t name;
		int64_t at_ms;
		uint64_t withheld;
	} rows[LOG_LIMIT_ROWS];
	size_t count;
};

/* True when a line about (key, kind) may be written now; *ret_withheld is how
 * many were not since the last one. */
bool log_limit_pass(struct log_limit *l, const void *key, size_t len, unsigned kind, int64_t now_ms,
                    uint64_t *ret_withheld);
