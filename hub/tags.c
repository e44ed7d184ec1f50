#include "hub/tags.h"

#include <sodium.h>
#include <string.h>

#include "hub/hub.h"

/* The format grows whenever the rows of TABLE_BATCHES become others. */
enum {
	INDEX_FORMAT = 2,
	FORMAT_1_BYTES = 8, /* an event, its tag in that format */
	NUMBER_BYTES = 8,
	VALUE_BYTES = 1 + NUMBER_BYTES,
	NARROW_BITS = 4,
	WIDE_BYTES = 2,
};

static const char INDEX_KEY[] = "index";

static struct bytes
meta_key(void)
{
	return (struct bytes) { (const uint8_t *) INDEX_KEY, strlen(INDEX_KEY) };
}

static bool
number_get(kv_txn *txn, uint64_t *ret_number)
{
	struct bytes value;

	if (kv_get(txn, TABLE_META, meta_key(), &value) < 0 || value.len != VALUE_BYTES ||
	    value.at[0] != INDEX_FORMAT)
		return false;
	*ret_number = get_u64(value.at + 1);
	return true;
}

bool
tags_begun(kv_txn *txn)
{
	uint64_t number;

	return number_get(txn, &number);
}

status
tags_begin(kv_txn *txn)
{
	uint8_t value[VALUE_BYTES] = { INDEX_FORMAT };

	if (tags_begun(txn))
		return ST_OK;
	randombytes_buf(value + 1, NUMBER_BYTES);
	value[VALUE_BYTES - 1] |= 1;
	return kv_put(txn, TABLE_META, meta_key(), (struct bytes) { value, sizeof(value) });
}

/* The narrow tag is its first bits. */
static uint16_t
wide_tag(uint64_t number, const uint8_t *hash)
{
	return (uint16_t) (number * get_u64(hash) >> 48);
}

static uint8_t
narrow_tag(uint64_t number, const uint8_t *hash)
{
	return (uint8_t) (wide_tag(number, hash) >> (16 - NARROW_BITS));
}

static size_t
tags_len(uint64_t count, tag_width width)
{
	return width == TAGS_WIDE ? (size_t) count * WIDE_BYTES : ((size_t) count + 1) / 2;
}

static void
put_wide(uint8_t *out, uint64_t place, uint16_t tag)
{
	out[place * WIDE_BYTES] = (uint8_t) (tag >> 8);
	out[place * WIDE_BYTES + 1] = (uint8_t) tag;
}

/* Two to a byte, the first in its upper half; in ascending order. */
static void
put_narrow(uint8_t *out, uint64_t place, uint8_t tag)
{
	if (place % 2 == 0)
		out[place / 2] = (uint8_t) (tag << NARROW_BITS);
	else
		out[place / 2] |= tag;
}

struct bytes
tags_write(kv_txn *txn, const struct batch_event *events, uint64_t count, tag_width width,
           uint8_t out[static TAGS_BYTES_MAX])
{
	uint64_t number;

	if (!number_get(txn, &number))
		return (struct bytes) { out, 0 };
	for (uint64_t i = 0; i < count; i++) {
		if (width == TAGS_WIDE)
			put_wide(out, i, wide_tag(number, events[i].at.hash));
		else
			put_narrow(out, i, narrow_tag(number, events[i].at.hash));
	}
	return (struct bytes) { out, tags_len(count, width) };
}

status
tags_read(struct bytes rest, uint64_t count, struct tags *ret_tags)
{
	tag_width width = rest.len == tags_len(count, TAGS_WIDE) ? TAGS_WIDE : TAGS_NARROW;
	bool ours = rest.len == tags_len(count, width);

	if (count < 1 || count > BATCH_EVENTS_MAX ||
	    !(ours || rest.len == 0 || rest.len == count * FORMAT_1_BYTES))
		return ST_MALFORMED;
	*ret_tags = (struct tags) { { rest.at, ours ? rest.len : 0 }, width };
	return ST_OK;
}

bool
tags_fit(kv_txn *txn, const struct tags *tags, uint64_t place, const uint8_t *hash)
{
	const uint8_t *at = tags->bytes.at;
	uint64_t number;
	uint8_t two;

	if (tags->bytes.len == 0 || !number_get(txn, &number))
		return true;
	if (tags->width == TAGS_WIDE) {
		at += place * WIDE_BYTES;
		return (at[0] << 8 | at[1]) == wide_tag(number, hash);
	}
	two = at[place / 2];
	return (place % 2 == 0 ? two >> NARROW_BITS : two & ((1 << NARROW_BITS) - 1)) ==
		narrow_tag(number, hash);
}
