#include "protocol/message.h"

#define AT(member) offsetof(struct message, member)

/* One row a key, for all messages; a key has one type wherever it stands.  The
 * order is that of the keys. */
enum row {
	ROW_BATCH,
	ROW_BEYOND,
	ROW_BOOT,
	ROW_BYTES,
	ROW_CLOCK,
	ROW_CODE,
	ROW_CREDIT,
	ROW_DISK,
	ROW_END,
	ROW_FEED,
	ROW_FLOOR,
	ROW_GAPS,
	ROW_HUB,
	ROW_KNOWN,
	ROW_OFFSET,
	ROW_OLDEST,
	ROW_ONWARD,
	ROW_PENDING,
	ROW_PLAN,
	ROW_POINTS,
	ROW_PROGRAM,
	ROW_PROTO,
	ROW_RECEIPT,
	ROW_REGISTRY,
	ROW_ROUND,
	ROW_SAFE,
	ROW_SIG,
	ROW_STANDING,
	ROW_T,
	ROW_TEXT,
	ROW_TIP,
	ROW_TOTAL,
	ROW_VERSION,
	ROW_WHAT,
	ROWS_
};

static const struct codec_field fields[ROWS_] = {
	[ROW_BATCH] = { "batch", CODEC_BIN, AT(batch), 0, BATCH_BYTES_MAX, false },
	[ROW_BEYOND] = { "beyond", CODEC_UINT, AT(beyond), 0, INT64_MAX, false },
	[ROW_BOOT] = { "boot", CODEC_UINT, AT(boot), 0, UINT64_MAX, false },
	[ROW_BYTES] = { "bytes", CODEC_BIN, AT(bytes), 0, DOWN_PART_BYTES_MAX, false },
	[ROW_CLOCK] = { "clock", CODEC_INT, AT(clock_ms), INT64_MIN, INT64_MAX, false },
	[ROW_CODE] = { "code", CODEC_CODE, AT(code), 0, 0, false },
	[ROW_CREDIT] = { "credit", CODEC_UINT, AT(credit), 0, CREDIT_BYTES_MAX, false },
	[ROW_DISK] = { "disk", CODEC_UINT, AT(disk_bytes), 0, INT64_MAX, false },
	[ROW_END] = { "end", CODEC_POINT, AT(end), 0, 0, false },
	[ROW_FEED] = { "feed", CODEC_FIXED, AT(feed), 0, FEED_BYTES, false },
	[ROW_FLOOR] = { "floor", CODEC_POINT, AT(floor), 0, 0, false },
	[ROW_GAPS] = { "gaps", CODEC_POINTS, AT(gaps), 0, GAPS_TOLD_MAX, false },
	[ROW_HUB] = { "hub", CODEC_FIXED, AT(hub), 0, FEED_BYTES, false },
	[ROW_KNOWN] = { "known", CODEC_POINT, AT(known), 0, 0, false },
	[ROW_OFFSET] = { "offset", CODEC_UINT, AT(offset), 0, PLAN_BYTES_MAX, false },
	[ROW_OLDEST] = { "oldest", CODEC_UINT, AT(oldest_ms), 0, INT64_MAX, false },
	[ROW_ONWARD] = { "onward", CODEC_UINT, AT(onward), 0, INT64_MAX, false },
	[ROW_PENDING] = { "pending", CODEC_UINT, AT(pending), 0, INT64_MAX, false },
	[ROW_PLAN] = { "plan", CODEC_UINT, AT(plan), 0, UINT32_MAX, false },
	[ROW_POINTS] = { "points", CODEC_POINTS, AT(points), 0, POINTS_MAX, false },
	[ROW_PROGRAM] = { "program", CODEC_TEXT, AT(program), 0, NAME_BYTES_MAX, false },
	[ROW_PROTO] = { "proto", CODEC_UINT, AT(protocol), 0, UINT32_MAX, false },
	[ROW_RECEIPT] = { "receipt", CODEC_FIXED, AT(receipt), 0, SIGNATURE_BYTES, false },
	[ROW_REGISTRY] = { "registry", CODEC_UINT, AT(registry), 0, INT64_MAX, false },
	[ROW_ROUND] = { "round", CODEC_UINT, AT(round), 1, UINT32_MAX, false },
	[ROW_SAFE] = { "safe", CODEC_POINT, AT(safe), 0, 0, false },
	[ROW_SIG] = { "sig", CODEC_FIXED, AT(signature), 0, SIGNATURE_BYTES, false },
	[ROW_STANDING] = { "standing", CODEC_UINT, AT(standing), 0, INT64_MAX, false },
	[ROW_T] = { "t", CODEC_CODE, AT(type_name), 0, 0, true },
	[ROW_TEXT] = { "text", CODEC_TEXT, AT(text), 0, TEXT_BYTES_MAX, false },
	[ROW_TIP] = { "tip", CODEC_POINT, AT(tip), 0, 0, false },
	[ROW_TOTAL] = { "total", CODEC_UINT, AT(total), 0, PLAN_BYTES_MAX, false },
	[ROW_VERSION] = { "version", CODEC_UINT, AT(version), 0, INT64_MAX, false },
	[ROW_WHAT] = { "what", CODEC_CODE, AT(what), 0, 0, false },
};

#define BIT(row) (UINT64_C(1) << (row))
#define FACTS (BIT(ROW_DISK) | BIT(ROW_OLDEST))

static const struct {
	const char *name;
	uint64_t rows; /* all of them must be there; ROW_T is required by its own row */
	uint64_t more; /* those that may be; of the facts, when there are some, else always */
} messages[MESSAGES_] = {
	[MESSAGE_HELLO] = { "HELLO",
	                    BIT(ROW_CLOCK) | BIT(ROW_FEED) | BIT(ROW_FLOOR) | BIT(ROW_PENDING) |
	                            BIT(ROW_PLAN) | BIT(ROW_POINTS) | BIT(ROW_PROGRAM) |
	                            BIT(ROW_PROTO) | BIT(ROW_REGISTRY) | BIT(ROW_ROUND) |
	                            BIT(ROW_TIP),
	                    FACTS },
	[MESSAGE_WELCOME] = { "WELCOME",
	                      BIT(ROW_BEYOND) | BIT(ROW_BOOT) | BIT(ROW_CLOCK) | BIT(ROW_CREDIT) |
	                              BIT(ROW_GAPS) | BIT(ROW_HUB) | BIT(ROW_KNOWN) |
	                              BIT(ROW_PLAN) | BIT(ROW_REGISTRY) | BIT(ROW_ROUND) |
	                              BIT(ROW_STANDING),
	                      BIT(ROW_ONWARD) },
	[MESSAGE_REFUSE] = { "REFUSE", BIT(ROW_CODE) | BIT(ROW_TEXT), 0 },
	[MESSAGE_PUSH] = { "PUSH", BIT(ROW_BATCH) | BIT(ROW_ROUND), 0 },
	[MESSAGE_ACK] = { "ACK",
	                  BIT(ROW_CREDIT) | BIT(ROW_END) | BIT(ROW_PLAN) | BIT(ROW_RECEIPT) |
	                          BIT(ROW_ROUND) | BIT(ROW_SAFE) | BIT(ROW_STANDING),
	                  0 },
	[MESSAGE_WANT] = { "WANT", BIT(ROW_ROUND), 0 },
	[MESSAGE_GET] = { "GET", BIT(ROW_OFFSET) | BIT(ROW_VERSION) | BIT(ROW_WHAT), 0 },
	[MESSAGE_PART] = { "PART",
	                   BIT(ROW_BYTES) | BIT(ROW_OFFSET) | BIT(ROW_SIG) | BIT(ROW_TOTAL) |
	                           BIT(ROW_VERSION) | BIT(ROW_WHAT),
	                   0 },
	[MESSAGE_PING] = { "PING", BIT(ROW_BOOT) | BIT(ROW_CLOCK) | BIT(ROW_PENDING), FACTS },
	[MESSAGE_PONG] = { "PONG",
	                   BIT(ROW_BOOT) | BIT(ROW_CLOCK) | BIT(ROW_CREDIT) | BIT(ROW_PENDING) |
	                           BIT(ROW_PLAN) | BIT(ROW_STANDING),
	                   BIT(ROW_REGISTRY) },
};

static const char *const refusals[REFUSALS_] = {
	[REFUSAL_VERSION] = "version", [REFUSAL_ENROLMENT] = "enrolment",
	[REFUSAL_FEED] = "feed",       [REFUSAL_MALFORMED] = "malformed",
	[REFUSAL_ORDER] = "order",     [REFUSAL_SIZE] = "size",
	[REFUSAL_SEAL] = "seal",       [REFUSAL_CHAIN] = "chain",
	[REFUSAL_LIMIT] = "limit",     [REFUSAL_CREDIT] = "credit",
	[REFUSAL_BUSY] = "busy",
};

/* The tag begins what is signed, so that a document cannot be passed off as one of
 * another kind. */
static const struct {
	const char *name;
	const char *tag;
} documents[DOCUMENTS_] = {
	[DOCUMENT_PLAN] = { "plan", "valija/plan/1" },
	[DOCUMENT_STANDING] = { "standing", "valija/standing/1" },
	[DOCUMENT_EVENTS] = { "events", "valija/events/1" },
};

static const char RECEIPT_TAG[] = "valija/receipt/1";

const char *
message_name(message_type type)
{
	return (unsigned) type < MESSAGES_ ? messages[type].name : "?";
}

const char *
refusal_name(refusal code)
{
	return (unsigned) code < REFUSALS_ ? refusals[code] : "?";
}

bool
refusal_of_name(struct text name, refusal *ret_code)
{
	for (int c = 0; c < REFUSALS_; c++) {
		if (text_is(name, refusals[c])) {
			*ret_code = (refusal) c;
			return true;
		}
	}
	return false;
}

const char *
document_name(document what)
{
	return (unsigned) what < DOCUMENTS_ ? documents[what].name : "?";
}

bool
document_of_name(struct text name, document *ret_what)
{
	for (int d = 0; d < DOCUMENTS_; d++) {
		if (text_is(name, documents[d].name)) {
			*ret_what = (document) d;
			return true;
		}
	}
	return false;
}

status
message_decode(const void *frame, size_t len, struct message *ret_message)
{
	struct message *m = ret_message;
	reader r = reader_of(frame, len);
	bool critical;

	*m = (struct message) { 0 };
	if (len > FRAME_BYTES_MAX)
		return ST_LIMIT;
	codec_read(&r, fields, ROWS_, m, &m->has, &critical);
	if (reader_end(&r) < 0)
		return r.st;
	/* Fields of other messages may stand there too: a newer peer may add
	 * them.  Such a field is held to its own bounds all the same. */
	for (int t = 0; t < MESSAGES_; t++) {
		if (!text_is(m->type_name, messages[t].name))
			continue;
		m->type = (message_type) t;
		m->has_facts = (m->has & FACTS) == FACTS;
		return critical || (messages[t].rows & ~m->has) ? ST_MALFORMED : ST_OK;
	}
	return ST_UNKNOWN;
}

status
message_encode(const struct message *m, writer *w)
{
	struct message copy = *m; /* only to fill the type's name in */

	copy.type_name = text_of(messages[m->type].name);
	writer_clear(w);
	codec_write(w, fields, ROWS_, &copy,
	            messages[m->type].rows | BIT(ROW_T) |
	                    (messages[m->type].more & (m->has_facts ? ~UINT64_C(0) : ~FACTS)));
	return writer_status(w);
}

/* Join what a signature covers; returns how long it is.  All parts but the tag
 * have a fixed length and no tag begins another, so no two inputs give the same
 * bytes. */
static size_t
covered(const char *tag, const uint8_t *hub, const uint8_t *feed, uint64_t number,
        const uint8_t *hash, uint8_t *out)
{
	size_t tag_len = strlen(tag);

	memcpy(out, tag, tag_len);
	out += tag_len;
	memcpy(out, hub, FEED_BYTES);
	memcpy(out + FEED_BYTES, feed, FEED_BYTES);
	put_u64(out + 2 * FEED_BYTES, number);
	memcpy(out + 2 * FEED_BYTES + 8, hash, HASH_BYTES);
	return tag_len + 2 * FEED_BYTES + 8 + HASH_BYTES;
}

void
receipt_signed(const uint8_t hub[static FEED_BYTES], const uint8_t feed[static FEED_BYTES],
               const struct point *end, uint8_t ret_bytes[static RECEIPT_SIGNED_BYTES])
{
	covered(RECEIPT_TAG, hub, feed, end->seq, end->hash, ret_bytes);
}

/* A plan is the same for all devices, so its signature must be as well. */
size_t
document_signed(document what, const uint8_t hub[static FEED_BYTES],
                const uint8_t feed[static FEED_BYTES], uint64_t version,
                const uint8_t packed_hash[static HASH_BYTES],
                uint8_t ret_bytes[static DOCUMENT_SIGNED_BYTES_MAX])
{
	static const uint8_t nobody[FEED_BYTES];

	return covered(documents[what].tag, hub, what == DOCUMENT_PLAN ? nobody : feed, version,
	               packed_hash, ret_bytes);
}
