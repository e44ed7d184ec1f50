#include "protocol/identity.h"

#include <sodium.h>

#include "protocol/chain.h"

#define AT(member) offsetof(struct request, member)

enum { REQUEST_VERSION = 1, FINGERPRINT_BYTES = 10, DEVICE_CHARS = DEVICE_TEXT_BYTES - 1 };

/* The request as a map; the version stands outside the structure people use. */
struct request_map {
	struct request r;
	uint64_t version;
};

static const struct codec_field fields[] = {
	{ "curve", CODEC_FIXED, AT(curve), 0, CURVE_BYTES, true },
	{ "feed", CODEC_FIXED, AT(feed), 0, FEED_BYTES, true },
	{ "sig", CODEC_FIXED, AT(signature), 0, SIGNATURE_BYTES, true },
	{ "u", CODEC_CODES, AT(units), 0, UNITS_MAX, false },
	{ "v", CODEC_UINT, offsetof(struct request_map, version), 1, UINT32_MAX, true },
};

enum {
	FIELDS_ = sizeof(fields) / sizeof(fields[0]),
	UNITS_ROW = 3,
	ALL_FIELDS = (1 << FIELDS_) - 1,
	NO_UNITS = ALL_FIELDS - (1 << UNITS_ROW),
};

static const char REQUEST_TAG[] = "valija/request/1";
static const char FINGERPRINT_TAG[] = "valija/fingerprint/1";

/* For either tag: that of the fingerprint is the longer one. */
enum {
	COVERED_MAX = sizeof(FINGERPRINT_TAG) + FEED_BYTES + CURVE_BYTES +
		UNITS_MAX * (CODE_BYTES_MAX + 1)
};

/* ---- signatures ---- */

void
sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
           uint8_t ret_signature[static SIGNATURE_BYTES])
{
	crypto_sign_detached(ret_signature, NULL, at, len, secret);
}

bool
signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                const uint8_t signature[static SIGNATURE_BYTES])
{
	return crypto_sign_verify_detached(signature, at, len, feed) == 0;
}

/* ---- the request ---- */

/* tag | feed | curve | each unit and a 0; returns how long it is.  No code holds a
 * 0, so no two lists of units give the same bytes. */
static size_t
covered(const char *tag, const struct request *r, uint8_t out[static COVERED_MAX])
{
	size_t len = strlen(tag);

	memcpy(out, tag, len);
	memcpy(out + len, r->feed, FEED_BYTES);
	len += FEED_BYTES;
	memcpy(out + len, r->curve, CURVE_BYTES);
	len += CURVE_BYTES;
	for (size_t i = 0; i < r->units.count; i++) {
		memcpy(out + len, r->units.list[i].at, r->units.list[i].len);
		len += r->units.list[i].len;
		out[len++] = 0;
	}
	return len;
}

status
request_encode(const uint8_t feed[static FEED_BYTES],
               const uint8_t secret[static SIGN_SECRET_BYTES],
               const uint8_t curve[static CURVE_BYTES], const struct codes *units, writer *w)
{
	uint64_t has = units->count > 0 ? ALL_FIELDS : NO_UNITS;
	uint8_t signature[SIGNATURE_BYTES], bytes[COVERED_MAX];
	struct request_map map = { { feed, curve, *units, signature }, REQUEST_VERSION };
	size_t fault;
	status st;

	/* before covered(), which trusts the number and the length of the units */
	st = codec_check(fields, FIELDS_, &map, has, &fault);
	if (st < 0)
		return st;
	sign_bytes(bytes, covered(REQUEST_TAG, &map.r, bytes), secret, signature);
	writer_clear(w);
	codec_write(w, fields, FIELDS_, &map, has);
	return writer_status(w);
}

status
request_decode(const void *bytes, size_t len, struct request *ret_request)
{
	struct request_map map = { 0 };
	reader r = reader_of(bytes, len);
	uint8_t in[COVERED_MAX];
	uint64_t has;
	bool critical;

	codec_read(&r, fields, FIELDS_, &map, &has, &critical);
	if (reader_end(&r) < 0)
		return r.st;
	/* first: what a later version signs, or must be understood of it, is
	 * not known */
	if (map.version != REQUEST_VERSION)
		return ST_VERSION;
	if (critical)
		return ST_MALFORMED;
	if (!signature_valid(in, covered(REQUEST_TAG, &map.r, in), map.r.feed, map.r.signature))
		return ST_DENIED;
	*ret_request = map.r;
	return ST_OK;
}

/* ---- names for people ---- */

static const char BASE32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* Never more than 12 bits wait in bits: 4 left over and 8 new ones. */
void
base32_encode(const uint8_t *at, size_t len, char *out, size_t size)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | at[i];
		have += 8;
		while (have >= 5 && n + 1 < size) {
			have -= 5;
			out[n++] = BASE32[bits >> have & 31];
		}
		bits &= (1u << have) - 1;
	}
	if (have > 0 && n + 1 < size)
		out[n++] = BASE32[bits << (5 - have) & 31];
	out[n] = '\0';
}

void
fingerprint(const struct request *r, char ret_text[static FINGERPRINT_TEXT_BYTES])
{
	uint8_t in[COVERED_MAX], hash[HASH_BYTES];
	char letters[17];
	size_t n = 0;

	hash_bytes(in, covered(FINGERPRINT_TAG, r, in), hash);
	base32_encode(hash, FINGERPRINT_BYTES, letters, sizeof(letters));
	for (size_t i = 0; i < 16; i++) {
		if (i > 0 && i % 4 == 0)
			ret_text[n++] = '-';
		ret_text[n++] = letters[i];
	}
	ret_text[n] = '\0';
}

static char
upper(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char) (c - 'a' + 'A');
	return c;
}

/* Only what people add or drop when they read it out is passed over. */
bool
fingerprint_matches(const char *text, const char *wanted)
{
	for (;;) {
		while (*text == ' ' || *text == '-')
			text++;
		while (*wanted == '-')
			wanted++;
		if (*text == '\0' || *wanted == '\0')
			return *text == *wanted;
		if (upper(*text++) != *wanted++)
			return false;
	}
}

/* 5 bytes are 40 bits, just 8 letters.  A name, not a proof: others may be made to
 * share it, which is what fingerprints are for. */
void
device_text(const uint8_t feed[static FEED_BYTES], char ret_text[static DEVICE_TEXT_BYTES])
{
	base32_encode(feed, 5, ret_text, DEVICE_TEXT_BYTES);
}

/* ---- references ---- */

static size_t
put_number(char *out, uint64_t n)
{
	char digits[20];
	size_t len = 0;

	do {
		digits[len++] = (char) ('0' + n % 10);
		n /= 10;
	} while (n > 0);
	for (size_t i = 0; i < len; i++)
		out[i] = digits[len - 1 - i];
	return len;
}

void
ref_text(const uint8_t feed[static FEED_BYTES], const struct point *at, bool with_hash,
         char ret_text[static REF_TEXT_BYTES])
{
	size_t n = DEVICE_CHARS;

	device_text(feed, ret_text);
	ret_text[n++] = '-';
	n += put_number(ret_text + n, at->seq);
	if (with_hash) {
		ret_text[n++] = '-';
		hex_encode(at->hash, 4, ret_text + n);
		n += 8;
	}
	ret_text[n] = '\0';
}

/* Digits up to a '-' or the end; 0 when there is no number.  One that is too
 * large ends before its last digit, where no '-' stands. */
static const char *
get_number(const char *text, uint64_t *ret_n)
{
	uint64_t n = 0;

	while (*text >= '0' && *text <= '9' && n < INT64_MAX / 10)
		n = n * 10 + (uint64_t) (*text++ - '0');
	*ret_n = n;
	return text;
}

status
ref_parse(const char *text, struct ref *ret_ref)
{
	struct ref ref = { .seq = 0 };
	uint8_t hash[4];

	for (size_t i = 0; i < DEVICE_CHARS; i++) {
		ref.device[i] = upper(*text);
		if (*text == '\0' || !strchr(BASE32, ref.device[i]))
			return ST_INVALID;
		text++;
	}
	if (*text++ != '-')
		return ST_INVALID;
	text = get_number(text, &ref.seq);
	if (ref.seq == 0)
		return ST_INVALID;
	if (*text == '-') {
		if (!hex_decode(text + 1, strlen(text + 1), hash, sizeof(hash)))
			return ST_INVALID;
		hex_encode(hash, sizeof(hash), ref.hash8); /* in lower case from now on */
	} else if (*text != '\0') {
		return ST_INVALID;
	}
	*ret_ref = ref;
	return ST_OK;
}

/* ---- the hub's key file ---- */

static const char HUB_KEY_HEAD[] = "valija-hub-key 1\ncurve ";
static const char HUB_KEY_SIGN[] = "\nsign ";

void
hub_key_format(const struct hub_key *key, char ret_text[static HUB_KEY_TEXT_BYTES])
{
	char *at = ret_text;

	memcpy(at, HUB_KEY_HEAD, sizeof(HUB_KEY_HEAD) - 1);
	at += sizeof(HUB_KEY_HEAD) - 1;
	hex_encode(key->curve, CURVE_BYTES, at);
	at += 2 * CURVE_BYTES;
	memcpy(at, HUB_KEY_SIGN, sizeof(HUB_KEY_SIGN) - 1);
	at += sizeof(HUB_KEY_SIGN) - 1;
	hex_encode(key->sign, FEED_BYTES, at);
	at += 2 * FEED_BYTES;
	memcpy(at, "\n", 2);
}

status
hub_key_parse(const char *text, size_t len, struct hub_key *ret_key)
{
	enum {
		CURVE_AT = sizeof(HUB_KEY_HEAD) - 1,
		SIGN_AT = CURVE_AT + 2 * CURVE_BYTES + sizeof(HUB_KEY_SIGN) - 1,
		END_AT = SIGN_AT + 2 * FEED_BYTES
	};
	struct hub_key key;

	/* + 2: an editor may have ended the last line with CR LF */
	if (len < END_AT || len > END_AT + 2 || memcmp(text, HUB_KEY_HEAD, CURVE_AT) != 0 ||
	    memcmp(text + CURVE_AT + 2 * CURVE_BYTES, HUB_KEY_SIGN, sizeof(HUB_KEY_SIGN) - 1) != 0)
		return ST_MALFORMED;
	if (!hex_decode(text + CURVE_AT, 2 * CURVE_BYTES, key.curve, CURVE_BYTES) ||
	    !hex_decode(text + SIGN_AT, 2 * FEED_BYTES, key.sign, FEED_BYTES))
		return ST_MALFORMED;
	for (size_t i = END_AT; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			return ST_MALFORMED;
	*ret_key = key;
	return ST_OK;
}

/* ---- hex ---- */

void
hex_encode(const void *at, size_t len, char *out)
{
	sodium_bin2hex(out, 2 * len + 1, at, len);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = upper(c);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
hex_decode(const char *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}
