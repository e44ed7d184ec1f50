/* Two reserves.  A new event is refused while there is still room for what must go
 * on: acknowledgements, plans, reading.  Should somebody else fill the disk, the
 * ballast is given up for those. */
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/outbox_internal.h"
#include "common/files.h"

enum {
	BALLAST_BYTES = 1 << 20,
	ROOM_ITEM_BYTES = 256, /* what LMDB keeps of a row, and the row of its key */
};

/* A page is full by half, and a long body takes pages of its own. */
uint64_t
outbox_room_of(uint64_t count, uint64_t body_bytes)
{
	return 2 * (count * HASH_BYTES + body_bytes) + count * ROOM_ITEM_BYTES;
}

static bool
is_used_up(uint64_t used_bytes)
{
	return used_bytes + OUTBOX_MAP_SPARE_BYTES > OUTBOX_MAP_BYTES;
}

status
outbox_room_check(outbox *box, uint64_t bytes)
{
	uint64_t used_bytes, disk_bytes;
	status st = kv_room(box->store, &used_bytes, &disk_bytes);

	if (st < 0)
		return st;
	if (disk_bytes < OUTBOX_DISK_BYTES + bytes || is_used_up(used_bytes + bytes))
		return ST_FULL;
	return ST_OK;
}

bool
outbox_used_up(outbox *box)
{
	uint64_t used_bytes, disk_bytes;

	return kv_room(box->store, &used_bytes, &disk_bytes) == ST_OK && is_used_up(used_bytes);
}

static status
ballast_path(const char *home, char out[static PATH_MAX])
{
	return path_join(out, PATH_MAX, home, "outbox/ballast");
}

static bool
disk_has_room(const char *home)
{
	struct statvfs disk;

	return statvfs(home, &disk) == 0 &&
		(uint64_t) disk.f_bavail * disk.f_frsize > OUTBOX_DISK_BYTES + BALLAST_BYTES;
}

/* That it cannot be made is no fault of what was just stored: the next event
 * tries again. */
void
outbox_room_fill(const char *home)
{
	char path[PATH_MAX];
	int fd;

	if (ballast_path(home, path) < 0 || access(path, F_OK) == 0 || !disk_has_room(home))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (fd < 0)
		return;
	if (fchmod(fd, 0660) != 0 || posix_fallocate(fd, 0, BALLAST_BYTES) != 0)
		unlink(path);
	close(fd);
}

status
outbox_room_use(outbox *box, status (*write)(outbox *box, void *ctx), void *ctx)
{
	char path[PATH_MAX];
	status st = write(box, ctx);

	if (st == ST_FULL && ballast_path(box->home, path) == ST_OK && unlink(path) == 0)
		st = write(box, ctx);
	return st;
}
