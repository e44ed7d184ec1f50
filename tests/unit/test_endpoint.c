#include "tests/support/check.h"

#include <string.h>

#include "common/link/socket.h"

static bool
connects(const char *text)
{
	return endpoint_valid(text, strlen(text), ENDPOINT_CONNECT);
}

static bool
binds(const char *text)
{
	return endpoint_valid(text, strlen(text), ENDPOINT_BIND);
}

static void
hosts_and_ports_are_taken(void **ctx)
{
	(void) ctx;
	assert_true(connects("tcp://valija.cancilleria.gov.co:5555"));
	assert_true(connects("tcp://192.0.2.7:1"));
	assert_true(connects("tcp://[2001:db8::1]:65535"));
	assert_true(binds("tcp://*:5555"));
	assert_true(binds("tcp://127.0.0.1:*"));
	assert_true(binds("tcp://[::]:5555"));
}

static void
anything_else_is_refused(void **ctx)
{
	static const char *const wrong[] = {
		"",
		"tcp://",
		"tcp://:",
		"tcp://host",
		"tcp://host:",
		"tcp://:5555",
		"tcp://host:0",
		"tcp://host:65536",
		"tcp://host:123456",
		"tcp://host:55a",
		"tcp://host:-1",
		"tcp://ho st:1",
		"tcp://host:1 ",
		"udp://host:1",
		"host:5555",
		"TCP://host:1",
		"tcp://[::1:5",
		"tcp://[]:5",
		"tcp://*:5555",
		"tcp://host:*",
		"tcp://a,b:1",
		"ipc:///run/x",
		"inproc://zeromq.zap.01",
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		if (connects(wrong[i]))
			fail_msg("'%s' was taken", wrong[i]);
	}
	assert_false(endpoint_valid("tcp://a\0b:1", 11, ENDPOINT_CONNECT));
}

static void
ipv4_addresses_are_told_from_the_rest(void **ctx)
{
	(void) ctx;
	assert_true(endpoint_is_ipv4("tcp://127.0.0.1:*"));
	assert_true(endpoint_is_ipv4("tcp://0.0.0.0:5555"));
	assert_false(endpoint_is_ipv4("tcp://*:5555"));
	assert_false(endpoint_is_ipv4("tcp://[::1]:5555"));
	assert_false(endpoint_is_ipv4("tcp://1.example:5555"));
}

static void
length_is_bounded(void **ctx)
{
	char text[ENDPOINT_BYTES_MAX + 2];

	(void) ctx;
	memset(text, 'a', sizeof(text));
	memcpy(text, "tcp://", 6);
	memcpy(text + ENDPOINT_BYTES_MAX - 2, ":1", 2);
	assert_true(endpoint_valid(text, ENDPOINT_BYTES_MAX, ENDPOINT_CONNECT));
	memcpy(text + ENDPOINT_BYTES_MAX - 2, "a:1", 3);
	assert_false(endpoint_valid(text, ENDPOINT_BYTES_MAX + 1, ENDPOINT_CONNECT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_ports_are_taken),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(ipv4_addresses_are_told_from_the_rest),
		cmocka_unit_test(length_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
