#include "protocol/hub_sync.h"

#include "protocol/chain.h"
#include "protocol/identity.h"
#include "protocol/msgid.h"

enum deed {
	DO_NOTHING = 1, /* 0: a hole in the table, a test looks for it */
	DO_WELCOME,
	DO_STORE,
	DO_PART,
	DO_PONG,
	DO_REFUSE,
};

struct step {
	enum deed deed;
	hub_state next;
};

static const struct step steps[HUB_STATES_][HUB_EVENTS_] = {
	[HUB_NEW] = {
		[HUB_ON_HELLO]     = { DO_WELCOME, HUB_STREAMING },
		[HUB_ON_PUSH]      = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_GET]       = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_PING]      = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_STALE]     = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_BAD]       = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_FOREIGN]   = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_OVERDRAFT] = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_VERSION]   = { DO_REFUSE,  HUB_CLOSED },
	},
	[HUB_STREAMING] = {
		[HUB_ON_HELLO]     = { DO_WELCOME, HUB_STREAMING },
		[HUB_ON_PUSH]      = { DO_STORE,   HUB_STREAMING },
		[HUB_ON_GET]       = { DO_PART,    HUB_STREAMING },
		[HUB_ON_PING]      = { DO_PONG,    HUB_STREAMING },
		[HUB_ON_STALE]     = { DO_NOTHING, HUB_STREAMING },
		[HUB_ON_BAD]       = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_FOREIGN]   = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_OVERDRAFT] = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_VERSION]   = { DO_REFUSE,  HUB_CLOSED },
	},
	[HUB_WAITING] = {
		[HUB_ON_HELLO]     = { DO_WELCOME, HUB_STREAMING },
		[HUB_ON_PUSH]      = { DO_NOTHING, HUB_WAITING }, /* was on its way */
		[HUB_ON_GET]       = { DO_PART,    HUB_WAITING },
		[HUB_ON_PING]      = { DO_PONG,    HUB_WAITING },
		[HUB_ON_STALE]     = { DO_NOTHING, HUB_WAITING },
		[HUB_ON_BAD]       = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_FOREIGN]   = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_OVERDRAFT] = { DO_REFUSE,  HUB_CLOSED },
		[HUB_ON_VERSION]   = { DO_REFUSE,  HUB_CLOSED },
	},
	[HUB_CLOSED] = {
		[HUB_ON_HELLO]     = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_PUSH]      = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_GET]       = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_PING]      = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_STALE]     = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_BAD]       = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_FOREIGN]   = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_OVERDRAFT] = { DO_NOTHING, HUB_CLOSED },
		[HUB_ON_VERSION]   = { DO_NOTHING, HUB_CLOSED },
	},
};

/* For the log of either side. */
static const char *const refusal_texts[REFUSALS_] = {
	[REFUSAL_VERSION] = N_("this hub speaks protocol version 1 only"),
	[REFUSAL_ENROLMENT] = N_("this key is not enrolled here"),
	[REFUSAL_FEED] = N_("this connection's key is enrolled for another feed"),
	[REFUSAL_MALFORMED] = N_("bytes that do not follow the protocol"),
	[REFUSAL_ORDER] = N_("that message does not belong here; say HELLO first"),
	[REFUSAL_SIZE] = N_("larger than a limit of the protocol allows"),
	[REFUSAL_SEAL] = N_("the signature of a batch is not the feed's"),
	[REFUSAL_CHAIN] = N_("the hashes of a batch do not join up"),
	[REFUSAL_LIMIT] = N_("this feed has reached a limit of lanes, gaps or connections"),
	[REFUSAL_CREDIT] = N_("more was sent than the credit allowed"),
	[REFUSAL_BUSY] = N_("the hub cannot store now; try again later"),
};

/* One call, and what its parts hand to each other.  in and batch point into the
 * frame given; why is the reason, should the table say DO_REFUSE. */
struct turn {
	hub_sync *s;
	struct hub_common *common;
	int64_t wall_ms;
	struct hub_action *action;

	struct message in;
	struct batch batch;
	refusal why;
};

bool
hub_sync_has_step(hub_state state, hub_event event)
{
	return (unsigned) state < HUB_STATES_ && (unsigned) event < HUB_EVENTS_ &&
		steps[state][event].deed != 0;
}

const char *
hub_refusal_text(refusal code)
{
	return (unsigned) code < REFUSALS_ && refusal_texts[code] ? refusal_texts[code] : "?";
}

const char *
hub_state_name(hub_state state)
{
	static const char *const names[HUB_STATES_] = {
		[HUB_NEW] = "new",
		[HUB_STREAMING] = "streaming",
		[HUB_WAITING] = "waiting",
		[HUB_CLOSED] = "closed",
	};

	return (unsigned) state < HUB_STATES_ && names[state] ? names[state] : "?";
}

void
hub_sync_init(hub_sync *s, const uint8_t feed[static FEED_BYTES])
{
	memset(s, 0, sizeof(*s));
	s->state = HUB_NEW;
	memcpy(s->feed, feed, FEED_BYTES);
}

/* ---- answers ---- */

void
hub_sync_refuse(hub_sync *s, struct hub_common *common, refusal code, struct hub_action *ret_action)
{
	struct message m = {
		.type = MESSAGE_REFUSE,
		.code = text_of(refusal_name(code)),
		.text = text_of(hub_refusal_text(code)),
	};

	s->state = HUB_CLOSED; /* here too: not every refusal comes from the table */
	*ret_action = (struct hub_action) { .type = HUB_REFUSE, .refused_with = code };
	if (message_encode(&m, &common->w) == ST_OK)
		ret_action->frame = writer_bytes(&common->w);
}

static void
refuse(struct turn *t, refusal code)
{
	hub_sync_refuse(t->s, t->common, code, t->action);
}

static void
reply(struct turn *t, const struct message *m)
{
	if (message_encode(m, &t->common->w) < 0) {
		refuse(t, REFUSAL_BUSY);
		return;
	}
	t->action->type = HUB_SEND;
	t->action->frame = writer_bytes(&t->common->w);
}

/* Asked anew for each answer: between two frames another connection may have
 * brought events, or the office a plan. */
static status
look(struct turn *t, struct hub_view *ret_view)
{
	const struct hub_answers *a = &t->common->answers;

	memset(ret_view, 0, sizeof(*ret_view));
	chain_start(t->s->feed, &ret_view->safe);
	return a->view(a->ctx, t->s->feed, &t->s->known, ret_view);
}

/* What the device no longer has, or has not yet, it cannot bring. */
static void
tell_gaps(const struct turn *t, const struct points *gaps, struct points *ret_told)
{
	*ret_told = (struct points) { .count = 0 };
	for (size_t i = 0; i < gaps->count && ret_told->count < GAPS_TOLD_MAX; i++)
		if (gaps->list[i].seq > t->in.floor.seq && gaps->list[i].seq <= t->in.tip.seq)
			ret_told->list[ret_told->count++] = gaps->list[i];
}

/* What the peer had under way it has given up, so nothing of it counts against
 * the new credit, though it may still be stored. */
static void
welcome(struct turn *t)
{
	const struct hub_answers *a = &t->common->answers;
	hub_sync *s = t->s;
	struct message m = {
		.type = MESSAGE_WELCOME,
		.round = t->in.round,
		.hub = t->common->hub,
		.boot = t->common->boot,
		.clock_ms = t->wall_ms,
	};
	struct hub_view view;

	s->round = t->in.round;
	s->floor = t->in.floor.seq;
	s->unanswered = s->waiting = 0;
	if (a->highest(a->ctx, s->feed, &t->in.points, &s->known) < 0 || look(t, &view) < 0 ||
	    (view.beyond > 0 && a->onward &&
	     a->onward(a->ctx, s->feed, &s->known, &m.onward) < 0)) {
		refuse(t, REFUSAL_BUSY);
		return;
	}
	s->credit = view.credit;
	m.known = s->known;
	m.beyond = view.beyond;
	tell_gaps(t, &view.gaps, &m.gaps);
	m.credit = view.credit;
	m.plan = view.plan;
	m.standing = view.standing;
	m.registry = view.registry;
	t->common->said = t->in;
	t->action->hello = &t->common->said;
	reply(t, &m);
}

/* Counted against the credit until hub_sync_settled() brings it back. */
static void
store(struct turn *t)
{
	size_t bytes = t->in.batch.len;

	t->s->unanswered += bytes;
	t->s->waiting++;
	t->action->type = HUB_STORE;
	t->action->batch = t->batch;
	t->action->wire_bytes = bytes;
	t->action->round = t->s->round;
	t->action->loose = t->s->floor > 0 && t->batch.first - 1 <= t->s->floor;
}

/* When the version changed while the peer fetched, it gets the new one from the
 * beginning. */
static status
find_part(struct turn *t, struct message *ret_part)
{
	const struct hub_answers *a = &t->common->answers;
	document what = DOCUMENTS_;
	status st;

	if (!document_of_name(t->in.what, &what))
		return ST_NOT_FOUND;
	ret_part->offset = t->in.offset;
	st = a->part(a->ctx, t->s->feed, &t->s->known, what, t->in.offset, DOWN_PART_BYTES_MAX,
	             ret_part);
	if (st < 0 || t->in.offset == 0 || ret_part->version == t->in.version)
		return st;
	ret_part->offset = 0;
	return a->part(a->ctx, t->s->feed, &t->s->known, what, 0, DOWN_PART_BYTES_MAX, ret_part);
}

static void
part(struct turn *t)
{
	static const uint8_t no_signature[SIGNATURE_BYTES];
	struct message m = { 0 };
	status st = find_part(t, &m);

	if (st == ST_NOT_FOUND) {
		m = (struct message) { .offset = t->in.offset, .signature = no_signature };
	} else if (st < 0) {
		refuse(t, REFUSAL_BUSY);
		return;
	}
	m.type = MESSAGE_PART;
	m.what = t->in.what;
	reply(t, &m);
}

/* Less credit than before takes effect with the ACKs only: the peer may have
 * spent it before this PONG arrives. */
static void
pong(struct turn *t)
{
	struct message m = {
		.type = MESSAGE_PONG,
		.boot = t->common->boot,
		.clock_ms = t->wall_ms,
		.pending = t->s->waiting,
	};
	struct hub_view view;

	if (look(t, &view) < 0) {
		refuse(t, REFUSAL_BUSY);
		return;
	}
	if (view.credit > t->s->credit)
		t->s->credit = view.credit;
	m.credit = view.credit;
	m.plan = view.plan;
	m.registry = view.registry;
	m.standing = view.standing;
	reply(t, &m);
}

/* The receipt names the end of the batch as the device has it, also when the hub
 * knew all of it before: the device cannot tell the two, and need not. */
static void
acknowledge(struct turn *t, const struct hub_settled *batch)
{
	hub_sync *s = t->s;
	uint8_t covered[RECEIPT_SIGNED_BYTES], receipt[SIGNATURE_BYTES];
	struct message m = {
		.type = MESSAGE_ACK, .round = s->round, .end = batch->end, .receipt = receipt
	};
	uint64_t left = s->credit > batch->wire_bytes ? s->credit - batch->wire_bytes : 0;
	struct hub_view view;

	if (batch->end.seq > s->known.seq)
		s->known = batch->end; /* on its chain, and here */
	if (look(t, &view) < 0) {
		refuse(t, REFUSAL_BUSY);
		return;
	}
	s->credit = view.credit > left ? view.credit : left;
	m.safe = view.safe;
	m.credit = view.credit;
	m.plan = view.plan;
	m.standing = view.standing;
	receipt_signed(t->common->hub, s->feed, &batch->end, covered);
	sign_bytes(covered, sizeof(covered), t->common->secret, receipt);
	reply(t, &m);
}

/* Sent once a round: in HUB_WAITING what else turns out not to join is passed
 * over. */
static void
want(struct turn *t)
{
	struct message m = { .type = MESSAGE_WANT, .round = t->s->round };

	t->s->state = HUB_WAITING;
	reply(t, &m);
}

/* ---- frames ---- */

static hub_event
bad(struct turn *t, status st)
{
	t->why = st == ST_LIMIT    ? REFUSAL_SIZE
		: st == ST_UNKNOWN ? REFUSAL_ORDER
				   : REFUSAL_MALFORMED;
	return HUB_ON_BAD;
}

/* The version first: in another one the other fields may mean something else. */
static hub_event
judge_hello(struct turn *t)
{
	if (t->in.protocol != PROTOCOL_VERSION) {
		t->why = REFUSAL_VERSION;
		return HUB_ON_VERSION;
	}
	if (memcmp(t->in.feed, t->s->feed, FEED_BYTES) != 0) {
		t->why = REFUSAL_FEED;
		return HUB_ON_FOREIGN;
	}
	return HUB_ON_HELLO;
}

/* In this order: what is stale is not looked into, what is foreign or too much
 * is not stored.  Seal and chain are left to who stores. */
static hub_event
judge_push(struct turn *t)
{
	status st;

	if (t->s->state == HUB_NEW) /* there is no round and no credit yet */
		return HUB_ON_PUSH;
	if (t->in.round != t->s->round)
		return t->in.round < t->s->round ? HUB_ON_STALE : bad(t, ST_MALFORMED);
	st = batch_open(t->in.batch.at, t->in.batch.len, &t->batch);
	if (st < 0)
		return bad(t, st);
	if (memcmp(t->batch.feed, t->s->feed, FEED_BYTES) != 0) {
		t->why = REFUSAL_FEED;
		return HUB_ON_FOREIGN;
	}
	if (t->s->unanswered + t->in.batch.len > t->s->credit) {
		t->why = REFUSAL_CREDIT;
		return HUB_ON_OVERDRAFT;
	}
	return HUB_ON_PUSH;
}

static hub_event
judge(struct turn *t, const void *frame, size_t len)
{
	status st = message_decode(frame, len, &t->in);

	if (st < 0)
		return bad(t, st);
	switch (t->in.type) {
	case MESSAGE_HELLO: return judge_hello(t);
	case MESSAGE_PUSH: return judge_push(t);
	case MESSAGE_GET: return HUB_ON_GET;
	case MESSAGE_PING: return HUB_ON_PING;
	case MESSAGE_WELCOME:
	case MESSAGE_REFUSE:
	case MESSAGE_ACK:
	case MESSAGE_WANT:
	case MESSAGE_PART:
	case MESSAGE_PONG:
	case MESSAGES_: break;
	}
	return HUB_ON_BAD; /* only a hub sends that */
}

void
hub_sync_frame(hub_sync *s, struct hub_common *common, const void *frame, size_t len,
               int64_t wall_ms, struct hub_action *ret_action)
{
	struct turn t = {
		.s = s,
		.common = common,
		.wall_ms = wall_ms,
		.action = ret_action,
		.why = REFUSAL_ORDER,
	};
	const struct step *to;

	*ret_action = (struct hub_action) { .type = HUB_NOTHING };
	if (s->state == HUB_CLOSED)
		return;
	to = &steps[s->state][judge(&t, frame, len)];
	s->state = to->next;
	switch (to->deed) {
	case DO_NOTHING: break;
	case DO_WELCOME: welcome(&t); break;
	case DO_STORE: store(&t); break;
	case DO_PART: part(&t); break;
	case DO_PONG:
		common->said = t.in;
		ret_action->hello = &common->said;
		pong(&t);
		break;
	case DO_REFUSE: refuse(&t, t.why); break;
	}
}

/* ---- what the hub itself has to say ---- */

void
hub_sync_settled(hub_sync *s, struct hub_common *common, const struct hub_settled *batch,
                 struct hub_action *ret_action)
{
	struct turn t = { .s = s, .common = common, .action = ret_action };
	status outcome = batch->outcome;

	*ret_action = (struct hub_action) { .type = HUB_NOTHING };
	if ((s->state != HUB_STREAMING && s->state != HUB_WAITING) || batch->round != s->round)
		return;
	/* never below 0, whatever the caller hands back */
	s->unanswered -= s->unanswered < batch->wire_bytes ? s->unanswered : batch->wire_bytes;
	s->waiting -= s->waiting > 0;
	if (outcome == ST_DENIED)
		refuse(&t, REFUSAL_SEAL);
	else if (outcome == ST_CHAIN)
		refuse(&t, REFUSAL_CHAIN);
	else if (outcome == ST_LIMIT)
		refuse(&t, REFUSAL_LIMIT);
	else if (outcome == ST_MALFORMED)
		refuse(&t, REFUSAL_MALFORMED);
	else if (outcome != ST_OK && outcome != ST_EXISTS && outcome != ST_UNKNOWN)
		refuse(&t, REFUSAL_BUSY);
	else if (s->state == HUB_WAITING)
		return; /* the peer has gone back already */
	else if (outcome == ST_UNKNOWN)
		want(&t);
	else
		acknowledge(&t, batch);
}

void
hub_sync_notice(hub_sync *s, struct hub_common *common, int64_t wall_ms,
                struct hub_action *ret_action)
{
	struct turn t = { .s = s, .common = common, .wall_ms = wall_ms, .action = ret_action };

	*ret_action = (struct hub_action) { .type = HUB_NOTHING };
	if (s->state == HUB_STREAMING)
		pong(&t);
}
