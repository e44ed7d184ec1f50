/* common/wake.h - notice that another process touched HOME/changed
 *
 * A command that committed something touches the file `changed` in its home
 * (outbox_touch(), hub_touch()); a program that keeps running is woken by
 * inotify and looks.  Several touches may come out as one.
 *
 * A user has a bounded number of inotify instances (128 by default).  Where
 * none can be had, the file is looked at WAKE_LOOK_MS apart instead.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "protocol/status.h"

enum { WAKE_LOOK_MS = 500 };

typedef struct wake {
	int fd; /* to be polled for input; -1: wake_take() looks by itself */
	char path[4096];
	struct timespec seen; /* when the file was last touched; fd is -1 */
} wake;

/* Touches from now on are noticed.  ST_NOT_FOUND: no such home.  A wake that
 * was never opened has fd -1. */
status wake_open(const char *home, wake *ret_wake);
void wake_close(wake *w);

/* True when the file was touched since the last call. */
bool wake_take(wake *w);

/* The longest time until wake_take() wants to be called: -1 (only when fd is
 * readable), or WAKE_LOOK_MS. */
int wake_wait_ms(const wake *w);
