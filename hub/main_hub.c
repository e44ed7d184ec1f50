/* All that needs ZeroMQ is named here once more, and done by valija-hubd, which takes the place
 * of this process: with the same words, files and surroundings. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/i18n.h"
#include "hub/link/commands.h"
#include "hub/link/connect.h"
#include "hub/link/settings.h"
#include "hub/main_program.h"

static char **words; /* as they were typed: cli_main() puts names of commands among its own */

/* Beside this program, as in a build tree, or else where it was installed to. */
static void
find_whole(char path[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		snprintf(slash, (size_t) (path + PATH_MAX - slash), "/valija-hubd");
		if (access(path, X_OK) == 0)
			return;
	}
	snprintf(path, PATH_MAX, "%s", VALIJA_HUBD);
}

static int
hand_over(void)
{
	char path[PATH_MAX];

	find_whole(path);
	execv(path, words);
	return cli_fail(EX_OSFILE, _("%s cannot be started: %s; install the package again"), path,
	                strerror(errno));
}

int
init_command(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	return hand_over();
}

int
enroll_command(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	return hand_over();
}

int
run_command(int argc, char **argv)
{
	(void) argc;
	(void) argv;
	return hand_over();
}

/* Whether the question goes to another place is looked at there. */
bool
connect_lead(int *argc, char ***argv, int *ret_code)
{
	const char *variable = getenv("VALIJA_HUB_CONNECT");
	const char *word = *argc > 1 ? (*argv)[1] : "";

	if (strncmp(word, "--connect", strlen("--connect")) != 0 &&
	    (!variable || *variable == '\0'))
		return false;
	*ret_code = hand_over();
	return true;
}

void
settings_manual(FILE *out)
{
	(void) out;
	hand_over();
}

/* What describes the program asks each command for its options. */
static bool
describes(const char *word)
{
	return strcmp(word, "--manual") == 0 || strcmp(word, "--completion") == 0;
}

int
main(int argc, char **argv)
{
	words = calloc((size_t) argc + 1, sizeof(*words));
	if (!words)
		return cli_fail(cli_exit(ST_NOMEM), "%s", status_text(ST_NOMEM));
	memcpy(words, argv, (size_t) argc * sizeof(*words));
	if (argc == 2 && describes(argv[1]))
		return hand_over();
	return cli_main(&hub_program, argc, argv);
}
