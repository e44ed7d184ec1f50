#include "agent/link/uplink.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "agent/link/keeper.h"
#include "agent/link/pruner.h"
#include "agent/link/route.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/wake.h"
#include "protocol/device_sync.h"
#include "protocol/event.h"

enum {
	HELD_MS = 10 * 1000, /* a lock held so long is reported */
	FINISH_MS = 2000,    /* for each last write */
	FRAMES_A_TURN = 64,
	SHOWN_BYTES = 128,
};

struct uplink {
	struct uplink_config config;
	outbox *box;
	const struct agent_keys *keys;
	void *context;
	route *route,
		*next_route; /* the second takes the place of the first between two attempts */
	dealer *dealer;      /* NULL between two attempts */
	struct device_store store; /* what sync asks */
	device_sync *sync;
	keeper *keeper;
	struct pruner pruner;
	wake wake;
	int64_t retry_at_ms; /* dealer is NULL */
	bool started;        /* sync knows of the dealer */
	bool welcomed;
	bool enough;       /* take_events said so */
	bool worked;       /* since rest() */
	status store_told; /* what was reported of writing to the outbox */
	struct watchdog watchdog;
};

/* ---- what device_sync asks of the outbox ---- */

static status
store_tip(void *ctx, struct point *ret_tip)
{
	return outbox_tip(((uplink *) ctx)->box, ret_tip);
}

static status
store_floor(void *ctx, struct point *ret_floor)
{
	return outbox_floor(((uplink *) ctx)->box, ret_floor);
}

static status
store_hash_at(void *ctx, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	return outbox_hash_at(((uplink *) ctx)->box, seq, ret_hash);
}

static status
store_seal(void *ctx, uint64_t first, uint64_t last, size_t wire_bytes, writer *w,
           struct point *ret_end)
{
	uplink *u = ctx;

	return outbox_seal(u->box, u->keys->feed_secret, first, last, wire_bytes, w, ret_end);
}

/* By the device's own clock alone, which may have gone back. */
static status
store_facts(void *ctx, const struct point *acked, int64_t wall_ms, struct device_facts *ret_facts)
{
	outbox *box = ((uplink *) ctx)->box;
	uint8_t body[EVENT_BYTES_MAX];
	struct device_facts facts = { 0 };
	struct event e;
	struct point at;
	uint64_t used;
	size_t len;
	status st = kv_room(outbox_store(box), &used, &facts.disk_bytes);

	if (st < 0)
		return st;
	st = outbox_read(box, acked->seq + 1, body, &len, &at);
	if (st == ST_OK && event_decode((struct bytes) { body, len }, &e) == HOLD_NONE &&
	    e.at_ms < wall_ms)
		facts.oldest_ms = (uint64_t) wall_ms - (uint64_t) e.at_ms;
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	*ret_facts = facts;
	return ST_OK;
}

static status
new_sync(uplink *u)
{
	const struct outbox_hub *facts = keeper_facts(u->keeper);
	const struct device_sync_memory memory = {
		.acked = facts->acked,
		.plan = facts->plan,
		.standing = facts->standing,
		.standing_boot = facts->standing_boot,
		.registry = facts->registry,
	};
	struct device_sync_config config = {
		.program = "valija-agent " VALIJA_VERSION,
		.welcome_ms = u->config.welcome_ms,
		.answer_ms = u->config.answer_ms,
		.ping_ms = u->config.ping_ms,
		.hello_ms = u->config.hello_ms,
		.adopt = u->config.take_events != NULL,
	};

	memcpy(config.feed, outbox_device(u->box)->feed, FEED_BYTES);
	memcpy(config.hub, u->keys->hub.sign, FEED_BYTES);
	u->store = (struct device_store) {
		u, store_tip, store_floor, store_hash_at, store_seal, store_facts,
	};
	u->sync = device_sync_new(&config, &memory, &u->store);
	return u->sync ? ST_OK : ST_NOMEM;
}

static void
take_next_route(uplink *u)
{
	if (!u->next_route)
		return;
	route_free(&u->route);
	u->route = u->next_route;
	u->next_route = NULL;
}

status
uplink_set(uplink *u, const struct uplink_settings *settings)
{
	route *way = route_new(settings->hubs ? settings->hubs : outbox_device(u->box)->hubs);

	if (!way)
		return ST_NOMEM;
	route_free(&u->next_route);
	u->next_route = way;
	u->config.settings = *settings;
	u->config.settings.hubs = NULL; /* the route has its own copy */
	u->retry_at_ms = 0;
	/* a link to an address that is no more a hub's would stay for ever */
	if (u->dealer && !route_has(way, route_endpoint(u->route))) {
		dealer_close(&u->dealer);
		u->started = false;
	}
	if (!u->dealer)
		take_next_route(u);
	return ST_OK;
}

status
uplink_new(outbox *box, const struct agent_keys *keys, const struct uplink_config *config,
           uplink **ret_uplink)
{
	uplink *u = calloc(1, sizeof(*u));
	status st;

	if (!u)
		return ST_NOMEM;
	u->config = *config;
	u->box = box;
	u->keys = keys;
	u->wake.fd = -1;
	/* what it cannot do now it does the next time: the rows there are good enough */
	outbox_renew_plan(box, OUTBOX_WAIT_MS);
	u->context = zmq_ctx_new();
	watchdog_init(&u->watchdog);
	pruner_init(&u->pruner, box, keys->hub.sign, config->prune_days);
	st = u->context ? uplink_set(u, &config->settings) : ST_NOMEM;
	if (st == ST_OK)
		st = wake_open(outbox_home(box), &u->wake);
	if (st == ST_OK)
		st = keeper_new(box, keys->hub.sign, &u->keeper);
	if (st == ST_OK)
		st = new_sync(u);
	if (st < 0) {
		uplink_free(&u);
		return st;
	}
	*ret_uplink = u;
	return ST_OK;
}

void
uplink_free(uplink **u_p)
{
	uplink *u = *u_p;

	if (!u)
		return;
	dealer_close(&u->dealer);
	if (u->context)
		zmq_ctx_term(u->context);
	device_sync_free(&u->sync);
	keeper_free(&u->keeper);
	route_free(&u->route);
	route_free(&u->next_route);
	wake_close(&u->wake);
	free(u);
	*u_p = NULL;
}

bool
uplink_was_welcomed(const uplink *u)
{
	return u->welcomed;
}

const struct outbox_hub *
uplink_facts(const uplink *u)
{
	return keeper_facts(u->keeper);
}

/* ---- the link ---- */

static void
tell(uplink *u, struct uplink_report *report)
{
	report->endpoint = route_endpoint(u->route);
	u->config.tell(u->config.ctx, report);
}

/* The attempt is over; the next one waits. */
static void
give_up(uplink *u, int64_t now_ms, struct uplink_report *report)
{
	report->retry_ms = backoff_next(&u->config.settings.backoff, randombytes_random());
	u->retry_at_ms = now_ms + report->retry_ms;
	tell(u, report);
	dealer_close(&u->dealer);
	take_next_route(u);
	u->started = false;
}

static status
attempt(uplink *u, int64_t now_ms)
{
	char address[ROUTE_ADDRESS_BYTES];
	status st = route_next(u->route, address);

	if (st == ST_BUSY)
		return ST_OK;
	if (st == ST_NOT_FOUND) {
		struct uplink_report report = {
			.news = UPLINK_NO_ADDRESS,
			.why = route_why(u->route),
		};

		give_up(u, now_ms, &report);
		return ST_OK;
	}
	if (st == ST_OK)
		st = dealer_open(u->context, address, &u->keys->curve, u->keys->hub.curve,
		                 &u->config.settings.timing, now_ms + u->config.settings.connect_ms,
		                 &u->dealer);
	return st;
}

static status
tend_link(uplink *u, int64_t now_ms)
{
	struct uplink_report report = { .news = UPLINK_FAILED };

	if (!u->dealer)
		return now_ms >= u->retry_at_ms ? attempt(u, now_ms) : ST_OK;
	switch (dealer_look(u->dealer, now_ms)) {
	case DEALER_CONNECTING: break;
	case DEALER_UP:
		if (!u->started)
			device_sync_start(u->sync, now_ms);
		u->started = true;
		break;
	case DEALER_FAILED:
		report.failure = dealer_why(u->dealer);
		if (report.failure == DEALER_DENIED)
			keeper_refused(u->keeper, REFUSAL_ENROLMENT, now_ms);
		give_up(u, now_ms, &report);
		break;
	}
	return ST_OK;
}

/* ---- the conversation ---- */

static void
closed(uplink *u, int64_t now_ms, const struct device_action *a)
{
	struct uplink_report report = {
		.news = a->has_refusal ? UPLINK_REFUSED : UPLINK_DROPPED,
		.code = a->refused_with,
		.hub_text = a->hub_text,
		.why = a->why ? gettext(a->why) : "",
	};

	if (a->has_refusal && a->refused_with == REFUSAL_CHAIN)
		outbox_distrust(u->box);
	/* busy is the hub's trouble, and passes */
	if (a->has_refusal && a->refused_with != REFUSAL_BUSY)
		keeper_refused(u->keeper, a->refused_with, now_ms);
	give_up(u, now_ms, &report);
}

static status
act(uplink *u, int64_t now_ms, const struct device_action *a)
{
	struct uplink_report report = { .news = UPLINK_WELCOMED, .retry_ms = -1 };
	status st;

	switch (a->type) {
	case DEVICE_SEND:
		st = dealer_send(u->dealer, a->frame.at, a->frame.len);
		/* dealer_writable() was asked; a frame lost all the same is a link lost */
		if (st < 0) {
			report.news = UPLINK_FAILED;
			report.failure = DEALER_LOST;
			give_up(u, now_ms, &report);
		}
		return ST_OK;
	case DEVICE_CLOSE: closed(u, now_ms, a); return ST_OK;
	case DEVICE_WELCOMED:
		u->welcomed = true;
		backoff_reset(&u->config.settings.backoff);
		report.beyond = a->beyond;
		report.onward = a->onward;
		tell(u, &report);
		break;
	case DEVICE_DOCUMENT:
		u->worked = true;
		if (a->what != DOCUMENT_EVENTS)
			break;
		u->enough = !u->config.take_events(u->config.ctx, a->packed);
		if (!u->enough)
			device_sync_adopted(u->sync, now_ms);
		return ST_OK;
	case DEVICE_ACKED: u->worked = true; break;
	case DEVICE_SEEN: break;
	}
	return keeper_take(u->keeper, a, now_ms, clock_wall_ms());
}

static void
receive(uplink *u, int64_t now_ms)
{
	zmq_msg_t frame;
	status st = ST_OK;

	for (int i = 0; i < FRAMES_A_TURN && st != ST_NOT_FOUND; i++) {
		zmq_msg_init(&frame);
		st = dealer_receive(u->dealer, &frame);
		/* of a message in parts the last one stands for all: it is malformed */
		if (st != ST_NOT_FOUND) {
			keeper_contact(u->keeper, now_ms, clock_wall_ms());
			device_sync_frame(u->sync, zmq_msg_data(&frame),
			                  st == ST_OK ? zmq_msg_size(&frame) : 0, now_ms);
		}
		zmq_msg_close(&frame);
	}
}

/* What would be sent must find room; that the link is to be closed needs none. */
static bool
may_act(const uplink *u)
{
	return u->dealer &&
		(device_sync_state(u->sync) == DEVICE_CLOSED || dealer_writable(u->dealer));
}

static status
converse(uplink *u, int64_t now_ms)
{
	struct device_action action;
	status st = ST_OK;

	if (!u->started)
		return ST_OK;
	receive(u, now_ms);
	device_sync_tick(u->sync, now_ms);
	while (st == ST_OK && !u->enough && may_act(u) &&
	       device_sync_next(u->sync, now_ms, clock_wall_ms(), &action))
		st = act(u, now_ms, &action);
	return st;
}

/* ---- the store ---- */

static void
write_down(uplink *u, int64_t now_ms)
{
	struct uplink_report report = { .news = UPLINK_FAULT, .retry_ms = -1 };
	int64_t held_ms = now_ms;
	char holder[SHOWN_BYTES];
	status st;

	if (now_ms < keeper_deadline(u->keeper))
		return;
	st = keeper_write(u->keeper, now_ms, &held_ms);
	if (st == ST_BUSY && now_ms - held_ms < HELD_MS)
		return;
	if (st == ST_OK || st == u->store_told) {
		u->store_told = st;
		return;
	}
	u->store_told = st;
	report.fault = st;
	if (st == ST_INVALID)
		report.news = UPLINK_BAD_PLAN;
	if (st == ST_BUSY) {
		report.news = UPLINK_HELD;
		kv_holder(outbox_store(u->box), holder, sizeof(holder));
		report.why = holder;
	}
	tell(u, &report);
}

/* What the hub confirmed is written down first, so that no mark is left below the floor. */
static void
give_up_old(uplink *u, int64_t now_ms)
{
	struct uplink_report report = { .news = UPLINK_PRUNED, .retry_ms = -1 };

	if (!pruner_look(&u->pruner, u->sync, now_ms))
		return;
	if (keeper_finish(u->keeper, 0) < 0)
		pruner_put_off(&u->pruner, now_ms);
	else if (pruner_turn(&u->pruner, now_ms, clock_wall_ms(), &report.pruned))
		tell(u, &report);
}

/* As a rule somebody has recorded.  Where another process has heard of more than this one
 * that the hub has, it has fetched it from there (valija-agent adopt): to push that would be
 * in vain, and what lies beyond the tip is another number now. */
static void
look_again(uplink *u, int64_t now_ms)
{
	struct outbox_hub stored;

	device_sync_grew(u->sync);
	if (!u->config.take_events && outbox_hub(u->box, u->keys->hub.sign, &stored) == ST_OK &&
	    stored.acked.seq > keeper_facts(u->keeper)->acked.seq)
		device_sync_adopted(u->sync, now_ms);
}

/* ---- the loop ---- */

enum { ITEM_SIGNAL, ITEM_WAKE, ITEM_ROUTE, ITEM_DEALER, ITEMS_ = ITEM_DEALER + DEALER_POLL_ITEMS };

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static long
wait_ms(const uplink *u, int64_t now_ms, int64_t end_ms)
{
	int64_t due = sooner(end_ms, keeper_deadline(u->keeper));

	if (u->dealer)
		due = sooner(due, dealer_deadline(u->dealer));
	else if (route_fd(u->route) < 0) /* else the answer wakes */
		due = sooner(due, u->retry_at_ms);
	if (u->started)
		due = sooner(due, device_sync_deadline(u->sync));
	if (wake_wait_ms(&u->wake) >= 0)
		due = sooner(due, now_ms + wake_wait_ms(&u->wake));
	due = sooner(due, watchdog_deadline(&u->watchdog));
	due = sooner(due, pruner_deadline(&u->pruner));
	if (due == INT64_MAX)
		return -1;
	return due > now_ms ? (long) (due - now_ms) : 0;
}

/* libzmq wants some descriptor also where there is none to be polled. */
static zmq_pollitem_t
poll_item(const uplink *u, int fd)
{
	return fd >= 0 ? (zmq_pollitem_t) { NULL, fd, ZMQ_POLLIN, 0 }
		       : (zmq_pollitem_t) { NULL, u->config.signal_fd, 0, 0 };
}

/* False when libzmq cannot wait any more. */
static bool
wait_for_something(uplink *u, long timeout_ms)
{
	zmq_pollitem_t items[ITEMS_] = {
		[ITEM_SIGNAL] = { NULL, u->config.signal_fd, ZMQ_POLLIN, 0 },
		[ITEM_WAKE] = poll_item(u, u->wake.fd),
		[ITEM_ROUTE] = poll_item(u, route_fd(u->route)),
	};
	int count = ITEM_DEALER;

	if (u->dealer) {
		dealer_poll_items(u->dealer, items + ITEM_DEALER);
		count = ITEMS_;
	}
	return zmq_poll(items, count, timeout_ms) >= 0 || errno == EINTR;
}

static bool
drained(const uplink *u)
{
	if (!u->config.drain || !u->welcomed || !u->started || !device_sync_drained(u->sync) ||
	    pruner_deadline(&u->pruner) != INT64_MAX)
		return false;
	return !u->config.enough || u->config.enough(u->config.ctx);
}

/* What packing a backlog or taking a plan apart took is given back before the long wait: the
 * library would keep some MiB of it, in case it is asked for them again. */
static void
rest(uplink *u)
{
	if (!u->worked || !device_sync_drained(u->sync))
		return;
	u->worked = false;
	malloc_trim(0);
}

/* True when a signal ends the loop. */
static bool
take_signal(uplink *u)
{
	int signal = daemon_signal_take(u->config.signal_fd);

	if (signal != SIGHUP || !u->config.hang_up)
		return signal != 0;
	u->config.hang_up(u->config.ctx);
	return false;
}

/* Who watches the process hears of it only while the store answers: a loop that
 * turns in vain is no life. */
static status
sign_of_life(uplink *u, int64_t now_ms)
{
	struct point tip;
	status st;

	if (now_ms < watchdog_deadline(&u->watchdog))
		return ST_OK;
	st = outbox_tip(u->box, &tip);
	if (st == ST_OK)
		watchdog_alive(&u->watchdog, now_ms);
	return st;
}

static uplink_end
loop(uplink *u, status *ret_fault)
{
	int64_t now_ms = clock_mono_ms();
	int64_t end_ms = u->config.timeout_ms > 0 ? now_ms + u->config.timeout_ms : INT64_MAX;
	status st = ST_OK;

	while (st == ST_OK) {
		if (take_signal(u))
			return UPLINK_SIGNALLED;
		if (wake_take(&u->wake))
			look_again(u, now_ms);
		st = tend_link(u, now_ms);
		if (st == ST_OK)
			st = converse(u, now_ms);
		if (st < 0)
			break;
		write_down(u, now_ms);
		give_up_old(u, now_ms);
		st = sign_of_life(u, now_ms);
		if (u->enough)
			return UPLINK_ENOUGH;
		if (drained(u))
			return UPLINK_DRAINED;
		if (now_ms >= end_ms)
			return UPLINK_TIMED_OUT;
		rest(u);
		if (!wait_for_something(u, wait_ms(u, now_ms, end_ms)))
			st = ST_IO;
		now_ms = clock_mono_ms();
	}
	*ret_fault = st;
	return UPLINK_BROKEN;
}

uplink_end
uplink_run(uplink *u, status *ret_fault)
{
	uplink_end end = loop(u, ret_fault);
	struct uplink_report report = { .news = UPLINK_FAULT, .retry_ms = -1 };

	report.fault = keeper_finish(u->keeper, FINISH_MS);
	if (report.fault < 0)
		tell(u, &report);
	return end;
}
