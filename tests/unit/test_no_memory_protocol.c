#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/cut.h"
#include "protocol/document.h"
#include "protocol/download.h"
#include "protocol/draft.h"
#include "protocol/identity.h"
#include "protocol/message.h"
#include "protocol/parts.h"
#include "protocol/question.h"
#include "protocol/standing.h"
#include "tests/support/memory_device.h"
#include "tests/support/memory_hub.h"
#include "tests/support/plan_base.h"
#include "tests/unit/no_memory.h"

enum { BODIES = 300, BODY_BYTES = 90, WHOLE = 20 * 1024 };

/* What the calls take, and what they made. */
static uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES], whole[WHOLE];
static uint8_t space[BATCH_RAW_BYTES_MAX];
static struct point beginning;
static writer bodies, frame, made, packed;

static int
setup(void **ctx)
{
	static const uint8_t seed[32] = { 1 };
	static const char text[BODY_BYTES] = "a text";
	writer body;

	(void) ctx;
	crypto_sign_seed_keypair(feed, secret, seed);
	chain_start(feed, &beginning);
	writer_init(&bodies);
	writer_init(&frame);
	writer_init(&packed);
	for (size_t i = 0; i < WHOLE; i++)
		whole[i] = (uint8_t) (i * i % 251);
	writer_init(&body);
	for (size_t i = 0; i < BODIES; i++) {
		writer_clear(&body);
		writer_map(&body, 2);
		writer_text(&body, text_of("n"));
		writer_uint(&body, i);
		writer_text(&body, text_of("t"));
		writer_bin(&body, text, sizeof(text));
		writer_bin(&bodies, writer_bytes(&body).at, writer_bytes(&body).len);
	}
	writer_done(&body);
	assert_status(batch_seal(feed, secret, &beginning, writer_bytes(&bodies), BODIES, &frame),
	              ST_OK);
	assert_status(document_pack(whole, sizeof(whole), &packed), ST_OK);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	writer_done(&bodies);
	writer_done(&frame);
	writer_done(&packed);
	return 0;
}

/* ---- what writes: into a writer that has no memory yet ---- */

static status
sealing(void *ctx)
{
	(void) ctx;
	return batch_seal(feed, secret, &beginning, writer_bytes(&bodies), BODIES, &made);
}

static status
rewriting(void *ctx)
{
	struct batch b;
	struct bytes raw;
	struct batch_walk walk;
	struct batch_event e;
	status st = batch_open(writer_bytes(&frame).at, writer_bytes(&frame).len, &b);

	(void) ctx;
	raw = writer_bytes(&bodies);
	walk = batch_walk(&b, raw);
	batch_next(&walk, &e);
	return st < 0 ? st : batch_rewrite(&b, raw, 1, e.end_offset, e.at.hash, &made);
}

static status
encoding_an_event(void *ctx)
{
	static const uint8_t random[RANDOM_BYTES] = { 5 };
	event_field fault;
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000,
		.quantity = 1,
		.random = random,
		.note = { (const char *) whole, 0 },
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_RANDOM),
	};

	(void) ctx;
	return event_encode(&e, &made, &fault);
}

static status
encoding_a_message(void *ctx)
{
	const struct message m = { .type = MESSAGE_PUSH, .batch = writer_bytes(&frame) };

	(void) ctx;
	return message_encode(&m, &made);
}

static status
encoding_a_question(void *ctx)
{
	const struct question q = { .type = QUESTION_OUT,
		                    .stream = STREAM_OUTPUT,
		                    .bytes = { whole, sizeof(whole) } };

	(void) ctx;
	return question_encode(&q, &made);
}

static status
encoding_a_request(void *ctx)
{
	static const uint8_t curve[CURVE_BYTES] = { 1 };
	const struct codes units = { 1, { text_of("con-a") } };

	(void) ctx;
	return request_encode(feed, secret, curve, &units, &made);
}

static status
encoding_a_standing(void *ctx)
{
	struct standing_held held[200];
	struct standing_rows rows = { .held = held, .held_count = LENGTH(held) };

	(void) ctx;
	for (size_t i = 0; i < LENGTH(held); i++)
		held[i] = (struct standing_held) { { i + 1, { 1 } }, text_of("unit") };
	rows.held_total = rows.held_count;
	return standing_encode(&rows, &made);
}

static status
writing_a_cut(void *ctx)
{
	static const uint8_t leaf[LEAF_BYTES] = { [FEED_BYTES + 7] = 1 };
	const struct cut c = {
		.cutoff = 20000,
		.leaves = { { leaf, sizeof(leaf) } },
		.plan = whole,
		.registry = whole,
		.set = whole,
		.state = whole,
	};

	(void) ctx;
	return cut_write(&c, &made);
}

static status
writing_a_draft(void *ctx)
{
	const struct event head = { .kind = KIND_LOCK, .quarter = 2025 * 4 };
	static const uint8_t leaf[LEAF_BYTES] = { [FEED_BYTES + 7] = 1 };
	const struct lock l = { 2025 * 4, { { leaf, sizeof(leaf) } } };
	writer locked;
	status st;

	(void) ctx;
	writer_init(&locked);
	st = lock_write(&l, &locked);
	if (st == ST_OK)
		st = draft_write(&head, writer_bytes(&locked), &made);
	writer_done(&locked);
	return st;
}

static status
packing(void *ctx)
{
	(void) ctx;
	return document_pack(whole, sizeof(whole), &made);
}

/* A call that writes to made: what the first one wrote without a failure. */
struct writing {
	status (*call)(void *ctx);
	struct bytes wanted;
};

static status
write_anew(void *ctx)
{
	writer_done(&made);
	writer_init(&made);
	return ((struct writing *) ctx)->call(NULL);
}

static void
is_what_was_wanted(void *ctx, status st)
{
	const struct writing *w = ctx;

	if (st < 0)
		return;
	assert_int_equal(writer_bytes(&made).len, w->wanted.len);
	assert_memory_equal(writer_bytes(&made).at, w->wanted.at, w->wanted.len);
}

static void
sweep_writing(const char *name, status (*call)(void *ctx))
{
	static uint8_t wanted[BATCH_BYTES_MAX];
	struct writing w = { .call = call };
	const struct no_memory what = {
		.call = write_anew,
		.check = is_what_was_wanted,
	};

	writer_init(&made);
	assert_status(write_anew(&w), ST_OK);
	w.wanted = (struct bytes) { wanted, writer_bytes(&made).len };
	assert_in_range(w.wanted.len, 1, sizeof(wanted));
	memcpy(wanted, writer_bytes(&made).at, w.wanted.len);
	no_memory_sweep(name, &what, &w);
	writer_done(&made);
}

static void
what_writes_says_so_and_writes_the_same_later(void **ctx)
{
	(void) ctx;
	sweep_writing("batch_seal", sealing);
	sweep_writing("batch_rewrite", rewriting);
	sweep_writing("event_encode", encoding_an_event);
	sweep_writing("message_encode", encoding_a_message);
	sweep_writing("question_encode", encoding_a_question);
	sweep_writing("request_encode", encoding_a_request);
	sweep_writing("standing_encode", encoding_a_standing);
	sweep_writing("cut_write", writing_a_cut);
	sweep_writing("lock_write, draft_write", writing_a_draft);
	sweep_writing("document_pack", packing);
}

/* ---- what reads ---- */

static status
unpacking(void *ctx)
{
	uint8_t *at = NULL;
	size_t len = 0;
	status st = document_unpack(writer_bytes(&packed), WHOLE, &at, &len);

	(void) ctx;
	if (st == ST_OK && (len != WHOLE || memcmp(at, whole, WHOLE) != 0))
		st = ST_MALFORMED;
	free(at);
	return st;
}

/* A part that there is no memory for is asked for again. */
static status
downloading(void *ctx)
{
	static const uint8_t signature[SIGNATURE_BYTES];
	const struct message part = {
		.type = MESSAGE_PART,
		.what = text_of("plan"),
		.version = 2,
		.total = WHOLE,
		.bytes = { whole, WHOLE / 2 },
		.signature = signature,
	};
	struct message get;
	download d;
	status st;

	(void) ctx;
	download_init(&d, DOCUMENT_PLAN, 1, 0);
	download_told(&d, 2, 0);
	d.asked = true;
	st = download_part(&d, &part);
	if (!download_next(&d, &get) || get.offset != (st == ST_OK ? WHOLE / 2 : 0))
		st = ST_INVALID;
	download_done(&d);
	return st;
}

static status
visit_part(void *ctx, struct bytes body)
{
	(void) body;
	++*(size_t *) ctx;
	return ST_OK;
}

static status
cutting_into_parts(void *ctx)
{
	struct event head = { .kind = KIND_PLAN, .plan_version = 2 };
	size_t parts = 0;
	status st = parts_cut(&head, (struct bytes) { whole, sizeof(whole) }, visit_part, &parts);

	(void) ctx;
	return st == ST_OK && parts == 0 ? ST_INVALID : st;
}

static status
parsing_a_plan(void *ctx)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_parse(ctx, strlen(ctx), &problems, &p);

	plan_problems_done(&problems);
	plan_free(&p);
	return st;
}

static void
what_reads_says_so_and_reads_the_same_later(void **ctx)
{
	json_t *root = plan_base_whole();
	char *text = json_dumps(root, 0);

	(void) ctx;
	json_decref(root);
	assert_no_memory(unpacking, NULL, NULL);
	assert_no_memory(downloading, NULL, NULL);
	assert_no_memory(cutting_into_parts, NULL, NULL);
	assert_no_memory(parsing_a_plan, NULL, text);
	free(text);
}

/* Its zstd has memory of its own for each frame: it must not be taken for the frame's
 * fault, or a good batch would be refused for good. */
static status
unpacking_a_batch(void *ctx)
{
	struct batch b;
	struct bytes raw;
	status st = batch_open(writer_bytes(&frame).at, writer_bytes(&frame).len, &b);

	(void) ctx;
	if (st == ST_OK)
		st = batch_unpack(&b, space, &raw);
	return st == ST_OK ? batch_verify(&b, raw, NULL) : st;
}

static void
a_batch_that_cannot_be_unpacked_is_not_called_malformed(void **ctx)
{
	const struct no_memory what = { .call = unpacking_a_batch };

	(void) ctx;
	no_memory_sweep("batch_unpack", &what, NULL); /* only where zstd can be denied it */
}

/* ---- the device's end of the conversation ---- */

static memory_device device;

/* From a new one to its first PUSH: what a device without memory does is close. */
static status
conversing(void *ctx)
{
	const struct device_sync_config config = {
		.program = "test",
		.welcome_ms = 1000,
		.answer_ms = 1000,
		.ping_ms = 1000,
		.hello_ms = 1000,
	};
	const struct message welcome = { .type = MESSAGE_WELCOME,
		                         .known = beginning,
		                         .hub = feed,
		                         .round = 1,
		                         .credit = CREDIT_BYTES_MAX,
		                         .boot = 1 };
	struct device_sync_config own = config;
	device_sync *s;
	struct device_action a;
	int pushed = 0;
	writer w;
	status st;

	(void) ctx;
	memcpy(own.feed, device.feed, FEED_BYTES);
	memcpy(own.hub, feed, FEED_BYTES);
	s = device_sync_new(&own, &device.memory, &device.store);
	if (!s)
		return ST_NOMEM;
	writer_init(&w);
	device_sync_start(s, 0);
	st = device_sync_next(s, 0, 0, &a) && a.type == DEVICE_SEND ? ST_OK : ST_NOMEM;
	if (st == ST_OK) {
		struct message m = welcome;

		chain_start(device.feed, &m.known);
		st = message_encode(&m, &w);
	}
	if (st == ST_OK)
		device_sync_frame(s, writer_bytes(&w).at, writer_bytes(&w).len, 0);
	while (st == ST_OK && device_sync_next(s, 0, 0, &a)) {
		pushed += a.type == DEVICE_SEND;
		if (a.type == DEVICE_CLOSE)
			st = strcmp(a.why, status_text(ST_NOMEM)) == 0 ? ST_NOMEM : ST_MALFORMED;
	}
	if (st == ST_OK && pushed == 0)
		st = ST_INVALID;
	writer_done(&w);
	device_sync_free(&s);
	return st;
}

static void
a_device_closes_and_says_why(void **ctx)
{
	(void) ctx;
	memory_device_init(&device, 1);
	device.body_bytes = 100;
	memory_device_record(&device, 50);
	assert_no_memory(conversing, NULL, NULL);
	memory_device_done(&device);
}

/* ---- the hub's end ---- */

static memory_hub office;
static writer hello;

/* It has nothing to answer with, so the device comes again. */
static status
answering(void *ctx)
{
	struct hub_action a;
	hub_sync s;

	(void) ctx;
	writer_done(&office.common.w);
	writer_init(&office.common.w);
	hub_sync_init(&s, device.feed);
	hub_sync_frame(&s, &office.common, writer_bytes(&hello).at, writer_bytes(&hello).len, 0,
	               &a);
	if (a.type == HUB_SEND)
		return ST_OK;
	return a.type == HUB_REFUSE && a.refused_with == REFUSAL_BUSY ? ST_NOMEM : ST_INVALID;
}

static void
a_hub_refuses_as_busy(void **ctx)
{
	struct message m = {
		.type = MESSAGE_HELLO,
		.program = text_of("test"),
		.protocol = PROTOCOL_VERSION,
		.feed = device.feed,
		.round = 1,
		.points = { 1, { { 0 } } },
	};

	(void) ctx;
	memory_hub_init(&office, 2);
	memory_device_init(&device, 1);
	chain_start(device.feed, &m.points.list[0]);
	m.tip = m.floor = m.points.list[0];
	writer_init(&hello);
	assert_status(message_encode(&m, &hello), ST_OK);
	assert_no_memory(answering, NULL, NULL);
	writer_done(&hello);
	memory_device_done(&device);
	memory_hub_done(&office);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_writes_says_so_and_writes_the_same_later),
		cmocka_unit_test(what_reads_says_so_and_reads_the_same_later),
		cmocka_unit_test(a_batch_that_cannot_be_unpacked_is_not_called_malformed),
		cmocka_unit_test(a_device_closes_and_says_why),
		cmocka_unit_test(a_hub_refuses_as_busy),
	};

	return cmocka_run_group_tests_name("no_memory_protocol", tests, setup, teardown);
}
