#include "common/zpl.h"

#include <string.h>

#include "protocol/msgid.h"
#include "protocol/reader.h"

enum { INDENT = 4 };

struct zpl
zpl_of(const void *bytes, size_t len)
{
	const char *at = bytes;

	return (struct zpl) { .at = at, .end = at + len };
}

/* The line without its end; z moves behind it. */
static struct text
take_line(struct zpl *z)
{
	const char *start = z->at;
	const char *end = memchr(start, '\n', (size_t) (z->end - start));

	z->at = end ? end + 1 : z->end;
	z->line++;
	if (!end)
		end = z->end;
	if (end > start && end[-1] == '\r')
		end--;
	return (struct text) { start, (size_t) (end - start) };
}

static const char *
check_letters(struct text line)
{
	if (!utf8_valid(line.at, line.len))
		return N_("this line is not UTF-8 text");
	for (size_t i = 0; i < line.len; i++) {
		if (line.at[i] == '\t')
			return N_("a tab stands here: levels are made of four blanks each");
		if ((unsigned char) line.at[i] < ' ' || line.at[i] == 0x7f)
			return N_("a control character stands here");
	}
	return NULL;
}

static void
skip(struct text *t, size_t n)
{
	t->at += n;
	t->len -= n;
}

static size_t
blanks(struct text t)
{
	size_t n = 0;

	while (n < t.len && t.at[n] == ' ')
		n++;
	return n;
}

static bool
ends_here(struct text t)
{
	return t.len == 0 || t.at[0] == '#';
}

/* Of RFC 4: letters, digits and these. */
static size_t
name_length(struct text t)
{
	static const char others[] = "$-_@.&+/";
	size_t n = 0;

	while (n < t.len && t.at[n] &&
	       ((t.at[n] >= 'a' && t.at[n] <= 'z') || (t.at[n] >= 'A' && t.at[n] <= 'Z') ||
	        (t.at[n] >= '0' && t.at[n] <= '9') || strchr(others, t.at[n])))
		n++;
	return n;
}

static const char *
read_quoted(struct text *rest, struct text *ret_value)
{
	const char *end = memchr(rest->at + 1, rest->at[0], rest->len - 1);

	if (!end)
		return N_("the text in quotation marks does not end");
	*ret_value = (struct text) { rest->at + 1, (size_t) (end - rest->at - 1) };
	skip(rest, ret_value->len + 2);
	skip(rest, blanks(*rest));
	return ends_here(*rest) ? NULL : N_("something stands behind the text in quotation marks");
}

static const char *
read_value(struct text rest, struct text *ret_value)
{
	const char *comment;

	skip(&rest, blanks(rest));
	if (rest.len > 0 && (rest.at[0] == '"' || rest.at[0] == '\''))
		return read_quoted(&rest, ret_value);
	comment = memchr(rest.at, '#', rest.len);
	if (comment)
		rest.len = (size_t) (comment - rest.at);
	while (rest.len > 0 && rest.at[rest.len - 1] == ' ')
		rest.len--;
	*ret_value = rest;
	return NULL;
}

/* rest is the line from its name on. */
static const char *
read_property(struct text rest, struct zpl_property *p)
{
	size_t len = name_length(rest);

	if (len == 0)
		return N_("a name belongs here: NAME = VALUE");
	p->name = (struct text) { rest.at, len };
	p->value = (struct text) { rest.at + len, 0 };
	skip(&rest, len);
	skip(&rest, blanks(rest));
	if (ends_here(rest))
		return NULL;
	if (rest.at[0] != '=')
		return N_("'=' belongs between a name and its value");
	skip(&rest, 1);
	p->has_value = true;
	return read_value(rest, &p->value);
}

zpl_result
zpl_next(struct zpl *z, struct zpl_property *ret_property, const char **ret_why)
{
	while (z->at < z->end) {
		struct text line = take_line(z);
		struct zpl_property p = { .line = z->line };
		size_t indent = blanks(line);
		const char *why = check_letters(line);

		skip(&line, indent);
		if (!why && ends_here(line))
			continue;
		p.depth = (unsigned) (indent / INDENT);
		if (!why && (indent % INDENT != 0 || p.depth > z->depth || p.depth > ZPL_DEPTH_MAX))
			why = N_("the blanks before the name are of no level: four for each");
		if (!why)
			why = read_property(line, &p);
		if (why) {
			*ret_why = why;
			return ZPL_FAULT;
		}
		z->depth = p.depth + 1;
		*ret_property = p;
		return ZPL_PROPERTY;
	}
	return ZPL_END;
}
