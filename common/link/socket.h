/* common/link/socket.h - what both ends set on a ZeroMQ socket, and endpoints
 *
 * An endpoint is "tcp://HOST:PORT": HOST a name, an IPv4 address or an IPv6
 * address in brackets; to listen it may be "*" (all addresses), and PORT may be
 * "*" (any free one).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/link/curve_key.h"

/* What libzmq cuts a connection for without a word: well above FRAME_BYTES_MAX,
 * so that a peer who passes that one is told. */
enum { SOCKET_FRAME_BYTES = 1 << 20 };

struct socket_option {
	int name; /* ZMQ_… */
	int value;
};

/* Set each; the first that is refused ends it.  ST_IO. */
status socket_set(void *socket, const struct socket_option *options, size_t count);

/* For bytes (keys, names). */
status socket_set_bytes(void *socket, int name, const void *bytes, size_t len);

/* Speak CURVE: as the end that is connected to, or to the server whose public
 * key is given. */
status socket_curve_server(void *socket, const struct curve_key *key);
status socket_curve_client(void *socket, const struct curve_key *key,
                           const uint8_t server[static CURVE_BYTES]);

typedef enum endpoint_use { ENDPOINT_CONNECT, ENDPOINT_BIND } endpoint_use;

enum { ENDPOINT_BYTES_MAX = 255 };

bool endpoint_valid(const char *text, size_t len, endpoint_use use);

/* Of a valid endpoint: its host is an IPv4 address. */
bool endpoint_is_ipv4(const char *endpoint);
