/* Rows need nothing of each other until they are numbered, so two threads take parts of the
 * file in turn, each into an importing of its own, until none is left.  What both have then is
 * in the order of the file, and one list is made of two.
 *
 * Where there is a fault one row is something to others: a column is told of once, the first
 * fifty faults are listed, and behind some nothing is read.  Then all that was read is thrown
 * away, and one thread begins anew: it costs who has a fault to look for a moment.
 *
 * What is asked of the outbox is asked in the one transaction there is, and so under the lock
 * by which the parts are taken; nearly all such answers are remembered, by each thread for
 * itself. */
#include <pthread.h>
#include <stdlib.h>

#include "agent/import_internal.h"

enum {
	PAIRED_BYTES_MIN = 256 << 10, /* of a file: some 2,000 rows, which one reads in 6 ms */
	PART_BYTES = 32 << 10,        /* so long one may wait for the other at the end: 0.7 ms */
};

/* The lock is for what follows it, for the calls of config, and for the transaction that the
 * views of its plan ask. */
struct pair {
	const struct import_config *config;
	pthread_mutex_t lock;
	struct csv_part rest;
	bool failed;
};

struct worker {
	struct pair *pair;
	struct import_config config; /* as that of the pair, but asks under the lock */
	struct import in;
	struct importing im;
};

/* ---- what is asked ---- */

static bool
is_here(void *worker, const uint8_t fields[static HASH_BYTES])
{
	struct pair *p = ((struct worker *) worker)->pair;
	bool answer;

	pthread_mutex_lock(&p->lock);
	answer = p->config->is_here(p->config->ctx, fields);
	pthread_mutex_unlock(&p->lock);
	return answer;
}

static status
find(void *worker, const struct event *now, struct register_found *ret_found)
{
	struct pair *p = ((struct worker *) worker)->pair;
	status st;

	pthread_mutex_lock(&p->lock);
	st = p->config->find(p->config->ctx, now, ret_found);
	pthread_mutex_unlock(&p->lock);
	return st;
}

static bool
came_in(void *worker, const char *bond)
{
	struct pair *p = ((struct worker *) worker)->pair;
	bool answer;

	pthread_mutex_lock(&p->lock);
	answer = p->config->frame.came_in(p->config->frame.ctx, bond);
	pthread_mutex_unlock(&p->lock);
	return answer;
}

/* ---- a worker ---- */

/* False: no memory. */
static bool
worker_init(struct worker *w, struct pair *p, const struct importing *im)
{
	const struct import_config *config = p->config;

	w->pair = p;
	w->im = *im;
	w->im.in = &w->in;
	w->im.config = &w->config;
	writer_init(&w->im.w);
	w->config = *config;
	w->config.is_here = config->is_here ? is_here : NULL;
	w->config.find = config->find ? find : NULL;
	w->config.ctx = w;
	w->config.frame.came_in = config->frame.came_in ? came_in : NULL;
	w->config.frame.ctx = w;
	if (config->frame.table)
		w->config.frame.table = plan_table_beside(config->frame.table, &p->lock);
	return w->config.frame.table || !config->frame.table;
}

static void
worker_done(struct worker *w)
{
	plan_table_close(&w->config.frame.table);
	writer_done(&w->im.w);
	import_done(&w->in);
}

static bool
take_part(struct pair *p, struct csv_part *ret_part)
{
	bool more;

	pthread_mutex_lock(&p->lock);
	more = !p->failed && p->rest.len > 0;
	if (more)
		*ret_part = csv_cut(&p->rest, PART_BYTES);
	pthread_mutex_unlock(&p->lock);
	return more;
}

static void
fail(struct pair *p)
{
	pthread_mutex_lock(&p->lock);
	p->failed = true;
	pthread_mutex_unlock(&p->lock);
}

static void *
read_parts(void *worker)
{
	struct worker *w = worker;
	struct csv_part part;

	while (take_part(w->pair, &part)) {
		if (import_read_part(&w->im, &part) < 0 || w->in.bad.count > 0)
			fail(w->pair);
	}
	return NULL;
}

/* ---- both ---- */

/* Both are in the order of lines, and no line is in both. */
static bool
join_rows(const struct import *a, const struct import *b, struct import *ret_in)
{
	size_t count = a->count + b->count, i = 0, k = 0;
	struct import_row *rows = malloc((count + 1) * sizeof(*rows));

	if (!rows)
		return false;
	for (struct import_row *row = rows; row < rows + count; row++) {
		bool first = k == b->count || (i < a->count && a->rows[i].line < b->rows[k].line);

		*row = first ? a->rows[i++] : b->rows[k++];
	}
	ret_in->rows = rows;
	ret_in->count = count;
	return true;
}

/* Of all findings the first ones are kept, as each list keeps its own. */
static void
join_findings(const struct import_findings *a, const struct import_findings *b,
              struct import_findings *ret_list)
{
	size_t i = 0, k = 0;

	ret_list->count = a->count + b->count;
	while (i + k < ret_list->count && i + k < IMPORT_LISTED_MAX) {
		bool first = k == b->count || (i < a->count && a->list[i].line < b->list[k].line);
		struct import_finding *next = &ret_list->list[i + k];

		*next = first ? a->list[i++] : b->list[k++];
	}
}

/* False: no memory, or too many rows, which is told where the first too many is come to. */
static bool
join(struct import *a, struct import *b, struct import *ret_in)
{
	if (a->row_count + b->row_count > IMPORT_ROWS_MAX || !join_rows(a, b, ret_in))
		return false;
	ret_in->row_count = a->row_count + b->row_count;
	ret_in->incomplete = a->incomplete + b->incomplete;
	ret_in->other_units = a->other_units + b->other_units;
	join_findings(&a->warnings, &b->warnings, &ret_in->warnings);
	join_findings(&a->left_out, &b->left_out, &ret_in->left_out);
	import_join_bodies(ret_in, a);
	import_join_bodies(ret_in, b);
	return true;
}

/* Where no thread can be started the first one reads all there is. */
static void
read_both(struct worker *first, struct worker *second)
{
	pthread_t thread;
	bool runs = pthread_create(&thread, NULL, read_parts, second) == 0;

	read_parts(first);
	if (runs)
		pthread_join(thread, NULL);
}

bool
import_read_paired(const struct importing *im, const struct csv_part *rest)
{
	struct pair p = { .config = im->config, .rest = *rest };
	struct worker *first, *second;
	bool is_read = false;

	if (!im->config->paired || rest->len < PAIRED_BYTES_MIN)
		return false;
	first = calloc(2, sizeof(*first));
	if (!first)
		return false;
	second = first + 1;
	pthread_mutex_init(&p.lock, NULL);
	p.failed = !worker_init(first, &p, im);
	p.failed |= !worker_init(second, &p, im);
	if (!p.failed)
		read_both(first, second);
	if (!p.failed)
		is_read = join(&first->in, &second->in, im->in);
	worker_done(first);
	worker_done(second);
	pthread_mutex_destroy(&p.lock);
	free(first);
	return is_read;
}
