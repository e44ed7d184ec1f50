/* agent/proven.h - entries of other devices, from the files that the hub wrote of them
 *
 * Each file is read whole and its seal checked before anything is taken from it
 * (protocol/proof.h).
 */
#pragma once

#include "protocol/event.h"
#include "protocol/identity.h"

enum { PROVEN_FILES_MAX = FIXES_MAX };

/* The files given with --from; points into argv. */
struct target_files {
	const char *paths[PROVEN_FILES_MAX];
	size_t count;
};

/* Over 16 KB, and event points into body: not to be copied. */
struct proven {
	uint8_t feed[FEED_BYTES];
	struct point at;
	struct event event;
	size_t len;
	uint8_t body[EVENT_BYTES_MAX];
};

struct proven_list {
	struct proven *list;
	size_t count;
};

/* Read them all.  Says what is wrong.  Returns the exit status; on EX_OK *ret_given is to
 * be given to proven_done(), which may also be called on one that is zeroed. */
int proven_read(const struct target_files *files, struct proven_list *ret_given);
void proven_done(struct proven_list *given);

/* Each of these is NULL when none of the files is of it. */
const struct proven *proven_of_ref(const struct proven_list *given, const struct ref *ref);
/* fix->feed is not asked: feed says whose it is. */
const struct proven *proven_of_fix(const struct proven_list *given,
                                   const uint8_t feed[static FEED_BYTES], const struct fix *fix);
/* A void that names that event. */
const struct proven *proven_void_of(const struct proven_list *given,
                                    const uint8_t feed[static FEED_BYTES], const struct point *at);
