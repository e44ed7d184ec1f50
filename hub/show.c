/* Everything is gathered before the first line is printed: half a page about an
 * event, and then an error, would be taken for the whole. */
#include "hub/show.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/files.h"

/* The batch as kept: when its beginning was known already it holds less than what
 * the device sent, and its seal covers it all the same. */
static status
gather_batch(const struct asking *a, struct shown *s)
{
	uint8_t *space = malloc(BATCH_RAW_BYTES_MAX);
	struct journal_entry entry = { 0 };
	struct bytes bodies;
	status st = ST_NOMEM;

	if (space)
		st = journal_read(a->txn, s->found.offset, &entry);
	if (st == ST_OK)
		st = batch_open(entry.bytes.at, entry.bytes.len, &s->batch);
	if (st == ST_OK) {
		s->batch_received_ms = entry.received_ms;
		s->seal = batch_unpack(&s->batch, space, &bodies);
		if (s->seal == ST_OK)
			s->seal = batch_verify(&s->batch, bodies, NULL);
		s->unsealed = s->seal == ST_DENIED && past_cut_name(a->hub);
		if (s->seal == ST_NOMEM) /* which says nothing of the seal */
			st = ST_NOMEM;
	}
	free(space);
	return st;
}

/* That it is not enrolled is told, and is no failure. */
static status
gather_device(const struct asking *a, struct shown *s)
{
	struct device device;
	status st = registry_device(a->txn, s->found.feed, &device);

	s->enrolled = st == ST_OK;
	if (st == ST_OK)
		s->role = device.role;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* The entry that a return is on; with the hash where its number alone does not name it. */
static status
gather_about(const struct asking *a, struct shown *s)
{
	const struct fix *f = &s->event.about.list[0];
	const uint8_t *feed = f->feed ? f->feed : s->found.feed;
	const struct point number = { .seq = f->seq };
	struct found_event *found;
	status st;

	if (s->event.about.count == 0)
		return ST_OK;
	ref_text(feed, &number, false, s->about);
	found = malloc(sizeof(*found));
	if (!found)
		return ST_NOMEM;
	st = journal_find(a->txn, feed, f->seq, f->hash, HASH_PREFIX_BYTES, found);
	if (st == ST_OK)
		st = event_ref(a->txn, feed, &found->at, s->about);
	free(found);
	return st == ST_NOT_FOUND ? ST_OK : st; /* it has not come yet */
}

status
show_gather(const struct asking *a, struct shown *s)
{
	struct ledger l = asking_ledger(a);
	struct bytes body = { s->found.body, s->found.body_len };
	status st;

	if (!s->found.erased)
		event_decode(body, &s->event);
	st = ledger_outcome_of(&l, s->found.feed, &s->found.at, body, s->found.erased, &s->outcome,
	                       &s->reason);
	if (st == ST_OK)
		st = ledger_restates(&l, s->found.feed, &s->found.at, &s->event, s->outcome,
		                     &s->restatement);
	if (st == ST_OK)
		st = event_row_fill(a->txn, a->plan, s->found.feed, &s->found.at, &s->event,
		                    &s->row);
	if (st == ST_OK)
		st = gather_about(a, s);
	if (st == ST_OK)
		st = history_gather(&l, s->found.feed, &s->found.at, &s->history);
	if (st == ST_OK)
		st = gather_batch(a, s);
	if (st == ST_OK)
		st = gather_device(a, s);
	if (st == ST_OK && s->outcome == OUTCOME_HELD)
		held_fault_of(a->plan, &s->event, s->reason, &s->fault);
	return st;
}

static status
encode_evidence(const struct shown *s, writer *w)
{
	writer_map(w, 4);
	writer_text(w, text_of("batch"));
	writer_bin(w, s->batch.frame.at, s->batch.frame.len);
	writer_text(w, text_of("format"));
	writer_text(w, text_of("valija/evidence/1"));
	writer_text(w, text_of("hash"));
	writer_bin(w, s->found.at.hash, HASH_BYTES);
	writer_text(w, text_of("seq"));
	writer_uint(w, s->found.at.seq);
	return writer_status(w);
}

status
show_write_evidence(const struct shown *s, const char *path)
{
	enum { EVERYBODY_READS = 0644 };
	status st;
	writer w;

	writer_init(&w);
	st = encode_evidence(s, &w);
	if (st == ST_OK)
		st = file_write(path, writer_bytes(&w).at, writer_bytes(&w).len, EVERYBODY_READS);
	writer_done(&w);
	return st;
}

status
show_hand_evidence(const struct shown *s, int fd)
{
	struct bytes left;
	ssize_t n = 1;
	status st;
	writer w;

	writer_init(&w);
	st = encode_evidence(s, &w);
	for (left = writer_bytes(&w); st == ST_OK && left.len > 0; left.len -= (size_t) n) {
		n = write(fd, left.at, left.len);
		if (n <= 0)
			st = ST_IO;
		else
			left.at += n;
		n = n > 0 ? n : 0;
	}
	writer_done(&w);
	return st;
}
