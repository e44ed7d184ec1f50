#include "hub/row_keys.h"

#include <string.h>

#include "protocol/bytes.h"

static const int64_t DAY_ZERO = INT64_C(1) << 31; /* so that keys ascend by date */

size_t
row_put_text(uint8_t *out, struct text t)
{
	if (t.len > 0)
		memcpy(out, t.at, t.len);
	out[t.len] = 0;
	return t.len + 1;
}

size_t
row_put_day(uint8_t *out, date day)
{
	put_u32(out, (uint32_t) (day + DAY_ZERO));
	return ROW_DAY_BYTES;
}

size_t
row_put_quarter(uint8_t *out, uint64_t quarter)
{
	put_u32(out, (uint32_t) quarter);
	return ROW_QUARTER_BYTES;
}

const uint8_t *
row_take(struct bytes *rest, size_t len)
{
	const uint8_t *at = rest->at;

	if (!at || rest->len < len) {
		*rest = (struct bytes) { 0 };
		return NULL;
	}
	*rest = (struct bytes) { at + len, rest->len - len };
	return at;
}

struct text
row_take_text(struct bytes *rest)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->at, 0, rest->len) : NULL;
	struct text t = { 0 };

	if (!end) {
		*rest = (struct bytes) { 0 };
		return t;
	}
	t = (struct text) { (const char *) rest->at, (size_t) (end - rest->at) };
	*rest = (struct bytes) { end + 1, rest->len - t.len - 1 };
	return t;
}

date
row_take_day(struct bytes *rest)
{
	const uint8_t *at = row_take(rest, ROW_DAY_BYTES);

	return at ? (date) ((int64_t) get_u32(at) - DAY_ZERO) : 0;
}

uint32_t
row_take_u32(struct bytes *rest)
{
	const uint8_t *at = row_take(rest, ROW_QUARTER_BYTES);

	return at ? get_u32(at) : 0;
}

uint64_t
row_take_number(struct bytes *rest)
{
	const uint8_t *at = row_take(rest, ROW_NUMBER_BYTES);

	return at ? get_u64(at) : 0;
}

uint8_t
row_take_byte(struct bytes *rest, int end)
{
	const uint8_t *at = row_take(rest, 1);

	if (at && *at < end)
		return *at;
	*rest = (struct bytes) { 0 };
	return 0;
}
