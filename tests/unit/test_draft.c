#include <string.h>

#include "protocol/cut.h"
#include "protocol/draft.h"
#include "protocol/parts.h"
#include "tests/support/check.h"

enum { QUARTER = 2025 * 4 + 3 };

static uint8_t leaf[LEAF_BYTES];

static void
write_lock_document(writer *w, uint64_t quarter)
{
	const struct lock l = { quarter, { { leaf, sizeof(leaf) } } };

	leaf[FEED_BYTES + 7] = 1; /* its number */
	assert_status(lock_write(&l, w), ST_OK);
}

static void
write_cut_document(writer *w)
{
	static const uint8_t hash[HASH_BYTES];
	const struct cut c = {
		.cutoff = 20453,
		.plan = hash,
		.registry = hash,
		.set = hash,
		.state = hash,
	};

	assert_status(cut_write(&c, w), ST_OK);
}

static void
write_lock_draft(writer *w, uint64_t document_quarter, uint64_t quarter)
{
	const struct event head = { .kind = KIND_LOCK, .quarter = quarter };
	writer document;

	writer_init(&document);
	write_lock_document(&document, document_quarter);
	assert_status(draft_write(&head, writer_bytes(&document), w), ST_OK);
	writer_done(&document);
}

static void
a_cut_and_a_lock_come_back(void **ctx)
{
	const struct event cut = { .kind = KIND_CUT, .name = text_of("cierre de junio") };
	writer document, w;
	struct event head;
	struct bytes read;

	(void) ctx;
	writer_init(&document);
	writer_init(&w);
	write_cut_document(&document);
	assert_status(draft_write(&cut, writer_bytes(&document), &w), ST_OK);
	assert_status(draft_read(writer_bytes(&w).at, writer_bytes(&w).len, &head, &read), ST_OK);
	assert_int_equal(head.kind, KIND_CUT);
	assert_true(text_is(head.name, "cierre de junio"));
	assert_int_equal(read.len, writer_bytes(&document).len);
	assert_memory_equal(read.at, writer_bytes(&document).at, read.len);
	write_lock_draft(&w, QUARTER, QUARTER);
	assert_status(draft_read(writer_bytes(&w).at, writer_bytes(&w).len, &head, &read), ST_OK);
	assert_int_equal(head.kind, KIND_LOCK);
	assert_int_equal(head.quarter, QUARTER);
	writer_done(&document);
	writer_done(&w);
}

static void
a_lock_of_another_quarter_than_it_says_is_none(void **ctx)
{
	struct event head;
	struct bytes read;
	writer w;

	(void) ctx;
	writer_init(&w);
	write_lock_draft(&w, QUARTER, QUARTER - 1);
	assert_status(draft_read(writer_bytes(&w).at, writer_bytes(&w).len, &head, &read),
	              ST_MALFORMED);
	writer_done(&w);
}

static void
what_is_cut_off_or_changed_is_no_draft(void **ctx)
{
	struct event head;
	struct bytes read;
	uint8_t *copy;
	size_t len;
	writer w;

	(void) ctx;
	writer_init(&w);
	write_lock_draft(&w, QUARTER, QUARTER);
	len = writer_bytes(&w).len;
	if (len == 0)
		fail_msg("an empty draft was written");
	for (size_t i = 0; i < len; i++) {
		copy = malloc(i > 0 ? i : 1); /* exact, so that a sanitizer sees an overrun */
		assert_non_null(copy);
		memcpy(copy, writer_bytes(&w).at, i);
		assert_true(draft_read(copy, i, &head, &read) < 0);
		free(copy);
	}
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, writer_bytes(&w).at, len);
	for (size_t i = 0; i + 13 < len; i++) {
		if (memcmp(copy + i, "valija/draft/", 13) == 0)
			copy[i + 13] = '2';
	}
	assert_status(draft_read(copy, len, &head, &read), ST_VERSION);
	free(copy);
	writer_done(&w);
}

struct seen {
	size_t count, bytes;
	uint64_t parts;
};

static status
look(void *ctx, struct bytes body)
{
	struct seen *s = ctx;
	struct event e;

	assert_int_equal(event_decode(body, &e), HOLD_NONE);
	assert_int_equal(e.kind, KIND_LOCK);
	assert_int_equal(e.quarter, QUARTER);
	assert_true(text_is(e.by, "Ana"));
	assert_int_equal(e.part, ++s->count);
	s->bytes += e.data.len;
	s->parts = e.parts;
	assert_int_equal(e.total >= s->bytes, true);
	return ST_OK;
}

static void
a_document_becomes_parts_that_say_whose_they_are(void **ctx)
{
	const struct event head = { .has = EVENT_BIT(EVENT_BY),
		                    .kind = KIND_LOCK,
		                    .quarter = QUARTER,
		                    .at_ms = 1,
		                    .by = text_of("Ana") };
	static uint8_t noise[5 * PART_BYTES_MAX]; /* that nothing packs smaller */
	struct seen s = { 0 };
	uint32_t x = 1;

	(void) ctx;
	for (size_t i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t) (x >> 24);
	}
	assert_status(parts_cut(&head, (struct bytes) { noise, sizeof(noise) }, look, &s), ST_OK);
	assert_int_equal(s.count, s.parts);
	assert_true(s.count >= 5);
	assert_status(parts_cut(&head, (struct bytes) { noise, PLAN_BYTES_MAX + 1 }, look, &s),
	              ST_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_and_a_lock_come_back),
		cmocka_unit_test(a_lock_of_another_quarter_than_it_says_is_none),
		cmocka_unit_test(what_is_cut_off_or_changed_is_no_draft),
		cmocka_unit_test(a_document_becomes_parts_that_say_whose_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
