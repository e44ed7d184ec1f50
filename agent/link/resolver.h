/* agent/link/resolver.h - asks the name server, while the loop goes on
 *
 * getaddrinfo() waits for the name server, half a minute or more when it is
 * away, and cannot be ended.  So each question has a thread of its own.  Who
 * gives a question up leaves it to the thread, which frees it when the answer
 * comes at last; a process that ends does not wait for it.
 *
 * An address in numbers is answered at once, without a thread.
 */
#pragma once

#include <netdb.h>
#include <stdbool.h>

#include "protocol/status.h"

typedef struct resolver resolver;

/* Ask for the addresses of name (or an address in numbers) with that port.
 * ST_NOMEM: no memory, descriptor or thread. */
status resolver_start(const char *name, const char *port, resolver **ret_resolver);

/* Give the question up, or what is left of it. */
void resolver_free(resolver **r_p);

/* Becomes readable with the answer; for the poll. */
int resolver_fd(const resolver *r);

/* False: no answer yet.  *ret_error is what getaddrinfo() returned; when that is
 * 0, *ret_found is the caller's, for freeaddrinfo().  Once only. */
bool resolver_take(resolver *r, int *ret_error, struct addrinfo **ret_found);
