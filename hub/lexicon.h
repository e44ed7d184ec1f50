/* hub/lexicon.h - texts as small numbers
 *
 * Rows of the ledger name the same few hundred codes, units, countries and modes over and over.
 * Who adds rows up (hub/sums.h) compares, hashes and sorts two numbers of 8 bytes with these
 * instead of keys of fifty.
 *
 * A number stands for its text until lexicon_sort() or lexicon_forget(); 0 is always the empty
 * text.  Bounded: LEXICON_MAX texts.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"

typedef struct lexicon lexicon;

enum {
	LEXICON_MAX = UINT16_MAX, /* texts beside the empty one */
	LEXICON_TEXT_MAX = UINT8_MAX,
};

/* NULL: no memory. */
lexicon *lexicon_new(void);
void lexicon_free(lexicon **l_p);

/* Only the empty text is left. */
void lexicon_forget(lexicon *l);

/* How many texts it has beside the empty one. */
size_t lexicon_count(const lexicon *l);

/* The number of that text, which is copied when it is new.  ST_LIMIT: it is too long, or there
 * are too many.  ST_NOMEM. */
status lexicon_number(lexicon *l, struct text t, uint16_t *ret_number);

/* The text of a number that was given; behind it is a 0.  Valid until a text is added. */
struct text lexicon_text(const lexicon *l, uint16_t number);

/* Give out other numbers, which ascend as the texts do: by their bytes, a beginning before
 * what it begins.  *ret_now says for each number before which it is now, valid until the next
 * call of this.  ST_NOMEM: nothing was changed. */
status lexicon_sort(lexicon *l, const uint16_t **ret_now);
