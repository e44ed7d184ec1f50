#include "protocol/bytes.h"

int
text_compare(struct text a, struct text b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common ? memcmp(a.at, b.at, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

/* By shifts, so that neither the order nor the alignment of the machine counts. */
static void
put_be(uint8_t *out, size_t width, uint64_t n)
{
	while (width-- > 0) {
		out[width] = (uint8_t) (n & 0xff);
		n >>= 8;
	}
}

static uint64_t
get_be(const uint8_t *in, size_t width)
{
	uint64_t n = 0;

	for (size_t i = 0; i < width; i++)
		n = n << 8 | in[i];
	return n;
}

void
put_u32(uint8_t out[static 4], uint32_t n)
{
	put_be(out, 4, n);
}

void
put_u64(uint8_t out[static 8], uint64_t n)
{
	put_be(out, 8, n);
}

uint32_t
get_u32(const uint8_t in[static 4])
{
	return (uint32_t) get_be(in, 4);
}

uint64_t
get_u64(const uint8_t in[static 8])
{
	return get_be(in, 8);
}
