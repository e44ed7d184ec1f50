#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/show.h"

enum { SHOWN_BYTES = 256, HASH8_BYTES = 4, CANDIDATES_MAX = 8 };

struct input {
	struct asking ask;
	const char *word, *evidence;
	struct ref ref;
	uint8_t prefix[HASH8_BYTES];
	size_t prefix_len;

	/* Feeds whose short name is that of the REF: one, but for an accident. */
	uint8_t feeds[CANDIDATES_MAX][FEED_BYTES];
	size_t feed_count;
};

enum { KEY_EVIDENCE = 0x200 };

static const struct argp_option options[] = {
	{ "evidence", KEY_EVIDENCE, N_("FILE"), 0,
	  N_("write to FILE what a stranger needs to verify the entry"), 0 },
	{ 0 },
};

static void
take_ref(struct input *in, const char *arg, struct argp_state *state)
{
	char shown[SHOWN_BYTES];

	if (in->word)
		argp_error(state, _("one REF at a time"));
	in->word = arg;
	if (ref_parse(arg, &in->ref) != ST_OK) {
		argp_error(state,
		           _("'%s' is no REF; one is DEVICE-NUMBER, as ABCD2345-17, or "
		             "DEVICE-NUMBER-HASH8"),
		           cli_safe(arg, strlen(arg), shown, sizeof(shown)));
		return;
	}
	/* a REF without a hash leaves the prefix empty: then the number has to be enough */
	if (hex_decode(in->ref.hash8, strlen(in->ref.hash8), in->prefix, sizeof(in->prefix)))
		in->prefix_len = sizeof(in->prefix);
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &in->ask;
		return 0;
	case KEY_EVIDENCE:
		in->evidence = arg;
		return 0;
	case ARGP_KEY_ARG:
		take_ref(in, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (!in->word)
			argp_error(state,
			           _("name the entry by its REF; 'valija-hub events' lists them"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- finding it ---- */

/* A REF has the first 40 bits of the key; among a few thousand devices two may
 * agree, and then both are tried. */
static status
note_feed(void *ctx, const struct device *d)
{
	struct input *in = ctx;
	char name[DEVICE_TEXT_BYTES];

	device_text(d->feed, name);
	if (strcmp(name, in->ref.device) == 0 && in->feed_count < CANDIDATES_MAX)
		memcpy(in->feeds[in->feed_count++], d->feed, FEED_BYTES);
	return ST_OK;
}

/* Of several feeds with that short name, the one that has the entry. */
static status
find(const struct input *in, struct found_event *found)
{
	status st = ST_NOT_FOUND;

	for (size_t i = 0; i < in->feed_count && st == ST_NOT_FOUND; i++)
		st = journal_find(in->ask.txn, in->feeds[i], in->ref.seq, in->prefix,
		                  in->prefix_len, found);
	return st;
}

/* Most often the number is that of the device's screen, and has not come in. */
static int
not_found(const struct input *in)
{
	struct point leaf, last = { .seq = 0 };
	size_t count = 0;

	if (in->feed_count == 0)
		return cli_fail(EX_NOINPUT,
		                _("no device %s is enrolled here; 'valija-hub units' lists "
		                  "those that are"),
		                in->ref.device);
	if (journal_leaves(in->ask.txn, in->feeds[0], &leaf, 1, &count) == ST_OK && count > 0)
		last = leaf;
	if (count == 0)
		return cli_fail(EX_NOINPUT, _("nothing of device %s has come in yet"),
		                in->ref.device);
	if (in->prefix_len > 0 || count > 1)
		return cli_fail(EX_NOINPUT, _("there is no entry %s here"), in->word);
	return cli_fail(EX_NOINPUT,
	                _("there is no entry %s here; the last one of that device is %llu"),
	                in->word, (unsigned long long) last.seq);
}

static status
print_choice(void *ctx, const struct journal_event *e)
{
	const struct input *in = ctx;
	char ref[REF_TEXT_BYTES], received[BOGOTA_TEXT_BYTES], device[DEVICE_TEXT_BYTES];

	device_text(e->feed, device);
	if (e->event.at.seq != in->ref.seq || strcmp(device, in->ref.device) != 0)
		return ST_OK;
	ref_text(e->feed, &e->event.at, true, ref);
	bogota_text(e->received_ms, received);
	fprintf(stderr, _("  %s  received %s in Bogotá\n"), ref, received);
	return ST_OK;
}

/* A restored or cloned device has used the number again. */
static int
ambiguous(struct input *in)
{
	cli_warn(
		_("device %s has several entries %llu, since it was restored or cloned; name one:"),
		in->ref.device, (unsigned long long) in->ref.seq);
	journal_each_event(in->ask.txn, print_choice, in);
	return EX_DATAERR;
}

/* ---- */

static int
tell(const struct input *in, const struct shown *s)
{
	char shown[SHOWN_BYTES];
	status st = ST_OK;

	if (in->evidence)
		st = show_write_evidence(s, in->evidence);
	if (st < 0)
		return cli_fail(cli_exit(st), _("cannot write %s: %s"),
		                cli_safe(in->evidence, strlen(in->evidence), shown, sizeof(shown)),
		                gettext(status_text(st)));
	if (!in->ask.json)
		show_print_text(&in->ask, s);
	else
		st = show_print_json(&in->ask, s);
	return st == ST_OK ? EX_OK : command_failed(in->ask.hub, st);
}

static int
show(struct input *in, struct shown *s)
{
	status st = registry_each(in->ask.txn, note_feed, in);

	if (st == ST_OK)
		st = find(in, &s->found);
	if (st == ST_NOT_FOUND)
		return not_found(in);
	if (st == ST_EXISTS)
		return ambiguous(in);
	if (st == ST_OK)
		st = show_gather(&in->ask, s);
	return st == ST_OK ? tell(in, s) : command_failed(in->ask.hub, st);
}

int
show_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("REF"),
		.doc = N_("Show all that is known of one entry."),
		.children = children,
	};
	struct input in = { .word = NULL };
	struct shown *s = calloc(1, sizeof(*s));
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = s ? show(&in, s) : command_failed(in.ask.hub, ST_NOMEM);
	free(s);
	asking_done(&in.ask);
	return code;
}
