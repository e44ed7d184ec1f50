#include "tests/support/check.h"

#include <string.h>

#include "protocol/question.h"

static writer w;

static int
set_up(void **ctx)
{
	(void) ctx;
	writer_init(&w);
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	writer_done(&w);
	return 0;
}

static struct question
ask_of(const char *word)
{
	return (struct question) { .type = QUESTION_ASK,
		                   .version = QUESTION_VERSION,
		                   .args = { 1, { text_of(word) } },
		                   .language = text_of("es_CO:es") };
}

static status
decode_what_is_written(const struct question *q, struct question *ret)
{
	assert_status(question_encode(q, &w), ST_OK);
	return question_decode(writer_bytes(&w).at, writer_bytes(&w).len, ret);
}

static void
words_come_back_as_they_were_typed(void **ctx)
{
	struct question q = ask_of("state"), got;

	(void) ctx;
	q.args.list[q.args.count++] = text_of("");
	q.args.list[q.args.count++] = text_of("--unit=Ñ");
	q.columns = 132;
	assert_status(decode_what_is_written(&q, &got), ST_OK);
	assert_int_equal(got.args.count, 3);
	assert_true(text_is(got.args.list[0], "state"));
	assert_true(text_is(got.args.list[1], ""));
	assert_true(text_is(got.args.list[2], "--unit=Ñ"));
	assert_true(text_is(got.language, "es_CO:es"));
	assert_int_equal(got.columns, 132);
}

static void
words_are_bounded(void **ctx)
{
	static char longest[QUESTION_ARG_BYTES_MAX + 2];
	struct question q = ask_of(longest), got;

	(void) ctx;
	memset(longest, 'x', QUESTION_ARG_BYTES_MAX);
	q.args.list[0] = text_of(longest);
	for (q.args.count = 1; q.args.count < QUESTION_ARGS_MAX; q.args.count++)
		q.args.list[q.args.count] = text_of(longest);
	assert_status(question_check(&q), ST_OK);
	assert_status(decode_what_is_written(&q, &got), ST_OK);
	assert_true(writer_bytes(&w).len < FRAME_BYTES_MAX);

	longest[QUESTION_ARG_BYTES_MAX] = 'x';
	q = ask_of(longest);
	assert_status(question_check(&q), ST_LIMIT);
	assert_status(decode_what_is_written(&q, &got), ST_LIMIT);
}

static void
what_is_no_text_is_no_word(void **ctx)
{
	struct question q = ask_of("\xff"), got;

	(void) ctx;
	assert_status(question_check(&q), ST_MALFORMED);
	assert_status(decode_what_is_written(&q, &got), ST_MALFORMED);
}

static void
a_language_names_no_file(void **ctx)
{
	static const char *const bad[] = { "../x", "es/..", "es.UTF-8", "es CO", "es=" };
	struct question q = ask_of("state"), got;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(bad); i++) {
		q.language = text_of(bad[i]);
		assert_status(decode_what_is_written(&q, &got), ST_MALFORMED);
	}
	q.language = text_of("");
	assert_status(decode_what_is_written(&q, &got), ST_OK);
}

static void
another_version_is_told_as_that(void **ctx)
{
	struct question q = ask_of("state"), got;

	(void) ctx;
	q.version = 2;
	q.language = text_of("../x"); /* may mean something else there */
	assert_status(decode_what_is_written(&q, &got), ST_OK);
	assert_int_equal(got.version, 2);
}

static void
codes_have_their_names(void **ctx)
{
	(void) ctx;
	for (int c = 0; c < UNANSWERED_; c++) {
		unanswered code = UNANSWERED_;

		assert_true(unanswered_of_name(text_of(unanswered_name((unanswered) c)), &code));
		assert_int_equal(code, c);
	}
}

static void
no_more_goes_ahead_than_the_bound(void **ctx)
{
	struct output_flow f = { 0 };
	uint64_t bytes = 0;

	(void) ctx;
	for (size_t room; (room = output_room(&f)) > 0; bytes += room) {
		assert_true(room <= OUTPUT_BYTES_MAX);
		output_sent(&f, room);
	}
	assert_int_equal(bytes, OUTPUT_AHEAD_MAX);
	assert_true(output_taken(&f, 5000));
	assert_int_equal(output_room(&f), 5000);
}

static void
small_pieces_count_too(void **ctx)
{
	struct output_flow f = { 0 };
	unsigned frames = 0;

	(void) ctx;
	for (; output_room(&f) > 0; frames++)
		output_sent(&f, 1);
	assert_int_equal(frames, OUTPUT_AHEAD_MAX / OUTPUT_COST_MIN);
}

static void
who_takes_what_was_not_sent_is_not_believed(void **ctx)
{
	struct output_flow f = { 0 };

	(void) ctx;
	output_sent(&f, 5000);
	assert_false(output_taken(&f, 5001));
	assert_true(output_taken(&f, 5000));
	assert_false(output_taken(&f, 4999));
	assert_int_equal(f.taken, 5000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_back_as_they_were_typed),
		cmocka_unit_test(words_are_bounded),
		cmocka_unit_test(what_is_no_text_is_no_word),
		cmocka_unit_test(a_language_names_no_file),
		cmocka_unit_test(another_version_is_told_as_that),
		cmocka_unit_test(codes_have_their_names),
		cmocka_unit_test(no_more_goes_ahead_than_the_bound),
		cmocka_unit_test(small_pieces_count_too),
		cmocka_unit_test(who_takes_what_was_not_sent_is_not_believed),
	};

	return cmocka_run_group_tests_name("question", tests, set_up, tear_down);
}
