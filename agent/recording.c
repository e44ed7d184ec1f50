#include "agent/recording.h"

#include <sodium.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/checks.h"
#include "agent/command.h"
#include "agent/entry_event.h"
#include "agent/entry_fields.h"
#include "agent/feed_state.h"
#include "agent/registers.h"
#include "agent/replacing.h"
#include "common/cli.h"
#include "common/i18n.h"

/* argp gives a word to this parser before its child: not to know it hands it on. */
error_t
recording_parse(int key, char *arg, struct argp_state *state)
{
	struct recording *r = state->input;
	const char *word, **field;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &r->options; return 0;
	case ARGP_KEY_ARG:
		if (r->options.list != 0)
			return ARGP_ERR_UNKNOWN;
		word = r->words[r->word_count];
		if (!word)
			entry_options_word(arg);
		field = entry_text(&r->options.entry, entry_field_of(word));
		if (*field)
			entry_options_word(arg);
		*field = arg;
		r->word_count++;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* The plan is read and the event encoded before any lock is taken. */
static int
build(outbox *box, struct recording *r, writer *w)
{
	struct entry_problems problems;
	struct checks checks;
	status st = checks_read(box, &checks);
	int code = EX_OK;

	if (st < 0)
		return command_failed(box, st);
	checks.frame.kind = r->kind;
	checks.frame.force = r->options.force;
	if (r->complete)
		code = r->complete(r, checks.frame.table);
	if (code == EX_OK) {
		st = entry_build(&r->options.entry, &checks.frame, w, &problems);
		command_problems(&problems, r->words);
		code = st == ST_OK ? EX_OK : cli_exit(st);
	}
	checks_done(&checks);
	return code;
}

/* ---- storing ---- */

/* The key was used before: for this very entry, as it should? */
static void
warn_if_different(outbox *box, const struct outbox_item *item)
{
	uint8_t body[EVENT_BYTES_MAX];
	struct event stored, now;
	struct point at;
	size_t len;

	if (outbox_read(box, item->ret_seq, body, &len, &at) < 0 ||
	    event_decode((struct bytes) { body, len }, &stored) != HOLD_NONE ||
	    event_decode(item->body, &now) != HOLD_NONE || entry_events_agree(&stored, &now))
		return;
	cli_warn(_("warning: entry %llu has this key already and says something else; it was kept "
	           "as it is ('valija correct' changes it)"),
	         (unsigned long long) item->ret_seq);
}

static status
look(outbox *box, const struct event *now, struct register_found *ret_found)
{
	kv_txn *txn = NULL;
	status st = kv_read(outbox_store(box), &txn);

	if (st == ST_OK)
		st = register_find(txn, now, ret_found);
	kv_abort(&txn);
	return st;
}

/* To say the same again is no new entry, but the reason that a held one lacks is one. */
static int
tell_again(outbox *box, const struct recording *r, const struct register_found *found)
{
	struct replacing again = { .options = r->options, .word_count = 1 };
	bool troubled = false;
	char word[24];
	status st = ST_OK;

	if (found->state == REGISTER_SAME && r->options.entry.why)
		st = feed_state_troubled(box, found->head, &troubled);
	if (st < 0)
		return command_failed(box, st);
	if (!troubled)
		return register_tell(box, found);
	snprintf(word, sizeof(word), "%llu", (unsigned long long) found->head);
	again.words[0] = word;
	return replacing_in(box, &again);
}

/* Looked for ahead of announcing: who has told it before need not hear it again. */
static int
store_register(outbox *box, const struct recording *r, const struct event *now,
               struct outbox_item *item)
{
	struct register_found found;
	status st = look(box, now, &found);
	int code = EX_OK;

	if (st == ST_OK && found.state == REGISTER_NEW) {
		if (r->announce)
			code = r->announce(box, now);
		if (code != EX_OK)
			return code;
		st = outbox_append(box, item, 1, OUTBOX_WAIT_MS);
		if (st == ST_OK && !item->ret_known)
			return command_tell_ref(box, item->ret_seq);
		if (st == ST_OK) /* somebody was quicker */
			st = look(box, now, &found);
	}
	return st == ST_OK ? tell_again(box, r, &found) : command_failed(box, st);
}

static void
hash_key(const char *key, uint8_t out[static HASH_BYTES])
{
	static const char tag[] = "valija/key/1";
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) tag, strlen(tag));
	crypto_generichash_update(&state, (const uint8_t *) key, strlen(key));
	crypto_generichash_final(&state, out, HASH_BYTES);
}

static int
store(outbox *box, const struct recording *r, struct bytes body)
{
	struct outbox_item item = { .body = body };
	uint8_t key[HASH_BYTES];
	struct event e;
	status st;

	if (event_decode(body, &e) == HOLD_NONE && register_key(&e, key)) {
		item.key = key;
		return store_register(box, r, &e, &item);
	}
	if (r->key) {
		hash_key(r->key, key);
		item.key = key;
	}
	st = outbox_append(box, &item, 1, OUTBOX_WAIT_MS);
	if (st < 0)
		return command_failed(box, st);
	if (item.ret_known)
		warn_if_different(box, &item);
	return command_tell_ref(box, item.ret_seq);
}

/* Files that cannot be read and fields that are wrong are told in one go. */
static int
record(struct recording *r)
{
	outbox *box = NULL;
	int files, code = command_open_to_record(r->options.home, &box);
	writer w;

	if (code != EX_OK)
		return code;
	writer_init(&w);
	if (!r->options.entry.by)
		r->options.entry.by = command_login();
	/* before the event is built, which holds their hashes */
	files = entry_options_files(&r->options);
	code = build(box, r, &w);
	if (code == EX_OK && files != EX_OK) {
		cli_warn(_("nothing was recorded"));
		code = files;
	}
	if (code == EX_OK)
		code = store(box, r, writer_bytes(&w));
	writer_done(&w);
	outbox_close(&box);
	return code;
}

int
recording_run(struct recording *r)
{
	int code = record(r);

	entry_options_done(&r->options);
	return code;
}
