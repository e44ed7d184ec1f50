/* protocol/hub_sync.h - the hub's side of one connection, without I/O
 *
 * The intake gives each connection one of these and feeds it the frames that
 * came from it; it answers with one action a frame.  A batch is handed out to
 * be stored; when the commit is on disk (or failed) the outcome comes back by
 * hub_sync_settled() and the ACK, WANT or REFUSE leaves.  No state is kept for
 * a feed: clones of a device may be connected side by side.
 *
 *              HELLO                   WANT sent
 *      NEW -------------> STREAMING ------------> WAITING
 *       |                  |  ^  ^                 |  |
 *       |                  |  |  +---- HELLO ------+  |
 *       | anything else    |  +-- HELLO, next round   | foreign feed, bad frame,
 *       v                  v                          v overdraft
 *       +-------------> CLOSED <----------------------+
 *
 * In WAITING every PUSH of the old round is passed over without an answer, so
 * several batches in flight cause one go-back.  The first HELLO of a connection
 * may have any round.
 *
 * Not thread safe: all connections of a hub belong to one loop.
 */
#pragma once

#include "protocol/batch.h"
#include "protocol/message.h"

/* With what may be relied on in each.  CLOSED is left by nothing: a peer that was
 * refused needs a new connection. */
typedef enum hub_state {
	HUB_NEW = 1,   /* the key is known, nothing was said */
	HUB_STREAMING, /* WELCOME sent; round, credit are valid */
	HUB_WAITING,   /* WANT sent for round; only a HELLO moves on */
	HUB_CLOSED,    /* a REFUSE was sent; frames are passed over */
	HUB_STATES_
} hub_state;

/* What a frame comes to, once it is judged: the columns of the table in
 * hub_sync.c. */
typedef enum hub_event {
	HUB_ON_HELLO,
	HUB_ON_PUSH,
	HUB_ON_GET,
	HUB_ON_PING,
	HUB_ON_STALE,     /* a PUSH of an older round */
	HUB_ON_BAD,       /* malformed, over a size, or a message no device sends */
	HUB_ON_FOREIGN,   /* HELLO or batch of a feed that is not this key's */
	HUB_ON_OVERDRAFT, /* more bytes unanswered than credit allows */
	HUB_ON_VERSION,   /* a protocol version that is not spoken here */
	HUB_EVENTS_
} hub_event;

/* What the hub's store says of a feed; all from one snapshot. */
struct hub_view {
	uint64_t plan, standing, registry; /* versions; 0: none yet */
	uint64_t beyond;    /* events of the feed that do not lie at or below the point asked */
	uint64_t credit;    /* bytes that the peer may have unanswered from now on */
	struct points gaps; /* of which WELCOME tells those that the device may have */
	struct point safe;  /* left as it is: none */
};

/* Asked from within hub_sync_*() only.  Any result but ST_OK, and ST_NOT_FOUND
 * of part, refuses the peer as busy. */
struct hub_answers {
	void *ctx;
	/* The highest of points that is known, else seq 0 with h(0). */
	status (*highest)(void *ctx, const uint8_t feed[static FEED_BYTES],
	                  const struct points *points, struct point *ret_known);
	/* known is what highest found of the last HELLO, or what was acknowledged since: of
	 * the device's own tip the hub can say nothing when the device was put back and has
	 * recorded since. */
	status (*view)(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
	               struct hub_view *ret_view);
	/* How many events lead on from known along the lane that goes furthest; asked only
	 * when there are some beyond it.  NULL: not told. */
	status (*onward)(void *ctx, const uint8_t feed[static FEED_BYTES],
	                 const struct point *known, uint64_t *ret_count);
	/* Up to max bytes of a document from offset; of events: of those that lead on from
	 * known, which is as above.  Fills version, total, bytes,
	 * signature of ret_part, which point into memory that lasts until the next
	 * question.  No bytes from offset on: bytes is empty.  ST_NOT_FOUND: there is
	 * no such document. */
	status (*part)(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
	               document what, uint64_t offset, size_t max, struct message *ret_part);
};

/* What all connections of a hub share: the caller sets it up once, and hands it
 * in with each call. */
struct hub_common {
	uint8_t hub[FEED_BYTES];           /* public signing key: the hub's id */
	uint8_t secret[SIGN_SECRET_BYTES]; /* signs receipts */
	uint64_t boot;
	struct hub_answers answers;
	writer w; /* for what is sent: a thousand silent connections need no buffer each */
	struct message said; /* what hello of the last action points to */
};

/* One of these for each call, so nothing has to be asked for afterwards. */
typedef enum hub_action_type {
	HUB_NOTHING = 1, /* pass over */
	HUB_SEND,        /* frame: to the peer */
	HUB_STORE,       /* batch: to the journal; then hub_sync_settled() */
	HUB_REFUSE,      /* frame: to the peer (empty: no memory); then forget the connection */
} hub_action_type;

/* What the caller has to do now.  Which fields are set is said at the type. */
struct hub_action {
	hub_action_type type;
	struct bytes frame; /* valid until the next call of any connection */
	struct batch batch; /* points into the frame given */
	size_t wire_bytes;  /* of that batch, for hub_sync_settled() */
	uint64_t round;
	bool loose; /* the batch may join at what is not here: its device has nothing lower */
	refusal refused_with; /* of HUB_REFUSE */
	/* When the frame was a HELLO or PING that was answered, else NULL: for
	 * contacts.  Valid until the next call of any connection; texts point into the
	 * frame given. */
	const struct message *hello;
};

/* One a connection, in the caller's memory.
 *
 * The credit told may shrink while batches that an older word allowed are on
 * their way.  So credit here is the most that an honest peer can have
 * unanswered: at each ACK the greater of what is told now and what was allowed
 * less the batch answered. */
typedef struct hub_sync {
	hub_state state;          /* hub_sync_*() alone writes it */
	uint8_t feed[FEED_BYTES]; /* the feed that this connection's key is enrolled for */
	uint64_t round;
	uint64_t credit;     /* bytes that may be unanswered, see above */
	uint64_t unanswered; /* bytes of batches of this round taken and not answered */
	uint64_t waiting;    /* how many these are */
	struct point known;  /* as told in WELCOME, then by ACK: on its chain, and here */
	uint64_t floor;      /* of the last HELLO: the device has nothing at or below */
} hub_sync;

/* feed is the one that the peer's key is enrolled for; it is copied.  There is
 * nothing to undo: the memory may be given up at any time. */
void hub_sync_init(hub_sync *s, const uint8_t feed[static FEED_BYTES]);

/* Take one frame, of any length.  wall_ms, ms since 1970-01-01 UTC, is only passed
 * on.  The frame must stay until the action is carried out: batch and hello point
 * into it. */
void hub_sync_frame(hub_sync *s, struct hub_common *common, const void *frame, size_t len,
                    int64_t wall_ms, struct hub_action *ret_action);

/* What became of a batch handed out.  Those of one connection come back in the
 * order in which they were handed out, since an ACK stands for all before it.  One
 * of an older round, or of a connection that was refused, does no harm. */
struct hub_settled {
	uint64_t round; /* of the action, as is wire_bytes */
	size_t wire_bytes;
	struct point end; /* of the batch */
	status outcome;
};

/* ST_OK or ST_EXISTS (all of it was known) is acknowledged; ST_UNKNOWN asks for
 * points; ST_DENIED, ST_CHAIN, ST_LIMIT, ST_MALFORMED refuse with that reason;
 * anything else refuses as busy. */
void hub_sync_settled(hub_sync *s, struct hub_common *common, const struct hub_settled *batch,
                      struct hub_action *ret_action);

/* A PONG unasked, when the plan, the standing or the credit changed. */
void hub_sync_notice(hub_sync *s, struct hub_common *common, int64_t wall_ms,
                     struct hub_action *ret_action);

/* Refuse whatever the state, e.g. for a right that was taken.  Nothing more is
 * answered on this connection. */
void hub_sync_refuse(hub_sync *s, struct hub_common *common, refusal code,
                     struct hub_action *ret_action);

/* What a REFUSE says beside its code: a msgid, sent in English. */
const char *hub_refusal_text(refusal code);

/* For logs and tests.  Never NULL. */
const char *hub_state_name(hub_state state);

/* For the test that walks the table: whether a step is written. */
bool hub_sync_has_step(hub_state state, hub_event event);
