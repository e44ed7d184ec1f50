#include "hub/link/connections.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

/* Open addressing; a free slot is NULL; at most half of the slots are taken. */
struct connections {
	connection **slots;
	size_t mask; /* a power of two less 1 */
	size_t count;
	uint64_t heard;                            /* messages */
	uint8_t secret[crypto_shorthash_KEYBYTES]; /* a peer may choose its id */
};

static size_t
slot_of(const connections *t, const uint8_t *id, size_t id_len)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint64_t n;

	crypto_shorthash(h, id, id_len, t->secret);
	memcpy(&n, h, sizeof(n));
	return (size_t) n & t->mask;
}

connections *
connections_new(void)
{
	connections *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->slots = calloc(FIRST_SLOTS, sizeof(connection *));
	if (!t->slots) {
		free(t);
		return NULL;
	}
	t->mask = FIRST_SLOTS - 1;
	crypto_shorthash_keygen(t->secret);
	return t;
}

void
connections_free(connections **t_p)
{
	connections *t = *t_p;

	if (!t)
		return;
	for (size_t i = 0; i <= t->mask; i++)
		free(t->slots[i]);
	free(t->slots);
	free(t);
	*t_p = NULL;
}

/* The slot of that id, or the free one where it would go. */
static size_t
seek(const connections *t, const uint8_t *id, size_t id_len)
{
	size_t i = slot_of(t, id, id_len);

	while (t->slots[i] &&
	       (t->slots[i]->id_len != id_len || memcmp(t->slots[i]->id, id, id_len) != 0))
		i = (i + 1) & t->mask;
	return i;
}

connection *
connections_find(const connections *t, const uint8_t *id, size_t id_len)
{
	return t->slots[seek(t, id, id_len)];
}

static status
grow(connections *t)
{
	size_t old_slots = t->mask + 1;
	connection **old = t->slots;
	connection **fresh = calloc(2 * old_slots, sizeof(connection *));

	if (!fresh)
		return ST_NOMEM;
	t->slots = fresh;
	t->mask = 2 * old_slots - 1;
	for (size_t i = 0; i < old_slots; i++) {
		if (old[i])
			fresh[seek(t, old[i]->id, old[i]->id_len)] = old[i];
	}
	free(old);
	return ST_OK;
}

status
connections_add(connections *t, const struct router_peer *peer, int64_t now_ms,
                connection **ret_connection)
{
	connection *c;

	if (2 * (t->count + 1) > t->mask && grow(t) < 0)
		return ST_NOMEM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return ST_NOMEM;
	memcpy(c->id, peer->id, peer->id_len);
	c->id_len = peer->id_len;
	connections_heard(t, c, now_ms);
	c->drop_ms = INT64_MAX;
	c->fd = peer->fd;
	c->cookie = router_cookie(peer->fd);
	memcpy(c->contact.feed, peer->feed, FEED_BYTES);
	hub_sync_init(&c->sync, peer->feed);
	t->slots[seek(t, c->id, c->id_len)] = c;
	t->count++;
	*ret_connection = c;
	return ST_OK;
}

void
connections_heard(connections *t, connection *c, int64_t now_ms)
{
	c->seen_ms = now_ms;
	c->heard = ++t->heard;
}

/* Rows behind the gap that would not be found any more move into it. */
static void
close_gap(connections *t, size_t gap)
{
	for (size_t i = (gap + 1) & t->mask; t->slots[i]; i = (i + 1) & t->mask) {
		size_t home = slot_of(t, t->slots[i]->id, t->slots[i]->id_len);

		if (((i - home) & t->mask) >= ((i - gap) & t->mask)) {
			t->slots[gap] = t->slots[i];
			t->slots[i] = NULL;
			gap = i;
		}
	}
}

void
connections_remove(connections *t, connection *c)
{
	size_t i = seek(t, c->id, c->id_len);

	t->slots[i] = NULL;
	t->count--;
	free(c);
	close_gap(t, i);
}

/* libzmq does not say that a peer has gone; its descriptor does. */
static bool
has_gone(const connection *c)
{
	return c->cookie != 0 && router_cookie(c->fd) != c->cookie;
}

static bool
goes_first(const connection *a, const connection *b)
{
	bool gone = has_gone(a);

	return gone != has_gone(b) ? gone : a->heard < b->heard;
}

size_t
connections_of_feed(const connections *t, const uint8_t feed[static FEED_BYTES],
                    connection **ret_oldest)
{
	connection *oldest = NULL;
	size_t count = 0;

	for (size_t i = 0; i <= t->mask; i++) {
		connection *c = t->slots[i];

		if (!c || memcmp(c->sync.feed, feed, FEED_BYTES) != 0)
			continue;
		count++;
		if (c->waiting == 0 && (!oldest || goes_first(c, oldest)))
			oldest = c;
	}
	*ret_oldest = oldest;
	return count;
}

size_t
connections_count(const connections *t)
{
	return t->count;
}

connection *
connections_next(const connections *t, size_t *cursor)
{
	while (*cursor <= t->mask) {
		connection *c = t->slots[(*cursor)++];

		if (c)
			return c;
	}
	return NULL;
}
