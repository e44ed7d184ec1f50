/* People record: what is confirmed to them goes into the model, after it was read
 * back from the disk and its place worked out again. */
#include <string.h>

#include "protocol/parts.h"
#include "tests/sim/world.h"
#include "tests/support/plan_base.h"

enum { ITEMS_MAX = 3, NOTE_BYTES = 3000 };

/* One commit, and what the model will know of it. */
struct draft {
	struct naive_event said[ITEMS_MAX];
	uint8_t bodies[ITEMS_MAX][EVENT_BYTES_MAX];
	struct outbox_item items[ITEMS_MAX];
	uint8_t keys[ITEMS_MAX][HASH_BYTES];
	uint64_t plan; /* or 0 */
	size_t count;
};

static size_t
number(const struct sim_device *d)
{
	return (size_t) (d - world.devices);
}

/* ---- what may be refused ---- */

/* What an outbox must say to a correction, as far as its targets are its own. */
static status
foresee_fixes(const struct sim_device *d, const struct naive_event *n)
{
	for (size_t i = 0; i < n->target_count; i++) {
		size_t target = n->targets[i];

		if (target == NONE)
			return ST_INVALID; /* named without a feed: its own */
		if (world.naive.events[target].device != d->feed)
			continue;
		if (!((model_chain(d->tip) & ~d->gone) >> target & 1))
			return ST_INVALID;
		if (model_replaced(d->tip, target))
			return ST_EXISTS;
		for (size_t k = 0; k < i; k++)
			if (n->targets[k] == target)
				return ST_EXISTS;
	}
	return ST_OK;
}

/* ---- what is read back ---- */

/* The body as it was given, or with random bytes put in. */
static void
check_body(struct bytes got, struct bytes given)
{
	event_field fault;
	struct event e;
	writer w;

	if (got.len == given.len && memcmp(got.at, given.at, got.len) == 0)
		return;
	writer_init(&w);
	if (event_decode(got, &e) != HOLD_NONE)
		broken("an entry cannot be read after it was recorded");
	e.has &= ~EVENT_BIT(EVENT_RANDOM);
	must(event_encode(&e, &w, &fault), ST_OK);
	if (writer_bytes(&w).len != given.len ||
	    memcmp(writer_bytes(&w).at, given.at, given.len) != 0)
		broken("an entry was recorded with other words");
	writer_done(&w);
}

/* The next event of the device is there, and follows the last one. */
static void
read_back(struct sim_device *d, struct naive_event *n, struct bytes given, uint64_t seq)
{
	static uint8_t body[EVENT_BYTES_MAX];
	struct point before = model_point(d->feed, d->tip);
	size_t event = world.naive.count, len;
	uint8_t hash[HASH_BYTES];

	if (seq != before.seq + 1)
		broken("device %zu recorded number %ju after %ju", number(d), (uintmax_t) seq,
		       (uintmax_t) before.seq);
	must(outbox_read(d->box, seq, body, &len, &n->at), ST_OK);
	check_body((struct bytes) { body, len }, given);
	model_hash(n->feed, seq, before.hash, (struct bytes) { body, len }, hash);
	if (memcmp(hash, n->at.hash, HASH_BYTES) != 0)
		broken("device %zu, event %ju: the hash is not that of its chain", number(d),
		       (uintmax_t) seq);
	if (model_find(n->feed, &n->at) != NONE)
		broken("device %zu, event %ju: two records of two people are one event", number(d),
		       (uintmax_t) seq);
	world.bodies[event] = malloc(len + 1);
	if (!world.bodies[event])
		broken("no memory");
	memcpy(world.bodies[event], body, len);
	world.body_lens[event] = len;
}

static void
confirm(struct sim_device *d, struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct naive_event *n = &draft->said[i];
		size_t event = world.naive.count;

		read_back(d, n, draft->items[i].body, draft->items[i].ret_seq);
		n->parent = d->tip;
		world.plan_of[event] = draft->plan;
		world.keys[event] = draft->items[i].key != NULL;
		world.naive.events[world.naive.count++] = *n;
		d->tip = event;
		trace->events++;
	}
	trace_say("device %zu records %zu, up to event %zu, number %ju", number(d), draft->count,
	          d->tip, (uintmax_t) world.naive.events[d->tip].at.seq);
}

static void
append(struct sim_device *d, struct draft *draft, status foreseen)
{
	uint64_t syncs = disk_syncs();
	status st = outbox_append(d->box, draft->items, draft->count, 0);

	if (st != foreseen)
		broken("device %zu: recording came to '%s', not '%s'", number(d), status_text(st),
		       status_text(foreseen));
	if (st < 0) {
		trace_say("device %zu is told that it cannot record: %s", number(d),
		          status_text(st));
		return;
	}
	if (disk_syncs() == syncs)
		broken("device %zu confirmed what was not synced", number(d));
	confirm(d, draft);
	for (size_t which = 0; which < world.hub_count; which++)
		if (d->wires[which].sync && pick(3) > 0)
			device_sync_grew(d->wires[which].sync);
}

/* ---- what is recorded ---- */

static void
add_note(struct event *e)
{
	static char note[NOTE_BYTES];
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	for (size_t i = 0; i < sizeof(note); i += 8) {
		uint64_t bits = pick_bits();

		for (size_t k = i; k < i + 8; k++, bits >>= 8)
			note[k] = letters[bits % 64];
	}
	e->note = (struct text) { note, sizeof(note) };
	e->has |= EVENT_BIT(EVENT_NOTE);
}

static void
encode(struct sim_device *d, struct draft *draft, struct event *e)
{
	size_t i = draft->count;
	event_field fault;
	writer w;

	writer_init(&w);
	e->at_ms = device_clock(d);
	e->has &= ~EVENT_BIT(EVENT_RANDOM);
	must(event_encode(e, &w, &fault), ST_OK);
	memcpy(draft->bodies[i], writer_bytes(&w).at, writer_bytes(&w).len);
	draft->items[i] = (struct outbox_item) { .body = { draft->bodies[i],
		                                           writer_bytes(&w).len } };
	draft->count++;
	writer_done(&w);
}

static void
say(struct sim_device *d, struct draft *draft, bool corrects)
{
	struct naive_event n = { .device = d->feed, .percent = -1, .kind = KIND_VOID };
	unsigned kind = pick(16);
	struct event e;

	memcpy(n.feed, sim_keys[d->feed].feed, FEED_BYTES);
	e = kind < 4 && corrects ? naive_pick_void(&n) : naive_pick_record(&n);
	if (corrects && kind < 9)
		naive_pick_targets(&world.naive, &n, &e);
	if (n.kind == KIND_ACTIVITY && pick(4) == 0)
		add_note(&e);
	draft->said[draft->count] = n;
	encode(d, draft, &e);
}

/* Only the first may correct: what the later ones of a commit name is no matter of the
 * outbox that the model foresees. */
static void
record(struct sim_device *d, struct draft *draft, unsigned count, bool full)
{
	status foreseen;

	for (unsigned i = 0; i < count; i++)
		say(d, draft, i == 0);
	if (pick(4) == 0) {
		put_u64(draft->keys[0], 1 + world.naive.count);
		draft->items[0].key = draft->keys[0];
	}
	foreseen = full ? ST_FULL : foresee_fixes(d, &draft->said[0]);
	append(d, draft, foreseen);
}

void
record_some(struct sim_device *d, unsigned count)
{
	static struct draft draft;
	bool full = pick(25) == 0 && !world.calm;

	memset(&draft, 0, offsetof(struct draft, bodies));
	memset(draft.keys, 0, sizeof(draft.keys));
	draft.count = 0;
	draft.plan = 0;
	if (world.naive.count + count > NAIVE_EVENTS_MAX)
		return;
	world.now_ms += CLOCK_MS; /* nobody types twice within that, also after a restore */
	disk_is_full(full);
	record(d, &draft, count, full);
	disk_is_full(false);
}

void
record_twins(struct sim_device *a, struct sim_device *b)
{
	static struct draft draft;
	struct sim_device *both[] = { a, b };
	uint64_t chance = pick_bits();

	if (world.naive.count + 2 > NAIVE_EVENTS_MAX || a->tip == NONE || b->tip == NONE)
		return;
	for (size_t i = 0; i < 2; i++) {
		bool stood = both[i]->clock_stands;
		int64_t at_ms = both[i]->stands_at_ms;

		memset(&draft.said, 0, sizeof(draft.said));
		draft.count = 0;
		draft.plan = 0;
		both[i]->clock_stands = true;
		both[i]->stands_at_ms = 1;
		pick_seed(chance);
		say(both[i], &draft, false);
		append(both[i], &draft, ST_OK);
		both[i]->clock_stands = stood;
		both[i]->stands_at_ms = at_ms;
	}
}

void
record_again(struct sim_device *d)
{
	struct outbox_item item = { 0 };
	uint8_t key[HASH_BYTES] = { 0 };
	size_t at = d->tip;

	while (at != NONE && !world.keys[at])
		at = world.naive.events[at].parent;
	if (at == NONE)
		return;
	put_u64(key, 1 + at);
	item.key = key;
	item.body = (struct bytes) { world.bodies[at], world.body_lens[at] };
	must(outbox_append(d->box, &item, 1, 0), ST_OK);
	if (!item.ret_known || item.ret_seq != world.naive.events[at].at.seq)
		broken("device %zu recorded what was recorded before", number(d));
	trace_say("device %zu is given event %zu again and knows it", number(d), at);
}

/* ---- plans ---- */

struct publishing {
	struct sim_device *device;
	struct draft *draft;
};

static status
keep_part(void *ctx, struct bytes body)
{
	struct publishing *p = ctx;
	struct naive_event n = {
		.device = p->device->feed, .percent = -1, .kind = KIND_PLAN, .unit = ""
	};

	memcpy(n.feed, sim_keys[p->device->feed].feed, FEED_BYTES);
	if (p->draft->count > 0)
		broken("a plan of the simulator has one part");
	p->draft->said[0] = n;
	memcpy(p->draft->bodies[0], body.at, body.len);
	p->draft->items[0] = (struct outbox_item) { .body = { p->draft->bodies[0], body.len } };
	p->draft->count = 1;
	return ST_OK;
}

/* The same bytes whoever publishes that version: one office, one document. */
void
record_plan(struct sim_device *d)
{
	static struct draft draft;
	struct publishing p = { d, &draft };
	struct event head = { .kind = KIND_PLAN };
	char version[24];
	json_t *json;
	char *text;

	if (d->feed != OFFICE || world.office_acts || world.naive.count == NAIVE_EVENTS_MAX)
		return;
	memset(&draft, 0, offsetof(struct draft, bodies));
	draft.count = 0;
	draft.plan = ++world.plan;
	json = naive_plan(world.plan % 2 == 0);
	snprintf(version, sizeof(version), "%ju", (uintmax_t) world.plan);
	plan_base_edit(json, "/version", version);
	text = json_dumps(json, 0);
	head.plan_version = world.plan;
	head.at_ms = device_clock(d);
	must(parts_cut(&head, (struct bytes) { (const uint8_t *) text, strlen(text) }, keep_part,
	               &p),
	     ST_OK);
	trace_say("device %zu publishes plan %ju", number(d), (uintmax_t) world.plan);
	append(d, &draft, ST_OK);
	free(text);
	json_decref(json);
}

/* ---- what is on a disk ---- */

void
record_check(struct sim_device *d)
{
	static uint8_t body[EVENT_BYTES_MAX];
	struct point tip, wanted = model_point(d->feed, d->tip), at;
	size_t len;

	must(outbox_tip(d->box, &tip), ST_OK);
	if (!point_equal(&tip, &wanted))
		broken("device %zu ends at %ju; what was confirmed ends at %ju", number(d),
		       (uintmax_t) tip.seq, (uintmax_t) wanted.seq);
	for (size_t i = d->tip; i != NONE; i = world.naive.events[i].parent) {
		const struct point *p = &world.naive.events[i].at;

		if (d->gone >> i & 1) {
			must(outbox_read(d->box, p->seq, body, &len, &at), ST_NOT_FOUND);
			continue;
		}
		must(outbox_read(d->box, p->seq, body, &len, &at), ST_OK);
		if (!point_equal(&at, p) || len != world.body_lens[i] ||
		    memcmp(body, world.bodies[i], len) != 0)
			broken("device %zu: event %ju is not as it was confirmed", number(d),
			       (uintmax_t) p->seq);
	}
}
