#include "hub/link/questions.h"

#include <stdlib.h>
#include <string.h>

#include "hub/link/askable.h"

enum {
	FRAMES_A_TURN = 128,
	PIECES_A_TURN = 8,    /* of each, so that one that prints much keeps nobody waiting */
	ALIVE_MS = 10 * 1000, /* after so long without output the asker hears that it runs */
	LOOK_MS = 500,        /* how often to see whether the askers are there */
	PARTING_MS = 1000,
	REAP_MS = 50, /* how often to see whether a child has ended, without exit_fd */
};

typedef enum question_state { FREE, WAITING, RUNNING, KILLED } question_state;

struct row {
	question_state state;
	uint64_t number; /* in which they came */
	router *from;
	struct router_peer asker;
	uint64_t cookie; /* of its connection */
	uint8_t *frame;  /* WAITING: the ASK */
	size_t frame_len;
	child child; /* RUNNING, KILLED */
	struct output_flow flow;
	int64_t started_ms, sent_ms;
};

/* A connection that is closed once its REFUSE has had the time to leave. */
struct parting {
	int fd;
	uint64_t cookie; /* 0: none */
	int64_t at_ms;
};

struct questions {
	router *port, *here;
	const char *home;
	struct row rows[QUESTIONS_MAX];
	struct parting partings[QUESTIONS_MAX];
	uint64_t last_number;
	int64_t longest_ms, look_ms;
	void (*report)(void *ctx, const struct question_event *e);
	void *report_ctx;
	zmq_msg_t message;
	writer w;
};

/* ---- life ---- */

status
questions_new(void *context, const char *home, const struct curve_key *key,
              const struct router_timing *timing, questions **ret_questions)
{
	questions *q = calloc(1, sizeof(*q));
	status st;

	if (!q)
		return ST_NOMEM;
	q->home = home;
	q->longest_ms = QUESTIONS_MS;
	zmq_msg_init(&q->message);
	writer_init(&q->w);
	st = router_open_here(context, timing, &q->here);
	if (st == ST_OK && key)
		st = router_open(context, key, DOOR_QUERY, timing, &q->port);
	if (st < 0) {
		questions_free(&q);
		return st;
	}
	*ret_questions = q;
	return ST_OK;
}

static void
forget(struct row *r)
{
	free(r->frame);
	*r = (struct row) { .state = FREE };
}

void
questions_free(questions **q_p)
{
	questions *q = *q_p;
	int how;

	if (!q)
		return;
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct row *r = &q->rows[i];

		if (r->state == RUNNING)
			child_kill(&r->child);
		if (r->state == RUNNING || r->state == KILLED)
			child_ended(&r->child, &how); /* else init will see it end */
		forget(r);
	}
	router_close(&q->port);
	router_close(&q->here);
	zmq_msg_close(&q->message);
	writer_done(&q->w);
	free(q);
	*q_p = NULL;
}

void
questions_watch(questions *q, void (*report)(void *ctx, const struct question_event *e), void *ctx)
{
	q->report = report;
	q->report_ctx = ctx;
}

void
questions_set(questions *q, int64_t longest_ms)
{
	q->longest_ms = longest_ms;
}

router *
questions_port(questions *q)
{
	return q->port;
}

router *
questions_here(questions *q)
{
	return q->here;
}

/* ---- answering ---- */

static status
say(questions *q, router *to, const struct router_peer *peer, const struct question *m)
{
	status st = question_encode(m, &q->w);

	return st == ST_OK ? router_send(to, peer->id, peer->id_len, writer_bytes(&q->w).at,
	                                 writer_bytes(&q->w).len)
			   : st;
}

/* English, for a log of the other side. */
static const char *const reasons[UNANSWERED_] = {
	[UNANSWERED_VERSION] = "this version of questions is not spoken here",
	[UNANSWERED_MALFORMED] = "bytes that do not follow the protocol",
	[UNANSWERED_ORDER] = "that message does not belong here",
	[UNANSWERED_RIGHT] = "this key may not ask",
	[UNANSWERED_COMMAND] = "only commands that read can be asked for",
	[UNANSWERED_BUSY] = "too many questions at once",
	[UNANSWERED_TIME] = "it took too long",
	[UNANSWERED_FAULT] = "the command did not come to its end",
};

static void
refuse(questions *q, router *to, const struct router_peer *peer, unanswered code)
{
	const struct question_event event = { peer->feed, code };
	const struct question m = {
		.type = QUESTION_REFUSE,
		.code = text_of(unanswered_name(code)),
		.text = text_of(reasons[code]),
	};

	say(q, to, peer, &m);
	if (q->report)
		q->report(q->report_ctx, &event);
}

/* Whatever state it is in. */
static void
drop(struct row *r)
{
	if (r->state != RUNNING) {
		forget(r);
		return;
	}
	child_kill(&r->child);
	r->state = KILLED;
}

static void
refuse_row(questions *q, struct row *r, unanswered code)
{
	refuse(q, r->from, &r->asker, code);
	drop(r);
}

/* Where so many part at once, the last one goes without the word. */
static void
part(questions *q, int fd, uint64_t cookie, int64_t now_ms)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct parting *p = &q->partings[i];

		if (p->cookie == cookie) /* it goes already */
			return;
		if (p->cookie != 0)
			continue;
		*p = (struct parting) { fd, cookie, now_ms + PARTING_MS };
		return;
	}
	router_drop(fd, cookie);
}

static void
close_parted(questions *q, int64_t now_ms)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct parting *p = &q->partings[i];

		if (p->cookie == 0 || now_ms < p->at_ms)
			continue;
		router_drop(p->fd, p->cookie);
		*p = (struct parting) { .cookie = 0 };
	}
}

/* ---- what comes ---- */

static bool
is_asked(const struct row *r)
{
	return r->state == WAITING || r->state == RUNNING;
}

static struct row *
row_of(questions *q, const router *from, const struct router_peer *peer)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct row *r = &q->rows[i];

		if (is_asked(r) && r->from == from && r->asker.id_len == peer->id_len &&
		    memcmp(r->asker.id, peer->id, peer->id_len) == 0)
			return r;
	}
	return NULL;
}

static bool
is_of(const struct row *r, const router *from, const uint8_t feed[static FEED_BYTES])
{
	return r->state != FREE && r->from == from && memcmp(r->asker.feed, feed, FEED_BYTES) == 0;
}

/* NULL: no more are taken, of anybody or of that key. */
static struct row *
free_row(questions *q, const router *from, const struct router_peer *peer)
{
	size_t own = 0;

	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		own += is_of(&q->rows[i], from, peer->feed);
	if (from != q->here && own >= QUESTIONS_OF_A_KEY)
		return NULL;
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		if (q->rows[i].state == FREE)
			return &q->rows[i];
	return NULL;
}

/* The frame is kept, since the words point into it. */
static void
admit(questions *q, router *from, const struct router_peer *peer, int64_t now_ms)
{
	size_t len = zmq_msg_size(&q->message);
	struct row *r = free_row(q, from, peer);
	uint8_t *frame = r ? malloc(len) : NULL;

	if (!frame) {
		refuse(q, from, peer, UNANSWERED_BUSY);
		return;
	}
	memcpy(frame, zmq_msg_data(&q->message), len);
	*r = (struct row) { .state = WAITING,
		            .number = ++q->last_number,
		            .from = from,
		            .asker = *peer,
		            .cookie = router_cookie(peer->fd),
		            .frame = frame,
		            .frame_len = len,
		            .sent_ms = now_ms };
}

static void
take_ask(questions *q, router *from, const struct router_peer *peer, const struct question *m,
         int64_t now_ms)
{
	struct row *r = row_of(q, from, peer);

	if (r)
		refuse_row(q, r, UNANSWERED_ORDER);
	else if (m->version != QUESTION_VERSION)
		refuse(q, from, peer, UNANSWERED_VERSION);
	else if (!askable(&m->args))
		refuse(q, from, peer, UNANSWERED_COMMAND);
	else
		admit(q, from, peer, now_ms);
}

static void
take_more(questions *q, struct row *r, uint64_t taken)
{
	if (!output_taken(&r->flow, taken))
		refuse_row(q, r, UNANSWERED_ORDER);
}

/* A MORE that comes after the end has crossed it on the way. */
static void
take_frame(questions *q, router *from, const struct router_peer *peer, int64_t now_ms)
{
	struct row *r = row_of(q, from, peer);
	struct question m;
	status st = question_decode(zmq_msg_data(&q->message), zmq_msg_size(&q->message), &m);

	if (st < 0 && r)
		refuse_row(q, r, UNANSWERED_MALFORMED);
	else if (st < 0)
		refuse(q, from, peer, UNANSWERED_MALFORMED);
	else if (m.type == QUESTION_ASK)
		take_ask(q, from, peer, &m, now_ms);
	else if (m.type == QUESTION_MORE && r)
		take_more(q, r, m.taken);
	else if (m.type != QUESTION_MORE)
		refuse(q, from, peer, UNANSWERED_ORDER);
}

static bool
may_ask(const questions *q, const keyring *ring, const router *from, const struct router_peer *peer)
{
	return from == q->here || keyring_curve(ring, DOOR_QUERY, peer->feed);
}

/* One message.  False: no more are waiting. */
static bool
take_in(questions *q, router *from, const keyring *ring, int64_t now_ms)
{
	struct router_peer peer;
	status st = router_receive(from, &peer, &q->message);

	if (st == ST_NOT_FOUND)
		return false;
	if (st == ST_DENIED)
		return true;
	if (!may_ask(q, ring, from, &peer)) {
		refuse(q, from, &peer, UNANSWERED_RIGHT);
		part(q, peer.fd, router_cookie(peer.fd), now_ms);
	} else if (st < 0) {
		refuse(q, from, &peer, UNANSWERED_MALFORMED);
	} else {
		take_frame(q, from, &peer, now_ms);
	}
	return true;
}

/* ---- what runs ---- */

static bool
has_child(const struct row *r)
{
	return r->state == RUNNING || r->state == KILLED;
}

static size_t
children(const questions *q)
{
	size_t count = 0;

	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		count += has_child(&q->rows[i]);
	return count;
}

/* Whether the key has no more running than it may. */
static bool
may_start(const questions *q, const struct row *r)
{
	size_t running = 0;

	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		running += has_child(&q->rows[i]) && is_of(&q->rows[i], r->from, r->asker.feed);
	return r->from == q->here || running < QUESTIONS_RUNNING_OF_A_KEY;
}

static struct row *
first_waiting(questions *q)
{
	struct row *first = NULL;

	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct row *r = &q->rows[i];

		if (r->state == WAITING && (!first || r->number < first->number) && may_start(q, r))
			first = r;
	}
	return first;
}

static void
start(questions *q, struct row *r, int64_t now_ms)
{
	struct question m;
	status st = question_decode(r->frame, r->frame_len, &m);

	if (st == ST_OK)
		st = child_start(&m, q->home, &r->child);
	if (st < 0) {
		refuse_row(q, r, UNANSWERED_BUSY);
		return;
	}
	free(r->frame);
	r->frame = NULL;
	r->state = RUNNING;
	r->started_ms = now_ms;
}

static bool
send_piece(questions *q, struct row *r, output_stream stream, struct bytes bytes, int64_t now_ms)
{
	const struct question m = { .type = QUESTION_OUT, .stream = stream, .bytes = bytes };

	output_sent(&r->flow, bytes.len);
	r->sent_ms = now_ms;
	if (say(q, r->from, &r->asker, &m) == ST_OK)
		return true;
	drop(r); /* who asked has gone, or reads nothing */
	return false;
}

static void
hand_on(questions *q, struct row *r, output_stream stream, int64_t now_ms)
{
	uint8_t space[OUTPUT_BYTES_MAX];

	for (int i = 0; i < PIECES_A_TURN; i++) {
		size_t room = output_room(&r->flow);
		size_t len = room > 0 ? child_read(&r->child, stream, space, room) : 0;

		if (len == 0 || !send_piece(q, r, stream, (struct bytes) { space, len }, now_ms))
			return;
	}
}

static void
end(questions *q, struct row *r)
{
	struct question m = { .type = QUESTION_END };
	int how;

	if (!child_ended(&r->child, &how))
		return;
	r->state = WAITING; /* it has no child any more */
	if (how < 0) {
		refuse_row(q, r, UNANSWERED_FAULT);
		return;
	}
	m.status = (uint64_t) how;
	say(q, r->from, &r->asker, &m);
	forget(r);
}

static void
run_on(questions *q, struct row *r, int64_t now_ms)
{
	for (int s = STREAM_OUTPUT; s < STREAMS_ && r->state == RUNNING; s++)
		hand_on(q, r, (output_stream) s, now_ms);
	if (r->state == RUNNING && child_is_silent(&r->child))
		end(q, r);
	if (r->state == RUNNING && now_ms - r->started_ms >= q->longest_ms)
		refuse_row(q, r, UNANSWERED_TIME);
}

static void
bury(struct row *r)
{
	int how;

	if (child_ended(&r->child, &how))
		forget(r);
}

/* Of a peer that went libzmq says nothing; its descriptor does. */
static bool
has_gone(const struct row *r)
{
	return r->cookie != 0 && router_cookie(r->asker.fd) != r->cookie;
}

/* In which order they go does not matter: who waits is not started before the end of
 * a turn. */
static void
look_after(questions *q, struct row *r, int64_t now_ms)
{
	bool look = now_ms >= q->look_ms;

	if (is_asked(r) && look && has_gone(r))
		drop(r);
	if (is_asked(r) && now_ms - r->sent_ms >= ALIVE_MS && output_room(&r->flow) > 0)
		send_piece(q, r, STREAM_OUTPUT, (struct bytes) { NULL, 0 }, now_ms);
	if (r->state == RUNNING)
		run_on(q, r, now_ms);
	if (r->state == KILLED)
		bury(r);
}

void
questions_turn(questions *q, const keyring *ring, int64_t now_ms)
{
	struct row *next;

	router_tidy(q->here, now_ms);
	if (q->port)
		router_tidy(q->port, now_ms);
	for (int i = 0; i < FRAMES_A_TURN && take_in(q, q->here, ring, now_ms); i++)
		;
	for (int i = 0; q->port && i < FRAMES_A_TURN && take_in(q, q->port, ring, now_ms); i++)
		;
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		look_after(q, &q->rows[i], now_ms);
	close_parted(q, now_ms);
	if (now_ms >= q->look_ms)
		q->look_ms = now_ms + LOOK_MS;
	while (children(q) < QUESTIONS_RUNNING && (next = first_waiting(q)) != NULL)
		start(q, next, now_ms);
}

void
questions_look(questions *q, const keyring *ring, int64_t now_ms)
{
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		struct row *r = &q->rows[i];
		uint64_t cookie = r->cookie;
		int fd = r->asker.fd;

		if (!is_asked(r) || may_ask(q, ring, r->from, &r->asker))
			continue;
		refuse_row(q, r, UNANSWERED_RIGHT);
		part(q, fd, cookie, now_ms);
	}
}

/* ---- for the loop ---- */

/* What ends a killed child, or a silent one, its exit_fd tells. */
static bool
waits_for_exit(const struct row *r)
{
	return r->state == KILLED || (r->state == RUNNING && child_is_silent(&r->child));
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
questions_due(const questions *q, int64_t now_ms)
{
	int64_t due = router_due(q->here);

	if (q->port)
		due = sooner(due, router_due(q->port));
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		const struct row *r = &q->rows[i];

		if (q->partings[i].cookie != 0)
			due = sooner(due, q->partings[i].at_ms);
		if (is_asked(r))
			due = sooner(due, q->look_ms);
		if (is_asked(r) && output_room(&r->flow) > 0)
			due = sooner(due, r->sent_ms + ALIVE_MS);
		if (r->state == RUNNING)
			due = sooner(due, r->started_ms + q->longest_ms);
		if (waits_for_exit(r) && r->child.exit_fd < 0)
			due = sooner(due, now_ms + REAP_MS);
	}
	return due;
}

static size_t
poll_items(const router *r, zmq_pollitem_t items[static 2])
{
	items[0] = (zmq_pollitem_t) { router_door(r), -1, ZMQ_POLLIN, 0 };
	items[1] = (zmq_pollitem_t) { router_socket(r), -1, ZMQ_POLLIN, 0 };
	return 2;
}

size_t
questions_poll(const questions *q, zmq_pollitem_t items[static QUESTIONS_POLL_ITEMS])
{
	size_t count = 0;

	count += poll_items(q->here, items);
	if (q->port)
		count += poll_items(q->port, items + count);
	for (size_t i = 0; i < QUESTIONS_MAX; i++) {
		const struct row *r = &q->rows[i];

		if (waits_for_exit(r) && r->child.exit_fd >= 0)
			items[count++] = (zmq_pollitem_t) { NULL, r->child.exit_fd, ZMQ_POLLIN, 0 };
		if (r->state != RUNNING || output_room(&r->flow) == 0)
			continue;
		for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
			if (r->child.out[s] >= 0)
				items[count++] = (zmq_pollitem_t) { NULL, r->child.out[s],
					                            ZMQ_POLLIN, 0 };
	}
	return count;
}
