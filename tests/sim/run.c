#include "tests/sim/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/world.h"

enum { HUNG_MS = 30000, LOOK_MS = 10, WORLD_STEPS_MIN = 60, WORLD_STEPS_MORE = 1400 };

static FILE *complaints; /* what the child says on its standard error */

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
run_prepare(void)
{
	trace = mmap(NULL, sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	             0);
	complaints = tmpfile();
	if (trace == MAP_FAILED || !complaints) {
		fprintf(stderr, "sim: no memory to share\n");
		exit(EXIT_FAILURE);
	}
	world_prepare();
	if (atexit(world_clean_up) != 0)
		exit(EXIT_FAILURE);
}

/* ---- in the child ---- */

/* The steps of a seed, all drawn before the first is taken: so one that is left out
 * changes no other. */
static void
schedule(uint64_t seed)
{
	pick_seed(seed * 7919 + 1);
	trace->scheduled = WORLD_STEPS_MIN + pick(WORLD_STEPS_MORE);
	for (size_t i = 0; i < trace->scheduled; i++)
		trace->schedule[i] = step_choose();
}

static void
one_world(uint64_t seed)
{
	world_begin(seed);
	for (size_t i = 0; i < trace->scheduled; i++)
		step_take(&trace->schedule[i]);
	pick_seed(seed);
	world_calms_down();
	world_end();
	trace->worlds++;
}

static bool
is_over(const struct run_limits *limits, int64_t since_ms)
{
	return (limits->worlds && trace->worlds >= limits->worlds) ||
		(limits->steps && trace->steps >= limits->steps) ||
		(limits->for_ms && clock_ms() - since_ms >= limits->for_ms);
}

static void
in_child(uint64_t seed, const struct run_limits *limits)
{
	int64_t since_ms = clock_ms();

	if (dup2(fileno(complaints), STDERR_FILENO) < 0)
		_exit(2);
	if (!limits) {
		one_world(trace->seed);
		_exit(0);
	}
	do {
		schedule(seed);
		one_world(seed++);
	} while (!is_over(limits, since_ms));
	_exit(0);
}

/* ---- in the parent ---- */

/* What is said where no check of ours could speak. */
static void
read_complaints(const char *what)
{
	size_t len = (size_t) snprintf(trace->why, sizeof(trace->why), "%s\n", what);

	rewind(complaints);
	len += fread(trace->why + len, 1, sizeof(trace->why) - 1 - len, complaints);
	while (len > 0 && trace->why[len - 1] == '\n')
		len--;
	trace->why[len] = '\0';
}

static void
judge_end(int end)
{
	char what[80];

	if (trace->failed)
		return;
	if (WIFSIGNALED(end)) {
		snprintf(what, sizeof(what), "the process died of signal %d (%s)", WTERMSIG(end),
		         strsignal(WTERMSIG(end)));
		read_complaints(what);
		trace->failed = true;
	} else if (WEXITSTATUS(end) != 0) {
		read_complaints("a check failed:");
		trace->failed = true;
	}
}

/* A child whose steps stand still for long does not end by itself. */
static void
watch(pid_t child)
{
	uint64_t steps = trace->steps;
	int64_t since_ms = clock_ms();
	int end = 0;

	while (waitpid(child, &end, WNOHANG) == 0) {
		poll(NULL, 0, LOOK_MS);
		if (trace->steps != steps) {
			steps = trace->steps;
			since_ms = clock_ms();
		} else if (clock_ms() - since_ms > HUNG_MS) {
			kill(child, SIGKILL);
			waitpid(child, &end, 0);
			snprintf(trace->why, sizeof(trace->why), "a step does not end");
			trace->failed = true;
			return;
		}
	}
	judge_end(end);
}

static void
run_child(uint64_t seed, const struct run_limits *limits)
{
	pid_t child;

	trace->failed = false;
	if (ftruncate(fileno(complaints), 0) != 0)
		exit(EXIT_FAILURE);
	rewind(complaints);
	fflush(NULL);
	child = fork();
	if (child < 0) {
		perror("sim: fork");
		exit(EXIT_FAILURE);
	}
	if (child == 0)
		in_child(seed, limits);
	watch(child);
}

bool
run_worlds(uint64_t first_seed, const struct run_limits *limits)
{
	run_child(first_seed, limits);
	return !trace->failed;
}

/* ---- shrinking ---- */

/* Whether it still fails without steps from to end; then they are gone. */
static bool
without(size_t from, size_t end)
{
	static struct sim_step kept[STEPS_MAX];
	size_t count = trace->scheduled;

	memcpy(kept, trace->schedule, count * sizeof(*kept));
	memmove(trace->schedule + from, trace->schedule + end,
	        (count - end) * sizeof(*trace->schedule));
	trace->scheduled = count - (end - from);
	run_child(0, NULL);
	if (trace->failed)
		return true;
	memcpy(trace->schedule, kept, count * sizeof(*kept));
	trace->scheduled = count;
	return false;
}

/* Steps that were never taken have no part in it. */
static void
drop_the_rest(void)
{
	if (trace->world_steps < trace->scheduled)
		trace->scheduled = (size_t) trace->world_steps;
}

void
run_shrink(void)
{
	size_t chunk;

	drop_the_rest();
	for (chunk = trace->scheduled / 2; chunk > 0; chunk /= 2) {
		bool shrunk = true;

		while (shrunk && chunk <= trace->scheduled) {
			shrunk = false;
			for (size_t end = trace->scheduled; end >= chunk;) {
				if (without(end - chunk, end)) {
					shrunk = true;
					if (trace->scheduled < end)
						end = trace->scheduled;
				} else {
					end -= chunk > 1 ? chunk : 1;
				}
			}
			if (chunk > 1)
				break;
		}
	}
	run_child(0, NULL);
}

/* ---- telling ---- */

void
run_tell(void)
{
	uint64_t lines = trace->said < TRACE_LINES ? trace->said : TRACE_LINES;

	printf("FAILED seed %ju, after %ju steps of it: %s\n", (uintmax_t) trace->seed,
	       (uintmax_t) trace->world_steps, trace->why);
	printf("what led there (%ju steps, the last lines of %ju):\n",
	       (uintmax_t) trace->world_steps, (uintmax_t) trace->said);
	for (uint64_t i = trace->said - lines; i < trace->said; i++)
		printf("  %s\n", trace->lines[i % TRACE_LINES]);
}
