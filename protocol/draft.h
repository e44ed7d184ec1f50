/* protocol/draft.h - a cut or a lock that an office device is to publish
 *
 * What it names only the hub knows; who signs it, is the office.  So "valija-hub draft"
 * writes the document to a file, and "valija publish" records it in the office device's
 * own outbox, offline too.  A map:
 *
 *     document   bin   of protocol/cut.h
 *     format     text  "valija/draft/1"
 *     k          code  "cut" or "lock"
 *     name       text  of a cut
 *     quarter    uint  of a lock
 *
 * Pure and thread safe.
 */
#pragma once

#include "protocol/event.h"

enum { DRAFT_BYTES_MAX = PLAN_BYTES_MAX + 1024 };

/* Replaces what w holds.  head says kind, name or quarter. */
status draft_write(const struct event *head, struct bytes document, writer *w);

/* Read and check it, document included; what comes out points into bytes.  Of head kind,
 * and name or quarter are set.  ST_MALFORMED, ST_LIMIT: it is no such file.  ST_VERSION:
 * another format, or a document of a newer program. */
status
draft_read(const void *bytes, size_t len, struct event *ret_head, struct bytes *ret_document);
