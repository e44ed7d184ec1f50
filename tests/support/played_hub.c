#include "tests/support/played_hub.h"

#include <sodium.h>

#include "protocol/identity.h"
#include "tests/support/check.h"

int
played_setup(void **ctx)
{
	struct played *fx = calloc(1, sizeof(*fx));
	const uint8_t seed[crypto_sign_SEEDBYTES] = { 7 };

	if (!fx)
		return -1;
	memory_device_init(&fx->device, 1);
	crypto_sign_seed_keypair(fx->hub, fx->secret, seed);
	writer_init(&fx->w);
	fx->now_ms = 5000;
	*ctx = fx;
	return 0;
}

int
played_teardown(void **ctx)
{
	struct played *fx = *ctx;

	device_sync_free(&fx->s);
	memory_device_done(&fx->device);
	writer_done(&fx->w);
	free(fx);
	return 0;
}

/* ---- what the test does as the hub ---- */

void
played_frame(struct played *fx, const struct message *m)
{
	struct bytes b;

	assert_status(message_encode(m, &fx->w), ST_OK);
	b = writer_bytes(&fx->w);
	device_sync_frame(fx->s, b.at, b.len, fx->now_ms);
}

struct message
played_welcome(struct played *fx, uint64_t known)
{
	return (struct message) {
		.type = MESSAGE_WELCOME,
		.round = fx->out.round,
		.hub = fx->hub,
		.boot = PLAYED_BOOT,
		.known = memory_device_point(&fx->device, known),
		.credit = 256 * 1024,
		.clock_ms = 123,
	};
}

void
played_ack(struct played *fx, uint64_t round, struct point end, struct message other)
{
	uint8_t covered[RECEIPT_SIGNED_BYTES], receipt[SIGNATURE_BYTES];

	other.type = MESSAGE_ACK;
	other.round = round;
	other.end = end;
	receipt_signed(fx->hub, fx->device.feed, &end, covered);
	sign_bytes(covered, sizeof(covered), fx->secret, receipt);
	if (!other.receipt)
		other.receipt = receipt;
	if (other.credit == 0)
		other.credit = 256 * 1024;
	played_frame(fx, &other);
}

void
played_pong(struct played *fx, uint64_t boot, uint64_t credit)
{
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PONG, .boot = boot, .credit = credit });
}

void
played_told_plan(struct played *fx, uint64_t version)
{
	played_frame(
		fx,
		&(struct message) { .type = MESSAGE_PONG, .boot = PLAYED_BOOT, .plan = version });
}

/* ---- what the test sees of the device ---- */

int
played_next(struct played *fx)
{
	fx->action = (struct device_action) { 0 };
	if (!device_sync_next(fx->s, fx->now_ms, 1700000000000, &fx->action))
		return 0;
	if (fx->action.type == DEVICE_SEND)
		assert_status(message_decode(fx->action.frame.at, fx->action.frame.len, &fx->out),
		              ST_OK);
	return (int) fx->action.type;
}

void
played_sends(struct played *fx, message_type type)
{
	int got = played_next(fx);

	if (got != DEVICE_SEND)
		fail_msg("action %d where %s was to be sent", got, message_name(type));
	assert_string_equal(message_name(fx->out.type), message_name(type));
}

void
played_owes_nothing(struct played *fx)
{
	int got = played_next(fx);

	if (got != 0)
		fail_msg("action %d, %s", got, message_name(fx->out.type));
}

void
played_closes(struct played *fx, const char *word)
{
	assert_int_equal(played_next(fx), DEVICE_CLOSE);
	assert_int_equal(device_sync_state(fx->s), DEVICE_CLOSED);
	if (!strstr(fx->action.why, word))
		fail_msg("'%s' says nothing of '%s'", fx->action.why, word);
	played_owes_nothing(fx);
}

void
played_begin(struct played *fx)
{
	struct device_sync_config config = {
		.program = "test 1",
		.welcome_ms = PLAYED_WELCOME_MS,
		.answer_ms = PLAYED_ANSWER_MS,
		.ping_ms = PLAYED_PING_MS,
		.hello_ms = PLAYED_HELLO_MS,
		.adopt = fx->adopt,
	};

	memcpy(config.feed, fx->device.feed, FEED_BYTES);
	memcpy(config.hub, fx->hub, FEED_BYTES);
	if (!fx->s)
		fx->s = device_sync_new(&config, &fx->device.memory, &fx->device.store);
	assert_non_null(fx->s);
	device_sync_start(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_HELLO);
}

void
played_greet(struct played *fx, uint64_t known)
{
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, known);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	if (known > 0)
		assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_sends(fx, MESSAGE_GET); /* the standing, of a boot not seen before */
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("standing"),
	                                 .signature = fx->secret });
}
