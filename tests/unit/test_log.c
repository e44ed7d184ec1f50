#include "tests/support/check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/support/scratch.h"

enum { STDERR = 2 };

static void
a_line_names_program_message_and_object(void **ctx)
{
	char *line;

	(void) ctx;
	log_init("valija-hub");
	capture_begin(STDERR);
	log_line(LEVEL_NOTICE, "HUB-READY", "listening on %s", "tcp://127.0.0.1:5555");
	line = capture_end();
	assert_string_equal(line, "valija-hub: HUB-READY: listening on tcp://127.0.0.1:5555\n");
	free(line);
}

static void
a_failure_says_why_and_returns_it(void **ctx)
{
	char *line;
	status st;

	(void) ctx;
	log_init("valija-hub");
	capture_begin(STDERR);
	st = log_fail(ST_FULL, "HUB-STORE", "cannot keep %d batches", 3);
	line = capture_end();
	assert_status(st, ST_FULL);
	assert_non_null(strstr(line, "HUB-STORE: cannot keep 3 batches: "));
	assert_non_null(strstr(line, status_text(ST_FULL)));
	free(line);
}

static void
an_occurrence_is_one_line_however_long(void **ctx)
{
	char text[5000], *line;

	(void) ctx;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	text[10] = '\n';
	text[11] = '\r';
	capture_begin(STDERR);
	log_line(LEVEL_NOTICE, "LONG", "%s", text);
	line = capture_end();
	assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
	assert_null(strchr(line, '\r'));
	assert_true(strlen(line) < 1100);
	free(line);
}

static char *
line_for_stream(bool right)
{
	char stream[64];
	struct stat info;

	capture_begin(STDERR);
	assert_int_equal(fstat(STDERR, &info), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) info.st_dev,
	         (uintmax_t) info.st_ino + (right ? 0 : 1));
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("valija-hub");
	unsetenv("JOURNAL_STREAM");
	log_line(LEVEL_WARNING, "ID", "text");
	return capture_end();
}

static void
the_journal_gets_the_priority(void **ctx)
{
	char *line = line_for_stream(true);

	(void) ctx;
	assert_string_equal(line, "<4>ID: text\n");
	free(line);
	/* inherited from a parent under systemd, but sent elsewhere */
	line = line_for_stream(false);
	assert_string_equal(line, "valija-hub: ID: text\n");
	free(line);
}

static void
one_line_of_a_kind_passes_in_each_window(void **ctx)
{
	struct log_limit l = { 0 };
	uint64_t withheld = 77;

	(void) ctx;
	assert_true(log_limit_pass(&l, "device", 6, 1, 1000, &withheld));
	assert_int_equal(withheld, 0);
	assert_false(log_limit_pass(&l, "device", 6, 1, 1001, &withheld));
	assert_false(log_limit_pass(&l, "device", 6, 1, LOG_LIMIT_WINDOW_MS, &withheld));
	assert_true(log_limit_pass(&l, "device", 6, 2, 1001, &withheld));
	assert_true(log_limit_pass(&l, "Device", 6, 1, 1001, &withheld));
	assert_true(log_limit_pass(&l, "device", 6, 1, 1000 + LOG_LIMIT_WINDOW_MS, &withheld));
	assert_int_equal(withheld, 2);
}

static void
who_makes_up_names_is_held_by_the_number_of_all(void **ctx)
{
	struct log_limit l = { 0 };
	uint64_t withheld;
	int i;

	(void) ctx;
	for (i = 0; i < LOG_LIMIT_ROWS; i++)
		assert_true(log_limit_pass(&l, &i, sizeof(i), 0, i, &withheld));
	for (; i < 3 * LOG_LIMIT_ROWS; i++)
		assert_false(log_limit_pass(&l, &i, sizeof(i), 0, i, &withheld));
	/* the window of the first one is over, and of no other */
	assert_true(log_limit_pass(&l, &i, sizeof(i), 0, LOG_LIMIT_WINDOW_MS, &withheld));
	assert_int_equal(withheld, 0);
	i++;
	assert_false(log_limit_pass(&l, &i, sizeof(i), 0, LOG_LIMIT_WINDOW_MS, &withheld));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_program_message_and_object),
		cmocka_unit_test(a_failure_says_why_and_returns_it),
		cmocka_unit_test(an_occurrence_is_one_line_however_long),
		cmocka_unit_test(the_journal_gets_the_priority),
		cmocka_unit_test(one_line_of_a_kind_passes_in_each_window),
		cmocka_unit_test(who_makes_up_names_is_held_by_the_number_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
