#include "common/apart.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/files.h"

#ifdef VALIJA_COVERAGE
#include <gcov.h>
#endif

/* A page that is not there any more; a number from a bad page, taken for an address;
 * LMDB's own assertions. */
static const int deadly[] = { SIGBUS, SIGSEGV, SIGABRT };

enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]), WORDS_BYTES = PATH_MAX + 1024 };

/* It would be as large as the store. */
static void
leave_no_core(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
}

/* For ./dev coverage: _exit() leaves none of what was run. */
static void
keep_counts(void)
{
#ifdef VALIJA_COVERAGE
	__gcov_dump();
#endif
}

static status
wait_for(pid_t pid, struct apart_end *ret_end)
{
	int how = 0;

	while (waitpid(pid, &how, 0) < 0) {
		if (errno != EINTR)
			return from_errno(errno);
	}
	ret_end->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
	ret_end->code = WIFEXITED(how) ? WEXITSTATUS(how) : 0;
	return ST_OK;
}

status
apart_run(int (*work)(void *ctx), void *ctx, struct apart_end *ret_end)
{
	pid_t pid;
	int code;

	fflush(NULL); /* or both would print it */
	pid = fork();
	if (pid < 0)
		return errno == ENOMEM ? ST_NOMEM : ST_BUSY;
	if (pid == 0) {
		leave_no_core();
		apart_no_words();
		code = work(ctx);
		keep_counts();
		_exit(code);
	}
	return wait_for(pid, ret_end);
}

void *
apart_share(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void
apart_unshare(void *at, size_t bytes)
{
	if (at)
		munmap(at, bytes);
}

/* ---- last words ---- */

static struct {
	char text[WORDS_BYTES];
	size_t len;
	int code;
} words;

/* Nothing but system calls: whatever was being done was stopped in its midst. */
static void
end_at_once(int number)
{
	(void) number;
	if (write(STDERR_FILENO, words.text, words.len) < 0)
		_exit(EX_SOFTWARE);
	_exit(words.code);
}

void
apart_last_words(const char *text, int code)
{
	struct sigaction act = { .sa_handler = end_at_once };

	snprintf(words.text, sizeof(words.text), "%s", text);
	words.len = strlen(words.text);
	words.code = code;
	for (size_t i = 0; i < DEADLY; i++)
		sigaction(deadly[i], &act, NULL);
}

void
apart_no_words(void)
{
	for (size_t i = 0; i < DEADLY; i++)
		signal(deadly[i], SIG_DFL);
}
