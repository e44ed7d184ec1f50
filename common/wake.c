#include "common/wake.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/files.h"

static const char NAME[] = "changed";

static struct timespec
touched_at(const wake *w)
{
	struct stat info;

	return stat(w->path, &info) == 0 ? info.st_mtim : (struct timespec) { 0, 0 };
}

/* The folder is watched, not the file, which may be made anew. */
static int
watch(const char *home)
{
	const uint32_t events = IN_ATTRIB | IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 && inotify_add_watch(fd, home, events) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

status
wake_open(const char *home, wake *ret_wake)
{
	wake w = { .fd = -1 };
	struct stat info;
	status st;

	st = path_join(w.path, sizeof(w.path), home, NAME);
	if (st < 0)
		return st;
	if (stat(home, &info) != 0)
		return from_errno(errno);
	w.fd = watch(home);
	w.seen = touched_at(&w);
	*ret_wake = w;
	return ST_OK;
}

void
wake_close(wake *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static bool
looked(wake *w)
{
	struct timespec now = touched_at(w);
	bool changed = now.tv_sec != w->seen.tv_sec || now.tv_nsec != w->seen.tv_nsec;

	w->seen = now;
	return changed;
}

/* Reads all there is, so that many touches cost one look.  Overflow says that
 * something was lost, which may have been a touch. */
bool
wake_take(wake *w)
{
	union {
		struct inotify_event event;
		char bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	} buffer;
	bool changed = false;
	ssize_t len;

	if (w->fd < 0)
		return looked(w);
	while ((len = read(w->fd, buffer.bytes, sizeof(buffer.bytes))) > 0) {
		for (ssize_t at = 0; at < len;) {
			struct inotify_event event;

			memcpy(&event, buffer.bytes + at, sizeof(event));
			at += (ssize_t) sizeof(event);
			changed |= (event.mask & IN_Q_OVERFLOW) != 0 ||
				(event.len > 0 && strcmp(buffer.bytes + at, NAME) == 0);
			at += (ssize_t) event.len;
		}
	}
	return changed;
}

int
wake_wait_ms(const wake *w)
{
	return w->fd < 0 ? WAKE_LOOK_MS : -1;
}
