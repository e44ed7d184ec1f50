/* protocol/codec.h - maps with named fields, from one table a kind of map
 *
 * Events, messages, batches and requests are all maps with short string keys
 * in ascending order.  A table of fields says how each is read, bounded and
 * written, so there is one decoder and one encoder for all of them.
 *
 * The structure behind a table starts with whatever its owner likes; a field
 * names the offset of its member.  Which fields were there is a bit mask, bit
 * n for row n of the table: so at most 64 rows, in ascending order of their
 * keys (tests walk each table).  A member whose bit is not set has the value it
 * had before codec_read(), so structures are zeroed first.
 *
 * What is read points into the bytes read.  Integers out of their bounds and
 * what is too long are ST_LIMIT, all else that is wrong ST_MALFORMED.  The tables
 * are constant and nothing is kept between two calls: thread safe.
 */
#pragma once

#include "protocol/limits.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

/* What a value is, and the type that the member at its offset must have: nothing
 * but the table says so, the compiler cannot. */
typedef enum codec_type {
	CODEC_UINT,      /* uint64_t, min..max */
	CODEC_INT,       /* int64_t, min..max */
	CODEC_TEXT,      /* struct text, at most max bytes */
	CODEC_CODE,      /* struct text, a code */
	CODEC_BIN,       /* struct bytes, at most max */
	CODEC_FIXED,     /* const uint8_t *, exactly max bytes */
	CODEC_POINT,     /* struct point */
	CODEC_POINTS,    /* struct points, at most max */
	CODEC_CODES,     /* struct codes: ascending, no two alike, 1..max */
	CODEC_TALLIES,   /* struct tallies: map of code to number, 1..max */
	CODEC_EVIDENCES, /* struct evidences, 1..max */
	CODEC_FIXES,     /* struct fixes, 1..max */
	CODEC_TEXTS,     /* struct texts, 1..max */
} codec_type;

enum { FIELD_KEY_BYTES = 16 };

/* A row of a table.  min counts for the two kinds of integer only; max is a
 * number, or bytes, or elements, as the type says, and 0 where the type alone
 * bounds the value (a code, a point).  required is for what every map of that
 * table has; what only some have its owner checks by the bit mask. */
struct codec_field {
	char key[FIELD_KEY_BYTES]; /* with zeros behind it */
	codec_type type;
	size_t offset;
	int64_t min;
	uint64_t max;
	bool required;
};

/* The lists below have room for the longest one of their type; the max of a
 * field is never above that.  They are part of the structure read, so reading
 * one allocates nothing; count says how much of list holds anything. */

/* Places in a feed, in any order. */
struct points {
	size_t count;
	struct point list[POINTS_MAX];
};

/* Units or initiatives. */
struct codes {
	size_t count;
	struct text list[UNITS_MAX];
};

/* A number with a name: "attended 180". */
struct tally {
	struct text name;
	uint64_t value;
};

/* Ascending by name, none twice. */
struct tallies {
	size_t count;
	struct tally list[COUNTS_MAX];
};

/* A file that proves an event: kept by who recorded it, named here by hash. */
struct evidence {
	struct text name;
	uint64_t size_bytes;
	const uint8_t *hash; /* BLAKE2b-256 of its content */
};

/* In any order. */
struct evidences {
	size_t count;
	struct evidence list[EVIDENCES_MAX];
};

/* One version that a correction replaces.  The hash goes with the number because
 * a number alone names one event a lane, not one event. */
struct fix {
	uint64_t seq;
	const uint8_t *hash; /* the first HASH_PREFIX_BYTES of its chain hash */
	const uint8_t *feed; /* NULL: the feed of the correction itself */
};

struct fixes {
	size_t count;
	struct fix list[FIXES_MAX];
};

/* Words of a question, in their order; each may be empty. */
struct texts {
	size_t count;
	struct text list[QUESTION_ARGS_MAX]; /* of at most QUESTION_ARG_BYTES_MAX */
};

/* Read one map into out.  *ret_has gets the fields found; *ret_critical is
 * true when an unknown key begins with '!': what that means is the caller's to
 * say.  Unknown keys are passed over, checked for form.  A required field that is
 * missing is ST_MALFORMED.
 * Errors stick to r; out then holds nothing of use. */
void codec_read(reader *r, const struct codec_field *fields, size_t field_count, void *out,
                uint64_t *ret_has, bool *ret_critical);

/* Write the fields of in whose bit is set in has.  Values are not looked at: who
 * fills the structure from outside asks codec_check() first. */
void codec_write(writer *w, const struct codec_field *fields, size_t field_count, const void *in,
                 uint64_t has);

/* ST_OK, or the error codec_read() would give for the fields set in has: for a
 * structure that a person's input has filled.  *ret_field is then the row, the
 * first that is wrong; it is not written on success.  ST_NOMEM: a value is written
 * to memory of its own and read back. */
status codec_check(const struct codec_field *fields, size_t field_count, const void *in,
                   uint64_t has, size_t *ret_field);
