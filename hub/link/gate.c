#include "hub/link/gate.h"

#include "common/daemon.h"
#include "common/link/dealer.h"

enum { ITEM_ZAP, ITEM_DEALER, ITEMS_ = ITEM_DEALER + DEALER_POLL_ITEMS };

static status
knock(dealer *d, zap *z, const keyring *ring, int64_t deadline_ms)
{
	struct zap_verdict verdict;

	for (int64_t now_ms = clock_mono_ms();; now_ms = clock_mono_ms()) {
		zmq_pollitem_t items[ITEMS_] = {
			[ITEM_ZAP] = { zap_socket(z), -1, ZMQ_POLLIN, 0 },
		};
		dealer_state state = dealer_look(d, now_ms);

		if (state == DEALER_UP)
			return ST_DENIED;
		if (state == DEALER_FAILED)
			return dealer_why(d) == DEALER_DENIED ? ST_OK : ST_TIMEOUT;
		dealer_poll_items(d, items + ITEM_DEALER);
		zmq_poll(items, ITEMS_, deadline_ms > now_ms ? (long) (deadline_ms - now_ms) : 0);
		while (zap_answer(z, ring, &verdict))
			;
	}
}

status
gate_test(void *context, router *r, zap *z, const keyring *ring,
          const uint8_t server[static CURVE_BYTES])
{
	const struct dealer_timing timing = { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS };
	int64_t deadline_ms = clock_mono_ms() + GATE_MS;
	char endpoint[ENDPOINT_TEXT_BYTES];
	struct curve_key stranger;
	dealer *d = NULL;
	status st = curve_key_make(&stranger);

	if (st < 0)
		return st;
	if (router_listen(r, "tcp://127.0.0.1:*", endpoint) < 0)
		return ST_IO; /* whatever the reason: ST_DENIED says something else here */
	st = dealer_open(context, endpoint, &stranger, server, &timing, deadline_ms, &d);
	if (st == ST_OK)
		st = knock(d, z, ring, deadline_ms);
	dealer_close(&d);
	router_unlisten(r, endpoint);
	return st;
}
