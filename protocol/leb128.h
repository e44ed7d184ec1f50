/* protocol/leb128.h - numbers of as many bytes as they need
 *
 * Seven bits a byte, the lowest first; the eighth says that more follow.  Most numbers
 * that stand many times in a store or on a link are small.  (LEB128, unsigned, as DWARF
 * and WebAssembly have it.)
 */
#pragma once

#include "protocol/bytes.h"

enum { LEB128_BYTES_MAX = 10 };

/* Write n; how many bytes that were. */
static inline size_t
leb128_put(uint8_t out[static LEB128_BYTES_MAX], uint64_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		out[len++] = (uint8_t) (n | 0x80);
	out[len++] = (uint8_t) n;
	return len;
}

/* Take a number off the beginning of *rest.  False, and nothing moved: it does not end, or
 * needs more than 64 bits.  More bytes than it needs are not looked for. */
static inline bool
leb128_take(struct bytes *rest, uint64_t *ret_n)
{
	uint64_t n = 0;

	if (rest->len > 0 && *rest->at < 0x80) { /* most of them */
		*ret_n = *rest->at;
		*rest = (struct bytes) { rest->at + 1, rest->len - 1 };
		return true;
	}
	for (unsigned i = 0; i < LEB128_BYTES_MAX && i < rest->len; i++) {
		uint64_t bits = rest->at[i] & 0x7f;

		if (bits << 7 * i >> 7 * i != bits)
			return false;
		n |= bits << 7 * i;
		if (rest->at[i] < 0x80) {
			*rest = (struct bytes) { rest->at + i + 1, rest->len - i - 1 };
			*ret_n = n;
			return true;
		}
	}
	return false;
}
