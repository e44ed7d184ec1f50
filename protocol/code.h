/* protocol/code.h - how alike two codes are
 *
 * To answer an unknown code or key with the one that was probably meant.
 * (code_valid() of protocol/reader.h says what a code is.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* How many letters must be put in, left out, changed, or exchanged with their
 * neighbour to make b of a (both end with 0); case is no difference.  Texts
 * over CODE_BYTES_MAX are as far as can be: SIZE_MAX. */
size_t code_distance(const char *a, const char *b);

/* True when a person who wrote a word of len bytes may have meant another one
 * that lies distance away. */
bool code_near(size_t distance, size_t len);

/* The next letter of a word as codes have it: in lower case, a Spanish letter
 * without its mark, '-' for a blank or '_'.  Moves *at (UTF-8) behind it; 0 at
 * the end.  Bytes of other letters come one by one, as they are. */
int code_letter(const char **at);
