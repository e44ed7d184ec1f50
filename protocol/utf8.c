#include "protocol/reader.h"

/* By hand, since the C library's functions go by the locale, which the protocol
 * must not. */

/* How many bytes follow the lead byte, and the least code point that needs so
 * many; -1 for a byte that leads nothing. */
static int
lead(uint8_t byte, uint32_t *ret_bits, uint32_t *ret_least)
{
	if ((byte & 0xe0) == 0xc0) {
		*ret_bits = byte & 0x1f;
		*ret_least = 0x80;
		return 1;
	}
	if ((byte & 0xf0) == 0xe0) {
		*ret_bits = byte & 0x0f;
		*ret_least = 0x800;
		return 2;
	}
	if ((byte & 0xf8) == 0xf0) {
		*ret_bits = byte & 0x07;
		*ret_least = 0x10000;
		return 3;
	}
	return -1;
}

/* Overlong forms, surrogates, and what is beyond Unicode are seen by the number
 * that comes out, not by the bytes. */
static bool
sequence_valid(const uint8_t *at, int following, uint32_t bits, uint32_t least)
{
	for (int i = 1; i <= following; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return false;
		bits = bits << 6 | (at[i] & 0x3fu);
	}
	return bits >= least && bits <= 0x10ffff && (bits < 0xd800 || bits > 0xdfff);
}

/* How many of the bytes, counted in eights, are plain: neither 0 nor of a longer sequence.
 * A byte from 1 to 0x7f less 1 borrows nothing and has its highest bit clear. */
static size_t
plain_bytes(const uint8_t *at, size_t len)
{
	static const uint64_t ones = UINT64_C(0x0101010101010101);
	static const uint64_t highest = UINT64_C(0x8080808080808080);
	size_t i = 0;

	for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t eight;

		memcpy(&eight, at + i, sizeof(eight));
		if ((eight | (eight - ones)) & highest)
			break;
	}
	return i;
}

bool
utf8_valid(const char *text, size_t len)
{
	const uint8_t *at = (const uint8_t *) text;
	size_t i = plain_bytes(at, len);

	while (i < len) {
		uint32_t bits = 0, least = 0;
		int following;

		if (at[i] == 0)
			return false;
		if (at[i] < 0x80) {
			i++;
			continue;
		}
		following = lead(at[i], &bits, &least);
		if (following < 0 || len - i <= (size_t) following)
			return false;
		if (!sequence_valid(at + i, following, bits, least))
			return false;
		i += (size_t) following + 1;
		i += plain_bytes(at + i, len - i);
	}
	return true;
}
