#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/digest.h"

enum { CELL_BYTES = 64 };

/* All that is told; counted before anything is printed. */
struct state {
	struct asking ask;
	uint8_t set[HASH_BYTES], derived[HASH_BYTES];
	struct query_tallies tallies;
};

/* The digest may take a while when much came in since it was last computed; a
 * failure must not leave half a table behind. */
static status
gather(struct state *s)
{
	struct query q = asking_query(&s->ask);
	status st = hub_digest(s->ask.hub, s->ask.txn, s->set, s->derived);

	return st == ST_OK ? query_tallies(&q, &s->tallies) : st;
}

/* ---- JSON ---- */

/* Beside each number that is null stands why: no data is not the same as 0, nor
 * as a target that the plan does not give. */
static void
note_why(json_t *why, const char *field, progress_reason reason)
{
	const char *name = progress_reason_name(reason);

	if (name)
		json_object_set_new(why, field, json_string(name));
}

static bool
is_there(struct progress_number n)
{
	return n.why == PROGRESS_KNOWN || n.why == PROGRESS_BASELINE_ONLY;
}

static json_t *
number(struct progress_number n, json_t *why, const char *field)
{
	note_why(why, field, n.why);
	return is_there(n) ? json_integer(n.n) : json_null();
}

static json_t *
percentage(struct progress_number n, json_t *why, const char *field)
{
	note_why(why, field, n.why);
	return is_there(n) ? json_tenths(n.n) : json_null();
}

static json_t *
indicator_json(const struct plan_indicator *indicator, const struct progress *p)
{
	const char *light = progress_light_name(p->light);
	json_t *why = json_object(), *row = json_object();

	json_object_set_new(row, "code", json_string(indicator->code));
	json_object_set_new(row, "name", json_string(indicator->name));
	json_object_set_new(row, "accumulation",
	                    json_string(plan_accumulation_word(indicator->accumulation)));
	json_object_set_new(row, "baseline",
	                    indicator->has_baseline ? json_integer(indicator->baseline)
	                                            : json_null());
	json_object_set_new(row, "goal", json_integer(indicator->goal));
	json_object_set_new(row, "value", number(p->value, why, "value"));
	json_object_set_new(row, "term_percent", percentage(p->term, why, "term_percent"));
	json_object_set_new(row, "year", json_integer(p->year));
	json_object_set_new(row, "year_target", number(p->year_target, why, "year_target"));
	json_object_set_new(row, "year_percent", percentage(p->year_percent, why, "year_percent"));
	json_object_set_new(row, "to_date_percent", percentage(p->to_date, why, "to_date_percent"));
	json_object_set_new(row, "light", light ? json_string(light) : json_null());
	if (!light)
		note_why(why, "light", PROGRESS_INVALID);
	json_object_set_new(row, "why", why);
	return row;
}

static status
print_json(const struct state *s)
{
	struct query q = asking_query(&s->ask);
	json_t *list = json_array(), *root;
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(s->ask.plan, &count);
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		struct progress p;

		st = query_progress(&q, &indicators[i], &p);
		if (st == ST_OK)
			json_array_append_new(list, indicator_json(&indicators[i], &p));
	}
	/* made also after a failure: it takes the list over, and goes with it */
	root = json_pack("{s:{s:s, s:I}, s:o, s:{s:o, s:o}, s:{s:I, s:I, s:I}, s:I, s:o}",
	                 "plan", "code", plan_code(s->ask.plan),
	                 "version", (json_int_t) plan_version(s->ask.plan),
	                 "cutoff", json_date(s->ask.cutoff),
	                 "digest", "set", json_hex(s->set, HASH_BYTES),
	                 "state", json_hex(s->derived, HASH_BYTES),
	                 "events", "counted", (json_int_t) s->tallies.counted,
	                 "held", (json_int_t) s->tallies.held,
	                 "dated_ahead", (json_int_t) s->tallies.dated_ahead,
	                 "conflicts", (json_int_t) s->tallies.conflicts,
	                 "indicators", list);
	if (st < 0) {
		json_decref(root);
		return st;
	}
	return json_print(root);
}

/* ---- table ---- */

/* The number, or the reason why there is none; a star for a mere baseline. */
static const char *
number_text(struct progress_number n, char *out, size_t size)
{
	if (!is_there(n))
		return gettext(progress_reason_text(n.why));
	snprintf(out, size, "%s%" PRId64, n.why == PROGRESS_BASELINE_ONLY ? "* " : "", n.n);
	return out;
}

static const char *
percent_text(struct progress_number n, char *out, size_t size)
{
	char tenths[TENTHS_TEXT_BYTES];

	if (!is_there(n))
		return gettext(progress_reason_text(n.why));
	progress_tenths_text(n.n, tenths);
	snprintf(out, size, "%s %%", tenths);
	return out;
}

static const struct listing_column columns[] = {
	{ .title = N_("CODE") },
	{ .title = N_("INDICATOR"), .cut = true },
	{ .title = N_("VALUE"), .type = CELL_NUMBER },
	{ .title = N_("GOAL"), .type = CELL_NUMBER },
	{ .title = N_("TERM"), .type = CELL_NUMBER },
	{ .title = N_("YEAR"), .type = CELL_NUMBER },
	{ .title = N_("TO DATE"), .type = CELL_NUMBER },
	{ .title = N_("LIGHT") },
};

static void
table_row_of(struct listing *l, const struct plan_indicator *indicator, const struct progress *p)
{
	char value[CELL_BYTES], goal[CELL_BYTES], term[CELL_BYTES], year[CELL_BYTES];
	char to_date[CELL_BYTES];

	snprintf(goal, sizeof(goal), "%" PRId64, indicator->goal);
	listing_row(l, (const char *[]) {
		indicator->code,
		indicator->name,
		number_text(p->value, value, sizeof(value)),
		goal,
		percent_text(p->term, term, sizeof(term)),
		percent_text(p->year_percent, year, sizeof(year)),
		percent_text(p->to_date, to_date, sizeof(to_date)),
		gettext(progress_light_text(p->light)),
	});
}

/* The digests in full: they are what two offices read to each other. */
static void
print_head(const struct state *s)
{
	char cutoff[DATE_TEXT_BYTES], set[2 * HASH_BYTES + 1], derived[2 * HASH_BYTES + 1];

	date_format(s->ask.cutoff, cutoff);
	hex_encode(s->set, HASH_BYTES, set);
	hex_encode(s->derived, HASH_BYTES, derived);
	printf(_("Plan %s, version %u: %s\n"), plan_code(s->ask.plan),
	       (unsigned) plan_version(s->ask.plan), plan_name(s->ask.plan));
	printf(_("Cut-off %s\n"), cutoff);
	printf(_("Digest, set:   %s\n"), set);
	printf(_("Digest, state: %s\n\n"), derived);
}

static status
print_table(const struct state *s)
{
	struct query q = asking_query(&s->ask);
	bool baseline_only = false;
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(s->ask.plan, &count);
	struct listing l;
	status st = ST_OK, ended;

	print_head(s);
	listing_begin(&l, FORM_TABLE, columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL);
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		struct progress p;

		st = query_progress(&q, &indicators[i], &p);
		if (st < 0)
			break;
		baseline_only |= p.value.why == PROGRESS_BASELINE_ONLY;
		table_row_of(&l, &indicators[i], &p);
	}
	ended = listing_end(&l, NULL);
	if (baseline_only)
		puts(_("* the baseline only; nothing was reported yet"));
	printf(_("\nActivities counted: %llu; held: %llu; dated after the cut-off: %llu\n"),
	       (unsigned long long) s->tallies.counted, (unsigned long long) s->tallies.held,
	       (unsigned long long) s->tallies.dated_ahead);
	if (s->tallies.conflicts > 0)
		printf(ngettext("%llu entry has versions in conflict; it is counted once, and "
		                "'valija-hub events' shows them\n",
		                "%llu entries have versions in conflict; each is counted once, and "
		                "'valija-hub events' shows them\n",
		                s->tallies.conflicts),
		       (unsigned long long) s->tallies.conflicts);
	return st == ST_OK ? ended : st;
}

int
state_command(int argc, char **argv)
{
	struct state s = { 0 };
	status st;
	int code;

	asking_parse(&s.ask, N_("Show the consolidated state of the plan."), argc, argv);
	code = asking_open(&s.ask);
	if (code == EX_OK) {
		st = gather(&s);
		if (st == ST_OK)
			st = s.ask.json ? print_json(&s) : print_table(&s);
		code = st == ST_OK ? EX_OK : command_failed(s.ask.hub, st);
	}
	asking_done(&s.ask);
	return code;
}
