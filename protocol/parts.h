/* protocol/parts.h - a document of the office as events with numbered parts
 *
 * The other way round, from parts to the document, is a matter of the hub that has
 * them (hub/documents.h).  Pure and thread safe.
 */
#pragma once

#include "protocol/event.h"

/* What names a document of that kind beside its hash: EVENT_PLAN, EVENT_NAME or
 * EVENT_QUARTER of a plan, a cut or a lock. */
event_field parts_key(event_kind kind);

/* Cut a document into events and hand each body to visit, in order.  head is an
 * event of which kind, plan_version, name or quarter, at_ms and, with its bit, by are set.
 * A body is valid until visit returns; other than ST_OK ends the cutting with that.
 * ST_LIMIT: too long. */
status parts_cut(const struct event *head, struct bytes document,
                 status (*visit)(void *ctx, struct bytes body), void *ctx);
