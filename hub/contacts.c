#include "hub/contacts.h"

#include "hub/hub.h"
#include "protocol/codec.h"

/* A row is a map, so that a fact may be added. */
struct row {
	struct contact fixed;
	struct text program;
};

#define AT(member) offsetof(struct row, member)

static const struct codec_field fields[] = {
	{ "last", CODEC_INT, AT(fixed.last_ms), INT64_MIN, INT64_MAX, true },
	{ "pending", CODEC_UINT, AT(fixed.pending), 0, UINT64_MAX, true },
	{ "plan", CODEC_UINT, AT(fixed.plan), 0, UINT64_MAX, true },
	{ "program", CODEC_TEXT, AT(program), 0, NAME_BYTES_MAX, true },
	{ "registry", CODEC_UINT, AT(fixed.registry), 0, UINT64_MAX, true },
	{ "skew", CODEC_INT, AT(fixed.skew_ms), INT64_MIN, INT64_MAX, true },
	{ "tip", CODEC_POINT, AT(fixed.tip), 0, 0, true },
};

enum { FIELDS_ = sizeof(fields) / sizeof(fields[0]) };

status
contacts_put(kv_txn *txn, const struct contact *c)
{
	const struct row row = { .fixed = *c, .program = text_of(c->program) };
	writer w;
	status st;

	writer_init(&w);
	codec_write(&w, fields, FIELDS_, &row, (UINT64_C(1) << FIELDS_) - 1);
	st = writer_status(&w);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_CONTACTS, (struct bytes) { c->feed, FEED_BYTES },
		            writer_bytes(&w));
	writer_done(&w);
	return st;
}

status
contacts_get(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct contact *ret_contact)
{
	struct row row = { 0 };
	struct bytes value;
	uint64_t has;
	bool critical;
	reader r;
	status st = kv_get(txn, TABLE_CONTACTS, (struct bytes) { feed, FEED_BYTES }, &value);

	if (st < 0)
		return st;
	r = reader_of(value.at, value.len);
	codec_read(&r, fields, FIELDS_, &row, &has, &critical);
	if (reader_end(&r) < 0)
		return ST_IO; /* we wrote it: the disk is bad */
	memcpy(row.fixed.feed, feed, FEED_BYTES);
	memcpy(row.fixed.program, row.program.at, row.program.len);
	row.fixed.program[row.program.len] = 0;
	*ret_contact = row.fixed;
	return ST_OK;
}
