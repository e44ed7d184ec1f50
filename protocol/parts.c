#include "protocol/parts.h"

#include "protocol/chain.h"
#include "protocol/document.h"

enum { PACKED_BYTES_MAX = PART_BYTES_MAX * PARTS_MAX };

event_field
parts_key(event_kind kind)
{
	return kind == KIND_PLAN ? EVENT_PLAN : kind == KIND_CUT ? EVENT_NAME : EVENT_QUARTER;
}

static status
cut_packed(const struct event *head, const uint8_t *hash, struct bytes packed, writer *body,
           status (*visit)(void *ctx, struct bytes body), void *ctx)
{
	status st = packed.len <= PACKED_BYTES_MAX ? ST_OK : ST_LIMIT;

	for (size_t at = 0; st == ST_OK && at < packed.len; at += PART_BYTES_MAX) {
		size_t left = packed.len - at;
		event_field fault;
		struct event e = *head;

		e.has = (head->has & EVENT_BIT(EVENT_BY)) | EVENT_BIT(parts_key(head->kind)) |
			EVENT_BIT(EVENT_PART) | EVENT_BIT(EVENT_PARTS) | EVENT_BIT(EVENT_TOTAL) |
			EVENT_BIT(EVENT_HASH) | EVENT_BIT(EVENT_DATA);
		e.part = at / PART_BYTES_MAX + 1;
		e.parts = (packed.len + PART_BYTES_MAX - 1) / PART_BYTES_MAX;
		e.total = packed.len;
		e.hash = hash;
		e.data = (struct bytes) { packed.at + at,
			                  left < PART_BYTES_MAX ? left : PART_BYTES_MAX };
		st = event_encode(&e, body, &fault);
		if (st == ST_OK)
			st = visit(ctx, writer_bytes(body));
	}
	return st;
}

status
parts_cut(const struct event *head, struct bytes document,
          status (*visit)(void *ctx, struct bytes body), void *ctx)
{
	uint8_t hash[HASH_BYTES];
	writer packed, body;
	status st;

	if (document.len > PLAN_BYTES_MAX)
		return ST_LIMIT;
	hash_bytes(document.at, document.len, hash);
	writer_init(&packed);
	writer_init(&body);
	st = document_pack(document.at, document.len, &packed);
	if (st == ST_OK)
		st = cut_packed(head, hash, writer_bytes(&packed), &body, visit, ctx);
	writer_done(&body);
	writer_done(&packed);
	return st;
}
