/* Hubs: what hub/link/intake_turn.c does in one turn, without its socket. */
#include <string.h>

#include "hub/backups.h"
#include "hub/journal.h"
#include "hub/plans.h"
#include "tests/sim/world.h"
#include "tests/support/scratch.h"

enum { DEPOT_ROOM = 32 };

/* ---- life ---- */

static uint64_t
plan_in_force(const struct sim_hub *h)
{
	struct plan_row row = { 0 };
	kv_txn *txn = NULL;

	must(kv_read(hub_store(h->hub), &txn), ST_OK);
	must(plans_in_force(txn, &row), ST_OK);
	kv_abort(&txn);
	return row.version;
}

void
hub_start(size_t which)
{
	struct sim_hub *h = &world.hubs[which];

	must(hub_open(h->home, &h->hub), ST_OK);
	must(answers_new(h->hub, h->self.secret, &h->answers), ST_OK);
	h->table = connections_new();
	h->depot = depot_new(DEPOT_ROOM);
	if (!h->table || !h->depot)
		broken("no memory");
	h->common = (struct hub_common) { .boot = ++world.serial };
	memcpy(h->common.hub, h->self.feed, FEED_BYTES);
	memcpy(h->common.secret, h->self.secret, SIGN_SECRET_BYTES);
	h->common.answers = answers_table(h->answers);
	writer_init(&h->common.w);
	h->told_plan = plan_in_force(h);
	if (h->told_plan != model_plan(h->known))
		broken("hub %zu: plan %ju is in force, not %ju", which, (uintmax_t) h->told_plan,
		       (uintmax_t) model_plan(h->known));
}

void
hub_stop(size_t which)
{
	struct sim_hub *h = &world.hubs[which];

	for (size_t i = 0; i < DEVICES && which < HUBS; i++) {
		wire_tear(&world.devices[i], which, pick(2));
		world.devices[i].wires[which].row = NULL;
	}
	writer_done(&h->common.w);
	depot_free(&h->depot);
	connections_free(&h->table);
	answers_free(&h->answers);
	hub_close(&h->hub);
}

void
hub_put_back(size_t which, const struct disk *image, uint64_t known, size_t acts)
{
	struct sim_hub *h = &world.hubs[which];

	hub_stop(which);
	for (size_t i = 0; i < world.count; i++)
		world.devices[i].wires[which].older = true;
	disk_put(image, h->store);
	h->known = known;
	h->acts = acts;
	hub_start(which);
}

/* As `valija-hub backup` does once it has read the copy. */
static void
note_backup(hub *h, const char *home)
{
	kv_txn *txn = NULL, *seen = NULL;
	hub *copy = NULL;

	must(hub_open(home, &copy), ST_OK);
	must(kv_read(hub_store(copy), &seen), ST_OK);
	must(kv_write(hub_store(h), 0, &txn), ST_OK);
	must(backups_note(txn, copy, seen, home, world.now_ms), ST_OK);
	kv_abort(&seen);
	must(kv_commit(&txn), ST_OK);
	hub_close(&copy);
}

void
hub_save(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	char *scratch = scratch_new(), store[400], home[360];

	snprintf(home, sizeof(home), "%s/backup", scratch);
	snprintf(store, sizeof(store), "%s/store", home);
	must(hub_backup(h->hub, home), ST_OK);
	note_backup(h->hub, home);
	disk_take(&h->backup, store);
	h->backup_known = h->known;
	h->backup_acts = h->acts;
	scratch_remove(&scratch);
}

/* ---- connections ---- */

bool
hub_turns_away(size_t which, size_t feed)
{
	unsigned have[NAIVE_DEVICES];

	model_rights(world.hubs[which].acts, have);
	return have[feed] == 0;
}

static void
act_on(size_t which, connection *row, const struct hub_action *a)
{
	if (a->hello) {
		row->contact.last_ms = world.now_ms;
		row->contact.tip = a->hello->tip;
		row->contact.plan = a->hello->plan;
		row->contact.registry = a->hello->registry;
		row->contact_dirty = true;
	}
	wire_answer(which, row, a);
	if (row->sync.unanswered > row->sync.credit)
		broken("hub %zu lets a device have more unanswered than it allowed", which);
}

void
hub_hears(size_t which, connection *row, const struct frame *frame)
{
	struct sim_hub *h = &world.hubs[which];
	zmq_msg_t *slot = depot_slot(h->depot);
	struct hub_action action;

	zmq_msg_close(slot);
	if (zmq_msg_init_size(slot, frame->len) != 0)
		broken("no memory");
	memcpy(zmq_msg_data(slot), frame->at, frame->len);
	connections_heard(h->table, row, world.now_ms);
	must(answers_begin(h->answers), ST_OK);
	hub_sync_frame(&row->sync, &h->common, zmq_msg_data(slot), frame->len,
	               world.now_ms + h->skew_ms, &action);
	answers_end(h->answers);
	if (action.type == HUB_STORE)
		depot_keep(h->depot, row, &action);
	else
		act_on(which, row, &action);
}

/* Tell those who are connected of a new plan or registry. */
static void
tell_all(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	struct hub_action action;
	connection *row;
	size_t cursor = 0;

	h->told_plan = plan_in_force(h);
	must(answers_begin(h->answers), ST_OK);
	while ((row = connections_next(h->table, &cursor)) != NULL) {
		size_t feed = model_feed(row->sync.feed);

		if (hub_turns_away(which, feed))
			hub_sync_refuse(&row->sync, &h->common, REFUSAL_ENROLMENT, &action);
		else
			hub_sync_notice(&row->sync, &h->common, world.now_ms + h->skew_ms, &action);
		act_on(which, row, &action);
	}
	answers_end(h->answers);
}

static void
drop_gone(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	connection *row;
	size_t cursor = 0;

	while ((row = connections_next(h->table, &cursor)) != NULL)
		if (row->waiting == 0 && world.devices[row->fd].wires[which].row != row)
			connections_remove(h->table, row);
}

/* ---- storing ---- */

static void
check_outcome(size_t which, const struct batch *b, status came_to)
{
	struct sim_hub *h = &world.hubs[which];
	uint64_t new;
	status want = model_take(h->known, b, &new);

	if (h->fault && came_to != want && (came_to == ST_FULL || came_to == ST_IO))
		return;
	if (came_to != want)
		broken("hub %zu: a batch that ends at %ju came to '%s', not '%s'", which,
		       (uintmax_t) (b->first + b->count - 1), status_text(came_to),
		       status_text(want));
	h->known |= new;
}

static void
settle(size_t which, size_t count)
{
	struct sim_hub *h = &world.hubs[which];
	struct hub_action action;

	must(answers_begin(h->answers), ST_OK);
	for (size_t i = 0; i < count; i++) {
		const struct parcel *p = depot_at(h->depot, i);

		hub_sync_settled(&p->from->sync, &h->common, &p->settled, &action);
		act_on(which, p->from, &action);
	}
	answers_end(h->answers);
}

static void
store_some(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	size_t count;
	uint64_t syncs = disk_syncs(), known = h->known;
	status st = depot_store(h->depot, h->hub, h->table, world.now_ms + h->skew_ms, &count);

	if (st < 0 && !h->fault)
		broken("hub %zu cannot store: %s", which, status_text(st));
	trace_say("hub %zu stores %zu batches: %s", which, count, status_text(st));
	for (size_t i = 0; i < count; i++)
		check_outcome(which, &depot_at(h->depot, i)->batch,
		              depot_at(h->depot, i)->settled.outcome);
	if (h->known != known && disk_syncs() == syncs)
		broken("hub %zu acknowledges what was not synced", which);
	settle(which, count);
	depot_let_go(h->depot, count);
}

void
hub_store_waiting(size_t which)
{
	struct sim_hub *h = &world.hubs[which];

	do {
		store_some(which);
	} while (depot_count(h->depot) > 0);
	drop_gone(which);
	if (plan_in_force(h) != h->told_plan)
		tell_all(which);
}

status
hub_hand(size_t which, const struct sealed *sealed)
{
	struct sim_hub *h = &world.hubs[which];
	kv_txn *txn = NULL;
	struct batch b;
	status st = batch_open(sealed->at, sealed->len, &b);

	if (st < 0)
		return st;
	must(kv_write(hub_store(h->hub), 0, &txn), ST_OK);
	st = hub_take(h->hub, txn, &b, world.now_ms + h->skew_ms);
	must(hub_settle(h->hub, txn), ST_OK);
	must(kv_commit(&txn), ST_OK);
	if (plan_in_force(h) != h->told_plan)
		tell_all(which);
	return st;
}

/* ---- acts of the registry ---- */

static const char *const unit_names[] = { "con-a", "con-b", "area-x" };
static const size_t ascending[] = { 2, 0, 1 };

static struct codes
units_of(unsigned rights)
{
	struct codes units = { .count = 0 };

	for (size_t i = 0; i < LENGTH(ascending); i++)
		if (rights >> ascending[i] & 1)
			units.list[units.count++] = text_of(unit_names[ascending[i]]);
	return units;
}

static status
give(const struct sim_hub *h, kv_txn *txn, const struct naive_act *a)
{
	struct request r = test_device_request(&sim_keys[a->device]);
	bool refold = false;
	status st;

	r.units = units_of(a->rights);
	st = registry_enroll(txn, &r, a->rights & NAIVE_OFFICE ? ROLE_OFFICE : ROLE_DEVICE,
	                     world.now_ms, &refold);
	if (st == ST_OK && refold)
		must(hub_refold(h->hub, txn), ST_OK);
	return st;
}

static status
do_act(const struct sim_hub *h, kv_txn *txn, const struct naive_act *a)
{
	const uint8_t *feed = sim_keys[a->device].feed;
	struct codes units = units_of(a->rights);
	status st;

	switch (a->type) {
	case NAIVE_GRANT: return give(h, txn, a);
	case NAIVE_LOSS:
		return registry_revoke(txn, feed, &units, a->rights & NAIVE_OFFICE, text_of("lost"),
		                       world.now_ms);
	case NAIVE_ADMIT: break;
	}
	st = registry_admit(txn, feed, text_of("found"), world.now_ms);
	if (st == ST_OK)
		must(hub_refold(h->hub, txn), ST_OK);
	return st;
}

static struct naive_act
choose_act(const struct sim_hub *h)
{
	struct naive_act a = { .type = NAIVE_LOSS, .device = pick(OFFICE) };
	unsigned have[NAIVE_DEVICES];

	if (world.office_acts && pick(3) == 0)
		a.device = OFFICE;
	model_rights(h->acts, have);
	if (pick(2))
		a.type = pick(2) ? NAIVE_GRANT : NAIVE_ADMIT;
	a.rights = have[a.device];
	if (a.type == NAIVE_LOSS && pick(2))
		a.rights &= 1 + pick(15);
	if (a.type == NAIVE_GRANT)
		a.rights |= 1 + pick(3) + (a.device == OFFICE && pick(2) ? NAIVE_OFFICE : 0);
	if (a.type != NAIVE_GRANT)
		a.leaves = model_leaves(h->known, a.device);
	return a;
}

/* What another hub needs to do the same. */
static void
keep_entry(const struct sim_hub *h, kv_txn *txn)
{
	struct act_bytes *to = &world.acts[world.naive.act_count];
	struct journal_entry entry;

	(void) h;
	must(journal_read(txn, journal_size(txn) - 1, &entry), ST_OK);
	if (entry.kind != JOURNAL_REGISTRY || entry.bytes.len > sizeof(to->at))
		broken("an act of the registry is not in the journal");
	memcpy(to->at, entry.bytes.at, entry.bytes.len);
	to->len = entry.bytes.len;
}

void
hub_act(size_t which)
{
	static const char *const names[] = {
		[NAIVE_GRANT] = "given", [NAIVE_LOSS] = "taken", [NAIVE_ADMIT] = "admitted"
	};
	struct sim_hub *h = &world.hubs[which];
	struct naive_act a = choose_act(h);
	kv_txn *txn = NULL;
	status st;

	if (h->acts < world.naive.act_count || h->acts == NAIVE_ACTS_MAX)
		return;
	must(kv_write(hub_store(h->hub), 0, &txn), ST_OK);
	st = do_act(h, txn, &a);
	if (st == ST_OK) {
		keep_entry(h, txn);
		must(kv_commit(&txn), ST_OK);
		world.naive.acts[world.naive.act_count++] = a;
		h->acts++;
		trace_say("hub %zu: rights %x of feed %zu are %s", which, a.rights, a.device,
		          names[a.type]);
		tell_all(which);
	} else if (st != ST_EXISTS && st != ST_INVALID) {
		broken("hub %zu: an act of the office came to '%s'", which, status_text(st));
	}
	kv_abort(&txn);
}

void
hub_learn_act(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	struct act_bytes *act = &world.acts[h->acts];
	kv_txn *txn = NULL;
	uint64_t offset;

	if (h->acts == world.naive.act_count)
		return;
	must(kv_write(hub_store(h->hub), 0, &txn), ST_OK);
	must(journal_append(txn, JOURNAL_REGISTRY, world.now_ms,
	                    (struct bytes) { act->at, act->len }, &offset),
	     ST_OK);
	must(registry_apply(txn, (struct bytes) { act->at, act->len }), ST_OK);
	must(hub_refold(h->hub, txn), ST_OK);
	must(kv_commit(&txn), ST_OK);
	h->acts++;
	trace_say("hub %zu learns of act %zu", which, h->acts);
	if (which < HUBS)
		tell_all(which);
}
