#include "agent/link/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/link/resolver.h"

struct route {
	char *endpoints;             /* each ended by a 0 */
	size_t len;                  /* with the last 0 */
	const char *at;              /* the endpoint whose turn it is */
	resolver *asked;             /* for its name; NULL: not under way */
	struct addrinfo *found;      /* what its name gave; NULL: to be asked */
	const struct addrinfo *next; /* of found */
	int error;                   /* of getaddrinfo() */
};

route *
route_new(const char *endpoints)
{
	route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->endpoints = strdup(endpoints);
	if (!r->endpoints) {
		route_free(&r);
		return NULL;
	}
	r->len = strlen(endpoints) + 1;
	for (char *c = strchr(r->endpoints, ','); c; c = strchr(c + 1, ','))
		*c = 0;
	r->at = r->endpoints;
	return r;
}

static void
forget(route *r)
{
	resolver_free(&r->asked);
	if (r->found)
		freeaddrinfo(r->found);
	r->found = NULL;
	r->next = NULL;
}

void
route_free(route **r_p)
{
	route *r = *r_p;

	if (!r)
		return;
	forget(r);
	free(r->endpoints);
	free(r);
	*r_p = NULL;
}

bool
route_has(const route *r, const char *endpoint)
{
	for (const char *at = r->endpoints; at < r->endpoints + r->len; at += strlen(at) + 1) {
		if (strcmp(at, endpoint) == 0)
			return true;
	}
	return false;
}

static void
advance(route *r)
{
	forget(r);
	r->at += strlen(r->at) + 1;
	if (r->at == r->endpoints + r->len)
		r->at = r->endpoints;
}

/* "tcp://HOST:PORT", HOST perhaps in brackets, is what endpoint_valid() lets
 * through. */
static status
ask(route *r)
{
	const char *host = strstr(r->at, "://"), *port = strrchr(r->at, ':');
	char name[256];
	size_t len;

	if (!host || port < host + 3)
		return ST_INVALID;
	host += 3;
	len = (size_t) (port - host);
	if (len >= 2 && *host == '[') {
		host++;
		len -= 2;
	}
	if (len >= sizeof(name))
		return ST_INVALID;
	memcpy(name, host, len);
	name[len] = 0;
	return resolver_start(name, port + 1, &r->asked);
}

static status
resolve(route *r)
{
	status st = r->asked ? ST_OK : ask(r);

	if (st < 0)
		return st;
	if (!resolver_take(r->asked, &r->error, &r->found))
		return ST_BUSY;
	resolver_free(&r->asked);
	if (r->error != 0)
		return ST_NOT_FOUND;
	r->next = r->found;
	return ST_OK;
}

static status
write_address(const struct addrinfo *a, char *out, size_t size)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool six = a->ai_family == AF_INET6;
	int n;

	if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), port, sizeof(port),
	                NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return ST_NOT_FOUND;
	n = snprintf(out, size, "tcp://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "", port);
	return n >= 0 && (size_t) n < size ? ST_OK : ST_LIMIT;
}

status
route_next(route *r, char ret_address[static ROUTE_ADDRESS_BYTES])
{
	const struct addrinfo *a;
	status st;

	if ((r->found && !r->next) || r->error != 0)
		advance(r);
	r->error = 0;
	if (!r->found) {
		st = resolve(r);
		if (st < 0)
			return st;
	}
	a = r->next;
	r->next = a->ai_next;
	return write_address(a, ret_address, ROUTE_ADDRESS_BYTES);
}

int
route_fd(const route *r)
{
	return r->asked ? resolver_fd(r->asked) : -1;
}

const char *
route_endpoint(const route *r)
{
	return r->at;
}

const char *
route_why(const route *r)
{
	return gai_strerror(r->error);
}
