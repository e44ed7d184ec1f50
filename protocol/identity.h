/* protocol/identity.h - keys as people and files see them
 *
 * A device has a CURVE pair (transport) and an Ed25519 pair (its feed).  Keys
 * are made by the programs; here they are only bytes, and secret ones are the
 * caller's to keep and to wipe.  SPEC.md, section 4, has all formats.
 *
 * Pure and thread safe.  Nothing here says that a key is trusted: that is the
 * office's registry.
 */
#pragma once

#include "protocol/codec.h"
#include "protocol/limits.h"

/* RFC 4648 base32 (A-Z 2-7) without padding; out gets a 0.  size must hold
 * (len * 8 + 4) / 5 + 1. */
void base32_encode(const uint8_t *at, size_t len, char *out, size_t size);

/* What a device asks the office for. */
struct request {
	const uint8_t *feed;  /* FEED_BYTES */
	const uint8_t *curve; /* CURVE_BYTES */
	struct codes units;   /* ascending; none: it asks to report for nobody */
	const uint8_t *signature;
};

/* The request file: a map {curve, feed, sig, u, v}, without u where there are no
 * units; the signature of the feed
 * key covers "valija/request/1" | feed | curve | each unit code and a 0 byte.
 * Replaces what w holds.  ST_MALFORMED, ST_LIMIT: the units are no ascending
 * codes, or more than UNITS_MAX. */
status
request_encode(const uint8_t feed[static FEED_BYTES],
               const uint8_t secret[static SIGN_SECRET_BYTES],
               const uint8_t curve[static CURVE_BYTES], const struct codes *units, writer *w);

/* *ret_request points into bytes.  ST_MALFORMED; ST_LIMIT; ST_VERSION: made by
 * a newer program; ST_DENIED: the signature is not the feed's. */
status request_decode(const void *bytes, size_t len, struct request *ret_request);

/* 80 bits of BLAKE2b over "valija/fingerprint/1" | feed | curve | units, as
 * "ABCD-EFGH-IJKL-MNOP", to be compared by voice. */
enum { FINGERPRINT_TEXT_BYTES = 20 };
void fingerprint(const struct request *r, char ret_text[static FINGERPRINT_TEXT_BYTES]);

/* True when text names that fingerprint, whatever the case, spaces, dashes. */
bool fingerprint_matches(const char *text, const char *wanted);

/* How people name a device: the first 8 characters of its feed id in base32. */
enum { DEVICE_TEXT_BYTES = 9 };
void device_text(const uint8_t feed[static FEED_BYTES], char ret_text[static DEVICE_TEXT_BYTES]);

/* REF: DEVICE-SEQ, or DEVICE-SEQ-HASH8 where the feed is forked. */
struct ref {
	char device[DEVICE_TEXT_BYTES];
	uint64_t seq;
	char hash8[9]; /* lower-case hex, or "" */
};

enum { REF_TEXT_BYTES = 9 + 21 + 9 + 1 };
void ref_text(const uint8_t feed[static FEED_BYTES], const struct point *at, bool with_hash,
              char ret_text[static REF_TEXT_BYTES]);
/* ST_INVALID when it has not that shape. */
status ref_parse(const char *text, struct ref *ret_ref);

/* hub.pub, which the office hands out: text of three lines
 *     valija-hub-key 1
 *     curve HEX64
 *     sign HEX64 */
struct hub_key {
	uint8_t curve[CURVE_BYTES];
	uint8_t sign[FEED_BYTES];
};
enum { HUB_KEY_TEXT_BYTES = 160 };
/* Write the text, with its 0. */
void hub_key_format(const struct hub_key *key, char ret_text[static HUB_KEY_TEXT_BYTES]);
/* ST_MALFORMED.  Takes hex of either case, and a line end at the end or none. */
status hub_key_parse(const char *text, size_t len, struct hub_key *ret_key);

/* Lower-case hex with a 0; size 2 * len + 1. */
void hex_encode(const void *at, size_t len, char *out);
/* Exactly 2 * len digits. */
bool hex_decode(const char *text, size_t text_len, uint8_t *out, size_t len);

/* Ed25519 over len bytes. */
void sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                uint8_t ret_signature[static SIGNATURE_BYTES]);
/* False also for keys and signatures that Ed25519 does not allow. */
bool signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                     const uint8_t signature[static SIGNATURE_BYTES]);
