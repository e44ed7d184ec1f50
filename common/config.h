/* common/config.h - the settings of a program: one table for all that reads them
 *
 * A row of the table is a key of the configuration file and a long option of the
 * same name; parser, --help, sample file, manual and --check-config are all made
 * of it.  The command line is over the file, the file over the default.
 *
 *     config_init(&c, rows, count);
 *     cli_parse(...)                 its argp has config_argp() as a child
 *     config_load(&c, path, ...)     the file, if one was named
 *     config_number(&c, ROW) ...
 *
 * The file is in ZPL (common/zpl.h), flat: KEY = VALUE.  All its faults are
 * found at once, each with line, key and what would be right; a file with a
 * fault changes nothing.  Reading it again (SIGHUP) tells for each key that
 * changed whether the change holds at once or with the next start.
 *
 * Not thread safe.  Texts belong to the config until config_done() or the next
 * config_load() or config_reload().
 */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "protocol/status.h"

enum {
	CONFIG_ROWS_MAX = 32,
	CONFIG_TEXT_BYTES_MAX = 1024,
	CONFIG_FAULTS_MAX = 32, /* told; more are counted */
	CONFIG_FAULT_BYTES = 512,
};

/* A text has a rule instead of bounds. */
struct config_row {
	const char *key;  /* letters and '-' */
	const char *unit; /* NULL: a text; else "ms", "bytes" or "" */
	int64_t min, max, fallback;
	const char *argument; /* N_() msgid: what --help calls its value */
	const char *help;     /* N_() msgid: one sentence without a point */
	bool (*valid)(const char *text);
	const char *rule;          /* N_() msgid: what valid() wants */
	const char *fallback_text; /* N_() msgid of the default of a text, for people */
	const char *at_least;      /* key of a row that this one must not be below */
	bool reloadable;
};

typedef enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_OPTION } config_source;

struct config_value {
	int64_t number;
	char *text; /* NULL: not given */
	config_source source;
};

struct config {
	const struct config_row *rows;
	size_t count;
	const char *path; /* of the file; NULL: none was named */
	bool check_only, sample_only;
	struct config_value values[CONFIG_ROWS_MAX];
	/* as argp wants them; kept here since it only points to them */
	struct argp_option options[CONFIG_ROWS_MAX + 4];
	char help[CONFIG_ROWS_MAX][CONFIG_FAULT_BYTES];
	struct argp argp;
};

/* Each a whole sentence, translated and safe to print: "FILE:7: retry-min-ms:
 * …". */
struct config_faults {
	size_t count; /* may be more than the list holds */
	char list[CONFIG_FAULTS_MAX][CONFIG_FAULT_BYTES];
};

/* c lives longer than all that was made of it. */
void config_init(struct config *c, const struct config_row *rows, size_t count);
void config_done(struct config *c);

/* The child of a command's argp: --config FILE, --check-config, --sample-config,
 * and an option for each row.  Its input is c.  A wrong value ends the command
 * with 64. */
const struct argp *config_argp(struct config *c);

/* After the arguments: whoever names no file, and no home by its option (home_row) or the
 * variable of the environment, is about the service's home, and its file is read, if it is
 * there.  path is kept. */
void config_usual(struct config *c, size_t home_row, const char *variable, const char *path);

/* After the arguments: load the file and say on standard error what is wrong with
 * it; or print the sample, or nothing, and go no further, where that was asked.
 * Returns the exit status: 78 for faults. */
int config_start(struct config *c, bool *ret_go_on);

/* Read c->path, if there is one.  ST_INVALID: faults are told, c is unchanged.
 * ST_NOT_FOUND, ST_DENIED, ST_IO, ST_LIMIT: the file cannot be read; the one
 * fault says so.  ST_NOMEM. */
status config_load(struct config *c, struct config_faults *ret_faults);

/* Of faults there is one line each; more than the list holds are counted in a last
 * one.  say gets them one by one. */
void config_tell(const struct config_faults *faults, void (*say)(const char *line));

/* The same once more.  changed is called for each row whose value is another
 * now; one that is not reloadable keeps the value it had. */
status config_reload(struct config *c, struct config_faults *ret_faults,
                     void (*changed)(void *ctx, const struct config_row *row), void *ctx);

/* row is an index of the table. */
int64_t config_number(const struct config *c, size_t row);
const char *config_text(const struct config *c, size_t row);
config_source config_source_of(const struct config *c, size_t row);

/* A file with all keys, each explained and commented out, at its default. */
void config_sample(const struct config *c, FILE *out);

/* The keys as entries (.TP) of a manual page. */
void config_manual(const struct config *c, FILE *out);
