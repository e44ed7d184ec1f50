#include "hub/progress_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/i18n.h"
#include "common/json_out.h"

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

json_t *
progress_number_json(struct progress_number n, json_t *why, const char *field)
{
	note_why(why, field, n.why);
	return is_there(n) ? json_integer(n.n) : json_null();
}

json_t *
progress_tenths_json(struct progress_number n, json_t *why, const char *field)
{
	note_why(why, field, n.why);
	return is_there(n) ? json_tenths(n.n) : json_null();
}

json_t *
progress_json(const struct plan_indicator *indicator, const struct progress *p)
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
	json_object_set_new(row, "value", progress_number_json(p->value, why, "value"));
	json_object_set_new(row, "term_percent",
	                    progress_tenths_json(p->term, why, "term_percent"));
	json_object_set_new(row, "year", json_integer(p->year));
	json_object_set_new(row, "year_target",
	                    progress_number_json(p->year_target, why, "year_target"));
	json_object_set_new(row, "year_percent",
	                    progress_tenths_json(p->year_percent, why, "year_percent"));
	json_object_set_new(row, "to_date_percent",
	                    progress_tenths_json(p->to_date, why, "to_date_percent"));
	json_object_set_new(row, "due_percent", progress_tenths_json(p->due, why, "due_percent"));
	json_object_set_new(row, "gap_points", progress_tenths_json(p->gap, why, "gap_points"));
	json_object_set_new(row, "light", light ? json_string(light) : json_null());
	if (!light)
		note_why(why, "light", PROGRESS_INVALID);
	json_object_set_new(row, "why", why);
	return row;
}

/* ---- cells ---- */

/* The number, or the reason why there is none; a star for a mere baseline. */
const char *
progress_number_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES])
{
	if (!is_there(n))
		return gettext(progress_reason_text(n.why));
	snprintf(out, PROGRESS_TEXT_BYTES, "%s%" PRId64,
	         n.why == PROGRESS_BASELINE_ONLY ? "* " : "", n.n);
	return out;
}

const char *
progress_percent_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES])
{
	char tenths[TENTHS_TEXT_BYTES];

	if (!is_there(n))
		return gettext(progress_reason_text(n.why));
	progress_tenths_text(n.n, tenths);
	snprintf(out, PROGRESS_TEXT_BYTES, "%s %%", tenths);
	return out;
}

const char *
progress_rate_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES])
{
	if (!is_there(n))
		return gettext(progress_reason_text(n.why));
	progress_tenths_text(n.n, out);
	return out;
}
