/* What is told once a quarter is known by what it is about, in the outbox and within the
 * file: a second row of it says the same, or one of the two is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/entry_event.h"
#include "agent/import_internal.h"
#include "protocol/msgid.h"

/* "5 --paid 7" */
static void
tell_otherwise(struct importing *im, struct draft *d, const struct register_found *found)
{
	char change[24 + REGISTER_CHANGE_BYTES];

	snprintf(change, sizeof(change), "%llu%s", (unsigned long long) found->head, found->change);
	import_find(
		im, &im->in->bad, d->row->line, SIZE_MAX, NULL,
		found->state == REGISTER_VOID
			? N_("what was told of this was taken out; 'valija correct %s --why TEXT' "
	                     "brings it back")
			: N_("something else was told of this already; 'valija correct %s --why "
	                     "TEXT' changes it"),
		change);
	d->is_bad = true;
}

static status
find(const struct importing *im, const struct event *now, struct register_found *ret_found)
{
	const struct import_config *config = im->config;

	*ret_found = (struct register_found) { .state = REGISTER_NEW };
	return config->find ? config->find(config->ctx, now, ret_found) : ST_OK;
}

/* First as if nothing stood against it: a row that is here already was accepted once. */
status
import_build_register(struct importing *im, struct draft *d, writer *w)
{
	struct entry_frame frame = im->config->frame;
	struct entry_problems problems;
	struct register_found found;
	uint8_t key[HASH_BYTES];
	struct event now;
	status st;

	import_say_who(im, d);
	frame.force = true;
	st = entry_build(&d->entry, &frame, w, &problems);
	if (st == ST_OK && event_decode(writer_bytes(w), &now) != HOLD_NONE)
		return ST_IO;
	if (st == ST_OK)
		st = find(im, &now, &found);
	if (st == ST_OK && found.state == REGISTER_SAME) {
		register_key(&now, key);
		return import_keep(im, d, writer_bytes(w), key, true);
	}
	if (st == ST_OK && found.state != REGISTER_NEW) {
		tell_otherwise(im, d, &found);
		return ST_INVALID;
	}
	if (st != ST_OK && st != ST_INVALID)
		return st;
	st = entry_build(&d->entry, &im->config->frame, w, &problems);
	import_tell(d, &problems);
	if (st < 0)
		return st;
	event_decode(writer_bytes(w), &now); /* it was right before */
	register_key(&now, key);
	return import_keep(im, d, writer_bytes(w), key, true);
}

/* ---- within the file ---- */

static bool
tell_the_same(const struct import_row *a, const struct import_row *b)
{
	struct event x, y;

	return event_decode(a->body, &x) == HOLD_NONE && event_decode(b->body, &y) == HOLD_NONE &&
		entry_events_tell_the_same(&x, &y);
}

static void
compare(struct importing *im, const struct import_row *before, const struct import_row *row)
{
	char line[24];

	if (memcmp(before->fields, row->fields, HASH_BYTES) != 0 || tell_the_same(before, row))
		return;
	snprintf(line, sizeof(line), "%zu", before->line);
	import_find(im, &im->in->bad, row->line, SIZE_MAX, NULL,
	            N_("line %s is about the same and says something else"), line);
	im->in->bad_rows++;
}

status
import_check_registers(struct importing *im)
{
	struct import *in = im->in;
	struct import_row **sorted = import_sorted(in->rows, in->count);

	if (!sorted)
		return ST_NOMEM;
	for (size_t i = 1; i < in->count; i++)
		compare(im, sorted[i - 1], sorted[i]);
	free(sorted);
	return in->bad.count > 0 ? ST_INVALID : ST_OK;
}
