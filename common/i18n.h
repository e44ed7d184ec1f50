/* common/i18n.h - the language of the person in front of the program
 *
 * Every text a person sees is English in the source and goes through _().
 * i18n_init() is the first call of main(): it takes the language of the
 * environment and, when that locale is not installed, falls back to C.UTF-8 and sets
 * LANGUAGE from LC_ALL, LC_MESSAGES or LANG, so that "env -i LANG=es_CO.UTF-8"
 * speaks Spanish on a machine that has no locales at all.  All else of the locale
 * stays that of C: texts are UTF-8 whatever it says, numbers are written as in C, and
 * letters are known to tables alone (common/table.c).
 */
#pragma once

#include <libintl.h>
#include <stddef.h>

#include "protocol/msgid.h"

#define _(text) gettext(text)

/* Catalogues are looked for beside the program (../share/locale of the folder
 * it was started from, as in a build tree) and then where they are installed,
 * under the name of domain: packages that are installed side by side bring one
 * each.  Not thread safe; call it before any thread starts. */
void i18n_init(const char *domain);

/* After that: the languages in which this program speaks, as LANGUAGE has them; "" for
 * English.  Whoever speaks for it elsewhere is told so. */
void i18n_language(char *out, size_t size);
