/* A plan is written by hand, by people of the office, and is refused as a whole:
 * so all that is wrong is told at once, with the place, for whoever has to put
 * the file right. */
#include "hub/plan_cmd.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/json_out.h"

enum { SHOWN_BYTES = 800, KEY_JSON = 0x200 };

/* A fault of syntax has a line; behind it there is no document, and so no pointer
 * into one. */
static const char *
place_of(const struct plan_problem *p, char *out, size_t size)
{
	if (p->line > 0)
		snprintf(out, size, _("line %d, column %d"), p->line, p->column);
	else if (*p->pointer == '\0')
		snprintf(out, size, "%s", _("the document"));
	else
		cli_safe(p->pointer, strlen(p->pointer), out, size);
	return out;
}

static void
print_problem(FILE *to, const struct plan_problem *p)
{
	char place[SHOWN_BYTES], found[SHOWN_BYTES], message[SHOWN_BYTES];

	place_of(p, place, sizeof(place));
	cli_rule(p->rule, p->arg, message, sizeof(message));
	cli_safe(p->found, strlen(p->found), found, sizeof(found));
	if (p->is_note)
		fprintf(to, _("%s: note: found %s; %s\n"), place, found, message);
	else if (*found != '\0')
		fprintf(to, _("%s: found %s; %s\n"), place, found, message);
	else
		fprintf(to, "%s: %s\n", place, message);
}

/* The list is bounded; errors and notes count also those that are not in it. */
static void
print_problems(FILE *to, const struct plan_problems *problems)
{
	size_t more = problems->errors + problems->notes - problems->count;

	for (size_t i = 0; i < problems->count; i++)
		print_problem(to, &problems->list[i]);
	if (more > 0)
		fprintf(to, ngettext("... and %zu more\n", "... and %zu more\n", more), more);
}

/* Prints "path: 3 errors, 1 note" without the end of the line. */
static void
print_counts(FILE *to, const char *path, const struct plan_problems *problems)
{
	char shown[SHOWN_BYTES];

	fprintf(to, "%s: ", cli_safe(path, strlen(path), shown, sizeof(shown)));
	fprintf(to, ngettext("%zu error", "%zu errors", problems->errors), problems->errors);
	fputs(", ", to);
	fprintf(to, ngettext("%zu note", "%zu notes", problems->notes), problems->notes);
}

static void
print_contents(const plan *p)
{
	size_t objectives, strategies, initiatives, indicators, units;

	plan_items(p, LIST_OBJECTIVES, &objectives);
	plan_items(p, LIST_STRATEGIES, &strategies);
	plan_initiatives(p, &initiatives);
	plan_indicators(p, &indicators);
	plan_units(p, &units);
	printf(_("%s version %u: %zu objectives, %zu strategies, %zu initiatives, %zu indicators, "
	         "%zu units\n"),
	       plan_code(p), (unsigned) plan_version(p), objectives, strategies, initiatives,
	       indicators, units);
}

static json_t *
problem_json(const struct plan_problem *p)
{
	char found[SHOWN_BYTES], message[SHOWN_BYTES];
	json_t *row = json_pack("{s:b, s:s}", "note", p->is_note, "pointer", p->pointer);

	cli_safe(p->found, strlen(p->found), found, sizeof(found));
	if (p->line > 0) {
		json_object_set_new(row, "line", json_integer(p->line));
		json_object_set_new(row, "column", json_integer(p->column));
	}
	json_object_set_new(row, "found", *found != '\0' ? json_string(found) : json_null());
	cli_rule(p->rule, p->arg, message, sizeof(message));
	json_object_set_new(row, "message", json_string(message));
	return row;
}

static status
print_json(const plan *p, const struct plan_problems *problems)
{
	json_t *list = json_array();

	for (size_t i = 0; i < problems->count; i++)
		json_array_append_new(list, problem_json(&problems->list[i]));
	/* clang-format off */
	return json_print(json_pack("{s:s?, s:o, s:I, s:I, s:o}", "code", p ? plan_code(p) : NULL,
	                            "version", p ? json_integer(plan_version(p)) : json_null(),
	                            "errors", (json_int_t) problems->errors, "notes",
	                            (json_int_t) problems->notes, "problems", list));
	/* clang-format on */
}

static int
fail_to_read(const char *path, status st)
{
	char shown[SHOWN_BYTES];

	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR, _("%s: a plan must not be larger than %d bytes"), shown,
		                (int) PLAN_BYTES_MAX);
	return cli_fail(cli_exit(st), _("cannot read %s: %s"), shown, gettext(status_text(st)));
}

/* A plan that is refused without an error of its own ran into a limit of this machine, as
 * its memory: that is told of the file, not of a place in it. */
int
plan_open_file(const char *path, plan **ret_plan, uint8_t **ret_json, size_t *ret_len)
{
	struct plan_problems problems = { 0 };
	char shown[SHOWN_BYTES];
	uint8_t *json = NULL;
	size_t len = 0;
	status st = file_read(path, PLAN_BYTES_MAX, &json, &len);

	if (st < 0)
		return fail_to_read(path, st);
	st = plan_parse(json, len, &problems, ret_plan);
	if (problems.errors > 0) {
		print_problems(stderr, &problems);
		cli_warn(ngettext("%s is not a plan: %zu error", "%s is not a plan: %zu errors",
		                  problems.errors),
		         cli_safe(path, strlen(path), shown, sizeof(shown)), problems.errors);
	} else if (st < 0) {
		fail_to_read(path, st);
	}
	plan_problems_done(&problems);
	if (st == ST_OK && ret_json) {
		*ret_json = json;
		*ret_len = len;
	} else {
		free(json);
	}
	return cli_exit(st);
}

struct check_input {
	const char *path;
	bool json;
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct check_input *input = state->input;

	switch (key) {
	case KEY_JSON: input->json = true; return 0;
	case ARGP_KEY_ARG:
		if (input->path)
			argp_error(state, _("one file at a time"));
		input->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!input->path)
			argp_error(state, _("name the file with the plan"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* The findings are what was asked for, so they go to standard output; who only
 * needs a good plan (plan_open_file) gets them as errors. */
static int
check(const struct check_input *input, const uint8_t *json, size_t len)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_parse(json, len, &problems, &p);
	status printed = ST_OK;

	if (st < 0 && problems.errors == 0) {
		fail_to_read(input->path, st);
	} else if (input->json) {
		printed = print_json(p, &problems);
	} else {
		print_problems(stdout, &problems);
		print_counts(stdout, input->path, &problems);
		putchar('\n');
		if (p)
			print_contents(p);
	}
	plan_problems_done(&problems);
	plan_free(&p);
	return cli_exit(st < 0 ? st : printed);
}

int
plan_check_command(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("FILE"),
		.doc = N_("Check a plan document and tell all that is wrong with it."),
	};
	struct check_input input = { 0 };
	uint8_t *json = NULL;
	size_t len = 0;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &input);
	st = file_read(input.path, PLAN_BYTES_MAX, &json, &len);
	if (st < 0)
		return fail_to_read(input.path, st);
	code = check(&input, json, len);
	free(json);
	return code;
}
