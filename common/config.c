#include "common/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/zpl.h"
#include "protocol/bytes.h"

enum { SHOWN_BYTES = 160, RANGE_BYTES = 160 };
enum { KEY_CONFIG = 0x400, KEY_CHECK, KEY_SAMPLE, KEY_ROWS };

/* ---- faults ---- */

static void
add_fault(struct config_faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add_fault(struct config_faults *f, const char *format, ...)
{
	va_list args;

	if (f->count++ >= CONFIG_FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(f->list[f->count - 1], CONFIG_FAULT_BYTES, format, args);
	va_end(args);
}

void
config_tell(const struct config_faults *faults, void (*say)(const char *line))
{
	size_t told = faults->count < CONFIG_FAULTS_MAX ? faults->count : CONFIG_FAULTS_MAX;
	char more[SHOWN_BYTES];

	for (size_t i = 0; i < told; i++)
		say(faults->list[i]);
	if (told == faults->count)
		return;
	snprintf(more, sizeof(more), _("and %zu faults more"), faults->count - told);
	say(more);
}

/* ---- one value ---- */

/* "a number from 1 to 86400000 (ms)", or the rule of a text. */
static void
range_text(const struct config_row *row, char out[static RANGE_BYTES])
{
	if (!row->unit)
		snprintf(out, RANGE_BYTES, "%s", row->rule ? gettext(row->rule) : _("a text"));
	else if (*row->unit)
		snprintf(out, RANGE_BYTES, _("a number from %lld to %lld (%s)"),
		         (long long) row->min, (long long) row->max, row->unit);
	else
		snprintf(out, RANGE_BYTES, _("a number from %lld to %lld"), (long long) row->min,
		         (long long) row->max);
}

static bool
number_of(const struct config_row *row, const char *text, int64_t *ret_number)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != 0 || n < row->min || n > row->max)
		return false;
	*ret_number = n;
	return true;
}

/* ST_INVALID: the value is wrong. */
static status
set_value(const struct config_row *row, const char *text, config_source source,
          struct config_value *v)
{
	struct config_value fresh = { .source = source };

	if (row->unit) {
		if (!number_of(row, text, &fresh.number))
			return ST_INVALID;
	} else {
		if (*text == 0 || strlen(text) >= CONFIG_TEXT_BYTES_MAX ||
		    (row->valid && !row->valid(text)))
			return ST_INVALID;
		fresh.text = strdup(text);
		if (!fresh.text)
			return ST_NOMEM;
	}
	free(v->text);
	*v = fresh;
	return ST_OK;
}

static size_t
row_of(const struct config *c, struct text key)
{
	size_t i = 0;

	while (i < c->count && !text_is(key, c->rows[i].key))
		i++;
	return i;
}

/* ---- the object ---- */

static void
values_done(struct config_value *values)
{
	for (size_t i = 0; i < CONFIG_ROWS_MAX; i++)
		free(values[i].text);
	memset(values, 0, CONFIG_ROWS_MAX * sizeof(*values));
}

void
config_init(struct config *c, const struct config_row *rows, size_t count)
{
	*c = (struct config) { .rows = rows, .count = count };
	for (size_t i = 0; i < count; i++)
		c->values[i].number = rows[i].fallback;
}

void
config_done(struct config *c)
{
	values_done(c->values);
}

int64_t
config_number(const struct config *c, size_t row)
{
	return c->values[row].number;
}

const char *
config_text(const struct config *c, size_t row)
{
	return c->values[row].text;
}

config_source
config_source_of(const struct config *c, size_t row)
{
	return c->values[row].source;
}

void
config_usual(struct config *c, size_t home_row, const char *variable, const char *path)
{
	const char *home = getenv(variable);

	if (!c->path && c->values[home_row].source == CONFIG_DEFAULT && !(home && *home) &&
	    access(path, F_OK) == 0)
		c->path = path;
}

/* ---- the file ---- */

struct loading {
	const struct config *c;
	struct config_faults *faults;
	struct config_value values[CONFIG_ROWS_MAX];
	unsigned lines[CONFIG_ROWS_MAX]; /* 0: not in the file */
	char file[SHOWN_BYTES];          /* its name, safe to print */
	status st;                       /* not of the file: no memory */
};

static void
unknown_key(struct loading *l, const struct zpl_property *p, const char *shown)
{
	const char *keys[CONFIG_ROWS_MAX], *nearest;
	char word[SHOWN_BYTES];

	for (size_t i = 0; i < l->c->count; i++)
		keys[i] = l->c->rows[i].key;
	snprintf(word, sizeof(word), "%.*s", (int) p->name.len, p->name.at);
	nearest = cli_nearest(word, keys, l->c->count);
	if (nearest)
		add_fault(l->faults, _("%s:%u: there is no key '%s'; did you mean '%s'?"), l->file,
		          p->line, shown, nearest);
	else
		add_fault(l->faults,
		          _("%s:%u: there is no key '%s'; --sample-config lists those there are"),
		          l->file, p->line, shown);
}

static void
wrong_value(struct loading *l, size_t i, const struct zpl_property *p)
{
	char range[RANGE_BYTES], shown[SHOWN_BYTES];

	range_text(&l->c->rows[i], range);
	cli_safe(p->value.at, p->value.len, shown, sizeof(shown));
	add_fault(l->faults, _("%s:%u: %s: '%s' is not %s"), l->file, p->line, l->c->rows[i].key,
	          shown, range);
}

static void
take_property(struct loading *l, const struct zpl_property *p)
{
	char shown[SHOWN_BYTES], value[CONFIG_TEXT_BYTES_MAX + 1];
	size_t i = row_of(l->c, p->name);
	struct config_value unused = { 0 }, *v;
	status st;

	cli_safe(p->name.at, p->name.len, shown, sizeof(shown));
	if (p->depth > 0) {
		add_fault(l->faults, _("%s:%u: %s: no key stands below another one here"), l->file,
		          p->line, shown);
		return;
	}
	if (i == l->c->count) {
		unknown_key(l, p, shown);
		return;
	}
	if (l->lines[i] > 0) {
		add_fault(l->faults, _("%s:%u: %s: stands in line %u already"), l->file, p->line,
		          shown, l->lines[i]);
		return;
	}
	l->lines[i] = p->line;
	if (!p->has_value) {
		add_fault(l->faults, _("%s:%u: %s: a value is missing: %s = VALUE"), l->file,
		          p->line, shown, shown);
		return;
	}
	snprintf(value, sizeof(value), "%.*s", (int) p->value.len, p->value.at);
	/* An option is over the file, which must be right still. */
	v = l->values[i].source == CONFIG_OPTION ? &unused : &l->values[i];
	if (p->value.len >= sizeof(value))
		st = ST_INVALID;
	else
		st = set_value(&l->c->rows[i], value, CONFIG_FILE, v);
	free(unused.text);
	if (st == ST_INVALID)
		wrong_value(l, i, p);
	else if (st < 0)
		l->st = st;
}

static void
take_bytes(struct loading *l, const void *bytes, size_t len)
{
	struct zpl z = zpl_of(bytes, len);
	struct zpl_property p;
	const char *why = NULL;

	for (;;) {
		switch (zpl_next(&z, &p, &why)) {
		case ZPL_PROPERTY: take_property(l, &p); break;
		case ZPL_FAULT:
			add_fault(l->faults, "%s:%u: %s", l->file, z.line, gettext(why));
			break;
		case ZPL_END: return;
		}
	}
}

/* The line of a fault between two keys; none when both are options or defaults. */
static void
where_text(const struct loading *l, size_t row, size_t other, char where[static SHOWN_BYTES + 16])
{
	unsigned line = l->lines[row] > 0 ? l->lines[row] : l->lines[other];

	*where = '\0';
	if (line > 0)
		snprintf(where, SHOWN_BYTES + 16, "%s:%u: ", l->file, line);
}

/* Between two keys, wherever each of them comes from. */
static void
check_order(struct loading *l)
{
	const struct config *c = l->c;
	char where[SHOWN_BYTES + 16];

	for (size_t i = 0; i < c->count; i++) {
		size_t other = c->rows[i].at_least ? row_of(c, text_of(c->rows[i].at_least))
						   : c->count;

		if (other == c->count || l->values[i].number >= l->values[other].number)
			continue;
		where_text(l, i, other, where);
		add_fault(
			l->faults,
			l->values[i].source == CONFIG_DEFAULT
				? _("%s%s is %lld by default: it must not be below %s, which is %lld")
				: _("%s%s is %lld: it must not be below %s, which is %lld"),
			where, c->rows[i].key, (long long) l->values[i].number, c->rows[other].key,
			(long long) l->values[other].number);
	}
}

/* What the command line said, else the default. */
static status
begin_loading(struct loading *l, const struct config *c, struct config_faults *faults)
{
	*l = (struct loading) { .c = c, .faults = faults };
	faults->count = 0;
	cli_safe(c->path ? c->path : "", c->path ? strlen(c->path) : 0, l->file, sizeof(l->file));
	for (size_t i = 0; i < c->count; i++) {
		const struct config_value *v = &c->values[i];

		l->values[i].number = c->rows[i].fallback;
		if (v->source != CONFIG_OPTION)
			continue;
		l->values[i] = *v;
		l->values[i].text = v->text ? strdup(v->text) : NULL;
		if (v->text && !l->values[i].text)
			return ST_NOMEM;
	}
	return ST_OK;
}

static status
read_file(struct loading *l)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = l->c->path ? file_read(l->c->path, ZPL_BYTES_MAX, &bytes, &len) : ST_OK;

	if (st < 0 && file_is_folder(l->c->path))
		add_fault(l->faults, _("%s: is a folder; the settings are one file"), l->file);
	else if (st < 0)
		add_fault(l->faults, _("%s: cannot be read: %s"), l->file,
		          gettext(status_text(st)));
	else if (bytes)
		take_bytes(l, bytes, len);
	free(bytes);
	if (st == ST_OK && l->faults->count == 0)
		check_order(l);
	if (st == ST_OK && l->faults->count > 0)
		st = ST_INVALID;
	return st == ST_OK ? l->st : st;
}

static status
load(struct config *c, struct config_faults *faults, struct loading *l)
{
	status st = begin_loading(l, c, faults);

	if (st == ST_OK)
		st = read_file(l);
	if (st < 0)
		values_done(l->values);
	return st;
}

status
config_load(struct config *c, struct config_faults *ret_faults)
{
	struct loading l;
	status st = load(c, ret_faults, &l);

	if (st < 0)
		return st;
	values_done(c->values);
	memcpy(c->values, l.values, sizeof(c->values));
	return ST_OK;
}

static bool
same(const struct config_value *a, const struct config_value *b)
{
	if (!a->text || !b->text)
		return a->text == b->text && a->number == b->number;
	return strcmp(a->text, b->text) == 0;
}

status
config_reload(struct config *c, struct config_faults *ret_faults,
              void (*changed)(void *ctx, const struct config_row *row), void *ctx)
{
	struct loading l;
	status st = load(c, ret_faults, &l);

	if (st < 0)
		return st;
	for (size_t i = 0; i < c->count; i++) {
		struct config_value old = c->values[i];

		if (same(&old, &l.values[i]))
			continue;
		if (c->rows[i].reloadable) {
			c->values[i] = l.values[i];
			l.values[i] = old;
		}
		changed(ctx, &c->rows[i]);
	}
	values_done(l.values);
	return ST_OK;
}

/* ---- the command line ---- */

static void
help_text(const struct config_row *row, char out[static CONFIG_FAULT_BYTES])
{
	if (row->unit)
		snprintf(out, CONFIG_FAULT_BYTES, _("%s (%lld to %lld %s; default: %lld)"),
		         gettext(row->help), (long long) row->min, (long long) row->max, row->unit,
		         (long long) row->fallback);
	else
		snprintf(out, CONFIG_FAULT_BYTES, _("%s (default: %s)"), gettext(row->help),
		         gettext(row->fallback_text));
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct config *c = state->input;
	char range[RANGE_BYTES], shown[SHOWN_BYTES];
	size_t i = (size_t) (key - KEY_ROWS);
	status st;

	if (key == KEY_CONFIG)
		c->path = arg;
	else if (key == KEY_CHECK)
		c->check_only = true;
	else if (key == KEY_SAMPLE)
		c->sample_only = true;
	if (key >= KEY_CONFIG && key < KEY_ROWS)
		return 0;
	if (key < KEY_ROWS || i >= c->count)
		return ARGP_ERR_UNKNOWN;
	st = set_value(&c->rows[i], arg, CONFIG_OPTION, &c->values[i]);
	if (st == ST_INVALID) {
		range_text(&c->rows[i], range);
		argp_error(state, _("--%s: '%s' is not %s"), c->rows[i].key,
		           cli_safe(arg, strlen(arg), shown, sizeof(shown)), range);
	}
	return st == ST_NOMEM ? ENOMEM : 0;
}

/* --check-config and --sample-config stand last, where they are in no one's way. */
const struct argp *
config_argp(struct config *c)
{
	struct argp_option *o = c->options;

	*o++ = (struct argp_option) { "config",
		                      KEY_CONFIG,
		                      N_("FILE"),
		                      0,
		                      N_("read settings from there; an option is over them"),
		                      1 };
	for (size_t i = 0; i < c->count; i++) {
		help_text(&c->rows[i], c->help[i]);
		*o++ = (struct argp_option) { c->rows[i].key,      KEY_ROWS + (int) i,
			                      c->rows[i].argument, 0,
			                      c->help[i],          2 };
	}
	*o++ = (struct argp_option) { "check-config",
		                      KEY_CHECK,
		                      NULL,
		                      0,
		                      N_("say what is wrong with the settings, and do no more"),
		                      3 };
	*o++ = (struct argp_option) {
		"sample-config",
		KEY_SAMPLE,
		NULL,
		0,
		N_("print a file of all settings, each explained, and do no more"),
		3
	};
	c->argp = (struct argp) { .options = c->options, .parser = parse_option };
	return &c->argp;
}

static void
complain(const char *line)
{
	cli_warn("%s", line);
}

int
config_start(struct config *c, bool *ret_go_on)
{
	struct config_faults faults;
	status st;

	*ret_go_on = false;
	if (c->sample_only) {
		config_sample(c, stdout);
		return EX_OK;
	}
	st = config_load(c, &faults);
	if (st == ST_NOMEM)
		return cli_fail(EX_TEMPFAIL, "%s", gettext(status_text(st)));
	if (st < 0) {
		config_tell(&faults, complain);
		return EX_CONFIG;
	}
	*ret_go_on = !c->check_only;
	return EX_OK;
}
