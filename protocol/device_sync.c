#include "protocol/device_internal.h"

#include <stdlib.h>

#include "protocol/chain.h"

/* What a step does beside changing the state.  A deed sends nothing: it notes
 * what is owed, and device_sync_next() hands it out. */
enum deed {
	DO_NOTHING = 1, /* 0: a hole in the table, a test looks for it */
	DO_START,       /* forget the old link, owe HELLO */
	DO_GREET,       /* owe HELLO with the next round */
	DO_ADOPT,       /* go on from the point that the hub knows */
	DO_COUNT,       /* move the acknowledged mark, take the new credit */
	DO_REFRESH,     /* that, and owe HELLO with the next round */
	DO_COLLECT,     /* a part of a document */
	DO_LOOK,        /* credit and versions may have changed */
	DO_PING,        /* owe PING */
	DO_OFFER,       /* look at the tip again */
	DO_CLOSE,       /* owe CLOSE */
};

struct step {
	enum deed deed;
	device_state next;
};

/* Every cell is written, also of what is not let in today: frames and ticks are
 * passed over in DEVICE_DOWN and DEVICE_CLOSED before the table is asked. */
static const struct step steps[DEVICE_STATES_][DEVICE_EVENTS_] = {
	[DEVICE_DOWN] = {
		[DEVICE_ON_START]    = { DO_START,   DEVICE_GREETING },
		[DEVICE_ON_WELCOME]  = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_REFUSE]   = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_ACK]      = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_FILLED]   = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_WANT]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_PART]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_PONG]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_REBOOT]   = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_STALE]    = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_BAD]      = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_DEADLINE] = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_IDLE]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_HOUR]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_GREW]     = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_ADOPTED]  = { DO_NOTHING, DEVICE_DOWN },
		[DEVICE_ON_FAULT]    = { DO_NOTHING, DEVICE_DOWN },
	},
	[DEVICE_GREETING] = {
		[DEVICE_ON_START]    = { DO_START,   DEVICE_GREETING },
		[DEVICE_ON_WELCOME]  = { DO_ADOPT,   DEVICE_STREAMING },
		[DEVICE_ON_REFUSE]   = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_ACK]      = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_FILLED]   = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_WANT]     = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_PART]     = { DO_COLLECT, DEVICE_GREETING }, /* asked in the last round */
		[DEVICE_ON_PONG]     = { DO_NOTHING, DEVICE_GREETING }, /* WELCOME tells more */
		[DEVICE_ON_REBOOT]   = { DO_NOTHING, DEVICE_GREETING },
		[DEVICE_ON_STALE]    = { DO_NOTHING, DEVICE_GREETING },
		[DEVICE_ON_BAD]      = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_DEADLINE] = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_IDLE]     = { DO_NOTHING, DEVICE_GREETING },
		[DEVICE_ON_HOUR]     = { DO_NOTHING, DEVICE_GREETING },
		[DEVICE_ON_GREW]     = { DO_OFFER,   DEVICE_GREETING },
		[DEVICE_ON_ADOPTED]  = { DO_GREET,   DEVICE_GREETING },
		[DEVICE_ON_FAULT]    = { DO_CLOSE,   DEVICE_CLOSED },
	},
	[DEVICE_STREAMING] = {
		[DEVICE_ON_START]    = { DO_START,   DEVICE_GREETING },
		[DEVICE_ON_WELCOME]  = { DO_CLOSE,   DEVICE_CLOSED }, /* a second one */
		[DEVICE_ON_REFUSE]   = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_ACK]      = { DO_COUNT,   DEVICE_STREAMING },
		[DEVICE_ON_FILLED]   = { DO_REFRESH, DEVICE_GREETING },
		[DEVICE_ON_WANT]     = { DO_GREET,   DEVICE_GREETING },
		[DEVICE_ON_PART]     = { DO_COLLECT, DEVICE_STREAMING },
		[DEVICE_ON_PONG]     = { DO_LOOK,    DEVICE_STREAMING },
		[DEVICE_ON_REBOOT]   = { DO_GREET,   DEVICE_GREETING },
		[DEVICE_ON_STALE]    = { DO_NOTHING, DEVICE_STREAMING },
		[DEVICE_ON_BAD]      = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_DEADLINE] = { DO_CLOSE,   DEVICE_CLOSED },
		[DEVICE_ON_IDLE]     = { DO_PING,    DEVICE_STREAMING },
		[DEVICE_ON_HOUR]     = { DO_GREET,   DEVICE_GREETING },
		[DEVICE_ON_GREW]     = { DO_OFFER,   DEVICE_STREAMING },
		[DEVICE_ON_ADOPTED]  = { DO_GREET,   DEVICE_GREETING },
		[DEVICE_ON_FAULT]    = { DO_CLOSE,   DEVICE_CLOSED },
	},
	[DEVICE_CLOSED] = {
		[DEVICE_ON_START]    = { DO_START,   DEVICE_GREETING },
		[DEVICE_ON_WELCOME]  = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_REFUSE]   = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_ACK]      = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_FILLED]   = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_WANT]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_PART]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_PONG]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_REBOOT]   = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_STALE]    = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_BAD]      = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_DEADLINE] = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_IDLE]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_HOUR]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_GREW]     = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_ADOPTED]  = { DO_NOTHING, DEVICE_CLOSED },
		[DEVICE_ON_FAULT]    = { DO_NOTHING, DEVICE_CLOSED },
	},
};

bool
device_sync_has_step(device_state state, device_event event)
{
	return (unsigned) state < DEVICE_STATES_ && (unsigned) event < DEVICE_EVENTS_ &&
		steps[state][event].deed != 0;
}

const char *
device_state_name(device_state state)
{
	static const char *const names[DEVICE_STATES_] = {
		[DEVICE_DOWN] = "down",
		[DEVICE_GREETING] = "greeting",
		[DEVICE_STREAMING] = "streaming",
		[DEVICE_CLOSED] = "closed",
	};

	return (unsigned) state < DEVICE_STATES_ && names[state] ? names[state] : "?";
}

device_state
device_sync_state(const device_sync *s)
{
	return s->state;
}

/* ---- what is waited for ---- */

/* Not HELLO: in DEVICE_GREETING something is always awaited. */
bool
device_awaiting(const device_sync *s)
{
	return s->flight.count > 0 || s->plan.asked || s->standing.asked || s->events.asked ||
		s->pinged;
}

/* One clock for all that is awaited: a hub that still answers something is
 * there, and on a slow link a PART waits behind many bytes of batches. */
int64_t
device_sync_deadline(const device_sync *s)
{
	int64_t ping_at = s->quiet_ms + s->config.ping_ms;
	int64_t hello_at = s->hello_ms + s->config.hello_ms;

	if (s->state == DEVICE_GREETING)
		return s->await_ms + s->config.welcome_ms;
	if (s->state != DEVICE_STREAMING)
		return INT64_MAX;
	if (device_awaiting(s))
		return s->await_ms + s->config.answer_ms;
	return ping_at < hello_at ? ping_at : hello_at;
}

/* ---- deeds ---- */

/* What is under way will be answered for the older round, if at all; the new
 * WELCOME says what of it the hub has. */
static void
greet(device_sync *s, int64_t now_ms)
{
	s->round++;
	s->hello_owed = true;
	s->ping_owed = s->pinged = false;
	s->tip_known = false;
	s->gap_owed = s->gap_sent = false;
	s->safe = s->start;
	s->await_ms = s->hello_ms = now_ms;
	flight_clear(&s->flight);
}

/* A document half here is kept: that a link breaks must not send a slow one back
 * to the beginning. */
static void
start(device_sync *s, int64_t now_ms)
{
	flight_start(&s->flight);
	download_lost(&s->plan);
	download_lost(&s->standing);
	download_lost(&s->events);
	s->close_owed = s->has_refusal = false;
	s->hub_text_len = 0;
	s->wants = 0;
	s->filled_count = 0;
	s->round = 0; /* rounds are counted within a connection */
	greet(s, now_ms);
}

/* After s->boot is set: versions of a standing hold for one life of the hub
 * only. */
static void
told(device_sync *s, const struct message *m)
{
	s->credit = m->credit;
	if (m->registry > s->registry) {
		s->registry = m->registry;
		s->registry_owed = true;
	}
	download_told(&s->plan, m->plan, s->boot);
	download_told(&s->standing, m->standing, s->boot);
}

/* Whether it was tried on this connection already. */
static bool
was_sent(const device_sync *s, const struct point *gap)
{
	size_t count = s->filled_count < GAPS_TOLD_MAX ? s->filled_count : GAPS_TOLD_MAX;

	for (size_t i = 0; i < count; i++) {
		if (point_equal(&s->filled[i], gap))
			return true;
	}
	return false;
}

/* Those of a clone's chain are its own to fill.  Where the store cannot say, it will say so
 * to whoever asks next. */
static void
choose_gap(device_sync *s, const struct points *gaps)
{
	for (size_t i = 0; i < gaps->count && !s->gap_owed; i++) {
		const struct point *gap = &gaps->list[i];

		if (gap->seq <= s->floor.seq || was_sent(s, gap) || device_on_chain(s, gap) < 0)
			continue;
		s->gap = *gap;
		s->gap_owed = true;
	}
}

/* The mark follows the hub down as well: an older copy of it may have been put
 * back since it acknowledged.  What lies below the floor cannot be sent again. */
static void
adopt(device_sync *s, const struct message *m, int64_t now_ms)
{
	s->acked_owed = s->acked_owed || !point_equal(&s->acked, &m->known);
	s->acked = m->known;
	s->next = (m->known.seq > s->floor.seq ? m->known.seq : s->floor.seq) + 1;
	s->boot = m->boot;
	s->beyond = m->beyond;
	/* the tip is that of the HELLO; has something been recorded since, the store says so */
	s->onward = point_equal(&m->known, &s->tip) ? m->onward : 0;
	s->hub_clock_ms = m->clock_ms;
	s->welcomed_owed = true;
	s->await_ms = now_ms;
	told(s, m);
	if (s->config.adopt)
		download_told(&s->events, s->onward, m->boot);
	else
		choose_gap(s, &m->gaps);
}

/* Within a round the mark only rises.  The end may lie beyond what this round has
 * sent, when the events came by another way. */
static void
count(device_sync *s, const struct message *m, int64_t now_ms)
{
	flight_acked(&s->flight, &m->end, now_ms);
	if (m->end.seq > s->acked.seq) {
		s->acked = m->end;
		s->acked_owed = true;
	}
	if (m->end.seq >= s->next)
		s->next = m->end.seq + 1;
	if (m->safe.seq > s->safe.seq && m->safe.seq <= s->acked.seq &&
	    device_on_chain(s, &m->safe) == ST_OK)
		s->safe = m->safe;
	s->wants = 0; /* it got on, so this is no circle */
	s->await_ms = now_ms;
	told(s, m);
}

static void
shut(device_sync *s)
{
	s->close_owed = true;
	s->hello_owed = s->ping_owed = s->pinged = false;
}

/* For the events that no frame has caused. */
static const struct message none;

/* The next state first: a deed that fails finds the machine where it is. */
static void
step(device_sync *s, device_event event, const struct message *m, int64_t now_ms)
{
	const struct step *to = &steps[s->state][event];

	s->state = to->next;
	switch (to->deed) {
	case DO_NOTHING: break;
	case DO_START: start(s, now_ms); break;
	case DO_GREET: greet(s, now_ms); break;
	case DO_ADOPT: adopt(s, m, now_ms); break;
	case DO_COUNT: count(s, m, now_ms); break;
	case DO_REFRESH:
		count(s, m, now_ms);
		greet(s, now_ms);
		break;
	case DO_COLLECT:
		s->await_ms = now_ms; /* the part is taken already */
		break;
	case DO_LOOK:
		/* no answer to a batch or a GET, so the wait for these goes on */
		s->pinged = false;
		told(s, m);
		break;
	case DO_PING:
		s->ping_owed = true;
		s->tip_known = false; /* who recorded may have been killed before it told */
		s->quiet_ms = now_ms;
		break;
	case DO_OFFER: s->tip_known = false; break;
	case DO_CLOSE: shut(s); break;
	}
}

void
device_fault(device_sync *s, status st, const char *why, int64_t now_ms)
{
	s->why = st == ST_NOMEM ? status_text(st) : why;
	step(s, DEVICE_ON_FAULT, &none, now_ms);
}

/* ---- what comes in ---- */

void
device_sync_frame(device_sync *s, const void *frame, size_t len, int64_t now_ms)
{
	struct message m;
	device_event event;

	if (s->state == DEVICE_DOWN || s->state == DEVICE_CLOSED)
		return;
	s->quiet_ms = now_ms; /* whatever it is, the link carries */
	event = device_judge(s, frame, len, &m);
	step(s, event, &m, now_ms);
}

void
device_sync_start(device_sync *s, int64_t now_ms)
{
	s->quiet_ms = now_ms;
	step(s, DEVICE_ON_START, &none, now_ms);
}

/* No step of this event looks at the time. */
void
device_sync_grew(device_sync *s)
{
	step(s, DEVICE_ON_GREW, &none, s->quiet_ms);
}

void
device_sync_adopted(device_sync *s, int64_t now_ms)
{
	step(s, DEVICE_ON_ADOPTED, &none, now_ms);
}

/* The hour before the silence: a HELLO asks all that a PING does, and more. */
void
device_sync_tick(device_sync *s, int64_t now_ms)
{
	if (now_ms < device_sync_deadline(s))
		return;
	s->why = N_("the hub did not answer in time");
	if (s->state == DEVICE_GREETING || device_awaiting(s))
		step(s, DEVICE_ON_DEADLINE, &none, now_ms);
	else if (now_ms >= s->hello_ms + s->config.hello_ms)
		step(s, DEVICE_ON_HOUR, &none, now_ms);
	else
		step(s, DEVICE_ON_IDLE, &none, now_ms);
}

bool
device_sync_drained(device_sync *s)
{
	struct point tip;

	if (s->state != DEVICE_STREAMING || s->welcomed_owed || s->acked_owed || s->registry_owed)
		return false;
	if (!download_settled(&s->plan) || !download_settled(&s->standing))
		return false;
	if (s->config.adopt)
		return download_settled(&s->events);
	if (s->gap_owed || s->gap_sent)
		return false;
	/* asked anew: who is about to leave must not trust an older answer */
	return s->store->tip(s->store->ctx, &tip) == ST_OK && point_equal(&tip, &s->acked);
}

bool
device_sync_safe(const device_sync *s, struct point *ret_safe)
{
	if (s->state != DEVICE_STREAMING || s->safe.seq == 0)
		return false;
	*ret_safe = s->safe;
	return true;
}

/* ---- the object ---- */

device_sync *
device_sync_new(const struct device_sync_config *config, const struct device_sync_memory *memory,
                const struct device_store *store)
{
	device_sync *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->store = store;
	s->state = DEVICE_DOWN;
	s->registry = memory->registry;
	chain_start(config->feed, &s->start);
	s->floor = s->safe = s->start;
	s->acked = memory->acked.seq > 0 ? memory->acked : s->start;
	flight_init(&s->flight);
	download_init(&s->plan, DOCUMENT_PLAN, memory->plan, 0);
	download_init(&s->standing, DOCUMENT_STANDING, memory->standing, memory->standing_boot);
	download_init(&s->events, DOCUMENT_EVENTS, 0, 0);
	writer_init(&s->frame);
	writer_init(&s->batch);
	return s;
}

void
device_sync_free(device_sync **s_p)
{
	device_sync *s = *s_p;

	if (!s)
		return;
	download_done(&s->plan);
	download_done(&s->standing);
	download_done(&s->events);
	writer_done(&s->frame);
	writer_done(&s->batch);
	free(s);
	*s_p = NULL;
}
