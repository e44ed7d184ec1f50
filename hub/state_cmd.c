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
#include "hub/past.h"
#include "hub/progress_out.h"
#include "hub/rollback_text.h"

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
			json_array_append_new(list, progress_json(&indicators[i], &p));
	}
	/* made also after a failure: it takes the list over, and goes with it */
	/* clang-format off */
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
	/* clang-format on */
	asking_tell_at(s->ask.hub, s->ask.txn, root);
	if (st < 0) {
		json_decref(root);
		return st;
	}
	return json_print(root);
}

/* ---- table ---- */

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
	char value[PROGRESS_TEXT_BYTES], goal[PROGRESS_TEXT_BYTES], term[PROGRESS_TEXT_BYTES];
	char year[PROGRESS_TEXT_BYTES], to_date[PROGRESS_TEXT_BYTES];

	snprintf(goal, sizeof(goal), "%" PRId64, indicator->goal);
	/* clang-format off */
	listing_row(l, (const char *[]) {
		indicator->code,
		indicator->name,
		progress_number_text(p->value, value),
		goal,
		progress_percent_text(p->term, term),
		progress_percent_text(p->year_percent, year),
		progress_percent_text(p->to_date, to_date),
		gettext(progress_light_text(p->light)),
	});
	/* clang-format on */
}

/* The digests in full: they are what two offices read to each other. */
static void
print_head(const struct state *s)
{
	char at[MOMENT_TEXT_BYTES], cutoff[DATE_TEXT_BYTES], set[2 * HASH_BYTES + 1],
		derived[2 * HASH_BYTES + 1];

	date_format(s->ask.cutoff, cutoff);
	asking_at_text(s->ask.hub, s->ask.txn, at);
	hex_encode(s->set, HASH_BYTES, set);
	hex_encode(s->derived, HASH_BYTES, derived);
	printf(_("Plan %s, version %u: %s\n"), plan_code(s->ask.plan),
	       (unsigned) plan_version(s->ask.plan), plan_name(s->ask.plan));
	printf(_("Cut-off %s\n"), cutoff);
	printf(_("Digest, set:   %s\n"), set);
	printf(_("Digest, state: %s\n"), derived);
	printf(past_cut_name(s->ask.hub) ? _("Cut:           %s\n\n") : _("Journal at:    %s\n\n"),
	       at);
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
	printf(_("\nEntries counted: %llu; held: %llu; dated after the cut-off: %llu\n"),
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
		rollback_warn(s.ask.txn);
		st = gather(&s);
		if (st == ST_OK)
			st = s.ask.json ? print_json(&s) : print_table(&s);
		code = st == ST_OK ? EX_OK : command_failed(s.ask.hub, st);
	}
	asking_done(&s.ask);
	return code;
}
