#include "hub/link/connect.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/socket.h"
#include "hub/link/askable.h"
#include "hub/link/asker.h"
#include "protocol/identity.h"

enum { SHOWN_BYTES = 300 };

static const char CONNECT[] = "--connect", HOME[] = "--home", HERE[] = "ipc:///";
static const char DEFAULT_HOME[] = "/var/lib/valija"; /* that of valija-agent */

struct asked {
	const char *endpoint, *home;
	bool by_option; /* else by VALIJA_HUB_CONNECT */
};

/* ---- the options before the command ---- */

/* Takes "--name VALUE" or "--name=VALUE" off. */
static bool
take_option(int *argc, char ***argv, const char *name, const char **ret_value)
{
	size_t len = strlen(name);
	const char *word = *argc > 1 ? (*argv)[1] : "";
	int count = 1;

	if (strncmp(word, name, len) != 0 || (word[len] != '=' && word[len] != '\0'))
		return false;
	if (word[len] == '=')
		*ret_value = word + len + 1;
	else
		*ret_value = *argc > ++count - 1 ? (*argv)[2] : NULL;
	if (!*ret_value)
		return false;
	(*argv)[count] = (*argv)[0]; /* the program stands before what is left */
	*argc -= count;
	*argv += count;
	return true;
}

static bool
is_here(const char *endpoint)
{
	return strncmp(endpoint, HERE, sizeof(HERE) - 1) == 0;
}

static bool
endpoint_good(const char *text)
{
	size_t len = strlen(text);

	if (is_here(text)) /* a file, and its 0 */
		return len - (sizeof("ipc://") - 1) < sizeof(((struct sockaddr_un *) 0)->sun_path);
	return endpoint_valid(text, len, ENDPOINT_CONNECT);
}

/* Words that are about this machine, or about the program. */
static bool
meant_for_here(int argc, char **argv)
{
	static const char *const words[] = { "--home", "--help", "--usage", "--version" };

	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++)
			if (strncmp(argv[i], words[k], strlen(words[k])) == 0)
				return true;
	return false;
}

/* ---- the question ---- */

static int
fill_words(int argc, char **argv, struct texts *words)
{
	if (argc - 1 > QUESTION_ARGS_MAX)
		return cli_fail(EX_USAGE, _("at most %d words can be asked at once"),
		                QUESTION_ARGS_MAX);
	for (int i = 1; i < argc; i++)
		words->list[words->count++] = text_of(argv[i]);
	return EX_OK;
}

/* So wide is the terminal that the answer goes to; 0: to none. */
static uint64_t
terminal_columns(void)
{
	struct winsize size = { .ws_col = 0 };

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col < QUESTION_COLUMNS_MAX ? size.ws_col : QUESTION_COLUMNS_MAX;
}

/* The one option by which a command that reads writes a file: the hub is asked for "-",
 * and what comes is written here. */
static const char *
take_file(struct texts *words)
{
	static const char option[] = "--evidence";

	if (!text_is(words->list[0], "show"))
		return NULL;
	for (size_t i = 1; i < words->count && !text_is(words->list[i], "--"); i++) {
		const char *word = words->list[i].at;
		size_t len = strcspn(word, "=");

		if (len < sizeof("--e") - 1 || strncmp(word, option, len) != 0)
			continue;
		if (word[len] == '=') {
			words->list[i] = text_of("--evidence=-");
			return word + len + 1;
		}
		if (i + 1 == words->count)
			return NULL; /* the hub says that its value is missing */
		word = words->list[i + 1].at;
		words->list[i + 1] = text_of("-");
		return word;
	}
	return NULL;
}

/* ---- keys ---- */

struct keys {
	struct curve_key curve;
	struct hub_key hub;
};

static int
unreadable(const char *home, const char *name, status st)
{
	return cli_fail(st == ST_MALFORMED ? EX_CONFIG : cli_exit(st),
	                _("%s/%s: cannot be read: %s; 'valija-agent init --role reader' makes the "
	                  "home of a reader"),
	                home, name, gettext(status_text(st)));
}

static status
load_hub_key(const char *home, struct hub_key *ret_key)
{
	char path[PATH_MAX];
	uint8_t *text = NULL;
	size_t len = 0;
	status st = path_join(path, sizeof(path), home, "hub.pub");

	if (st == ST_OK)
		st = file_read(path, HUB_KEY_TEXT_BYTES, &text, &len);
	if (st == ST_OK)
		st = hub_key_parse((const char *) text, len, ret_key);
	free(text);
	return st;
}

static int
load_keys(const struct asked *a, struct keys *ret_keys)
{
	const char *variable = getenv("VALIJA_HOME");
	const char *home = a->home ? a->home : variable && *variable ? variable : DEFAULT_HOME;
	char path[PATH_MAX], shown[SHOWN_BYTES];
	status st = path_join(path, sizeof(path), home, "curve.key");

	cli_safe(home, strlen(home), shown, sizeof(shown));
	if (st == ST_OK)
		st = curve_key_load(path, &ret_keys->curve);
	if (st < 0)
		return unreadable(shown, "curve.key", st);
	st = load_hub_key(home, &ret_keys->hub);
	return st == ST_OK ? EX_OK : unreadable(shown, "hub.pub", st);
}

/* ---- */

static int
ask_with_keys(const struct asked *a, const struct asker_input *in)
{
	struct asker_input with_keys = *in;
	struct keys keys;
	int code = load_keys(a, &keys);

	if (code == EX_OK) {
		with_keys.key = &keys.curve;
		with_keys.server = keys.hub.curve;
		code = asker_run(&with_keys);
	}
	sodium_memzero(&keys, sizeof(keys));
	return code;
}

static int
ask(const struct asked *a, struct texts *words)
{
	char language[QUESTION_LANGUAGE_MAX + 1];
	struct question q = { .type = QUESTION_ASK,
		              .version = QUESTION_VERSION,
		              .columns = terminal_columns() };
	struct asker_input in = { .endpoint = a->endpoint, .ask = &q };

	in.file = take_file(words);
	q.args = *words;
	i18n_language(language, sizeof(language));
	q.language = text_of(language);
	if (!language_valid(q.language))
		q.language = text_of("");
	switch ((int) question_check(&q)) {
	case ST_OK: break;
	case ST_LIMIT:
		return cli_fail(EX_USAGE, _("a word that is asked has at most %d bytes"),
		                QUESTION_ARG_BYTES_MAX);
	default: return cli_fail(EX_USAGE, _("what is asked is not UTF-8"));
	}
	if (sodium_init() < 0)
		return cli_fail(EX_SOFTWARE, _("libsodium does not work here"));
	return is_here(a->endpoint) ? asker_run(&in) : ask_with_keys(a, &in);
}

/* An option is meant; what a variable of the environment says is for what can be asked,
 * and for nothing that names a home. */
static bool
is_question(const struct asked *a, int argc, char **argv, const struct texts *words)
{
	if (a->by_option)
		return argv[1][0] != '-';
	return askable(words) && !meant_for_here(argc, argv);
}

static void
find_endpoint(int *argc, char ***argv, struct asked *a)
{
	const char *variable = getenv("VALIJA_HUB_CONNECT");

	a->by_option = take_option(argc, argv, CONNECT, &a->endpoint);
	if (a->by_option)
		take_option(argc, argv, HOME, &a->home);
	else if (variable && *variable)
		a->endpoint = variable;
}

bool
connect_lead(int *argc, char ***argv, int *ret_code)
{
	struct asked a = { .endpoint = NULL };
	struct texts words = { .count = 0 };
	char shown[SHOWN_BYTES];

	find_endpoint(argc, argv, &a);
	if (!a.endpoint || *argc < 2)
		return false;
	*ret_code = fill_words(*argc, *argv, &words);
	if (*ret_code != EX_OK)
		return a.by_option;
	if (!is_question(&a, *argc, *argv, &words))
		return false;
	if (!endpoint_good(a.endpoint))
		*ret_code = cli_fail(
			EX_USAGE,
			_("'%s' is no place to ask at: ipc:///PATH or "
		          "tcp://ADDRESS:PORT"),
			cli_safe(a.endpoint, strlen(a.endpoint), shown, sizeof(shown)));
	else
		*ret_code = ask(&a, &words);
	return true;
}
