/* What the office publishes, from its own device: a plan as a file of JSON, a cut or a lock
 * as a draft of the hub (protocol/draft.h). */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/outbox.h"
#include "agent/plan_table.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "protocol/draft.h"
#include "protocol/parts.h"
#include "protocol/plan.h"

enum { SHOWN_BYTES = 256, PROBLEMS_SHOWN = 3 };

struct args {
	const char *path, *home, *by;
	bool force;
};

/* ---- arguments ---- */

enum { KEY_HOME = 0x200, KEY_BY, KEY_FORCE };

static const struct argp_option options[] = {
	{ "by", KEY_BY, N_("NAME"), 0, N_("who publishes it (default: the login name)"), 0 },
	{ "force", KEY_FORCE, NULL, 0, N_("record it also where this device has no right to"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_BY: a->by = arg; return 0;
	case KEY_HOME: a->home = arg; return 0;
	case KEY_FORCE: a->force = true; return 0;
	case ARGP_KEY_ARG:
		if (a->path)
			argp_error(state, _("one file at a time"));
		a->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->path)
			argp_error(state, _("which file?"));
		if (a->by && (strlen(a->by) > NAME_BYTES_MAX || !utf8_valid(a->by, strlen(a->by))))
			argp_error(state, _("--by: a name of at most %d bytes is wanted"),
			           NAME_BYTES_MAX);
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- a plan ---- */

static int
tell_problems(const char *path, const struct plan_problems *problems)
{
	char shown[SHOWN_BYTES], place[SHOWN_BYTES], message[SHOWN_BYTES];

	for (size_t i = 0; i < problems->count && i < PROBLEMS_SHOWN; i++) {
		const struct plan_problem *p = &problems->list[i];

		cli_safe(p->pointer, strlen(p->pointer), place, sizeof(place));
		cli_rule(p->rule, p->arg, message, sizeof(message));
		cli_warn("%s: %s", place, message);
	}
	cli_safe(path, strlen(path), shown, sizeof(shown));
	return cli_fail(EX_DATAERR,
	                ngettext("%s: %zu error, nothing was published; 'valija-hub plan check' "
	                         "tells all",
	                         "%s: %zu errors, nothing was published; 'valija-hub plan check' "
	                         "tells all",
	                         problems->errors),
	                shown, problems->errors);
}

/* The plan that this device holds; 0: none. */
static status
held_version(outbox *box, uint64_t *ret_version)
{
	kv_txn *txn = NULL;
	plan_table *table = NULL;
	status st = command_plan(box, &txn, &table);

	*ret_version = st == ST_OK && table ? plan_table_version(table) : 0;
	command_plan_done(&txn, &table);
	return st;
}

/* Whoever publishes from an older plan would publish a version that there is already. */
static int
check_plan(outbox *box, const char *path, struct bytes json, struct event *head)
{
	struct plan_problems problems = { 0 };
	uint64_t held = 0;
	char shown[SHOWN_BYTES];
	plan *p = NULL;
	status st = plan_parse(json.at, json.len, &problems, &p);
	int code = st == ST_INVALID || st == ST_LIMIT ? tell_problems(path, &problems) : EX_OK;

	plan_problems_done(&problems);
	if (code != EX_OK)
		return code;
	if (st == ST_OK)
		st = held_version(box, &held);
	if (st == ST_OK)
		head->plan_version = plan_version(p);
	plan_free(&p);
	if (st < 0)
		return command_failed(box, st);
	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (held > 0 && head->plan_version != held + 1)
		return cli_fail(
			EX_DATAERR,
			_("%s: \"version\" is %llu and must be %llu, the one after the plan "
		          "held here; sync first if that may be an old one"),
			shown, (unsigned long long) head->plan_version,
			(unsigned long long) held + 1);
	head->kind = KIND_PLAN;
	return EX_OK;
}

/* ---- all of them ---- */

static int
check_draft(const char *path, struct bytes file, struct event *head, struct bytes *ret_document)
{
	char shown[SHOWN_BYTES];
	status st = draft_read(file.at, file.len, head, ret_document);

	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (st == ST_VERSION)
		return cli_fail(
			EX_DATAERR,
			_("%s was written by a newer version of Valija: update this program"),
			shown);
	if (st < 0)
		return cli_fail(EX_DATAERR,
		                _("%s is neither a plan nor a draft of 'valija-hub draft'"), shown);
	return EX_OK;
}

/* JSON begins with a brace, perhaps behind blanks; no map of MessagePack does. */
static bool
is_json(struct bytes file)
{
	size_t i = 0;

	while (i < file.len &&
	       (file.at[i] == ' ' || file.at[i] == '\t' || file.at[i] == '\n' ||
	        file.at[i] == '\r'))
		i++;
	return i < file.len && file.at[i] == '{';
}

/* The bodies one behind the other, until all are appended at once. */
struct parts {
	writer bodies;
	size_t ends[PARTS_MAX], count;
};

static status
keep_part(void *ctx, struct bytes body)
{
	struct parts *p = ctx;

	if (p->count == PARTS_MAX)
		return ST_LIMIT;
	writer_raw(&p->bodies, body.at, body.len);
	p->ends[p->count++] = writer_bytes(&p->bodies).len;
	return writer_status(&p->bodies);
}

static int
append(outbox *box, const struct parts *p)
{
	struct outbox_item items[PARTS_MAX] = { 0 };
	size_t begin = 0;
	status st;

	for (size_t i = 0; i < p->count; i++) {
		items[i].body = (struct bytes) { writer_bytes(&p->bodies).at + begin,
			                         p->ends[i] - begin };
		begin = p->ends[i];
	}
	st = outbox_append(box, items, p->count, OUTBOX_WAIT_MS);
	if (st < 0)
		return command_failed(box, st);
	return command_tell_ref(box, items[0].ret_seq);
}

static int
publish(outbox *box, const struct args *a, struct bytes file)
{
	struct event head = { .kind = KIND_UNKNOWN };
	struct bytes document = file;
	struct parts parts = { .count = 0 };
	int code = is_json(file) ? check_plan(box, a->path, file, &head)
				 : check_draft(a->path, file, &head, &document);
	status st;

	if (code != EX_OK)
		return code;
	head.at_ms = clock_wall_ms();
	head.by = text_of(a->by ? a->by : command_login());
	head.has = EVENT_BIT(EVENT_BY);
	writer_init(&parts.bodies);
	st = parts_cut(&head, document, keep_part, &parts);
	code = st == ST_OK ? append(box, &parts) : command_failed(box, st);
	writer_done(&parts.bodies);
	return code;
}

int
publish_command(int argc, char **argv)
{
	/* clang-format off */
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = N_("FILE"),
		.doc = N_("Publish the next version of the plan, a cut or the lock of a quarter; for the "
		          "office.")
		       "\v"
		       N_("A plan is its JSON document.  A cut or a lock is what the hub writes:\n"
		          "  valija-hub --connect tcp://HOST:PORT draft cut 2025-Q4 --period 2025-Q4 "
		          "> q4.draft\n"
		          "  valija publish q4.draft\n"
		          "It is recorded here, and in force when it has come to the hub."),
	};
	/* clang-format on */
	struct args a = { .path = NULL };
	outbox *box = NULL;
	uint8_t *file = NULL;
	char shown[SHOWN_BYTES];
	size_t len = 0;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &a);
	st = file_read(a.path, DRAFT_BYTES_MAX, &file, &len);
	if (st < 0)
		return cli_fail(cli_exit(st), "%s: %s",
		                cli_safe(a.path, strlen(a.path), shown, sizeof(shown)),
		                gettext(status_text(st)));
	code = command_open_to_record(a.home, &box);
	if (code == EX_OK)
		code = command_office_only(box, a.force);
	if (code == EX_OK)
		code = publish(box, &a, (struct bytes) { file, len });
	outbox_close(&box);
	free(file);
	return code;
}
