/* hub/link/child.h - this program once more, to answer one question
 *
 * (Or to make a snapshot: hub/link/snapshooter.h.)  A command that reads runs in a process of its own: the loop goes on meanwhile,
 * one that fails takes nothing along, and one that takes too long can be ended.
 * It has an environment of its own, no standard input, and three pipes for what
 * it prints; it goes behind the service where processor or memory are short.
 * "--confined" (common/cli.h) keeps it from the files of this machine.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "protocol/question.h"

typedef struct child {
	pid_t pid;         /* 0: there is none */
	int exit_fd;       /* readable once it has ended; -1: child_ended() is to be asked */
	int out[STREAMS_]; /* of each output_stream; -1: it is at its end */
} child;

/* Start "valija-hub ARGS" for that home.  ST_NOMEM; ST_BUSY: the system has no
 * more processes or descriptors.  After a failure there is none. */
status child_start(const struct question *ask, const char *home, child *ret_child);

/* Read what it has printed there, without waiting: how many bytes.  0: nothing yet,
 * or its end, and then out[stream] is -1. */
size_t child_read(child *c, output_stream stream, void *space, size_t room);

/* No stream is open any more. */
bool child_is_silent(const child *c);

/* True when it has ended, and then there is none any more: *ret_status is its exit
 * status, or -1 when it was killed. */
bool child_ended(child *c, int *ret_status);

/* End it at once and read no more; child_ended() is still to be asked. */
void child_kill(child *c);
