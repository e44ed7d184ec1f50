#include "hub/link/snapshooter.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/i18n.h"
#include "common/log.h"
#include "hub/snapshots.h"

enum {
	REAP_MS = 500, /* how often to see whether the child has ended, without exit_fd */
	NUMBER_TEXT_BYTES = 24,
	KILLED = -1,
};

static bool
is_due(hub *h, bool idle)
{
	struct snapshots *there = malloc(sizeof(*there));
	struct snapshot now;
	kv_txn *txn = NULL;
	bool due = false;
	status st = there ? kv_read(hub_store(h), &txn) : ST_NOMEM;

	if (st == ST_OK)
		st = snapshot_of_now(txn, &now);
	if (st == ST_OK)
		st = snapshots_read(h, txn, there);
	if (st == ST_OK)
		due = snapshot_due(there->count > 0 ? &there->list[there->count - 1] : NULL, &now,
		                   idle);
	kv_abort(&txn);
	free(there);
	return due;
}

/* Once for each that is another than the one before. */
static void
tell(struct snapshooter *s, int how)
{
	if (how == s->told)
		return;
	s->told = how;
	if (how == KILLED)
		log_line(LEVEL_WARNING, "HUB-SNAPSHOT",
		         _("a snapshot took too long, or was ended; questions about the past take "
		           "longer; retry in %d s"),
		         (int) (SNAPSHOOTER_RETRY_MS / 1000));
	else if (how != 0)
		log_line(LEVEL_WARNING, "HUB-SNAPSHOT",
		         _("no snapshot was made (status %d), 'valija-hub snapshot' says why; "
		           "questions about the past take longer; retry in %d s"),
		         how, (int) (SNAPSHOOTER_RETRY_MS / 1000));
}

static void
start(struct snapshooter *s, hub *h, int64_t now_ms)
{
	struct question ask = { .type = QUESTION_ASK };
	char kept[NUMBER_TEXT_BYTES];

	snprintf(kept, sizeof(kept), "%lld", (long long) s->kept);
	ask.args.list[ask.args.count++] = text_of("snapshot");
	ask.args.list[ask.args.count++] = text_of("--keep");
	ask.args.list[ask.args.count++] = text_of(kept);
	s->retry_ms = now_ms + SNAPSHOOTER_RETRY_MS;
	s->kill_ms = now_ms + SNAPSHOOTER_CHILD_MS;
	if (child_start(&ask, hub_home(h), &s->child) < 0)
		s->look_ms = s->retry_ms;
}

/* What it prints is of no interest, and fits into a pipe. */
static void
reap(struct snapshooter *s, int64_t now_ms)
{
	int how;

	if (now_ms >= s->kill_ms) {
		child_kill(&s->child);
		s->kill_ms = INT64_MAX;
	}
	if (!child_ended(&s->child, &how))
		return;
	tell(s, how);
	if (how == 0)
		s->retry_ms = now_ms;
	s->look_ms = how == 0 ? now_ms + SNAPSHOOTER_LOOK_MS : s->retry_ms;
}

void
snapshooter_wake(struct snapshooter *s, int64_t now_ms)
{
	int64_t at_ms = now_ms + SNAPSHOOTER_LOOK_MS;

	s->stored_ms = now_ms;
	if (at_ms < s->retry_ms)
		at_ms = s->retry_ms;
	if (at_ms < s->look_ms)
		s->look_ms = at_ms;
}

void
snapshooter_turn(struct snapshooter *s, hub *h, int64_t now_ms)
{
	int64_t idle_ms = s->stored_ms + SNAPSHOOTER_IDLE_MS;

	if (s->child.pid > 0)
		reap(s, now_ms);
	if (s->child.pid > 0 || now_ms < s->look_ms)
		return;
	s->look_ms = now_ms < idle_ms ? idle_ms : INT64_MAX;
	if (s->kept > 0 ? is_due(h, now_ms >= idle_ms) : snapshots_exist(h))
		start(s, h, now_ms);
}

int64_t
snapshooter_due(const struct snapshooter *s, int64_t now_ms)
{
	if (s->child.pid == 0)
		return s->look_ms;
	return s->child.exit_fd < 0 && now_ms + REAP_MS < s->kill_ms ? now_ms + REAP_MS
								     : s->kill_ms;
}

/* Killed, it ends at once; it has only a copy in its hands. */
void
snapshooter_stop(struct snapshooter *s)
{
	if (s->child.pid == 0)
		return;
	child_kill(&s->child);
	waitpid(s->child.pid, NULL, 0);
	s->child.pid = 0;
}

size_t
snapshooter_poll(const struct snapshooter *s, zmq_pollitem_t items[static SNAPSHOOTER_POLL_ITEMS])
{
	if (s->child.pid == 0 || s->child.exit_fd < 0)
		return 0;
	items[0] = (zmq_pollitem_t) { NULL, s->child.exit_fd, ZMQ_POLLIN, 0 };
	return 1;
}
