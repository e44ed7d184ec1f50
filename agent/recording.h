/* agent/recording.h - one typed entry on its way into the outbox
 *
 * What the commands that record have in common.  The REF on standard output is a
 * promise: it is printed after the commit is on disk, and nothing else is printed
 * there, so that scripts can keep it.
 */
#pragma once

#include "agent/entry_options.h"
#include "agent/outbox.h"

struct recording {
	struct entry_options options;
	event_kind kind;
	const char *key;          /* the person's own name for the entry, or NULL */
	const char *const *words; /* fields typed without an option, ended by NULL; or NULL */
	size_t word_count;        /* of them, typed so far; see recording_parse() */

	/* Called with the plan (NULL: none) to complete the entry; returns an exit
	 * status.  May be NULL, like the next. */
	int (*complete)(struct recording *r, plan_table *table);
	/* Called with what is about to be stored: what a person should hear first. */
	int (*announce)(outbox *box, const struct event *e);
};

/* The argp parser of commands whose words are fields of entry_fields[], in their order;
 * state->input is the recording.  A word behind a list belongs to that. */
error_t recording_parse(int key, char *arg, struct argp_state *state);

/* Check it, store it, tell its REF.  Returns the exit status; r->options is done with. */
int recording_run(struct recording *r);
