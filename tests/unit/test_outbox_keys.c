/* Many events with names in one commit: each is found by its own, however the names lie. */
#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/outbox.h"
#include "protocol/chain.h"
#include "protocol/event.h"
#include "tests/support/scratch.h"

enum { ITEMS = 1000, AT_MS = 1000 };

struct fixture {
	char *scratch;
	outbox *box;
	uint8_t body[256];
	struct outbox_item items[ITEMS];
	uint8_t keys[ITEMS][HASH_BYTES];
};

static void
make_event(struct fixture *fx, struct bytes *ret_body)
{
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000,
		.quantity = 1,
		.at_ms = AT_MS,
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY),
	};
	event_field fault;
	writer w;

	writer_init(&w);
	assert_status(event_encode(&e, &w, &fault), ST_OK);
	*ret_body = (struct bytes) { fx->body, writer_bytes(&w).len };
	assert_true(ret_body->len <= sizeof(fx->body));
	memcpy(fx->body, writer_bytes(&w).at, ret_body->len);
	writer_done(&w);
}

static int
setup(void **ctx)
{
	static struct fixture fx;
	struct outbox_device device = { .units = { 1, { text_of("con-houston") } } };
	uint8_t secret[SIGN_SECRET_BYTES];
	struct bytes body;
	const char *home;

	fx = (struct fixture) { .scratch = scratch_new() };
	home = scratch_path(fx.scratch, "home");
	crypto_sign_keypair(device.feed, secret);
	snprintf(device.hubs, sizeof(device.hubs), "tcp://a:1");
	assert_int_equal(mkdir(home, 0700), 0);
	assert_status(outbox_create(home, &device), ST_OK);
	assert_status(outbox_open(home, &fx.box), ST_OK);
	make_event(&fx, &body);
	for (size_t i = 0; i < ITEMS; i++) {
		hash_bytes(&i, sizeof(i), fx.keys[i]);
		fx.items[i] = (struct outbox_item) {
			.body = body, .key = fx.keys[i], .is_plain = true, .at_ms = AT_MS
		};
	}
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	outbox_close(&fx->box);
	scratch_remove(&fx->scratch);
	return 0;
}

/* The first item of a name is stored, in the order of the items, and the others are it. */
static void
assert_appended(struct fixture *fx, size_t first, size_t count, uint64_t before)
{
	uint64_t seq;

	assert_status(outbox_append(fx->box, fx->items + first, count, 0), ST_OK);
	for (size_t i = first; i < first + count; i++) {
		size_t same = first;

		while (memcmp(fx->keys[same], fx->keys[i], HASH_BYTES) != 0)
			same++;
		before += same == i;
		assert_int_equal(fx->items[i].ret_known, same != i);
		assert_int_equal(fx->items[i].ret_seq,
		                 same == i ? before : fx->items[same].ret_seq);
		assert_status(outbox_find_key(fx->box, fx->keys[i], &seq), ST_OK);
		assert_int_equal(seq, fx->items[i].ret_seq);
	}
}

static void
assert_all_known(struct fixture *fx)
{
	assert_status(outbox_append(fx->box, fx->items, ITEMS, 0), ST_OK);
	for (size_t i = 0; i < ITEMS; i++)
		assert_true(fx->items[i].ret_known);
}

static void
names_that_are_hashes(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_appended(fx, 0, ITEMS, 0);
	assert_all_known(fx);
}

static void
names_beside_those_that_are_here(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_appended(fx, 0, 1, 0);
	assert_appended(fx, 1, 6, 1);
	assert_appended(fx, 7, ITEMS - 7, 7);
	assert_all_known(fx);
}

static void
names_that_begin_alike(void **ctx)
{
	struct fixture *fx = *ctx;

	for (size_t i = 0; i < ITEMS; i++)
		memset(fx->keys[i], i % 2 ? 0xff : 0, i % 3 ? 8 : 30);
	assert_appended(fx, 0, ITEMS, 0);
	assert_all_known(fx);
}

static void
names_that_are_there_twice(void **ctx)
{
	struct fixture *fx = *ctx;

	for (size_t i = 0; i < ITEMS; i++)
		memcpy(fx->keys[i], fx->keys[i % 70], HASH_BYTES);
	assert_appended(fx, 0, ITEMS, 0);
	assert_all_known(fx);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_that_are_hashes),
		TEST(names_beside_those_that_are_here),
		TEST(names_that_begin_alike),
		TEST(names_that_are_there_twice),
	};

	return cmocka_run_group_tests_name("outbox_keys", tests, NULL, NULL);
}
