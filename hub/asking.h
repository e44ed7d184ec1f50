/* hub/asking.h - a command that asks: one moment of the hub, and a cut-off
 *
 * Everything such a command tells is read in one read transaction, so its
 * numbers belong together while the hub goes on storing.  With --at that moment
 * is one of the past (hub/past.h), which the command need not know: hub and txn
 * are then of a hub as it was.
 */
#pragma once

#include <argp.h>
#include <jansson.h>

#include "hub/bogota.h"
#include "hub/hub.h"
#include "hub/ledger.h"
#include "hub/past.h"
#include "hub/query.h"

struct asking {
	/* By the options --home, --at, --cutoff and --json. */
	const char *home_option;
	const char *at_word; /* NULL: now */
	bool has_cutoff;
	bool json;
	date cutoff; /* the last day that counts; default today in Bogota */

	/* By asking_open(). */
	hub *hub;
	kv_txn *txn;
	const plan *plan;          /* in force */
	const struct locks *locks; /* NULL: none */
};

/* A hub and what is read of it, of now or of the moment that word, the value of --at,
 * names: an offset or a cut.  Returns the exit status; what failed was explained.
 * On success *ret_hub and *ret_txn are the caller's; of a cut *ret_cutoff is its
 * cut-off, else it is left alone.  h and txn are of the present and stay as they are;
 * where now is meant, *ret_hub is NULL, and they are what is to be asked. */
int asking_moment(hub *h, kv_txn *txn, const char *word, hub **ret_hub, kv_txn **ret_txn,
                  date *ret_cutoff);

/* The same in place of *h_p and *txn_p, which are of the present.  at_word may be
 * NULL: now.  For commands that ask without asking_open(). */
int asking_go_back(const char *at_word, hub **h_p, kv_txn **txn_p, date *ret_cutoff);

/* Say that the cut of that name cannot be computed here, and why.  Returns the exit
 * status. */
int asking_lacks(const char *name, const struct past_fault *fault);

/* Add to the JSON of an answer which moment it is of, "at": what can be given to
 * --at, an offset or a cut. */
void asking_tell_at(const hub *h, kv_txn *txn, json_t *object);

/* The same as text. */
enum { MOMENT_TEXT_BYTES = NAME_BYTES_MAX + 1 };
void asking_at_text(const hub *h, kv_txn *txn, char out[static MOMENT_TEXT_BYTES]);

/* A new object that has that already. */
json_t *asking_head(const struct asking *a);
/* The same with the cut-off. */
json_t *asking_head_to_date(const struct asking *a);

/* A child for the argp of such a command; its input is the struct asking. */
extern const struct argp asking_argp;
/* The same for one that asks of now alone: it has no --at. */
extern const struct argp asking_now_argp;

/* cli_parse() for a command that has no other options; doc is a msgid. */
void asking_parse(struct asking *a, const char *doc, int argc, char **argv);

/* Returns the exit status; what failed was explained.  Whatever it is,
 * asking_done() ends it. */
int asking_open(struct asking *a);
void asking_done(struct asking *a);

/* Look an indicator or an initiative up: *ret_code is word.  Returns the exit
 * status; an unknown one is explained, with the nearest. */
int asking_code(const struct asking *a, const char *word, struct text *ret_code);

/* Read a quarter of the plan's period that has begun, as 2025-Q4.  Returns the exit
 * status; what is none is explained. */
int asking_quarter(const struct asking *a, const char *word, uint64_t *ret_quarter);
/* Whether a quarter has begun and is of the period of p (NULL: of any); the same. */
int asking_check_quarter(const plan *p, uint64_t quarter);

/* What hub/ledger.h wants, to tell what became of events. */
struct ledger asking_ledger(const struct asking *a);

/* What hub/query.h wants. */
struct query asking_query(const struct asking *a);

/* "2025-11-14" */
json_t *json_date(date day);

/* The value of --from or --to: of a month, quarter or year the first day, or the last
 * one.  What is none ends the command with 64. */
void asking_day(struct argp_state *state, const char *option, const char *value, bool last,
                date *ret_day);

/* End the command of state with 64: the value of the option is no day, month,
 * quarter or year. */
void asking_wrong_period(struct argp_state *state, const char *option, const char *value);
