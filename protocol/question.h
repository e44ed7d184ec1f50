/* protocol/question.h - the frames by which a hub is asked from another place
 *
 * What a person types behind "valija-hub" travels as words, and what the command
 * prints comes back as it comes, then its exit status.  SPEC.md, section 19.
 * The hub sends only so far ahead of what the asker has taken, so neither of
 * them holds more than OUTPUT_AHEAD_MAX bytes, however long the answer is.
 *
 * What is checked here is form; which commands may be asked for, the hub decides.
 * Pure and thread safe.
 */
#pragma once

#include "protocol/codec.h"

/* What an ASK says under proto; a hub refuses any other. */
enum { QUESTION_VERSION = 1 };

/* The frames, and who sends each. */
typedef enum question_type {
	QUESTION_ASK,    /* asker: the command */
	QUESTION_OUT,    /* hub: a piece of what it prints; no bytes: it is at work */
	QUESTION_MORE,   /* asker: so much was taken */
	QUESTION_END,    /* hub: its exit status; the answer is whole */
	QUESTION_REFUSE, /* hub: why there is no answer, or no more of it */
	QUESTIONS_
} question_type;

/* What a piece of output belongs to. */
typedef enum output_stream {
	STREAM_OUTPUT = 1, /* standard output */
	STREAM_ERRORS = 2, /* standard error */
	STREAM_FILE = 3,   /* the file that an option of the command names */
	STREAMS_
} output_stream;

/* What travels is the name, never the number. */
typedef enum unanswered {
	UNANSWERED_VERSION,   /* "version": not spoken here */
	UNANSWERED_MALFORMED, /* "malformed" */
	UNANSWERED_ORDER,     /* "order": that message does not belong here */
	UNANSWERED_RIGHT,     /* "enrolment": this key may not ask (any more) */
	UNANSWERED_COMMAND,   /* "command": no command that only reads */
	UNANSWERED_BUSY,      /* "busy": too many questions at once */
	UNANSWERED_TIME,      /* "time": it took too long and was ended */
	UNANSWERED_FAULT,     /* "fault": the command did not come to its end */
	UNANSWERED_
} unanswered;

enum {
	QUESTION_LANGUAGE_MAX = 32,
	QUESTION_COLUMNS_MAX = 1000,
	QUESTION_STATUS_MAX = 255,
};

/* All frames in one structure; the fields of the others are 0 or empty. */
struct question {
	question_type type;
	struct text type_name;

	uint64_t version;     /* ASK */
	struct texts args;    /* ASK: the command and what stands behind it */
	struct text language; /* ASK: as LANGUAGE has it; empty: English */
	uint64_t columns;     /* ASK: of the terminal; 0: it goes to none */
	uint64_t stream;      /* OUT: output_stream */
	struct bytes bytes;   /* OUT */
	uint64_t taken;       /* MORE: of all OUT so far, see output_cost() */
	uint64_t status;      /* END */
	struct text code;     /* REFUSE */
	struct text text;     /* REFUSE: English, for a log */
};

/* Decode one frame.  ST_MALFORMED; ST_LIMIT; ST_UNKNOWN: a type that is not
 * known.  An ASK of another version may have other fields: then only type and
 * version are of use.  After a failure *ret_question holds nothing of use. */
status question_decode(const void *frame, size_t len, struct question *ret_question);

/* Replaces what w holds.  Values are not checked: see question_check(). */
status question_encode(const struct question *q, writer *w);

/* Whether an ASK that a person's words have filled is within its bounds; else
 * ST_LIMIT, or ST_MALFORMED for what is not UTF-8. */
status question_check(const struct question *ask);

const char *unanswered_name(unanswered code);
bool unanswered_of_name(struct text name, unanswered *ret_code);

/* Letters, digits and "_:@-": what may stand in LANGUAGE and names no file. */
bool language_valid(struct text word);

/* ---- how far the hub may go ahead ---- */

/* What an OUT of so many bytes counts: a frame is never for nothing. */
enum { OUTPUT_COST_MIN = 1024 };
uint64_t output_cost(size_t len);

/* The hub's end of one answer. */
struct output_flow {
	uint64_t sent, taken;
};

/* How many bytes the next OUT may have: 0 to OUTPUT_BYTES_MAX. */
size_t output_room(const struct output_flow *f);
void output_sent(struct output_flow *f, size_t len);
/* A MORE came.  False: it names what was not sent, or goes back. */
bool output_taken(struct output_flow *f, uint64_t taken);
