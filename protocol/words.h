/* protocol/words.h - short strings of bytes, eight at a time
 *
 * Keys, codes and names are a few words long.  To call memcmp() for them, or to go byte by
 * byte, takes longer than what is done.  The last word, or half of one, is the last of the
 * bytes, whatever was looked at of it before: so nothing beyond the end is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WORD_BYTES = sizeof(uint64_t), HALF_BYTES = sizeof(uint32_t) };

static inline uint64_t
word_at(const uint8_t *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint32_t
half_at(const uint8_t *at)
{
	uint32_t half;

	memcpy(&half, at, sizeof(half));
	return half;
}

/* Whether len bytes are the same. */
static inline bool
words_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	if (len < HALF_BYTES) {
		for (size_t i = 0; i < len; i++) {
			if (a[i] != b[i])
				return false;
		}
		return true;
	}
	if (len < WORD_BYTES)
		return half_at(a) == half_at(b) &&
			half_at(a + len - HALF_BYTES) == half_at(b + len - HALF_BYTES);
	for (size_t i = 0; i + WORD_BYTES < len; i += WORD_BYTES) {
		if (word_at(a + i) != word_at(b + i))
			return false;
	}
	return word_at(a + len - WORD_BYTES) == word_at(b + len - WORD_BYTES);
}

/* The last bytes, up to a word of them. */
static inline uint64_t
words_tail(const uint8_t *at, size_t len)
{
	uint64_t tail = 0;

	if (len >= WORD_BYTES)
		return word_at(at + len - WORD_BYTES);
	if (len >= HALF_BYTES)
		return (uint64_t) half_at(at) << 32 | half_at(at + len - HALF_BYTES);
	for (size_t i = 0; i < len; i++)
		tail = tail << 8 | at[i];
	return tail;
}

static inline uint64_t
words_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* For tables in memory alone: it depends on the machine.  Who does not know the seed cannot
 * choose bytes that fall together. */
static inline uint64_t
words_hash(uint64_t seed, const uint8_t *at, size_t len)
{
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t hash = seed ^ len;

	for (size_t i = 0; i + WORD_BYTES < len; i += WORD_BYTES)
		hash = words_mix(hash ^ word_at(at + i), odd);
	return words_mix(hash ^ words_tail(at, len), odd ^ seed);
}
