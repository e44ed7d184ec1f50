/* tests/support/hub_fixture.h - a hub in a scratch folder, and what feeds it
 *
 * Devices are made from numbers, so a test is the same in every run.  A lane is
 * a whole unbranched feed in memory, from its first event on; a fork is a copy.
 *
 * A failure in here ends the running test.
 */
#pragma once

#include <jansson.h>

#include "hub/cells.h"
#include "hub/hub.h"
#include "hub/rows.h"
#include "protocol/event.h"

/* ---- the hub ---- */

struct hub_fixture {
	char *scratch;
	char home[512];
	hub *hub;
};

/* Make and open a hub with that plan, which is dropped (NULL: plan_base()). */
void hub_fixture_init(struct hub_fixture *fx, json_t *document);
/* The same of a hub with the keys of a device: it and its copies. */
struct test_device;
void hub_fixture_init_as(struct hub_fixture *fx, json_t *document, const struct test_device *self);
void hub_fixture_done(struct hub_fixture *fx);

kv_txn *hub_begin(hub *h);
void hub_commit(kv_txn **txn);

/* Publish a document, which is dropped. */
void hub_give_plan(hub *h, kv_txn *txn, json_t *document);

/* ---- devices ---- */

struct test_device {
	uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES], curve[CURVE_BYTES];
	char unit_space[200];
	struct codes units;
};

/* units: "con-a,con-b", ascending. */
void test_device_init(struct test_device *d, unsigned number, const char *units);
/* The request of the device, verified; points into d. */
struct request test_device_request(const struct test_device *d);
/* Enrol it, and fold again where that is asked for. */
void test_device_enroll(const struct test_device *d, hub *h, kv_txn *txn, device_role role);

/* Enter an act of the registry as it is, and fold again. */
struct entry;
void hub_enter(hub *h, kv_txn *txn, const struct entry *e);

/* ---- events ---- */

/* Done at that unit, IND-1, quantity 1; with random bytes of its own. */
struct event test_activity(const char *unit, date day);
/* What an indicator stood at in a quarter (protocol/date.h). */
struct event test_level(const char *unit, const char *indicator, uint64_t quarter, uint64_t value);
/* It came in on that day; without a name. */
struct event test_thing(const char *unit, const char *indicator, const char *key, date day);
/* 25 % of commitment COM-1. */
struct event test_progress(const char *unit, uint64_t quarter);
/* 4 appropriated, 3 committed, 2 obligated, 1 paid. */
struct event test_budget(const char *unit, const char *project, uint64_t quarter);
/* Nothing declared. */
struct event test_close(const char *unit, uint64_t quarter);
/* A void, or any event, that names a version: of its own feed when feed is NULL. */
struct event test_void(const char *unit);
void test_fix(struct event *e, const struct point *at, const uint8_t *feed);
void test_indicator(struct event *e, const char *code);    /* NULL: none */
void test_initiatives(struct event *e, const char *codes); /* "a,b"; kept by the caller */
void test_zero(struct event *e, const char *codes);
void test_nothing(struct event *e, const char *codes);
/* The one item of a progress. */
void test_commitment(struct event *e, const char *code);
void test_risk(struct event *e, const char *code);
void test_initiative(struct event *e, const char *code);
void test_note(struct event *e, const char *text);
void test_name(struct event *e, const char *text);
void test_mode(struct event *e, const char *code);
void test_count(struct event *e, const char *name, uint64_t value);
void test_group(struct event *e, const char *name, uint64_t value);

/* ---- lanes ---- */

struct lane_event {
	struct point at;
	uint8_t *body;
	size_t len;
	bool erased;
};

typedef struct lane {
	const struct test_device *device;
	struct lane_event *events; /* event n at n - 1 */
	size_t count;
} lane;

void lane_init(lane *l, const struct test_device *d);
void lane_done(lane *l);
/* A copy of the first keep events. */
void lane_fork(lane *copy, const lane *from, size_t keep);

struct point lane_add_body(lane *l, struct bytes body);
struct point lane_add(lane *l, struct event *e);
struct point lane_point(const lane *l, uint64_t seq);
/* From now on only the hash of that body travels. */
void lane_erase(lane *l, uint64_t seq);

/* Seal events first to last; w is initialised. */
void lane_seal(const lane *l, uint64_t first, uint64_t last, writer *w);
/* The same into hub_take(), and settled. */
status lane_give(const lane *l, uint64_t first, uint64_t last, hub *h, kv_txn *txn);
/* All of it, in one batch a step of step events; must be taken. */
void lane_give_all(const lane *l, size_t step, hub *h, kv_txn *txn);

/* An event of the hub's own feed. */
void hub_says(hub *h, kv_txn *txn, struct event *e);

/* ---- looking ---- */

/* "IND-1 con-a US 2025-11-14 movil done" and the like -> quantity; 0: no such
 * cell.  day is a date number; mode "" for none. */
uint64_t cell_quantity(kv_txn *txn, const char *code, const char *unit, const char *country,
                       date day, const char *mode, event_status s);
/* All of it; without numbers when there is none. */
struct cell cell_at(kv_txn *txn, const struct cell_key *k);
uint64_t cell_extra_total(kv_txn *txn, const struct cell_key *k, char type, const char *name);
uint64_t tally_records(kv_txn *txn, date day, const char *unit, event_status s);
/* HOLD_NONE when it is not in the table. */
hold held_reason(kv_txn *txn, const uint8_t *feed, const struct point *at);
