/* The whole command line behind a question, in this process: lines of the input are the
 * words, and the commands that may be asked for from elsewhere read a hub with something of
 * everything.  An exit() where a process of its own would end ends the round. */
#include <argp.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hub/cuts.h"
#include "hub/link/askable.h"
#include "protocol/question.h"
#include "tests/support/check.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int hub_main(int argc, char **argv); /* that of hub/main_hub.c */
const char *__asan_default_options(void);
void __real_exit(int code) __attribute__((noreturn));
void __wrap_exit(int code) __attribute__((noreturn));
void __wrap_argp_error(const struct argp_state *state, const char *format, ...)
	__attribute__((noreturn));
error_t __real_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
                          int *end_index, void *input);
error_t __wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
                          int *end_index, void *input);

static jmp_buf ended;
static bool asked; /* ended is set */

/* What exit() leaves is what the end of a process frees. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

void
__wrap_exit(int code)
{
	if (asked)
		longjmp(ended, 1);
	__real_exit(code);
}

void
__wrap_argp_error(const struct argp_state *state, const char *format, ...)
{
	(void) state;
	(void) format;
	longjmp(ended, 1);
}

/* Then it returns, and cli_parse() exits. */
error_t
__wrap_argp_parse(const struct argp *argp, int argc, char **argv, unsigned flags, int *end_index,
                  void *input)
{
	return __real_argp_parse(argp, argc, argv, flags | ARGP_NO_EXIT, end_index, input);
}

/* ---- the hub that is asked ---- */

enum { DAY = 20406, QUARTER_4_2025 = 2025 * 4 + 3 };

static struct hub_fixture fixture;

static void
take_down(void)
{
	scratch_remove(&fixture.scratch);
}

static void
record(lane *l, bool second)
{
	struct event e;
	struct point at;

	for (int i = 0; i < 5; i++) {
		e = test_activity(second ? "con-b" : "con-a", DAY - 40 * i);
		test_indicator(&e, i == 3 ? "no-such" : "IND-1");
		test_count(&e, "attended", 20);
		test_group(&e, "ACT-1", 7);
		test_mode(&e, "movil");
		at = lane_add(l, &e);
	}
	e = test_void("con-a");
	test_fix(&e, &at, second ? NULL : l->device->feed);
	lane_add(l, &e);
	e = test_thing("con-a", "IND-2", second ? "k-1" : "k-2", DAY);
	lane_add(l, &e);
	e = test_progress("con-a", QUARTER_4_2025);
	lane_add(l, &e);
	e = test_close("con-a", QUARTER_4_2025);
	lane_add(l, &e);
}

static void
fill(hub *h)
{
	static struct test_device devices[2];
	lane lanes[2];
	kv_txn *txn = hub_begin(h);
	const struct cut_order order = { .name = text_of("2025-Q4"),
		                         .cutoff = DAY,
		                         .now_ms = 1763164800000 };
	bool same;

	for (unsigned i = 0; i < LENGTH(lanes); i++) {
		test_device_init(&devices[i], i + 1, "con-a,con-b");
		test_device_enroll(&devices[i], h, txn, ROLE_DEVICE);
		lane_init(&lanes[i], &devices[i]);
		record(&lanes[i], i > 0);
		lane_give_all(&lanes[i], 3, h, txn);
		if (i == 0)
			assert_status(hub_cut(h, txn, &order, &same), ST_OK);
		lane_done(&lanes[i]);
	}
	hub_commit(&txn);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void) argc;
	(void) argv;
	if (sodium_init() < 0)
		return 1;
	hub_fixture_init(&fixture, plan_base_whole());
	fill(fixture.hub);
	hub_close(&fixture.hub);
	setenv("VALIJA_HUB_HOME", fixture.home, 1);
	setenv("TMPDIR", fixture.scratch, 1);
	if (!freopen("/dev/null", "w", stdout))
		return 1;
	return atexit(take_down);
}

/* ---- the question ---- */

static size_t
split(char *text, size_t size, char **list)
{
	size_t count = 0;

	text[size] = '\0';
	for (char *at = text; at && count < QUESTION_ARGS_MAX; count++) {
		char *end = strchr(at, '\n');

		list[count] = at;
		if (end)
			*end++ = '\0';
		at = end;
	}
	return count;
}

static void
ask(int argc, char **argv)
{
	asked = true;
	if (setjmp(ended) == 0)
		hub_main(argc, argv);
	asked = false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[2 + QUESTION_ARGS_MAX + 1] = { (char *) "valija-hub", (char *) "--confined" };
	struct question q = { .type = QUESTION_ASK, .version = QUESTION_VERSION };
	char *text = malloc(size + 1);
	size_t count;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	count = split(text, size, argv + 2);
	for (size_t i = 0; i < count; i++)
		q.args.list[i] = text_of(argv[2 + i]);
	q.args.count = count;
	if (question_check(&q) == ST_OK && askable(&q.args))
		ask((int) count + 2, argv);
	free(text);
	return 0;
}
