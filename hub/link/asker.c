#include "hub/link/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/dealer.h"

enum {
	CONNECT_MS = 30 * 1000,
	SILENCE_MS = 40 * 1000, /* the hub says every 10 s that it is at work */
	FILE_BYTES = 4 * BATCH_BYTES_MAX,
	SHOWN_BYTES = 300,
	EVERYBODY_READS = 0644,
	UNENDED = -1,
};

struct asker {
	const struct asker_input *in;
	dealer *link;
	bool asked;
	uint64_t came, told; /* of OUT: what came, and what a MORE said of it */
	int64_t heard_ms;
	uint8_t *file;
	size_t file_len;
	int code; /* UNENDED, or the exit status */
	writer w;
	zmq_msg_t message;
};

/* ---- what is said when there is no answer ---- */

static const char *
shown(const struct asker *a, char out[static SHOWN_BYTES])
{
	return cli_safe(a->in->endpoint, strlen(a->in->endpoint), out, SHOWN_BYTES);
}

static int
no_link(const struct asker *a)
{
	char endpoint[SHOWN_BYTES];

	shown(a, endpoint);
	switch (dealer_why(a->link)) {
	case DEALER_UNREACHABLE:
		return cli_fail(EX_UNAVAILABLE, _("nobody answers at %s"), endpoint);
	case DEALER_STRANGE:
		return cli_fail(
			EX_UNAVAILABLE,
			_("what answers at %s is not the hub, or hub.pub is not this hub's"),
			endpoint);
	case DEALER_DENIED:
		return cli_fail(EX_NOPERM,
		                _("the hub at %s does not let this key ask; the office enrols it "
		                  "as a reader"),
		                endpoint);
	case DEALER_TIMEOUT:
		return cli_fail(EX_UNAVAILABLE, _("no answer in time from %s"), endpoint);
	case DEALER_LOST: break;
	}
	return cli_fail(EX_UNAVAILABLE, _("the link to %s broke off"), endpoint);
}

static int
refused(const struct asker *a, const struct question *m)
{
	static const struct {
		int code;
		const char *what; /* msgid */
	} words[UNANSWERED_] = {
		[UNANSWERED_VERSION] = { EX_UNAVAILABLE,
		                         N_("the hub speaks another version; its package is older "
		                            "or newer than this one") },
		[UNANSWERED_MALFORMED] = { EX_UNAVAILABLE,
		                           N_("the hub does not understand the question; is this "
		                              "the endpoint where it is asked, and is its package "
		                              "as new as this one?") },
		[UNANSWERED_ORDER] = { EX_SOFTWARE, N_("the hub lost track of this question") },
		[UNANSWERED_RIGHT] = { EX_NOPERM,
		                       N_("the hub does not let this key ask any more") },
		[UNANSWERED_COMMAND] = { EX_USAGE,
		                         N_("only commands that read can be asked for; give this one "
		                            "on the hub's machine, without --connect") },
		[UNANSWERED_BUSY] = { EX_TEMPFAIL,
		                      N_("the hub is asked too much at once; try again") },
		[UNANSWERED_TIME] = { EX_TEMPFAIL,
		                      N_("it took too long and was ended; the hub's setting "
		                         "'query-ms' says how long it may take") },
		[UNANSWERED_FAULT] = { EX_SOFTWARE,
		                       N_("the command failed at the hub; its log says more") },
	};
	char endpoint[SHOWN_BYTES], code[SHOWN_BYTES];
	unanswered why;

	if (unanswered_of_name(m->code, &why))
		return cli_fail(words[why].code, "%s", gettext(words[why].what));
	return cli_fail(EX_UNAVAILABLE, _("the hub at %s refuses: %s"), shown(a, endpoint),
	                cli_safe(m->code.at, m->code.len, code, sizeof(code)));
}

/* ---- what comes ---- */

static void
keep_file(struct asker *a, struct bytes b)
{
	if (!a->file)
		a->file = malloc(FILE_BYTES);
	if (!a->file || b.len > FILE_BYTES - a->file_len) {
		a->code = cli_fail(EX_OSERR, _("the file that came is too large"));
		return;
	}
	memcpy(a->file + a->file_len, b.at, b.len);
	a->file_len += b.len;
}

static void
take_out(struct asker *a, const struct question *m)
{
	a->came += output_cost(m->bytes.len);
	if (m->bytes.len == 0)
		return;
	if (m->stream == STREAM_ERRORS) {
		fflush(stdout);
		fwrite(m->bytes.at, 1, m->bytes.len, stderr);
	} else if (m->stream == STREAM_OUTPUT) {
		fwrite(m->bytes.at, 1, m->bytes.len, stdout);
	} else if (a->in->file) {
		keep_file(a, m->bytes);
	}
}

static int
end(struct asker *a, int code)
{
	char path[SHOWN_BYTES];
	status st;

	if (code != EX_OK || !a->file)
		return code;
	st = file_write(a->in->file, a->file, a->file_len, EVERYBODY_READS);
	if (st == ST_OK)
		return EX_OK;
	fflush(stdout);
	return cli_fail(cli_exit(st), _("cannot write %s: %s"),
	                cli_safe(a->in->file, strlen(a->in->file), path, sizeof(path)),
	                gettext(status_text(st)));
}

static void
take_in(struct asker *a, status st)
{
	char endpoint[SHOWN_BYTES];
	struct question m;

	if (st == ST_OK)
		st = question_decode(zmq_msg_data(&a->message), zmq_msg_size(&a->message), &m);
	if (st == ST_OK && m.type == QUESTION_OUT)
		take_out(a, &m);
	else if (st == ST_OK && m.type == QUESTION_END)
		a->code = end(a, (int) m.status);
	else if (st == ST_OK && m.type == QUESTION_REFUSE)
		a->code = refused(a, &m);
	else
		a->code = cli_fail(EX_UNAVAILABLE, _("what %s answers makes no sense"),
		                   shown(a, endpoint));
}

static void
drain(struct asker *a, int64_t now_ms)
{
	while (a->code == UNENDED) {
		status st = dealer_receive(a->link, &a->message);

		if (st == ST_NOT_FOUND)
			return;
		a->heard_ms = now_ms;
		take_in(a, st);
	}
}

/* ---- what is said ---- */

static bool
say(struct asker *a, const struct question *m)
{
	return question_encode(m, &a->w) == ST_OK &&
		dealer_send(a->link, writer_bytes(&a->w).at, writer_bytes(&a->w).len) == ST_OK;
}

static void
speak(struct asker *a)
{
	const struct question more = { .type = QUESTION_MORE, .taken = a->came };

	if (!a->asked)
		a->asked = say(a, a->in->ask);
	else if (a->came - a->told >= OUTPUT_AHEAD_MAX / 4 && say(a, &more))
		a->told = a->came;
}

/* ---- to the end ---- */

static void
wait_for_something(struct asker *a, int64_t now_ms)
{
	zmq_pollitem_t items[DEALER_POLL_ITEMS];
	int64_t due = dealer_deadline(a->link);

	if (a->heard_ms + SILENCE_MS < due)
		due = a->heard_ms + SILENCE_MS;
	fflush(stdout); /* what came is to be seen, or to go down a pipe */
	dealer_poll_items(a->link, items);
	zmq_poll(items, DEALER_POLL_ITEMS, due > now_ms ? (long) (due - now_ms) : 0);
}

/* What came before the link failed is taken first: it may be the end. */
static int
converse(struct asker *a)
{
	char endpoint[SHOWN_BYTES];

	while (a->code == UNENDED) {
		int64_t now_ms = clock_mono_ms();
		dealer_state state = dealer_look(a->link, now_ms);

		if (state != DEALER_CONNECTING)
			drain(a, now_ms);
		if (a->code != UNENDED)
			break;
		if (state == DEALER_FAILED)
			return no_link(a);
		if (now_ms - a->heard_ms >= SILENCE_MS)
			return cli_fail(EX_UNAVAILABLE, _("no answer in time from %s"),
			                shown(a, endpoint));
		if (ferror(stdout))
			return EX_OK; /* cli_finish() says it */
		if (state == DEALER_UP)
			speak(a);
		wait_for_something(a, now_ms);
	}
	return a->code;
}

int
asker_run(const struct asker_input *in)
{
	const struct dealer_timing timing = { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS };
	struct asker a = { .in = in, .heard_ms = clock_mono_ms(), .code = UNENDED };
	void *context = zmq_ctx_new();
	status st = context ? dealer_open(context, in->endpoint, in->key, in->server, &timing,
	                                  a.heard_ms + CONNECT_MS, &a.link)
			    : ST_NOMEM;
	int code;

	writer_init(&a.w);
	zmq_msg_init(&a.message);
	code = st == ST_OK ? converse(&a)
			   : cli_fail(EX_UNAVAILABLE, _("no socket can be made: %s"),
	                              gettext(status_text(st)));
	zmq_msg_close(&a.message);
	writer_done(&a.w);
	free(a.file);
	dealer_close(&a.link);
	if (context)
		zmq_ctx_term(context);
	return code;
}
