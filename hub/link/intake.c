#include "hub/link/intake.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/link/gate.h"
#include "hub/link/intake_internal.h"

static status
make_parts(intake *in, const struct curve_key *curve, const struct router_timing *timing)
{
	status st = zap_open(in->context, &in->zap);

	if (st == ST_OK)
		st = router_open(in->context, curve, DOOR_SYNC, timing, &in->router);
	if (st == ST_OK)
		st = questions_new(in->context, hub_home(in->h), curve, timing, &in->questions);
	if (st == ST_OK)
		st = wake_open(hub_home(in->h), &in->wake);
	if (st == ST_OK)
		st = answers_new(in->h, in->common.secret, &in->answers);
	if (st == ST_OK) {
		in->common.answers = answers_table(in->answers);
		in->table = connections_new();
		in->depot = depot_new(INTAKE_PARCELS);
		st = in->table && in->depot ? ST_OK : ST_NOMEM;
		questions_watch(in->questions, intake_report, in);
		questions_set(in->questions, in->settings.query_ms);
	}
	if (st == ST_OK)
		st = intake_look(in, clock_mono_ms());
	return st == ST_OK
		? gate_test(in->context, in->router, in->zap, in->ring, curve->public_key)
		: st;
}

void
intake_draw_boot(intake *in)
{
	uint64_t before = in->common.boot;

	while (in->common.boot == 0 || in->common.boot == before)
		randombytes_buf(&in->common.boot, sizeof(in->common.boot));
}

status
intake_open(hub *h, const struct curve_key *curve, const uint8_t secret[static SIGN_SECRET_BYTES],
            const struct intake_settings *settings, const struct router_timing *timing,
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
	in->settings = *settings;
	in->snapshooter.kept = settings->snapshots;
	watchdog_init(&in->watchdog);
	in->contacts_ms = -INTAKE_CONTACTS_MS;
	writer_init(&in->common.w);
	memcpy(in->common.hub, hub_id(h), FEED_BYTES);
	memcpy(in->curve, curve->public_key, CURVE_BYTES);
	memcpy(in->common.secret, secret, SIGN_SECRET_BYTES);
	intake_draw_boot(in);
	in->context = zmq_ctx_new();
	st = in->context ? make_parts(in, curve, timing) : ST_NOMEM;
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
	snapshooter_stop(&in->snapshooter);
	depot_free(&in->depot);
	questions_free(&in->questions);
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

status
intake_hear_here(intake *in, const char *path)
{
	enum { GROUP_MAY = 0660 };

	return router_listen_here(questions_here(in->questions), path, GROUP_MAY);
}

status
intake_hear(intake *in, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES])
{
	router *port = questions_port(in->questions);
	status st = gate_test(in->context, port, in->zap, in->ring, in->curve);

	return st == ST_OK ? router_listen(port, endpoint, ret_endpoint) : st;
}

void
intake_set(intake *in, const struct intake_settings *settings)
{
	in->settings = *settings;
	in->tidy_ms = 0;
	questions_set(in->questions, settings->query_ms);
	in->snapshooter.kept = settings->snapshots;
	snapshooter_wake(&in->snapshooter, clock_mono_ms());
	intake_share_credit(in);
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
	due = sooner(due, in->keep_ms);
	due = sooner(due, router_due(in->router));
	due = sooner(due, questions_due(in->questions, now_ms));
	due = sooner(due, snapshooter_due(&in->snapshooter, now_ms));
	due = sooner(due, watchdog_deadline(&in->watchdog));
	if (due == INT64_MAX)
		return -1;
	return due > now_ms ? (long) (due - now_ms) : 0;
}

static bool
wait_for_something(intake *in, int signal_fd, long timeout_ms)
{
	zmq_pollitem_t items[5 + QUESTIONS_POLL_ITEMS + SNAPSHOOTER_POLL_ITEMS] = {
		{ NULL, signal_fd, ZMQ_POLLIN, 0 },
		{ zap_socket(in->zap), -1, ZMQ_POLLIN, 0 },
		{ router_door(in->router), -1, ZMQ_POLLIN, 0 },
		{ router_socket(in->router), -1, depot_full(in->depot) ? 0 : ZMQ_POLLIN, 0 },
	};
	size_t count = 4;

	if (in->wake.fd >= 0)
		items[count++] = (zmq_pollitem_t) { NULL, in->wake.fd, ZMQ_POLLIN, 0 };
	count += questions_poll(in->questions, items + count);
	count += snapshooter_poll(&in->snapshooter, items + count);
	return zmq_poll(items, (int) count, timeout_ms) >= 0 || errno == EINTR;
}

static status
turn(intake *in, int64_t now_ms)
{
	status st;

	in->look |= wake_take(&in->wake);
	st = intake_look(in, now_ms);
	intake_answer_zap(in, now_ms);
	router_tidy(in->router, now_ms);
	if (st == ST_OK)
		st = intake_drain(in, now_ms);
	if (st == ST_OK)
		st = intake_store(in, now_ms);
	if (st == ST_OK)
		st = intake_look(in, now_ms);
	intake_keep_digest(in, now_ms);
	intake_tidy(in, now_ms);
	questions_turn(in->questions, in->ring, now_ms);
	snapshooter_turn(&in->snapshooter, in->h, now_ms);
	return st;
}

/* Who watches the process hears of it only while the store answers: a loop that
 * turns in vain is no life. */
static status
sign_of_life(intake *in, int64_t now_ms)
{
	kv_txn *txn = NULL;
	status st;

	if (now_ms < watchdog_deadline(&in->watchdog))
		return ST_OK;
	st = kv_read(hub_store(in->h), &txn);
	if (st < 0)
		return st;
	registry_number(txn);
	kv_abort(&txn);
	watchdog_alive(&in->watchdog, now_ms);
	daemon_status(ngettext("%zu connection; %llu batches stored, %llu refused",
	                       "%zu connections; %llu batches stored, %llu refused",
	                       connections_count(in->table)),
	              connections_count(in->table), (unsigned long long) in->stored,
	              (unsigned long long) in->refused);
	return ST_OK;
}

status
intake_run(intake *in, int signal_fd, void (*hang_up)(void *ctx), void *ctx)
{
	status st = ST_OK;
	int signal;

	while (st == ST_OK) {
		int64_t now_ms = clock_mono_ms();

		signal = daemon_signal_take(signal_fd);
		if (signal == SIGHUP)
			hang_up(ctx);
		else if (signal != 0)
			break;
		st = turn(in, now_ms);
		if (st == ST_OK)
			st = sign_of_life(in, now_ms);
		if (st == ST_OK && !wait_for_something(in, signal_fd, wait_ms(in, clock_mono_ms())))
			st = ST_IO;
	}
	log_line(LEVEL_NOTICE, "HUB-STOP", _("stopped; batches stored: %llu, refused: %llu"),
	         (unsigned long long) in->stored, (unsigned long long) in->refused);
	return st;
}
