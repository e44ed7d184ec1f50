/* The plan looks codes up by itself; what is added here is one call for all
 * kinds, so that who tells of a fault need not know where its code lives. */
#include "hub/names.h"

#include "protocol/code.h"

struct named {
	const char *code, *name;
};

#define NAMED(row) ((struct named) { (row)->code, (row)->name })

static struct named
item_at(const plan *p, plan_list list, size_t index)
{
	size_t count;
	const struct plan_item *items = plan_items(p, list, &count);

	return index < count ? NAMED(&items[index]) : (struct named) { 0 };
}

/* The index-th code of a kind; NULL behind the last. */
static struct named
named_at(const plan *p, name_kind kind, size_t index)
{
	size_t count;

	switch (kind) {
	case NAME_UNIT: {
		const struct plan_unit *units = plan_units(p, &count);

		return index < count ? NAMED(&units[index]) : (struct named) { 0 };
	}
	case NAME_INDICATOR: {
		const struct plan_indicator *indicators = plan_indicators(p, &count);

		return index < count ? NAMED(&indicators[index]) : (struct named) { 0 };
	}
	case NAME_INITIATIVE: {
		const struct plan_initiative *initiatives = plan_initiatives(p, &count);

		return index < count ? NAMED(&initiatives[index]) : (struct named) { 0 };
	}
	case NAME_MODE: return item_at(p, LIST_MODES, index);
	case NAME_COUNT: return item_at(p, LIST_COUNTS, index);
	case NAME_GROUP: return item_at(p, LIST_ACTORS, index);
	case NAME_COMMITMENT: return item_at(p, LIST_COMMITMENTS, index);
	case NAME_RISK: return item_at(p, LIST_RISKS, index);
	case NAME_PROJECT: return item_at(p, LIST_PROJECTS, index);
	}
	return (struct named) { 0 };
}

static const char *
item_name(const plan *p, plan_list list, struct text code)
{
	const struct plan_item *item = plan_item(p, list, code.at, code.len);

	return item ? item->name : NULL;
}

const char *
name_of(const plan *p, name_kind kind, struct text code)
{
	const struct plan_unit *unit;
	const struct plan_indicator *indicator;
	const struct plan_initiative *initiative;

	switch (kind) {
	case NAME_UNIT: unit = plan_unit(p, code.at, code.len); return unit ? unit->name : NULL;
	case NAME_INDICATOR:
		indicator = plan_indicator(p, code.at, code.len);
		return indicator ? indicator->name : NULL;
	case NAME_INITIATIVE:
		initiative = plan_initiative(p, code.at, code.len);
		return initiative ? initiative->name : NULL;
	case NAME_MODE: return item_name(p, LIST_MODES, code);
	case NAME_COUNT: return item_name(p, LIST_COUNTS, code);
	case NAME_GROUP: return item_name(p, LIST_ACTORS, code);
	case NAME_COMMITMENT: return item_name(p, LIST_COMMITMENTS, code);
	case NAME_RISK: return item_name(p, LIST_RISKS, code);
	case NAME_PROJECT: return item_name(p, LIST_PROJECTS, code);
	}
	return NULL;
}

const char *
name_of_line(const plan *p, struct text code)
{
	const char *name = name_of(p, NAME_INDICATOR, code);

	return name ? name : name_of(p, NAME_INITIATIVE, code);
}

/* All codes of the kind are measured: a hundred or two, and only after a fault. */
const char *
name_nearest(const plan *p, name_kind kind, struct text code)
{
	char word[CODE_BYTES_MAX + 1];
	const char *nearest = NULL;
	size_t least = 0;
	struct named row;

	if (code.len == 0 || code.len > CODE_BYTES_MAX)
		return NULL;
	/* code_distance() wants texts that end with a 0 */
	memcpy(word, code.at, code.len);
	word[code.len] = '\0';
	row = named_at(p, kind, 0);
	for (size_t i = 0; row.code; row = named_at(p, kind, ++i)) {
		size_t n = code_distance(word, row.code);

		if (!nearest || n < least) {
			least = n;
			nearest = row.code;
		}
	}
	return nearest && code_near(least, code.len) ? nearest : NULL;
}

/* The plan has no list of countries but those where it has units, and those are
 * the ones that are counted by. */
const char *
name_of_country(const plan *p, struct text country)
{
	size_t count;
	const struct plan_unit *units = plan_units(p, &count);

	for (size_t i = 0; i < count; i++) {
		if (text_is(country, units[i].country))
			return units[i].country_name;
	}
	return NULL;
}
