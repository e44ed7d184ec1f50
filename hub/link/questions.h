/* hub/link/questions.h - asked from another place: heard, answered by a child each
 *
 * Two sockets: a file, for processes of this machine that the system lets open it,
 * and a port, for the keys of readers and of the office.  What is asked for must
 * be a command that reads (hub/link/askable.h).  A few are answered at a time, the
 * rest wait in the order in which they came.
 *
 *                    a child is free          it has ended, all is sent
 *     ASK ---> WAITING -----------> RUNNING ---------------------------> END
 *                 |                    |
 *                 | asker gone         | asker gone, revoked, too long
 *                 v                    v
 *               (free)              KILLED ---> (free, once the child has ended)
 *
 * Nothing waits here for an asker: of what a child prints, no more is read than the
 * asker may be sent (protocol/question.h), and the child waits.
 */
#pragma once

#include "hub/link/child.h"
#include "hub/link/router.h"
#include "hub/link/zap.h"

enum {
	QUESTIONS_MAX = 64,    /* asked and not answered yet; more are refused */
	QUESTIONS_RUNNING = 4, /* at a time */
	/* The same of one key, which leaves room for the others.  Processes of this machine
	 * are let in by their group and have no such bound. */
	QUESTIONS_OF_A_KEY = 32,
	QUESTIONS_RUNNING_OF_A_KEY = 3,
	QUESTIONS_MS = 60 * 1000, /* default of query-ms */
};

typedef struct questions questions;

/* What happened to one of them, for the log. */
struct question_event {
	const uint8_t *feed; /* zeros: of this machine */
	unanswered code;
};

/* Of the hub in that home; the port's socket is made only for a key.  report is called
 * for each that gets no answer.  Nothing listens yet. */
status questions_new(void *context, const char *home, const struct curve_key *key,
                     const struct router_timing *timing, questions **ret_questions);
/* Ends what runs. */
void questions_free(questions **q_p);

/* What is to be done about each that gets no answer. */
void
questions_watch(questions *q, void (*report)(void *ctx, const struct question_event *e), void *ctx);

/* How long one may take; may change while some run. */
void questions_set(questions *q, int64_t longest_ms);

/* NULL without a key: for gate_test() and router_listen(). */
router *questions_port(questions *q);
router *questions_here(questions *q);

/* Those without a right any more are ended at once. */
void questions_look(questions *q, const keyring *ring, int64_t now_ms);

/* Take in, start, hand on, end: a bounded amount of each. */
void questions_turn(questions *q, const keyring *ring, int64_t now_ms);

/* When questions_turn() is due at the latest; INT64_MAX: when something comes. */
int64_t questions_due(const questions *q, int64_t now_ms);

/* For the poll. */
enum { QUESTIONS_POLL_ITEMS = 4 + QUESTIONS_RUNNING * STREAMS_ };
size_t questions_poll(const questions *q, zmq_pollitem_t items[static QUESTIONS_POLL_ITEMS]);
