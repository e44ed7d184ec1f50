#include "hub/link/intake.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/link/gate.h"
#include "hub/link/intake_internal.h"

static status
make_parts(intake *in, const struct curve_key *curve)
{
	status st = zap_open(in->context, &in->zap);

	if (st == ST_OK)
		st = router_open(in->context, curve, &in->router);
	if (st == ST_OK)
		st = wake_open(hub_home(in->h), &in->wake);
	if (st == ST_OK)
		st = answers_new(in->h, in->common.secret, &in->answers);
	if (st == ST_OK) {
		in->common.answers = answers_table(in->answers);
		in->table = connections_new();
		in->depot = depot_new(INTAKE_PARCELS);
		st = in->table && in->depot ? ST_OK : ST_NOMEM;
	}
	if (st == ST_OK)
		st = intake_look(in, clock_mono_ms());
	return st == ST_OK
		? gate_test(in->context, in->router, in->zap, in->ring, curve->public_key)
		: st;
}

status
intake_open(hub *h, const struct curve_key *curve, const uint8_t secret[static SIGN_SECRET_BYTES],
            intake **ret_intake)
{
	intake *in = calloc(1, sizeof(*in));
	status st;

	if (!in)
		return ST_NOMEM;
	in->h = h;
	in->wake.fd = -1;
	in->held_ms = -1;
	in->look = true;
	in->contacts_ms = -INTAKE_CONTACTS_MS;
	writer_init(&in->common.w);
	memcpy(in->common.hub, hub_id(h), FEED_BYTES);
	memcpy(in->common.secret, secret, SIGN_SECRET_BYTES);
	while (in->common.boot == 0)
		randombytes_buf(&in->common.boot, sizeof(in->common.boot));
	in->context = zmq_ctx_new();
	st = in->context ? make_parts(in, curve) : ST_NOMEM;
	if (st < 0) {
		intake_close(&in);
		return st;
	}
	*ret_intake = in;
	return ST_OK;
}

void
intake_close(intake **i_p)
{
	intake *in = *i_p;

	if (!in)
		return;
	depot_free(&in->depot);
	router_close(&in->router);
	zap_close(&in->zap);
	if (in->context)
		zmq_ctx_term(in->context);
	connections_free(&in->table);
	answers_free(&in->answers);
	keyring_free(&in->ring);
	wake_close(&in->wake);
	writer_done(&in->common.w);
	sodium_memzero(&in->common, sizeof(in->common));
	free(in);
	*i_p = NULL;
}

status
intake_listen(intake *in, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES])
{
	return router_listen(in->router, endpoint, ret_endpoint);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Until the next thing to do that no descriptor tells of. */
static long
wait_ms(const intake *in, int64_t now_ms)
{
	int64_t due = connections_count(in->table) > 0 ? in->tidy_ms : INT64_MAX;

	if (depot_count(in->depot) > 0)
		due = sooner(due, in->store_ms);
	if (in->contacts_due)
		due = sooner(due, in->contacts_ms + INTAKE_CONTACTS_MS);
	if (wake_wait_ms(&in->wake) >= 0)
		due = sooner(due, now_ms + wake_wait_ms(&in->wake));
	if (due == INT64_MAX)
		return -1;
	return due > now_ms ? (long) (due - now_ms) : 0;
}

static bool
wait_for_something(intake *in, int signal_fd, long timeout_ms)
{
	zmq_pollitem_t items[] = {
		{ NULL, signal_fd, ZMQ_POLLIN, 0 },
		{ zap_socket(in->zap), -1, ZMQ_POLLIN, 0 },
		{ router_socket(in->router), -1, depot_full(in->depot) ? 0 : ZMQ_POLLIN, 0 },
		{ NULL, in->wake.fd, ZMQ_POLLIN, 0 },
	};
	int count = sizeof(items) / sizeof(items[0]);

	return zmq_poll(items, in->wake.fd < 0 ? count - 1 : count, timeout_ms) >= 0 ||
		errno == EINTR;
}

static status
turn(intake *in, int64_t now_ms)
{
	status st;

	in->look |= wake_take(&in->wake);
	st = intake_look(in, now_ms);
	intake_answer_zap(in, now_ms);
	if (st == ST_OK)
		st = intake_drain(in, now_ms);
	if (st == ST_OK)
		st = intake_store(in, now_ms);
	if (st == ST_OK)
		st = intake_look(in, now_ms);
	intake_tidy(in, now_ms);
	return st;
}

status
intake_run(intake *in, int signal_fd)
{
	status st = ST_OK;

	while (st == ST_OK && daemon_signal_take(signal_fd) == 0) {
		int64_t now_ms = clock_mono_ms();

		st = turn(in, now_ms);
		if (st == ST_OK && !wait_for_something(in, signal_fd, wait_ms(in, clock_mono_ms())))
			st = ST_IO;
	}
	log_line(LEVEL_NOTICE, "HUB-STOP", _("stopped; batches stored: %llu, refused: %llu"),
	         (unsigned long long) in->stored, (unsigned long long) in->refused);
	return st;
}
