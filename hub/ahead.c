#include "hub/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum step { WAITING, BEGUN, LAID_OUT, READING, DONE };

struct job {
	bool sealed;
	run_block *block;
	enum step step;
	status st; /* once it is done */
};

/* What stands below the lock is guarded by it; a job that is begun is whose who has begun
 * it. */
struct ahead {
	pthread_t thread;
	bool tried, runs; /* to start it; it was started */

	pthread_mutex_t lock;
	pthread_cond_t more, done;
	bool ends;
	struct job jobs[AHEAD_MAX]; /* a ring */
	size_t first, count;
};

static struct job *
job_at(ahead *a, size_t i)
{
	return &a->jobs[(a->first + i) % AHEAD_MAX];
}

/* With the lock, which is let go meanwhile. */
static void
lay_out(ahead *a, struct job *job)
{
	status st;

	job->step = BEGUN;
	pthread_mutex_unlock(&a->lock);
	st = run_block_lay_out(job->block, job->sealed);
	pthread_mutex_lock(&a->lock);
	job->st = st;
	job->step = st == ST_OK ? LAID_OUT : DONE;
}

/* The same of what was laid out. */
static void
read_events(ahead *a, struct job *job)
{
	status st;

	job->step = READING;
	pthread_mutex_unlock(&a->lock);
	st = run_block_read(job->block);
	pthread_mutex_lock(&a->lock);
	job->st = st;
	job->step = DONE;
}

/* ---- the thread ---- */

/* From that one on. */
static struct job *
next_of(ahead *a, enum step step, size_t from)
{
	for (size_t i = from; i < a->count; i++) {
		if (job_at(a, i)->step == step)
			return job_at(a, i);
	}
	return NULL;
}

static void *
work(void *arg)
{
	ahead *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->ends) {
		struct job *job = next_of(a, WAITING, 1);
		struct job *next = job ? NULL : next_of(a, LAID_OUT, 2);

		if (job)
			lay_out(a, job);
		else if (next)
			read_events(a, next);
		if (job || next) {
			pthread_cond_signal(&a->done);
		} else {
			pthread_cond_wait(&a->more, &a->lock);
		}
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Signals are for the thread that runs the program. */
static void
start(ahead *a)
{
	sigset_t all, before;

	a->tried = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	a->runs = pthread_create(&a->thread, NULL, work, a) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- who puts and takes ---- */

ahead *
ahead_new(void)
{
	ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->more, NULL);
	pthread_cond_init(&a->done, NULL);
	return a;
}

/* With the lock.  The wait is for a computation of bounded size. */
static void
finish(ahead *a, struct job *job)
{
	while (job->step == BEGUN || job->step == READING)
		pthread_cond_wait(&a->done, &a->lock);
}

static void
give_up_first(ahead *a)
{
	struct job *job = job_at(a, 0);

	finish(a, job);
	run_block_free(&job->block);
	a->first = (a->first + 1) % AHEAD_MAX;
	a->count--;
}

void
ahead_free(ahead **a_p)
{
	ahead *a = *a_p;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->ends = true;
	while (a->count > 0)
		give_up_first(a);
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
	if (a->runs)
		pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->done);
	pthread_cond_destroy(&a->more);
	pthread_mutex_destroy(&a->lock);
	free(a);
	*a_p = NULL;
}

void
ahead_forget(ahead *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->count > 0)
		give_up_first(a);
	pthread_mutex_unlock(&a->lock);
}

bool
ahead_room(const ahead *a)
{
	return a->count < AHEAD_MAX; /* which the thread only reads */
}

status
ahead_put(ahead *a, const struct journal_entry *entry, bool sealed)
{
	struct job job = { .sealed = sealed, .step = WAITING };

	status st = run_block_new(entry, &job.block);

	if (st < 0)
		return st;
	pthread_mutex_lock(&a->lock);
	*job_at(a, a->count++) = job;
	if (a->count > 1 && !a->tried)
		start(a);
	if (a->count > 1 && a->runs)
		pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
	return ST_OK;
}

/* With the lock, and there is a first one. */
static status
take_first(ahead *a, run_block **ret_block)
{
	struct job *job = job_at(a, 0);
	status st;

	if (job->step == WAITING)
		lay_out(a, job);
	finish(a, job);
	st = job->st;
	if (st == ST_OK) {
		*ret_block = job->block;
		job->block = NULL;
	}
	give_up_first(a);
	return st;
}

static bool
is_of(const struct job *job, const struct journal_entry *entry, bool sealed)
{
	const run_block *b = job->block;

	return job->sealed == sealed && b->kind == entry->kind &&
		b->entry.len == entry->bytes.len &&
		memcmp(b->entry.at, entry->bytes.at, b->entry.len) == 0;
}

status
ahead_take(ahead *a, const struct journal_entry *entry, bool sealed, run_block **ret_block)
{
	run_block *block = NULL;
	bool was_put;
	status st = ST_OK;

	pthread_mutex_lock(&a->lock);
	while (a->count > 0 && !is_of(job_at(a, 0), entry, sealed))
		give_up_first(a);
	was_put = a->count > 0;
	if (was_put)
		st = take_first(a, &block);
	pthread_mutex_unlock(&a->lock);
	if (!was_put)
		st = run_block_new(entry, &block);
	if (!was_put && st == ST_OK)
		st = run_block_lay_out(block, sealed);
	if (st == ST_OK)
		*ret_block = block;
	else
		run_block_free(&block);
	return st;
}
