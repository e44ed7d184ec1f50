#include "protocol/question.h"

#define AT(member) offsetof(struct question, member)

/* One row a key, in the order of the keys. */
enum row {
	ROW_ARGS,
	ROW_BYTES,
	ROW_CODE,
	ROW_COLUMNS,
	ROW_LANG,
	ROW_PROTO,
	ROW_STATUS,
	ROW_STREAM,
	ROW_T,
	ROW_TAKEN,
	ROW_TEXT,
	ROWS_
};

static const struct codec_field fields[ROWS_] = {
	[ROW_ARGS] = { "args", CODEC_TEXTS, AT(args), 0, QUESTION_ARGS_MAX, false },
	[ROW_BYTES] = { "bytes", CODEC_BIN, AT(bytes), 0, OUTPUT_BYTES_MAX, false },
	[ROW_CODE] = { "code", CODEC_CODE, AT(code), 0, 0, false },
	[ROW_COLUMNS] = { "columns", CODEC_UINT, AT(columns), 0, QUESTION_COLUMNS_MAX, false },
	[ROW_LANG] = { "lang", CODEC_TEXT, AT(language), 0, QUESTION_LANGUAGE_MAX, false },
	[ROW_PROTO] = { "proto", CODEC_UINT, AT(version), 0, UINT32_MAX, false },
	[ROW_STATUS] = { "status", CODEC_UINT, AT(status), 0, QUESTION_STATUS_MAX, false },
	[ROW_STREAM] = { "stream", CODEC_UINT, AT(stream), STREAM_OUTPUT, STREAM_FILE, false },
	[ROW_T] = { "t", CODEC_CODE, AT(type_name), 0, 0, true },
	[ROW_TAKEN] = { "taken", CODEC_UINT, AT(taken), 0, INT64_MAX, false },
	[ROW_TEXT] = { "text", CODEC_TEXT, AT(text), 0, TEXT_BYTES_MAX, false },
};

#define BIT(row) (UINT64_C(1) << (row))

static const struct {
	const char *name;
	uint64_t rows; /* all of them must be there */
} types[QUESTIONS_] = {
	[QUESTION_ASK] = { "ASK",
	                   BIT(ROW_ARGS) | BIT(ROW_COLUMNS) | BIT(ROW_LANG) | BIT(ROW_PROTO) },
	[QUESTION_OUT] = { "OUT", BIT(ROW_BYTES) | BIT(ROW_STREAM) },
	[QUESTION_MORE] = { "MORE", BIT(ROW_TAKEN) },
	[QUESTION_END] = { "END", BIT(ROW_STATUS) },
	[QUESTION_REFUSE] = { "REFUSE", BIT(ROW_CODE) | BIT(ROW_TEXT) },
};

static const char *const codes[UNANSWERED_] = {
	[UNANSWERED_VERSION] = "version", [UNANSWERED_MALFORMED] = "malformed",
	[UNANSWERED_ORDER] = "order",     [UNANSWERED_RIGHT] = "enrolment",
	[UNANSWERED_COMMAND] = "command", [UNANSWERED_BUSY] = "busy",
	[UNANSWERED_TIME] = "time",       [UNANSWERED_FAULT] = "fault",
};

const char *
unanswered_name(unanswered code)
{
	return (unsigned) code < UNANSWERED_ ? codes[code] : "?";
}

bool
unanswered_of_name(struct text name, unanswered *ret_code)
{
	for (int c = 0; c < UNANSWERED_; c++) {
		if (text_is(name, codes[c])) {
			*ret_code = (unanswered) c;
			return true;
		}
	}
	return false;
}

bool
language_valid(struct text word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != ':' && c != '@' &&
		    c != '-')
			return false;
	}
	return word.len <= QUESTION_LANGUAGE_MAX;
}

/* A version that is not spoken is told as that, whatever else is missing; what an
 * option of the language names becomes part of the name of a file. */
static status
check_ask(const struct question *q, uint64_t has)
{
	if ((has & BIT(ROW_PROTO)) && q->version != QUESTION_VERSION)
		return ST_OK;
	if (types[QUESTION_ASK].rows & ~has)
		return ST_MALFORMED;
	return language_valid(q->language) ? ST_OK : ST_MALFORMED;
}

status
question_decode(const void *frame, size_t len, struct question *ret_question)
{
	struct question *q = ret_question;
	reader r = reader_of(frame, len);
	uint64_t has;
	bool critical;

	*q = (struct question) { 0 };
	if (len > FRAME_BYTES_MAX)
		return ST_LIMIT;
	codec_read(&r, fields, ROWS_, q, &has, &critical);
	if (reader_end(&r) < 0)
		return r.st;
	for (int t = 0; t < QUESTIONS_; t++) {
		if (!text_is(q->type_name, types[t].name))
			continue;
		q->type = (question_type) t;
		if (critical)
			return ST_MALFORMED;
		if (t == QUESTION_ASK)
			return check_ask(q, has);
		return (types[t].rows & ~has) ? ST_MALFORMED : ST_OK;
	}
	return ST_UNKNOWN;
}

status
question_encode(const struct question *q, writer *w)
{
	struct question named = *q;

	named.type_name = text_of(types[q->type].name);
	writer_clear(w);
	codec_write(w, fields, ROWS_, &named, types[q->type].rows | BIT(ROW_T));
	return writer_status(w);
}

status
question_check(const struct question *ask)
{
	struct question named = *ask;
	size_t fault;

	named.type_name = text_of(types[QUESTION_ASK].name);
	return codec_check(fields, ROWS_, &named, types[QUESTION_ASK].rows | BIT(ROW_T), &fault);
}

uint64_t
output_cost(size_t len)
{
	return len > OUTPUT_COST_MIN ? len : OUTPUT_COST_MIN;
}

size_t
output_room(const struct output_flow *f)
{
	uint64_t ahead = f->sent - f->taken;

	if (ahead + OUTPUT_COST_MIN > OUTPUT_AHEAD_MAX)
		return 0;
	return OUTPUT_AHEAD_MAX - ahead < OUTPUT_BYTES_MAX ? OUTPUT_AHEAD_MAX - ahead
							   : OUTPUT_BYTES_MAX;
}

void
output_sent(struct output_flow *f, size_t len)
{
	f->sent += output_cost(len);
}

bool
output_taken(struct output_flow *f, uint64_t taken)
{
	if (taken > f->sent || taken < f->taken)
		return false;
	f->taken = taken;
	return true;
}
