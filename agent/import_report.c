/* Said in the words of a spreadsheet, line and column, since that is where it has
 * to be put right. */
#include "agent/import_report.h"

#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "protocol/identity.h"

enum { RULE_BYTES = 600 };

/* label stands before it. */
static void
print_finding(const char *label, const struct import_finding *f)
{
	char rule[RULE_BYTES];

	fputs(label, stderr);
	if (f->line > 0)
		fprintf(stderr, _("line %zu"), f->line);
	if (f->column > 0)
		fprintf(stderr, *f->name ? _(", column %zu (%s)") : _(", column %zu"), f->column,
		        f->name);
	if (f->line > 0)
		fputs(": ", stderr);
	if (*f->found)
		fprintf(stderr, _("'%s': "), f->found);
	else if (f->column > 0)
		fprintf(stderr, "%s: ", _("empty"));
	fprintf(stderr, "%s\n", cli_rule(f->rule, f->arg, rule, sizeof(rule)));
}

static void
print_findings(const char *label, const struct import_findings *findings)
{
	size_t listed = findings->count < IMPORT_LISTED_MAX ? findings->count : IMPORT_LISTED_MAX;
	size_t more = findings->count - listed;

	for (size_t i = 0; i < listed; i++)
		print_finding(label, &findings->list[i]);
	if (more > 0)
		fprintf(stderr, ngettext("and %zu more\n", "and %zu more\n", more), more);
}

int
import_refuse(const char *file, const struct import *in)
{
	print_findings("", &in->bad);
	if (in->needs_skip)
		cli_warn(_("--skip-incomplete leaves out the rows without a full date"));
	if (in->needs_unit)
		cli_warn(_("--unit CODE takes the rows of one unit and leaves out the others"));
	if (in->needs_force)
		cli_warn(_("--force records also what only the plan refuses"));
	/* the fault is of the file or its first line */
	if (in->bad_rows == 0)
		return cli_fail(EX_DATAERR, _("%s: nothing was recorded"), file);
	return cli_fail(EX_DATAERR, _("%s: nothing was recorded; rows to put right: %zu of %zu"),
	                file, in->bad_rows, in->row_count);
}

static json_t *
seq_or_null(uint64_t seq)
{
	return seq > 0 ? json_integer((json_int_t) seq) : json_null();
}

static int
print_json(const struct import *in, const struct import_totals *t)
{
	/* clang-format off */
	json_t *root = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:b}", "rows", (json_int_t) in->row_count,
		"recorded", (json_int_t) t->recorded, "known", (json_int_t) t->known, "incomplete",
		(json_int_t) in->incomplete, "other_units", (json_int_t) in->other_units,
		"first_seq", seq_or_null(t->first_seq), "last_seq", seq_or_null(t->last_seq),
		"dry_run", t->dry_run);
	/* clang-format on */

	return cli_exit(json_print(root));
}

/* "23 rows: 9 recorded, 9 of other units left out, 0 already here" */
/* The parts add up to the rows of the file, so that nobody has to wonder where one
 * has gone. */
static void
print_sum(const struct import *in, const struct import_totals *t)
{
	printf(ngettext("%zu row: ", "%zu rows: ", in->row_count), in->row_count);
	if (t->dry_run)
		printf(ngettext("%zu would be recorded", "%zu would be recorded", t->recorded),
		       t->recorded);
	else
		printf(ngettext("%zu recorded", "%zu recorded", t->recorded), t->recorded);
	if (in->incomplete > 0)
		printf(ngettext(", %zu incomplete left out", ", %zu incomplete left out",
		                in->incomplete),
		       in->incomplete);
	if (in->other_units > 0)
		printf(ngettext(", %zu of another unit left out", ", %zu of other units left out",
		                in->other_units),
		       in->other_units);
	printf(ngettext(", %zu already here", ", %zu already here", t->known), t->known);
	putchar('\n');
}

static void
print_refs(const struct import_totals *t, const uint8_t feed[static FEED_BYTES])
{
	struct point first = { .seq = t->first_seq }, last = { .seq = t->last_seq };
	char first_text[REF_TEXT_BYTES], last_text[REF_TEXT_BYTES];

	if (t->first_seq == 0)
		return;
	ref_text(feed, &first, false, first_text);
	ref_text(feed, &last, false, last_text);
	if (first.seq == last.seq)
		printf("REF %s\n", first_text);
	else
		printf(_("REF %s to %s\n"), first_text, last_text);
}

int
import_report(const struct import *in, const struct import_totals *totals,
              const uint8_t feed[static FEED_BYTES], bool json)
{
	print_findings(_("warning: "), &in->warnings);
	print_findings(_("left out: "), &in->left_out);
	if (json)
		return print_json(in, totals);
	print_sum(in, totals);
	print_refs(totals, feed);
	return EX_OK;
}
