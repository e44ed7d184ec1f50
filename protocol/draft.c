#include "protocol/draft.h"

#include "protocol/cut.h"

static const char FORMAT[] = "valija/draft/1";

struct draft {
	struct bytes document;
	struct text format, kind, name;
	uint64_t quarter;
};

#define AT(member) offsetof(struct draft, member)

enum { DRAFT_DOCUMENT, DRAFT_FORMAT, DRAFT_KIND, DRAFT_NAME, DRAFT_QUARTER, DRAFT_FIELDS_ };

static const struct codec_field fields[DRAFT_FIELDS_] = {
	[DRAFT_DOCUMENT] = { "document", CODEC_BIN, AT(document), 0, PLAN_BYTES_MAX, true },
	[DRAFT_FORMAT] = { "format", CODEC_TEXT, AT(format), 0, NAME_BYTES_MAX, true },
	[DRAFT_KIND] = { "k", CODEC_CODE, AT(kind), 0, 0, true },
	[DRAFT_NAME] = { "name", CODEC_TEXT, AT(name), 0, NAME_BYTES_MAX, false },
	[DRAFT_QUARTER] = { "quarter", CODEC_UINT, AT(quarter), QUARTER_MIN, QUARTER_MAX, false },
};

#define DRAFT_BIT(field) (UINT64_C(1) << (field))

status
draft_write(const struct event *head, struct bytes document, writer *w)
{
	const struct draft d = {
		.document = document,
		.format = text_of(FORMAT),
		.kind = text_of(event_kind_name(head->kind)),
		.name = head->name,
		.quarter = head->quarter,
	};
	uint64_t has = DRAFT_BIT(DRAFT_DOCUMENT) | DRAFT_BIT(DRAFT_FORMAT) | DRAFT_BIT(DRAFT_KIND);

	has |= DRAFT_BIT(head->kind == KIND_CUT ? DRAFT_NAME : DRAFT_QUARTER);
	writer_clear(w);
	codec_write(w, fields, DRAFT_FIELDS_, &d, has);
	return writer_status(w);
}

/* Of a lock the quarter stands in the document, too. */
static status
check_document(const struct draft *d, event_kind kind)
{
	struct cut c;
	struct lock l;
	status st;

	if (kind == KIND_CUT)
		return cut_read(d->document, &c);
	st = lock_read(d->document, &l);
	return st == ST_OK && l.quarter != d->quarter ? ST_MALFORMED : st;
}

status
draft_read(const void *bytes, size_t len, struct event *ret_head, struct bytes *ret_document)
{
	struct draft d = { .quarter = 0 };
	struct event head = { .kind = KIND_UNKNOWN };
	reader r = reader_of(bytes, len);
	bool critical;
	uint64_t has;
	status st;

	codec_read(&r, fields, DRAFT_FIELDS_, &d, &has, &critical);
	st = reader_end(&r);
	if (st == ST_OK && (!text_is(d.format, FORMAT) || critical))
		st = ST_VERSION;
	if (st < 0)
		return st;
	if (text_is(d.kind, event_kind_name(KIND_CUT)) && d.name.len > 0)
		head.kind = KIND_CUT;
	else if (text_is(d.kind, event_kind_name(KIND_LOCK)) && (has & DRAFT_BIT(DRAFT_QUARTER)))
		head.kind = KIND_LOCK;
	else
		return ST_MALFORMED;
	head.name = d.name;
	head.quarter = d.quarter;
	st = check_document(&d, head.kind);
	*ret_head = head;
	*ret_document = d.document;
	return st;
}
