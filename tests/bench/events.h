/* tests/bench/events.h - what units abroad may have recorded in four years
 *
 * Event n of a seed is always the same, whatever was made before it.  The numbers of
 * events are the order of recording: days go from 2023-01-01 to 2026-12-31, each entry
 * one day to two weeks after its day.
 *
 *   what      60 % days of consular service (IND-1; four modes, 45, 30, 15 and 10 %),
 *             15 % of IND-6 (four modes), 25 % one or two of six initiatives of the unit
 *   unit      of those of the device, the first half as often again as the other
 *   place     one of twelve of the unit, the first ones most often
 *   quantity  1 in nine of ten, else 2 to 6
 *   status    96 % done, 2 % planned for later, 2 % cancelled or moved
 *   counts    attended (8 to 400, mostly few) in 90 % of IND-1 and 65 % of all else; of IND-1
 *             procedures in 40 %, and in one of ten three kinds of them; one in twenty has a
 *             number of a differential actor
 *   by        one of three people of the unit
 *   note      as many as is asked for: one of twelve sentences with names and numbers in
 *             it, in a third of them two
 */
#pragma once

#include "protocol/event.h"

struct bench_events {
	uint64_t seed;
	uint64_t total; /* so many fill the four years */
	unsigned note_percent;
	const struct codes *units;
};

/* An event and the texts it points to: not to be copied. */
struct bench_event {
	struct event event;
	char note[400];
	char place[80];
};

void bench_event_make(const struct bench_events *all, uint64_t n, struct bench_event *ret_event);

/* The same entry with other counts, recorded as event n; the caller sets fixes. */
void bench_event_correct(const struct bench_events *all, uint64_t n, uint64_t root,
                         struct bench_event *ret_event);
