#include "tests/support/check.h"

#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "tests/support/scratch.h"

static const char *last_date, *last_place;
static int last_flag;

static const struct argp_option options[] = {
	{ "date", 'd', "DATE", 0, "the day", 0 },
	{ "place", 'p', "TEXT", 0, "where", 0 },
	{ "plain", 'x', NULL, 0, "a switch", 0 },
	{ "colour", 'c', "WHEN", OPTION_ARG_OPTIONAL, "a value that may be left out", 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'd': last_date = arg; return 0;
	case 'p': last_place = arg; return 0;
	case 'x': last_flag++; return 0;
	case 'c': return 0;
	case ARGP_KEY_ARG: *(const char **) state->input = arg; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
run_record(int argc, char **argv)
{
	static const struct argp argp = { options, parse_option, "[NAME]", "Record it.", 0, 0, 0 };
	const char *name = "-";

	cli_parse(&argp, argc, argv, &name);
	printf("date=%s place=%s flag=%d name=%s\n", last_date, last_place, last_flag, name);
	return last_flag > 1 ? cli_fail(EX_DATAERR, "%d switches", last_flag) : EX_OK;
}

static int
run_status(int argc, char **argv)
{
	(void) argc;
	printf("%s\n", argv[0]);
	return EX_OK;
}

static const struct cli_command parts[] = {
	{ "check", "look at it", run_status, NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct cli_command commands[] = {
	{ "record", "record one activity", run_record, NULL },
	{ "status", "one line", run_status, NULL },
	{ "plan", "two words", NULL, parts },
	{ NULL, NULL, NULL, NULL },
};

static const struct cli_fact files[] = {
	{ "/file", "what is in it" },
	{ NULL, NULL },
};

static const struct cli_program program = {
	.name = "valija",
	.about = "Records events.",
	.commands = commands,
	.section = "1",
	.more = ".Begins with a point.",
	.files = files,
	.see_also = "other(1)",
};

enum { MAX_ARGS = 16, ARG_BYTES = 64 };

struct outcome {
	int code;
	char *out, *err;
};

/* In a process of its own: usage errors exit(). */
static int
run_child(const char *const *args, const char *out, const char *err)
{
	static char words[MAX_ARGS][ARG_BYTES] = { "valija" };
	char *argv[MAX_ARGS + 1] = { words[0] };
	pid_t child = fork();
	int argc = 1, how;

	if (child == 0) {
		for (; args[argc - 1] && argc < MAX_ARGS; argc++) {
			snprintf(words[argc], ARG_BYTES, "%s", args[argc - 1]);
			argv[argc] = words[argc];
		}
		if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
			_exit(99);
		exit(cli_main(&program, argc, argv));
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	assert_true(WIFEXITED(how));
	return WEXITSTATUS(how);
}

static char *
slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 8192);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, 8191, f) < 8191);
	fclose(f);
	return text;
}

static struct outcome
run(const char *const *args)
{
	char *dir = scratch_new();
	const char *out = scratch_path(dir, "out"), *err = scratch_path(dir, "err");
	struct outcome o = { .code = run_child(args, out, err) };

	o.out = slurp(out);
	o.err = slurp(err);
	scratch_remove(&dir);
	return o;
}

/* Run with these arguments; out and err are what each must hold, NULL for
 * nothing at all. */
static void
expect(const char *const *args, int code, const char *out, const char *err)
{
	struct outcome o = run(args);

	if (o.code != code)
		fail_msg("exit %d, want %d; out '%s', err '%s'", o.code, code, o.out, o.err);
	if (out ? !strstr(o.out, out) : *o.out)
		fail_msg("standard output is '%s', want '%s'", o.out, out ? out : "");
	if (err ? !strstr(o.err, err) : *o.err)
		fail_msg("standard error is '%s', want '%s'", o.err, err ? err : "");
	free(o.out);
	free(o.err);
}

#define ARGS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void
a_command_gets_its_own_arguments(void **ctx)
{
	(void) ctx;
	expect(ARGS("status"), EX_OK, "valija status\n", NULL);
	expect(ARGS("status", "--anything"), EX_OK, "valija status\n", NULL);
}

static void
a_command_of_two_words_is_found_and_told(void **ctx)
{
	(void) ctx;
	expect(ARGS("plan", "check"), EX_OK, "valija plan check\n", NULL);
	expect(ARGS("plan", "--help"), EX_OK, "  check      look at it\n", NULL);
	expect(ARGS("plan"), EX_USAGE, NULL, "valija plan: a command is missing: check\n");
	expect(ARGS("plan", "chek"), EX_USAGE, NULL, "did you mean 'check'?");
	expect(ARGS("plan", "check", "--version"), EX_OK, "valija plan check\n", NULL);
}

/* What troff would take for its own is made harmless. */
static void
the_manual_has_each_command_and_each_option(void **ctx)
{
	(void) ctx;
	expect(ARGS("--manual"), EX_OK, ".TH \"valija\" \"1\"", NULL);
	expect(ARGS("--manual"), EX_OK, "\n\\&.Begins with a point.\n", NULL);
	expect(ARGS("--manual"), EX_OK,
	       ".SS valija record\n.B valija record\n.RI [ OPTION ...]\n.I [NAME]\n", NULL);
	expect(ARGS("--manual"), EX_OK, ".B \\-d, \\-\\-date\\fR=\\fIDATE\\fR\nthe day\n", NULL);
	expect(ARGS("--manual"), EX_OK, ".SH FILES\n.TP\n.B /file\nwhat is in it\n", NULL);
	expect(ARGS("--manual", "more"), EX_USAGE, NULL, "there is no command before '--manual'");
}

static void
the_completion_has_each_command_and_each_option(void **ctx)
{
	(void) ctx;
	expect(ARGS("--completion"), EX_OK, "commands='record status plan'", NULL);
	expect(ARGS("--completion"), EX_OK, "'record')\n\t\toptions=' --date= --place= --plain",
	       NULL);
	expect(ARGS("--completion"), EX_OK, "compgen -W 'check'", NULL);
}

static void
values_are_taken_in_every_form(void **ctx)
{
	(void) ctx;
	const char *want = "date=D place=--P flag=1 name=N\n";

	expect(ARGS("record", "--date", "D", "--place", "--P", "--plain", "N"), EX_OK, want, NULL);
	expect(ARGS("record", "--da=D", "--place=--P", "-x", "--", "N"), EX_OK, want, NULL);
	expect(ARGS("record", "N", "-dD", "-xp", "--P", "-c"), EX_OK, want, NULL);
}

static void
program_help_lists_the_commands(void **ctx)
{
	(void) ctx;
	expect(ARGS("--help"), EX_OK, "  record     record one activity\n", NULL);
	expect(ARGS("--help"), EX_OK, "Usage: valija COMMAND [OPTION...]\nRecords events.\n", NULL);
}

static void
command_help_lists_its_options_and_ours(void **ctx)
{
	(void) ctx;
	expect(ARGS("record", "--help"), EX_OK, "Usage: valija record [OPTION...] [NAME]\n", NULL);
	expect(ARGS("record", "--help"), EX_OK, "--date=DATE", NULL);
	expect(ARGS("record", "--help"), EX_OK, "--version", NULL);
	expect(ARGS("record", "--usage"), EX_OK, "--date=DATE", NULL);
}

static void
version_is_the_same_for_program_and_command(void **ctx)
{
	(void) ctx;
	expect(ARGS("--version"), EX_OK, "valija " VALIJA_VERSION "\nLicense", NULL);
	expect(ARGS("record", "--version"), EX_OK, "valija " VALIJA_VERSION "\nLicense", NULL);
}

static void
wrong_usage_exits_64_and_says_what_would_be_right(void **ctx)
{
	(void) ctx;
	expect(ARGS("recrod"), EX_USAGE, NULL, "no command 'recrod'; did you mean 'record'?");
	expect(ARGS("xyz"), EX_USAGE, NULL, "no command 'xyz'\nTry 'valija --help'");
	expect(ARGS("--home", "X", "record"), EX_USAGE, NULL,
	       "options stand after the command: valija record --home");
	expect(ARGS("--home", "X"), EX_USAGE, NULL, "there is no command before '--home'");
	expect(ARGS("record", "--dote", "x"), EX_USAGE, NULL,
	       "valija record: there is no option '--dote'; did you mean '--date'?\nTry `valija");
	expect(ARGS("record", "--pla=x"), EX_USAGE, NULL, "'--pla' may mean '--place' or '--pl");
	expect(ARGS("record", "--qqqqq"), EX_USAGE, NULL, "there is no option '--qqqqq'\n");
	expect(ARGS("record", "--date"), EX_USAGE, NULL, "'--date' needs a value: --date=DATE");
	expect(ARGS("record", "--plain=1"), EX_USAGE, NULL, "'--plain' takes no value");
	expect(ARGS("record", "-d"), EX_USAGE, NULL, "'-d' needs a value");
	expect(ARGS("record", "-q"), EX_USAGE, NULL, "there is no option '-q'");
	expect(ARGS("record\x1b[31m"), EX_USAGE, NULL, "'record\\x1b[31m'");
}

static void
a_missing_command_is_wrong_usage(void **ctx)
{
	(void) ctx;
	const char *const none[] = { NULL };

	expect(none, EX_USAGE, NULL, "valija: a command is missing");
}

static void
a_failure_names_program_and_command(void **ctx)
{
	(void) ctx;
	expect(ARGS("record", "-xx"), EX_DATAERR, "flag=2", "valija record: 2 switches\n");
}

static int
speak_english(void **ctx)
{
	(void) ctx;
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("LANGUAGE");
	return 0;
}

/* Also what comes from argp, with no Spanish texts of the C library at hand. */
static void
all_of_it_speaks_spanish(void **ctx)
{
	(void) ctx;
	setenv("LC_ALL", "es_CO.UTF-8", 1);
	expect(ARGS("--help"), EX_OK, "Uso: valija ORDEN [OPCIÓN...]\n", NULL);
	expect(ARGS("record", "--help"), EX_OK, "Uso: valija record [OPCIÓN...] [NAME]\n", NULL);
	expect(ARGS("record", "--help"), EX_OK, "mostrar esta ayuda", NULL);
	expect(ARGS("record", "--dote"), EX_USAGE, NULL, "no existe la opción «--dote»");
	expect(ARGS("record", "--dote"), EX_USAGE, NULL, "\nPara más información: «valija record");
	speak_english(NULL);
}

static void
a_full_output_is_a_failure(void **ctx)
{
	(void) ctx;
	assert_int_equal(run_child(ARGS("status"), "/dev/full", "/dev/null"), EX_IOERR);
	assert_int_equal(run_child(ARGS("--help"), "/dev/full", "/dev/null"), EX_IOERR);
	assert_int_equal(run_child(ARGS("record", "--help"), "/dev/full", "/dev/null"), EX_IOERR);
}

static void
nearest_is_what_was_meant_or_nothing(void **ctx)
{
	(void) ctx;
	static const char *const codes[] = { "IND-1",     "IND-2",           "con-houston",
		                             "con-miami", "sabado-consular", "2.1.05" };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "IND-9", "IND-1" }, /* the first of equals */
		{ "IND2", "IND-2" },
		{ "ind-2", "IND-2" },
		{ "con-huoston", "con-houston" }, /* exchanged */
		{ "con-houstn", "con-houston" },
		{ "con-houstonn", "con-houston" },
		{ "con-mi", "con-miami" }, /* begun */
		{ "sábado-consular", "sabado-consular" },
		{ "2.1.5", "2.1.05" },
		{ "emb-japon", NULL },
		{ "", NULL },
		{ "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
		  NULL },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *got = cli_nearest(cases[i].word, codes, LENGTH(codes));

		if (got && cases[i].want ? strcmp(got, cases[i].want) != 0 : got != cases[i].want)
			fail_msg("'%s': got %s, want %s", cases[i].word, got ? got : "nothing",
			         cases[i].want ? cases[i].want : "nothing");
	}
	assert_null(cli_nearest("IND-1", NULL, 0));
}

static void
only_harmless_text_reaches_the_terminal(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "Peñón, 3.º piso", "Peñón, 3.º piso" },
		{ "a\x1b[2Jb\n", "a\\x1b[2Jb\\x0a" },
		{ "\xff\xc3", "\\xff\\xc3" },          /* no UTF-8 */
		{ "\xc2\x9b", "\\xc2\\x9b" },          /* C1 */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* half a surrogate pair */
		{ "😀…", "😀…" },
		{ "", "" },
	};
	const char right_to_left[] = { (char) 0xe2, (char) 0x80, (char) 0xae, '.' };
	char out[64];

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_string_equal(
			cli_safe(cases[i].text, strlen(cases[i].text), out, sizeof(out)),
			cases[i].want);
	assert_string_equal(cli_safe(right_to_left, 4, out, sizeof(out)), "\\xe2\\x80\\xae.");
	assert_string_equal(cli_safe("a\0b", 3, out, sizeof(out)), "a\\x00b");
}

static void
safe_text_is_cut_between_characters(void **ctx)
{
	(void) ctx;
	char out[8];

	for (size_t size = 1; size < sizeof(out); size++) {
		memset(out, '#', sizeof(out));
		cli_safe("añ\x01", 4, out, size);
		assert_string_equal(out, size < 2 ? "" : size < 4 ? "a" : "añ");
		assert_int_equal(out[size], '#');
	}
	assert_string_equal(cli_safe("añ\x01", 4, out, sizeof(out)), "añ\\x01");
}

static void
each_status_has_the_exit_status_of_sysexits(void **ctx)
{
	(void) ctx;
	assert_int_equal(cli_exit(ST_OK), EX_OK);
	assert_int_equal(cli_exit(ST_INVALID), EX_DATAERR);
	assert_int_equal(cli_exit(ST_NOT_FOUND), EX_NOINPUT);
	assert_int_equal(cli_exit(ST_EXISTS), EX_CANTCREAT);
	assert_int_equal(cli_exit(ST_FULL), EX_IOERR);
	assert_int_equal(cli_exit(ST_BUSY), EX_TEMPFAIL);
	assert_int_equal(cli_exit(ST_DENIED), EX_NOPERM);
	assert_int_equal(cli_exit(ST_VERSION), EX_CONFIG);
	for (int st = ST_NOMEM; st >= ST_INVALID; st--)
		assert_in_range(cli_exit((status) st), EX__BASE, EX__MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_gets_its_own_arguments),
		cmocka_unit_test(a_command_of_two_words_is_found_and_told),
		cmocka_unit_test(the_manual_has_each_command_and_each_option),
		cmocka_unit_test(the_completion_has_each_command_and_each_option),
		cmocka_unit_test(values_are_taken_in_every_form),
		cmocka_unit_test(program_help_lists_the_commands),
		cmocka_unit_test(command_help_lists_its_options_and_ours),
		cmocka_unit_test(version_is_the_same_for_program_and_command),
		cmocka_unit_test(wrong_usage_exits_64_and_says_what_would_be_right),
		cmocka_unit_test(a_missing_command_is_wrong_usage),
		cmocka_unit_test(a_failure_names_program_and_command),
		cmocka_unit_test(all_of_it_speaks_spanish),
		cmocka_unit_test(a_full_output_is_a_failure),
		cmocka_unit_test(nearest_is_what_was_meant_or_nothing),
		cmocka_unit_test(only_harmless_text_reaches_the_terminal),
		cmocka_unit_test(safe_text_is_cut_between_characters),
		cmocka_unit_test(each_status_has_the_exit_status_of_sysexits),
	};

	return cmocka_run_group_tests_name("cli", tests, speak_english, NULL);
}
