#include "tests/support/hub_fixture.h"

#include <sodium.h>
#include <string.h>

#include "hub/journal.h"
#include "hub/registry_entry.h"
#include "hub/rows.h"
#include "protocol/chain.h"
#include "tests/support/check.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

static const int64_t NOW_MS = INT64_C(1763136000000);

/* ---- the hub ---- */

void
hub_fixture_init(struct hub_fixture *fx, json_t *document)
{
	struct test_device self = { .units = { 0 } };

	crypto_sign_keypair(self.feed, self.secret);
	hub_fixture_init_as(fx, document, &self);
}

void
hub_fixture_init_as(struct hub_fixture *fx, json_t *document, const struct test_device *self)
{
	static const uint8_t curve[CURVE_BYTES] = { 7 };
	json_t *root = document ? document : plan_base();
	char *text = json_dumps(root, 0);

	*fx = (struct hub_fixture) { .scratch = scratch_new() };
	snprintf(fx->home, sizeof(fx->home), "%s", scratch_path(fx->scratch, "hub"));
	assert_status(hub_create(fx->home, curve, self->secret, text, strlen(text), NOW_MS), ST_OK);
	assert_status(hub_open(fx->home, &fx->hub), ST_OK);
	free(text);
	json_decref(root);
}

void
hub_fixture_done(struct hub_fixture *fx)
{
	hub_close(&fx->hub);
	scratch_remove(&fx->scratch);
}

kv_txn *
hub_begin(hub *h)
{
	kv_txn *txn = NULL;

	assert_status(kv_write(hub_store(h), 0, &txn), ST_OK);
	return txn;
}

void
hub_commit(kv_txn **txn)
{
	assert_status(kv_commit(txn), ST_OK);
}

void
hub_give_plan(hub *h, kv_txn *txn, json_t *document)
{
	char *text = json_dumps(document, 0);

	assert_status(hub_publish_plan(h, txn, text, strlen(text), NOW_MS), ST_OK);
	free(text);
	json_decref(document);
}

/* ---- devices ---- */

static size_t
split(const char *list, char *space, size_t size, struct text *texts, size_t max)
{
	char *rest = space;
	size_t count = 0;

	assert_true(snprintf(space, size, "%s", list) < (int) size);
	for (char *next = strsep(&rest, ","); next; next = strsep(&rest, ",")) {
		assert_true(count < max);
		texts[count++] = text_of(next);
	}
	return count;
}

void
test_device_init(struct test_device *d, unsigned number, const char *units)
{
	uint8_t seed[32] = { (uint8_t) number, (uint8_t) (number >> 8), 0x5e };

	*d = (struct test_device) { .curve = { 0xc0 } };
	assert_int_equal(crypto_sign_seed_keypair(d->feed, d->secret, seed), 0);
	memcpy(d->curve + 1, seed, 2);
	if (*units)
		d->units.count = split(units, d->unit_space, sizeof(d->unit_space), d->units.list,
		                       64);
}

struct request
test_device_request(const struct test_device *d)
{
	return (struct request) { .feed = d->feed, .curve = d->curve, .units = d->units };
}

void
test_device_enroll(const struct test_device *d, hub *h, kv_txn *txn, device_role role)
{
	struct request r = test_device_request(d);
	bool refold = false;

	assert_status(registry_enroll(txn, &r, role, NOW_MS, &refold), ST_OK);
	if (refold)
		assert_status(hub_refold(h, txn), ST_OK);
}

void
hub_enter(hub *h, kv_txn *txn, const struct entry *e)
{
	uint64_t offset;
	writer w;

	writer_init(&w);
	assert_status(entry_encode(e, &w), ST_OK);
	assert_status(journal_append(txn, JOURNAL_REGISTRY, NOW_MS, writer_bytes(&w), &offset),
	              ST_OK);
	assert_status(registry_apply(txn, writer_bytes(&w)), ST_OK);
	writer_done(&w);
	assert_status(hub_refold(h, txn), ST_OK);
}

/* ---- events ---- */

static struct event
with_random(struct event e)
{
	static uint8_t space[1 << 16][RANDOM_BYTES];
	static uint64_t made;
	uint8_t *random = space[made % (1 << 16)];

	put_u64(random, ++made);
	e.random = random;
	e.has |= EVENT_BIT(EVENT_RANDOM);
	return e;
}

struct event
test_activity(const char *unit, date day)
{
	return with_random((struct event) {
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUANTITY) |
			EVENT_BIT(EVENT_INDICATOR),
		.kind = KIND_ACTIVITY,
		.unit = text_of(unit),
		.at_ms = NOW_MS,
		.date = day,
		.quantity = 1,
		.indicator = text_of("IND-1"),
	});
}

struct event
test_level(const char *unit, const char *indicator, uint64_t quarter, uint64_t value)
{
	return with_random(
		(struct event) { .has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) |
	                                 EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_VALUE),
	                         .kind = KIND_LEVEL,
	                         .unit = text_of(unit),
	                         .indicator = text_of(indicator),
	                         .quarter = quarter,
	                         .value = value,
	                         .at_ms = NOW_MS });
}

struct event
test_thing(const char *unit, const char *indicator, const char *key, date day)
{
	return with_random((struct event) { .has = EVENT_BIT(EVENT_UNIT) |
	                                            EVENT_BIT(EVENT_INDICATOR) |
	                                            EVENT_BIT(EVENT_THING) | EVENT_BIT(EVENT_DATE),
	                                    .kind = KIND_THING,
	                                    .unit = text_of(unit),
	                                    .indicator = text_of(indicator),
	                                    .thing = text_of(key),
	                                    .date = day,
	                                    .at_ms = NOW_MS });
}

struct event
test_progress(const char *unit, uint64_t quarter)
{
	return with_random(
		(struct event) { .has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_COMMITMENT) |
	                                 EVENT_BIT(EVENT_PERCENT) | EVENT_BIT(EVENT_QUARTER),
	                         .kind = KIND_PROGRESS,
	                         .unit = text_of(unit),
	                         .commitment = text_of("COM-1"),
	                         .percent = 2500,
	                         .quarter = quarter,
	                         .at_ms = NOW_MS });
}

struct event
test_budget(const char *unit, const char *project, uint64_t quarter)
{
	return with_random((struct event) {
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_PROJECT) | EVENT_BIT(EVENT_QUARTER) |
			EVENT_BIT(EVENT_APPROPRIATED) | EVENT_BIT(EVENT_COMMITTED) |
			EVENT_BIT(EVENT_OBLIGATED) | EVENT_BIT(EVENT_PAID),
		.kind = KIND_BUDGET,
		.unit = text_of(unit),
		.project = text_of(project),
		.quarter = quarter,
		.appropriated = 4,
		.committed = 3,
		.obligated = 2,
		.paid = 1,
		.at_ms = NOW_MS,
	});
}

struct event
test_close(const char *unit, uint64_t quarter)
{
	return with_random((struct event) { .has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_QUARTER),
	                                    .kind = KIND_CLOSE,
	                                    .unit = text_of(unit),
	                                    .quarter = quarter,
	                                    .at_ms = NOW_MS });
}

struct event
test_void(const char *unit)
{
	return with_random((struct event) { .has = EVENT_BIT(EVENT_UNIT),
	                                    .kind = KIND_VOID,
	                                    .unit = text_of(unit),
	                                    .at_ms = NOW_MS });
}

void
test_fix(struct event *e, const struct point *at, const uint8_t *feed)
{
	assert_true(e->fixes.count < FIXES_MAX);
	e->fixes.list[e->fixes.count++] = (struct fix) { at->seq, at->hash, feed };
	e->why = text_of("a reason");
	e->has |= EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
}

void
test_indicator(struct event *e, const char *code)
{
	e->has &= ~EVENT_BIT(EVENT_INDICATOR);
	e->indicator = text_of(code);
	if (code)
		e->has |= EVENT_BIT(EVENT_INDICATOR);
}

/* "a,b" */
static void
fill_codes(struct codes *list, const char *codes)
{
	list->count = 0;
	for (const char *at = codes; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");

		list->list[list->count++] = (struct text) { at, len };
		at += len;
	}
}

void
test_initiatives(struct event *e, const char *codes)
{
	fill_codes(&e->initiatives, codes);
	e->has |= EVENT_BIT(EVENT_INITIATIVES);
}

void
test_zero(struct event *e, const char *codes)
{
	fill_codes(&e->zero, codes);
	e->has |= EVENT_BIT(EVENT_ZERO);
}

void
test_nothing(struct event *e, const char *codes)
{
	fill_codes(&e->nothing, codes);
	e->has |= EVENT_BIT(EVENT_NOTHING);
}

static void
drop_item(struct event *e)
{
	e->has &= ~(EVENT_BIT(EVENT_COMMITMENT) | EVENT_BIT(EVENT_RISK) |
	            EVENT_BIT(EVENT_INITIATIVES));
	e->commitment = e->risk = (struct text) { 0 };
	e->initiatives.count = 0;
}

void
test_commitment(struct event *e, const char *code)
{
	drop_item(e);
	e->commitment = text_of(code);
	e->has |= EVENT_BIT(EVENT_COMMITMENT);
}

void
test_risk(struct event *e, const char *code)
{
	drop_item(e);
	e->risk = text_of(code);
	e->has |= EVENT_BIT(EVENT_RISK);
}

void
test_initiative(struct event *e, const char *code)
{
	drop_item(e);
	test_initiatives(e, code);
}

void
test_note(struct event *e, const char *text)
{
	e->note = text_of(text);
	e->has |= EVENT_BIT(EVENT_NOTE);
}

void
test_name(struct event *e, const char *text)
{
	e->name = text_of(text);
	e->has |= EVENT_BIT(EVENT_NAME);
}

void
test_mode(struct event *e, const char *code)
{
	e->mode = text_of(code);
	e->has |= EVENT_BIT(EVENT_MODE);
}

void
test_count(struct event *e, const char *name, uint64_t value)
{
	e->counts.list[e->counts.count++] = (struct tally) { text_of(name), value };
	e->has |= EVENT_BIT(EVENT_COUNTS);
}

void
test_group(struct event *e, const char *name, uint64_t value)
{
	e->groups.list[e->groups.count++] = (struct tally) { text_of(name), value };
	e->has |= EVENT_BIT(EVENT_GROUPS);
}

/* ---- lanes ---- */

void
lane_init(lane *l, const struct test_device *d)
{
	*l = (lane) { .device = d };
}

void
lane_done(lane *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->events[i].body);
	free(l->events);
	*l = (lane) { 0 };
}

struct point
lane_point(const lane *l, uint64_t seq)
{
	struct point p;

	assert_true(seq <= l->count);
	if (seq > 0)
		return l->events[seq - 1].at;
	chain_start(l->device->feed, &p);
	return p;
}

struct point
lane_add_body(lane *l, struct bytes body)
{
	struct lane_event e = { .at = lane_point(l, l->count), .len = body.len };
	uint8_t hash[HASH_BYTES];

	hash_bytes(body.at, body.len, hash);
	chain_step(l->device->feed, &e.at, hash);
	e.body = malloc(body.len + 1);
	l->events = realloc(l->events, (l->count + 1) * sizeof(e));
	assert_true(e.body && l->events);
	if (body.len > 0)
		memcpy(e.body, body.at, body.len);
	l->events[l->count++] = e;
	return e.at;
}

struct point
lane_add(lane *l, struct event *e)
{
	struct point at;
	event_field fault;
	writer w;

	writer_init(&w);
	assert_status(event_encode(e, &w, &fault), ST_OK);
	at = lane_add_body(l, writer_bytes(&w));
	writer_done(&w);
	return at;
}

void
lane_fork(lane *copy, const lane *from, size_t keep)
{
	lane_init(copy, from->device);
	for (size_t i = 0; i < keep; i++) {
		lane_add_body(copy, (struct bytes) { from->events[i].body, from->events[i].len });
		copy->events[i].erased = from->events[i].erased;
	}
}

void
lane_erase(lane *l, uint64_t seq)
{
	l->events[seq - 1].erased = true;
}

void
lane_seal(const lane *l, uint64_t first, uint64_t last, writer *w)
{
	struct point start = lane_point(l, first - 1);
	writer bodies;

	writer_init(&bodies);
	for (uint64_t seq = first; seq <= last; seq++) {
		const struct lane_event *e = &l->events[seq - 1];
		uint8_t hash[HASH_BYTES];

		hash_bytes(e->body, e->len, hash);
		if (e->erased)
			writer_erased(&bodies, hash);
		else
			writer_bin(&bodies, e->body, e->len);
	}
	assert_status(writer_status(&bodies), ST_OK);
	assert_status(batch_seal(l->device->feed, l->device->secret, &start, writer_bytes(&bodies),
	                         last - first + 1, w),
	              ST_OK);
	writer_done(&bodies);
}

status
lane_give(const lane *l, uint64_t first, uint64_t last, hub *h, kv_txn *txn)
{
	struct batch b;
	status st;
	writer w;

	writer_init(&w);
	lane_seal(l, first, last, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	st = hub_take(h, txn, &b, NOW_MS);
	writer_done(&w);
	if (st == ST_OK)
		st = hub_settle(h, txn);
	return st;
}

void
lane_give_all(const lane *l, size_t step, hub *h, kv_txn *txn)
{
	for (size_t first = 1; first <= l->count; first += step) {
		size_t last = first + step - 1;

		assert_status(lane_give(l, first, last < l->count ? last : l->count, h, txn),
		              ST_OK);
	}
}

void
hub_says(hub *h, kv_txn *txn, struct event *e)
{
	uint8_t secret[SIGN_SECRET_BYTES];
	struct point leaves[LANES_MAX];
	writer body, framed, sealed;
	event_field fault;
	struct batch b;
	size_t count;

	writer_init(&body);
	writer_init(&framed);
	writer_init(&sealed);
	assert_status(hub_secret(h, secret), ST_OK);
	assert_status(journal_leaves(txn, hub_id(h), leaves, LANES_MAX, &count), ST_OK);
	assert_int_equal(count, 1);
	assert_status(event_encode(e, &body, &fault), ST_OK);
	writer_bin(&framed, writer_bytes(&body).at, writer_bytes(&body).len);
	assert_status(batch_seal(hub_id(h), secret, &leaves[0], writer_bytes(&framed), 1, &sealed),
	              ST_OK);
	assert_status(batch_open(writer_bytes(&sealed).at, writer_bytes(&sealed).len, &b), ST_OK);
	assert_status(hub_take(h, txn, &b, NOW_MS), ST_OK);
	assert_status(hub_settle(h, txn), ST_OK);
	writer_done(&body);
	writer_done(&framed);
	writer_done(&sealed);
}

/* ---- looking ---- */

uint64_t
cell_quantity(kv_txn *txn, const char *code, const char *unit, const char *country, date day,
              const char *mode, event_status s)
{
	const struct cell_key k = { text_of(code), text_of(unit), text_of(country),
		                    text_of(mode), day,           s };

	return cell_at(txn, &k).quantity;
}

struct cell
cell_at(kv_txn *txn, const struct cell_key *k)
{
	uint8_t key[ROW_KEY_MAX];
	struct bytes value;
	struct cell c = { 0 };
	status st = kv_get(txn, TABLE_CELLS, (struct bytes) { key, cell_key_write(k, key) },
	                   &value);

	if (st == ST_NOT_FOUND)
		return c;
	assert_status(st, ST_OK);
	assert_status(cell_read(value, &c), ST_OK);
	return c;
}

uint64_t
cell_extra_total(kv_txn *txn, const struct cell_key *k, char type, const char *name)
{
	const struct cell c = cell_at(txn, k);
	uint64_t total = 0;

	assert_status(cell_total(&c, type, text_of(name), &total), ST_OK);
	return total;
}

uint64_t
tally_records(kv_txn *txn, date day, const char *unit, event_status s)
{
	const struct tally_key k = { day, text_of(unit), s };
	uint8_t key[ROW_KEY_MAX];
	struct bytes value;
	uint64_t total;
	status st = kv_get(txn, TABLE_TALLIES, (struct bytes) { key, tally_key_write(&k, key) },
	                   &value);

	if (st == ST_NOT_FOUND)
		return 0;
	assert_status(st, ST_OK);
	assert_status(total_read(value, &total), ST_OK);
	return total;
}

hold
held_reason(kv_txn *txn, const uint8_t *feed, const struct point *at)
{
	uint8_t id[EVENT_ID_BYTES];
	struct bytes value;
	status st;

	event_id_write(feed, at, id);
	st = kv_get(txn, TABLE_HELD, (struct bytes) { id, sizeof(id) }, &value);
	if (st == ST_NOT_FOUND)
		return HOLD_NONE;
	assert_status(st, ST_OK);
	return hold_of_name((struct text) { (const char *) value.at, value.len });
}
