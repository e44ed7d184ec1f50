/* hub/query_internal.h - what the files of hub/query.h share
 */
#pragma once

#include "hub/period.h"
#include "hub/query.h"

/* One row of a table, as far as a count needs it. */
struct counted {
	struct cell_key key;
	int64_t amount;
};

struct counting {
	const struct query *q;
	const struct counts_question *question;
	struct groups rows;
	int64_t total;
	/* The period of a day, by what it is asked for: rows of one day come together. */
	struct {
		bool has;
		date day;
		char text[PERIOD_TEXT_BYTES];
	} periods[COUNT_KEYS_];
};

/* The key of a row's group in key (GROUP_KEY_BYTES); its length in *ret_len.
 * ST_MALFORMED: it does not fit. */
status counting_key(struct counting *c, const struct cell_key *row,
                    char key[static GROUP_KEY_BYTES], size_t *ret_len);

/* True when the question is about rows of that day and status, and the cut-off lets them
 * in. */
bool counting_wants(const struct counting *c, const struct cell_key *key);
/* True when it is about that unit. */
bool counting_wants_unit(const struct counting *c, struct text unit);
/* A row for what has no mode and stands for a day, done: its country is the unit's.  False
 * when the question is not about it. */
bool counting_row(const struct counting *c, struct text unit, date day, struct cell_key *ret_row);

/* Add to the group of a row, and to the total. */
status counting_add(struct counting *c, const struct cell_key *key, int64_t amount);

/* The same question about an indicator that is fed by levels: each row's quarter
 * stands for its first day, its country is the unit's. */
status levels_count(struct counting *c, const struct plan_indicator *indicator);

/* The same about one that is fed by things: what came in adds one where and when it first
 * did, what went out takes one away there and then. */
status things_count(struct counting *c, const struct plan_indicator *indicator);
/* Have a row for each target that can stand beside one and has begun by the cut-off. */
status programmed_rows(struct counting *c);

enum { YEARS_MAX = 300 }; /* that a date can hold */

/* What is known of one year. */
struct year {
	bool any;
	int64_t change; /* of the level; of sums the sum */
};

/* To be freed; NULL: no memory. */
struct year *years_new(void);
/* The year of that number, NULL when it is none that a date can hold. */
struct year *year_of(struct year *years, int number);
/* Of years of which something is known, ascending, the change (sum), or level and all
 * changes up to its end. */
status years_results(const struct year *years, bool sum, int64_t level,
                     struct progress_result results[static YEARS_MAX], size_t *ret_count);

/* What is known of each year of such an indicator, ascending: of sums the sum of
 * its quarters, else the level at its end, which is the last one that each unit
 * told by then, added up. */
status levels_years(const struct query *q, const struct plan_indicator *indicator,
                    struct progress_result results[static YEARS_MAX], size_t *ret_count);

/* The same of one that is fed by things: of sums those that came in less those that went
 * out, else with the baseline, and all years before. */
status things_years(const struct query *q, const struct plan_indicator *indicator,
                    struct progress_result results[static YEARS_MAX], size_t *ret_count);

/* True when years stand alone: acumulado, flujo. */
bool is_sum(plan_accumulation accumulation);
