/* What people hand over as a file: a draft to be published, the evidence of an entry, a
 * request to be let in, the keys of a hub.  Signatures are taken for true. */
#include <stdlib.h>
#include <string.h>

#include "protocol/cut.h"
#include "protocol/draft.h"
#include "protocol/identity.h"
#include "protocol/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
bool __wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                            const uint8_t signature[static SIGNATURE_BYTES]);

bool
__wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                       const uint8_t signature[static SIGNATURE_BYTES])
{
	(void) at;
	(void) len;
	(void) feed;
	(void) signature;
	return true;
}

/* It can be written and read again. */
static void
check_draft(const uint8_t *data, size_t size)
{
	struct event head, again;
	struct bytes document, same;
	writer w;

	if (draft_read(data, size, &head, &document) != ST_OK)
		return;
	writer_init(&w);
	if (draft_write(&head, document, &w) != ST_OK ||
	    draft_read(writer_bytes(&w).at, writer_bytes(&w).len, &again, &same) != ST_OK ||
	    again.kind != head.kind || same.len != document.len)
		abort();
	writer_done(&w);
}

static void
check_proof(const uint8_t *data, size_t size)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct proof p;

	if (proof_read(data, size, space, &p) == ST_OK &&
	    (p.at.seq == 0 || (p.erased && p.body.len > 0)))
		abort();
}

static void
check_request(const uint8_t *data, size_t size)
{
	char text[FINGERPRINT_TEXT_BYTES];
	struct request r;

	if (request_decode(data, size, &r) != ST_OK)
		return;
	fingerprint(&r, text);
	if (r.units.count > UNITS_MAX || !fingerprint_matches(text, text))
		abort();
}

static void
check_hub_key(const uint8_t *data, size_t size)
{
	char text[HUB_KEY_TEXT_BYTES];
	struct hub_key key, again;

	if (hub_key_parse((const char *) data, size, &key) != ST_OK)
		return;
	hub_key_format(&key, text);
	if (hub_key_parse(text, strlen(text), &again) != ST_OK ||
	    memcmp(&key, &again, sizeof(key)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_draft(data, size);
	check_proof(data, size);
	check_request(data, size);
	check_hub_key(data, size);
	return 0;
}
