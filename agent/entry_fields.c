#include "agent/entry_fields.h"

#include "agent/entry_internal.h"
#include "protocol/msgid.h"

enum {
	ACTIVITY = KIND_BIT(KIND_ACTIVITY),
	LEVEL = KIND_BIT(KIND_LEVEL),
	THING = KIND_BIT(KIND_THING),
	PROGRESS = KIND_BIT(KIND_PROGRESS),
	BUDGET = KIND_BIT(KIND_BUDGET),
	CLOSE = KIND_BIT(KIND_CLOSE),
};

#define AT(member) offsetof(struct entry, member)

/* Not unit, by and why, which all have. */
const struct entry_field entry_fields[] = {
	{ "indicator", AT(indicator), ACTIVITY | LEVEL | THING },
	{ "date", AT(date), ACTIVITY | THING },
	{ "until", AT(until), ACTIVITY },
	{ "quarter", AT(quarter), ENTRY_REGISTERS },
	{ "quantity", AT(quantity), ACTIVITY },
	{ "level", AT(level), LEVEL },
	{ "thing", AT(thing), THING },
	{ "way", AT(way), THING },
	{ "name", AT(name), THING },
	{ "commitment", AT(commitment), PROGRESS },
	{ "risk", AT(risk), PROGRESS },
	{ "percent", AT(percent), PROGRESS },
	{ "project", AT(project), BUDGET },
	{ "appropriated", AT(appropriated), BUDGET },
	{ "committed", AT(committed), BUDGET },
	{ "obligated", AT(obligated), BUDGET },
	{ "paid", AT(paid), BUDGET },
	{ "mode", AT(mode), ACTIVITY },
	{ "place", AT(place), ACTIVITY },
	{ "country", AT(country), ACTIVITY },
	{ "status", AT(status), ACTIVITY },
	{ "note", AT(note), ENTRY_RECORDS },
};

const size_t entry_field_count = sizeof(entry_fields) / sizeof(entry_fields[0]);

const char **
entry_text(struct entry *e, const struct entry_field *field)
{
	return (const char **) (void *) ((char *) e + field->offset);
}

static const char *
text_at(const struct entry *e, const struct entry_field *field)
{
	return *(const char *const *) (const void *) ((const char *) e + field->offset);
}

const struct entry_field *
entry_field_of(const char *name)
{
	for (size_t i = 0; i < entry_field_count; i++) {
		if (strcmp(entry_fields[i].name, name) == 0)
			return &entry_fields[i];
	}
	return NULL;
}

/* What each kind is made of, for who gave it something else. */
static const char *const none_of_these[EVENT_KINDS_] = {
	[KIND_ACTIVITY] = N_("an activity has none: it is indicator or initiatives, dates, "
	                     "quantity, mode, place, country, status, counts and groups"),
	[KIND_LEVEL] = N_("a level has none: it is indicator, quarter and level"),
	[KIND_THING] = N_("a thing has none: it is indicator, key, in or out, date and name"),
	[KIND_PROGRESS] = N_(
		"progress has none: it is one initiative, commitment or risk, quarter, "
		"percent and text"),
	[KIND_BUDGET] = N_("a budget has none: it is project, quarter and four amounts"),
	[KIND_CLOSE] = N_("the end of a quarter has none: it is quarter and indicators of which "
	                  "there was nothing"),
};

/* Who records an activity with one of the two fields of a level meant a level; a
 * correction stays of its kind. */
static const char *
rule_for(const struct checking *c, unsigned kinds)
{
	if (c->frame->kind == KIND_ACTIVITY && !c->frame->fixes && (kinds & LEVEL))
		return N_("an activity has none; the level of an indicator is told by --quarter "
		          "and --level together");
	return none_of_these[c->frame->kind];
}

static void
refuse(struct checking *c, const char *field, const char *value, unsigned kinds)
{
	if (entry_given(value) && !(kinds & KIND_BIT(c->frame->kind)))
		entry_bad(c, field, value, rule_for(c, kinds), NULL);
}

/* Told, since whoever typed it meant something by it. */
void
entry_check_fields(struct checking *c)
{
	const struct entry *e = c->e;

	for (size_t i = 0; i < entry_field_count; i++)
		refuse(c, entry_fields[i].name, text_at(e, &entry_fields[i]),
		       entry_fields[i].kinds);
	refuse(c, "initiative", e->initiative_count > 0 ? e->initiatives[0] : NULL,
	       ACTIVITY | PROGRESS);
	refuse(c, "count", e->count_count > 0 ? e->counts[0].name : NULL, ACTIVITY);
	refuse(c, "group", e->group_count > 0 ? e->groups[0].name : NULL, ACTIVITY);
	refuse(c, "zero", e->zero_count > 0 ? e->zero[0] : NULL, CLOSE);
	refuse(c, "nothing-to-do", e->nothing_count > 0 ? e->nothing[0] : NULL, CLOSE);
}
