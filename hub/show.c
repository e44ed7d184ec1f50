/* Everything is gathered before the first line is printed: half a page about an
 * event, and then an error, would be taken for the whole. */
#include "hub/show.h"

#include <stdlib.h>

#include "common/files.h"
#include "hub/graph.h"

static status
add_version(struct ledger *l, const struct version *v, struct shown *s)
{
	struct shown_version *out = &s->versions[s->version_count];
	status st;

	s->version_total++;
	if (s->version_count == SHOWN_VERSIONS_MAX)
		return ST_OK;
	memcpy(out->feed, v->feed, FEED_BYTES);
	out->at = v->at;
	st = event_ref(l->txn, v->feed, &v->at, out->ref);
	if (st == ST_OK)
		st = ledger_outcome(l, v->feed, &v->at, &out->outcome, &out->reason);
	s->version_count += st == ST_OK;
	return st;
}

/* Those that hang together with the event, and are of its record when it has
 * one. */
static status
gather_versions(struct ledger *l, struct shown *s)
{
	uint8_t id[EVENT_ID_BYTES];
	struct graph g = { 0 };
	bool is_node;
	status st;

	event_id_write(s->found.feed, &s->found.at, id);
	st = graph_has_node(l->txn, id, &is_node);
	if (st < 0 || !is_node)
		return st;
	st = graph_gather(l->txn, l->plan, id, false, &g);
	if (st == ST_OK)
		st = versions_judge(g.list, g.count);
	for (size_t i = 0; i < g.count && st == ST_OK; i++) {
		const struct version *v = &g.list[i];

		if (!v->sound || !g.list[0].sound || v->root == g.list[0].root)
			st = add_version(l, v, s);
	}
	graph_done(&g);
	return st;
}

/* The batch as kept: when its beginning was known already it holds less than what
 * the device sent, and its seal covers it all the same. */
static status
gather_batch(const struct asking *a, struct shown *s)
{
	uint8_t *space = malloc(BATCH_RAW_BYTES_MAX);
	struct journal_entry entry;
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
			s->seal = batch_verify(&s->batch, bodies);
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

status
show_gather(const struct asking *a, struct shown *s)
{
	struct ledger l = { .txn = a->txn, .plan = a->plan };
	struct bytes body = { s->found.body, s->found.body_len };
	status st;

	if (!s->found.erased)
		event_decode(body, &s->event);
	st = ledger_outcome_of(&l, s->found.feed, &s->found.at, body, s->found.erased, &s->outcome,
	                       &s->reason);
	if (st == ST_OK)
		st = event_row_fill(a->txn, a->plan, s->found.feed, &s->found.at, &s->event,
		                    &s->row);
	if (st == ST_OK)
		st = gather_versions(&l, s);
	if (st == ST_OK)
		st = gather_batch(a, s);
	if (st == ST_OK)
		st = gather_device(a, s);
	if (st == ST_OK && s->outcome == OUTCOME_HELD)
		held_fault_of(a->plan, &s->event, s->reason, &s->fault);
	return st;
}

status
show_write_evidence(const struct shown *s, const char *path)
{
	enum { EVERYBODY_READS = 0644 };
	status st;
	writer w;

	writer_init(&w);
	writer_map(&w, 4);
	writer_text(&w, text_of("batch"));
	writer_bin(&w, s->batch.frame.at, s->batch.frame.len);
	writer_text(&w, text_of("format"));
	writer_text(&w, text_of("valija/evidence/1"));
	writer_text(&w, text_of("hash"));
	writer_bin(&w, s->found.at.hash, HASH_BYTES);
	writer_text(&w, text_of("seq"));
	writer_uint(&w, s->found.at.seq);
	st = writer_status(&w);
	if (st == ST_OK)
		st = file_write(path, writer_bytes(&w).at, writer_bytes(&w).len, EVERYBODY_READS);
	writer_done(&w);
	return st;
}
