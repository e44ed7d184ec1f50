/* tests/bench/spawn.c - how long whole processes take
 *
 *     bench_spawn N A... [-- B...]
 *
 * Runs each command N times, in turn, one after the other, output thrown away.  For
 * each: wall time in microseconds, middle and 99 %, and its CPU time, mean.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/bench/middle.h"

extern char **environ;

struct command {
	char **words;
	double *us;
	double cpu_us;
};

static double
used_us(const struct rusage *r)
{
	return (double) (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1e6 +
		(double) (r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

static void
run(struct command *c, size_t i, const posix_spawn_file_actions_t *actions)
{
	double start = bench_now_us();
	struct rusage used;
	int status;
	pid_t pid;

	if (posix_spawn(&pid, c->words[0], actions, NULL, c->words, environ) != 0 ||
	    wait4(pid, &status, 0, &used) != pid || status != 0) {
		fprintf(stderr, "bench_spawn: %s failed\n", c->words[0]);
		exit(1);
	}
	c->us[i] = bench_now_us() - start;
	c->cpu_us += used_us(&used);
}

int
main(int argc, char **argv)
{
	size_t times = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, count = 1;
	struct command commands[2] = { { .words = argv + 2 } };
	posix_spawn_file_actions_t actions;

	if (times == 0)
		return 64;
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "--") == 0 && i + 1 < argc && count == 1) {
			argv[i] = NULL;
			commands[count++].words = argv + i + 1;
		}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	for (size_t c = 0; c < count; c++) {
		commands[c].us = calloc(times, sizeof(double));
		if (!commands[c].us)
			exit(1);
	}
	for (size_t i = 0; i < times; i++)
		for (size_t c = 0; c < count; c++)
			run(&commands[c], i, &actions);
	for (size_t c = 0; c < count; c++) {
		printf("%.1f ", commands[c].cpu_us / (double) times);
		bench_print_middle(commands[c].us, times);
		free(commands[c].us);
	}
	posix_spawn_file_actions_destroy(&actions);
	return fflush(stdout) != 0;
}
