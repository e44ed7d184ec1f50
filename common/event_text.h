/* common/event_text.h - what an event says, in few words for people
 *
 * For lists and lines of both programs, translated.  Of an event that could only be
 * read in part whatever there is is told.
 */
#pragma once

#include "protocol/event.h"

enum {
	EVENT_SAYS_BYTES = 96,
	/* one indicator, initiatives, one of three others, what a close declares */
	EVENT_CODES_BYTES = (2 + INITIATIVES_MAX + 2 * DECLARED_MAX) * (CODE_BYTES_MAX + 1) + 1,
	EVENT_DOUBTS_MAX = 3,
	PERCENT_TEXT_BYTES = 24,
	MONEY_TEXT_BYTES = 32,
};

/* "3" of an activity, "131" of a level, "in emb-argel", "62.5 %", "obligated/appropriated"
 * of a budget, "closed"; empty for other kinds. */
void event_says(const struct event *e, char ret_text[static EVENT_SAYS_BYTES]);

/* The kind and the status as people say them, translated; a kind that is not known here as
 * the event has it. */
void event_kind_text(const struct event *e, char ret_text[static EVENT_SAYS_BYTES]);
const char *event_status_text(event_status s);

/* The codes of what it is told for, parted by blanks: indicator and initiatives,
 * commitment, risk or project; of a close those with nothing to tell.  Whole with
 * EVENT_CODES_BYTES, else cut to size. */
void event_codes(const struct event *e, char *out, size_t size);

/* What does not add up in it, though it counts: msgids.  Returns how many. */
size_t event_doubts(const struct event *e, const char *ret_doubts[static EVENT_DOUBTS_MAX]);

/* "62.5", "62.55", "62" from hundredths. */
void percent_text(uint64_t hundredths, char ret_text[static PERCENT_TEXT_BYTES]);

/* "1.234.567" */
void money_text(uint64_t pesos, char ret_text[static MONEY_TEXT_BYTES]);
