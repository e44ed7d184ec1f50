#include "hub/entry_of.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/bogota.h"
#include "hub/command.h"
#include "hub/registry.h"

enum { SHOWN_BYTES = 256, HASH8_BYTES = 4, CANDIDATES_MAX = 8 };

struct looking {
	kv_txn *txn;
	const char *word;
	struct ref ref;
	uint8_t prefix[HASH8_BYTES];
	size_t prefix_len;

	/* Feeds whose short name is that of the REF: one, but for an accident. */
	uint8_t feeds[CANDIDATES_MAX][FEED_BYTES];
	size_t feed_count;
};

/* A REF has the first 40 bits of the key; among a few thousand devices two may
 * agree, and then both are tried. */
static status
note_feed(void *ctx, const struct device *d)
{
	struct looking *l = ctx;
	char name[DEVICE_TEXT_BYTES];

	device_text(d->feed, name);
	if (strcmp(name, l->ref.device) == 0 && l->feed_count < CANDIDATES_MAX)
		memcpy(l->feeds[l->feed_count++], d->feed, FEED_BYTES);
	return ST_OK;
}

/* Of several feeds with that short name, the one that has the entry. */
static status
find(const struct looking *l, struct found_event *found)
{
	status st = ST_NOT_FOUND;

	for (size_t i = 0; i < l->feed_count && st == ST_NOT_FOUND; i++)
		st = journal_find(l->txn, l->feeds[i], l->ref.seq, l->prefix, l->prefix_len, found);
	return st;
}

/* Most often the number is that of the device's screen, and has not come in. */
static int
not_found(const struct looking *l)
{
	struct point leaf, last = { .seq = 0 };
	size_t count = 0;

	if (l->feed_count == 0)
		return cli_fail(EX_NOINPUT,
		                _("no device %s is enrolled here; 'valija-hub units' lists "
		                  "those that are"),
		                l->ref.device);
	if (journal_leaves(l->txn, l->feeds[0], &leaf, 1, &count) == ST_OK && count > 0)
		last = leaf;
	if (count == 0)
		return cli_fail(EX_NOINPUT, _("nothing of device %s has come in yet"),
		                l->ref.device);
	if (l->prefix_len > 0 || count > 1)
		return cli_fail(EX_NOINPUT, _("there is no entry %s here"), l->word);
	return cli_fail(EX_NOINPUT,
	                _("there is no entry %s here; the last one of that device is %llu"),
	                l->word, (unsigned long long) last.seq);
}

static status
print_choice(void *ctx, const struct journal_event *e)
{
	const struct looking *l = ctx;
	char ref[REF_TEXT_BYTES], received[BOGOTA_TEXT_BYTES], device[DEVICE_TEXT_BYTES];

	device_text(e->feed, device);
	if (e->event.at.seq != l->ref.seq || strcmp(device, l->ref.device) != 0)
		return ST_OK;
	ref_text(e->feed, &e->event.at, true, ref);
	bogota_text(e->received_ms, received);
	fprintf(stderr, _("  %s  received %s in Bogotá\n"), ref, received);
	return ST_OK;
}

/* A restored or cloned device has used the number again. */
static int
ambiguous(struct looking *l)
{
	cli_warn(
		_("device %s has several entries %llu, since it was restored or cloned; name one:"),
		l->ref.device, (unsigned long long) l->ref.seq);
	journal_each_event(l->txn, print_choice, l);
	return EX_DATAERR;
}

int
entry_of(hub *h, kv_txn *txn, const char *word, struct found_event *ret_found)
{
	struct looking l = { .txn = txn, .word = word };
	char shown[SHOWN_BYTES];
	status st;

	if (ref_parse(word, &l.ref) != ST_OK)
		return cli_fail(EX_USAGE,
		                _("'%s' is no REF; one is DEVICE-NUMBER, as ABCD2345-17, or "
		                  "DEVICE-NUMBER-HASH8"),
		                cli_safe(word, strlen(word), shown, sizeof(shown)));
	/* a REF without a hash leaves the prefix empty: then the number has to be enough */
	if (hex_decode(l.ref.hash8, strlen(l.ref.hash8), l.prefix, sizeof(l.prefix)))
		l.prefix_len = sizeof(l.prefix);
	st = registry_each(txn, note_feed, &l);
	if (st == ST_OK)
		st = find(&l, ret_found);
	if (st == ST_NOT_FOUND)
		return not_found(&l);
	if (st == ST_EXISTS)
		return ambiguous(&l);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}
