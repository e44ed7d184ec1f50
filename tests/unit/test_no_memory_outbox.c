#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/outbox.h"
#include "protocol/document.h"
#include "protocol/event.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"
#include "tests/unit/no_memory.h"

enum { EVENTS = 40, PLAN_VERSION = 3, WAIT_MS = 1000 };

static char *scratch;
static char home[512];
static uint8_t secret[SIGN_SECRET_BYTES];
static struct outbox_device device;
static outbox *box;
static writer plan_frame, body;
static struct point tip; /* as it should be */

/* A new event; in body until the next one. */
static struct bytes
activity(uint64_t number)
{
	static char note[400];
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000,
		.quantity = 1,
		.at_ms = INT64_C(1763136000000) + (int64_t) number,
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_NOTE),
	};
	event_field fault;

	snprintf(note, sizeof(note), "%0300ju", (uintmax_t) number);
	e.note = text_of(note);
	assert_status(event_encode(&e, &body, &fault), ST_OK);
	return writer_bytes(&body);
}

static void
record_one(void)
{
	struct outbox_item item = { .body = activity(tip.seq + 1) };

	assert_status(outbox_append(box, &item, 1, WAIT_MS), ST_OK);
	assert_status(outbox_tip(box, &tip), ST_OK);
}

static int
setup(void **ctx)
{
	json_t *root = plan_base();
	char *text = json_dumps(root, 0);

	(void) ctx;
	json_decref(root);
	scratch = scratch_new();
	snprintf(home, sizeof(home), "%s", scratch_path(scratch, "home"));
	writer_init(&plan_frame);
	writer_init(&body);
	assert_status(document_pack(text, strlen(text), &plan_frame), ST_OK);
	free(text);
	crypto_sign_keypair(device.feed, secret);
	memset(device.hub, 9, FEED_BYTES);
	snprintf(device.hubs, sizeof(device.hubs), "tcp://a:1");
	device.units = (struct codes) { 1, { text_of("con-houston") } };
	assert_int_equal(mkdir(home, 0700), 0);
	assert_status(outbox_create(home, &device), ST_OK);
	assert_status(outbox_open(home, &box), ST_OK);
	tip = (struct point) { 0 };
	for (int i = 0; i < EVENTS; i++)
		record_one();
	assert_status(outbox_put_plan(box, PLAN_VERSION, writer_bytes(&plan_frame), WAIT_MS),
	              ST_OK);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	outbox_close(&box);
	writer_done(&plan_frame);
	writer_done(&body);
	scratch_remove(&scratch);
	return 0;
}

/* Whatever was denied, what is stored is as before, and can still be read and added to. */
static void
is_whole(void *ctx, status st)
{
	static uint8_t bytes[EVENT_BYTES_MAX];
	struct point at;
	size_t len;

	(void) ctx;
	(void) st;
	assert_status(outbox_tip(box, &at), ST_OK);
	assert_true(point_equal(&at, &tip));
	assert_status(outbox_read(box, tip.seq, bytes, &len, &at), ST_OK);
	assert_true(point_equal(&at, &tip));
}

/* ---- opening ---- */

static status
opening(void *ctx)
{
	outbox *other = NULL;
	status st = outbox_open(home, &other);

	(void) ctx;
	assert_int_equal(st == ST_OK, other != NULL);
	outbox_close(&other);
	return st;
}

static void
an_outbox_opens_or_says_so(void **ctx)
{
	(void) ctx;

	/* to look for dead readers is as good as done */
	const struct no_memory what = { .call = opening, .does_without = true };

	outbox_close(&box);
	no_memory_sweep("outbox_open", &what, NULL);
	assert_status(outbox_open(home, &box), ST_OK);
	is_whole(NULL, ST_OK);
}

/* ---- adding ---- */

static struct bytes next_body;

static status
appending(void *ctx)
{
	struct outbox_item item = { .body = next_body };

	(void) ctx;
	return outbox_append(box, &item, 1, WAIT_MS);
}

/* All or nothing. */
static void
is_appended_or_not(void *ctx, status st)
{
	(void) ctx;
	if (st == ST_OK) {
		struct point at;

		assert_status(outbox_tip(box, &at), ST_OK);
		assert_int_equal(at.seq, tip.seq + 1);
		tip = at;
	}
	is_whole(NULL, st);
	next_body = activity(tip.seq + 1);
}

static void
an_event_is_stored_or_not_there(void **ctx)
{
	(void) ctx;
	next_body = activity(tip.seq + 1);
	assert_no_memory(appending, is_appended_or_not, NULL);
}

static status
putting_hub(void *ctx)
{
	const struct outbox_hub facts = { .acked = tip, .boot = 7, .last_contact_ms = 5 };

	(void) ctx;
	return outbox_put_hub(box, device.hub, &facts, WAIT_MS);
}

static status
putting_plan(void *ctx)
{
	(void) ctx;
	return outbox_put_plan(box, PLAN_VERSION, writer_bytes(&plan_frame), WAIT_MS);
}

static status
putting_standing(void *ctx)
{
	(void) ctx;
	return outbox_put_standing(box, 4, 7, writer_bytes(&plan_frame), WAIT_MS);
}

static void
what_the_hub_tells_is_kept_or_not(void **ctx)
{
	(void) ctx;
	assert_no_memory(putting_hub, is_whole, NULL);
	assert_no_memory(putting_plan, is_whole, NULL);
	assert_no_memory(putting_standing, is_whole, NULL);
}

/* ---- giving up ---- */

static struct outbox_leave leave = { .hub = device.hub, .before_ms = INT64_MAX };

static status
pruning(void *ctx)
{
	struct outbox_pruned pruned;
	status st = outbox_prune(box, &leave, WAIT_MS, &pruned);

	(void) ctx;
	assert_true(st == ST_OK || pruned.count == 0);
	return st;
}

/* Up to there. */
static void
say_safe(uint64_t seq)
{
	leave.safe.seq = seq;
	assert_status(outbox_hash_at(box, seq, leave.safe.hash), ST_OK);
}

static void
is_given_up_or_here(void *ctx, status st)
{
	struct point floor;

	assert_status(outbox_floor(box, &floor), ST_OK);
	assert_int_equal(floor.seq, st == ST_OK ? leave.safe.seq : leave.safe.seq - 1);
	is_whole(ctx, st);
	if (st == ST_OK && floor.seq + 1 < tip.seq)
		say_safe(floor.seq + 1);
}

static void
an_entry_is_given_up_or_here(void **ctx)
{
	(void) ctx;
	say_safe(1);
	assert_no_memory(pruning, is_given_up_or_here, NULL);
}

/* ---- reading ---- */

static status
reading(void *ctx)
{
	static uint8_t bytes[EVENT_BYTES_MAX];
	struct outbox_hub facts;
	struct point at;
	uint64_t head;
	size_t len;
	status st = outbox_tip(box, &at);

	(void) ctx;
	if (st == ST_OK)
		st = outbox_read(box, 3, bytes, &len, &at);
	if (st == ST_OK)
		st = outbox_head(box, 3, &head);
	if (st == ST_OK)
		st = outbox_hub(box, device.hub, &facts);
	return st;
}

static status
reading_standing(void *ctx)
{
	uint8_t *packed = NULL;
	size_t len;
	status st = outbox_standing(box, &packed, &len);

	(void) ctx;
	free(packed);
	return st;
}

static status
sealing(void *ctx)
{
	struct point end;
	writer w;
	status st;

	(void) ctx;
	writer_init(&w);
	st = outbox_seal(box, secret, 1, UINT64_MAX, 4096, &w, &end);
	writer_done(&w);
	return st;
}

static void
what_reads_says_so(void **ctx)
{
	const struct no_memory few = { .call = reading, .check = is_whole };

	(void) ctx;
	assert_status(putting_standing(NULL), ST_OK);
	no_memory_sweep("outbox_tip, _read, _head, _hub", &few, NULL); /* LMDB keeps what it had */
	assert_no_memory(reading_standing, is_whole, NULL);
	assert_no_memory(sealing, is_whole, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_outbox_opens_or_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_is_stored_or_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_hub_tells_is_kept_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(an_entry_is_given_up_or_here, setup, teardown),
		cmocka_unit_test_setup_teardown(what_reads_says_so, setup, teardown),
	};

	return cmocka_run_group_tests_name("no_memory_outbox", tests, NULL, NULL);
}
