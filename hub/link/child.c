#include "hub/link/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/status.h"

static const char SELF[] = "/proc/self/exe"; /* the same program, also during an upgrade */

enum {
	NICENESS = 10,
	VARIABLE_BYTES = 64,
	HOME_BYTES = 4096 + 32,
	VARIABLES = 5,
	WORDS_BEFORE = 2
};

/* ---- what it is started with ---- */

/* As the asker's own machine would have it, and nothing of the service. */
struct variables {
	char home[HOME_BYTES], language[VARIABLE_BYTES], columns[VARIABLE_BYTES];
	char *list[VARIABLES];
};

static bool
fill_variables(struct variables *v, const struct question *ask, const char *home)
{
	size_t count = 0;

	if (snprintf(v->home, sizeof(v->home), "VALIJA_HUB_HOME=%s", home) >= HOME_BYTES)
		return false;
	v->list[count++] = v->home;
	v->list[count++] = (char *) "LC_ALL=C.UTF-8";
	if (ask->language.len > 0) {
		snprintf(v->language, sizeof(v->language), "LANGUAGE=%.*s", (int) ask->language.len,
		         ask->language.at);
		v->list[count++] = v->language;
	}
	if (ask->columns > 0) {
		snprintf(v->columns, sizeof(v->columns), "COLUMNS=%u", (unsigned) ask->columns);
		v->list[count++] = v->columns;
	}
	v->list[count] = NULL;
	return true;
}

/* Words point into a frame and have no 0; all are copied into one piece. */
struct words {
	char *space;
	char *list[WORDS_BEFORE + QUESTION_ARGS_MAX + 1];
};

static bool
fill_words(struct words *w, const struct texts *args)
{
	size_t size = 1, count = 0;
	char *at;

	for (size_t i = 0; i < args->count; i++)
		size += args->list[i].len + 1;
	at = w->space = malloc(size);
	if (!at)
		return false;
	w->list[count++] = (char *) "valija-hub";
	w->list[count++] = (char *) "--confined";
	for (size_t i = 0; i < args->count; i++) {
		memcpy(at, args->list[i].at, args->list[i].len);
		at[args->list[i].len] = '\0';
		w->list[count++] = at;
		at += args->list[i].len + 1;
	}
	w->list[count] = NULL;
	return true;
}

/* ---- starting ---- */

static void
close_pipes(int pipes[static STREAMS_][2])
{
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		for (int end = 0; end < 2; end++)
			if (pipes[s][end] >= 0)
				close(pipes[s][end]);
}

static status
open_pipes(int pipes[static STREAMS_][2])
{
	for (int s = 0; s < STREAMS_; s++)
		pipes[s][0] = pipes[s][1] = -1;
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		if (pipe2(pipes[s], O_CLOEXEC) != 0 ||
		    fcntl(pipes[s][0], F_SETFL, O_NONBLOCK) != 0) {
			close_pipes(pipes);
			return ST_BUSY;
		}
	return ST_OK;
}

/* No end of a pipe has one of the numbers that they get there: the store and the
 * sockets, which were opened before, have the low ones. */
static int
spawn(const struct words *w, const struct variables *v, int pipes[static STREAMS_][2],
      pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int rc = 0;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	rc |= posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		rc |= posix_spawn_file_actions_adddup2(&files, pipes[s][1], s);
	rc |= posix_spawnattr_setsigmask(&attributes, &none);
	rc |= posix_spawnattr_setsigdefault(&attributes, &usual);
	rc |= posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (rc == 0)
		rc = posix_spawn(ret_pid, SELF, &files, &attributes, w->list, v->list);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* Where that is not allowed it runs beside the service as an equal. */
static void
step_back(pid_t pid)
{
	char path[VARIABLE_BYTES];
	int fd;

	setpriority(PRIO_PROCESS, (id_t) pid, getpriority(PRIO_PROCESS, 0) + NICENESS);
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int) pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "500", 3) != 3) {
		close(fd);
		return;
	}
	close(fd);
}

static status
start(const struct words *w, const struct variables *v, child *c)
{
	int pipes[STREAMS_][2], rc;
	status st = open_pipes(pipes);

	if (st < 0)
		return st;
	rc = spawn(w, v, pipes, &c->pid);
	if (rc != 0) {
		c->pid = 0;
		close_pipes(pipes);
		return rc == ENOMEM ? ST_NOMEM : ST_BUSY;
	}
	c->exit_fd = pidfd_open(c->pid, 0);
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++) {
		close(pipes[s][1]);
		c->out[s] = pipes[s][0];
	}
	step_back(c->pid);
	return ST_OK;
}

status
child_start(const struct question *ask, const char *home, child *ret_child)
{
	struct variables v;
	struct words w;
	status st = ST_NOMEM;

	*ret_child = (child) { 0, -1, { -1, -1, -1, -1 } };
	if (fill_variables(&v, ask, home) && fill_words(&w, &ask->args)) {
		st = start(&w, &v, ret_child);
		free(w.space);
	}
	return st;
}

/* ---- while it runs ---- */

static void
close_stream(child *c, output_stream stream)
{
	if (c->out[stream] >= 0)
		close(c->out[stream]);
	c->out[stream] = -1;
}

size_t
child_read(child *c, output_stream stream, void *space, size_t room)
{
	ssize_t n;

	if (c->out[stream] < 0)
		return 0;
	n = read(c->out[stream], space, room);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_stream(c, stream);
	return n > 0 ? (size_t) n : 0;
}

bool
child_is_silent(const child *c)
{
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		if (c->out[s] >= 0)
			return false;
	return true;
}

bool
child_ended(child *c, int *ret_status)
{
	int how = 0;
	pid_t pid = waitpid(c->pid, &how, WNOHANG);

	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		close_stream(c, (output_stream) s);
	if (c->exit_fd >= 0)
		close(c->exit_fd);
	*ret_status = pid > 0 && WIFEXITED(how) ? WEXITSTATUS(how) : -1;
	*c = (child) { 0, -1, { -1, -1, -1, -1 } };
	return true;
}

void
child_kill(child *c)
{
	kill(c->pid, SIGKILL);
	for (int s = STREAM_OUTPUT; s < STREAMS_; s++)
		close_stream(c, (output_stream) s);
}
