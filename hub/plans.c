#include "hub/plans.h"

#include <stdlib.h>

#include "hub/documents.h"
#include "protocol/parts.h"

static struct plan_row
row_of(const struct office_document *d)
{
	struct plan_row row = { .version = d->number, .packed = d->packed };

	memcpy(row.hash, d->hash, HASH_BYTES);
	return row;
}

status
plans_in_force(kv_txn *txn, struct plan_row *ret_row)
{
	struct office_document d;
	status st = documents_last(txn, KIND_PLAN, &d);

	if (st == ST_OK)
		*ret_row = row_of(&d);
	return st;
}

status
plans_parse(const struct plan_row *row, plan **ret_plan)
{
	struct office_document d = { .packed = row->packed };
	struct plan_problems problems = { 0 };
	uint8_t *json = NULL;
	plan *p = NULL;
	size_t len;
	status st;

	memcpy(d.hash, row->hash, HASH_BYTES);
	st = documents_unpack(&d, PLAN_BYTES_MAX, &json, &len);
	if (st < 0)
		return st;
	st = plan_parse(json, len, &problems, &p);
	plan_problems_done(&problems);
	free(json);
	if (st == ST_OK && plan_version(p) != row->version) {
		plan_free(&p);
		st = ST_INVALID;
	}
	if (st == ST_OK)
		*ret_plan = p;
	return st;
}

/* A copy of jansson's view of a plan is of no use here: it is parsed again when
 * asked for, and that is once a version. */
status
plans_check(const struct office_document *d)
{
	struct plan_row row = row_of(d);
	plan *p = NULL;
	status st = plans_parse(&row, &p);

	plan_free(&p);
	return st;
}

status
plans_cut(const void *json, size_t len, uint64_t version, int64_t at_ms,
          status (*visit)(void *ctx, struct bytes body), void *ctx)
{
	const struct event head = {
		.kind = KIND_PLAN,
		.plan_version = version,
		.at_ms = at_ms,
	};

	return parts_cut(&head, (struct bytes) { json, len }, visit, ctx);
}
