/* agent/link/uplink.h - carries the outbox to the hub: the agent's one loop
 *
 * Waits for a name, the link, the hub's frames, new records (HOME/changed), signals and
 * its own deadlines in one poll; each turn does a bounded amount.  What is said
 * to the hub is decided by protocol/device_sync.h; here are only the socket,
 * the clock and the store behind it.  A link that fails is closed, and the next
 * address is tried after a wait (backoff.h).  A hub that is away for days, does
 * not know the device yet, or a port where something else answers, all end up
 * there.
 *
 * What a person or a log should hear comes out as a report; nothing is printed
 * here.
 */
#pragma once

#include "agent/link/backoff.h"
#include "agent/link/keys.h"
#include "agent/outbox.h"
#include "common/link/dealer.h"
#include "protocol/message.h"

typedef enum uplink_news {
	UPLINK_WELCOMED = 1, /* the hub answered; beyond and onward are valid */
	UPLINK_FAILED,       /* no link: failure is valid */
	UPLINK_NO_ADDRESS,   /* the name of the endpoint: why is valid */
	UPLINK_REFUSED,      /* the hub said why not: code, hub_text are valid */
	UPLINK_DROPPED,      /* this side ended it: why is valid */
	UPLINK_HELD,         /* another process holds the outbox: why names it */
	UPLINK_FAULT,        /* the outbox cannot be written: fault is valid */
	UPLINK_BAD_PLAN,     /* what the hub sent as a plan is none */
	UPLINK_PRUNED,       /* pruned entries were given up */
} uplink_news;

struct uplink_report {
	uplink_news news;
	const char *endpoint; /* as configured; NULL where it says nothing */
	dealer_failure failure;
	refusal code;         /* REFUSALS_: one that is not known here */
	struct text hub_text; /* not to be trusted */
	const char *why;      /* translated, safe to print */
	status fault;
	uint64_t beyond; /* events that the hub holds and this home does not … */
	uint64_t onward; /* … of which so many can be fetched */
	uint64_t pruned;
	int64_t retry_ms; /* until the next attempt; -1: not said */
};

/* What may change while it runs: uplink_set(). */
struct uplink_settings {
	const char *hubs; /* endpoints, joined by ','; NULL: those of the home */
	struct backoff backoff;
	struct dealer_timing timing;
	int64_t connect_ms; /* address to finished handshake */
};

struct uplink_config {
	struct uplink_settings settings;
	int64_t welcome_ms, answer_ms, ping_ms, hello_ms; /* see protocol/device_sync.h */
	int64_t prune_days;                               /* see agent/link/pruner.h; 0: off */
	bool drain;                /* end when all is acknowledged and the documents are here … */
	bool (*enough)(void *ctx); /* … and this says so; NULL: it does */
	/* Fetch what the hub has beyond the tip, and push nothing: store a document of events;
	 * false ends the uplink.  NULL: as usual. */
	bool (*take_events)(void *ctx, struct bytes packed);
	int64_t timeout_ms; /* end after that time; 0: never */
	int signal_fd;      /* of daemon_signals() */
	void (*tell)(void *ctx, const struct uplink_report *report);
	void (*hang_up)(void *ctx); /* SIGHUP came; NULL: it ends the uplink as others do */
	void *ctx;
};

/* Defaults of the above. */
enum {
	UPLINK_CONNECT_MS = 60 * 1000,
	UPLINK_WELCOME_MS = 30 * 1000,
	UPLINK_ANSWER_MS = 120 * 1000,
	UPLINK_PING_MS = 30 * 1000,
	UPLINK_HELLO_MS = 3600 * 1000,
};

typedef enum uplink_end {
	UPLINK_DRAINED = 1,
	UPLINK_TIMED_OUT,
	UPLINK_SIGNALLED,
	UPLINK_ENOUGH, /* take_events said so */
	UPLINK_BROKEN, /* *ret_fault says why */
} uplink_end;

typedef struct uplink uplink;

/* box and keys outlive it. */
status uplink_new(outbox *box, const struct agent_keys *keys, const struct uplink_config *config,
                  uplink **ret_uplink);
void uplink_free(uplink **u_p);

/* Other settings from now on.  A link that is up stays, unless its endpoint is no longer
 * among them; the next attempt, which is made at once when there is none, goes by them.  ST_NOMEM: nothing has changed. */
status uplink_set(uplink *u, const struct uplink_settings *settings);

/* Carry, until one of the ends above; what the hub told is in the outbox then. */
uplink_end uplink_run(uplink *u, status *ret_fault);

/* The hub has welcomed this device since uplink_new(). */
bool uplink_was_welcomed(const uplink *u);

/* What the hub has told so far. */
const struct outbox_hub *uplink_facts(const uplink *u);
