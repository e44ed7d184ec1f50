/* tests/sim/world.h - one small world: devices, hubs, wires, and what must hold
 *
 * Everything in it is the product's own, down to the store: outboxes (agent/outbox.h)
 * with keepers and the device's machine, hubs (hub/hub.h) with depot, answers and the
 * hub's machine.  Only sockets, clocks and disks are made here, and signatures are
 * keyed hashes, since nobody here forges one but on purpose.
 *
 * Beside it stands the model: a plain list of every event that was confirmed to a
 * person, which of them each hub must have, and who may report for what.  It is
 * folded by tests/support/ledger_naive.h, which shares nothing with hub/.
 *
 * One world at a time; all of it is a function of the steps taken.
 */
#pragma once

#include "agent/link/keeper.h"
#include "hub/link/answers.h"
#include "hub/link/depot.h"
#include "tests/sim/disk.h"
#include "tests/sim/trace.h"
#include "tests/support/check.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/ledger_naive.h"
#include "tests/support/naive_pick.h"
#include "tests/support/pick.h"

enum {
	FEEDS = 4,   /* keys that are enrolled; the last is the office's */
	OFFICE = 3,  /* that one */
	DEVICES = 7, /* machines, clones included */
	HUBS = 2,
	FRESH = HUBS, /* a hub beside, for comparing */
	WAY_FRAMES = 256,
	CLOCK_MS = 8,    /* clocks go by that, so that no two machines tell the same time */
	PILE = 12,       /* sealed batches lying about */
	PLANS_FIRST = 3, /* the version every hub begins with */
};

#define NONE NAIVE_MISSING
#define BEGIN_MS INT64_C(1763136000000)

/* ---- wires (wires.c) ---- */

struct frame {
	uint8_t *at;
	size_t len;
	int64_t due_ms;
};

/* One direction: what was sent arrives in order, each frame when it is due. */
struct way {
	struct frame ring[WAY_FRAMES];
	size_t first, count;
	int64_t last_due_ms;
};

/* A connection of a device and a hub, and what speaks at the device's end. */
struct wire {
	bool up;         /* as the device has it */
	bool cut;        /* what is sent goes nowhere, and nobody is told */
	bool parted;     /* the hub cannot be reached */
	uint64_t serial; /* of the connection; rows of older ones have another */
	connection *row; /* the hub's end; NULL: it has gone */
	struct way rising, falling;
	int64_t delay_ms;
	uint64_t bytes_a_second;
	device_sync *sync;
	keeper *keeper;
	struct device_store store;
	struct sim_device *device; /* for store's answers */
	bool adopts;               /* fetches what the hub has beyond the tip, and pushes nothing */
	bool older;                /* what it heard is of before the hub was put back */
	bool refused;              /* this connection was turned away, and rightly */
};

/* ---- devices (devices.c) ---- */

struct sim_device {
	bool alive;
	size_t feed;
	char home[300], store[320];
	outbox *box;
	size_t tip;    /* the last event on its disk; NONE */
	uint64_t gone; /* bit i: event i of its chain was given up */
	struct disk image;
	size_t image_tip;
	uint64_t image_gone;
	int64_t skew_ms; /* its clock less the world's */
	bool clock_stands;
	int64_t stands_at_ms;
	struct wire wires[HUBS];
};

/* ---- hubs (hubs.c) ---- */

struct sim_hub {
	struct test_device self; /* its keys */
	char home[300], store[320];
	struct disk first; /* as every world begins */
	hub *hub;
	answers *answers;
	connections *table;
	depot *depot;
	struct hub_common common;
	uint64_t known; /* bit i: event i was committed here */
	size_t acts;    /* how many of the world's acts are here */
	struct disk backup;
	uint64_t backup_known;
	size_t backup_acts;
	int64_t skew_ms;
	uint64_t told_plan; /* version in force that connections were told */
	bool fault;         /* a commit was made to fail */
};

/* A sealed batch on its way by hand. */
struct sealed {
	uint8_t *at;
	size_t len;
};

struct world {
	int64_t now_ms;
	uint64_t serial; /* of connections and lives of hubs */
	struct sim_device devices[DEVICES];
	size_t count;
	struct sim_hub hubs[HUBS + 1];
	size_t hub_count;
	struct sealed pile[PILE];
	bool calm;   /* nothing bad happens any more */
	bool prunes; /* devices give up what is safe; then the hub's backups are never lost */

	/* The model. */
	struct naive naive; /* every event ever confirmed, every act ever made */
	uint8_t *bodies[NAIVE_EVENTS_MAX];
	size_t body_lens[NAIVE_EVENTS_MAX];
	uint64_t plan_of[NAIVE_EVENTS_MAX]; /* version that the event publishes, or 0 */
	uint8_t keys[NAIVE_EVENTS_MAX];     /* 1: recorded under a key */
	uint64_t plan;                      /* highest version published */
	struct act_bytes {
		uint8_t at[2000];
		size_t len;
	} acts[NAIVE_ACTS_MAX];
	bool office_acts; /* the office may lose its role, and so publishes nothing */
};

extern struct world world;
extern struct test_device sim_keys[FEEDS + 1]; /* the last one is enrolled nowhere */

/* ---- the world (world.c) ---- */

/* Once a process: make what every world begins with, in a scratch folder. */
void world_prepare(void);
/* Once a process that runs worlds. */
void world_enter(void);
void world_clean_up(void);

void world_begin(uint64_t seed);
void world_end(void);

/* ---- wires ---- */

void way_put(struct way *w, struct bytes frame, int64_t due_ms);
bool way_take(struct way *w, struct frame *ret_frame);

void wire_connect(struct sim_device *d, size_t which);
/* Connect to fetch what the hub has beyond the tip, until there is no more; then, or when
 * that is ended, the link is as any other. */
void wire_adopt(struct sim_device *d, size_t which);
void wire_adopt_end(struct sim_device *d, size_t which);
/* Whatever is on its way is lost; with silently the device has to find out. */
void wire_tear(struct sim_device *d, size_t which, bool silently);
/* Send what is owed. */
void wire_speak(struct sim_device *d, size_t which);
void wire_tick(struct sim_device *d, size_t which);
/* The next frame arrives at the hub, or at the device.  False: there is none. */
bool wire_rise(struct sim_device *d, size_t which);
bool wire_fall(struct sim_device *d, size_t which);
/* Send to the device at the other end of a row, if that connection is still up. */
void wire_answer(size_t which, const connection *row, const struct hub_action *a);

/* ---- devices ---- */

void device_open(struct sim_device *d);
/* Its process dies: all that is not on its disk is lost. */
void device_close(struct sim_device *d);
void device_put_back(struct sim_device *d);
/* Give up what the hub has just said is safe, and see that it is. */
void device_prune(struct sim_device *d, size_t which);
int64_t device_clock(struct sim_device *d);

/* Seal events of its disk, from seq first on, at most wire_bytes of them. */
void device_seal(struct sim_device *d, uint64_t first, size_t wire_bytes, writer *w);

/* ---- recording (records.c) ---- */

/* One commit of new entries; says nothing of a device whose list is full. */
void record_some(struct sim_device *d, unsigned count);
/* The very same entry at both, whose clocks stand. */
void record_twins(struct sim_device *a, struct sim_device *b);
/* What was recorded under a key, once more. */
void record_again(struct sim_device *d);
/* The office publishes the next plan. */
void record_plan(struct sim_device *d);
/* What is on its disk is what was confirmed, and nothing else. */
void record_check(struct sim_device *d);

/* ---- hubs ---- */

void hub_start(size_t which);
/* Its process dies. */
void hub_stop(size_t which);
void hub_put_back(size_t which, const struct disk *image, uint64_t known, size_t acts);
void hub_save(size_t which);
/* Store what waits in one commit, and answer. */
void hub_store_waiting(size_t which);
/* A batch comes by hand. */
status hub_hand(size_t which, const struct sealed *batch);
/* A frame came over a connection. */
void hub_hears(size_t which, connection *row, const struct frame *frame);
bool hub_turns_away(size_t which, size_t feed);

/* The office takes or gives a right, at a hub that knows of all acts. */
void hub_act(size_t which);
/* The next act that was made elsewhere comes here. */
void hub_learn_act(size_t which);

/* ---- the model (model.c) ---- */

/* NONE: no such event was ever confirmed. */
size_t model_find(const uint8_t *feed, const struct point *at);
size_t model_feed(const uint8_t *feed);
/* An event and all before it; of NONE nothing. */
uint64_t model_chain(size_t event);
struct point model_point(size_t feed, size_t event);
/* The chain hash worked out again. */
void model_hash(const uint8_t *feed, uint64_t seq, const uint8_t *before, struct bytes body,
                uint8_t *ret_hash);
/* What a hub that has these must say to a batch; *ret_new are the events it brings. */
status model_take(uint64_t known, const struct batch *b, uint64_t *ret_new);
/* Rights of the feeds after so many acts. */
void model_rights(size_t acts, unsigned have[static NAIVE_DEVICES]);
/* Whether an event of the chain that ends at tip names target. */
bool model_replaced(size_t tip, size_t target);
/* Version of the plan in force where these are. */
uint64_t model_plan(uint64_t known);
/* Ends of lanes of a feed. */
uint64_t model_leaves(uint64_t known, size_t feed);
/* Compare a hub with what the naive fold makes of these events and acts. */
void model_compare(hub *h, kv_txn *txn, uint64_t known, size_t acts, const char *where);

/* ---- cuts (cuts.c) ---- */

void cut_make(size_t which);
/* Those that were made anywhere, as that hub shows them now. */
void cuts_look(size_t which);
void cuts_forget(void);

/* ---- what can happen (steps.c) ---- */

/* Do one step; its chance decides all that is left open. */
void step_take(const struct sim_step *step);
/* Which step comes next. */
struct sim_step step_choose(void);
const char *step_name(unsigned op);
unsigned step_count(void);

/* ---- the end (calm.c) ---- */

/* Links heal, waits end; then everything that was promised must hold. */
void world_calms_down(void);
/* One hub, now. */
void calm_look(size_t which);
