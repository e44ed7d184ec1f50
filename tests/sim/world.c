/* How a world begins and ends. */
#include "tests/sim/world.h"

#include <malloc.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/outbox_internal.h"
#include "common/files.h"
#include "protocol/identity.h"
#include "tests/support/scratch.h"

struct world world;
struct test_device sim_keys[FEEDS + 1];

enum { HEAP_SLACK = 8 << 20 };

static char *scratch;
static pid_t owner; /* of scratch */
static uint64_t random_state;
static struct disk empty_outbox[FEEDS];

/* ---- signatures, chance, room ---- */

void __wrap_sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                       uint8_t ret_signature[static SIGNATURE_BYTES]);
bool __wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                            const uint8_t signature[static SIGNATURE_BYTES]);
void __wrap_outbox_room_fill(const char *home);

/* The public key is the end of the secret one. */
void
__wrap_sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                  uint8_t ret_signature[static SIGNATURE_BYTES])
{
	crypto_generichash(ret_signature, SIGNATURE_BYTES, at, len,
	                   secret + SIGN_SECRET_BYTES - FEED_BYTES, FEED_BYTES);
}

bool
__wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                       const uint8_t signature[static SIGNATURE_BYTES])
{
	uint8_t wanted[SIGNATURE_BYTES];

	crypto_generichash(wanted, sizeof(wanted), at, len, feed, FEED_BYTES);
	return memcmp(wanted, signature, sizeof(wanted)) == 0;
}

/* The ballast would take most of the time. */
void
__wrap_outbox_room_fill(const char *home)
{
	(void) home;
}

static const char *
implementation_name(void)
{
	return "sim";
}

/* Apart from what the steps draw: twins draw the same, and must not be alike. */
static uint32_t
random_word(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t) (random_state >> 32);
}

static void
random_fill(void *const out, const size_t size)
{
	uint8_t *at = out;

	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t) random_word();
}

/* ---- what every world begins with ---- */

static void
make_outbox(size_t feed, size_t place)
{
	struct sim_device *d = &world.devices[place];
	struct outbox_device device = { .hubs = "tcp://hub:1" };

	memcpy(device.feed, sim_keys[feed].feed, FEED_BYTES);
	memcpy(device.hub, world.hubs[0].self.feed, FEED_BYTES);
	device.units = sim_keys[feed].units;
	if (mkdir(d->home, 0700) != 0)
		broken("%s cannot be made", d->home);
	must(outbox_create(d->home, &device), ST_OK);
	disk_take(&empty_outbox[feed], d->store);
}

static void
make_hub(size_t which)
{
	static const char *const of_init[] = { "bind", "curve.key" }; /* a backup has them */
	struct sim_hub *h = &world.hubs[which];
	uint8_t curve[CURVE_BYTES] = { 7 };
	json_t *json = naive_plan(false);
	char *text = json_dumps(json, 0), path[320];
	kv_txn *txn;

	test_device_init(&h->self, 100 + (unsigned) which, "");
	must(hub_create(h->home, curve, h->self.secret, text, strlen(text), 1), ST_OK);
	must(hub_open(h->home, &h->hub), ST_OK);
	txn = hub_begin(h->hub);
	for (size_t i = 0; i < FEEDS; i++)
		test_device_enroll(&sim_keys[i], h->hub, txn,
		                   i == OFFICE ? ROLE_OFFICE : ROLE_DEVICE);
	hub_commit(&txn);
	hub_close(&h->hub);
	disk_take(&h->first, h->store);
	for (size_t i = 0; i < LENGTH(of_init); i++) {
		snprintf(path, sizeof(path), "%s/%s", h->home, of_init[i]);
		must(file_create(path, "", 0, 0600), ST_OK);
	}
	free(text);
	json_decref(json);
}

static void
put_below(char *path, size_t size, const char *folder, const char *name)
{
	if ((size_t) snprintf(path, size, "%s/%s", folder, name) >= size)
		broken("a path is too long");
}

void
world_prepare(void)
{
	static randombytes_implementation chance = {
		.implementation_name = implementation_name,
		.random = random_word,
		.buf = random_fill,
	};

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	randombytes_set_implementation(&chance);
	if (sodium_init() < 0)
		broken("no libsodium");
	pick_seed(1);
	scratch = scratch_new();
	owner = getpid();
	for (size_t i = 0; i <= FEEDS; i++)
		test_device_init(&sim_keys[i], (unsigned) i, i < FEEDS ? naive_units[i] : "con-a");
	for (size_t i = 0; i <= HUBS; i++) {
		struct sim_hub *h = &world.hubs[i];

		snprintf(h->home, sizeof(h->home), "%s/hub%zu", scratch, i);
		put_below(h->store, sizeof(h->store), h->home, "store");
		make_hub(i);
	}
	for (size_t i = 0; i < DEVICES; i++) {
		struct sim_device *d = &world.devices[i];

		snprintf(d->home, sizeof(d->home), "%s/device%zu", scratch, i);
		put_below(d->store, sizeof(d->store), d->home, "outbox");
		make_outbox(i % FEEDS, i);
	}
}

/* A check that fails ends the child by exit(), which comes here too. */
void
world_clean_up(void)
{
	if (getpid() == owner)
		scratch_remove(&scratch);
}

/* ---- one world ---- */

static void
reset_device(size_t place, size_t feed)
{
	struct sim_device *d = &world.devices[place];

	d->alive = true;
	d->feed = feed;
	d->tip = d->image_tip = NONE;
	d->gone = d->image_gone = 0;
	d->skew_ms = 0;
	d->clock_stands = false;
	memset(d->wires, 0, sizeof(d->wires));
	for (size_t which = 0; which < HUBS; which++) {
		d->wires[which].delay_ms = 5 + pick(300);
		d->wires[which].bytes_a_second = pick(3) ? 1000000 : 500 + pick(5000);
	}
	disk_put(&empty_outbox[feed], d->store);
	disk_copy(&d->image, &empty_outbox[feed]);
	device_open(d);
}

static void
reset_hub(size_t which)
{
	struct sim_hub *h = &world.hubs[which];

	h->known = h->backup_known = 0;
	h->acts = h->backup_acts = 0;
	h->skew_ms = 0;
	h->fault = false;
	disk_put(&h->first, h->store);
	disk_copy(&h->backup, &h->first);
	hub_start(which);
}

static void
reset_model(void)
{
	for (size_t i = 0; i < world.naive.count; i++)
		free(world.bodies[i]);
	memset(&world.naive, 0, sizeof(world.naive));
	world.plan = PLANS_FIRST;
	world.now_ms = BEGIN_MS;
	world.serial = 0;
	world.calm = false;
}

void
world_begin(uint64_t seed)
{
	trace->seed = seed;
	trace->said = 0;
	trace->world_steps = 0;
	pick_seed(seed * 1000003);
	random_state = seed;
	reset_model();
	world.hub_count = 1 + pick(2);
	world.count = 1 + pick(3);
	world.office_acts = pick(4) == 0;
	world.prunes = world.hub_count == 1 && pick(2);
	for (size_t which = 0; which < world.hub_count; which++)
		reset_hub(which);
	for (size_t i = 0; i < world.count; i++)
		reset_device(i, pick(FEEDS));
	trace_say("seed %ju: %zu devices, %zu hubs", (uintmax_t) seed, world.count,
	          world.hub_count);
}

/* All memory of a world goes with it. */
static void
check_heap(void)
{
	static size_t first;
	size_t used = mallinfo2().uordblks;

	if (first == 0)
		first = used;
	if (used > first + HEAP_SLACK)
		broken("%zu bytes of memory are left behind by worlds", used - first);
}

void
world_end(void)
{
	for (size_t i = 0; i < world.count; i++) {
		device_close(&world.devices[i]);
		world.devices[i].alive = false;
	}
	for (size_t which = 0; which < world.hub_count; which++)
		hub_stop(which);
	cuts_forget();
	for (size_t i = 0; i < PILE; i++) {
		free(world.pile[i].at);
		world.pile[i] = (struct sealed) { 0 };
	}
	check_heap();
}
