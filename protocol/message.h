/* protocol/message.h - the frames of the conversation between device and hub
 *
 * One frame is one MessagePack map with a key "t" that names the message.  The
 * fields are those of SPEC.md, section 8.  A message points into the bytes it was
 * decoded from.
 *
 * What is checked here is form: that the fields of the type are there and within
 * their bounds.  Whether a message fits the conversation, and whether what it
 * claims is true, protocol/device_sync.h and protocol/hub_sync.h decide.
 *
 * Pure and thread safe: nothing is kept between two calls.
 */
#pragma once

#include "protocol/codec.h"
#include "protocol/limits.h"

/* What a HELLO says under proto; a hub refuses any other. */
enum { PROTOCOL_VERSION = 1 };

/* The frames, and who sends each. */
typedef enum message_type {
	MESSAGE_HELLO,   /* device: who I am, points of my chain */
	MESSAGE_WELCOME, /* hub: the highest point it knows */
	MESSAGE_REFUSE,  /* hub: why not; the connection ends */
	MESSAGE_PUSH,    /* device: a batch */
	MESSAGE_ACK,     /* hub: committed and synced */
	MESSAGE_WANT,    /* hub: send your points again */
	MESSAGE_GET,     /* device: a part of a document, please */
	MESSAGE_PART,    /* hub: here */
	MESSAGE_PING,    /* device */
	MESSAGE_PONG,    /* hub; also unasked, when a version changed */
	MESSAGES_
} message_type;

/* Documents that go down to the device (SPEC.md, section 9). */
typedef enum document { DOCUMENT_PLAN, DOCUMENT_STANDING, DOCUMENT_EVENTS, DOCUMENTS_ } document;

/* Codes of REFUSE.  Names, and what a device does about each, in SPEC.md.
 * What travels is the name, never the number. */
typedef enum refusal {
	REFUSAL_VERSION,   /* "version": protocol version not spoken here */
	REFUSAL_ENROLMENT, /* "enrolment": this key is not enrolled (any more) */
	REFUSAL_FEED,      /* "feed": not the feed of this connection's key */
	REFUSAL_MALFORMED, /* "malformed" */
	REFUSAL_ORDER,     /* "order": that message does not belong here */
	REFUSAL_SIZE,      /* "size" */
	REFUSAL_SEAL,      /* "seal": the signature is not the feed's */
	REFUSAL_CHAIN,     /* "chain": the hashes do not join up */
	REFUSAL_LIMIT,     /* "limit": lanes, gaps or connections of a feed */
	REFUSAL_CREDIT,    /* "credit": more was sent than credit allowed */
	REFUSAL_BUSY,      /* "busy": the hub cannot store now; try later */
	REFUSALS_
} refusal;

/* All messages in one structure; the fields of the others are 0, NULL or empty
 * unless the sender put them there.  Numbers of events are up to INT64_MAX, clocks
 * are ms since 1970-01-01 UTC, and a clock of the other side decides nothing.
 *
 * Positions are points, never bare numbers: under one number clones of a device
 * have different events.  round is that of the last HELLO, so that an answer to
 * what was asked before it can be told and passed over. */
struct message {
	uint64_t has; /* one bit a key; for who decodes, message_encode() ignores it */
	message_type type;
	struct text type_name;

	uint64_t protocol;      /* HELLO */
	uint64_t round;         /* HELLO WELCOME PUSH ACK WANT */
	const uint8_t *feed;    /* HELLO */
	struct points points;   /* HELLO: highest first is not required */
	struct point floor;     /* HELLO: what lies at or below is no longer held */
	struct point tip;       /* HELLO */
	uint64_t plan;          /* HELLO WELCOME ACK PONG: plan version; 0 none */
	uint64_t registry;      /* HELLO WELCOME PONG: registry number seen; 0 not told */
	int64_t clock_ms;       /* HELLO WELCOME PING PONG: the sender's wall clock */
	struct text program;    /* HELLO: name and version */
	uint64_t pending;       /* HELLO PING: events not acknowledged; PONG: batches not stored */
	bool has_facts;         /* HELLO PING: the two below are told */
	uint64_t disk_bytes;    /* HELLO PING: free where the outbox is */
	uint64_t oldest_ms;     /* HELLO PING: age of the oldest event not acknowledged; 0 none */
	const uint8_t *hub;     /* WELCOME: the hub's signing key, its id */
	uint64_t boot;          /* WELCOME PONG, and PING: drawn when the hub started */
	struct point known;     /* WELCOME: the highest of the points it knows */
	uint64_t beyond;        /* WELCOME: events it holds beyond known */
	uint64_t onward;        /* WELCOME: those of them that lead on from it; 0 not told */
	struct points gaps;     /* WELCOME: points this device may fill */
	uint64_t credit;        /* WELCOME ACK PONG: bytes allowed beyond the last ACK */
	uint64_t standing;      /* WELCOME ACK PONG: version of the standing */
	struct bytes batch;     /* PUSH */
	struct point end;       /* ACK: end of the batch that it answers */
	struct point safe;      /* ACK: also in a verified backup up to here */
	const uint8_t *receipt; /* ACK: signature, see receipt_signed() */
	struct text what;       /* GET PART: "plan", "standing", "events" */
	uint64_t version;       /* GET PART */
	uint64_t offset;        /* GET PART */
	uint64_t total;         /* PART: bytes of the document as packed */
	struct bytes bytes;     /* PART */
	const uint8_t *signature; /* PART: over the whole, see document_signed() */
	struct text code;         /* REFUSE */
	struct text text;         /* REFUSE: English, for a log */
};

/* Decode one frame.  ST_MALFORMED; ST_LIMIT; ST_UNKNOWN: a type that is not
 * known.  After a failure *ret_message holds nothing of use.
 * Unknown keys, and keys of other messages, are no fault. */
status message_decode(const void *frame, size_t len, struct message *ret_message);

/* Replaces what w holds.  Writes exactly the fields of m->type; each must be
 * set: a pointer to its bytes, a point to h(0) where there is none.  Values are
 * not checked: they are our own.  ST_NOMEM. */
status message_encode(const struct message *m, writer *w);

/* The names on the wire.  Never NULL; the look-ups write on success only. */
const char *message_name(message_type type);
const char *refusal_name(refusal code);
bool refusal_of_name(struct text name, refusal *ret_code);
const char *document_name(document what);
bool document_of_name(struct text name, document *ret_what);

/* The bytes that the signature of a receipt covers, for who signs and for who
 * checks it; RECEIPT_SIGNED_BYTES counts the tag's 16:
 *     "valija/receipt/1" | hub | feed | seq (u64 BE) | hash */
enum { RECEIPT_SIGNED_BYTES = 16 + FEED_BYTES + FEED_BYTES + 8 + HASH_BYTES };
void receipt_signed(const uint8_t hub[static FEED_BYTES], const uint8_t feed[static FEED_BYTES],
                    const struct point *end, uint8_t ret_bytes[static RECEIPT_SIGNED_BYTES]);

/* The bytes that the signature of a document covers (tag is "valija/plan/1",
 * "valija/standing/1" or "valija/events/1"):
 *     tag | hub | feed (zeros for the plan) | version (u64 BE) | BLAKE2b-256(packed whole)
 * The bytes as packed are signed, so nothing is unpacked that the hub did not
 * make.  Returns how many bytes, at most DOCUMENT_SIGNED_BYTES_MAX. */
enum { DOCUMENT_SIGNED_BYTES_MAX = 20 + FEED_BYTES + FEED_BYTES + 8 + HASH_BYTES };
size_t document_signed(document what, const uint8_t hub[static FEED_BYTES],
                       const uint8_t feed[static FEED_BYTES], uint64_t version,
                       const uint8_t packed_hash[static HASH_BYTES],
                       uint8_t ret_bytes[static DOCUMENT_SIGNED_BYTES_MAX]);
