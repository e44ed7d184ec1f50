/* The deterministic simulator: small worlds, each from a seed.  Devices record, links
 * break and slow down, processes die, disks are put back and fill, machines are cloned,
 * hubs are backed up, put back and lost, batches come late, twice and forged, clocks
 * jump, rights and plans change.  Then comes calm, after which all that DESIGN.md
 * promises must hold (world.h says what is real here; calm.c what is checked).
 *
 *     world.[ch]  what a world is         steps.c   what can happen
 *     devices.c, records.c, hubs.c, wires.c, cuts.c, disk.c
 *     model.c     what must be so         calm.c    the end, and its checks
 *     run.c       child processes, shrinking        trace.c
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tests/sim/run.h"
#include "tests/sim/world.h"

struct args {
	uint64_t seed;
	bool has_seed, replay, short_tell;
	struct run_limits limits;
	const char *seeds;
};

enum { KEY_SEED = 256, KEY_STEPS, KEY_FOR, KEY_REPLAY, KEY_SEEDS, KEY_MUTANT };

static const struct argp_option options[] = {
	{ "seed", KEY_SEED, "N", 0,
	  "Run the world of that seed; with --steps or --for, that one and "
	  "those after it (default: a fresh one)",
	  0 },
	{ "steps", KEY_STEPS, "N", 0, "Begin no further world after that many steps", 0 },
	{ "for", KEY_FOR, "SECONDS", 0, "Begin no further world after that time (default: 10)", 0 },
	{ "replay", KEY_REPLAY, NULL, 0,
	  "Run the world of --seed and, when it fails, leave out "
	  "whatever it fails without",
	  0 },
	{ "seeds", KEY_SEEDS, "FILE", 0, "First run the world of each seed that begins a line", 0 },
	{ "mutant", KEY_MUTANT, NULL, 0, "Tell a failure in one line", 0 },
	{ 0 },
};

static uint64_t
number_of(const char *text, struct argp_state *state)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		argp_error(state, "'%s' is no number", text);
	return n;
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_SEED:
		a->seed = number_of(arg, state);
		a->has_seed = true;
		return 0;
	case KEY_STEPS: a->limits.steps = number_of(arg, state); return 0;
	case KEY_FOR: a->limits.for_ms = (int64_t) number_of(arg, state) * 1000; return 0;
	case KEY_REPLAY: a->replay = true; return 0;
	case KEY_SEEDS: a->seeds = arg; return 0;
	case KEY_MUTANT: a->short_tell = true; return 0;
	case ARGP_KEY_END:
		if (a->replay && !a->has_seed)
			argp_error(state, "--replay of which world? name it with --seed");
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static void
sum_up(void)
{
	printf("%ju worlds, %ju steps, %ju events, %ju acknowledgements, %ju taken back, %ju given "
	       "up\n",
	       (uintmax_t) trace->worlds, (uintmax_t) trace->steps, (uintmax_t) trace->events,
	       (uintmax_t) trace->acks, (uintmax_t) trace->adopted, (uintmax_t) trace->given_up);
	for (unsigned i = 0; i < step_count(); i++)
		printf("  %9ju  %s\n", (uintmax_t) trace->seen[i], step_name(i));
}

/* Each seed of the file, with the rest of its line as a comment. */
static bool
run_file(const char *path)
{
	const struct run_limits one = { .worlds = 1 };
	FILE *f = fopen(path, "r");
	char line[300];
	bool ok = true;

	if (!f) {
		fprintf(stderr, "sim: %s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	while (ok && fgets(line, sizeof(line), f)) {
		if (*line < '0' || *line > '9')
			continue;
		trace->worlds = 0;
		ok = run_worlds(strtoull(line, NULL, 10), &one);
	}
	fclose(f);
	return ok;
}

static int
tell_failure(const struct args *a)
{
	uint64_t seed = trace->seed;

	if (a->short_tell) {
		char *second = strchr(trace->why, '\n');

		if (second) {
			*second = ' ';
			second[strcspn(second, "\n")] = '\0';
		}
		printf("%ju %ju %s\n", (uintmax_t) trace->steps, (uintmax_t) seed, trace->why);
		return 1;
	}
	if (a->replay) {
		printf("fails; leaving out what it fails without\n");
		run_shrink();
	}
	run_tell();
	if (!a->replay)
		printf("shortest form: ./dev sim --seed %ju --replay\n", (uintmax_t) seed);
	return 1;
}

static void
settle_limits(struct args *a)
{
	uint32_t fresh = 1;

	if (!a->has_seed && getrandom(&fresh, sizeof(fresh), 0) == sizeof(fresh))
		a->seed = fresh;
	if (a->replay || (a->has_seed && !a->limits.steps && !a->limits.for_ms))
		a->limits = (struct run_limits) { .worlds = 1 };
	else if (!a->limits.steps && !a->limits.for_ms)
		a->limits.for_ms = 10000;
}

int
main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Play worlds of devices and hubs from seeds, and check what Valija promises.",
	};
	struct args a = { .seed = 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return 64;
	settle_limits(&a);
	run_prepare();
	if (a.seeds && !run_file(a.seeds))
		return tell_failure(&a);
	if (!a.short_tell)
		printf("seed %ju\n", (uintmax_t) a.seed);
	trace->worlds = 0;
	if (!run_worlds(a.seed, &a.limits))
		return tell_failure(&a);
	if (!a.short_tell)
		sum_up();
	return 0;
}
