#include "common/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/files.h"

enum {
	NOTIFY_SECONDS = 5,           /* the manager may be busy, but we have a loop to run */
	WATCHDOG_LEAST_US = 2 * 1000, /* what is shorter is no time at all */
};

int
daemon_signals(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0 ||
	    sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int
daemon_signal_take(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int) info.ssi_signo : 0;
}

void
daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const struct timeval longest = { .tv_sec = NOTIFY_SECONDS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@') /* the abstract namespace */
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
	(void) sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *) &to,
	              (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

void
daemon_status(const char *format, ...)
{
	char line[256] = "STATUS=";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	daemon_notify(line);
}

/* The variable is inherited by children, who are not meant: WATCHDOG_PID says who
 * is. */
void
watchdog_init(struct watchdog *w)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long n = usec ? strtoll(usec, NULL, 10) : 0;

	*w = (struct watchdog) { 0 };
	if (n < WATCHDOG_LEAST_US || (pid && strtoll(pid, NULL, 10) != getpid()))
		return;
	w->every_ms = n / 1000 / 2;
}

void
watchdog_alive(struct watchdog *w, int64_t now_ms)
{
	if (w->every_ms == 0 || now_ms < w->due_ms)
		return;
	w->due_ms = now_ms + w->every_ms;
	daemon_notify("WATCHDOG=1");
}

int64_t
watchdog_deadline(const struct watchdog *w)
{
	return w->every_ms == 0 ? INT64_MAX : w->due_ms;
}

status
secret_path(char *out, size_t size, const char *home, const char *name)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	status st = dir && *dir == '/' ? path_join(out, size, dir, name) : ST_NOT_FOUND;

	if (st == ST_OK && access(out, F_OK) == 0)
		return ST_OK;
	return path_join(out, size, home, name);
}

static int
read_holder(int fd)
{
	char text[16] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	long n = len > 0 ? strtol(text, NULL, 10) : 0;

	return n > 0 && n < INT32_MAX ? (int) n : 0;
}

/* Who holds it is only told to people: a failed write harms nothing. */
static void
write_holder(int fd)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int) getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t) len, 0) != len)
		return;
}

/* The file stays when the lock goes: were it removed, two could each lock a file
 * of that name. */
status
daemon_lock(const char *home, int *ret_fd, int *ret_holder)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[4096];
	status st;
	int fd;

	st = path_join(path, sizeof(path), home, "run.lock");
	if (st < 0)
		return st;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return from_errno(errno);
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		st = from_errno(errno);
		if (st == ST_BUSY)
			*ret_holder = read_holder(fd);
		close(fd);
		return st;
	}
	write_holder(fd);
	*ret_fd = fd;
	return ST_OK;
}

static int64_t
read_clock(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) != 0)
		return 0;
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* BOOTTIME: a laptop that slept an hour has been silent for an hour. */
int64_t
clock_mono_ms(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_wall_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}
