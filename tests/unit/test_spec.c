/* SPEC.md is read as data: its examples must be what this code computes, and
 * its table of limits must be that of limits.h. */
#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/cut.h"
#include "protocol/event.h"
#include "protocol/identity.h"
#include "protocol/message.h"
#include "protocol/question.h"
#include "protocol/sent_back.h"

static char *spec;
static uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES];
static uint8_t hub[FEED_BYTES], hub_secret[SIGN_SECRET_BYTES];

/* The value behind "name = " in the block "```example block", as a fresh
 * string. */
static char *
value_of(const char *block, const char *name)
{
	char head[80], line[80];
	const char *at, *end, *stop;
	char *copy;

	snprintf(head, sizeof(head), "```example %s\n", block);
	snprintf(line, sizeof(line), "\n%s = ", name);
	at = strstr(spec, head);
	if (!at)
		fail_msg("SPEC.md has no example %s", block);
	at += strlen(head) - 1;
	stop = strstr(at, "\n```");
	at = strstr(at, line);
	if (!stop || !at || at > stop)
		fail_msg("SPEC.md: example %s has no %s", block, name);
	at += strlen(line);
	end = strchr(at, '\n');
	copy = strndup(at, (size_t) (end - at));
	assert_non_null(copy);
	return copy;
}

static void
assert_example(const char *block, const char *name, const void *at, size_t len)
{
	char *want = value_of(block, name), *got = malloc(2 * len + 1);

	assert_non_null(got);
	hex_encode(at, len, got);
	if (strcmp(want, got) != 0)
		fail_msg("example %s, %s: computed\n%s\nbut SPEC.md says\n%s", block, name, got,
		         want);
	free(want);
	free(got);
}

static void
assert_example_text(const char *block, const char *name, const char *got)
{
	char *want = value_of(block, name);

	assert_string_equal(got, want);
	free(want);
}

static void
keys_from_seed(const char *name, uint8_t *ret_public, uint8_t *ret_secret)
{
	char *hex = value_of("keys", name);
	uint8_t seed[32];

	assert_true(hex_decode(hex, strlen(hex), seed, sizeof(seed)));
	crypto_sign_seed_keypair(ret_public, ret_secret, seed);
	free(hex);
}

static int
read_spec(void **ctx)
{
	FILE *f = fopen(SOURCE_ROOT "/protocol/SPEC.md", "rb");
	bool whole = false;
	long len = 0;

	(void) ctx;
	if (!f)
		return -1;
	if (fseek(f, 0, SEEK_END) == 0)
		len = ftell(f);
	rewind(f);
	if (len > 0)
		spec = calloc(1, (size_t) len + 1);
	if (spec)
		whole = fread(spec, 1, (size_t) len, f) == (size_t) len;
	fclose(f);
	if (!whole)
		return -1;
	keys_from_seed("device-seed", feed, secret);
	keys_from_seed("hub-seed", hub, hub_secret);
	return 0;
}

static int
drop_spec(void **ctx)
{
	(void) ctx;
	free(spec);
	return 0;
}

static void
the_keys_and_the_request_are_those_of_the_examples(void **ctx)
{
	struct codes units = { 1, { text_of("con-houston") } };
	char print[FINGERPRINT_TEXT_BYTES], device[DEVICE_TEXT_BYTES];
	uint8_t curve[CURVE_BYTES];
	char *hex = value_of("keys", "curve");
	struct request r;
	writer w;

	(void) ctx;
	assert_true(hex_decode(hex, strlen(hex), curve, sizeof(curve)));
	free(hex);
	writer_init(&w);
	assert_status(request_encode(feed, secret, curve, &units, &w), ST_OK);
	assert_example("keys", "feed", feed, FEED_BYTES);
	assert_example("keys", "hub", hub, FEED_BYTES);
	assert_example("keys", "request", writer_bytes(&w).at, writer_bytes(&w).len);
	assert_status(request_decode(writer_bytes(&w).at, writer_bytes(&w).len, &r), ST_OK);
	fingerprint(&r, print);
	assert_example_text("keys", "fingerprint", print);
	device_text(feed, device);
	assert_example_text("keys", "device", device);
	writer_done(&w);
}

static struct bytes
activity(writer *w)
{
	struct event e = {
		.kind = KIND_ACTIVITY,
		.has = EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_COUNTS) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_MODE) |
			EVENT_BIT(EVENT_PLACE) | EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_UNIT) |
			EVENT_BIT(EVENT_UNTIL),
		.at_ms = 1763136000000,
		.by = text_of("Ana Núñez"),
		.counts = { 2, { { text_of("attended"), 180 }, { text_of("procedures"), 220 } } },
		.date = 20406,
		.indicator = text_of("IND-1"),
		.mode = text_of("consulado-movil"),
		.place = text_of("A Coruña, Centro Ágora"),
		.quantity = 1,
		.unit = text_of("con-madrid"),
		.until = 20407,
	};
	event_field fault;

	assert_status(event_encode(&e, w, &fault), ST_OK);
	return writer_bytes(w);
}

static struct bytes
void_of(const struct point *target, writer *w)
{
	struct event e = {
		.kind = KIND_VOID,
		.has = EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_WHY),
		.at_ms = 1763222400000,
		.fixes = { 1, { { target->seq, target->hash, NULL } } },
		.unit = text_of("con-madrid"),
		.why = text_of("duplicate of entry 2"),
	};
	event_field fault;

	assert_status(event_encode(&e, w, &fault), ST_OK);
	return writer_bytes(w);
}

static void
hash_of(const char *block, const char *name, uint8_t out[static HASH_BYTES])
{
	char *hex = value_of(block, name);

	assert_true(hex_decode(hex, strlen(hex), out, HASH_BYTES));
	free(hex);
}

static void
a_cut_and_a_lock_are_those_of_the_examples(void **ctx)
{
	static const uint8_t no_plan[HASH_BYTES];
	uint8_t registry[HASH_BYTES], set[HASH_BYTES], state[HASH_BYTES], leaf[LEAF_BYTES];
	const struct leaves leaves = { { leaf, sizeof(leaf) } };
	const struct lock l = { 8103, leaves };
	const struct cut c = {
		.cutoff = 20453,
		.has_period = true,
		.period = 8103,
		.leaves = leaves,
		.plan = no_plan,
		.registry = registry,
		.set = set,
		.state = state,
	};
	writer w;

	(void) ctx;
	memcpy(leaf, feed, FEED_BYTES);
	put_u64(leaf + FEED_BYTES, 2);
	hash_of("chain", "h2", leaf + FEED_BYTES + 8);
	hash_of("digest", "registry", registry);
	hash_of("digest", "set", set);
	hash_of("digest", "state", state);
	writer_init(&w);
	assert_status(cut_write(&c, &w), ST_OK);
	assert_example("cut", "document", writer_bytes(&w).at, writer_bytes(&w).len);
	assert_status(lock_write(&l, &w), ST_OK);
	assert_example("lock", "document", writer_bytes(&w).at, writer_bytes(&w).len);
	writer_done(&w);
}

/* What no example of the table below has to say again. */
static void
assert_event(const char *block, struct event e, uint64_t has)
{
	event_field fault;
	writer w;

	e.has = has | EVENT_BIT(EVENT_UNIT);
	e.at_ms = 1763222400000;
	e.quarter = 8103;
	if (!e.unit.at)
		e.unit = text_of("con-madrid");
	writer_init(&w);
	assert_status(event_encode(&e, &w, &fault), ST_OK);
	assert_example(block, "body", writer_bytes(&w).at, writer_bytes(&w).len);
	writer_done(&w);
}

static void
a_level_and_a_thing_are_those_of_the_examples(void **ctx)
{
	(void) ctx;
	assert_event("event-level",
	             (struct event) {
			     .kind = KIND_LEVEL,
			     .indicator = text_of("IND-2"),
			     .value = 131,
		     },
	             EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_QUARTER) |
	                     EVENT_BIT(EVENT_VALUE));
	assert_event("event-thing",
	             (struct event) {
			     .kind = KIND_THING,
			     .date = 20406,
			     .indicator = text_of("IND-2"),
			     .thing = text_of("con-auckland"),
			     .name = text_of("Consulado en Auckland"),
			     .unit = text_of("con-auckland"),
		     },
	             EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_THING) |
	                     EVENT_BIT(EVENT_NAME));
}

static void
what_is_told_once_a_quarter_is_that_of_the_examples(void **ctx)
{
	(void) ctx;
	assert_event("event-progress",
	             (struct event) {
			     .kind = KIND_PROGRESS,
			     .initiatives = { 1, { text_of("2.1.05") } },
			     .note = text_of("Formación de 12 funcionarios"),
			     .percent = 2500,
		     },
	             EVENT_BIT(EVENT_INITIATIVES) | EVENT_BIT(EVENT_NOTE) |
	                     EVENT_BIT(EVENT_PERCENT) | EVENT_BIT(EVENT_QUARTER));
	assert_event("event-budget",
	             (struct event) {
			     .kind = KIND_BUDGET,
			     .project = text_of("2018011000755"),
			     .appropriated = 1200000000000,
			     .committed = 900000000000,
			     .obligated = 450000000000,
			     .unit = text_of("area-america"),
		     },
	             EVENT_BIT(EVENT_APPROPRIATED) | EVENT_BIT(EVENT_PROJECT) |
	                     EVENT_BIT(EVENT_COMMITTED) | EVENT_BIT(EVENT_OBLIGATED) |
	                     EVENT_BIT(EVENT_PAID) | EVENT_BIT(EVENT_QUARTER));
	assert_event("event-close",
	             (struct event) {
			     .kind = KIND_CLOSE,
			     .nothing = { 1, { text_of("IND-3") } },
			     .zero = { 2, { text_of("IND-1"), text_of("IND-2") } },
		     },
	             EVENT_BIT(EVENT_NOTHING) | EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_ZERO));
}

static void
a_return_is_that_of_the_example(void **ctx)
{
	char *hex = value_of("chain", "h1");
	uint8_t hash[HASH_BYTES];

	(void) ctx;
	assert_true(hex_decode(hex, strlen(hex), hash, sizeof(hash)));
	free(hex);
	assert_event("event-return",
	             (struct event) {
			     .kind = KIND_RETURN,
			     .about = { 1, { { 1, hash, feed } } },
			     .why = text_of("Which of the two days?"),
		     },
	             EVENT_BIT(EVENT_ABOUT) | EVENT_BIT(EVENT_WHY));
}

static void
chain_over(struct point *p, struct bytes body)
{
	uint8_t hash[HASH_BYTES];

	hash_bytes(body.at, body.len, hash);
	chain_step(feed, p, hash);
}

static void
events_chain_and_batch_are_those_of_the_examples(void **ctx)
{
	struct point start, p;
	writer one, two, bodies, frame;
	struct bytes first, second;

	(void) ctx;
	writer_init(&one);
	writer_init(&two);
	writer_init(&bodies);
	writer_init(&frame);
	first = activity(&one);
	assert_example("event-activity", "body", first.at, first.len);
	chain_start(feed, &start);
	p = start;
	assert_example("chain", "h0", p.hash, HASH_BYTES);
	chain_over(&p, first);
	assert_example("chain", "h1", p.hash, HASH_BYTES);
	second = void_of(&p, &two);
	assert_example("event-void", "body", second.at, second.len);
	chain_over(&p, second);
	assert_example("chain", "h2", p.hash, HASH_BYTES);
	writer_bin(&bodies, first.at, first.len);
	writer_bin(&bodies, second.at, second.len);
	assert_status(batch_seal(feed, secret, &start, writer_bytes(&bodies), 2, &frame), ST_OK);

	/* How zstd packs is its own affair: what must hold is that the example
	 * opens, verifies, and has these bodies. */
	char *hex = value_of("batch", "batch");
	size_t len = strlen(hex) / 2;
	uint8_t *wire = malloc(len), *space = malloc(BATCH_RAW_BYTES_MAX);
	struct bytes got;
	struct batch b;

	assert_non_null(wire);
	assert_non_null(space);
	assert_true(hex_decode(hex, strlen(hex), wire, len));
	assert_status(batch_open(wire, len, &b), ST_OK);
	assert_status(batch_unpack(&b, space, &got), ST_OK);
	assert_status(batch_verify(&b, got, NULL), ST_OK);
	assert_int_equal(b.first, 1);
	assert_int_equal(b.count, 2);
	assert_int_equal(got.len, writer_bytes(&bodies).len);
	assert_memory_equal(got.at, writer_bytes(&bodies).at, got.len);
	free(hex);
	free(wire);
	free(space);
	writer_done(&one);
	writer_done(&two);
	writer_done(&bodies);
	writer_done(&frame);
}

static void
a_receipt_is_that_of_the_example(void **ctx)
{
	uint8_t covered[RECEIPT_SIGNED_BYTES], receipt[SIGNATURE_BYTES];
	struct point end = { .seq = 2 };
	char *hex = value_of("chain", "h2");

	(void) ctx;
	assert_true(hex_decode(hex, strlen(hex), end.hash, HASH_BYTES));
	free(hex);
	receipt_signed(hub, feed, &end, covered);
	sign_bytes(covered, sizeof(covered), hub_secret, receipt);
	assert_example("ack", "receipt", receipt, sizeof(receipt));
}

static void
events_that_are_sent_back_are_those_of_the_example(void **ctx)
{
	char *hex = value_of("batch", "batch");
	size_t len = strlen(hex) / 2;
	uint8_t *batch = malloc(len);
	struct sent_back sent = { .count = 1 };
	writer w;

	(void) ctx;
	assert_non_null(batch);
	assert_true(hex_decode(hex, strlen(hex), batch, len));
	writer_init(&w);
	sent.list[0] = (struct bytes) { batch, len };
	assert_status(sent_back_encode(&sent, &w), ST_OK);
	assert_example("events", "document", writer_bytes(&w).at, writer_bytes(&w).len);
	writer_done(&w);
	free(batch);
	free(hex);
}

/* Every example of a message decodes as that message and is what our encoder
 * makes of it. */
static void
every_message_has_an_example_that_comes_back(void **ctx)
{
	writer w;

	(void) ctx;
	writer_init(&w);
	for (int t = 0; t < MESSAGES_; t++) {
		char block[32], *hex;
		const char *name = message_name((message_type) t);
		struct message m;
		uint8_t *frame;
		size_t len;

		for (len = 0; name[len]; len++)
			block[len] = (char) (name[len] - 'A' + 'a');
		block[len] = '\0';
		hex = value_of(block, "frame");
		len = strlen(hex) / 2;
		frame = malloc(len);
		assert_non_null(frame);
		assert_true(hex_decode(hex, strlen(hex), frame, len));
		assert_status(message_decode(frame, len, &m), ST_OK);
		assert_int_equal(m.type, t);
		assert_status(message_encode(&m, &w), ST_OK);
		assert_example(block, "frame", writer_bytes(&w).at, writer_bytes(&w).len);
		free(frame);
		free(hex);
	}
	writer_done(&w);
}

static void
every_frame_of_a_question_has_an_example_that_comes_back(void **ctx)
{
	/* that of REFUSE is an example of a message */
	static const char *const blocks[] = { "ask", "out", "more", "end" };
	writer w;

	(void) ctx;
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(blocks); i++) {
		char *hex = value_of(blocks[i], "frame");
		size_t len = strlen(hex) / 2;
		uint8_t *frame = malloc(len);
		struct question q;

		assert_non_null(frame);
		assert_true(hex_decode(hex, strlen(hex), frame, len));
		assert_status(question_decode(frame, len, &q), ST_OK);
		assert_int_equal(q.type, i);
		assert_status(question_encode(&q, &w), ST_OK);
		assert_example(blocks[i], "frame", writer_bytes(&w).at, writer_bytes(&w).len);
		free(frame);
		free(hex);
	}
	writer_done(&w);
}

static void
the_table_of_limits_is_that_of_the_code(void **ctx)
{
	char row[300];

	(void) ctx;
	for (size_t i = 0; i < limit_row_count; i++) {
		const struct limit_row *l = &limit_rows[i];

		snprintf(row, sizeof(row), "\n| %s | %u%s%s | %s |\n", l->name, (unsigned) l->value,
		         *l->unit ? " " : "", l->unit, l->what);
		if (!strstr(spec, row))
			fail_msg("SPEC.md lacks the row%s", row);
	}
}

static void
every_reason_to_hold_is_explained(void **ctx)
{
	char row[64];

	(void) ctx;
	for (int h = HOLD_NONE + 1; h < HOLDS_; h++) {
		snprintf(row, sizeof(row), "\n| %s |", hold_name((hold) h));
		if (!strstr(spec, row))
			fail_msg("SPEC.md does not explain the reason '%s'", hold_name((hold) h));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_and_the_request_are_those_of_the_examples),
		cmocka_unit_test(a_level_and_a_thing_are_those_of_the_examples),
		cmocka_unit_test(what_is_told_once_a_quarter_is_that_of_the_examples),
		cmocka_unit_test(a_return_is_that_of_the_example),
		cmocka_unit_test(events_chain_and_batch_are_those_of_the_examples),
		cmocka_unit_test(a_cut_and_a_lock_are_those_of_the_examples),
		cmocka_unit_test(a_receipt_is_that_of_the_example),
		cmocka_unit_test(events_that_are_sent_back_are_those_of_the_example),
		cmocka_unit_test(every_message_has_an_example_that_comes_back),
		cmocka_unit_test(every_frame_of_a_question_has_an_example_that_comes_back),
		cmocka_unit_test(the_table_of_limits_is_that_of_the_code),
		cmocka_unit_test(every_reason_to_hold_is_explained),
	};

	return cmocka_run_group_tests_name("spec", tests, read_spec, drop_spec);
}
