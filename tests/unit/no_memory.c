#include "tests/unit/no_memory.h"

#include <errno.h>

#include "tests/support/check.h"

enum { TRIES_MAX = 100000 };

static size_t granted;              /* before the first that is denied; of use while counting */
static _Thread_local bool counting; /* another thread is denied nothing */
static bool and_all_after;
static size_t asked, denials;

static bool
denied(void)
{
	if (!counting)
		return false;
	asked++;
	if (asked <= granted || (denials > 0 && !and_all_after))
		return false;
	denials++;
	return true;
}

#ifdef NO_MEMORY_WRAP
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
enum { LEAST_TRIES = 0 };
#define HERE(name) __wrap_##name
#define REAL(name) __real_##name
#else
/* In the program they go before those of the C library, for all other libraries too. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
enum { LEAST_TRIES = 1 };
#define HERE(name) name
#define REAL(name) __libc_##name
#endif

void *
HERE(malloc)(size_t size)
{
	if (!denied())
		return REAL(malloc)(size);
	errno = ENOMEM;
	return NULL;
}

void *
HERE(calloc)(size_t count, size_t size)
{
	if (!denied())
		return REAL(calloc)(count, size);
	errno = ENOMEM;
	return NULL;
}

void *
HERE(realloc)(void *old, size_t size)
{
	if (!denied())
		return REAL(realloc)(old, size);
	errno = ENOMEM;
	return NULL;
}

/* True when something was denied. */
static bool
try_once(const char *name, const struct no_memory *what, void *ctx)
{
	status st;

	asked = denials = 0;
	counting = true;
	st = what->call(ctx);
	counting = false;
	if (denials == 0 && st != ST_OK)
		fail_msg("%s: '%s' with all the memory it asked for", name, status_text(st));
	if (denials > 0 && st != ST_NOMEM && !(what->does_without && st == ST_OK))
		fail_msg("%s: '%s' without allocation %zu%s", name, status_text(st), granted + 1,
		         and_all_after ? " and those after it" : "");
	if (what->check)
		what->check(ctx, st);
	return denials > 0;
}

void
no_memory_sweep(const char *name, const struct no_memory *what, void *ctx)
{
	size_t tries = 0;

	for (int mode = 0; mode < 2; mode++) {
		and_all_after = mode == 1;
		granted = 0;
		while (try_once(name, what, ctx)) {
			granted += what->each_of_first ? 1 + granted / what->each_of_first : 1;
			tries++;
			assert_in_range(granted, 1, TRIES_MAX);
		}
	}
	printf("%s: %zu denials\n", name, tries);
	assert_in_range(tries, LEAST_TRIES, 2 * TRIES_MAX);
}
