/* A copy of a hub that serves: all of it or nothing, so that whoever finds the
 * folder can put it in the place of the hub as it is. */
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/files.h"
#include "common/new_home.h"
#include "hub/hub.h"

enum { HOME_MODE = 0700, SECRET_MODE = 0600, PUBLIC_MODE = 0644, FILE_BYTES_MAX = 4096 };

/* Beside the store.  The rest of a home is made anew by who runs it. */
static const struct kept {
	const char *name;
	mode_t mode;
} kept[] = {
	{ "sign.key", SECRET_MODE },
	{ "curve.key", SECRET_MODE },
	{ "hub.pub", PUBLIC_MODE },
	{ "bind", SECRET_MODE },
};

static status
copy_file(const char *from_dir, const char *to_dir, const struct kept *file)
{
	char from[PATH_MAX], to[PATH_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = path_join(from, sizeof(from), from_dir, file->name);

	if (st == ST_OK)
		st = path_join(to, sizeof(to), to_dir, file->name);
	if (st == ST_OK)
		st = file_read(from, FILE_BYTES_MAX, &bytes, &len);
	if (st == ST_OK)
		st = file_create(to, bytes, len, file->mode);
	if (bytes)
		sodium_memzero(bytes, len);
	free(bytes);
	return st;
}

status
hub_backup(hub *h, const char *dir)
{
	char store[PATH_MAX];
	new_home *n = NULL;
	status st = new_home_begin(dir, HOME_MODE, &n);

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && st == ST_OK; i++)
		st = copy_file(hub_home(h), new_home_dir(n), &kept[i]);
	if (st == ST_OK)
		st = path_join(store, sizeof(store), new_home_dir(n), "store");
	if (st == ST_OK)
		st = kv_copy(hub_store(h), store, SECRET_MODE);
	if (st == ST_OK)
		st = new_home_finish(n, "store");
	new_home_free(&n);
	return st;
}
