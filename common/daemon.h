/* common/daemon.h - what a program that keeps running needs of the system
 *
 * Signals come through a file descriptor, so that the loop meets them between
 * two steps; systemd is told READY=1 without its library; one process at a time
 * serves a home.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/status.h"

/* Block SIGTERM, SIGINT and SIGHUP, pass over SIGPIPE and SIGXFSZ (a write that
 * fails says so), and return a descriptor that becomes readable when one of the
 * three came; to be called before the first socket, whose threads inherit the
 * mask.  -1: see errno. */
int daemon_signals(void);

/* The number of a signal that came, else 0. */
int daemon_signal_take(int fd);

/* Tell the service manager, e.g. "READY=1"; does nothing without one.  Waits a
 * few seconds at most. */
void daemon_notify(const char *state);

/* A line of text for "systemctl status"; format is translated already. */
void daemon_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The sign of life that a service manager may want: WATCHDOG_USEC of the
 * environment.  The loop calls watchdog_alive() at the end of each turn in which
 * the store has answered; it tells the manager twice within the time given, and
 * only then.  Zeroed, or without a manager that wants it, there is no deadline
 * and nothing is told. */
struct watchdog {
	int64_t every_ms; /* 0: nobody wants it */
	int64_t due_ms;
};

void watchdog_init(struct watchdog *w);
void watchdog_alive(struct watchdog *w, int64_t now_ms);
/* When watchdog_alive() is due; INT64_MAX: never. */
int64_t watchdog_deadline(const struct watchdog *w);

/* Where a secret file of a home is: in the folder that the service manager has
 * put credentials into (LoadCredential=, CREDENTIALS_DIRECTORY), when it is there,
 * else in the home.  ST_LIMIT: the path is too long. */
status secret_path(char *out, size_t size, const char *home, const char *name);

/* Take HOME/run.lock for as long as the descriptor is open; it holds the
 * process number.  ST_BUSY: another process has it, *ret_holder (0: not known)
 * is its number. */
status daemon_lock(const char *home, int *ret_fd, int *ret_holder);

/* Milliseconds on a clock that nobody sets and that goes on while the machine
 * sleeps. */
int64_t clock_mono_ms(void);

/* Milliseconds since 1970 by the wall clock, right or wrong. */
int64_t clock_wall_ms(void);
