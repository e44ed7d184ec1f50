#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/pace.h"
#include "hub/progress_out.h"

enum { RANGE_BYTES = 2 * DATE_TEXT_BYTES + 8 };

struct input {
	struct asking ask;
	struct listing listing;
};

/* For people alone: to programs each row is an object. */
static const struct listing_column columns[] = {
	{ .title = N_("CODE") },
	{ .title = N_("INDICATOR"), .cut = true },
	{ .title = N_("VALUE"), .type = CELL_NUMBER },
	{ .title = N_("GOAL"), .type = CELL_NUMBER },
	{ .title = N_("A MONTH"), .type = CELL_NUMBER },
	{ .title = N_("NEEDED"), .type = CELL_NUMBER },
	{ .title = N_("PROJECTION"), .type = CELL_NUMBER },
	{ .title = N_("RESTS ON") },
	{ .title = N_("IS LEFT") },
};

static void
range_text(struct plan_period p, char out[static RANGE_BYTES])
{
	char from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];

	date_format(p.from, from);
	date_format(p.to, to);
	if (p.from > p.to)
		snprintf(out, RANGE_BYTES, "-");
	else
		snprintf(out, RANGE_BYTES, "%s..%s", from, to);
}

static json_t *
range_json(struct plan_period p, int months)
{
	if (p.from > p.to)
		return json_null();
	return json_pack("{s:o, s:o, s:i}", "from", json_date(p.from), "to", json_date(p.to),
	                 "months", months);
}

static json_t *
pace_json(const struct plan_indicator *indicator, const struct progress *p, const struct pace *pace)
{
	json_t *why = json_object(), *row = json_object();

	json_object_set_new(row, "code", json_string(indicator->code));
	json_object_set_new(row, "name", json_string(indicator->name));
	json_object_set_new(row, "goal", json_integer(indicator->goal));
	json_object_set_new(row, "value", progress_number_json(p->value, why, "value"));
	json_object_set_new(row, "pace_month", progress_tenths_json(pace->pace, why, "pace_month"));
	json_object_set_new(row, "needed_month",
	                    progress_tenths_json(pace->needed, why, "needed_month"));
	json_object_set_new(row, "projection",
	                    progress_number_json(pace->projection, why, "projection"));
	json_object_set_new(row, "past", range_json(pace->past, pace->months_past));
	json_object_set_new(row, "ahead", range_json(pace->ahead, pace->months_ahead));
	json_object_set_new(row, "why", why);
	return row;
}

static void
print_indicator(struct input *in, const struct plan_indicator *indicator, const struct progress *p)
{
	struct pace pace = pace_of(indicator, plan_period(in->ask.plan), in->ask.cutoff, p);
	char value[PROGRESS_TEXT_BYTES], goal[PROGRESS_TEXT_BYTES], month[PROGRESS_TEXT_BYTES];
	char needed[PROGRESS_TEXT_BYTES], projection[PROGRESS_TEXT_BYTES];
	char past[RANGE_BYTES], ahead[RANGE_BYTES];

	if (in->ask.json) {
		listing_object(&in->listing, pace_json(indicator, p, &pace));
		return;
	}
	snprintf(goal, sizeof(goal), "%" PRId64, indicator->goal);
	range_text(pace.past, past);
	range_text(pace.ahead, ahead);
	listing_row(&in->listing,
	            (const char *[]) {
			    indicator->code, indicator->name, progress_number_text(p->value, value),
			    goal, progress_rate_text(pace.pace, month),
			    progress_rate_text(pace.needed, needed),
			    progress_number_text(pace.projection, projection), past, ahead });
}

static status
print_paces(struct input *in)
{
	const struct query q = asking_query(&in->ask);
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(in->ask.plan, &count);
	status st = ST_OK, ended;

	listing_begin(&in->listing, in->ask.json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "indicators",
	              asking_head_to_date(&in->ask));
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		struct progress p;

		st = query_progress(&q, &indicators[i], &p);
		if (st == ST_OK)
			print_indicator(in, &indicators[i], &p);
	}
	ended = listing_end(&in->listing, NULL);
	return st == ST_OK ? ended : st;
}

int
pace_command(int argc, char **argv)
{
	struct input in = { .listing = { 0 } };
	status st;
	int code;

	asking_parse(
		&in.ask,
		N_("Tell of each indicator how much was reached a month, how much the goal needs "
	           "a month from now on, and where the present pace leads; the month of the "
	           "cut-off counts whole."),
		argc, argv);
	code = asking_open(&in.ask);
	if (code == EX_OK) {
		st = print_paces(&in);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
