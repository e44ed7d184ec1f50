/* tests/support/naive_pick.h - what the random worlds of ledger_naive.h are made of
 *
 * Events of every kind at few places, so that several devices tell of one, some of
 * them wrong; and the two plans that judge them.  Draws from tests/support/pick.h.
 */
#pragma once

#include <jansson.h>

#include "protocol/event.h"
#include "tests/support/ledger_naive.h"

/* Of the devices by their place: "con-a,con-b". */
extern const char *const naive_units[NAIVE_DEVICES];

/* A first version of any kind but void; n gets what it says, and its kind. */
struct event naive_pick_record(struct naive_event *n);
/* The same of a void; its targets are the caller's, and so is n->kind. */
struct event naive_pick_void(struct naive_event *n);

/* Let it replace one or more of all, now and then one that nobody has. */
void naive_pick_targets(const struct naive *all, struct naive_event *n, struct event *e);

/* The plan of the devices, version 3, or the next one, version 4.  The caller's. */
json_t *naive_plan(bool next);
