#include "agent/target.h"

#include <sodium.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/others.h"
#include "agent/registers.h"
#include "common/cli.h"
#include "common/i18n.h"

enum { SHOWN_BYTES = 256 };

/* ---- what a void took out ---- */

static bool
is_own(outbox *box, const uint8_t *feed)
{
	return memcmp(outbox_device(box)->feed, feed, FEED_BYTES) == 0;
}

static status
take_body(struct target *t, size_t len)
{
	return event_decode((struct bytes) { t->body, len }, &t->event) == HOLD_NONE ? ST_OK
										     : ST_MALFORMED;
}

static status
read_event(outbox *box, uint64_t seq, struct target *t, struct point *ret_at)
{
	size_t len;
	status st = outbox_read(box, seq, t->body, &len, ret_at);

	return st == ST_OK ? take_body(t, len) : st;
}

static status
take_proven(const struct proven *p, struct target *t)
{
	memcpy(t->body, p->body, p->len);
	return take_body(t, p->len);
}

static bool
is_here(outbox *box, const struct fix *fix)
{
	uint8_t hash[HASH_BYTES];

	return outbox_hash_at(box, fix->seq, hash) == ST_OK &&
		memcmp(hash, fix->hash, HASH_PREFIX_BYTES) == 0;
}

/* Who wrote an event, and which it is. */
struct place {
	uint8_t feed[FEED_BYTES];
	struct point at;
};

/* ST_NOT_FOUND: neither here nor in a file; then t is as it was. */
static status
read_named(outbox *box, const struct proven_list *given, const struct fix *fix, struct target *t,
           struct place *where)
{
	struct place there = *where;
	const struct proven *p;

	if (fix->feed) /* it points into the body that is about to go */
		memcpy(there.feed, fix->feed, FEED_BYTES);
	if (is_own(box, there.feed)) {
		if (!is_here(box, fix))
			return ST_NOT_FOUND;
		*where = there;
		return read_event(box, fix->seq, t, &where->at);
	}
	p = proven_of_fix(given, there.feed, fix);
	if (!p)
		return ST_NOT_FOUND;
	there.at = p->at;
	*where = there;
	return take_proven(p, t);
}

/* A void names what it took out, so from it the way leads back; where is that of the event
 * in t, before and after.  ST_NOT_FOUND: it ends at something that is not here. */
static status
read_back(outbox *box, const struct proven_list *given, struct target *t, struct place *where)
{
	status st = ST_OK;

	/* hashes name what was before, so no way leads round, but a damaged one might */
	for (int steps = 0; st == ST_OK && t->event.kind == KIND_VOID; steps++) {
		const struct fixes *fixes = &t->event.fixes;

		st = steps < VERSIONS_MAX ? ST_NOT_FOUND : ST_MALFORMED;
		for (size_t i = 0; i < fixes->count && st == ST_NOT_FOUND; i++)
			st = read_named(box, given, &fixes->list[i], t, where);
	}
	return st;
}

/* ---- entries of this device ---- */

static int
find_own(outbox *box, uint64_t seq, const struct proven_list *given, bool newest, struct target *t)
{
	struct place where;
	status st = ST_OK;

	t->own = true;
	memcpy(t->feed, outbox_device(box)->feed, FEED_BYTES);
	memcpy(where.feed, t->feed, FEED_BYTES);
	if (newest)
		st = outbox_head(box, seq, &seq);
	if (st == ST_OK)
		st = read_event(box, seq, t, &t->at);
	if (st < 0)
		return command_failed(box, st);
	t->is_void = t->event.kind == KIND_VOID;
	st = read_back(box, given, t, &where);
	return st == ST_OK || st == ST_NOT_FOUND ? EX_OK : command_failed(box, st);
}

/* ---- entries of other devices ---- */

/* No file given is the usual case: then it says where one comes from. */
static int
no_file(const struct target *t, const struct proven_list *given)
{
	char shown[SHOWN_BYTES];

	cli_safe(t->word, strlen(t->word), shown, sizeof(shown));
	if (given->count > 0)
		return cli_fail(EX_DATAERR, _("none of the files given with --from is of %s"),
		                shown);
	return cli_fail(EX_DATAERR,
	                _("%s is an entry of another device, so it is not here: the office writes "
	                  "it to a file with 'valija-hub show %s --evidence FILE', and --from FILE "
	                  "reads it"),
	                shown, shown);
}

/* A void that is named stands for what it took out, if that can be read; of those of other
 * devices it is this void that is replaced, as take_void() finds. */
static int
find_given(outbox *box, const struct ref *ref, const struct proven_list *given, bool newest,
           struct target *t)
{
	const struct proven *p = proven_of_ref(given, ref);
	struct place where;
	status st;

	if (!p)
		return no_file(t, given);
	st = take_proven(p, t);
	memcpy(t->feed, p->feed, FEED_BYTES);
	t->at = p->at;
	t->is_void = t->event.kind == KIND_VOID;
	memcpy(where.feed, p->feed, FEED_BYTES);
	where.at = p->at;
	if (st < 0 || !newest || !t->is_void)
		return st == ST_OK ? EX_OK : command_failed(box, st);
	st = read_back(box, given, t, &where);
	if (st == ST_NOT_FOUND) /* the void alone, then */
		return EX_OK;
	if (st < 0)
		return command_failed(box, st);
	if (is_own(box, where.feed))
		return find_own(box, where.at.seq, given, true, t);
	memcpy(t->feed, where.feed, FEED_BYTES);
	t->at = where.at;
	t->is_void = false;
	return EX_OK;
}

/* ---- what took it out elsewhere ---- */

/* It may name an older version than the newest one here. */
static const struct proven *
void_of_own(outbox *box, const struct proven_list *given, const struct target *t)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct proven *p = &given->list[i];
		const struct fixes *fixes = &p->event.fixes;
		uint64_t head;

		for (size_t k = 0; k < fixes->count && p->event.kind == KIND_VOID; k++) {
			const struct fix *f = &fixes->list[k];

			if (f->feed && is_own(box, f->feed) && is_here(box, f) &&
			    outbox_head(box, f->seq, &head) == ST_OK && head == t->at.seq)
				return p;
		}
	}
	return NULL;
}

static status
own_names(outbox *box, uint64_t head, const struct proven *p, bool *ret_names)
{
	const struct fix fix = { p->at.seq, p->at.hash, p->feed };
	kv_txn *txn = NULL;
	status st = kv_read(outbox_store(box), &txn);

	*ret_names = false;
	if (st == ST_OK)
		st = others_named(txn, head, &fix, ret_names);
	kv_abort(&txn);
	return st;
}

/* One that the newest version here replaces already has no say any more. */
static status
take_void(outbox *box, const struct proven_list *given, struct target *t)
{
	const struct proven *p = t->own ? void_of_own(box, given, t)
					: proven_void_of(given, t->feed, &t->at);
	bool replaced = false;
	status st = ST_OK;

	for (const struct proven *next = p; next; next = proven_void_of(given, p->feed, &p->at))
		p = next;
	if (!p)
		return ST_OK;
	if (t->own)
		st = own_names(box, t->at.seq, p, &replaced);
	if (st == ST_OK && !replaced) {
		t->is_void = true;
		t->has_void = true;
		memcpy(t->void_feed, p->feed, FEED_BYTES);
		t->void_at = p->at;
	}
	return st;
}

/* ---- all of them ---- */

static int
find(outbox *box, const struct proven_list *given, bool newest, struct target *t)
{
	char own[DEVICE_TEXT_BYTES];
	struct ref ref;
	uint64_t seq;
	status st;
	int code;

	device_text(outbox_device(box)->feed, own);
	if (ref_parse(t->word, &ref) < 0 || strcmp(ref.device, own) == 0) {
		code = command_seq(box, t->word, &seq);
		if (code == EX_OK)
			code = find_own(box, seq, given, newest, t);
	} else {
		code = find_given(box, &ref, given, newest, t);
	}
	if (code != EX_OK || !newest)
		return code;
	st = take_void(box, given, t);
	return st == ST_OK ? EX_OK : command_failed(box, st);
}

int
target_read(outbox *box, const char *word, const struct target_files *files, bool newest,
            struct target *ret_target)
{
	struct target *t = ret_target;
	struct proven_list given;
	int code = proven_read(files, &given);

	if (code != EX_OK)
		return code;
	t->word = word;
	t->own = false;
	t->has_void = false;
	code = find(box, &given, newest, t);
	proven_done(&given);
	return code;
}

/* ---- what replaces it ---- */

struct fix
target_fix(const struct target *t)
{
	return (struct fix) { t->at.seq, t->at.hash, t->own ? NULL : t->feed };
}

void
target_key(const struct target *t, uint8_t ret_key[static HASH_BYTES])
{
	static const char tag[] = "valija/foreign/1";
	crypto_generichash_state state;
	uint8_t seq[8];

	put_u64(seq, t->at.seq);
	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) tag, strlen(tag));
	crypto_generichash_update(&state, t->feed, FEED_BYTES);
	crypto_generichash_update(&state, seq, sizeof(seq));
	crypto_generichash_update(&state, t->at.hash, HASH_BYTES);
	crypto_generichash_final(&state, ret_key, HASH_BYTES);
}

struct fix
target_void_fix(const struct target *t)
{
	return (struct fix) { t->void_at.seq, t->void_at.hash, t->void_feed };
}

status
target_own_version(outbox *box, const struct target *t, uint64_t *ret_head, bool *ret_names)
{
	const struct fix fix = target_fix(t);
	uint8_t key[HASH_BYTES];
	kv_txn *txn = NULL;
	uint64_t seq;
	status st;

	*ret_head = 0;
	*ret_names = false;
	if (!register_key(&t->event, key))
		target_key(t, key);
	st = kv_read(outbox_store(box), &txn);
	if (st == ST_OK)
		st = outbox_find_key_in(txn, key, &seq);
	if (st == ST_NOT_FOUND)
		st = others_naming(txn, &fix, &seq);
	if (st == ST_OK)
		st = outbox_head_in(txn, seq, ret_head);
	if (st == ST_OK)
		st = others_named(txn, *ret_head, &fix, ret_names);
	kv_abort(&txn);
	return st == ST_NOT_FOUND ? ST_OK : st;
}
