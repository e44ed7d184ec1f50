#include "agent/link/resolver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Belongs to the asker and the thread; who leaves last frees it.  What stands
 * below the lock is guarded by it. */
struct resolver {
	char *name, *port;
	int fd;

	pthread_mutex_t lock;
	unsigned users;
	bool answered;
	int error;
	struct addrinfo *found;
};

static void
destroy(resolver *r)
{
	if (r->found)
		freeaddrinfo(r->found);
	if (r->fd >= 0)
		close(r->fd);
	pthread_mutex_destroy(&r->lock);
	free(r->name);
	free(r->port);
	free(r);
}

static void
leave(resolver *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->users == 0;
	pthread_mutex_unlock(&r->lock);
	if (last)
		destroy(r);
}

static void
answer(resolver *r, int error, struct addrinfo *found)
{
	pthread_mutex_lock(&r->lock);
	r->answered = true;
	r->error = error;
	r->found = error == 0 ? found : NULL;
	pthread_mutex_unlock(&r->lock);
	eventfd_write(r->fd, 1);
}

static int
look_up(const resolver *r, int flags, struct addrinfo **ret_found)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | flags,
	};

	return getaddrinfo(r->name, r->port, &hints, ret_found);
}

static void *
ask(void *arg)
{
	resolver *r = arg;
	struct addrinfo *found = NULL;
	int error = look_up(r, 0, &found);

	answer(r, error, found);
	leave(r);
	return NULL;
}

static status
start_thread(resolver *r)
{
	pthread_t thread;

	r->users++; /* the thread, which may end before the call below returns */
	if (pthread_create(&thread, NULL, ask, r) != 0) {
		r->users--;
		return ST_NOMEM;
	}
	pthread_detach(thread);
	return ST_OK;
}

status
resolver_start(const char *name, const char *port, resolver **ret_resolver)
{
	resolver *r = calloc(1, sizeof(*r));
	struct addrinfo *found = NULL;
	status st = ST_OK;

	if (!r)
		return ST_NOMEM;
	pthread_mutex_init(&r->lock, NULL);
	r->users = 1;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->name = strdup(name);
	r->port = strdup(port);
	if (r->fd < 0 || !r->name || !r->port)
		st = ST_NOMEM;
	else if (look_up(r, AI_NUMERICHOST, &found) == 0)
		answer(r, 0, found);
	else
		st = start_thread(r);
	if (st < 0) {
		resolver_free(&r);
		return st;
	}
	*ret_resolver = r;
	return ST_OK;
}

void
resolver_free(resolver **r_p)
{
	if (*r_p)
		leave(*r_p);
	*r_p = NULL;
}

int
resolver_fd(const resolver *r)
{
	return r->fd;
}

bool
resolver_take(resolver *r, int *ret_error, struct addrinfo **ret_found)
{
	bool answered;

	pthread_mutex_lock(&r->lock);
	answered = r->answered;
	if (answered) {
		*ret_error = r->error;
		*ret_found = r->found;
		r->found = NULL;
	}
	pthread_mutex_unlock(&r->lock);
	return answered;
}
