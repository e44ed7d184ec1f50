/* The table as a person reads it: sample file and manual. */
#include <string.h>

#include "common/config.h"
#include "common/i18n.h"

enum { WIDTH = 78, VALUE_BYTES = 128 };

/* Broken between words, each line behind the sign of a comment. */
static void
print_comment(const char *text, FILE *out)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > 0 && column + 1 + len > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t) fprintf(out, "%s%.*s", column == 0 ? "# " : " ", (int) len,
		                           text);
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

static void
row_text(const struct config_row *row, char *out, size_t size)
{
	if (row->unit)
		snprintf(out, size, _("%s (%lld to %lld %s)."), gettext(row->help),
		         (long long) row->min, (long long) row->max, row->unit);
	else
		snprintf(out, size, _("%s: %s. Default: %s."), gettext(row->help),
		         gettext(row->rule), gettext(row->fallback_text));
}

static const char *
reload_text(const struct config_row *row)
{
	return row->reloadable ? _("A change holds at once after a reload (SIGHUP).")
			       : _("A change holds with the next start.");
}

void
config_sample(const struct config *c, FILE *out)
{
	char text[CONFIG_FAULT_BYTES];

	print_comment(_("Settings, KEY = VALUE. What is commented out is the default."), out);
	for (size_t i = 0; i < c->count; i++) {
		const struct config_row *row = &c->rows[i];

		fputc('\n', out);
		row_text(row, text, sizeof(text));
		print_comment(text, out);
		print_comment(reload_text(row), out);
		if (row->unit)
			fprintf(out, "# %s = %lld\n", row->key, (long long) row->fallback);
		else
			fprintf(out, "# %s =\n", row->key);
	}
}

/* A text of ours has no backslash; a point or an apostrophe at the beginning of a
 * line would be taken for a request. */
static void
print_roff(const char *text, FILE *out)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
	fputc('\n', out);
}

void
config_manual(const struct config *c, FILE *out)
{
	char text[CONFIG_FAULT_BYTES];

	for (size_t i = 0; i < c->count; i++) {
		const struct config_row *row = &c->rows[i];

		fprintf(out, ".TP\n.B ");
		print_roff(row->key, out);
		row_text(row, text, sizeof(text));
		print_roff(text, out);
		if (row->unit) {
			snprintf(text, sizeof(text), _("Default: %lld."),
			         (long long) row->fallback);
			print_roff(text, out);
		}
		print_roff(reload_text(row), out);
	}
}
