#include "hub/device_of.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/journal.h"
#include "hub/rows.h"
#include "protocol/chain.h"
#include "protocol/event.h"

enum {
	ID_TEXT_BYTES = (FEED_BYTES * 8 + 4) / 5 + 1,
	NAME_LETTERS = DEVICE_TEXT_BYTES - 1,
	CANDIDATES_MAX = 8,
	SHOWN_BYTES = 128,
};

/* ---- by name ---- */

/* All devices there are, by their whole ids as text. */
struct candidates {
	char (*list)[ID_TEXT_BYTES];
	uint8_t (*feeds)[FEED_BYTES];
	size_t count, room;
};

static status
note(void *ctx, const struct device *d)
{
	struct candidates *c = ctx;

	if (d->role == ROLE_HUB)
		return ST_OK;
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		void *list = realloc(c->list, room * sizeof(*c->list)), *feeds;

		if (!list)
			return ST_NOMEM;
		c->list = list;
		feeds = realloc(c->feeds, room * sizeof(*c->feeds));
		if (!feeds)
			return ST_NOMEM;
		c->feeds = feeds;
		c->room = room;
	}
	base32_encode(d->feed, FEED_BYTES, c->list[c->count], ID_TEXT_BYTES);
	memcpy(c->feeds[c->count++], d->feed, FEED_BYTES);
	return ST_OK;
}

static void
list_units(kv_txn *txn, const uint8_t *feed, const char *name, int letters)
{
	char units[UNITS_TEXT_BYTES];
	struct device d;

	if (registry_device(txn, feed, &d) < 0)
		return;
	device_units_text(&d.units, units);
	fprintf(stderr, "  %.*s  %s\n", letters, name, units);
}

/* Two devices whose names begin alike are told with all that tells them apart. */
static int
ambiguous(kv_txn *txn, const struct candidates *c, const char *word)
{
	size_t len = strlen(word), shown = 0;
	char safe[SHOWN_BYTES];

	cli_warn(_("'%s' does not name one device; it may be:"),
	         cli_safe(word, len, safe, sizeof(safe)));
	for (size_t i = 0; i < c->count && shown < CANDIDATES_MAX; i++) {
		if (strncasecmp(c->list[i], word, len) != 0)
			continue;
		list_units(txn, c->feeds[i], c->list[i],
		           len < NAME_LETTERS ? NAME_LETTERS : (int) len + 4);
		shown++;
	}
	return EX_DATAERR;
}

/* People know units better than devices: a unit's name is answered with its devices. */
static size_t
list_of_unit(kv_txn *txn, const struct candidates *c, const char *word)
{
	size_t shown = 0;

	for (size_t i = 0; i < c->count && shown < CANDIDATES_MAX; i++) {
		struct device d;

		if (registry_device(txn, c->feeds[i], &d) < 0 ||
		    !device_has_unit(&d, text_of(word)))
			continue;
		if (shown++ == 0)
			cli_warn(_("'%s' is a unit; its devices are:"), word);
		list_units(txn, c->feeds[i], c->list[i], NAME_LETTERS);
	}
	return shown;
}

static int
unknown(kv_txn *txn, const struct candidates *c, const char *word)
{
	char(*names)[DEVICE_TEXT_BYTES] = calloc(c->count + 1, sizeof(*names));
	const char **list = calloc(c->count + 1, sizeof(*list)), *nearest = NULL;
	char safe[SHOWN_BYTES];

	if (list_of_unit(txn, c, word) > 0) {
		free(names);
		free(list);
		return EX_DATAERR;
	}
	for (size_t i = 0; names && list && i < c->count; i++) {
		snprintf(names[i], sizeof(names[i]), "%.*s", NAME_LETTERS, c->list[i]);
		list[i] = names[i];
	}
	if (names && list)
		nearest = cli_nearest(word, list, c->count);
	cli_safe(word, strlen(word), safe, sizeof(safe));
	if (nearest)
		cli_warn(_("there is no device '%s'; did you mean '%s'?"), safe, nearest);
	else
		cli_warn(_("there is no device '%s'; 'valija-hub devices' lists them"), safe);
	free(names);
	free(list);
	return EX_DATAERR;
}

int
device_of(hub *h, kv_txn *txn, const char *word, struct device *ret_device)
{
	struct candidates c = { .count = 0 };
	size_t matches = 0, match = 0, len = strlen(word);
	status st = registry_each(txn, note, &c);
	int code = EX_OK;

	for (size_t i = 0; i < c.count; i++) {
		if (strncasecmp(c.list[i], word, len) != 0)
			continue;
		match = i;
		matches++;
	}
	if (st == ST_OK && (matches > 1 || (matches == 1 && len < NAME_LETTERS)))
		code = ambiguous(txn, &c, word);
	else if (st == ST_OK && matches == 0)
		code = unknown(txn, &c, word);
	else if (st == ST_OK)
		st = registry_device(txn, c.feeds[match], ret_device);
	free(c.list);
	free(c.feeds);
	return st == ST_OK ? code : command_failed(h, st);
}

/* ---- what there is of one ---- */

void
device_units_text(const struct codes *units, char out[static UNITS_TEXT_BYTES])
{
	size_t used = 0;

	snprintf(out, UNITS_TEXT_BYTES, "-");
	for (size_t i = 0; i < units->count; i++)
		used += (size_t) snprintf(out + used, UNITS_TEXT_BYTES - used, "%s%.*s",
		                          i > 0 ? ", " : "", (int) units->list[i].len,
		                          units->list[i].at);
}

status
device_held(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_held,
            uint64_t *ret_for_right)
{
	const char *right = hold_name(HOLD_RIGHT);
	uint64_t held = 0, for_right = 0;
	struct kv_walk walk;
	status st;

	for (bool more = kv_seek(txn, TABLE_HELD, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && walk.key.len == EVENT_ID_BYTES && memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_next(&walk)) {
		held++;
		for_right += text_is((struct text) { (const char *) walk.value.at, walk.value.len },
		                     right);
	}
	st = walk.st;
	kv_walk_done(&walk);
	*ret_held = held;
	*ret_for_right = for_right;
	return st;
}

status
device_events(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_count)
{
	struct point start;

	chain_start(feed, &start);
	return journal_beyond(txn, feed, &start, ret_count);
}
