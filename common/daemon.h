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

/* Take HOME/run.lock for as long as the descriptor is open; it holds the
 * process number.  ST_BUSY: another process has it, *ret_holder (0: not known)
 * is its number. */
status daemon_lock(const char *home, int *ret_fd, int *ret_holder);

/* Milliseconds on a clock that nobody sets and that goes on while the machine
 * sleeps. */
int64_t clock_mono_ms(void);

/* Milliseconds since 1970 by the wall clock, right or wrong. */
int64_t clock_wall_ms(void);
