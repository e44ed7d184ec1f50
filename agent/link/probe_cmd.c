/* Is what is recorded here counted there?  A probe is an entry that counts nothing: it
 * goes the whole way, and the hub says from its ledger that it has folded it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/link/commands.h"
#include "agent/link/errand.h"
#include "agent/link/report.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "protocol/document.h"
#include "protocol/standing.h"

enum {
	TIMEOUT_MS = 30 * 1000,
	RETRY_MAX_MS_HERE = 2000,
	PING_MS_HERE = 500, /* the hub's PONG says that there is a newer standing */
};

static const char doc[] = N_(
	"Send an entry that counts nothing the whole way, and wait until the hub says "
	"from its ledger that it has taken it in: what is recorded before it is "
	"counted too.");

static const struct argp_option options[] = {
	{ "timeout-ms", ERRAND_TIMEOUT, N_("N"), 0, N_("give up after that time (default: 30000)"),
	  0 },
	{ "json", ERRAND_JSON, NULL, 0, N_("print JSON"), 0 },
	{ 0 },
};

/* How far it came, in this order. */
typedef enum stage { STAGE_RECORDED, STAGE_LINK, STAGE_ACKNOWLEDGED, STAGE_COUNTED } stage;

struct probe {
	outbox *box;
	uint64_t seq;
	int64_t begun_ms;
	bool json;
	char last[REPORT_BYTES]; /* why there was no link */
};

static void
hear(void *ctx, const struct uplink_report *report)
{
	struct probe *p = ctx;

	if (report->news != UPLINK_WELCOMED)
		report_text(report, p->last);
}

static status
record(struct probe *p)
{
	struct event e = { .kind = KIND_PROBE, .at_ms = clock_wall_ms() };
	struct outbox_item item = { 0 };
	event_field fault;
	writer w;
	status st;

	writer_init(&w);
	st = event_encode(&e, &w, &fault);
	item.body = writer_bytes(&w);
	if (st == ST_OK)
		st = outbox_append(p->box, &item, 1, OUTBOX_WAIT_MS);
	writer_done(&w);
	p->seq = item.ret_seq;
	return st;
}

/* The number and the hash must be those of the own chain: a clone has probes too. */
static bool
is_among(const struct probe *p, struct standing_list probes)
{
	uint8_t hash[HASH_BYTES];
	struct point at;

	if (outbox_hash_at(p->box, p->seq, hash) < 0)
		return false;
	while (standing_next_point(&probes, &at)) {
		if (at.seq == p->seq && memcmp(at.hash, hash, HASH_BYTES) == 0)
			return true;
	}
	return false;
}

static bool
was_counted(const struct probe *p)
{
	uint8_t *packed = NULL, *bytes = NULL;
	size_t packed_len = 0, len = 0;
	struct standing s;
	bool counted = false;

	if (outbox_standing(p->box, &packed, &packed_len) == ST_OK &&
	    document_unpack((struct bytes) { packed, packed_len }, STANDING_BYTES_MAX, &bytes,
	                    &len) == ST_OK &&
	    standing_decode(bytes, len, &s) == ST_OK)
		counted = is_among(p, s.probes);
	free(bytes);
	free(packed);
	return counted;
}

/* The hub acknowledges what it has stored; that it has folded it, it says later. */
static bool
enough(void *ctx)
{
	return was_counted(ctx);
}

static stage
stage_of(const struct probe *p, const uplink *u)
{
	if (!uplink_was_welcomed(u))
		return STAGE_RECORDED;
	if (uplink_facts(u)->acked.seq < p->seq)
		return STAGE_LINK;
	return was_counted(p) ? STAGE_COUNTED : STAGE_ACKNOWLEDGED;
}

static const char *
stage_name(stage s)
{
	static const char *const names[] = {
		[STAGE_RECORDED] = "recorded",
		[STAGE_LINK] = "link",
		[STAGE_ACKNOWLEDGED] = "acknowledged",
		[STAGE_COUNTED] = "counted",
	};

	return names[s];
}

static int
tell_stage(const struct probe *p, stage s, const char *ref, long long ms)
{
	switch (s) {
	case STAGE_COUNTED:
		printf(_("probe %s: counted by the hub after %lld ms\n"), ref, ms);
		return EX_OK;
	case STAGE_ACKNOWLEDGED:
		return cli_fail(EX_TEMPFAIL,
		                _("probe %s: acknowledged, but the hub did not say that it is "
		                  "counted; it may be an older one, or its ledger stands still"),
		                ref);
	case STAGE_LINK:
		return cli_fail(EX_TEMPFAIL,
		                _("probe %s: the hub answers, but has not acknowledged it in time"),
		                ref);
	case STAGE_RECORDED: break;
	}
	return cli_fail(EX_TEMPFAIL, _("probe %s: no link: %s"), ref,
	                *p->last ? p->last : _("no hub was reached in time"));
}

static int
tell(const struct probe *p, stage s)
{
	long long ms = clock_mono_ms() - p->begun_ms;
	struct point at = { .seq = p->seq };
	char ref[REF_TEXT_BYTES];
	status st;

	ref_text(outbox_device(p->box)->feed, &at, false, ref);
	if (!p->json)
		return tell_stage(p, s, ref, ms);
	st = json_print(json_pack("{s:s, s:s, s:I}", "ref", ref, "reached", stage_name(s), "ms",
	                          (json_int_t) ms));
	if (st < 0)
		return cli_exit(st);
	return s == STAGE_COUNTED ? EX_OK : EX_TEMPFAIL;
}

static int
tell_end(void *ctx, const uplink *u, uplink_end end)
{
	const struct probe *p = ctx;

	(void) end; /* the stage says more */
	return tell(p, stage_of(p, u));
}

static int
carry(struct probe *p, const struct errand *e, const struct agent_keys *keys)
{
	struct uplink_config config = settings_of_uplink(&e->config);

	config.ping_ms = PING_MS_HERE;
	config.enough = enough;
	config.timeout_ms = e->timeout_ms;
	config.tell = hear;
	config.ctx = p;
	return errand_run(p->box, keys, &config, &e->config, RETRY_MAX_MS_HERE, tell_end);
}

static int
probe(outbox *box, const struct agent_keys *keys, const struct errand *e)
{
	struct probe p = { .box = box, .begun_ms = clock_mono_ms(), .json = e->json };
	status st = record(&p);

	return st == ST_OK ? carry(&p, e, keys) : command_failed(box, st);
}

int
probe_command(int argc, char **argv)
{
	return errand_command(argc, argv, options, doc, TIMEOUT_MS, probe);
}
