/* hub/run_block.h - a batch laid out: its frame, its unpacked bodies and its events
 *
 *     st = run_block_new(entry, &b);      a copy of the entry, with room for the rest
 *     st = run_block_lay_out(b, true);    unpack, check the seal, hash each event
 *     st = run_block_read(b);             read each event
 *     … b->run …
 *     run_block_free(&b);
 *
 * All in one piece of memory, as large as the frame says, at most some 900 KiB, but for what is
 * read, which is no more than the bodies are: so it can be
 * made in one thread, laid out in another and kept by a third party without being copied.
 */
#pragma once

#include "hub/journal_index.h"

typedef struct run_block {
	struct journal_run run; /* points into space */
	journal_kind kind;      /* of the entry, … */
	struct bytes entry;     /* … and its bytes, in space */
	uint8_t *briefs;        /* what run.briefs points to, and into */
	size_t bytes;           /* of all this */
	_Alignas(struct batch_event) uint8_t space[];
} run_block;

/* Of an entry of the journal that is a batch; of what did not come from there kind and bytes
 * are enough.  run.content is owed to run_block_lay_out().  ST_MALFORMED, ST_NOMEM. */
status run_block_new(const struct journal_entry *entry, run_block **ret_block);
void run_block_free(run_block **b_p);

/* Unpack the bodies and hash the events.  With sealed as batch_verify() does, and the errors
 * of batch_unpack() and of that; else it was verified when it came to the journal, and where
 * it cannot be walked over it is damaged: ST_MALFORMED.  ST_NOMEM.
 *
 * Writes to nothing but b. */
status run_block_lay_out(run_block *b, bool sealed);

/* What has been laid out is to be folded: read the events, and note what is needed of them
 * (hub/brief.h).  ST_NOMEM. */
status run_block_read(run_block *b);

/* Laid out and not read, of an entry of the journal.  ST_MALFORMED, ST_NOMEM. */
status run_block_open(const struct journal_entry *entry, run_block **ret_block);
