#include "tests/support/check.h"

#include <string.h>

#include "protocol/message.h"

static const uint8_t some_bytes[SIGNATURE_BYTES] = "bytes of whatever kind";

/* A message with every field set to something that is not its zero. */
static struct message
filled(message_type type)
{
	struct message m = {
		.type = type,
		.protocol = 1,
		.round = 2,
		.feed = some_bytes,
		.points = { 2, { { 5, "five" }, { 0, "none" } } },
		.tip = { 5, "five" },
		.plan = 3,
		.registry = 4,
		.clock_ms = -1,
		.program = text_of("valija-agent 0.1.0"),
		.pending = 6,
		.hub = some_bytes,
		.boot = UINT64_MAX,
		.known = { 4, "four" },
		.beyond = 7,
		.onward = 6,
		.credit = 8,
		.standing = 9,
		.batch = { some_bytes, 10 },
		.end = { 6, "six" },
		.receipt = some_bytes,
		.what = text_of("plan"),
		.version = 11,
		.offset = 12,
		.total = 13,
		.bytes = { some_bytes, 14 },
		.signature = some_bytes,
		.code = text_of("busy"),
		.text = text_of("the disk is full"),
	};

	return m;
}

static void
every_message_comes_back_as_it_was(void **ctx)
{
	writer w, again;

	(void) ctx;
	writer_init(&w);
	writer_init(&again);
	for (int t = 0; t < MESSAGES_; t++) {
		struct message in = filled((message_type) t), out;

		assert_status(message_encode(&in, &w), ST_OK);
		assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out),
		              ST_OK);
		assert_int_equal(out.type, t);
		assert_status(message_encode(&out, &again), ST_OK);
		assert_int_equal(writer_bytes(&w).len, writer_bytes(&again).len);
		assert_memory_equal(writer_bytes(&w).at, writer_bytes(&again).at,
		                    writer_bytes(&w).len);
	}
	writer_done(&w);
	writer_done(&again);
}

/* They came later: who does not tell them is served all the same. */
static void
facts_of_the_machine_are_told_or_not(void **ctx)
{
	const message_type types[] = { MESSAGE_HELLO, MESSAGE_PING };
	writer w;

	(void) ctx;
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(types); i++) {
		struct message in = filled(types[i]), out;

		in.disk_bytes = 15;
		in.oldest_ms = 16;
		assert_status(message_encode(&in, &w), ST_OK);
		assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out),
		              ST_OK);
		assert_false(out.has_facts);
		in.has_facts = true;
		assert_status(message_encode(&in, &w), ST_OK);
		assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out),
		              ST_OK);
		assert_true(out.has_facts);
		assert_int_equal(out.disk_bytes, 15);
		assert_int_equal(out.oldest_ms, 16);
	}
	writer_done(&w);
}

/* Without any one of its keys a message is malformed: cut a message to a map
 * of one pair less, pair by pair. */
static void
every_field_is_required(void **ctx)
{
	writer w, less;

	(void) ctx;
	writer_init(&w);
	writer_init(&less);
	for (int t = 0; t < MESSAGES_; t++) {
		struct message in = filled((message_type) t), out;
		size_t pairs;

		assert_status(message_encode(&in, &w), ST_OK);
		reader head = reader_of(writer_bytes(&w).at, writer_bytes(&w).len);
		pairs = reader_map(&head, 32);
		for (size_t skip = 0; skip < pairs; skip++) {
			reader r = head;
			struct text last = { NULL, 0 }, left_out = { NULL, 0 };

			writer_clear(&less);
			writer_map(&less, pairs - 1);
			for (size_t i = 0; i < pairs; i++) {
				const uint8_t *from = r.at;

				reader_key(&r, &last);
				reader_skip(&r);
				if (i != skip)
					writer_raw(&less, from, (size_t) (r.at - from));
				else
					left_out = last;
			}
			if ((t == MESSAGE_PONG && text_is(left_out, "registry")) ||
			    (t == MESSAGE_WELCOME && text_is(left_out, "onward")))
				continue; /* an older hub does not tell it */
			if (message_decode(writer_bytes(&less).at, writer_bytes(&less).len, &out) !=
			    ST_MALFORMED)
				fail_msg("%s without its field %zu was taken",
				         message_name((message_type) t), skip);
		}
	}
	writer_done(&w);
	writer_done(&less);
}

static void
an_unknown_type_is_told_from_garbage(void **ctx)
{
	struct message m;

	(void) ctx;
	assert_status(message_decode("\x81\xa1t\xa3NEW", 7, &m), ST_UNKNOWN);
	assert_status(message_decode("GET / HTTP/1.1\r\n", 16, &m), ST_MALFORMED);
	assert_status(message_decode("", 0, &m), ST_MALFORMED);
	assert_status(message_decode("\x80", 1, &m), ST_MALFORMED);
}

static void
a_key_that_must_be_understood_is_not_passed_over(void **ctx)
{
	struct message m;

	(void) ctx;
	assert_status(message_decode("\x83\xa1+\x01\xa5round\x01\xa1t\xa4WANT", 18, &m), ST_OK);
	assert_status(message_decode("\x83\xa1!\x01\xa5round\x01\xa1t\xa4WANT", 18, &m),
	              ST_MALFORMED);
}

static void
sizes_are_bounded(void **ctx)
{
	static uint8_t big[FRAME_BYTES_MAX + 1];
	struct message in = filled(MESSAGE_PUSH), out;
	writer w;

	(void) ctx;
	assert_status(message_decode(big, sizeof(big), &out), ST_LIMIT);
	writer_init(&w);
	in.batch = (struct bytes) { big, BATCH_BYTES_MAX };
	assert_status(message_encode(&in, &w), ST_OK);
	assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out), ST_OK);
	in.batch.len++;
	assert_status(message_encode(&in, &w), ST_OK);
	assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out), ST_LIMIT);
	in = filled(MESSAGE_WANT);
	in.round = 0;
	assert_status(message_encode(&in, &w), ST_OK);
	assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out), ST_LIMIT);
	in = filled(MESSAGE_WELCOME);
	in.gaps.count = GAPS_TOLD_MAX + 1;
	assert_status(message_encode(&in, &w), ST_OK);
	assert_status(message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &out), ST_LIMIT);
	writer_done(&w);
}

static void
names_and_codes_agree(void **ctx)
{
	refusal code = REFUSAL_BUSY;
	document what = DOCUMENT_PLAN;

	(void) ctx;
	for (int c = 0; c < REFUSALS_; c++) {
		assert_true(refusal_of_name(text_of(refusal_name((refusal) c)), &code));
		assert_int_equal(code, c);
	}
	assert_false(refusal_of_name(text_of("nonsense"), &code));
	for (int d = 0; d < DOCUMENTS_; d++) {
		assert_true(document_of_name(text_of(document_name((document) d)), &what));
		assert_int_equal(what, d);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_comes_back_as_it_was),
		cmocka_unit_test(facts_of_the_machine_are_told_or_not),
		cmocka_unit_test(every_field_is_required),
		cmocka_unit_test(an_unknown_type_is_told_from_garbage),
		cmocka_unit_test(a_key_that_must_be_understood_is_not_passed_over),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(names_and_codes_agree),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
