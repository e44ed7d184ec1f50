#include "hub/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/paragraph.h"
#include "hub/bogota.h"
#include "hub/event_row.h"
#include "hub/graph.h"
#include "hub/journal.h"
#include "hub/remarks.h"

/* ---- gathering ---- */

static status
fill_told(kv_txn *txn, const uint8_t *feed, const struct point *at, const struct event *e,
          struct told *out)
{
	struct device device;
	status st = registry_device(txn, feed, &device);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	memcpy(out->feed, feed, FEED_BYTES);
	out->at = *at;
	out->role = device.role;
	out->at_ms = e->at_ms;
	text_copy(out->by, sizeof(out->by), e->by);
	text_copy(out->why, sizeof(out->why), e->why);
	return event_ref(txn, feed, at, out->ref);
}

static status
add_version(struct ledger *l, const struct version *v, struct found_event *found, struct history *h)
{
	struct history_version *out = &h->versions[h->version_count];
	struct event e;
	status st;

	h->version_total++;
	if (h->version_count == HISTORY_VERSIONS_MAX)
		return ST_OK;
	st = journal_find(l->txn, v->feed, v->at.seq, v->at.hash, HASH_BYTES, found);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	event_decode((struct bytes) { found->body, found->body_len },
	             &e); /* what cannot be read says nothing */
	out->depth = v->depth;
	out->is_void = e.kind == KIND_VOID;
	out->settles = e.fixes.count > 1 ? e.fixes.count : 0;
	text_copy(out->kind, sizeof(out->kind), e.kind_name);
	st = fill_told(l->txn, v->feed, &v->at, &e, &out->told);
	if (st == ST_OK)
		st = ledger_outcome(l, v->feed, &v->at, &out->outcome, &out->reason);
	h->version_count += st == ST_OK;
	return st;
}

struct gathering {
	struct ledger *l;
	struct history *h;
	struct found_event *found;
};

static status
add_remark(void *ctx, const struct remark *r)
{
	struct gathering *g = ctx;
	struct history_remark *out = &g->h->remarks[g->h->remark_count];
	const struct point on = { .seq = r->seq };
	struct point at;
	struct event e;
	status st;

	g->h->remark_total++;
	if (g->h->remark_count == HISTORY_REMARKS_MAX)
		return ST_OK;
	event_id_read(r->id, &at);
	st = journal_find(g->l->txn, r->id, at.seq, at.hash, HASH_BYTES, g->found);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	event_decode((struct bytes) { g->found->body, g->found->body_len }, &e);
	ref_text(r->feed, &on, false, out->on);
	out->replaced = r->replaced;
	st = fill_told(g->l->txn, r->id, &at, &e, &out->told);
	g->h->remark_count += st == ST_OK;
	return st;
}

static status
add_remarks(struct gathering *g, const uint8_t *feed, const struct point *at)
{
	uint8_t id[EVENT_ID_BYTES];

	event_id_write(feed, at, id);
	return remarks_each(g->l->txn, id, add_remark, g);
}

static int
compare_versions(const void *one, const void *two)
{
	const struct history_version *a = one, *b = two;

	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return memcmp(a->told.at.hash, b->told.at.hash, HASH_BYTES);
}

/* Those that hang together with the event, and are of its record when it has one. */
static status
gather_record(struct gathering *g, const uint8_t *id)
{
	struct graph graph = { 0 };
	status st = graph_look(g->l, id, &graph);

	if (st == ST_OK)
		st = versions_judge(graph.list, graph.count);
	for (size_t i = 0; i < graph.count && st == ST_OK; i++) {
		const struct version *v = &graph.list[i], *asked = &graph.list[0];

		if (asked->sound && (!v->sound || v->root != asked->root))
			continue;
		st = add_version(g->l, v, g->found, g->h);
		if (st == ST_OK)
			st = add_remarks(g, v->feed, &v->at);
	}
	graph_done(&graph);
	qsort(g->h->versions, g->h->version_count, sizeof(g->h->versions[0]), compare_versions);
	if (g->h->version_total == 1) /* of a register that nobody corrected */
		g->h->version_count = g->h->version_total = 0;
	return st;
}

status
history_gather(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
               struct history *ret_history)
{
	struct gathering g = { l, ret_history, malloc(sizeof(struct found_event)) };
	uint8_t id[EVENT_ID_BYTES];
	bool is_node = false;
	status st = g.found ? ST_OK : ST_NOMEM;

	event_id_write(feed, at, id);
	if (st == ST_OK)
		st = graph_has_node(l->txn, id, &is_node);
	if (st == ST_OK)
		st = is_node ? gather_record(&g, id) : add_remarks(&g, feed, at);
	free(g.found);
	return st;
}

/* ---- for people ---- */

enum { MARGIN = 6, WIDTH = 96, LINE_BYTES = NOTE_BYTES_MAX + 512 };

/* "Ana Núñez, office ABCD2345, by its clock 2025-11-14 10:00:05: why" */
static void
print_told(const struct told *t)
{
	char when[BOGOTA_TEXT_BYTES], device[DEVICE_TEXT_BYTES], line[LINE_BYTES], safe[LINE_BYTES];

	bogota_text(t->at_ms, when);
	device_text(t->feed, device);
	snprintf(line, sizeof(line), _("%s, %s %s, by its clock %s in Bogotá%s%s"),
	         *t->by ? t->by : "?", gettext(device_role_name(t->role)), device, when,
	         *t->why ? ": " : "", t->why);
	cli_safe(line, strlen(line), safe, sizeof(safe));
	printf("%*s", MARGIN, "");
	paragraph_print(safe, MARGIN, MARGIN, WIDTH);
}

static void
print_versions(const struct history *h, const struct point *at)
{
	if (h->version_count == 0)
		return;
	printf(ngettext("\n%zu version of this entry:\n", "\n%zu versions of this entry:\n",
	                h->version_total),
	       h->version_total);
	for (size_t i = 0; i < h->version_count; i++) {
		const struct history_version *v = &h->versions[i];

		printf("  %s  %s", v->told.ref, gettext(outcome_text(v->outcome)));
		if (v->outcome == OUTCOME_HELD)
			printf(" (%s)", gettext(hold_text(v->reason)));
		if (v->is_void && v->outcome != OUTCOME_VOIDED)
			printf(", %s", _("a void"));
		if (v->settles > 0)
			printf(ngettext(", names %zu version at once",
			                ", names %zu versions at once", v->settles),
			       v->settles);
		puts(point_equal(&v->told.at, at) ? _("  <- this one") : "");
		print_told(&v->told);
	}
}

void
history_print(const struct history *h, const struct point *at)
{
	print_versions(h, at);
	if (h->remark_count == 0)
		return;
	printf(ngettext("\n%zu remark of the office:\n", "\n%zu remarks of the office:\n",
	                h->remark_total),
	       h->remark_total);
	for (size_t i = 0; i < h->remark_count; i++) {
		const struct history_remark *r = &h->remarks[i];

		printf(r->replaced ? _("  on %s, which was corrected since\n") : _("  on %s\n"),
		       r->on);
		print_told(&r->told);
	}
}

/* ---- for programs ---- */

static json_t *
told_json(const struct told *t)
{
	char at[UTC_TEXT_BYTES];

	utc_text(t->at_ms, at);
	/* clang-format off */
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:s?, s:s?}", "ref", t->ref, "hash",
	                 json_hex(t->at.hash, HASH_BYTES), "key", json_hex(t->feed, FEED_BYTES),
	                 "role", device_role_name(t->role), "at", at, "by",
	                 *t->by ? t->by : NULL, "why", *t->why ? t->why : NULL);
	/* clang-format on */
}

json_t *
history_versions_json(const struct history *h, const struct point *at)
{
	json_t *array = json_array();

	for (size_t i = 0; i < h->version_count; i++) {
		const struct history_version *v = &h->versions[i];
		json_t *o = told_json(&v->told);

		json_object_set_new(o, "kind", json_string(v->kind));
		json_object_set_new(o, "outcome", json_string(outcome_name(v->outcome)));
		json_object_set_new(o, "reason",
		                    v->outcome == OUTCOME_HELD ? json_string(hold_name(v->reason))
		                                               : json_null());
		json_object_set_new(o, "settles", json_integer((json_int_t) v->settles));
		json_object_set_new(o, "this", json_boolean(point_equal(&v->told.at, at)));
		json_array_append_new(array, o);
	}
	return array;
}

json_t *
history_remarks_json(const struct history *h)
{
	json_t *array = json_array();

	for (size_t i = 0; i < h->remark_count; i++) {
		json_t *o = told_json(&h->remarks[i].told);

		json_object_set_new(o, "on", json_string(h->remarks[i].on));
		json_object_set_new(o, "answered", json_boolean(h->remarks[i].replaced));
		json_array_append_new(array, o);
	}
	return array;
}
