#include "common/i18n.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LANGUAGE_BYTES = 64, LANGUAGES_BYTES = 1024 };

static bool
is_set(const char *value)
{
	return value && *value;
}

/* Letters, and the language of messages where there is one; no more is asked of it, and each
 * category is a file to be opened.  Of the others LC_NUMERIC must stay as it is: printf()
 * would write a decimal comma by it, and strtod() read one. */
static bool
set_locale(const char *locale, bool messages)
{
	return setlocale(LC_CTYPE, locale) && (!messages || setlocale(LC_MESSAGES, locale));
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

void
i18n_init(const char *domain)
{
	char dir[PATH_MAX], languages[LANGUAGES_BYTES];
	bool messages;

	i18n_language(languages, sizeof(languages));
	messages = *languages != '\0';
	if (!set_locale("", messages) || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
		set_locale("C.UTF-8", messages);
		set_language(wanted_locale());
	}
	if (!messages) /* none is looked for then */
		return;
	bindtextdomain(domain, catalogue_dir(dir, sizeof(dir)) ? dir : VALIJA_LOCALE_DIR);
	bind_textdomain_codeset(domain, "UTF-8");
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
