/* The folder of a hub: how it is made, opened and told of changes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/files.h"
#include "common/new_home.h"
#include "hub/hub_internal.h"
#include "hub/journal_index.h"

enum { HOME_MODE = 0700, SECRET_MODE = 0600, PUBLIC_MODE = 0644 };

static const char STORE[] = "store", SIGN_KEY[] = "sign.key", HUB_PUB[] = "hub.pub";

static const char *const table_names[] = {
	[TABLE_META] = "meta",           [TABLE_JOURNAL] = "journal",   [TABLE_BATCHES] = "batches",
	[TABLE_LEAVES] = "leaves",       [TABLE_REGISTRY] = "registry", [TABLE_DOCUMENTS] = "plans",
	[TABLE_CONTACTS] = "contacts",   [TABLE_CELLS] = "cells",       [TABLE_EXTRAS] = "extras",
	[TABLE_TALLIES] = "tallies",     [TABLE_LEVELS] = "levels",     [TABLE_HELD] = "held",
	[TABLE_CONFLICTS] = "conflicts", [TABLE_LINKS] = "links",       [TABLE_PROBES] = "probes",
	[TABLE_THINGS] = "things",       [TABLE_REPORTS] = "reports",   [TABLE_REMARKS] = "remarks",
	[TABLE_OTHERS] = "others",       [TABLE_GAPS] = "gaps",         [TABLE_LOST] = "lost",
	[TABLE_BACKUPS] = "backups",     [TABLE_SAFE] = "safe",         [TABLE_BLOCKS] = "blocks",
	[TABLE_DAYS] = "days",           [TABLE_MONTHS] = "months",
};

/* What is derived from the journal is made anew on the other side (hub/rebuild.h). */
enum {
	RECORDED = 1 << TABLE_META | 1 << TABLE_JOURNAL | 1 << TABLE_CONTACTS | 1 << TABLE_BACKUPS |
		1 << TABLE_SAFE,
};

const struct kv_config hub_store_config = {
	.tables = table_names,
	.table_count = HUB_TABLES_,
	.sided = ~(uint32_t) RECORDED,
	.map_bytes = UINT64_C(256) << 30,
	.format = 1,
	.mode = SECRET_MODE,
	.program = "valija-hub",
};

/* ---- opening ---- */

static status
read_file(const char *dir, const char *name, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_len)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, name);

	return st == ST_OK ? file_read(path, max_bytes, ret_bytes, ret_len) : st;
}

/* From the public file: to ask a question nobody needs the secret key. */
static status
load_id(hub *h)
{
	struct hub_key key;
	uint8_t *text = NULL;
	size_t len = 0;
	status st = read_file(h->home, HUB_PUB, HUB_KEY_TEXT_BYTES, &text, &len);

	if (st < 0)
		return st;
	st = hub_key_parse((const char *) text, len, &key);
	if (st == ST_OK)
		memcpy(h->id, key.sign, FEED_BYTES);
	free(text);
	return st;
}

/* Without store and id.  NULL: no memory. */
static hub *
new_hub(const char *home)
{
	hub *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->home = strdup(home);
	h->chains = chains_new();
	h->sums = sums_new();
	h->nodes = nodes_new();
	h->runs = runs_new();
	h->ahead = ahead_new();
	if (!h->home || !h->ahead || !h->sums || !h->nodes || !h->runs)
		hub_close(&h);
	return h;
}

status
hub_open(const char *dir, hub **ret_hub)
{
	char path[PATH_MAX];
	hub *h = new_hub(dir);
	status st = h ? path_join(path, sizeof(path), dir, STORE) : ST_NOMEM;

	if (st == ST_OK && sodium_init() < 0)
		st = ST_IO;
	if (st == ST_OK)
		st = load_id(h);
	if (st == ST_OK)
		st = kv_open(path, &hub_store_config, &h->store);
	if (st < 0) {
		hub_close(&h);
		return st;
	}
	*ret_hub = h;
	return ST_OK;
}

void
hub_close(hub **h_p)
{
	hub *h = *h_p;

	if (!h)
		return;
	kv_close(&h->store);
	hub_close(&h->present); /* whose journal the store may lie over */
	plan_free(&h->plan);
	chains_free(&h->chains);
	sums_free(&h->sums);
	nodes_free(&h->nodes);
	ahead_free(&h->ahead);
	runs_free(&h->runs);
	locks_free(&h->locks);
	free(h->moment);
	free(h->home);
	free(h);
	*h_p = NULL;
}

const char *
hub_home(const hub *h)
{
	return h->home;
}

kv *
hub_store(hub *h)
{
	return h->store;
}

const uint8_t *
hub_id(const hub *h)
{
	return h->id;
}

struct chains *
hub_chains(hub *h)
{
	return h->chains;
}

status
hub_secret(hub *h, uint8_t ret_secret[static SIGN_SECRET_BYTES])
{
	char path[PATH_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = secret_path(path, sizeof(path), h->home, SIGN_KEY);

	if (st == ST_OK)
		st = file_read(path, SIGN_SECRET_BYTES, &bytes, &len);
	if (st < 0)
		return st;
	/* Its second half is the public key: with the one of another hub plans would be
	 * sealed by a key that is not that of our feed. */
	if (len != SIGN_SECRET_BYTES ||
	    memcmp(bytes + SIGN_SECRET_BYTES - FEED_BYTES, h->id, FEED_BYTES) != 0)
		st = ST_MALFORMED;
	else
		memcpy(ret_secret, bytes, SIGN_SECRET_BYTES);
	sodium_memzero(bytes, len);
	free(bytes);
	return st;
}

/* Its time is set by hand: a watch waits for a change of that (common/wake.c), and opening
 * makes none. */
void
hub_touch(const hub *h)
{
	char path[PATH_MAX];
	int fd;

	if (path_join(path, sizeof(path), h->home, "changed") < 0)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, SECRET_MODE);
	if (fd < 0)
		return; /* the running hub looks now and then by itself */
	futimens(fd, NULL);
	close(fd);
}

/* ---- a store without a name ---- */

struct content {
	hub_fill *fill; /* NULL: nothing */
	void *ctx;
};

static status
fill_nameless(const struct content *c, const char *path)
{
	if (!c->fill)
		return kv_create(path, &hub_store_config);
	if (mkdir(path, HOME_MODE) != 0)
		return from_errno(errno);
	return c->fill(c->ctx, path);
}

/* Whoever has a file open keeps it when its name goes. */
static status
open_nameless(const char *dir, const struct content *c, kv **ret_store)
{
	struct kv_config scratch = hub_store_config;
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, STORE);

	scratch.scratch = true;
	if (st == ST_OK)
		st = fill_nameless(c, path);
	if (st == ST_OK)
		st = kv_open(path, &scratch, ret_store);
	folder_remove(dir);
	return st;
}

/* A signal waits while the folder has a name. */
static status
open_in_folder_of_its_own(const struct content *c, kv **ret_store)
{
	const char *tmp = getenv("TMPDIR");
	char dir[PATH_MAX];
	sigset_t all, before;
	status st = path_join(dir, sizeof(dir), tmp && *tmp ? tmp : "/tmp", "valija-hub-XXXXXX");

	if (st < 0)
		return st;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	st = mkdtemp(dir) ? open_nameless(dir, c, ret_store) : from_errno(errno);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return st;
}

status
hub_open_scratch(const hub *like, hub_fill *fill, void *ctx, hub **ret_hub)
{
	const struct content content = { fill, ctx };
	hub *h = new_hub(like->home);
	status st;

	if (!h)
		return ST_NOMEM;
	memcpy(h->id, like->id, FEED_BYTES);
	st = open_in_folder_of_its_own(&content, &h->store);
	if (st < 0) {
		hub_close(&h);
		return st;
	}
	*ret_hub = h;
	return ST_OK;
}

/* ---- making ---- */

static status
create_file(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, name);

	return st == ST_OK ? file_create(path, bytes, len, mode) : st;
}

static status
create_keys(const char *dir, const uint8_t curve[static CURVE_BYTES],
            const uint8_t secret[static SIGN_SECRET_BYTES])
{
	char text[HUB_KEY_TEXT_BYTES];
	struct hub_key key;
	status st;

	memcpy(key.curve, curve, CURVE_BYTES);
	crypto_sign_ed25519_sk_to_pk(key.sign, secret);
	hub_key_format(&key, text);
	st = create_file(dir, SIGN_KEY, secret, SIGN_SECRET_BYTES, SECRET_MODE);
	if (st == ST_OK)
		st = create_file(dir, HUB_PUB, text, strlen(text), PUBLIC_MODE);
	return st;
}

/* The first entries of the journal: the hub itself, then its plan, whose parts are
 * events of the hub's feed and are taken only once that is enrolled. */
static status
fill_store(const char *dir, const uint8_t *curve, const void *plan_json, size_t plan_len,
           int64_t now_ms)
{
	hub *h = NULL;
	kv_txn *txn = NULL;
	status st = hub_open(dir, &h);

	if (st == ST_OK)
		st = kv_write(h->store, 0, &txn);
	if (st == ST_OK)
		st = index_clear(txn);
	if (st == ST_OK)
		st = registry_enroll_hub(txn, h->id, curve, now_ms);
	if (st == ST_OK)
		st = hub_publish_plan(h, txn, plan_json, plan_len, now_ms);
	if (st == ST_OK)
		st = hub_refold(h, txn); /* the ledger says by whom it was made */
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	hub_close(&h);
	return st;
}

/* The store goes into place last (new_home_finish()): without it a folder is no home. */
status
hub_create(const char *dir, const uint8_t curve[static CURVE_BYTES],
           const uint8_t secret[static SIGN_SECRET_BYTES], const void *plan_json, size_t plan_len,
           int64_t now_ms)
{
	char path[PATH_MAX];
	new_home *n = NULL;
	status st = sodium_init() < 0 ? ST_IO : new_home_begin(dir, HOME_MODE, &n);

	if (st == ST_OK)
		st = path_join(path, sizeof(path), new_home_dir(n), STORE);
	if (st == ST_OK)
		st = create_keys(new_home_dir(n), curve, secret);
	if (st == ST_OK)
		st = kv_create(path, &hub_store_config);
	if (st == ST_OK)
		st = fill_store(new_home_dir(n), curve, plan_json, plan_len, now_ms);
	if (st == ST_OK)
		st = new_home_finish(n, STORE);
	new_home_free(&n);
	return st;
}
