/* Thousands of small worlds, each from a seed: devices record, links break,
 * processes die, disks are put back, machines are copied, the hub is put back to
 * an older copy.  Then comes calm, after which the hub must have every event of
 * every device that lives, once, and every device must know it.
 *
 *     sim_sync [FIRST-SEED [WORLDS]]
 */
#include <sodium.h>

#include "protocol/chain.h"
#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/memory_link.h"

enum { DEVICES_MAX = 5, STEPS = 150, CALM_TURNS = 4 };

static uint64_t first_seed = 1, worlds = 3000;

static struct world {
	uint64_t seed, state;
	memory_hub hub;
	memory_device devices[DEVICES_MAX];
	struct memory_backup backups[DEVICES_MAX];
	memory_link links[DEVICES_MAX];
	size_t count;
	size_t hub_backup;
	bool hub_put_back;
	bool running; /* false once it ended well */
} world;

/* What happened in all worlds; a run in which something never did tests less
 * than it says. */
static struct {
	size_t events, restores, clones, rollbacks, breaks, deaths, wants, lanes;
} seen;

/* A signature that is a keyed hash: the sim forges nothing, and most of its time
 * would go to the real ones.  The public key is the end of the secret one. */
void __wrap_sign_bytes(const void *at, size_t len, const uint8_t secret[static SIGN_SECRET_BYTES],
                       uint8_t ret_signature[static SIGNATURE_BYTES]);
bool __wrap_signature_valid(const void *at, size_t len, const uint8_t feed[static FEED_BYTES],
                            const uint8_t signature[static SIGNATURE_BYTES]);

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

/* ---- chance ---- */

static uint64_t
chance(void)
{
	uint64_t z = world.state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 to n - 1. */
static size_t
below(size_t n)
{
	if (n == 0)
		fail_msg("there is nothing below 0");
	return (size_t) (chance() % n);
}

static size_t
any_device(void)
{
	return below(world.count);
}

/* ---- what can happen ---- */

static void
records(size_t i)
{
	size_t n = 1 + below(12);

	world.devices[i].body_bytes = below(8) == 0 ? 3000 : 16;
	memory_device_record(&world.devices[i], n);
	seen.events += n;
	if (below(3) > 0)
		device_sync_grew(world.links[i].sync);
}

static void
frames_move(size_t i)
{
	memory_link *l = &world.links[i];

	memory_link_speak(l);
	for (size_t n = below(6); n > 0; n--)
		memory_link_rise(l);
	if (below(2) == 0)
		memory_link_commit(l, true);
	for (size_t n = below(6); n > 0; n--)
		memory_link_fall(l);
	l->now_ms += (int64_t) below(3000);
}

static void
link_breaks(size_t i)
{
	memory_link_down(&world.links[i]);
	seen.breaks++;
}

static void
hub_dies(size_t i)
{
	memory_link_commit(&world.links[i], false);
	for (size_t k = 0; k < world.count; k++)
		memory_link_down(&world.links[k]);
	memory_hub_reboot(&world.hub);
	seen.deaths++;
}

static void
device_is_put_back(size_t i)
{
	memory_device_restore(&world.devices[i], &world.backups[i]);
	memory_link_restart(&world.links[i]);
	seen.restores++;
}

static void
device_is_cloned(size_t i)
{
	size_t k = world.count;

	if (k == DEVICES_MAX)
		return;
	memory_device_clone(&world.devices[k], &world.devices[i]);
	world.backups[k] = memory_device_backup(&world.devices[k]);
	memory_link_init(&world.links[k], &world.devices[k], &world.hub);
	world.count++;
	seen.clones++;
}

/* With its process, or under it: then all stay connected. */
static void
hub_is_put_back(void)
{
	memory_hub_rollback(&world.hub, world.hub_backup);
	world.hub_put_back = true;
	for (size_t k = 0; k < world.count && below(2) == 0; k++)
		memory_link_down(&world.links[k]);
	seen.rollbacks++;
}

static void
documents_change(size_t i)
{
	struct memory_document *doc = below(2) ? &world.hub.plan : &world.hub.standing;

	memory_document_set(doc, doc->version + 1, 1 + below(20000));
	memory_link_notice(&world.links[i]);
}

static void
something_happens(void)
{
	size_t i = any_device();

	switch (below(36)) {
	case 0:
	case 1:
	case 2: records(i); break;
	case 3:
	case 4:
		if (!world.links[i].up)
			memory_link_up(&world.links[i]);
		break;
	case 5: link_breaks(i); break;
	case 6: memory_link_restart(&world.links[i]); break;
	case 7: memory_link_wait(&world.links[i]); break;
	case 8: world.backups[i] = memory_device_backup(&world.devices[i]); break;
	case 9:
		if (below(4) == 0)
			device_is_put_back(i);
		break;
	case 10:
		if (below(8) == 0)
			device_is_cloned(i);
		break;
	case 11:
		if (below(3) == 0)
			hub_is_put_back();
		break;
	case 12:
		if (below(2) == 0)
			world.hub_backup = world.hub.count;
		break;
	case 13:
		if (below(3) == 0)
			hub_dies(i);
		break;
	case 14: documents_change(i); break;
	case 15:
		world.hub.credit = below(3) * CREDIT_BYTES_MIN;
		memory_link_notice(&world.links[i]);
		break;
	default: frames_move(i); break;
	}
}

/* ---- what must hold ---- */

static void
check_link(const memory_device *d, const memory_link *l)
{
	const char *why = l->closed.type == DEVICE_CLOSE ? l->closed.why : "";

	if (l->refused)
		fail_msg("the hub refused an honest device: %s", refusal_name(l->refused_with));
	if (strstr(why, "in time") == NULL && strstr(why, "again and again") == NULL && *why)
		fail_msg("the device gave up on an honest hub: %s", why);
	if (!world.hub_put_back && d->memory.acked.seq > 0 &&
	    !memory_hub_knows(&world.hub, d->feed, &d->memory.acked))
		fail_msg("event %ju is acknowledged and not at the hub",
		         (uintmax_t) d->memory.acked.seq);
}

static void
check_converged(size_t i)
{
	const memory_device *d = &world.devices[i];
	struct point tip = memory_device_tip(d);

	for (uint64_t seq = 0; seq <= d->count; seq++) {
		struct point p = memory_device_point(d, seq);

		if (!memory_hub_knows(&world.hub, d->feed, &p))
			fail_msg("device %zu: event %ju of %zu is not at the hub", i,
			         (uintmax_t) seq, d->count);
	}
	if (tip.seq > 0 && !point_equal(&tip, &d->memory.acked))
		fail_msg("device %zu: tip %zu, acknowledged %ju", i, d->count,
		         (uintmax_t) d->memory.acked.seq);
	if (d->memory.plan != world.hub.plan.version)
		fail_msg("device %zu has plan %ju, not %ju", i, (uintmax_t) d->memory.plan,
		         (uintmax_t) world.hub.plan.version);
	if (!device_sync_drained(world.links[i].sync))
		fail_msg("device %zu does not know that it is done", i);
}

/* Whoever is connected stays so, and has to notice by itself. */
static void
calm(void)
{
	world.hub.credit = 4 * CREDIT_BYTES_MIN;
	for (int turn = 0; turn < CALM_TURNS; turn++) {
		for (size_t i = 0; i < world.count; i++) {
			if (!world.links[i].up)
				memory_link_up(&world.links[i]);
			device_sync_grew(world.links[i].sync);
			memory_link_run(&world.links[i]);
			memory_link_wait(&world.links[i]);
			memory_link_run(&world.links[i]);
		}
	}
}

/* ---- worlds ---- */

static void
world_begins(uint64_t seed)
{
	world = (struct world) { .seed = seed, .state = seed * 1000003, .running = true };
	memory_hub_init(&world.hub, 1);
	world.count = 1 + below(3);
	for (size_t i = 0; i < world.count; i++) {
		memory_device_init(&world.devices[i], (unsigned) i);
		memory_link_init(&world.links[i], &world.devices[i], &world.hub);
		world.backups[i] = memory_device_backup(&world.devices[i]);
	}
}

static void
world_ends(void)
{
	for (size_t i = 0; i < world.count; i++) {
		seen.wants += world.links[i].sent[MESSAGE_WANT];
		memory_link_done(&world.links[i]);
		memory_device_done(&world.devices[i]);
	}
	seen.lanes += world.hub.lanes;
	memory_hub_done(&world.hub);
	world.running = false;
}

static void
every_world_converges(void **ctx)
{
	(void) ctx;
	for (uint64_t seed = first_seed; seed < first_seed + worlds; seed++) {
		world_begins(seed);
		for (int n = 0; n < STEPS; n++) {
			something_happens();
			for (size_t i = 0; i < world.count; i++)
				check_link(&world.devices[i], &world.links[i]);
		}
		calm();
		for (size_t i = 0; i < world.count; i++)
			check_converged(i);
		assert_true(memory_hub_sound(&world.hub));
		world_ends();
	}
	print_message("%ju worlds, %zu events, %zu breaks, %zu deaths, %zu restores, %zu clones, "
	              "%zu rollbacks, %zu go-backs, %zu lanes\n",
	              (uintmax_t) worlds, seen.events, seen.breaks, seen.deaths, seen.restores,
	              seen.clones, seen.rollbacks, seen.wants, seen.lanes);
	if (worlds >= 100)
		assert_true(seen.breaks && seen.deaths && seen.restores && seen.clones &&
		            seen.rollbacks && seen.wants && seen.lanes);
}

static int
say_seed(void **ctx)
{
	(void) ctx;
	if (world.running)
		print_error("in the world of seed %ju; to see it alone: sim_sync %ju 1\n",
		            (uintmax_t) world.seed, (uintmax_t) world.seed);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_world_converges, say_seed),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	if (argc > 1)
		first_seed = strtoull(argv[1], NULL, 10);
	if (argc > 2)
		worlds = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests_name("sim_sync", tests, NULL, NULL);
}
