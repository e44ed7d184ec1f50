#include "hub/link/intake_internal.h"

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/digest.h"
#include "hub/plans.h"
#include "hub/repair.h"

enum {
	ZAP_A_TURN = 256,
	RETRY_MS = 20,       /* while another process holds the store */
	KEEP_MS = 1000,      /* without anything new, before the digest is made */
	KEEP_BLOCKS = 64,    /* of it in one turn */
	FAULT_MS = 5 * 1000, /* after a failure to write contacts only */
	HELD_MS = 10 * 1000, /* a lock held so long is logged */
	PARTING_MS = 1000,   /* for a REFUSE to leave before the connection goes */
	TIDY_MS = 30 * 1000,
	SHOWN_BYTES = 128,
};

/* What a log line about a peer can be of, beside the codes of REFUSE. */
enum { ABOUT_RIGHT = REFUSALS_, ABOUT_CROWD, ABOUT_UNLIKELY, ABOUT_QUESTION };

/* ---- log ---- */

static void
log_peer(intake *in, const uint8_t *feed, unsigned about, int64_t now_ms, const char *what)
{
	char device[DEVICE_TEXT_BYTES];
	uint64_t withheld;

	in->refused++;
	if (!log_limit_pass(&in->limit, feed, FEED_BYTES, about, now_ms, &withheld))
		return;
	device_text(feed, device);
	if (withheld == 0)
		log_line(LEVEL_WARNING, "HUB-REFUSED", _("device %s: %s"), device, what);
	else
		log_line(LEVEL_WARNING, "HUB-REFUSED",
		         _("device %s: %s; %llu times more until now"), device, what,
		         (unsigned long long) withheld);
}

/* Numbers that this hub cannot have given out are passed over. */
static void
log_unlikely(intake *in, const struct message *hello, const uint8_t *feed, int64_t now_ms)
{
	uint64_t number = keyring_number(in->ring), withheld;
	char device[DEVICE_TEXT_BYTES];

	if (hello->registry <= number + REGISTRY_JUMP_MAX &&
	    hello->plan <= in->plan + PLAN_JUMP_MAX)
		return;
	if (!log_limit_pass(&in->limit, feed, FEED_BYTES, ABOUT_UNLIKELY, now_ms, &withheld))
		return;
	device_text(feed, device);
	log_line(LEVEL_WARNING, "HUB-UNLIKELY",
	         _("device %s tells of registry number %llu and plan version %llu, which this hub "
	           "cannot have given out; not believed"),
	         device, (unsigned long long) hello->registry, (unsigned long long) hello->plan);
}

/* A device has seen what this hub does not have: it was put back to an older copy.  Once
 * for each number that is higher than before. */
static void
log_behind(intake *in, const struct rollback *met, uint64_t number)
{
	char device[DEVICE_TEXT_BYTES];

	if (met->registry == in->behind.registry && met->plan == in->behind.plan)
		return;
	in->behind = *met;
	device_text(met->feed, device);
	log_line(LEVEL_WARNING, "HUB-BEHIND",
	         _("device %s has seen plan version %llu and registry number %llu, here they are "
	           "%llu and %llu: this hub was put back to an older copy; nobody new is admitted "
	           "until 'valija-hub confirm'"),
	         device, (unsigned long long) (met->plan > in->plan ? met->plan : in->plan),
	         (unsigned long long) (met->registry > number ? met->registry : number),
	         (unsigned long long) in->plan, (unsigned long long) number);
}

/* A wrong word is told to who typed it; the rest is for who looks after the hub. */
void
intake_report(void *ctx, const struct question_event *e)
{
	static const uint8_t nobody[FEED_BYTES];
	static const char *const what[UNANSWERED_] = {
		[UNANSWERED_MALFORMED] = N_("a question that does not follow the protocol"),
		[UNANSWERED_RIGHT] = N_("this key may not ask any more"),
		[UNANSWERED_BUSY] = N_("too many questions at once"),
		[UNANSWERED_TIME] = N_("a question took longer than 'query-ms' and was ended"),
		[UNANSWERED_FAULT] = N_("a question did not come to its end"),
	};
	intake *in = ctx;
	char device[DEVICE_TEXT_BYTES] = "-"; /* of this machine, without a key */
	uint64_t withheld;

	if (!what[e->code] ||
	    !log_limit_pass(&in->limit, e->feed, FEED_BYTES, ABOUT_QUESTION + e->code,
	                    clock_mono_ms(), &withheld))
		return;
	if (memcmp(e->feed, nobody, FEED_BYTES) != 0)
		device_text(e->feed, device);
	log_line(LEVEL_WARNING, "HUB-QUESTION", _("device %s: %s"), device, gettext(what[e->code]));
}

static void
log_stranger(intake *in, const struct zap_verdict *verdict, int64_t now_ms)
{
	const char *from = verdict->address;
	char address[SHOWN_BYTES];
	uint64_t withheld;

	in->refused++;
	if (!log_limit_pass(&in->strangers, from, strlen(from), verdict->by, now_ms, &withheld))
		return;
	cli_safe(from, strlen(from), address, sizeof(address));
	if (verdict->by == DOOR_QUERY)
		log_line(LEVEL_NOTICE, "HUB-STRANGER",
		         _("a key that may not ask was turned away; it came from %s"), address);
	else
		log_line(LEVEL_NOTICE, "HUB-STRANGER",
		         _("a key that is not enrolled was turned away; it came from %s"), address);
}

static void
log_store(intake *in, status st, int64_t now_ms)
{
	char holder[SHOWN_BYTES];

	if (st == ST_BUSY && in->held_ms < 0)
		in->held_ms = now_ms;
	if (st != ST_BUSY)
		in->held_ms = -1;
	if (st == in->told || (st == ST_BUSY && now_ms - in->held_ms < HELD_MS))
		return;
	if (st == ST_OK &&
	    depot_count(in->depot) == 0) /* contacts find room where batches do not */
		return;
	if (st == ST_OK) {
		log_line(LEVEL_NOTICE, "HUB-STORE", _("storing again"));
	} else if (st == ST_BUSY) {
		kv_holder(hub_store(in->h), holder, sizeof(holder));
		log_line(LEVEL_WARNING, "HUB-HELD", _("%s holds the store; waiting"),
		         *holder ? holder : "?");
	} else {
		log_fail(st, "HUB-STORE", _("what came cannot be stored, the devices keep it"));
	}
	in->told = st;
}

/* ---- peers ---- */

void
intake_share_credit(intake *in)
{
	uint64_t share = in->settings.credit_bytes / (connections_count(in->table) + 1);

	if (share > CREDIT_BYTES_MAX)
		share = CREDIT_BYTES_MAX;
	answers_set_credit(in->answers, share < CREDIT_BYTES_MIN ? CREDIT_BYTES_MIN : share);
}

static void
drop(intake *in, connection *c)
{
	router_drop(c->fd, c->cookie);
	connections_remove(in->table, c);
	intake_share_credit(in);
}

/* Rows are removed by intake_tidy() only, at the end of a turn. */
static void
drop_later(intake *in, connection *c, int64_t at_ms)
{
	if (at_ms < c->drop_ms)
		c->drop_ms = at_ms;
	if (at_ms < in->tidy_ms)
		in->tidy_ms = at_ms;
}

void
intake_tidy(intake *in, int64_t now_ms)
{
	connection *c;
	size_t cursor = 0;

	if (now_ms < in->tidy_ms)
		return;
	in->tidy_ms = now_ms + TIDY_MS;
	in->look = true;
	while ((c = connections_next(in->table, &cursor)) != NULL) {
		bool over = now_ms >= c->drop_ms || now_ms - c->seen_ms >= in->settings.idle_ms;

		if (over && c->waiting == 0)
			drop(in, c);
		else if (c->drop_ms != INT64_MAX)
			drop_later(in, c, c->drop_ms > now_ms ? c->drop_ms : now_ms + RETRY_MS);
	}
}

static void
note_contact(intake *in, connection *c, const struct message *m, int64_t now_ms)
{
	int64_t wall_ms = clock_wall_ms();

	c->contact.last_ms = wall_ms;
	c->contact.skew_ms = m->clock_ms - wall_ms;
	c->contact.pending = m->pending;
	c->contact.has_facts = m->has_facts;
	c->contact.disk_bytes = m->disk_bytes;
	c->contact.oldest_ms = m->oldest_ms;
	if (m->type == MESSAGE_HELLO) {
		c->contact.tip = m->tip;
		c->contact.floor = m->floor.seq;
		c->contact.plan = m->plan;
		c->contact.registry = m->registry;
		memcpy(c->contact.program, m->program.at, m->program.len);
		c->contact.program[m->program.len] = 0;
		log_unlikely(in, m, c->sync.feed, now_ms);
	}
	c->contact_dirty = true;
	in->contacts_due = true;
}

/* Who was let in and then refused is for the office to look at. */
static void
note_refusal(intake *in, connection *c, refusal code)
{
	c->contact.refused++;
	c->contact.refused_ms = clock_wall_ms();
	snprintf(c->contact.refused_with, sizeof(c->contact.refused_with), "%s",
	         refusal_name(code));
	c->contact_dirty = true;
	in->contacts_due = true;
}

/* Do what the conversation decided, all but HUB_STORE. */
static void
act(intake *in, connection *c, const struct hub_action *a, int64_t now_ms)
{
	status st = ST_OK;

	if (a->hello)
		note_contact(in, c, a->hello, now_ms);
	if ((a->type == HUB_SEND || a->type == HUB_REFUSE) && a->frame.len > 0)
		st = router_send(in->router, c->id, c->id_len, a->frame.at, a->frame.len);
	/* Who cannot be answered has gone, or reads nothing; it will resend.  What
	 * it said before is still in the queue, and belongs to this row. */
	if (st < 0)
		drop_later(in, c, now_ms + PARTING_MS);
	if (a->type == HUB_REFUSE) {
		log_peer(in, c->sync.feed, a->refused_with, now_ms,
		         gettext(hub_refusal_text(a->refused_with)));
		note_refusal(in, c, a->refused_with);
		drop_later(in, c, now_ms + PARTING_MS);
	}
}

static connection *
admit(intake *in, const struct router_peer *peer, const uint8_t *curve, int64_t now_ms)
{
	connection *c = NULL, *oldest;

	if (connections_of_feed(in->table, peer->feed, &oldest) >= CONNECTIONS_MAX) {
		/* what a peer left behind that was dropped makes nobody go */
		if (router_cookie(peer->fd) == 0)
			return NULL;
		if (!oldest) {
			log_peer(in, peer->feed, ABOUT_CROWD, now_ms, _("too many connections"));
			return NULL;
		}
		drop(in, oldest);
	}
	if (connections_add(in->table, peer, now_ms, &c) < 0)
		return NULL;
	memcpy(c->curve, curve, CURVE_BYTES);
	intake_share_credit(in);
	return c;
}

/* The row of who sent a message; NULL when it is to be passed over.  Only the
 * key decides who speaks: a routing id may be used by another device later. */
static connection *
connection_of(intake *in, const struct router_peer *peer, int64_t now_ms)
{
	const uint8_t *curve = keyring_curve(in->ring, DOOR_SYNC, peer->feed);
	connection *c = connections_find(in->table, peer->id, peer->id_len);

	if (!curve) {
		log_peer(in, peer->feed, ABOUT_RIGHT, now_ms,
		         _("this key is not enrolled any more"));
		router_drop(peer->fd, router_cookie(peer->fd));
		return NULL;
	}
	if (c && memcmp(c->sync.feed, peer->feed, FEED_BYTES) != 0) {
		if (c->waiting > 0)
			return NULL;
		connections_remove(in->table, c);
		c = NULL;
	}
	return c ? c : admit(in, peer, curve, now_ms);
}

/* One message.  False: no more are waiting. */
static bool
take_in(intake *in, int64_t now_ms)
{
	zmq_msg_t *frame = depot_slot(in->depot);
	struct router_peer peer;
	struct hub_action action;
	status st = router_receive(in->router, &peer, frame);
	connection *c;

	if (st == ST_NOT_FOUND)
		return false;
	c = st == ST_DENIED ? NULL : connection_of(in, &peer, now_ms);
	if (!c)
		return true;
	connections_heard(in->table, c, now_ms);
	/* a message in several parts is malformed, as a frame of 0 bytes is */
	hub_sync_frame(&c->sync, &in->common, zmq_msg_data(frame),
	               st == ST_OK ? zmq_msg_size(frame) : 0, clock_wall_ms(), &action);
	if (action.type == HUB_STORE)
		depot_keep(in->depot, c, &action);
	else
		act(in, c, &action, now_ms);
	return true;
}

status
intake_drain(intake *in, int64_t now_ms)
{
	status st = answers_begin(in->answers);

	if (st < 0)
		return st;
	for (int i = 0; i < INTAKE_FRAMES && !depot_full(in->depot); i++) {
		if (!take_in(in, now_ms))
			break;
	}
	answers_end(in->answers);
	return ST_OK;
}

void
intake_answer_zap(intake *in, int64_t now_ms)
{
	struct zap_verdict verdict;

	for (int i = 0; i < ZAP_A_TURN && zap_answer(in->zap, in->ring, &verdict); i++) {
		if (verdict.admitted)
			continue;
		log_stranger(in, &verdict, now_ms);
		in->look = true; /* who enrolled it may have been killed before it told */
	}
}

/* ---- store ---- */

/* Of the first count of those that wait. */
static status
settle(intake *in, size_t count, int64_t now_ms)
{
	struct hub_action action;
	status st = answers_begin(in->answers);

	if (st < 0)
		return st;
	for (size_t i = 0; i < count; i++) {
		const struct parcel *p = depot_at(in->depot, i);

		in->stored += p->settled.outcome == ST_OK;
		hub_sync_settled(&p->from->sync, &in->common, &p->settled, &action);
		act(in, p->from, &action, now_ms);
	}
	answers_end(in->answers);
	depot_let_go(in->depot, count);
	return ST_OK;
}

static bool
store_due(const intake *in, int64_t now_ms)
{
	if (now_ms < in->store_ms)
		return false;
	return depot_count(in->depot) > 0 ||
		(in->contacts_due && now_ms >= in->contacts_ms + INTAKE_CONTACTS_MS);
}

/* ---- the digest ---- */

/* Not at once: while entries come, what is made of it would be in vain. */
static void
keep_soon(intake *in, int64_t now_ms)
{
	in->keep_ms = now_ms + KEEP_MS;
	in->keep_at = (struct block_place) { .table = 0 };
}

static bool
is_kept(const intake *in)
{
	uint8_t state[HASH_BYTES];
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(in->h), &txn);

	if (st == ST_OK)
		st = blocks_state(txn, state);
	kv_abort(&txn);
	return st == ST_OK;
}

/* Whatever fails: who asks for the digest works it out. */
void
intake_keep_digest(intake *in, int64_t now_ms)
{
	kv_txn *txn = NULL;
	bool done = false;
	status st;

	if (now_ms < in->keep_ms || depot_count(in->depot) > 0)
		return;
	in->keep_ms = INT64_MAX; /* until something is stored */
	if (is_kept(in))
		return;
	st = kv_write(hub_store(in->h), 0, &txn);
	if (st == ST_OK)
		st = hub_digest_keep(in->h, txn, KEEP_BLOCKS, &in->keep_at, &done);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st == ST_BUSY)
		in->keep_ms = now_ms + KEEP_MS;
	else if (st == ST_OK && !done)
		in->keep_ms = now_ms;
}

status
intake_store(intake *in, int64_t now_ms)
{
	size_t count;
	status st;

	if (!store_due(in, now_ms))
		return ST_OK;
	st = depot_store(in->depot, in->h, in->table, clock_wall_ms(), &count);
	log_store(in, st, now_ms);
	in->store_ms = now_ms + (st == ST_BUSY ? RETRY_MS : 0);
	if (st == ST_BUSY)
		return ST_OK;
	in->contacts_due = st < 0;
	in->contacts_ms = st < 0 ? now_ms + FAULT_MS : now_ms;
	in->look = true; /* what an office sent may be a plan */
	return settle(in, count, now_ms);
}

/* ---- plan and registry ---- */

static status
read_registry(intake *in, bool *ret_news)
{
	struct plan_row in_force = { 0 };
	struct rollback behind = { 0 };
	keyring *ring = NULL;
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(in->h), &txn);

	if (st == ST_OK)
		st = plans_in_force(txn, &in_force);
	if (st == ST_NOT_FOUND)
		st = ST_OK;
	*ret_news = in_force.version != in->plan;
	if (st == ST_OK && repair_number(txn) != in->repairs) {
		in->repairs = repair_number(txn);
		if (in->ring) /* not at the start */
			intake_draw_boot(in);
		*ret_news = true;
	}
	if (st == ST_OK && (!in->ring || registry_number(txn) != keyring_number(in->ring)))
		st = keyring_load(txn, &ring);
	if (st == ST_OK)
		st = rollback_open(txn, &behind);
	kv_abort(&txn);
	if (ring) {
		keyring_free(&in->ring);
		in->ring = ring;
		*ret_news = true;
	}
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	in->plan = in_force.version;
	if (st == ST_OK)
		log_behind(in, &behind, keyring_number(in->ring));
	return ST_OK;
}

/* What a device may still do is asked at each message; here its connection
 * ends at once. */
static void
tell(intake *in, connection *c, int64_t now_ms)
{
	const uint8_t *curve = keyring_curve(in->ring, DOOR_SYNC, c->sync.feed);
	struct hub_action action;

	if (!curve || memcmp(curve, c->curve, CURVE_BYTES) != 0)
		hub_sync_refuse(&c->sync, &in->common, REFUSAL_ENROLMENT, &action);
	else
		hub_sync_notice(&c->sync, &in->common, clock_wall_ms(), &action);
	act(in, c, &action, now_ms);
}

status
intake_look(intake *in, int64_t now_ms)
{
	connection *c;
	size_t cursor = 0;
	bool news = false;
	status st;

	if (!in->look)
		return ST_OK;
	in->look = false;
	keep_soon(in, now_ms);
	snapshooter_wake(&in->snapshooter, now_ms);
	st = read_registry(in, &news);
	if (st < 0 || !news)
		return st;
	questions_look(in->questions, in->ring, now_ms);
	st = answers_begin(in->answers);
	while (st == ST_OK && (c = connections_next(in->table, &cursor)) != NULL)
		tell(in, c, now_ms);
	answers_end(in->answers);
	return st;
}
