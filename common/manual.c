#include "common/manual.h"

#include <ctype.h>
#include <string.h>

#include "common/cli.h"
#include "common/i18n.h"

/* ---- man(7) ---- */

/* Letters that troff would take for its own; a line may not begin with a point or
 * an apostrophe. */
static void
put_roff(const char *text, size_t len, FILE *out)
{
	bool at_start = true;

	for (size_t i = 0; i < len; i++) {
		if (at_start && (text[i] == '.' || text[i] == '\''))
			fputs("\\&", out);
		at_start = text[i] == '\n';
		switch (text[i]) {
		case '\\': fputs("\\e", out); break;
		case '-': fputs("\\-", out); break;
		case '"': fputs("\\(dq", out); break;
		case '~': fputs("\\(ti", out); break;
		case '^': fputs("\\(ha", out); break;
		default: fputc(text[i], out); break;
		}
	}
}

static void
put_text(const char *text, FILE *out)
{
	put_roff(text, strlen(text), out);
}

/* Texts that are laid out by hand (lists, examples) keep their lines. */
static void
put_paragraph(const char *text, size_t len, FILE *out)
{
	bool as_is = memmem(text, len, "\n ", 2) != NULL;

	fputs(as_is ? ".PP\n.nf\n" : ".PP\n", out);
	put_roff(text, len, out);
	fputs(as_is ? "\n.fi\n" : "\n", out);
}

static void
put_heading(const char *text, FILE *out)
{
	fputs(".SH ", out);
	put_text(text, out);
	fputc('\n', out);
}

static void
put_item(const char *name, const char *text, FILE *out)
{
	fputs(".TP\n.B ", out);
	put_text(name, out);
	fputc('\n', out);
	put_text(text, out);
	fputc('\n', out);
}

static bool
is_end(const struct argp_option *o)
{
	return !o->name && !o->key && !o->doc && !o->group;
}

static bool
is_shown(const struct argp_option *o)
{
	return o->name && !(o->flags & (OPTION_HIDDEN | OPTION_DOC | OPTION_ALIAS));
}

static void
put_option(const struct argp_option *o, FILE *out)
{
	fputs(".TP\n.B ", out);
	if (isprint(o->key) && o->key < 127)
		fprintf(out, "\\-%c, ", o->key);
	fputs("\\-\\-", out);
	put_text(o->name, out);
	if (o->arg) {
		fputs(o->flags & OPTION_ARG_OPTIONAL ? "\\fR[=\\fI" : "\\fR=\\fI", out);
		put_text(gettext(o->arg), out);
		fputs(o->flags & OPTION_ARG_OPTIONAL ? "\\fR]" : "\\fR", out);
	}
	fputc('\n', out);
	put_text(o->doc ? gettext(o->doc) : "", out);
	fputc('\n', out);
}

static void
put_options(const struct argp *argp, FILE *out)
{
	for (const struct argp_option *o = argp->options; o && !is_end(o); o++) {
		if (is_shown(o))
			put_option(o, out);
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		put_options(c->argp, out);
}

/* cli_parse() has translated the halves. */
static void
put_doc(const char *doc, FILE *out)
{
	const char *cut = doc ? strchr(doc, '\v') : NULL;

	if (!doc)
		return;
	put_paragraph(doc, cut ? (size_t) (cut - doc) : strlen(doc), out);
}

void
manual_command(const char *name, const struct argp *argp, FILE *out)
{
	const char *rest = argp->doc ? strchr(argp->doc, '\v') : NULL;

	fputs(".SS ", out);
	put_text(name, out);
	fputs("\n.B ", out);
	put_text(name, out);
	fprintf(out, "\n.RI [ %s ...]", _("OPTION"));
	if (argp->args_doc) {
		fputs("\n.I ", out);
		put_text(gettext(argp->args_doc), out);
	}
	fputc('\n', out);
	put_doc(argp->doc, out);
	put_options(argp, out);
	if (rest)
		put_paragraph(rest + 1, strlen(rest + 1), out);
}

static void
put_title(const char *name, const char *section, const char *about, FILE *out)
{
	fprintf(out, ".TH \"%s\" \"%s\" \"\" \"Valija %s\" \"Valija\"\n", name, section,
	        VALIJA_VERSION);
	put_heading(_("NAME"), out);
	put_text(name, out);
	fputs(" \\- ", out);
	put_text(about, out);
	fputc('\n', out);
}

void
manual_head(const struct cli_program *program, FILE *out)
{
	put_title(program->name, program->section, gettext(program->about), out);
	put_heading(_("SYNOPSIS"), out);
	fputs(".B ", out);
	put_text(program->name, out);
	fprintf(out, "\n.IR %s \" [\" %s ...]\n", _("COMMAND"), _("OPTION"));
	put_heading(_("DESCRIPTION"), out);
	put_text(gettext(program->about), out);
	fputs("\n.PP\n", out);
	put_text(gettext(program->more), out);
	fputc('\n', out);
	put_heading(_("COMMANDS"), out);
	put_text(_("Each command answers --help, --usage and --version too."), out);
	fputc('\n', out);
	for (const struct cli_fact *f = program->options; f && f->name; f++)
		put_item(f->name, gettext(f->meaning), out);
}

void
manual_foot(const struct cli_program *program, FILE *out)
{
	static const struct {
		const char *status, *meaning;
	} statuses[] = {
		{ "0", N_("done") },
		{ "1", N_("something that a person must look at") },
		{ "64", N_("wrong usage") },
		{ "65", N_("wrong input data") },
		{ "66", N_("the input or the home is missing") },
		{ "69", N_("no link") },
		{ "70", N_("a fault of the program") },
		{ "73", N_("something cannot be made") },
		{ "74", N_("the disk is full or broken") },
		{ "75", N_("try again later") },
		{ "77", N_("no right") },
		{ "78", N_("wrong settings") },
	};

	put_heading(_("EXIT STATUS"), out);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		put_item(statuses[i].status, gettext(statuses[i].meaning), out);
	put_heading(_("ENVIRONMENT"), out);
	for (const struct cli_fact *f = program->environment; f && f->name; f++)
		put_item(f->name, gettext(f->meaning), out);
	put_item("LANG, LC_ALL, LANGUAGE", _("the language: English, or Spanish (es)"), out);
	put_heading(_("FILES"), out);
	for (const struct cli_fact *f = program->files; f && f->name; f++)
		put_item(f->name, gettext(f->meaning), out);
	put_heading(_("SEE ALSO"), out);
	put_text(program->see_also, out);
	fputc('\n', out);
}

void
manual_settings(const struct cli_program *program, FILE *out)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.conf", program->name);
	put_title(name, "5", _("settings of Valija"), out);
	put_heading(_("SYNOPSIS"), out);
	put_text(program->settings_path, out);
	fputc('\n', out);
	put_heading(_("DESCRIPTION"), out);
	put_text(_("The file is in the ZeroMQ Property Language: KEY = VALUE, one a line; what "
	           "follows a # is passed over; a value with a # in it stands in quotation marks. "
	           "Each key is an option of the command run too; an option is over the file, the "
	           "file over the default."),
	         out);
	fputs("\n.PP\n", out);
	put_text(_("A key that is not known, that stands there twice or has a wrong value is an "
	           "error: run --check-config tells all of them."),
	         out);
	fputc('\n', out);
	put_heading(_("KEYS"), out);
	program->settings(out);
	put_heading(_("SEE ALSO"), out);
	fprintf(out, ".BR %s (%s)\n", program->name, program->section);
}

/* ---- bash ---- */

/* Options that take a file are told apart by what --help calls their value. */
bool
manual_names_a_file(const char *argument)
{
	return argument &&
		(strstr(argument, "FILE") || strstr(argument, "DIR") ||
	         strstr(argument, "REQUEST"));
}

static void
put_words(const struct argp *argp, FILE *out)
{
	for (const struct argp_option *o = argp->options; o && !is_end(o); o++) {
		if (is_shown(o))
			fprintf(out, " --%s%s", o->name, o->arg ? "=" : "");
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		put_words(c->argp, out);
}

/* A shell function has the letters of a name only. */
static void
put_function(const struct cli_program *program, FILE *out)
{
	fputc('_', out);
	for (const char *c = program->name; *c; c++)
		fputc(*c == '-' ? '_' : *c, out);
}

/* $words are those of the command line, $current the one to be completed; bash has
 * split --option=value at the '='. */
void
completion_head(const struct cli_program *program, FILE *out)
{
	fprintf(out, "# bash completion of %s\n", program->name);
	put_function(program, out);
	fputs("()\n{\n"
	      "\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command=${COMP_WORDS[1]} options='' files=''\n"
	      "\tlocal commands='",
	      out);
	for (const struct cli_command *c = program->commands; c->name; c++)
		fprintf(out, "%s%s", c == program->commands ? "" : " ", c->name);
	fputs("'\n\tif ((COMP_CWORD == 1)); then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands --help --version\" -- \"$current\")\n"
	      "\t\treturn\n\tfi\n",
	      out);
	for (const struct cli_command *c = program->commands; c->name; c++) {
		if (!c->parts)
			continue;
		fprintf(out,
		        "\tif [[ $command == %s ]]; then\n\t\tif ((COMP_CWORD == 2)); then\n"
		        "\t\t\tmapfile -t COMPREPLY < <(compgen -W '",
		        c->name);
		for (const struct cli_command *p = c->parts; p->name; p++)
			fprintf(out, "%s%s", p == c->parts ? "" : " ", p->name);
		fputs("' -- \"$current\")\n\t\t\treturn\n\t\tfi\n"
		      "\t\tcommand+=\" ${COMP_WORDS[2]}\"\n\tfi\n",
		      out);
	}
	fputs("\tcase $command in\n", out);
}

void
completion_command(const char *name, const struct argp *argp, FILE *out)
{
	const char *command = strchr(name, ' ');

	fprintf(out, "\t'%s')\n\t\toptions='", command ? command + 1 : name);
	put_words(argp, out);
	fputs(" --help'\n", out);
	if (manual_names_a_file(argp->args_doc))
		fputs("\t\tfiles=yes\n", out);
	fputs("\t\t;;\n", out);
}

void
completion_foot(const struct cli_program *program, FILE *out)
{
	fputs("\tesac\n"
	      "\tif [[ $current == '=' ]]; then\n\t\tcurrent=''\n\tfi\n"
	      "\tif [[ $current == -* ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$current\")\n"
	      "\t\tif [[ ${COMPREPLY[0]-} == *= ]]; then\n"
	      "\t\t\tcompopt -o nospace 2>/dev/null\n\t\tfi\n"
	      "\telif [[ $files || $before == '=' || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\tfi\n}\ncomplete -F ",
	      out);
	put_function(program, out);
	fprintf(out, " %s\n", program->name);
}
