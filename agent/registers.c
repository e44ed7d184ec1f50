#include "agent/registers.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/feed_state.h"
#include "common/cli.h"
#include "common/i18n.h"

bool
register_key(const struct event *e, uint8_t ret_key[static HASH_BYTES])
{
	static const char tag[] = "valija/register/1"; /* apart from the keys of other commands */
	char place[REGISTER_KEY_BYTES];
	crypto_generichash_state state;

	if (!event_register(e, place))
		return false;
	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) tag, strlen(tag));
	crypto_generichash_update(&state, (const uint8_t *) place, strlen(place));
	crypto_generichash_final(&state, ret_key, HASH_BYTES);
	return true;
}

/* ---- what to type ---- */

static void __attribute__((format(printf, 2, 3))) add(char *out, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + used, REGISTER_CHANGE_BYTES - used, format, args);
	va_end(args);
}

static void
add_number(char *out, const char *option, uint64_t was, uint64_t now, bool all)
{
	if (all || was != now)
		add(out, " %s %" PRIu64, option, now);
}

static void
add_percent(char *out, const struct event *was, const struct event *now, bool all)
{
	const uint64_t bit = EVENT_BIT(EVENT_PERCENT);
	char text[PERCENT_TEXT_BYTES];

	percent_text(now->percent, text);
	if ((now->has & bit) && (all || !(was->has & bit) || was->percent != now->percent))
		add(out, " --percent %s", text);
}

static bool
same_codes(const struct codes *a, const struct codes *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (!text_equal(a->list[i], b->list[i]))
			return false;
	}
	return a->count == b->count;
}

static void
add_codes(char *out, const char *option, const struct codes *was, const struct codes *now)
{
	if (same_codes(was, now))
		return;
	add(out, " %s%s", option, now->count > 0 ? "" : " ''");
	for (size_t i = 0; i < now->count; i++)
		add(out, " %.*s", (int) now->list[i].len, now->list[i].at);
}

static bool
has_evidence(const struct event *e, const struct evidence *v)
{
	for (size_t i = 0; i < e->evidences.count; i++) {
		if (memcmp(e->evidences.list[i].hash, v->hash, HASH_BYTES) == 0)
			return true;
	}
	return false;
}

/* Texts and files are not repeated: they may be long. */
static void
add_rest(char *out, const struct event *was, const struct event *now)
{
	bool proven = true;

	if (now->note.len > 0 && !text_equal(was->note, now->note))
		add(out, " %s %s", now->kind == KIND_PROGRESS ? "--text" : "--note", _("TEXT"));
	for (size_t i = 0; i < now->evidences.count; i++)
		proven &= has_evidence(was, &now->evidences.list[i]);
	if (!proven)
		add(out, " --evidence %s", _("FILE..."));
}

/* What now says and was does not; what was says beside that may stay, but for the
 * indicators of a close, which are all of them.  With all also what both say: after a void
 * it is told again. */
static void
write_change(char *out, const struct event *was, const struct event *now, bool all)
{
	*out = '\0';
	switch ((int) now->kind) {
	case KIND_LEVEL: add_number(out, "--level", was->value, now->value, all); break;
	case KIND_PROGRESS: add_percent(out, was, now, all); break;
	case KIND_BUDGET:
		add_number(out, "--appropriated", was->appropriated, now->appropriated, all);
		add_number(out, "--committed", was->committed, now->committed, all);
		add_number(out, "--obligated", was->obligated, now->obligated, all);
		add_number(out, "--paid", was->paid, now->paid, all);
		break;
	case KIND_CLOSE:
		add_codes(out, "--zero", &was->zero, &now->zero);
		add_codes(out, "--nothing-to-do", &was->nothing, &now->nothing);
		break;
	default: break;
	}
	add_rest(out, was, now);
}

/* ---- looking ---- */

/* The way back from a void, which names what it took out. */
static status
last_telling(kv_txn *txn, uint64_t seq, struct event *ret_event)
{
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	status st;

	for (;;) {
		st = outbox_get_event(txn, seq, &body, hash);
		if (st < 0)
			return st;
		if (event_decode(body, ret_event) != HOLD_NONE)
			return ST_IO;
		if (ret_event->kind != KIND_VOID)
			return ST_OK;
		if (ret_event->fixes.list[0].feed || ret_event->fixes.list[0].seq >= seq)
			return ST_NOT_FOUND; /* of another device's entry */
		seq = ret_event->fixes.list[0].seq;
	}
}

static status
compare(kv_txn *txn, const struct event *now, struct register_found *f)
{
	uint8_t hash[HASH_BYTES];
	struct event was = { .kind = KIND_UNKNOWN }, head;
	struct bytes body;
	status st = outbox_get_event(txn, f->head, &body, hash);

	if (st < 0)
		return st;
	if (event_decode(body, &head) != HOLD_NONE)
		return ST_IO;
	st = last_telling(txn, f->head, &was);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	event_says(&was, f->says);
	write_change(f->change, &was, now, head.kind == KIND_VOID);
	if (head.kind == KIND_VOID)
		f->state = REGISTER_VOID;
	else
		f->state = *f->change ? REGISTER_OTHER : REGISTER_SAME;
	f->is_close = now->kind == KIND_CLOSE;
	return ST_OK;
}

status
register_find(kv_txn *txn, const struct event *now, struct register_found *ret_found)
{
	struct register_found *f = ret_found;
	uint8_t key[HASH_BYTES];
	uint64_t seq;
	status st;

	*f = (struct register_found) { .state = REGISTER_NEW };
	if (!register_key(now, key))
		return ST_OK;
	st = outbox_find_key_in(txn, key, &seq);
	if (st == ST_NOT_FOUND)
		return ST_OK;
	if (st == ST_OK)
		st = outbox_head_in(txn, seq, &f->head);
	return st == ST_OK ? compare(txn, now, f) : st;
}

/* Said already, but that is not what stands: to say nothing would let the person believe
 * it does. */
static int
tell_same(outbox *box, uint64_t head)
{
	unsigned long long seq = head;
	char ref[REF_TEXT_BYTES] = "";
	const struct other *other;
	struct feed_state s;
	status st = feed_state_read(box, &s);

	if (st < 0)
		return command_failed(box, st);
	other = feed_state_other(&s, head);
	if (other)
		other_ref(other, ref);
	feed_state_done(&s);
	if (!*ref)
		return command_tell_ref(box, head);
	return cli_fail(EX_DATAERR,
	                _("entry %llu says that already, but %s of another device stands in its "
	                  "place; 'valija correct %llu --why TEXT' puts this one there again"),
	                seq, ref, seq);
}

int
register_tell(outbox *box, const struct register_found *f)
{
	unsigned long long head = f->head;

	if (f->state == REGISTER_SAME)
		return tell_same(box, f->head);
	if (f->state == REGISTER_VOID)
		return cli_fail(EX_DATAERR,
		                _("entry %llu has taken out what was told of that quarter; 'valija "
		                  "correct %llu%s --why TEXT' brings it back"),
		                head, head, f->change);
	if (f->is_close)
		return cli_fail(EX_DATAERR,
		                _("entry %llu has closed that quarter already, and says something "
		                  "else; 'valija correct %llu%s --why TEXT' changes it"),
		                head, head, f->change);
	return cli_fail(EX_DATAERR,
	                _("entry %llu says %s for that quarter already; 'valija correct %llu%s "
	                  "--why TEXT' changes it"),
	                head, f->says, head, f->change);
}
