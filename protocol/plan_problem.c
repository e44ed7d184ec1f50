#include "protocol/plan_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/msgid.h"

/* Text of bounded size, with a 0 at all times; a piece that does not fit closes it,
 * so that nothing shorter slips in behind a gap. */
struct cut {
	char *out;
	size_t size, len;
	bool full;
};

static void
cut_put(struct cut *c, const char *piece, size_t len)
{
	c->full = c->full || len >= c->size - c->len;
	if (c->full)
		return;
	memcpy(c->out + c->len, piece, len);
	c->len += len;
	c->out[c->len] = '\0';
}

static struct cut
cut_of(char *out, size_t size)
{
	out[0] = '\0';
	return (struct cut) { .out = out, .size = size };
}

/* Bytes of the character that begins at text (valid UTF-8). */
static size_t
char_bytes(const char *text)
{
	size_t n = 1;

	while (((unsigned char) text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* As RFC 6901 writes a key in a pointer. */
static void
put_key(struct cut *out, const char *key)
{
	for (const char *k = key; *k != '\0'; k += char_bytes(k)) {
		if (*k == '~')
			cut_put(out, "~0", 2);
		else if (*k == '/')
			cut_put(out, "~1", 2);
		else
			cut_put(out, k, char_bytes(k));
	}
}

/* From the document down, though the links go up: paths are a few steps deep. */
static void
put_path(struct cut *out, const struct plan_path *at)
{
	char number[24];

	if (!at)
		return;
	put_path(out, at->up);
	cut_put(out, "/", 1);
	if (at->key) {
		put_key(out, at->key);
	} else {
		snprintf(number, sizeof(number), "%zu", at->index);
		cut_put(out, number, strlen(number));
	}
}

void
plan_pointer(const struct plan_path *at, char *out, size_t size)
{
	struct cut c = cut_of(out, size);

	put_path(&c, at);
}

/* Where the path does not lead, jansson gives NULL, also when asked for a member of
 * NULL or of what is no container. */
json_t *
plan_at(const plan *p, const struct plan_path *at)
{
	json_t *up;

	if (!at)
		return p->root;
	up = plan_at(p, at->up);
	return at->key ? json_object_get(up, at->key) : json_array_get(up, at->index);
}

/* As JSON writes it, but a cut text ends in an ellipsis: the room for its end is
 * kept back while the rest is put. */
static void
put_string(struct cut *out, const char *text)
{
	static const char tail[] = "…\"";
	char escaped[8];

	out->size -= sizeof(tail); /* room to end it well */
	cut_put(out, "\"", 1);
	for (const char *t = text; *t != '\0'; t += char_bytes(t)) {
		if (*t == '"' || *t == '\\') {
			cut_put(out, (const char[]) { '\\', *t }, 2);
		} else if ((unsigned char) *t < 0x20) {
			snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned) *t);
			cut_put(out, escaped, strlen(escaped));
		} else {
			cut_put(out, t, char_bytes(t));
		}
	}
	out->size += sizeof(tail);
	if (out->full) {
		out->full = false;
		cut_put(out, tail, strlen(tail));
	} else {
		cut_put(out, "\"", 1);
	}
}

/* Containers are only hinted at: what is wrong with them is inside or is told
 * by the rule. */
static void
put_value(struct cut *out, const json_t *value)
{
	char number[40] = { 0 };

	if (json_is_string(value)) {
		put_string(out, json_string_value(value));
	} else if (json_is_number(value)) {
		/* the length it would have, however much was written, and no 0 */
		size_t len = json_dumpb(value, number, sizeof(number), JSON_ENCODE_ANY);

		cut_put(out, number, len < sizeof(number) ? len : 0);
	} else if (json_is_object(value)) {
		cut_put(out, "{…}", strlen("{…}"));
	} else if (json_is_array(value)) {
		cut_put(out, "[…]", strlen("[…]"));
	} else if (json_is_true(value)) {
		cut_put(out, "true", 4);
	} else if (json_is_false(value)) {
		cut_put(out, "false", 5);
	} else if (json_is_null(value)) {
		cut_put(out, "null", 4);
	}
}

/* A blank finding at the end of the list; NULL when the list is full, or when there
 * is no memory.  It is counted in any case: a plan with an error nobody could list
 * must not pass. */
static struct plan_problem *
next_problem(struct plan_checker *c, bool is_note)
{
	struct plan_problems *all = c->problems;
	struct plan_problem *list;

	if (is_note)
		all->notes++;
	else
		all->errors++;
	if (all->count == PLAN_PROBLEMS_MAX)
		return NULL;
	if ((all->count & (all->count - 1)) == 0) { /* full at each power of two */
		size_t room = all->count ? 2 * all->count : 1;

		list = realloc(all->list, room * sizeof(*list));
		if (!list) {
			c->st = ST_NOMEM;
			return NULL;
		}
		all->list = list;
	}
	all->list[all->count] = (struct plan_problem) { .is_note = is_note };
	return &all->list[all->count++];
}

static void
report(struct plan_checker *c, bool is_note, const struct plan_path *at, const char *rule,
       const char *arg)
{
	struct plan_problem *p = next_problem(c, is_note);
	struct cut found;

	if (!p)
		return;
	plan_pointer(at, p->pointer, sizeof(p->pointer));
	found = cut_of(p->found, sizeof(p->found));
	put_value(&found, plan_at(c->p, at));
	p->rule = rule;
	snprintf(p->arg, sizeof(p->arg), "%s", arg ? arg : "");
}

void
plan_report(struct plan_checker *c, const struct plan_path *at, const char *rule, const char *arg)
{
	report(c, false, at, rule, arg);
}

void
plan_note(struct plan_checker *c, const struct plan_path *at, const char *rule)
{
	report(c, true, at, rule, NULL);
}

static void
report_number(struct plan_checker *c, bool is_note, const struct plan_path *at, const char *rule,
              int64_t arg)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, arg);
	report(c, is_note, at, rule, text);
}

void
plan_report_number(struct plan_checker *c, const struct plan_path *at, const char *rule,
                   int64_t arg)
{
	report_number(c, false, at, rule, arg);
}

void
plan_note_number(struct plan_checker *c, const struct plan_path *at, const char *rule, int64_t arg)
{
	report_number(c, true, at, rule, arg);
}

/* The mistakes that people make.  For any other jansson's own words must do. */
static const struct {
	enum json_error_code code;
	const char *rule;
} syntax_rules[] = {
	{ json_error_invalid_utf8, N_("this is not UTF-8; save the file as UTF-8") },
	{ json_error_premature_end_of_input,
	  N_("the file ends too early: a bracket is not closed") },
	{ json_error_end_of_input_expected, N_("something follows the end of the document") },
	{ json_error_duplicate_key, N_("the same key stands twice in one object") },
	{ json_error_stack_overflow, N_("brackets are nested too deeply") },
	{ json_error_numeric_overflow, N_("this number is too large") },
	{ json_error_null_character, N_("a text must not hold the character 0") },
	{ json_error_null_byte_in_key, N_("a key must not hold the character 0") },
};

/* jansson says "WHAT near 'TOKEN'", and leaves the token away when it is long.  Its
 * line is -1 for what has no place. */
void
plan_report_syntax(struct plan_checker *c, const json_error_t *error)
{
	static const char near[] = " near '";
	struct plan_problem *p;
	const char *token = strstr(error->text, near);
	size_t what_len = token ? (size_t) (token - error->text) : strlen(error->text);
	enum json_error_code code = json_error_code(error);

	if (code == json_error_out_of_memory) {
		c->st = ST_NOMEM;
		return;
	}
	p = next_problem(c, false);
	if (!p)
		return;
	p->line = error->line > 0 ? error->line : 1;
	p->column = error->column > 0 ? error->column : 1;
	p->rule = N_("this is not JSON: %s");
	snprintf(p->arg, sizeof(p->arg), "%.*s", (int) what_len, error->text);
	if (token) {
		size_t len = strlen(token + strlen(near)); /* with the last ' */

		snprintf(p->found, sizeof(p->found), "%.*s", (int) len - 1, token + strlen(near));
	}
	for (size_t i = 0; i < sizeof(syntax_rules) / sizeof(syntax_rules[0]); i++) {
		if (syntax_rules[i].code != code)
			continue;
		p->rule = syntax_rules[i].rule;
		p->arg[0] = '\0';
	}
}

void
plan_problems_done(struct plan_problems *problems)
{
	free(problems->list);
	*problems = (struct plan_problems) { 0 };
}
