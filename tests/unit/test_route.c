#include "tests/support/check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdbool.h>
#include <string.h>

#include "agent/link/route.h"

/* linked with --wrap=getaddrinfo, --wrap=freeaddrinfo: a name server of our own */
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **ret_list);
void __wrap_freeaddrinfo(struct addrinfo *list);

static unsigned asked, given; /* by a thread at times, but never by two at once */
static sem_t slow_may_answer, slow_was_freed;

static struct addrinfo *
address(const char *text, const char *service, struct addrinfo *next)
{
	struct {
		struct addrinfo info;
		struct sockaddr_storage at;
	} *a = calloc(1, sizeof(*a));
	struct sockaddr_in *four = (struct sockaddr_in *) &a->at;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *) &a->at;
	uint16_t port = htons((uint16_t) strtoul(service, NULL, 10));

	assert_non_null(a);
	given++;
	a->info = (struct addrinfo) { .ai_addr = (struct sockaddr *) &a->at, .ai_next = next };
	if (strchr(text, ':')) {
		*six = (struct sockaddr_in6) { .sin6_family = AF_INET6, .sin6_port = port };
		assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
		a->info.ai_addrlen = sizeof(*six);
	} else {
		*four = (struct sockaddr_in) { .sin_family = AF_INET, .sin_port = port };
		assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
		a->info.ai_addrlen = sizeof(*four);
	}
	a->info.ai_family = a->at.ss_family;
	return &a->info;
}

int
__wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                   struct addrinfo **ret_list)
{
	bool number = strcmp(name, "192.0.2.9") == 0 || strcmp(name, "2001:db8::9") == 0;

	if (!number && hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	asked++;
	if (strcmp(name, "slow.example") == 0) {
		sem_wait(&slow_may_answer);
		*ret_list = address("192.0.2.8", service, NULL);
		return 0;
	}
	if (strcmp(name, "two.example") == 0) {
		*ret_list = address("2001:db8::7", service, address("192.0.2.7", service, NULL));
		return 0;
	}
	if (number) {
		*ret_list = address(name, service, NULL);
		return 0;
	}
	return EAI_NONAME;
}

void
__wrap_freeaddrinfo(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list);
		given--;
		list = next;
	}
	sem_post(&slow_was_freed);
}

/* What a loop does: wait for the name server. */
static status
next(route *r, char *got)
{
	status st;

	while ((st = route_next(r, got)) == ST_BUSY) {
		struct pollfd answer = { route_fd(r), POLLIN, 0 };

		assert_true(answer.fd >= 0);
		assert_int_equal(poll(&answer, 1, 30 * 1000), 1);
	}
	assert_int_equal(route_fd(r), -1);
	return st;
}

static void
assert_next(route *r, const char *want, const char *endpoint)
{
	char got[ROUTE_ADDRESS_BYTES];

	assert_status(next(r, got), ST_OK);
	assert_string_equal(got, want);
	assert_string_equal(route_endpoint(r), endpoint);
}

static void
every_address_of_every_endpoint_gets_its_turn(void **ctx)
{
	route *r = route_new("tcp://two.example:5555,tcp://192.0.2.9:6");

	(void) ctx;
	assert_non_null(r);
	for (int round = 0; round < 3; round++) {
		assert_next(r, "tcp://[2001:db8::7]:5555", "tcp://two.example:5555");
		assert_next(r, "tcp://192.0.2.7:5555", "tcp://two.example:5555");
		assert_next(r, "tcp://192.0.2.9:6", "tcp://192.0.2.9:6");
	}
	route_free(&r);
	assert_null(r);
	assert_int_equal(given, 0);
}

static void
a_name_is_asked_for_each_time_its_turn_comes(void **ctx)
{
	route *r = route_new("tcp://[2001:db8::9]:1");
	unsigned before = asked;

	(void) ctx;
	for (int round = 0; round < 3; round++)
		assert_next(r, "tcp://[2001:db8::9]:1", "tcp://[2001:db8::9]:1");
	assert_int_equal(asked - before, 3);
	route_free(&r);
}

static void
a_name_without_address_is_said_and_passed_over(void **ctx)
{
	route *r = route_new("tcp://none.example:1,tcp://192.0.2.9:6");
	char got[ROUTE_ADDRESS_BYTES] = "untouched";

	(void) ctx;
	for (int round = 0; round < 2; round++) {
		assert_status(next(r, got), ST_NOT_FOUND);
		assert_string_equal(got, "untouched");
		assert_string_equal(route_endpoint(r), "tcp://none.example:1");
		assert_string_equal(route_why(r), gai_strerror(EAI_NONAME));
		assert_next(r, "tcp://192.0.2.9:6", "tcp://192.0.2.9:6");
	}
	route_free(&r);
}

static void
a_slow_name_server_is_not_waited_for(void **ctx)
{
	route *r = route_new("tcp://slow.example:7");
	char got[ROUTE_ADDRESS_BYTES] = "untouched";

	(void) ctx;
	assert_status(route_next(r, got), ST_BUSY);
	assert_status(route_next(r, got), ST_BUSY);
	assert_string_equal(got, "untouched");
	sem_post(&slow_may_answer);
	assert_next(r, "tcp://192.0.2.8:7", "tcp://slow.example:7");
	route_free(&r);
}

static void
a_question_given_up_ends_by_itself(void **ctx)
{
	route *r = route_new("tcp://slow.example:7");
	char got[ROUTE_ADDRESS_BYTES];

	(void) ctx;
	while (sem_trywait(&slow_was_freed) == 0)
		;
	assert_status(route_next(r, got), ST_BUSY);
	route_free(&r);
	sem_post(&slow_may_answer);
	sem_wait(&slow_was_freed);
	assert_int_equal(given, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_of_every_endpoint_gets_its_turn),
		cmocka_unit_test(a_name_is_asked_for_each_time_its_turn_comes),
		cmocka_unit_test(a_name_without_address_is_said_and_passed_over),
		cmocka_unit_test(a_slow_name_server_is_not_waited_for),
		cmocka_unit_test(a_question_given_up_ends_by_itself),
	};

	sem_init(&slow_may_answer, 0, 0);
	sem_init(&slow_was_freed, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
