#include "hub/consent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/i18n.h"

enum { ANSWER_BYTES = 64, EXIT_LOOK = 1 };

/* What a yes begins with the locale says: "y", and in Spanish "s".  Where the language was
 * chosen without a locale, the word is that of the question. */
static bool
is_yes(char *answer)
{
	answer[strcspn(answer, "\r\n")] = '\0';
	return rpmatch(answer) == 1 || strcmp(answer, "yes") == 0 || strcmp(answer, _("yes")) == 0;
}

int
consent(bool yes, const char *question)
{
	char answer[ANSWER_BYTES];

	if (yes)
		return EX_OK;
	if (!isatty(STDIN_FILENO))
		return cli_fail(EX_USAGE, _("nobody is here to be asked; --yes says yes"));
	/* TRANSLATORS: what the locale takes for yes and for no */
	printf(_("%s [yes/no] "), question);
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || !is_yes(answer))
		return cli_fail(EXIT_LOOK, _("nothing was changed"));
	return EX_OK;
}
