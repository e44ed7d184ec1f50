/* protocol/device_sync.h - the device's side of the conversation, without I/O
 *
 * Frames, ticks and answers of the store go in; actions come out.  One object
 * serves one hub for the life of the process, over many connections; it keeps
 * what a broken link must not lose (a half-received document) and forgets the
 * rest at device_sync_start().  Nothing here reads a clock, a socket or a file,
 * so the uplink, the simulator and the fuzzers run the same object.
 *
 *     device_sync_start(s, now);                 a link is up
 *     loop:
 *         while (device_sync_next(s, now, wall, &action))  do it
 *         wait until device_sync_deadline(s), a frame, or new records;
 *         device_sync_frame(s, ...) / device_sync_grew(s) / device_sync_tick(s, now)
 *
 *            start                WELCOME
 *     DOWN ---------> GREETING ----------------> STREAMING
 *                      ^  ^ |                     |  |
 *                      |  | |                     |  |  REFUSE, a bad frame or a lie,
 *                start |  | +---------------------|--+-----+  a deadline, the store
 *                      |  |                       |        |  failed
 *                      |  +-- WANT, another boot -+        v
 *                      |      id, an hour idle           CLOSED
 *                      +-----------------------------------+
 *
 * A position from the hub is believed only when it is on the device's own
 * chain.  What belongs to an older round is ignored, so several batches in
 * flight cause one go-back.
 *
 * Nothing is queued: device_sync_next() works out what is owed at that moment,
 * in this order: what the hub has told (WELCOMED, ACKED, a DOCUMENT), HELLO,
 * GET of the plan, of the standing, of events, PUSH while there is credit, PING.
 *
 * With config.adopt it fetches, instead of pushing, what the hub has of this feed beyond
 * the tip, as long as the tip is there too: else the device has recorded something since,
 * and what lies beyond is another lane.  Each document of events is handed out; when its
 * caller has stored them, device_sync_adopted() has the device say HELLO with the tip that
 * it has then, and the hub tells what is left.
 *
 * Gaps that the hub tells of (its disk was damaged) are filled once all else is sent: one
 * batch that ends there, then HELLO, and the hub tells what is left.  Each is tried once a
 * connection.
 *
 * Not thread safe; one object belongs to one loop.
 */
#pragma once

#include "protocol/message.h"

/* With what may be relied on in each.  From DOWN and CLOSED only a start leads
 * on. */
typedef enum device_state {
	DEVICE_DOWN = 1,  /* no link; nothing may be sent */
	DEVICE_GREETING,  /* HELLO owed or sent; round is valid */
	DEVICE_STREAMING, /* WELCOME taken; boot, acked, next, credit are valid */
	DEVICE_CLOSED,    /* the link is of no use any more; why is valid */
	DEVICE_STATES_
} device_state;

/* What a frame, a tick or a call comes to, once it is judged: the columns of the
 * table in device_sync.c. */
typedef enum device_event {
	DEVICE_ON_START,
	DEVICE_ON_WELCOME,
	DEVICE_ON_REFUSE,
	DEVICE_ON_ACK,
	DEVICE_ON_FILLED, /* an ACK of the batch that fills a gap */
	DEVICE_ON_WANT,
	DEVICE_ON_PART,
	DEVICE_ON_PONG,
	DEVICE_ON_REBOOT,   /* a PONG with another boot id than the WELCOME's */
	DEVICE_ON_STALE,    /* WELCOME, ACK or WANT of another round */
	DEVICE_ON_BAD,      /* malformed, a lie, or a message no hub sends */
	DEVICE_ON_DEADLINE, /* an answer did not come in time */
	DEVICE_ON_IDLE,     /* silence for ping_ms, nothing awaited */
	DEVICE_ON_HOUR,     /* hello_ms since the last HELLO, nothing awaited */
	DEVICE_ON_GREW,     /* the outbox has new events */
	DEVICE_ON_ADOPTED,  /* events from the hub are stored */
	DEVICE_ON_FAULT,    /* the store, or memory, failed */
	DEVICE_EVENTS_
} device_event;

/* Answers about the device's own chain; called from device_sync_* only.  Every
 * call sees all that is committed and synced, nothing else: what is sent must not
 * be lost here by a power cut, or its number would be given to another event.
 * Any result but ST_OK, and ST_NOT_FOUND of hash_at, closes the link.  ctx is
 * handed to each call as it is. */
/* What the office would like to know of a machine that it cannot see. */
struct device_facts {
	uint64_t disk_bytes; /* free where the outbox is */
	uint64_t oldest_ms;  /* age of the oldest event above a mark, by the device's clock; 0:
	                      * none */
};

struct device_store {
	void *ctx;
	status (*tip)(void *ctx, struct point *ret_tip);
	/* NULL, or the point at and below which the device has nothing to send any more. */
	status (*floor)(void *ctx, struct point *ret_floor);
	/* ST_NOT_FOUND above the tip, and below the floor; seq 0 is h(0), and is always
	 * there. */
	status (*hash_at)(void *ctx, uint64_t seq, uint8_t ret_hash[static HASH_BYTES]);
	/* Seal events from first on, which is above the floor and not above the tip, up to
	 * last or the tip, into w (replacing what it holds), of at most wire_bytes where one
	 * event alone allows it, and of at most FLIGHT_ROOM_LEAST (protocol/flight.h) where
	 * it does not; *ret_end is the last. */
	status (*seal)(void *ctx, uint64_t first, uint64_t last, size_t wire_bytes, writer *w,
	               struct point *ret_end);
	/* NULL, or not ST_OK: nothing is told.  acked is the mark. */
	status (*facts)(void *ctx, const struct point *acked, int64_t wall_ms,
	                struct device_facts *ret_facts);
};

/* Times are ms and above 0.  program is a 0-terminated text. */
struct device_sync_config {
	uint8_t feed[FEED_BYTES];
	uint8_t hub[FEED_BYTES]; /* the hub's signing key, from hub.pub */
	bool adopt;              /* fetch what lies beyond the tip; push nothing */
	char program[64];        /* "valija-agent 0.1.0" */
	int64_t welcome_ms;      /* HELLO to WELCOME */
	int64_t answer_ms;       /* PUSH to ACK, GET to PART, PING to PONG */
	int64_t ping_ms;         /* silence before a PING */
	int64_t hello_ms;        /* longest time without a HELLO: an hour */
};

/* What the store already has from this hub; set once, before the first start.  A
 * point that is not on the own chain does no harm: WELCOME puts it right. */
struct device_sync_memory {
	struct point acked; /* what this hub last acknowledged; seq 0 for none */
	uint64_t plan;      /* version held */
	uint64_t standing;  /* version held, of standing_boot */
	uint64_t standing_boot;
	uint64_t registry; /* highest number seen */
};

/* What the caller has to do, and which fields say with what. */
typedef enum device_action_type {
	DEVICE_SEND = 1, /* frame: to the hub; valid until the next call */
	DEVICE_ACKED,    /* point: this hub has all up to here; may go down */
	DEVICE_WELCOMED, /* the hub answered: beyond, onward, hub_clock_ms, registry are valid */
	DEVICE_SEEN,     /* registry is valid: it has risen */
	DEVICE_DOCUMENT, /* what, version, boot, packed: whole, its signature checked */
	DEVICE_CLOSE,    /* refused_with/why: drop the link, try again later */
} device_action_type;

/* Which fields are set is said at the type.  All pointers are valid until the
 * next call on the object. */
struct device_action {
	device_action_type type;
	struct bytes frame;
	struct point point;
	uint64_t beyond;   /* events that the hub holds beyond what it knows of our chain */
	uint64_t onward;   /* those of them that lead on from our tip: they can be fetched */
	uint64_t registry; /* highest number seen */
	uint64_t boot;
	int64_t hub_clock_ms;
	document what;
	uint64_t version;
	struct bytes packed;
	bool has_refusal;     /* refused_with and hub_text are valid */
	refusal refused_with; /* REFUSALS_: a code that is not known here */
	const char *why;      /* msgid */
	struct text hub_text; /* what the hub said, not to be trusted */
};

typedef struct device_sync device_sync;

/* NULL: no memory.  config and memory are copied; store must outlive the
 * object. */
device_sync *
device_sync_new(const struct device_sync_config *config, const struct device_sync_memory *memory,
                const struct device_store *store);
/* Sets *s_p to NULL; does nothing when it is NULL. */
void device_sync_free(device_sync **s_p);

/* A new link is up; whatever was under way on an older one is lost.  now_ms is
 * of a clock that does not go back, here and everywhere. */
void device_sync_start(device_sync *s, int64_t now_ms);

/* One frame came from the hub.  In DOWN and CLOSED it is passed over.  Any bytes
 * of any length may stand there; they are not needed after the call. */
void device_sync_frame(device_sync *s, const void *frame, size_t len, int64_t now_ms);

/* The outbox may have grown.  Cheap, and never wrong to call: the tip is looked at
 * when something could be sent. */
void device_sync_grew(device_sync *s);

/* The events of the last DEVICE_DOCUMENT that had some are stored, as far as they are to
 * be; or another process has stored some. */
void device_sync_adopted(device_sync *s, int64_t now_ms);

/* Time went by; does nothing before device_sync_deadline(). */
void device_sync_tick(device_sync *s, int64_t now_ms);

/* The next thing to do; false when there is nothing.  wall_ms is the wall
 * clock, only passed on.  A caller whose socket is full stops asking and comes
 * back later.  ST results of the store that are not ST_OK end in DEVICE_CLOSE. */
bool
device_sync_next(device_sync *s, int64_t now_ms, int64_t wall_ms, struct device_action *ret_action);

/* When device_sync_tick() is due at the latest; INT64_MAX: never. */
int64_t device_sync_deadline(const device_sync *s);

/* Everything recorded is acknowledged and no gap is left to fill (with config.adopt: what
 * can be fetched is), the documents told are here, and device_sync_next() has said so. */
bool device_sync_drained(device_sync *s);

/* The highest point of the own chain up to which, as the hub has said in this round, all is
 * there and in a copy of it that was verified; false: it has said nothing of the kind.  It
 * is true for as long as no frame came and no time went by: the hub may be put back. */
bool device_sync_safe(const device_sync *s, struct point *ret_safe);

/* For those who show it, and for tests; nobody need steer by it.  The name is never
 * NULL. */
device_state device_sync_state(const device_sync *s);
const char *device_state_name(device_state state);

/* For the test that walks the table: whether a step is written. */
bool device_sync_has_step(device_state state, device_event event);
