#include "tests/support/check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/i18n.h"

#define ENGLISH "not found"
#define SPANISH "no se encontró"

/* What the C library says is only spoken where its catalogue is installed. */
static bool
spells_accents(const char *error)
{
	return strcmp(error, "Invalid argument") == 0 || strcmp(error, "Argumento inválido") == 0;
}

/* Whether, in this environment, texts come in this language, in UTF-8, and numbers as
 * in C.  In a process of its own: gettext() keeps what it found. */
static bool
speaks(const char *const *environment, const char *want)
{
	pid_t child = fork();
	int how = 0;

	if (child == 0) {
		char number[8];

		clearenv();
		for (; *environment; environment += 2)
			setenv(environment[0], environment[1], 1);
		i18n_init("valija");
		snprintf(number, sizeof(number), "%.1f", 1.5);
		_exit(strcmp(_(ENGLISH), want) != 0 || strcmp(number, "1.5") != 0 ||
		      !spells_accents(strerror(EINVAL)));
	}
	assert_int_equal(waitpid(child, &how, 0), child);
	return WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

#define assert_speaks(want, ...) \
	assert_true(speaks((const char *const[]) { __VA_ARGS__, NULL }, want))

static void
a_language_needs_no_installed_locale(void **ctx)
{
	(void) ctx;
	assert_speaks(SPANISH, "LANG", "es_CO.UTF-8");
	assert_speaks(SPANISH, "LANG", "es_CO.utf8");
	assert_speaks(SPANISH, "LANG", "es");
	assert_speaks(SPANISH, "LC_ALL", "es_ZZ.UTF-8");
	assert_speaks(SPANISH, "LC_MESSAGES", "es_ZZ@euro");
}

static void
a_locale_that_is_not_utf8_gives_its_language_only(void **ctx)
{
	(void) ctx;
	assert_speaks(SPANISH, "LANG", "es_CO.ISO-8859-1");
	assert_speaks(SPANISH, "LANG", "es_ES@euro");
}

static void
what_is_asked_first_wins(void **ctx)
{
	(void) ctx;
	assert_speaks(ENGLISH, "LC_ALL", "C", "LANG", "es_CO.UTF-8");
	assert_speaks(ENGLISH, "LC_ALL", "en_ZZ.UTF-8", "LC_MESSAGES", "es_CO.UTF-8");
	assert_speaks(SPANISH, "LC_ALL", "", "LC_MESSAGES", "es_ZZ.UTF-8", "LANG", "en_ZZ.UTF-8");
	assert_speaks(SPANISH, "LANGUAGE", "es", "LANG", "en_ZZ.UTF-8");
	assert_speaks(SPANISH, "LANGUAGE", "", "LANG", "es_ZZ.UTF-8");
}

static void
without_a_language_it_is_english(void **ctx)
{
	(void) ctx;
	static const char *const nothing[] = { NULL };

	assert_true(speaks(nothing, ENGLISH));
	assert_speaks(ENGLISH, "LANG", "C");
	assert_speaks(ENGLISH, "LANG", "POSIX");
	assert_speaks(ENGLISH, "LANG", "qq_QQ.UTF-8");
	assert_speaks(ENGLISH, "LANG", "../../es");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_language_needs_no_installed_locale),
		cmocka_unit_test(a_locale_that_is_not_utf8_gives_its_language_only),
		cmocka_unit_test(what_is_asked_first_wins),
		cmocka_unit_test(without_a_language_it_is_english),
	};

	return cmocka_run_group_tests_name("i18n", tests, NULL, NULL);
}
