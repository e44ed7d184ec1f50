#include "hub/snapshots.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "hub/documents.h"
#include "hub/hub_internal.h"
#include "hub/journal.h"
#include "hub/repair.h"
#include "protocol/chain.h"

static const char MARK[] = "valija/snapshot/1";

enum { MARK_BYTES = sizeof(MARK) - 1, NUMBER_BYTES = 8, NAME_DIGITS = 20 + 1 };

/* ---- where they are ---- */

status
snapshots_path(const hub *h, char *out, size_t size)
{
	return path_join(out, size, hub_home(h), "snapshots");
}

status
snapshot_path(const hub *h, uint64_t entries, const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/snapshots/%" PRIu64 "%s%s", hub_home(h), entries,
	                 *name ? "/" : "", name);

	return n >= 0 && (size_t) n < size ? ST_OK : ST_LIMIT;
}

bool
snapshots_exist(const hub *h)
{
	char path[PATH_MAX];

	return snapshots_path(h, path, sizeof(path)) == ST_OK && file_is_folder(path);
}

/* ---- facts ---- */

void
snapshot_encode(const struct snapshot *s, uint8_t out[static SNAPSHOT_FACTS_BYTES])
{
	const uint64_t numbers[] = { LEDGER_FORMAT, s->entries, s->events,
		                     s->folded,     s->cuts,    s->repairs };
	uint8_t *at = out + MARK_BYTES;

	memcpy(out, MARK, MARK_BYTES);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++, at += NUMBER_BYTES)
		put_u64(at, numbers[i]);
	memcpy(at, s->running, HASH_BYTES);
	memcpy(at + HASH_BYTES, s->file, HASH_BYTES);
	hash_bytes(out, SNAPSHOT_FACTS_BYTES - HASH_BYTES, at + (size_t) 2 * HASH_BYTES);
}

status
snapshot_decode(struct bytes b, struct snapshot *ret_snapshot)
{
	const uint8_t *at = b.at + MARK_BYTES;
	uint8_t hash[HASH_BYTES];

	if (b.len != SNAPSHOT_FACTS_BYTES || memcmp(b.at, MARK, MARK_BYTES) != 0)
		return ST_MALFORMED;
	hash_bytes(b.at, SNAPSHOT_FACTS_BYTES - HASH_BYTES, hash);
	if (memcmp(b.at + SNAPSHOT_FACTS_BYTES - HASH_BYTES, hash, HASH_BYTES) != 0)
		return ST_MALFORMED;
	if (get_u64(at) != LEDGER_FORMAT)
		return ST_VERSION;
	*ret_snapshot = (struct snapshot) {
		.entries = get_u64(at + NUMBER_BYTES),
		.events = get_u64(at + (size_t) 2 * NUMBER_BYTES),
		.folded = get_u64(at + (size_t) 3 * NUMBER_BYTES),
		.cuts = get_u64(at + (size_t) 4 * NUMBER_BYTES),
		.repairs = get_u64(at + (size_t) 5 * NUMBER_BYTES),
	};
	at += (size_t) 6 * NUMBER_BYTES;
	memcpy(ret_snapshot->running, at, HASH_BYTES);
	memcpy(ret_snapshot->file, at + HASH_BYTES, HASH_BYTES);
	return ST_OK;
}

static status
count_cut(void *ctx, const struct office_document *d)
{
	uint64_t *count = ctx;

	(void) d;
	++*count;
	return ST_OK;
}

status
snapshot_of_now(kv_txn *txn, struct snapshot *ret_now)
{
	struct snapshot now = { .entries = journal_size(txn),
		                .folded = hub_folded(txn),
		                .repairs = repair_number(txn) };
	struct journal_entry last;
	status st = journal_read(txn, now.entries - 1, &last); /* a hub has its own entry */

	if (st == ST_OK)
		st = journal_events(txn, &now.events);
	if (st == ST_OK)
		st = documents_each(txn, KIND_CUT, count_cut, &now.cuts);
	if (st < 0)
		return st;
	memcpy(now.running, last.running, HASH_BYTES);
	*ret_now = now;
	return ST_OK;
}

/* ---- those of use ---- */

static status
read_facts(const hub *h, uint64_t entries, struct snapshot *ret_snapshot)
{
	char path[PATH_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = snapshot_path(h, entries, "facts", path, sizeof(path));

	if (st == ST_OK)
		st = file_read(path, SNAPSHOT_FACTS_BYTES, &bytes, &len);
	if (st == ST_OK)
		st = snapshot_decode((struct bytes) { bytes, len }, ret_snapshot);
	if (st == ST_OK && ret_snapshot->entries != entries)
		st = ST_MALFORMED;
	free(bytes);
	return st;
}

static bool
is_beginning(kv_txn *txn, const struct snapshot *s)
{
	struct journal_entry last;

	return s->entries > 0 && journal_read(txn, s->entries - 1, &last) == ST_OK &&
		memcmp(last.running, s->running, HASH_BYTES) == 0;
}

/* The name is one that snapshot_path() gives. */
static bool
parse_name(const char *name, uint64_t *ret_entries)
{
	char again[NAME_DIGITS];
	char *end;

	errno = 0;
	*ret_entries = strtoull(name, &end, 10);
	snprintf(again, sizeof(again), "%" PRIu64, *ret_entries);
	return errno == 0 && *end == '\0' && strcmp(again, name) == 0;
}

static void
insert(struct snapshots *s, const struct snapshot *one)
{
	size_t i = s->count;

	if (s->count > SNAPSHOTS_MAX)
		return;
	for (; i > 0 && s->list[i - 1].entries > one->entries; i--)
		s->list[i] = s->list[i - 1];
	s->list[i] = *one;
	s->count++;
}

/* Without the folder there are none; what is not of use is passed over, for whatever reason. */
status
snapshots_read(const hub *h, kv_txn *txn, struct snapshots *ret_snapshots)
{
	uint64_t repairs = repair_number(txn), entries;
	char path[PATH_MAX];
	struct snapshot one;
	DIR *dir;
	status st = snapshots_path(h, path, sizeof(path));

	ret_snapshots->count = 0;
	if (st < 0)
		return st;
	dir = opendir(path);
	if (!dir)
		return ST_OK;
	for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (parse_name(d->d_name, &entries) && read_facts(h, entries, &one) == ST_OK &&
		    one.repairs == repairs && is_beginning(txn, &one))
			insert(ret_snapshots, &one);
	}
	closedir(dir);
	return ST_OK;
}

/* ---- which to make, and which to give up ---- */

bool
snapshot_due(const struct snapshot *last, const struct snapshot *now, bool idle)
{
	bool goes_on = last && last->folded == now->folded;
	uint64_t came = now->events - (goes_on ? last->events : 0);

	if (came >= SNAPSHOT_EVENTS)
		return true;
	return idle && came >= SNAPSHOT_LEAST_EVENTS && (!goes_on || now->cuts != last->cuts);
}

/* Of how many events the longest way would be, from the one before or from the beginning, to
 * the next: all was folded again between two that differ in folded. */
static uint64_t
way_without(const struct snapshot *list, size_t i)
{
	uint64_t from = 0;

	if (i > 0 && list[i - 1].folded == list[i].folded)
		from = list[i - 1].events;
	return list[i + 1].events - from;
}

size_t
snapshots_spare(const struct snapshots *s)
{
	size_t least = 0;

	for (size_t i = 1; i + 1 < s->count; i++)
		if (way_without(s->list, i) < way_without(s->list, least))
			least = i;
	return least;
}
