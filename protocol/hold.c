#include "protocol/event.h"

static const struct {
	const char *name;
	const char *text;
} holds[HOLDS_] = {
	[HOLD_NONE] = { "none", N_("not held") },
	[HOLD_ERASED] = { "erased", N_("its content was erased; only its hash is kept") },
	[HOLD_MALFORMED] = { "malformed", N_("it does not follow the format") },
	[HOLD_LIMIT] = { "limit", N_("a value in it is over a limit") },
	[HOLD_VERSION] = { "version",
	                   N_("written by a newer program; it counts once the hub is updated") },
	[HOLD_KIND] = { "kind", N_("a kind of entry that this hub does not count yet") },
	[HOLD_KEY] = { "key",
	               N_("it has a part that must be understood and is not; update the hub") },
	[HOLD_RIGHT] = { "right", N_("the device is not enrolled for that unit, or no more") },
	[HOLD_UNIT] = { "unit", N_("the plan has no such unit") },
	[HOLD_INDICATOR] = { "indicator",
	                     N_("the plan has no such indicator, or such entries do not feed it") },
	[HOLD_INITIATIVE] = { "initiative", N_("the plan has no such initiative") },
	[HOLD_COMMITMENT] = { "commitment", N_("the plan has no such commitment") },
	[HOLD_RISK] = { "risk", N_("the plan has no such risk") },
	[HOLD_PROJECT] = { "project", N_("the plan has no such investment project") },
	[HOLD_MODE] = { "mode", N_("the plan has no such mode") },
	[HOLD_COUNT] = { "count", N_("the plan has no secondary count of that name") },
	[HOLD_GROUP] = { "group", N_("the plan has no such differential actor") },
	[HOLD_DATE] = { "date", N_("its date lies outside the period of the plan") },
	[HOLD_REPORTER] = { "reporter",
	                    N_("the plan lets only other units report this; the "
	                       "planning office can change that") },
	[HOLD_LOCKED] = { "locked",
	                  N_("its quarter was locked before; it needs the reason why it comes "
	                     "late") },
	[HOLD_THING] = { "thing", N_("it goes out and never came in; is its key right?") },
	[HOLD_WAITS] = { "waits", N_("it corrects an entry that has not arrived yet") },
	[HOLD_FIX] = { "fix", N_("it does not fit the entry that it corrects") },
	[HOLD_VERSIONS] = { "versions", N_("the entry was corrected too many times") },
};

const char *
hold_name(hold h)
{
	return (unsigned) h < HOLDS_ ? holds[h].name : "?";
}

const char *
hold_text(hold h)
{
	return (unsigned) h < HOLDS_ ? holds[h].text : "?";
}

hold
hold_of_name(struct text name)
{
	for (int h = HOLD_NONE; h < HOLDS_; h++)
		if (text_is(name, holds[h].name))
			return (hold) h;
	return HOLDS_;
}
