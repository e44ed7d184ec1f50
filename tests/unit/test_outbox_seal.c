#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/outbox.h"
#include "protocol/batch.h"
#include "protocol/event.h"
#include "tests/support/scratch.h"

struct fixture {
	char *scratch;
	uint8_t secret[SIGN_SECRET_BYTES];
	struct outbox_device device;
	outbox *box;
	writer w;
};

static int
setup(void **ctx)
{
	static struct fixture fx;
	const char *home;

	fx = (struct fixture) { .scratch = scratch_new() };
	writer_init(&fx.w);
	home = scratch_path(fx.scratch, "home");
	crypto_sign_keypair(fx.device.feed, fx.secret);
	fx.device.units = (struct codes) { 1, { text_of("con-houston") } };
	assert_int_equal(mkdir(home, 0700), 0);
	assert_status(outbox_create(home, &fx.device), ST_OK);
	assert_status(outbox_open(home, &fx.box), ST_OK);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	outbox_close(&fx->box);
	writer_done(&fx->w);
	scratch_remove(&fx->scratch);
	return 0;
}

enum { BODY_BYTES_MAX = 256 };

/* An activity; valid until the next call. */
static struct bytes
activity(struct fixture *fx, int64_t at_ms, const char *note)
{
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000,
		.quantity = 1,
		.at_ms = at_ms,
		.note = text_of(note),
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_NOTE),
	};
	event_field fault;

	assert_status(event_encode(&e, &fx->w, &fault), ST_OK);
	return writer_bytes(&fx->w);
}

/* What the batch in w holds must be the feed's own events first..end. */
static void
assert_sealed(struct fixture *fx, writer *w, uint64_t first, const struct point *end)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct bytes frame = writer_bytes(w), bodies;
	struct point own = { .seq = end->seq };
	struct batch b;

	assert_status(batch_open(frame.at, frame.len, &b), ST_OK);
	assert_int_equal(b.first, first);
	assert_memory_equal(b.feed, fx->device.feed, FEED_BYTES);
	assert_status(batch_unpack(&b, space, &bodies), ST_OK);
	assert_status(batch_verify(&b, bodies, NULL), ST_OK);
	assert_status(outbox_hash_at(fx->box, end->seq, own.hash), ST_OK);
	assert_true(point_equal(end, &own));
	own = batch_end(&b);
	assert_true(point_equal(end, &own));
}

static void
append_many(struct fixture *fx, size_t count)
{
	struct outbox_item *items = calloc(count, sizeof(*items));
	uint8_t *bodies = calloc(count, BODY_BYTES_MAX);

	for (size_t i = 0; i < count; i++) {
		static const char *const words[] = { "jornada", "sede",  "con apoyo", "registro",
			                             "cédulas", "salón", "de la",     "visita" };
		uint32_t chance = (uint32_t) i * 2654435761;
		char note[64];
		struct bytes b;

		snprintf(note, sizeof(note), "%s %s %s %s %u", words[chance >> 29],
		         words[chance >> 26 & 7], words[chance >> 23 & 7], words[chance >> 20 & 7],
		         chance & 0xffff);
		b = activity(fx, (int64_t) i + 1, note);
		memcpy(bodies + BODY_BYTES_MAX * i, b.at, b.len);
		items[i].body = (struct bytes) { bodies + BODY_BYTES_MAX * i, b.len };
	}
	assert_status(outbox_append(fx->box, items, count, 0), ST_OK);
	free(items);
	free(bodies);
}

static void
sealed_batches_carry_the_feed(void **ctx)
{
	static const size_t sizes[] = { 1, 4096, 20000, BATCH_BYTES_MAX };
	enum { EVENTS = 6000 };
	struct fixture *fx = *ctx;
	struct point end = { .seq = 77 };
	writer w;

	writer_init(&w);
	assert_status(outbox_seal(fx->box, fx->secret, 1, UINT64_MAX, 4096, &w, &end),
	              ST_NOT_FOUND);
	assert_int_equal(end.seq, 77);
	append_many(fx, EVENTS);
	for (size_t i = 0; i < LENGTH(sizes); i++) {
		uint64_t first = i == 0 ? EVENTS - 2 : 1;

		for (; first <= EVENTS; first = end.seq + 1) {
			assert_status(outbox_seal(fx->box, fx->secret, first, UINT64_MAX, sizes[i],
			                          &w, &end),
			              ST_OK);
			if (end.seq > first)
				assert_true(writer_bytes(&w).len <= sizes[i]);
			assert_sealed(fx, &w, first, &end);
		}
		assert_int_equal(end.seq, EVENTS);
	}
	writer_done(&w);
}

/* As a disk may do it, which LMDB does not notice. */
static void
change_a_body(struct fixture *fx, uint64_t seq)
{
	uint8_t key[8], row[HASH_BYTES + BODY_BYTES_MAX];
	struct bytes k = { key, sizeof(key) }, stored;
	kv_txn *txn = NULL;

	put_u64(key, seq);
	assert_status(kv_write(outbox_store(fx->box), 0, &txn), ST_OK);
	assert_status(kv_get(txn, OUTBOX_EVENTS, k, &stored), ST_OK);
	assert_true(stored.len <= sizeof(row));
	memcpy(row, stored.at, stored.len);
	row[stored.len - 1] ^= 1;
	assert_status(kv_put(txn, OUTBOX_EVENTS, k, (struct bytes) { row, stored.len }), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
}

static status
verified(writer *w)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct bytes frame = writer_bytes(w), bodies;
	struct batch b;

	assert_status(batch_open(frame.at, frame.len, &b), ST_OK);
	assert_status(batch_unpack(&b, space, &bodies), ST_OK);
	return batch_verify(&b, bodies, NULL);
}

static void
what_a_disk_has_changed_is_left_out_once_a_hub_has_noticed(void **ctx)
{
	enum { EVENTS = 9, CHANGED = 7 };
	struct fixture *fx = *ctx;
	struct point end = { 0 };
	writer w;

	writer_init(&w);
	append_many(fx, EVENTS);
	change_a_body(fx, CHANGED);
	assert_status(outbox_seal(fx->box, fx->secret, 1, EVENTS, BATCH_BYTES_MAX, &w, &end),
	              ST_OK);
	assert_int_equal(end.seq, EVENTS);
	assert_status(verified(&w), ST_CHAIN);

	outbox_distrust(fx->box);
	assert_status(outbox_seal(fx->box, fx->secret, 1, EVENTS, BATCH_BYTES_MAX, &w, &end),
	              ST_OK);
	assert_int_equal(end.seq, CHANGED - 1);
	assert_sealed(fx, &w, 1, &end);
	assert_status(outbox_seal(fx->box, fx->secret, CHANGED, EVENTS, BATCH_BYTES_MAX, &w, &end),
	              ST_IO);
	assert_status(
		outbox_seal(fx->box, fx->secret, CHANGED + 1, EVENTS, BATCH_BYTES_MAX, &w, &end),
		ST_OK);
	assert_sealed(fx, &w, CHANGED + 1, &end);
	writer_done(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sealed_batches_carry_the_feed),
		TEST(what_a_disk_has_changed_is_left_out_once_a_hub_has_noticed),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("outbox_seal", tests, NULL, NULL);
}
