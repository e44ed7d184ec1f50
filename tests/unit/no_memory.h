/* tests/unit/no_memory.h - a call in which one allocation after the other is denied
 *
 * The call is made again and again: in the first try its first allocation fails, in the
 * next the second, and so on, until one try needs no more than were granted; then the same
 * once more with all that follow denied too.  Each try that was denied something must
 * return ST_NOMEM, and each is checked; the last must be as if nothing had happened.
 *
 * What is denied: malloc, calloc and realloc of everything in the process, so also of
 * LMDB, zstd, msgpack-c and jansson.  Of a program with sanitizers only what is linked
 * statically, which is all of ours: the rest is the sanitizer's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/status.h"

struct no_memory {
	/* The call to be tried.  What it allocates it must free, or the leak checker
	 * will say so. */
	status (*call)(void *ctx);
	/* After each try with what it returned; NULL: there is nothing to be seen. */
	void (*check)(void *ctx, status st);
	/* The header of the call says that it can do without: ST_OK is as good. */
	bool does_without;
	/* So many of the first are denied each, and of later ones ever fewer, for calls
	 * that allocate thousands of times; 0: each. */
	size_t each_of_first;
};

/* A failure ends the running test; that nothing was ever denied is one, but under
 * sanitizers, where a call may have no memory but what libraries get for it. */
void no_memory_sweep(const char *name, const struct no_memory *what, void *ctx);

#define assert_no_memory(what_call, what_check, ctx) \
	no_memory_sweep(#what_call, \
	                &(const struct no_memory) { \
				.call = (what_call), \
				.check = (what_check), \
			}, \
	                ctx)
