/* protocol/limits.h - every size a peer, a file or a person controls
 *
 * One table: SPEC.md prints it (a test compares), the programs print it with
 * --help, and each limit is tested at the bound and one beyond.  A value here
 * is part of the format: it may grow with a new protocol version, never
 * shrink, since events that once were valid stay stored.
 *
 * Lengths are bytes of UTF-8, so a letter with a mark takes two.  Where a number
 * was not simply chosen, it follows from another:
 *
 *   PARTS_MAX            parts of PART_BYTES_MAX that PLAN_BYTES_MAX makes
 *   LEAVES_MAX           their 72 bytes each, and little more, are within PLAN_BYTES_MAX
 *   PART_BYTES_MAX       an event with one part, and its keys, is within
 *                        EVENT_BYTES_MAX
 *   BATCH_BYTES_MAX      an event of any size fits, though zstd find nothing in it
 *   BATCH_RAW_BYTES_MAX  what a frame can make its reader unpack, and the one
 *                        buffer that a reader needs for all of them
 *   FRAME_BYTES_MAX      twice a batch, so that keys of later versions have room
 *   POINTS_MAX           doubling steps back from the greatest number, and three
 *                        points more, are 66
 *   QUESTION_ARG_BYTES_MAX  as many words of that length are within FRAME_BYTES_MAX
 *   EVENTS_BYTES_MAX     any one batch fits, packed once more
 *   CREDIT_BYTES_MIN     whoever has credit at all may send any one batch
 *
 * What only one program decides for itself (time-outs, buffers, batches in
 * flight) is in that program's or module's own enum, not here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/msgid.h"

/*      name                   value    unit      what it bounds */
/* clang-format off */
#define LIMITS(X)                                                                             \
	X(EVENT_BYTES_MAX,      16384,   "bytes",  N_("one event"))                            \
	X(EVENT_DEPTH_MAX,      8,       "levels", N_("nesting of unknown values"))            \
	X(KEY_BYTES_MAX,        16,      "bytes",  N_("a key of a map"))                       \
	X(CODE_BYTES_MAX,       32,      "bytes",  N_("a code, of A-Z a-z 0-9 . -"))           \
	X(NOTE_BYTES_MAX,       4000,    "bytes",  N_("a note, or the reason of a correction")) \
	X(PLACE_BYTES_MAX,      200,     "bytes",  N_("a place"))                              \
	X(NAME_BYTES_MAX,       200,     "bytes",  N_("a name, of a person or of a file"))     \
	X(QUANTITY_MAX,         9999,    "",       N_("the quantity of one activity"))         \
	X(COUNT_VALUE_MAX,      9999999, "",       N_("a secondary count, or one by group"))   \
	X(INITIATIVES_MAX,      8,       "",       N_("initiatives of one activity"))          \
	X(COUNTS_MAX,           32,      "",       N_("secondary counts of one activity"))     \
	X(GROUPS_MAX,           8,       "",       N_("differential actors of one activity"))  \
	X(EVIDENCES_MAX,        16,      "",       N_("evidences of one activity"))            \
	X(DECLARED_MAX,         32,      "",       N_("indicators declared with a closed quarter")) \
	X(PERCENT_MAX,          10000,   "",       N_("a percentage, in hundredths of a percent")) \
	X(FIXES_MAX,            8,       "",       N_("versions that one correction replaces")) \
	X(VERSIONS_MAX,         1000,    "",       N_("versions of one record"))               \
	X(PART_BYTES_MAX,       12288,   "bytes",  N_("one numbered part of a plan event"))    \
	X(PARTS_MAX,            86,      "",       N_("parts of one plan"))                    \
	X(PLAN_BYTES_MAX,       1048576, "bytes",  N_("a plan document"))                      \
	X(LEAVES_MAX,           14000,   "",       N_("lanes that one cut or lock names"))      \
	X(BATCH_BYTES_MAX,      65536,   "bytes",  N_("one batch as sent"))                    \
	X(BATCH_RAW_BYTES_MAX,  524288,  "bytes",  N_("the bodies of one batch, unpacked"))    \
	X(BATCH_EVENTS_MAX,     4096,    "",       N_("events of one batch"))                  \
	X(COLUMNS_MAX,          64,      "",       N_("columns of a packed batch"))            \
	X(HOLES_MAX,            8192,    "",       N_("holes of all shapes of a packed batch")) \
	X(FRAME_BYTES_MAX,      131072,  "bytes",  N_("one message"))                          \
	X(POINTS_MAX,           72,      "",       N_("points of one HELLO"))                  \
	X(GAPS_TOLD_MAX,        8,       "",       N_("gaps named in one WELCOME"))            \
	X(DOWN_PART_BYTES_MAX,  8192,    "bytes",  N_("one PART of a document"))               \
	X(STANDING_BYTES_MAX,   262144,  "bytes",  N_("a standing, unpacked"))                 \
	X(STANDING_HELD_MAX,    500,     "",       N_("held events listed in a standing"))     \
	X(STANDING_OTHERS_MAX,  500,     "",       N_("entries that other devices replaced, listed in a standing")) \
	X(EVENTS_BYTES_MAX,     131072,  "bytes",  N_("one document of events, packed or unpacked")) \
	X(EVENTS_BATCHES_MAX,   256,     "",       N_("batches in one document of events"))    \
	X(TEXT_BYTES_MAX,       400,     "bytes",  N_("the text of a REFUSE"))                 \
	X(LANES_MAX,            256,     "",       N_("lanes of one feed"))                    \
	X(GAPS_MAX,             64,      "",       N_("gaps of one feed"))                     \
	X(UNITS_MAX,            64,      "",       N_("units of one device"))                  \
	X(CONNECTIONS_MAX,      4,       "",       N_("connections of one feed"))              \
	X(CREDIT_BYTES_MIN,     65536,   "bytes",  N_("the least credit that is not zero"))    \
	X(CREDIT_BYTES_MAX,     4194304, "bytes",  N_("the greatest credit"))                  \
	X(QUESTION_ARGS_MAX,    64,      "",       N_("words of one question"))                \
	X(QUESTION_ARG_BYTES_MAX, 1024,  "bytes",  N_("one word of a question"))               \
	X(OUTPUT_BYTES_MAX,     16384,   "bytes",  N_("one OUT of an answer"))                 \
	X(OUTPUT_AHEAD_MAX,     262144,  "bytes",  N_("OUT that the asker has not taken yet"))
/* clang-format on */

/* As constants, for arrays and comparisons. */
#define LIMIT_ENUM(name, value, unit, what) name = (value),
enum limit { LIMITS(LIMIT_ENUM) };
#undef LIMIT_ENUM

/* For who prints the table. */
struct limit_row {
	const char *name;
	uint32_t value;
	const char *unit; /* "" for a plain number */
	const char *what; /* msgid: what it bounds */
};

/* The table as data, in the order above. */
extern const struct limit_row limit_rows[];
extern const size_t limit_row_count;
