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
		.by_clock = kind == PROBLEM_CLOCK,
		.is_warning = kind == PROBLEM_WARNING || (kind != PROBLEM_FORM && c->frame->force),
	};

	cli_safe(found.at, found.len, p.found, sizeof(p.found));
	snprintf(p.arg, sizeof(p.arg), "%s", arg ? arg : "");
	if (out->count < sizeof(out->list) / sizeof(out->list[0]))
		out->list[out->count] = p;
	out->count++;
	out->errors += !p.is_warning;
}

/* cli_safe() cuts what is found. */
void
entry_bad(struct checking *c, const char *field, const char *found, const char *rule,
          const char *arg)
{
	entry_problem_add(c, PROBLEM_FORM, field, text_of(found), rule, arg);
}

void
entry_bad_limit(struct checking *c, const char *field, const char *found, const char *rule,
                uint64_t limit)
{
	char number[NUMBER_BYTES];

	snprintf(number, sizeof(number), "%llu", (unsigned long long) limit);
	entry_bad(c, field, found, rule, number);
}

bool
entry_given(const char *text)
{
	return text && *text;
}

void
entry_set(struct checking *c, event_field field)
{
	c->event.has |= EVENT_BIT(field);
}

/* ---- texts and numbers ---- */

/* Of a text that is too long nothing is shown: it would fill the screen. */
void
entry_check_text(struct checking *c, event_field bit, const char *field, const char *value,
                 size_t max_bytes, struct text *ret_text)
{
	if (!entry_given(value))
		return;
	if (strlen(value) > max_bytes) {
		entry_bad_limit(c, field, NULL, N_("too long: at most %s bytes"), max_bytes);
	} else if (!utf8_valid(value, strlen(value))) {
		entry_bad(c, field, value, N_("these bytes are not UTF-8 text"), NULL);
	} else {
		*ret_text = text_of(value);
		entry_set(c, bit);
	}
}

/* Only digits, and not over max. */
bool
entry_number(const char *text, uint64_t max, uint64_t *ret_n)
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
	const char *value = entry_given(c->e->quantity) ? c->e->quantity : "1";

	entry_set(c, EVENT_QUANTITY);
	if (!entry_number(value, QUANTITY_MAX, &c->event.quantity) || c->event.quantity == 0)
		entry_bad_limit(c, "quantity", value, N_("a whole number from 1 to %s is wanted"),
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

bool
entry_check_date(struct checking *c, const char *field, const char *value, date *ret_date)
{
	char meant[DATE_TEXT_BYTES];

	if (date_parse(value, strlen(value), ret_date) == ST_OK)
		return true;
	if (has_date_shape(value))
		entry_bad(c, field, value, N_("there is no such day"), NULL);
	else if (swapped_date(value, meant))
		entry_bad(c, field, value, N_("dates are written YYYY-MM-DD: %s"), meant);
	else
		entry_bad(c, field, value, N_("dates are written YYYY-MM-DD, as in %s"),
		          "2025-11-14");
	return false;
}

bool
entry_check_day(struct checking *c, date *ret_date)
{
	if (!entry_given(c->e->date)) {
		entry_bad(c, "date", NULL, N_("the day must be given, as YYYY-MM-DD"), NULL);
		return false;
	}
	if (!entry_check_date(c, "date", c->e->date, ret_date))
		return false;
	c->event.date = *ret_date;
	entry_set(c, EVENT_DATE);
	return true;
}

/* One day is written as one day, not as a span from it to itself, so that the
 * same activity is the same bytes however it was typed. */
static void
check_dates(struct checking *c)
{
	const struct entry *e = c->e;
	date first, last;
	bool has_first = entry_check_day(c, &first);

	if (!entry_given(e->until) || !entry_check_date(c, "until", e->until, &last))
		return;
	if (has_first && last < first) {
		entry_bad(c, "until", e->until, N_("the last day is before the first, %s"),
		          e->date);
		return;
	}
	c->event.until = last;
	if (!has_first || last > first)
		entry_set(c, EVENT_UNTIL);
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
void
entry_check_codes(struct checking *c, plan_row kind, event_field bit, const char *field,
                  const char *const *codes, size_t count, size_t max, struct codes *ret_codes)
{
	struct codes *list = ret_codes;
	size_t right = 0;

	if (count > max) {
		entry_bad_limit(c, field, NULL, N_("too many: at most %s"), max);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct text code = text_of(codes[i]);

		if (entry_check_code(c, kind, field, code))
			list->list[right++] = code;
	}
	if (right > 1)
		qsort(list->list, right, sizeof(list->list[0]), compare_texts);
	for (size_t i = 0; i < right; i++) { /* named twice is named */
		if (list->count == 0 || !text_equal(list->list[i], list->list[list->count - 1]))
			list->list[list->count++] = list->list[i];
	}
	if (list->count > 0)
		entry_set(c, bit);
}

void
entry_check_initiatives(struct checking *c)
{
	entry_check_codes(c, ROW_INITIATIVE, EVENT_INITIATIVES, "initiative", c->e->initiatives,
	                  c->e->initiative_count, INITIATIVES_MAX, &c->event.initiatives);
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

enum { PAIR_BYTES = 120 };

static const char *
show_pair(const struct entry_pair *pair, char out[static PAIR_BYTES])
{
	snprintf(out, PAIR_BYTES, "%s=%s", pair->name, pair->value ? pair->value : "");
	return out;
}

static void
check_pair(struct checking *c, const struct pair_list *p, const struct entry_pair *pair)
{
	struct tally tally = { .name = text_of(pair->name) };
	char found[PAIR_BYTES];

	if (!entry_check_code(c, p->kind, p->field, tally.name))
		return;
	if (!pair->value || !entry_number(pair->value, COUNT_VALUE_MAX, &tally.value)) {
		entry_bad_limit(c, p->field, show_pair(pair, found),
		                N_("a whole number from 0 to %s is wanted"), COUNT_VALUE_MAX);
		return;
	}
	for (size_t i = 0; i < p->out->count; i++) {
		if (text_equal(p->out->list[i].name, tally.name)) {
			entry_bad(c, p->field, show_pair(pair, found),
			          N_("this name was given twice"), NULL);
			return;
		}
	}
	p->out->list[p->out->count++] = tally;
}

static void
check_pairs(struct checking *c, const struct pair_list *p)
{
	if (p->count > p->max) {
		entry_bad_limit(c, p->field, NULL, N_("too many: at most %s"), p->max);
		return;
	}
	for (size_t i = 0; i < p->count; i++)
		check_pair(c, p, &p->pairs[i]);
	if (p->out->count > 1)
		qsort(p->out->list, p->out->count, sizeof(p->out->list[0]), compare_tallies);
	if (p->out->count > 0)
		entry_set(c, p->bit);
}

static void
check_evidences(struct checking *c)
{
	const struct entry *e = c->e;
	struct evidences *out = &c->event.evidences;

	if (e->evidence_count > EVIDENCES_MAX) {
		entry_bad_limit(c, "evidence", NULL, N_("too many: at most %s"), EVIDENCES_MAX);
		return;
	}
	for (size_t i = 0; i < e->evidence_count; i++) {
		const struct entry_evidence *v = &e->evidences[i];

		if (!utf8_valid(v->name, strlen(v->name)) || strlen(v->name) > NAME_BYTES_MAX) {
			entry_bad_limit(
				c, "evidence", v->name,
				N_("a file name of UTF-8 text, at most %s bytes, is wanted"),
				NAME_BYTES_MAX);
			continue;
		}
		out->list[out->count++] = (struct evidence) { text_of(v->name), v->size_bytes,
			                                      v->hash };
	}
	if (out->count > 0)
		entry_set(c, EVENT_EVIDENCES);
}

/* ---- what is chosen from few ---- */

/* They are few and the same for all plans, so all can be named. */
static void
check_status(struct checking *c)
{
	const char *names[EVENT_STATUSES_];
	const char *value = c->e->status;

	if (!entry_given(value) || event_status_of(text_of(value), &c->event.status))
		return;
	for (int s = 0; s < EVENT_STATUSES_; s++)
		names[s] = event_status_name((event_status) s);
	value = cli_nearest(c->e->status, names, EVENT_STATUSES_);
	if (value)
		entry_bad(c, "status", c->e->status,
		          N_("there is no such status; did you mean %s?"), value);
	else
		entry_bad(c, "status", c->e->status, N_("there is no such status; it is one of %s"),
		          "done, planned, cancelled, moved");
}

/* Two letters, in whatever case they were typed.  A shorter text ends at its 0, which is
 * no letter. */
static void
check_country(struct checking *c)
{
	const char *value = c->e->country;

	if (!entry_given(value))
		return;
	for (size_t i = 0; i < 2; i++) {
		char letter = value[i];

		if (letter >= 'a' && letter <= 'z')
			letter = (char) (letter - 'a' + 'A');
		if (letter < 'A' || letter > 'Z') {
			entry_bad(c, "country", value, N_("a country is two letters, as in %s"),
			          "CO");
			return;
		}
		c->country[i] = letter;
	}
	if (value[2] != '\0') {
		entry_bad(c, "country", value, N_("a country is two letters, as in %s"), "CO");
		return;
	}
	c->event.country = text_of(c->country);
	entry_set(c, EVENT_COUNTRY);
}

/* ---- the whole ---- */

static void
check_activity(struct checking *c)
{
	const struct entry *e = c->e;
	struct event *event = &c->event;

	if (entry_given(e->indicator) || e->initiative_count == 0)
		entry_need_code(c, ROW_INDICATOR, EVENT_INDICATOR, "indicator", e->indicator,
		                N_("say what it counts for: an indicator, or initiatives"),
		                &event->indicator);
	entry_check_initiatives(c);
	check_dates(c);
	check_quantity(c);
	if (entry_given(e->mode) && entry_check_code(c, ROW_MODE, "mode", text_of(e->mode))) {
		event->mode = text_of(e->mode);
		entry_set(c, EVENT_MODE);
	}
	entry_check_text(c, EVENT_PLACE, "place", e->place, PLACE_BYTES_MAX, &event->place);
	check_country(c);
	check_status(c);
	check_pairs(c,
	            &(struct pair_list) { "count", ROW_COUNT, EVENT_COUNTS, e->counts,
	                                  e->count_count, COUNTS_MAX, &event->counts });
	check_pairs(c,
	            &(struct pair_list) { "group", ROW_GROUP, EVENT_GROUPS, e->groups,
	                                  e->group_count, GROUPS_MAX, &event->groups });
}

/* Without a reason a changed past is what the office cannot explain later. */
static void
check_fixes(struct checking *c)
{
	const struct fixes *fixes = c->frame->fixes;
	bool about = c->frame->kind == KIND_RETURN;

	entry_check_text(c, EVENT_WHY, "why", c->e->why, NOTE_BYTES_MAX, &c->event.why);
	if (!fixes)
		return;
	*(about ? &c->event.about : &c->event.fixes) = *fixes;
	entry_set(c, about ? EVENT_ABOUT : EVENT_FIXES);
	if (!entry_given(c->e->why))
		entry_bad(c, "why", NULL, N_("the reason must be given"), NULL);
}

/* Of a quarter that is locked nothing is taken without a word. */
static void
check_locks(struct checking *c)
{
	char quarter[QUARTER_TEXT_BYTES];
	const struct event *e = &c->event;
	uint64_t own;

	if (entry_given(c->e->why) ||
	    !(e->has & (EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUARTER))))
		return;
	own = quarter_of(event_day(e));
	for (size_t i = 0; i < c->frame->locked_count; i++) {
		if (c->frame->locked[i] != own)
			continue;
		quarter_format(own, quarter);
		entry_problem_add(c, PROBLEM_PLAN, "why", text_of(NULL),
		                  N_("the office has locked %s: say why this comes late"), quarter);
		return;
	}
}

static status
encode(struct checking *c, writer *w)
{
	event_field fault;
	status st = event_encode(&c->event, w, &fault);

	if (st != ST_LIMIT && st != ST_INVALID)
		return st;
	/* each field was checked: what is left is the sum of them */
	entry_bad_limit(c, "note", c->e->note, N_("too much in one entry: at most %s bytes in all"),
	                EVENT_BYTES_MAX);
	return ST_INVALID;
}

/* What is of that kind alone.  Of a void and a return there is nothing. */
static void (*const own_fields[EVENT_KINDS_])(struct checking *c) = {
	[KIND_ACTIVITY] = check_activity,   [KIND_LEVEL] = entry_check_level,
	[KIND_THING] = entry_check_thing,   [KIND_PROGRESS] = entry_check_progress,
	[KIND_BUDGET] = entry_check_budget, [KIND_CLOSE] = entry_check_close,
};

static void
check_record(struct checking *c)
{
	own_fields[c->frame->kind](c);
	entry_check_fields(c);
	entry_check_text(c, EVENT_NOTE, "note", c->e->note, NOTE_BYTES_MAX, &c->event.note);
	check_evidences(c);
	entry_check_plan(c);
	check_locks(c);
	if (c->frame->kind == KIND_ACTIVITY)
		warn_about_dates(c);
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

	ret_problems->count = ret_problems->errors =
		0; /* the list is long, and says nothing then */
	if (entry_check_unit(&c))
		entry_set(&c, EVENT_UNIT);
	if (own_fields[frame->kind])
		check_record(&c);
	entry_check_text(&c, EVENT_BY, "by", e->by, NAME_BYTES_MAX, &c.event.by);
	check_fixes(&c);
	return ret_problems->errors > 0 ? ST_INVALID : encode(&c, w);
}
