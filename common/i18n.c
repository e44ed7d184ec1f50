#include "common/i18n.h"

#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The domain of strerror() and argp, whose letters would be those of LC_CTYPE. */
static const char C_LIBRARY[] = "libc";

enum { LANGUAGE_BYTES = 64, LANGUAGES_BYTES = 1024 };

static bool
is_set(const char *value)
{
	return value && *value;
}

/* In the order of POSIX: the first that is set and not empty counts. */
static const char *
wanted_locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (is_set(value))
			return value;
	}
	return "C";
}

/* gettext() takes the language from LANGUAGE alone once the locale has another
 * name than "C"; C.UTF-8 has. */
static void
set_language(const char *locale)
{
	char language[LANGUAGE_BYTES];
	size_t len = strcspn(locale, ".@");

	if (is_set(getenv("LANGUAGE")) || len >= sizeof(language))
		return;
	memcpy(language, locale, len);
	language[len] = '\0';
	if (strcmp(language, "C") != 0 && strcmp(language, "POSIX") != 0)
		setenv("LANGUAGE", language, 1);
}

/* By where the program is, not where it was installed to: a build tree, or a
 * folder copied to another place, brings its own. */
static bool
catalogue_dir(char *dir, size_t size)
{
	char program[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;
	int n;

	if (len <= 0)
		return false;
	program[len] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return false;
	*slash = '\0';
	n = snprintf(dir, size, "%s/../share/locale", program);
	return n > 0 && (size_t) n < size && access(dir, X_OK) == 0;
}

/* Nothing is loaded that nobody asks for, since each category of the locale is a file: where
 * no language is named, none at all.  LC_NUMERIC must stay as it is: printf() would write a
 * decimal comma by it, and strtod() read one.  LC_CTYPE matters to tables only. */
void
i18n_init(const char *domain)
{
	char dir[PATH_MAX], languages[LANGUAGES_BYTES];

	i18n_language(languages, sizeof(languages));
	if (*languages == '\0')
		return;
	if (!setlocale(LC_MESSAGES, "")) {
		setlocale(LC_MESSAGES, "C.UTF-8");
		set_language(wanted_locale());
	}
	bindtextdomain(domain, catalogue_dir(dir, sizeof(dir)) ? dir : VALIJA_LOCALE_DIR);
	bind_textdomain_codeset(domain, "UTF-8");
	bind_textdomain_codeset(C_LIBRARY, "UTF-8");
	textdomain(domain);
}

void
i18n_language(char *out, size_t size)
{
	const char *language = getenv("LANGUAGE");
	size_t len;

	if (!is_set(language))
		language = wanted_locale();
	len = strcspn(language, ".");
	if (len >= size || strncmp(language, "C", len) == 0 || strncmp(language, "POSIX", len) == 0)
		len = 0;
	memcpy(out, language, len);
	out[len] = '\0';
}
