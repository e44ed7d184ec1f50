#include "common/link/socket.h"

#include <string.h>
#include <zmq.h>

status
socket_set(void *socket, const struct socket_option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct socket_option *o = &options[i];

		if (zmq_setsockopt(socket, o->name, &o->value, sizeof(o->value)) != 0)
			return ST_IO;
	}
	return ST_OK;
}

status
socket_set_bytes(void *socket, int name, const void *bytes, size_t len)
{
	return zmq_setsockopt(socket, name, bytes, len) == 0 ? ST_OK : ST_IO;
}

status
socket_curve_server(void *socket, const struct curve_key *key)
{
	const struct socket_option server = { ZMQ_CURVE_SERVER, 1 };
	status st = socket_set(socket, &server, 1);

	if (st == ST_OK)
		st = socket_set_bytes(socket, ZMQ_CURVE_SECRETKEY, key->secret_key, CURVE_BYTES);
	return st;
}

status
socket_curve_client(void *socket, const struct curve_key *key,
                    const uint8_t server[static CURVE_BYTES])
{
	status st = socket_set_bytes(socket, ZMQ_CURVE_PUBLICKEY, key->public_key, CURVE_BYTES);

	if (st == ST_OK)
		st = socket_set_bytes(socket, ZMQ_CURVE_SECRETKEY, key->secret_key, CURVE_BYTES);
	if (st == ST_OK)
		st = socket_set_bytes(socket, ZMQ_CURVE_SERVERKEY, server, CURVE_BYTES);
	return st;
}

static const char scheme[] = "tcp://";

static bool
port_valid(const char *text, size_t len, endpoint_use use)
{
	unsigned port = 0;

	if (use == ENDPOINT_BIND && len == 1 && *text == '*')
		return true;
	if (len < 1 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		port = port * 10 + (unsigned) (text[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

static bool
host_valid(const char *text, size_t len, endpoint_use use)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
	static const char in_brackets[] = "0123456789ABCDEFabcdef:.%";
	const char *allowed = letters;

	if (use == ENDPOINT_BIND && len == 1 && *text == '*')
		return true;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
		allowed = in_brackets;
	}
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr(allowed, text[i]) || text[i] == 0)
			return false;
	}
	return true;
}

bool
endpoint_valid(const char *text, size_t len, endpoint_use use)
{
	const char *colon;

	if (len < sizeof(scheme) || len > ENDPOINT_BYTES_MAX ||
	    memcmp(text, scheme, sizeof(scheme) - 1) != 0)
		return false;
	text += sizeof(scheme) - 1;
	len -= sizeof(scheme) - 1;
	colon = memrchr(text, ':', len);
	return colon && host_valid(text, (size_t) (colon - text), use) &&
		port_valid(colon + 1, len - (size_t) (colon - text) - 1, use);
}

bool
endpoint_is_ipv4(const char *endpoint)
{
	const char *host = endpoint + sizeof(scheme) - 1;

	return host[strspn(host, "0123456789.")] == ':';
}
