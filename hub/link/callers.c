#include "hub/link/callers.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "hub/link/router.h"

enum { BUCKETS = 2 * CALLERS_MAX };

struct caller {
	int fd;
	uint64_t cookie; /* of the connection that had it */
	uint64_t from;   /* hash of its address, without the port */
	int64_t since_ms;
};

/* In the order in which they came. */
struct callers {
	struct caller rows[CALLERS_MAX];
	size_t count;
	int64_t silent_ms;
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* nobody chooses whom he is taken for */
};

callers *
callers_new(int64_t silent_ms)
{
	callers *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->silent_ms = silent_ms;
	crypto_shorthash_keygen(c->secret);
	return c;
}

void
callers_free(callers **c_p)
{
	free(*c_p);
	*c_p = NULL;
}

size_t
callers_count(const callers *c)
{
	return c->count;
}

/* An IPv6 site has a /64 at the least.  All processes of this machine are one. */
static uint64_t
address_of(const callers *c, int fd)
{
	enum { SITE_BYTES = 8 };
	struct sockaddr_storage peer = { 0 };
	const struct sockaddr_in *v4 = (const void *) &peer;
	const struct sockaddr_in6 *v6 = (const void *) &peer;
	socklen_t len = sizeof(peer);
	uint8_t bytes[sizeof(struct in6_addr)] = { 0 };
	uint64_t hash;

	if (getpeername(fd, (struct sockaddr *) &peer, &len) != 0)
		return 0;
	if (peer.ss_family == AF_INET)
		memcpy(bytes, &v4->sin_addr, sizeof(v4->sin_addr));
	else if (peer.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(bytes, &v6->sin6_addr.s6_addr[12], sizeof(v4->sin_addr));
	else if (peer.ss_family == AF_INET6)
		memcpy(bytes, &v6->sin6_addr, SITE_BYTES);
	crypto_shorthash((unsigned char *) &hash, bytes, sizeof(bytes), c->secret);
	return hash;
}

static void
drop(callers *c, size_t i)
{
	router_drop(c->rows[i].fd, c->rows[i].cookie);
	c->count--;
	memmove(&c->rows[i], &c->rows[i + 1], (c->count - i) * sizeof(c->rows[0]));
}

static void
forget_gone(callers *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (router_cookie(c->rows[i].fd) == c->rows[i].cookie)
			c->rows[kept++] = c->rows[i];
	}
	c->count = kept;
}

/* The oldest of the address that has the most; two addresses of one bucket are taken
 * for one. */
static size_t
most_crowded(const callers *c)
{
	uint16_t counts[BUCKETS] = { 0 };
	size_t found = 0;

	for (size_t i = 0; i < c->count; i++)
		counts[c->rows[i].from % BUCKETS]++;
	for (size_t i = 1; i < c->count; i++) {
		if (counts[c->rows[i].from % BUCKETS] > counts[c->rows[found].from % BUCKETS])
			found = i;
	}
	return found;
}

static bool
is_here(const callers *c, int fd, uint64_t cookie)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].fd == fd && c->rows[i].cookie == cookie)
			return true;
	}
	return false;
}

/* It may have gone by now, and its descriptor may be another's, who is told of too. */
void
callers_came(callers *c, int fd, int64_t now_ms)
{
	uint64_t cookie = router_cookie(fd);

	if (cookie == 0 || is_here(c, fd, cookie))
		return;
	if (c->count == CALLERS_MAX)
		forget_gone(c);
	if (c->count == CALLERS_MAX)
		drop(c, most_crowded(c));
	c->rows[c->count++] = (struct caller) {
		.fd = fd,
		.cookie = cookie,
		.from = address_of(c, fd),
		.since_ms = now_ms,
	};
}

void
callers_spoke(callers *c, int fd)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].fd != fd) /* one that had it before has gone */
			c->rows[kept++] = c->rows[i];
	}
	c->count = kept;
}

void
callers_tidy(callers *c, int64_t now_ms)
{
	if (now_ms < callers_due(c))
		return;
	forget_gone(c);
	while (now_ms >= callers_due(c))
		drop(c, 0);
}

int64_t
callers_due(const callers *c)
{
	return c->count > 0 ? c->rows[0].since_ms + c->silent_ms : INT64_MAX;
}
