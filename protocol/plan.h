/* protocol/plan.h - the plan as a document: read, checked, looked up
 *
 * The plan is a JSON document ("format": "valija/plan/1", laid down in
 * protocol/SPEC.md).  plan_parse() reads it whole and reports every error it
 * finds, not only the first; what it returns is immutable and can be shared.
 *
 * Names are the ministry's, in Spanish, and are not translated.  Codes are
 * never parsed for meaning; all links are fields.
 *
 * Pure: bytes in, structures out.  All text a plan holds is owned by it and
 * lives until plan_free(), as does every structure that the functions below give
 * out.  Texts end with 0 and hold no other.  Nothing changes a plan but plan_free(),
 * so threads may share one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/bytes.h"
#include "protocol/date.h"
#include "protocol/limits.h"
#include "protocol/status.h"

typedef struct plan plan;

/* Beside PLAN_BYTES_MAX of protocol/limits.h.  But for PLAN_PROBLEMS_MAX they are
 * part of the format (SPEC.md, section 13): a reader refuses what is above. */
enum {
	PLAN_NAME_MAX_BYTES = 1000, /* of a plan item; of a unit: NAME_BYTES_MAX */
	PLAN_TEXT_MAX_BYTES = 8000, /* mission, a norm, a note, ... */
	PLAN_LIST_MAX = 4096,       /* entries of a list */
	PLAN_LINKS_MAX = 64,        /* initiatives of an indicator, objectives of a strategy */
	PLAN_PROBLEMS_MAX = 500,    /* told one by one; the rest is only counted */
	PLAN_WEIGHTS = 10000,       /* all of one group: weights are basis points */
	PLAN_NOT_RETIRED = DATE_MAX + 1,
};
#define PLAN_NUMBER_MAX INT64_C(1000000000000)   /* of a baseline, a goal, a target */
#define PLAN_MONEY_MAX INT64_C(1000000000000000) /* of a budget, in whole pesos */

/* How what is reported adds up to what is measured against the goal.  The words
 * are the ministry's, as the document writes them. */
typedef enum plan_accumulation {
	ACCUMULATION_SUM,              /* "acumulado" */
	ACCUMULATION_FLOW,             /* "flujo" */
	ACCUMULATION_CAPACITY,         /* "capacidad" */
	ACCUMULATION_STOCK,            /* "stock" */
	ACCUMULATION_REDUCTION,        /* "reduccion" */
	ACCUMULATION_ANNUAL_REDUCTION, /* "reduccion-anual" */
} plan_accumulation;

/* What kind of event feeds an indicator.  Only activities are counted yet; an
 * event for an indicator with another feeder is held. */
typedef enum plan_feeder { FEEDER_ACTIVITY, FEEDER_THING, FEEDER_LEVEL } plan_feeder;

/* "area" is a direction or office in the capital, the others are missions. */
typedef enum plan_unit_kind {
	UNIT_EMBASSY,           /* "embassy" */
	UNIT_PERMANENT_MISSION, /* "permanent-mission" */
	UNIT_CONSULATE,         /* "consulate" */
	UNIT_AREA,              /* "area" */
} plan_unit_kind;

/* Days at the place, without a time zone. */
struct plan_period {
	date from, to; /* both included */
};

/* In every structure below retired is the first day on which the item is no
 * longer in force: what is dated before it still counts, what is dated on it
 * or later does not.  PLAN_NOT_RETIRED when it stays. */

/* Who reports.  The country is where the unit is, which an event may say otherwise
 * for itself. */
struct plan_unit {
	const char *code, *name;
	plan_unit_kind kind;
	const char *country; /* ISO 3166-1 alpha-2; "CO" for an area */
	const char *country_name;
	const char *tz; /* IANA zone, by its form; whether there is one is not asked */
	bool counts_as_mission;
	const char *city;    /* NULL when not told */
	date opened, closed; /* first and last day; DATE_MIN and DATE_MAX when not told */
	date retired;
};

/* What is programmed for a quarter or, with quarter 0, for a whole year. */
struct plan_programmed {
	int year, quarter; /* quarter: 1 to 4, or 0 */
	int64_t value;
};

/* The part of one unit in it.  Ascending by year, the whole year before its
 * quarters, none twice. */
struct plan_unit_targets {
	const char *unit;
	const struct plan_programmed *targets;
	size_t target_count;
};

/* What is measured.  Goal, baseline and targets are whole numbers of 0 to
 * PLAN_NUMBER_MAX of what the indicator counts. */
struct plan_indicator {
	const char *code, *name;
	plan_accumulation accumulation;
	plan_feeder by;
	bool has_baseline;
	int64_t baseline; /* valid when has_baseline */
	bool baseline_included;
	int64_t goal;
	bool has_period; /* else the plan's period holds */
	struct plan_period period;
	const struct plan_target {
		int year;
		int64_t value;
	} * targets; /* by ascending year, none twice; a year may have none */
	size_t target_count;
	const struct plan_programmed *quarter_targets; /* ascending; a quarter may have none */
	size_t quarter_target_count;
	const struct plan_unit_targets *unit_targets; /* ascending by unit */
	size_t unit_target_count;
	const char *const *links; /* codes of initiatives, ascending */
	size_t link_count;
	const char *const *baseline_keys; /* things the baseline holds already, ascending */
	size_t baseline_key_count;
	date retired;
};

/* How the leading area of an initiative is known: for people, nothing here goes by
 * it. */
typedef enum plan_area_source {
	AREA_PRINTED,   /* "printed" */
	AREA_INHERITED, /* "inherited": a merged cell, the area is the row's above */
	AREA_ASSUMED,   /* "assumed": to be confirmed by the office */
} plan_area_source;

/* What is done: of one strategy, led by one area (a unit of the kind UNIT_AREA).
 * Which indicators it feeds, their links say. */
struct plan_initiative {
	const char *code, *name, *strategy, *area;
	plan_area_source area_source;
	const char *note; /* what the office should look at; NULL when nothing */
	int64_t weight;   /* within its strategy, in basis points; 0: none is stated */
	date retired;
};

/* A row of an annual action plan: what is done for an initiative in one year.  The
 * weight is within the actions of that initiative and year. */
struct plan_action {
	const char *code, *name;
	const char *initiative;
	int64_t year;
	const char *responsible; /* a unit */
	int64_t weight;          /* in basis points; 0: none is stated */
	bool has_budget;
	int64_t budget;        /* whole pesos; valid when has_budget */
	const char *purchases; /* its line of the annual purchases plan; may be NULL */
	const char *indicator; /* may be NULL */
	date retired;
};

/* Classes of risks after the guide of the Departamento Administrativo de la Función
 * Pública; the words are the document's. */
typedef enum plan_risk_kind {
	RISK_STRATEGIC,   /* "estrategico" */
	RISK_OPERATIONAL, /* "operativo" */
	RISK_FINANCIAL,   /* "financiero" */
	RISK_TECHNICAL,   /* "tecnologico" */
	RISK_COMPLIANCE,  /* "cumplimiento" */
	RISK_REPUTATION,  /* "reputacional" */
	RISK_CORRUPTION,  /* "corrupcion" */
	RISK_SECURITY,    /* "seguridad-digital" */
	RISK_FISCAL,      /* "fiscal" */
	RISK_KIND_NONE,   /* none is stated */
} plan_risk_kind;

/* An entry of any other list.  All have a code and a name; what only some
 * lists know is NULL or 0 in the others. */
struct plan_item {
	const char *code, *name;
	date retired;
	const char *text;              /* sustainable development goals; may be NULL */
	const char *note;              /* commitments; may be NULL */
	const char *body;              /* commitments: to whom it was made */
	const char *strategy;          /* projects */
	const char *const *objectives; /* strategies, projects: codes, ascending */
	size_t objective_count;
	const char *const *periods; /* projects: "2023" or "2024-2026", in their order */
	size_t period_count;
	bool ppi;       /* projects: part of the Plan Plurianual de Inversiones */
	int64_t weight; /* strategies: within the plan, in basis points; 0: none is stated */
	plan_risk_kind risk_kind;       /* risks only */
	const char *const *initiatives; /* risks: what they threaten, ascending */
	size_t initiative_count;
	const char *const *controls; /* risks: texts, in their order */
	size_t control_count;
};

/* Who alone may report for an indicator, initiative, commitment, risk or project: these units, and all units
 * of these kinds. */
struct plan_reporting {
	const char *code;
	const char *const *units; /* codes, ascending */
	size_t unit_count;
	const char *const *kinds; /* words of plan_unit_kind */
	size_t kind_count;
};

/* The lists whose entries are struct plan_item.  Units, indicators and initiatives
 * have structures and functions of their own. */
typedef enum plan_list {
	LIST_OBJECTIVES,
	LIST_STRATEGIES,
	LIST_MODES,
	LIST_COUNTS, /* names of secondary counts */
	LIST_ACTORS, /* differential actors */
	LIST_COMMITMENTS,
	LIST_PROJECTS, /* the code is the BPIN */
	LIST_RISKS,
	LIST_INTENTIONS, /* of the policy */
	LIST_SDG,        /* sustainable development goals */
	PLAN_LISTS_
} plan_list;

/* What the document says beside its lists.  motto and mipg may be NULL. */
struct plan_about {
	const char *entity, *motto, *mission, *vision, *mipg;
	const char *policy; /* its name; what it intends is LIST_INTENTIONS */
	const char *const *norms;
	size_t norm_count;
	const char *edition; /* the ministry's own label */
	date edition_date;
	const struct plan_change {
		const char *version, *description;
		date day;
	} * changes; /* the change register */
	size_t change_count;
};

/* Percent of the target to date, each above the one before.  What is above green
 * has a light of its own. */
struct plan_thresholds {
	int red, yellow, green; /* light to date: percent up to which, included */
};

/* One finding of plan_parse().  rule is an English msgid for gettext() with at
 * most one %s, which stands for arg.  Both found and arg come from the document,
 * so they are made safe before a terminal sees them. */
struct plan_problem {
	bool is_note;      /* worth telling, not an error */
	char pointer[160]; /* JSON pointer (RFC 6901); empty for a syntax error */
	int line, column;  /* of a syntax error, from 1; else 0 */
	char found[80];    /* the value found, as JSON, cut; empty if missing */
	const char *rule;
	char arg[120];
};

/* What plan_parse() found, in the order in which it was found: first what has not
 * its form, then what breaks a rule between one place and another. */
struct plan_problems {
	struct plan_problem *list; /* freed by plan_problems_done() */
	size_t count;              /* in the list: at most PLAN_PROBLEMS_MAX */
	size_t errors, notes;      /* found */
};

/* Free the list and zero the rest; harmless when that was done before. */
void plan_problems_done(struct plan_problems *problems);

/* Read and check len bytes.  problems must be zeroed; it is filled whatever
 * the outcome, and the caller's to give to plan_problems_done(); after success it
 * has notes only.  ST_INVALID: at least one error, nothing is returned.
 * ST_LIMIT: more than PLAN_BYTES_MAX, which is one error told.  ST_NOMEM: what is
 * told may not be all.  json is not kept.  On success *ret_plan is the caller's. */
status plan_parse(const void *json, size_t len, struct plan_problems *problems, plan **ret_plan);

/* Free it and set *plan_p to NULL; does nothing when it is NULL. */
void plan_free(plan **plan_p);

/* The head of the document.  Never NULL; the version is 1 or more. */
const char *plan_code(const plan *p);
const char *plan_name(const plan *p);
uint32_t plan_version(const plan *p);
struct plan_period plan_period(const plan *p);
struct plan_thresholds plan_thresholds(const plan *p);
const struct plan_about *plan_about(const plan *p);

/* The whole document as jansson read it, for who prints it as JSON.  Borrowed
 * and not to be changed, nor its reference count. */
const struct json_t *plan_document(const plan *p);

/* As the document writes them.  Constant; the value must be one of the enum. */
const char *plan_accumulation_word(plan_accumulation accumulation);
const char *plan_feeder_word(plan_feeder by);
const char *plan_unit_kind_word(plan_unit_kind kind);
/* NULL for RISK_KIND_NONE. */
const char *plan_risk_kind_word(plan_risk_kind kind);

/* Look-ups by code (len bytes, no 0 needed); NULL when there is none.  Hash
 * tables inside: constant time. */
const struct plan_unit *plan_unit(const plan *p, const char *code, size_t len);
const struct plan_indicator *plan_indicator(const plan *p, const char *code, size_t len);
const struct plan_initiative *plan_initiative(const plan *p, const char *code, size_t len);
const struct plan_item *plan_item(const plan *p, plan_list list, const char *code, size_t len);
const struct plan_action *plan_action(const plan *p, const char *code, size_t len);

/* The whole lists, in the order of the document, what is retired included.  NULL
 * when the count is 0. */
const struct plan_unit *plan_units(const plan *p, size_t *ret_count);
const struct plan_indicator *plan_indicators(const plan *p, size_t *ret_count);
const struct plan_initiative *plan_initiatives(const plan *p, size_t *ret_count);
const struct plan_item *plan_items(const plan *p, plan_list list, size_t *ret_count);
const struct plan_action *plan_actions(const plan *p, size_t *ret_count);
const struct plan_reporting *plan_reportings(const plan *p, size_t *ret_count);

/* The next action of an initiative (its whole code) behind that one, in the order of
 * the document; the first with NULL, NULL after the last.  year 0: of any year. */
const struct plan_action *
plan_next_action(const plan *p, const char *initiative, int year, const struct plan_action *after);

/* What is programmed for a year or, unless quarter is 0, for a quarter of it (1 to
 * 4): for one unit, or, with an empty code, for all.  Only what the plan states:
 * nothing is added up or shared out.  False when it states nothing. */
bool plan_programmed(const struct plan_indicator *indicator, struct text unit, int year,
                     int quarter, int64_t *ret_value);

/* Whether entries of that unit may name that indicator or initiative.  Whose code the
 * plan does not list under "reporting" is reported by every unit. */
bool plan_may_report(const plan *p, struct text code, const struct plan_unit *unit);
