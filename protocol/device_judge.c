#include "protocol/device_internal.h"

#include "protocol/identity.h"

enum { WANTS_MAX = 3 }; /* in a row, without an ACK between them */

/* why is not copied: a msgid, which lives as long as the program. */
static device_event
lie(device_sync *s, const char *why)
{
	s->why = why;
	return DEVICE_ON_BAD;
}

status
device_on_chain(device_sync *s, const struct point *p)
{
	uint8_t hash[HASH_BYTES];
	status st = s->store->hash_at(s->store->ctx, p->seq, hash);

	if (st == ST_OK && memcmp(hash, p->hash, HASH_BYTES) == 0)
		return ST_OK;
	/* a number above the tip is as foreign as another hash; anything else means
	 * that nothing could be looked up */
	return st == ST_OK || st == ST_NOT_FOUND ? ST_UNKNOWN : st;
}

static device_event
judge_point(device_sync *s, const struct point *p, device_event good)
{
	status st = device_on_chain(s, p);

	if (st == ST_OK)
		return good;
	if (st == ST_UNKNOWN)
		return lie(s, N_("the hub named a point that is not on this device's chain"));
	s->why = st == ST_NOMEM
		? status_text(st)
		: N_("the outbox cannot be read; 'valija verify' says whether it is damaged");
	return DEVICE_ON_FAULT;
}

/* The round first, here and below: what answers an older HELLO may name a point
 * that was true then, and is no lie. */
static device_event
judge_welcome(device_sync *s, const struct message *m)
{
	if (m->round != s->round)
		return DEVICE_ON_STALE;
	if (memcmp(m->hub, s->config.hub, FEED_BYTES) != 0)
		return lie(s, N_("the hub's signing key is not the one in hub.pub"));
	return judge_point(s, &m->known, DEVICE_ON_WELCOME);
}

static device_event
judge_ack(device_sync *s, const struct message *m)
{
	uint8_t covered[RECEIPT_SIGNED_BYTES];

	if (m->round != s->round)
		return DEVICE_ON_STALE;
	receipt_signed(s->config.hub, s->config.feed, &m->end, covered);
	if (!signature_valid(covered, sizeof(covered), s->config.hub, m->receipt))
		return lie(s, N_("the hub's receipt does not bear its signature"));
	return judge_point(s, &m->end,
	                   s->gap_sent && point_equal(&m->end, &s->gap) ? DEVICE_ON_FILLED
	                                                                : DEVICE_ON_ACK);
}

/* After each WELCOME the next batch joins a point that the hub has just named,
 * so to want it again and again is no honest answer; and nothing else would slow
 * that circle down. */
static device_event
judge_want(device_sync *s, const struct message *m)
{
	if (m->round != s->round)
		return DEVICE_ON_STALE;
	if (s->wants == WANTS_MAX)
		return lie(s, N_("the hub asks for the same again and again"));
	s->wants++;
	return DEVICE_ON_WANT;
}

/* Parts are taken in here since whether they fit decides the event. */
static device_event
judge_part(device_sync *s, const struct message *m)
{
	download *const downloads[DOCUMENTS_] = {
		[DOCUMENT_PLAN] = &s->plan,
		[DOCUMENT_STANDING] = &s->standing,
		[DOCUMENT_EVENTS] = &s->events,
	};
	document what = DOCUMENTS_;
	download *d;
	status st;

	if (!document_of_name(m->what, &what) || (what == DOCUMENT_EVENTS && !s->config.adopt))
		return lie(s, N_("the hub sent a document that nobody asked for"));
	/* no round to compare: a part that nobody asked for is passed over there */
	d = downloads[what];
	st = download_part(d, m);
	if (st == ST_NOMEM) {
		s->why = status_text(st);
		return DEVICE_ON_FAULT;
	}
	if (st < 0)
		return lie(s, N_("the parts of a document from the hub do not fit together"));
	if (d->whole && !download_signed(d, s->config.hub, s->config.feed))
		return lie(s, N_("a document from the hub does not bear its signature"));
	return DEVICE_ON_PART;
}

static device_event
judge_refuse(device_sync *s, const struct message *m)
{
	/* the frame is gone when the reason is asked for */
	s->has_refusal = true;
	if (!refusal_of_name(m->code, &s->refused_with))
		s->refused_with = REFUSALS_;
	s->hub_text_len = m->text.len;
	if (m->text.len > 0) /* at most TEXT_BYTES_MAX, as the field table has it */
		memcpy(s->hub_text, m->text.at, m->text.len);
	s->why = N_("the hub refused");
	return DEVICE_ON_REFUSE;
}

device_event
device_judge(device_sync *s, const void *frame, size_t len, struct message *ret_message)
{
	const struct message *m = ret_message;

	/* the reason, should the table close on what is well-formed and true:
	 * no judge below knows the state */
	s->why = N_("the hub's answer came out of turn");
	if (message_decode(frame, len, ret_message) < 0)
		return lie(s, N_("the hub sent bytes that are not a message"));
	switch (m->type) {
	case MESSAGE_WELCOME: return judge_welcome(s, m);
	case MESSAGE_REFUSE: return judge_refuse(s, m);
	case MESSAGE_ACK: return judge_ack(s, m);
	case MESSAGE_WANT: return judge_want(s, m);
	case MESSAGE_PART: return judge_part(s, m);
	case MESSAGE_PONG: return m->boot == s->boot ? DEVICE_ON_PONG : DEVICE_ON_REBOOT;
	case MESSAGE_HELLO:
	case MESSAGE_PUSH:
	case MESSAGE_GET:
	case MESSAGE_PING:
	case MESSAGES_: break;
	}
	return lie(s, N_("the hub sent a message that only devices send"));
}
