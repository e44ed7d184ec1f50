#include "agent/proven.h"

#include <stdlib.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "protocol/proof.h"

enum { SHOWN_BYTES = 256 };

/* ---- reading ---- */

static int
file_failed(const char *path, status st)
{
	char shown[SHOWN_BYTES];

	cli_safe(path, strlen(path), shown, sizeof(shown));
	switch ((int) st) {
	case ST_NOT_FOUND: return cli_fail(EX_NOINPUT, _("%s: there is no such file"), shown);
	case ST_DENIED:
	case ST_CHAIN:
		return cli_fail(EX_DATAERR,
		                _("%s: its seal does not hold: it was changed, or damaged on the "
		                  "way; ask the office for it again"),
		                shown);
	case ST_MALFORMED:
	case ST_LIMIT:
		return cli_fail(EX_DATAERR,
		                _("%s: this is no evidence; the office writes one with 'valija-hub "
		                  "show REF --evidence FILE'"),
		                shown);
	case ST_VERSION:
		return cli_fail(EX_DATAERR, _("%s: written by a newer program: update this one"),
		                shown);
	default: return cli_fail(cli_exit(st), "%s: %s", shown, gettext(status_text(st)));
	}
}

/* The right to read is asked of the person, not of the file: EACCES is ST_DENIED too. */
static status
read_proof(const char *path, uint8_t *space, struct proven *p)
{
	struct proof proof;
	uint8_t *bytes = NULL;
	size_t len;
	status st = file_read(path, PROOF_BYTES_MAX, &bytes, &len);

	if (st < 0)
		return st == ST_DENIED ? ST_IO : st;
	st = proof_read(bytes, len, space, &proof);
	if (st == ST_OK && (proof.erased || proof.body.len > sizeof(p->body)))
		st = ST_MALFORMED;
	if (st == ST_OK) {
		memcpy(p->feed, proof.feed, FEED_BYTES);
		p->at = proof.at;
		p->len = proof.body.len;
		memcpy(p->body, proof.body.at, proof.body.len);
		if (event_decode((struct bytes) { p->body, p->len }, &p->event) != HOLD_NONE)
			st = ST_MALFORMED;
	}
	free(bytes);
	return st;
}

static int
read_all(const struct target_files *files, uint8_t *space, struct proven_list *given)
{
	while (given->count < files->count) {
		const char *path = files->paths[given->count];
		status st = read_proof(path, space, &given->list[given->count]);

		if (st < 0)
			return file_failed(path, st);
		given->count++;
	}
	return EX_OK;
}

int
proven_read(const struct target_files *files, struct proven_list *ret_given)
{
	struct proven_list given = { .count = 0 };
	uint8_t *space = NULL;
	int code;

	*ret_given = given;
	if (files->count == 0)
		return EX_OK;
	space = malloc(BATCH_RAW_BYTES_MAX);
	given.list = calloc(files->count, sizeof(given.list[0]));
	code = space && given.list ? read_all(files, space, &given)
				   : cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	free(space);
	if (code == EX_OK)
		*ret_given = given;
	else
		proven_done(&given);
	return code;
}

void
proven_done(struct proven_list *given)
{
	free(given->list);
	*given = (struct proven_list) { .count = 0 };
}

/* ---- looking ---- */

const struct proven *
proven_of_ref(const struct proven_list *given, const struct ref *ref)
{
	char device[DEVICE_TEXT_BYTES], hash8[9];

	for (size_t i = 0; i < given->count; i++) {
		const struct proven *p = &given->list[i];

		device_text(p->feed, device);
		hex_encode(p->at.hash, 4, hash8);
		if (strcmp(device, ref->device) == 0 && p->at.seq == ref->seq &&
		    (*ref->hash8 == '\0' || strcmp(hash8, ref->hash8) == 0))
			return p;
	}
	return NULL;
}

const struct proven *
proven_of_fix(const struct proven_list *given, const uint8_t feed[static FEED_BYTES],
              const struct fix *fix)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct proven *p = &given->list[i];

		if (memcmp(p->feed, feed, FEED_BYTES) == 0 && p->at.seq == fix->seq &&
		    memcmp(p->at.hash, fix->hash, HASH_PREFIX_BYTES) == 0)
			return p;
	}
	return NULL;
}

static bool
names(const struct proven *p, const uint8_t *feed, const struct point *at)
{
	for (size_t i = 0; i < p->event.fixes.count; i++) {
		const struct fix *f = &p->event.fixes.list[i];
		const uint8_t *of = f->feed ? f->feed : p->feed;

		if (memcmp(of, feed, FEED_BYTES) == 0 && f->seq == at->seq &&
		    memcmp(f->hash, at->hash, HASH_PREFIX_BYTES) == 0)
			return true;
	}
	return false;
}

const struct proven *
proven_void_of(const struct proven_list *given, const uint8_t feed[static FEED_BYTES],
               const struct point *at)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct proven *p = &given->list[i];

		if (p->event.kind == KIND_VOID && names(p, feed, at))
			return p;
	}
	return NULL;
}
