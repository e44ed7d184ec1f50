#include "protocol/plan_shape.h"

#include <stddef.h>

#include "protocol/plan_internal.h"

/* A key that is not optional must be there.  The order of the rows is that in
 * which findings come out, and follows SPEC.md, section 13.
 *
 * OWNER is the structure whose members the rows below name. */
/* Tables, written as tables. */
/* clang-format off */
#define IN(member) .at = offsetof(struct OWNER, member)
#define MANY(member, number) IN(member), .also = offsetof(struct OWNER, number)
#define TABLE(id) MANY(tables[id].rows, tables[id].count)
#define LINE(bytes) .type = FIELD_LINE, .max = (bytes)
#define TEXT .type = FIELD_TEXT, .max = PLAN_TEXT_MAX_BYTES
#define COUNT .type = FIELD_NUMBER, .min = 0, .max = PLAN_NUMBER_MAX
/* min is what a date is when the key is missing. */
#define RETIRED { "retired", FIELD_DATE, true, IN(retired), .min = PLAN_NOT_RETIRED }
#define CODE { "code", FIELD_CODE, IN(code) }
#define NAME { "name", LINE(PLAN_NAME_MAX_BYTES), IN(name) }
#define WEIGHT { "weight", FIELD_NUMBER, true, IN(weight), .min = 1, .max = PLAN_WEIGHTS }

/* Words as the document writes them, each at the place of its enum: FIELD_WORD
 * stores the place. */
static const char *const formats[] = { "valija/plan/1", NULL };
static const char *const area_sources[] = {
	[AREA_PRINTED] = "printed",
	[AREA_INHERITED] = "inherited",
	[AREA_ASSUMED] = "assumed",
	NULL,
};
static const char *const feeders[] = {
	[FEEDER_ACTIVITY] = "activity",
	[FEEDER_THING] = "thing",
	[FEEDER_LEVEL] = "level",
	NULL,
};
static const char *const kinds[] = {
	[UNIT_EMBASSY] = "embassy",
	[UNIT_PERMANENT_MISSION] = "permanent-mission",
	[UNIT_CONSULATE] = "consulate",
	[UNIT_AREA] = "area",
	NULL,
};
static const char *const accumulations[] = {
	[ACCUMULATION_SUM] = "acumulado",
	[ACCUMULATION_FLOW] = "flujo",
	[ACCUMULATION_CAPACITY] = "capacidad",
	[ACCUMULATION_STOCK] = "stock",
	[ACCUMULATION_REDUCTION] = "reduccion",
	[ACCUMULATION_ANNUAL_REDUCTION] = "reduccion-anual",
	NULL,
};

static const char *const risk_kinds[] = {
	[RISK_STRATEGIC] = "estrategico",
	[RISK_OPERATIONAL] = "operativo",
	[RISK_FINANCIAL] = "financiero",
	[RISK_TECHNICAL] = "tecnologico",
	[RISK_COMPLIANCE] = "cumplimiento",
	[RISK_REPUTATION] = "reputacional",
	[RISK_CORRUPTION] = "corrupcion",
	[RISK_SECURITY] = "seguridad-digital",
	[RISK_FISCAL] = "fiscal",
	[RISK_KIND_NONE] = NULL,
};

const char *
plan_accumulation_word(plan_accumulation accumulation)
{
	return accumulations[accumulation];
}

const char *
plan_feeder_word(plan_feeder by)
{
	return feeders[by];
}

const char *
plan_unit_kind_word(plan_unit_kind kind)
{
	return kinds[kind];
}

const char *
plan_risk_kind_word(plan_risk_kind kind)
{
	return risk_kinds[kind];
}

#define OWNER plan_item
static const struct plan_field item_fields[] = {
	CODE,
	NAME,
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape item_shape = { sizeof(struct plan_item), item_fields };

#define OBJECTIVES                                                                             \
	{ "objectives", FIELD_STRINGS, MANY(objectives, objective_count), .of = FIELD_CODE,    \
	  .min = 1, .max = PLAN_LINKS_MAX }
static const struct plan_field strategy_fields[] = {
	CODE,
	OBJECTIVES,
	NAME,
	WEIGHT,
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape strategy_shape = { sizeof(struct plan_item), strategy_fields };

static const struct plan_field commitment_fields[] = {
	CODE,
	{ "body", LINE(PLAN_NAME_MAX_BYTES), IN(body) },
	NAME,
	{ "note", TEXT, .optional = true, IN(note) },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape commitment_shape = { sizeof(struct plan_item), commitment_fields };

static const struct plan_field project_fields[] = {
	CODE,
	NAME,
	OBJECTIVES,
	{ "strategy", FIELD_CODE, IN(strategy) },
	{ "periods", FIELD_STRINGS, MANY(periods, period_count), .of = FIELD_YEARS, .min = 1,
	  .max = PLAN_LINKS_MAX },
	{ "ppi", FIELD_BOOL, IN(ppi) },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape project_shape = { sizeof(struct plan_item), project_fields };

static const struct plan_field risk_fields[] = {
	CODE,
	NAME,
	{ "kind", FIELD_WORD, true, IN(risk_kind), .max = RISK_KIND_NONE, .words = risk_kinds },
	{ "initiatives", FIELD_STRINGS, true, MANY(initiatives, initiative_count),
	  .of = FIELD_CODE, .max = PLAN_LINKS_MAX },
	{ "controls", FIELD_STRINGS, true, MANY(controls, control_count), .of = FIELD_TEXT,
	  .max = PLAN_LINKS_MAX },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape risk_shape = { sizeof(struct plan_item), risk_fields };

static const struct plan_field sdg_fields[] = {
	CODE,
	NAME,
	{ "text", TEXT, .optional = true, IN(text) },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape sdg_shape = { sizeof(struct plan_item), sdg_fields };
#undef OWNER

#define OWNER plan_period
static const struct plan_field period_fields[] = {
	{ "from", FIELD_DATE, IN(from) },
	{ "to", FIELD_DATE, IN(to) },
	{ .key = NULL },
};
static const struct plan_shape period_shape = { sizeof(struct plan_period), period_fields };
#undef OWNER

#define OWNER plan_initiative
static const struct plan_field initiative_fields[] = {
	CODE,
	{ "strategy", FIELD_CODE, IN(strategy) },
	{ "area", FIELD_CODE, IN(area) },
	{ "area_source", FIELD_WORD, IN(area_source), .words = area_sources },
	NAME,
	{ "note", TEXT, .optional = true, IN(note) },
	WEIGHT,
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape initiative_shape = {
	sizeof(struct plan_initiative),
	initiative_fields,
};
#undef OWNER

#define OWNER plan_indicator
static const struct plan_field indicator_fields[] = {
	CODE,
	NAME,
	{ "accumulation", FIELD_WORD, IN(accumulation), .words = accumulations },
	{ "baseline", FIELD_NUMBER_OR_NULL, MANY(baseline, has_baseline), .max = PLAN_NUMBER_MAX },
	{ "baseline_included", FIELD_BOOL, IN(baseline_included) },
	{ "baseline_keys", FIELD_STRINGS, true, MANY(baseline_keys, baseline_key_count),
	  .of = FIELD_CODE, .max = PLAN_LIST_MAX },
	{ "goal", COUNT, IN(goal) },
	{ "by", FIELD_WORD, IN(by), .words = feeders },
	{ "period", FIELD_OBJECT, true, MANY(period, has_period), .shape = &period_shape },
	{ "targets", FIELD_TARGETS, MANY(targets, target_count), .max = PLAN_NUMBER_MAX },
	{ "quarter_targets", FIELD_QUARTERS, true, MANY(quarter_targets, quarter_target_count),
	  .max = PLAN_NUMBER_MAX },
	{ "unit_targets", FIELD_UNIT_TARGETS, true, MANY(unit_targets, unit_target_count),
	  .max = PLAN_NUMBER_MAX },
	{ "links", FIELD_STRINGS, MANY(links, link_count), .of = FIELD_CODE, .max = PLAN_LINKS_MAX },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape indicator_shape = {
	sizeof(struct plan_indicator),
	indicator_fields,
};
#undef OWNER

#define OWNER plan_action
static const struct plan_field action_fields[] = {
	CODE,
	NAME,
	{ "initiative", FIELD_CODE, IN(initiative) },
	{ "year", FIELD_NUMBER, IN(year), .min = QUARTER_MIN / 4, .max = QUARTER_MAX / 4 },
	{ "responsible", FIELD_CODE, IN(responsible) },
	WEIGHT,
	{ "budget", FIELD_NUMBER, true, MANY(budget, has_budget), .max = PLAN_MONEY_MAX },
	{ "purchases", LINE(NAME_BYTES_MAX), .optional = true, IN(purchases) },
	{ "indicator", FIELD_CODE, true, IN(indicator) },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape action_shape = { sizeof(struct plan_action), action_fields };
#undef OWNER

#define OWNER plan_reporting
static const struct plan_field reporting_fields[] = {
	CODE,
	{ "units", FIELD_STRINGS, true, MANY(units, unit_count), .of = FIELD_CODE,
	  .max = PLAN_LIST_MAX },
	{ "kinds", FIELD_STRINGS, true, MANY(kinds, kind_count), .of = FIELD_WORD, .words = kinds,
	  .max = PLAN_LINKS_MAX },
	{ .key = NULL },
};
static const struct plan_shape reporting_shape = {
	sizeof(struct plan_reporting),
	reporting_fields,
};
#undef OWNER

#define OWNER plan_unit
static const struct plan_field unit_fields[] = {
	CODE,
	{ "kind", FIELD_WORD, IN(kind), .words = kinds },
	{ "name", LINE(NAME_BYTES_MAX), IN(name) },
	{ "city", LINE(NAME_BYTES_MAX), .optional = true, IN(city) },
	{ "country", FIELD_COUNTRY, IN(country) },
	{ "country_name", LINE(NAME_BYTES_MAX), IN(country_name) },
	{ "tz", FIELD_ZONE, IN(tz) },
	{ "counts_as_mission", FIELD_BOOL, IN(counts_as_mission) },
	{ "opened", FIELD_DATE, true, IN(opened), .min = DATE_MIN },
	{ "closed", FIELD_DATE, true, IN(closed), .min = DATE_MAX },
	RETIRED,
	{ .key = NULL },
};
static const struct plan_shape unit_shape = { sizeof(struct plan_unit), unit_fields };
#undef OWNER

#define OWNER plan_change
static const struct plan_field change_fields[] = {
	{ "version", LINE(NAME_BYTES_MAX), IN(version) },
	{ "date", FIELD_DATE, IN(day) },
	{ "description", TEXT, IN(description) },
	{ .key = NULL },
};
static const struct plan_shape change_shape = { sizeof(struct plan_change), change_fields };
#undef OWNER

#define OWNER plan
/* Objects of the document whose members are struct plan's own, so they have no
 * size. */
static const struct plan_field edition_fields[] = {
	{ "label", LINE(NAME_BYTES_MAX), IN(about.edition) },
	{ "date", FIELD_DATE, IN(about.edition_date) },
	{ "changes", FIELD_LIST, MANY(about.changes, about.change_count), .shape = &change_shape },
	{ .key = NULL },
};
static const struct plan_shape edition_shape = { 0, edition_fields };

static const struct plan_field policy_fields[] = {
	{ "name", LINE(PLAN_NAME_MAX_BYTES), IN(about.policy) },
	{ "intentions", FIELD_LIST, TABLE(LIST_INTENTIONS), .shape = &item_shape },
	{ .key = NULL },
};
static const struct plan_shape policy_shape = { 0, policy_fields };

static const struct plan_field light_fields[] = {
	{ "red", FIELD_NUMBER, IN(lights.red), .min = 0, .max = 1000 },
	{ "yellow", FIELD_NUMBER, IN(lights.yellow), .min = 0, .max = 1000 },
	{ "green", FIELD_NUMBER, IN(lights.green), .min = 0, .max = 1000 },
	{ .key = NULL },
};
static const struct plan_shape lights_shape = { 0, light_fields };

static const struct plan_field document_fields[] = {
	{ "format", FIELD_WORD, IN(format), .words = formats },
	{ "code", FIELD_CODE, IN(code) },
	{ "version", FIELD_NUMBER, IN(version), .min = 1, .max = UINT32_MAX },
	{ "edition", FIELD_OBJECT, .shape = &edition_shape },
	NAME,
	{ "entity", LINE(PLAN_NAME_MAX_BYTES), IN(about.entity) },
	{ "motto", LINE(PLAN_NAME_MAX_BYTES), .optional = true, IN(about.motto) },
	{ "period", FIELD_OBJECT, IN(period), .shape = &period_shape },
	{ "mission", TEXT, IN(about.mission) },
	{ "vision", TEXT, IN(about.vision) },
	{ "norms", FIELD_STRINGS, MANY(about.norms, about.norm_count), .of = FIELD_TEXT,
	  .max = PLAN_LIST_MAX },
	{ "objectives", FIELD_LIST, TABLE(LIST_OBJECTIVES), .shape = &item_shape },
	{ "strategies", FIELD_LIST, TABLE(LIST_STRATEGIES), .shape = &strategy_shape },
	{ "initiatives", FIELD_LIST, TABLE(TABLE_INITIATIVES), .shape = &initiative_shape },
	{ "indicators", FIELD_LIST, TABLE(TABLE_INDICATORS), .shape = &indicator_shape },
	{ "actions", FIELD_LIST, true, TABLE(TABLE_ACTIONS), .shape = &action_shape },
	{ "commitments", FIELD_LIST, TABLE(LIST_COMMITMENTS), .shape = &commitment_shape },
	{ "projects", FIELD_LIST, TABLE(LIST_PROJECTS), .shape = &project_shape },
	{ "risks", FIELD_LIST, TABLE(LIST_RISKS), .shape = &risk_shape },
	{ "actors", FIELD_LIST, TABLE(LIST_ACTORS), .shape = &item_shape },
	{ "policy", FIELD_OBJECT, .shape = &policy_shape },
	{ "sdg", FIELD_LIST, TABLE(LIST_SDG), .shape = &sdg_shape },
	{ "mipg", TEXT, .optional = true, IN(about.mipg) },
	{ "modes", FIELD_LIST, TABLE(LIST_MODES), .shape = &item_shape },
	{ "counts", FIELD_LIST, TABLE(LIST_COUNTS), .shape = &item_shape },
	{ "lights", FIELD_OBJECT, .shape = &lights_shape },
	{ "units", FIELD_LIST, TABLE(TABLE_UNITS), .shape = &unit_shape },
	{ "reporting", FIELD_LIST, true, TABLE(TABLE_REPORTING), .shape = &reporting_shape },
	{ .key = NULL },
};
const struct plan_shape plan_document_shape = { sizeof(struct plan), document_fields };
#undef OWNER
/* clang-format on */
