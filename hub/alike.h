/* hub/alike.h - entries that look like one thing told twice
 *
 * Two consulates of one city, or two people of one consulate, may each record the same
 * day.  Nothing in the entries says so for sure: each counts, and a person is shown those
 * that are alike.
 *
 * Alike are activities that count (done, and the version that stands) of the same unit,
 * indicator, initiatives, first date, mode and place; a place is the same without regard
 * to capitals and to blanks around and between its words.
 */
#pragma once

#include "hub/event_pile.h"

/* Of group (from 1) all are alike. */
typedef status alike_visit(void *ctx, size_t group, const struct piled *entry, struct bytes body);

/* Each entry that is like another one, by date, unit and group; within a group in the order
 * in which they came.  Only dates of the period are looked at.  All batches are read twice;
 * memory is held for 16 bytes an activity, and for the entries told.  Returning other than
 * ST_OK ends the walk with that. */
status
alike_each(struct ledger *l, const struct plan_period *period, alike_visit *visit, void *ctx);
