/* Every check goes on after a fault: a person who is told one fault at a time
 * types a command five times.  So a field that is at fault is left out of the
 * event, and what depends on it (an end before a start that is none) is not
 * checked.
 *
 * What cannot be encoded is refused for good; what only the plan refuses can be
 * forced, since the plan on this device may be older than the one at the hub. */
#include "agent/entry.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/entry_internal.h"
#include "common/cli.h"
#include "protocol/msgid.h"

enum { NUMBER_BYTES = 24 };

/* ---- problems ---- */

void
entry_problem_add(struct checking *c, problem_kind kind, const char *field, struct text found,
                  const char *rule, const char *arg)
{
	struct entry_problems *out = c->out;
	struct entry_problem p = {
		.field = field,
		.rule = rule,
		.by_plan = kind == PROBLEM_PLAN,
		.is_warning = kind == PROBLEM_WARNING || (kind == PROBLEM_PLAN && c->frame->force),
	};

	cli_safe(found.at, found.len, p.found, sizeof(p.found));
	snprintf(p.arg, sizeof(p.arg), "%s", arg ? arg : "");
	if (out->count < sizeof(out->list) / sizeof(out->list[0]))
		out->list[out->count] = p;
	out->count++;
	out->errors += !p.is_warning;
}

/* found is the whole text that was given; cli_safe() cuts it. */
static void
bad(struct checking *c, const char *field, const char *found, const char *rule, const char *arg)
{
	entry_problem_add(c, PROBLEM_FORM, field, text_of(found), rule, arg);
}

static void
bad_limit(struct checking *c, const char *field, const char *found, const char *rule,
          uint64_t limit)
{
	char number[NUMBER_BYTES];

	snprintf(number, sizeof(number), "%llu", (unsigned long long) limit);
	bad(c, field, found, rule, number);
}

static bool
given(const char *text)
{
	return text && *text;
}

static void
set(struct checking *c, event_field field)
{
	c->event.has |= EVENT_BIT(field);
}

/* ---- texts and numbers ---- */

/* Of a text that is too long nothing is shown: it would fill the screen. */
static void
check_text(struct checking *c, event_field bit, const char *field, const char *value,
           size_t max_bytes, struct text *ret_text)
{
	if (!given(value))
		return;
	if (strlen(value) > max_bytes) {
		bad_limit(c, field, NULL, N_("too long: at most %s bytes"), max_bytes);
	} else if (!utf8_valid(value, strlen(value))) {
		bad(c, field, value, N_("these bytes are not UTF-8 text"), NULL);
	} else {
		*ret_text = text_of(value);
		set(c, bit);
	}
}

/* Only digits, and not over max. */
static bool
parse_number(const char *text, uint64_t max, uint64_t *ret_n)
{
	uint64_t n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (uint64_t) (*text - '0');
		if (n > max)
			return false;
	}
	*ret_n = n;
	return true;
}

/* One activity is the rule, so its number need not be typed. */
static void
check_quantity(struct checking *c)
{
	const char *value = given(c->e->quantity) ? c->e->quantity : "1";

	set(c, EVENT_QUANTITY);
	if (!parse_number(value, QUANTITY_MAX, &c->event.quantity) || c->event.quantity == 0)
		bad_limit(c, "quantity", value, N_("a whole number from 1 to %s is wanted"),
		          QUANTITY_MAX);
}

/* ---- dates ---- */

/* One to most digits at *at, which moves behind them; -1 when there are none. */
static int
take_digits(const char **at, int most)
{
	int n = -1;

	for (; most > 0 && **at >= '0' && **at <= '9'; most--)
		n = (n < 0 ? 0 : 10 * n) + *(*at)++ - '0';
	return n;
}

/* "14/11/2025" as people write it; false when it is not that. */
static bool
swapped_date(const char *text, char ret_text[static DATE_TEXT_BYTES])
{
	struct civil c;
	char mark;
	date d;

	c.day = take_digits(&text, 2);
	mark = *text;
	if (mark == '\0' || !strchr("/-.", *text++))
		return false;
	c.month = take_digits(&text, 2);
	if (*text++ != mark)
		return false;
	c.year = take_digits(&text, 4);
	if (*text != '\0' || !date_from_civil(c, &d))
		return false;
	date_format(d, ret_text);
	return true;
}

/* Tells a day that does not exist from a date written in another way, which get
 * different answers. */
static bool
has_date_shape(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	/* with the 0 at its end: a longer text has another shape, a shorter one ends it */
	for (size_t i = 0; i < sizeof(shape); i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == 'd' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

static bool
check_date(struct checking *c, const char *field, const char *value, date *ret_date)
{
	char meant[DATE_TEXT_BYTES];

	if (date_parse(value, strlen(value), ret_date) == ST_OK)
		return true;
	if (has_date_shape(value))
		bad(c, field, value, N_("there is no such day"), NULL);
	else if (swapped_date(value, meant))
		bad(c, field, value, N_("dates are written YYYY-MM-DD: %s"), meant);
	else
		bad(c, field, value, N_("dates are written YYYY-MM-DD, as in %s"), "2025-11-14");
	return false;
}

/* One day is written as one day, not as a span from it to itself, so that the
 * same activity is the same bytes however it was typed. */
static void
check_dates(struct checking *c)
{
	const struct entry *e = c->e;
	date first, last;
	bool has_first = false;

	if (!given(e->date))
		bad(c, "date", NULL, N_("the day must be given, as YYYY-MM-DD"), NULL);
	else
		has_first = check_date(c, "date", e->date, &first);
	if (has_first) {
		c->event.date = first;
		set(c, EVENT_DATE);
	}
	if (!given(e->until) || !check_date(c, "until", e->until, &last))
		return;
	if (has_first && last < first) {
		bad(c, "until", e->until, N_("the last day is before the first, %s"), e->date);
		return;
	}
	c->event.until = last;
	if (!has_first || last > first)
		set(c, EVENT_UNTIL);
}

/* These may all be right: an extra Saturday service on a holiday, a plan typed
 * in later, a clock that is wrong. */
static void
warn_about_dates(struct checking *c)
{
	const struct event *e = &c->event;
	const char *found = c->e->date;

	if (!(e->has & EVENT_BIT(EVENT_DATE)))
		return;
	if (text_is(e->mode, "sabado-consular") && date_weekday((date) e->date) != 5)
		entry_problem_add(c, PROBLEM_WARNING, "date", text_of(found),
		                  N_("this day is not a Saturday"), NULL);
	if (e->status == STATUS_PLANNED && e->date < c->frame->today)
		entry_problem_add(c, PROBLEM_WARNING, "date", text_of(found),
		                  N_("planned for a day that is past"), NULL);
	if (e->status == STATUS_DONE && e->date > c->frame->today)
		entry_problem_add(c, PROBLEM_WARNING, "date", text_of(found),
		                  N_("done on a day that is still to come"), NULL);
}

/* ---- lists ---- */

static int
compare_texts(const void *a, const void *b)
{
	return text_compare(*(const struct text *) a, *(const struct text *) b);
}

/* The format wants them ascending and once each; a person need not know. */
static void
check_initiatives(struct checking *c)
{
	const struct entry *e = c->e;
	struct codes *list = &c->event.initiatives;
	size_t count = 0;

	if (e->initiative_count > INITIATIVES_MAX) {
		bad_limit(c, "initiative", NULL, N_("too many: at most %s"), INITIATIVES_MAX);
		return;
	}
	for (size_t i = 0; i < e->initiative_count; i++) {
		struct text code = text_of(e->initiatives[i]);

		if (entry_check_code(c, ROW_INITIATIVE, "initiative", code))
			list->list[count++] = code;
	}
	qsort(list->list, count, sizeof(list->list[0]), compare_texts);
	for (size_t i = 0; i < count; i++) { /* named twice is named */
		if (list->count == 0 || !text_equal(list->list[i], list->list[list->count - 1]))
			list->list[list->count++] = list->list[i];
	}
	if (list->count > 0)
		set(c, EVENT_INITIATIVES);
}

static int
compare_tallies(const void *a, const void *b)
{
	return text_compare(((const struct tally *) a)->name, ((const struct tally *) b)->name);
}

struct pair_list {
	const char *field;
	plan_row kind;
	event_field bit;
	const struct entry_pair *pairs;
	size_t count, max;
	struct tallies *out;
};

static void
check_pair(struct checking *c, const struct pair_list *p, const struct entry_pair *pair)
{
	struct tally tally = { .name = text_of(pair->name) };
	char found[120];

	snprintf(found, sizeof(found), "%s=%s", pair->name, pair->value ? pair->value : "");
	if (!entry_check_code(c, p->kind, p->field, tally.name))
		return;
	if (!pair->value || !parse_number(pair->value, COUNT_VALUE_MAX, &tally.value)) {
		bad_limit(c, p->field, found, N_("a whole number from 0 to %s is wanted"),
		          COUNT_VALUE_MAX);
		return;
	}
	for (size_t i = 0; i < p->out->count; i++) {
		if (text_equal(p->out->list[i].name, tally.name)) {
			bad(c, p->field, found, N_("this name was given twice"), NULL);
			return;
		}
	}
	p->out->list[p->out->count++] = tally;
}

static void
check_pairs(struct checking *c, const struct pair_list *p)
{
	if (p->count > p->max) {
		bad_limit(c, p->field, NULL, N_("too many: at most %s"), p->max);
		return;
	}
	for (size_t i = 0; i < p->count; i++)
		check_pair(c, p, &p->pairs[i]);
	qsort(p->out->list, p->out->count, sizeof(p->out->list[0]), compare_tallies);
	if (p->out->count > 0)
		set(c, p->bit);
}

static void
check_evidences(struct checking *c)
{
	const struct entry *e = c->e;
	struct evidences *out = &c->event.evidences;

	if (e->evidence_count > EVIDENCES_MAX) {
		bad_limit(c, "evidence", NULL, N_("too many: at most %s"), EVIDENCES_MAX);
		return;
	}
	for (size_t i = 0; i < e->evidence_count; i++) {
		const struct entry_evidence *v = &e->evidences[i];

		if (!utf8_valid(v->name, strlen(v->name)) || strlen(v->name) > NAME_BYTES_MAX) {
			bad_limit(c, "evidence", v->name,
			          N_("a file name of UTF-8 text, at most %s bytes, is wanted"),
			          NAME_BYTES_MAX);
			continue;
		}
		out->list[out->count++] =
			(struct evidence) { text_of(v->name), v->size_bytes, v->hash };
	}
	if (out->count > 0)
		set(c, EVENT_EVIDENCES);
}

/* ---- what is chosen from few ---- */

/* They are few and the same for all plans, so all can be named. */
static void
check_status(struct checking *c)
{
	const char *names[EVENT_STATUSES_];
	const char *value = c->e->status;

	if (!given(value) || event_status_of(text_of(value), &c->event.status))
		return;
	for (int s = 0; s < EVENT_STATUSES_; s++)
		names[s] = event_status_name((event_status) s);
	value = cli_nearest(c->e->status, names, EVENT_STATUSES_);
	if (value)
		bad(c, "status", c->e->status, N_("there is no such status; did you mean %s?"),
		    value);
	else
		bad(c, "status", c->e->status, N_("there is no such status; it is one of %s"),
		    "done, planned, cancelled, moved");
}

/* Two letters, in whatever case they were typed.  A shorter text ends at its 0, which is
 * no letter. */
static void
check_country(struct checking *c)
{
	const char *value = c->e->country;

	if (!given(value))
		return;
	for (size_t i = 0; i < 2; i++) {
		char letter = value[i];

		if (letter >= 'a' && letter <= 'z')
			letter = (char) (letter - 'a' + 'A');
		if (letter < 'A' || letter > 'Z') {
			bad(c, "country", value, N_("a country is two letters, as in %s"), "CO");
			return;
		}
		c->country[i] = letter;
	}
	if (value[2] != '\0') {
		bad(c, "country", value, N_("a country is two letters, as in %s"), "CO");
		return;
	}
	c->event.country = text_of(c->country);
	set(c, EVENT_COUNTRY);
}

/* ---- the whole ---- */

static void
check_activity(struct checking *c)
{
	const struct entry *e = c->e;
	struct event *event = &c->event;

	if (given(e->indicator) &&
	    entry_check_code(c, ROW_INDICATOR, "indicator", text_of(e->indicator))) {
		event->indicator = text_of(e->indicator);
		set(c, EVENT_INDICATOR);
	}
	check_initiatives(c);
	if (!given(e->indicator) && e->initiative_count == 0)
		bad(c, "indicator", NULL,
		    N_("say what it counts for: an indicator, or initiatives"), NULL);
	check_dates(c);
	check_quantity(c);
	if (given(e->mode) && entry_check_code(c, ROW_MODE, "mode", text_of(e->mode))) {
		event->mode = text_of(e->mode);
		set(c, EVENT_MODE);
	}
	check_text(c, EVENT_PLACE, "place", e->place, PLACE_BYTES_MAX, &event->place);
	check_country(c);
	check_status(c);
	check_pairs(c, &(struct pair_list) { "count", ROW_COUNT, EVENT_COUNTS, e->counts,
	                                     e->count_count, COUNTS_MAX, &event->counts });
	check_pairs(c, &(struct pair_list) { "group", ROW_GROUP, EVENT_GROUPS, e->groups,
	                                     e->group_count, GROUPS_MAX, &event->groups });
	check_text(c, EVENT_NOTE, "note", e->note, NOTE_BYTES_MAX, &event->note);
	check_evidences(c);
	entry_check_plan(c);
	warn_about_dates(c);
}

/* Without a reason a changed past is what the office cannot explain later. */
static void
check_fix(struct checking *c, const struct fix *fix)
{
	check_text(c, EVENT_WHY, "why", c->e->why, NOTE_BYTES_MAX, &c->event.why);
	if (!fix)
		return;
	c->event.fixes = (struct fixes) { 1, { *fix } };
	set(c, EVENT_FIXES);
	if (!given(c->e->why))
		bad(c, "why", NULL, N_("the reason must be given"), NULL);
}

static status
encode(struct checking *c, writer *w)
{
	event_field fault;
	status st = event_encode(&c->event, w, &fault);

	if (st != ST_LIMIT && st != ST_INVALID)
		return st;
	/* each field was checked: what is left is the sum of them */
	bad_limit(c, "note", c->e->note, N_("too much in one entry: at most %s bytes in all"),
	          EVENT_BYTES_MAX);
	return ST_INVALID;
}

status
entry_build(const struct entry *e, const struct entry_frame *frame, writer *w,
            struct entry_problems *ret_problems)
{
	struct checking c = {
		.e = e,
		.frame = frame,
		.event = { .kind = frame->kind, .at_ms = frame->at_ms },
		.out = ret_problems,
	};

	*ret_problems = (struct entry_problems) { 0 };
	if (entry_check_unit(&c))
		set(&c, EVENT_UNIT);
	if (frame->kind == KIND_ACTIVITY)
		check_activity(&c);
	check_text(&c, EVENT_BY, "by", e->by, NAME_BYTES_MAX, &c.event.by);
	check_fix(&c, frame->fix);
	return ret_problems->errors > 0 ? ST_INVALID : encode(&c, w);
}
