/* hub/asking.h - a command that asks: one moment of the hub, and a cut-off
 *
 * Everything such a command tells is read in one read transaction, so its
 * numbers belong together while the hub goes on storing.
 */
#pragma once

#include <argp.h>
#include <jansson.h>

#include "hub/bogota.h"
#include "hub/hub.h"
#include "hub/query.h"

struct asking {
	/* By the options --home, --cutoff and --json. */
	const char *home_option;
	bool has_cutoff;
	bool json;
	date cutoff; /* the last day that counts; default today in Bogota */

	/* By asking_open(). */
	hub *hub;
	kv_txn *txn;
	const plan *plan; /* in force */
};

/* A child for the argp of such a command; its input is the struct asking. */
extern const struct argp asking_argp;

/* cli_parse() for a command that has no other options; doc is a msgid. */
void asking_parse(struct asking *a, const char *doc, int argc, char **argv);

/* Returns the exit status; what failed was explained.  Whatever it is,
 * asking_done() ends it. */
int asking_open(struct asking *a);
void asking_done(struct asking *a);

/* Look an indicator or an initiative up: *ret_code is word.  Returns the exit
 * status; an unknown one is explained, with the nearest. */
int asking_code(const struct asking *a, const char *word, struct text *ret_code);

/* What hub/query.h wants. */
struct query asking_query(const struct asking *a);

/* "2025-11-14" */
json_t *json_date(date day);

/* End the command of state with 64: the value of the option is no day, month,
 * quarter or year. */
void asking_wrong_period(struct argp_state *state, const char *option, const char *value);
