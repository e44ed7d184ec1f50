#include "tests/support/check.h"

#include <string.h>
#include <zmq.h>

#include "hub/contacts.h"
#include "hub/link/gate.h"
#include "hub/link/keyring.h"
#include "hub/link/zap.h"
#include "protocol/identity.h"
#include "tests/support/hub_fixture.h"

/* Devices of a hub, its ring, and a ZAP handler asked by hand. */
struct zap_fixture {
	struct hub_fixture hub;
	struct test_device device[3];
	keyring *ring;
	void *context;
	zap *zap;
	void *asker;
};

static struct zap_fixture fx;
static const struct router_timing timing = { ROUTER_HANDSHAKE_MS, ROUTER_HEARTBEAT_MS,
	                                     ROUTER_HEARTBEAT_TIMEOUT_MS };

static void
load_ring(void)
{
	kv_txn *txn = NULL;

	keyring_free(&fx.ring);
	assert_status(kv_read(hub_store(fx.hub.hub), &txn), ST_OK);
	assert_status(keyring_load(txn, &fx.ring), ST_OK);
	kv_abort(&txn);
}

static void
enroll_as(unsigned number, device_role role)
{
	kv_txn *txn = hub_begin(fx.hub.hub);

	test_device_init(&fx.device[number], number, role == ROLE_READER ? "" : "con-a");
	test_device_enroll(&fx.device[number], fx.hub.hub, txn, role);
	hub_commit(&txn);
}

static void
enroll(unsigned number)
{
	enroll_as(number, ROLE_DEVICE);
}

static int
set_up(void **ctx)
{
	const int linger = 0;

	(void) ctx;
	memset(&fx, 0, sizeof(fx));
	hub_fixture_init(&fx.hub, NULL);
	enroll(0);
	enroll(1);
	load_ring();
	fx.context = zmq_ctx_new();
	assert_status(zap_open(fx.context, &fx.zap), ST_OK);
	fx.asker = zmq_socket(fx.context, ZMQ_REQ);
	assert_int_equal(zmq_setsockopt(fx.asker, ZMQ_LINGER, &linger, sizeof(linger)), 0);
	assert_int_equal(zmq_connect(fx.asker, "inproc://zeromq.zap.01"), 0);
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	zmq_close(fx.asker);
	zap_close(&fx.zap);
	zmq_ctx_term(fx.context);
	keyring_free(&fx.ring);
	hub_fixture_done(&fx.hub);
	return 0;
}

struct zap_request {
	const char *version, *domain, *mechanism;
	const void *key;
	size_t key_len, extra_frames;
};

static struct zap_request
request_of(const uint8_t *curve)
{
	return (struct zap_request) {
		"1.0", zap_domain(DOOR_SYNC), "CURVE", curve, CURVE_BYTES, 0
	};
}

static void
send_text(const char *text, int flags)
{
	assert_true(zmq_send(fx.asker, text, strlen(text), flags) >= 0);
}

static void
expect_frame(const char *want, bool is_last)
{
	char got[200] = "";
	int more = 0, n = zmq_recv(fx.asker, got, sizeof(got) - 1, 0);
	size_t len = sizeof(more);

	assert_true(n >= 0);
	if (want)
		assert_string_equal(got, want);
	assert_int_equal(zmq_getsockopt(fx.asker, ZMQ_RCVMORE, &more, &len), 0);
	assert_int_equal(more, !is_last);
}

/* feed: NULL for a key that must be turned away. */
static void
assert_answer(const struct zap_request *r, const uint8_t *feed)
{
	struct zap_verdict verdict = { 0 };
	char user[2 * FEED_BYTES + 1] = "";

	send_text(r->version, ZMQ_SNDMORE);
	send_text("request 7", ZMQ_SNDMORE);
	send_text(r->domain, ZMQ_SNDMORE);
	send_text("192.0.2.1", ZMQ_SNDMORE);
	send_text("routing id", ZMQ_SNDMORE);
	send_text(r->mechanism, ZMQ_SNDMORE);
	for (size_t i = 0; i < r->extra_frames; i++)
		send_text("more", ZMQ_SNDMORE);
	assert_true(zmq_send(fx.asker, r->key, r->key_len, 0) >= 0);

	while (!zap_answer(fx.zap, fx.ring, &verdict))
		;
	assert_int_equal(verdict.admitted, feed != NULL);
	assert_string_equal(verdict.address, "192.0.2.1");
	if (feed)
		hex_encode(feed, FEED_BYTES, user);
	expect_frame("1.0", false);
	expect_frame("request 7", false);
	expect_frame(feed ? "200" : "400", false);
	expect_frame("", false);
	expect_frame(user, false);
	expect_frame("", true);
}

static void
an_enrolled_key_gets_the_feed_of_its_device(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < 2; i++) {
		struct zap_request r = request_of(fx.device[i].curve);

		assert_answer(&r, fx.device[i].feed);
	}
	assert_false(zap_answer(fx.zap, fx.ring, &(struct zap_verdict) { 0 }));
}

static void
anything_else_is_turned_away_without_a_word(void **ctx)
{
	uint8_t unknown[CURVE_BYTES] = { 1, 2, 3 };
	struct zap_request good = request_of(fx.device[0].curve), bad[7];

	(void) ctx;
	for (size_t i = 0; i < LENGTH(bad); i++)
		bad[i] = good;
	bad[0].key = unknown;
	bad[1].key_len = CURVE_BYTES - 1;
	bad[2].key_len = 0;
	bad[3].mechanism = "PLAIN";
	bad[4].domain = "another";
	bad[5].version = "1.1";
	bad[6].extra_frames = 10;
	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_answer(&bad[i], NULL);
	assert_answer(&good, fx.device[0].feed); /* and it goes on */
}

static void
the_hubs_own_key_opens_nothing(void **ctx)
{
	static const uint8_t of_fixture[CURVE_BYTES] = { 7 };
	struct zap_request r = request_of(of_fixture);

	(void) ctx;
	assert_answer(&r, NULL);
	assert_int_equal(keyring_count(fx.ring), 2);
	assert_null(keyring_curve(fx.ring, DOOR_SYNC, hub_id(fx.hub.hub)));
}

static void
the_ring_knows_both_ways_and_its_number(void **ctx)
{
	uint64_t before = keyring_number(fx.ring);

	(void) ctx;
	assert_memory_equal(keyring_curve(fx.ring, DOOR_SYNC, fx.device[1].feed),
	                    fx.device[1].curve, CURVE_BYTES);
	assert_memory_equal(keyring_feed(fx.ring, DOOR_SYNC, fx.device[1].curve), fx.device[1].feed,
	                    FEED_BYTES);
	enroll(2);
	load_ring();
	assert_int_equal(keyring_count(fx.ring), 3);
	assert_true(keyring_number(fx.ring) > before);
}

static void
each_door_is_for_its_roles(void **ctx)
{
	static const struct {
		device_role role;
		bool syncs, asks;
	} roles[] = { { ROLE_DEVICE, true, false },
		      { ROLE_OFFICE, true, true },
		      { ROLE_READER, false, true } };

	(void) ctx;
	for (unsigned i = 0; i < LENGTH(roles); i++) {
		struct zap_request r;

		if (roles[i].role != ROLE_DEVICE) /* that one is there */
			enroll_as(i, roles[i].role);
		load_ring();
		r = request_of(fx.device[i].curve);
		assert_answer(&r, roles[i].syncs ? fx.device[i].feed : NULL);
		r.domain = zap_domain(DOOR_QUERY);
		assert_answer(&r, roles[i].asks ? fx.device[i].feed : NULL);
		assert_int_equal(keyring_curve(fx.ring, DOOR_SYNC, fx.device[i].feed) != NULL,
		                 roles[i].syncs);
		assert_int_equal(keyring_curve(fx.ring, DOOR_QUERY, fx.device[i].feed) != NULL,
		                 roles[i].asks);
	}
}

static void
an_unknown_key_is_refused_at_the_gate(void **ctx)
{
	struct curve_key key;
	router *r = NULL;

	(void) ctx;
	assert_status(curve_key_make(&key), ST_OK);
	assert_status(router_open(fx.context, &key, DOOR_SYNC, &timing, &r), ST_OK);
	assert_status(gate_test(fx.context, r, fx.zap, fx.ring, key.public_key), ST_OK);
	router_close(&r);
}

/* As CURVE is without an enforced handler: it lets everybody in. */
static void
a_gate_that_is_open_is_noticed(void **ctx)
{
	void *open_context = zmq_ctx_new();
	struct curve_key key;
	router *r = NULL;

	(void) ctx;
	assert_status(curve_key_make(&key), ST_OK);
	assert_status(router_open(open_context, &key, DOOR_SYNC, &timing, &r), ST_OK);
	assert_int_equal(zmq_setsockopt(router_socket(r), 93, &(int) { 0 }, sizeof(int)), 0);
	assert_status(gate_test(open_context, r, fx.zap, fx.ring, key.public_key), ST_DENIED);
	router_close(&r);
	zmq_ctx_term(open_context);
}

static void
one_handler_serves_a_context(void **ctx)
{
	zap *second = NULL;

	(void) ctx;
	assert_status(zap_open(fx.context, &second), ST_EXISTS);
	assert_null(second);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_enrolled_key_gets_the_feed_of_its_device),
		TEST(anything_else_is_turned_away_without_a_word),
		TEST(the_hubs_own_key_opens_nothing),
		TEST(the_ring_knows_both_ways_and_its_number),
		TEST(each_door_is_for_its_roles),
		TEST(an_unknown_key_is_refused_at_the_gate),
		TEST(a_gate_that_is_open_is_noticed),
		TEST(one_handler_serves_a_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
