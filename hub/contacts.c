#include "hub/contacts.h"

#include "hub/hub.h"
#include "protocol/codec.h"

/* A row is a map, so that a fact may be added. */
struct row {
	struct contact fixed;
	struct text program, refused_with;
};

#define AT(member) offsetof(struct row, member)

enum field {
	FIELD_DISK,
	FIELD_FLOOR,
	FIELD_LAST,
	FIELD_OLDEST,
	FIELD_PENDING,
	FIELD_PLAN,
	FIELD_PROGRAM,
	FIELD_REFUSED,
	FIELD_REFUSED_AT,
	FIELD_REFUSED_WITH,
	FIELD_REGISTRY,
	FIELD_SKEW,
	FIELD_TIP,
	FIELDS_
};

static const struct codec_field fields[FIELDS_] = {
	[FIELD_DISK] = { "disk", CODEC_UINT, AT(fixed.disk_bytes), 0, INT64_MAX, false },
	[FIELD_FLOOR] = { "floor", CODEC_UINT, AT(fixed.floor), 0, UINT64_MAX, false },
	[FIELD_LAST] = { "last", CODEC_INT, AT(fixed.last_ms), INT64_MIN, INT64_MAX, true },
	[FIELD_OLDEST] = { "oldest", CODEC_UINT, AT(fixed.oldest_ms), 0, INT64_MAX, false },
	[FIELD_PENDING] = { "pending", CODEC_UINT, AT(fixed.pending), 0, UINT64_MAX, true },
	[FIELD_PLAN] = { "plan", CODEC_UINT, AT(fixed.plan), 0, UINT64_MAX, true },
	[FIELD_PROGRAM] = { "program", CODEC_TEXT, AT(program), 0, NAME_BYTES_MAX, true },
	[FIELD_REFUSED] = { "refused", CODEC_UINT, AT(fixed.refused), 0, INT64_MAX, false },
	[FIELD_REFUSED_AT] = { "refusedat", CODEC_INT, AT(fixed.refused_ms), INT64_MIN, INT64_MAX,
	                       false },
	[FIELD_REFUSED_WITH] = { "refusedwith", CODEC_TEXT, AT(refused_with), 0, CODE_BYTES_MAX,
	                         false },
	[FIELD_REGISTRY] = { "registry", CODEC_UINT, AT(fixed.registry), 0, UINT64_MAX, true },
	[FIELD_SKEW] = { "skew", CODEC_INT, AT(fixed.skew_ms), INT64_MIN, INT64_MAX, true },
	[FIELD_TIP] = { "tip", CODEC_POINT, AT(fixed.tip), 0, 0, true },
};

#define BIT(field) (UINT64_C(1) << (field))

static status
write_row(kv_txn *txn, const struct contact *c)
{
	const struct row row = {
		.fixed = *c,
		.program = text_of(c->program),
		.refused_with = text_of(c->refused_with),
	};
	uint64_t has = BIT(FIELDS_) - 1;
	writer w;
	status st;

	if (!c->has_facts)
		has &= ~(BIT(FIELD_DISK) | BIT(FIELD_OLDEST));
	writer_init(&w);
	codec_write(&w, fields, FIELDS_, &row, has);
	st = writer_status(&w);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_CONTACTS, (struct bytes) { c->feed, FEED_BYTES },
		            writer_bytes(&w));
	writer_done(&w);
	return st;
}

status
contacts_put(kv_txn *txn, const struct contact *c)
{
	struct contact old, merged = *c;
	status st = contacts_get(txn, c->feed, &old);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (st == ST_OK && c->last_ms == 0)
		merged = old;
	if (st == ST_OK) {
		merged.refused = old.refused + c->refused;
		if (c->refused == 0) {
			merged.refused_ms = old.refused_ms;
			memcpy(merged.refused_with, old.refused_with, sizeof(old.refused_with));
		} else {
			merged.refused_ms = c->refused_ms;
			memcpy(merged.refused_with, c->refused_with, sizeof(c->refused_with));
		}
	}
	return write_row(txn, &merged);
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
	if (row.refused_with.len > 0)
		memcpy(row.fixed.refused_with, row.refused_with.at, row.refused_with.len);
	row.fixed.refused_with[row.refused_with.len] = 0;
	row.fixed.has_facts = has & BIT(FIELD_DISK) && has & BIT(FIELD_OLDEST);
	*ret_contact = row.fixed;
	return ST_OK;
}
