/* tests/bench/peer_mqtt.c - a backlog into mosquitto
 *
 *     bench_mqtt PORT init          a subscriber that is away: the broker keeps all for it
 *     bench_mqtt PORT HOME AHEAD    publish with QoS 1, a message an event
 *     bench_mqtt PORT count N       the subscriber comes back: how many it gets, at most N
 */
#include <mosquitto.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/middle.h"
#include "tests/bench/source.h"

enum { LOOP_MS = 100, QUIET_US = 5000000, QOS = 1 };

static sem_t room;
static atomic_ullong acked; /* by a thread of the library */
static atomic_bool up;
static uint64_t got;

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_mqtt: %s\n", what);
		exit(1);
	}
}

static void
on_connect(struct mosquitto *m, void *ctx, int code)
{
	(void) ctx;
	need(code == 0, "not let in");
	up = true;
	mosquitto_subscribe(m, NULL, "feed/#", QOS);
}

static void
on_publish(struct mosquitto *m, void *ctx, int id)
{
	(void) m;
	(void) ctx;
	(void) id;
	acked++;
	sem_post(&room);
}

static void
on_publisher_up(struct mosquitto *m, void *ctx, int code)
{
	(void) m;
	(void) ctx;
	need(code == 0, "not let in");
	up = true;
	sem_post(&room);
}

static void
on_message(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
	(void) m;
	(void) ctx;
	(void) message;
	got++;
}

static void
on_subscribe(struct mosquitto *m, void *ctx, int id, int count, const int *granted)
{
	bool *subscribed = ctx;

	(void) m;
	(void) id;
	(void) count;
	(void) granted;
	*subscribed = true;
}

static struct mosquitto *
client(const char *name, bool clean, void *ctx)
{
	struct mosquitto *m = mosquitto_new(name, clean, ctx);

	need(m != NULL, "no memory");
	mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
	return m;
}

static struct mosquitto *
subscriber(int port, bool *subscribed)
{
	struct mosquitto *m = client("hub", false, subscribed);

	mosquitto_connect_callback_set(m, on_connect);
	mosquitto_subscribe_callback_set(m, on_subscribe);
	mosquitto_message_callback_set(m, on_message);
	need(mosquitto_connect(m, "127.0.0.1", port, 60) == 0, "cannot connect");
	return m;
}

static int
init(int port)
{
	bool subscribed = false;
	struct mosquitto *m = subscriber(port, &subscribed);

	while (!subscribed)
		need(mosquitto_loop(m, LOOP_MS, 1) == 0, "lost");
	mosquitto_disconnect(m);
	mosquitto_loop(m, LOOP_MS, 1);
	mosquitto_destroy(m);
	return 0;
}

static int
count(int port, uint64_t most)
{
	bool subscribed = false;
	struct mosquitto *m = subscriber(port, &subscribed);
	double last_us = bench_now_us();

	for (uint64_t before = 0; got < most && bench_now_us() - last_us < QUIET_US;) {
		need(mosquitto_loop(m, LOOP_MS, 1) == 0, "lost");
		if (got != before)
			last_us = bench_now_us();
		before = got;
	}
	printf("%llu\n", (unsigned long long) got);
	mosquitto_destroy(m);
	return fflush(stdout) != 0;
}

static int
hand_over(int port, const char *home, unsigned ahead)
{
	struct mosquitto *m = client("unit", true, NULL);
	struct source s;

	need(sem_init(&room, 0, 0) == 0, "semaphore");
	mosquitto_connect_callback_set(m, on_publisher_up);
	mosquitto_publish_callback_set(m, on_publish);
	mosquitto_max_inflight_messages_set(m, ahead);
	need(mosquitto_connect(m, "127.0.0.1", port, 60) == 0, "cannot connect");
	mosquitto_loop_start(m);
	sem_wait(&room);
	for (unsigned i = 0; i < ahead; i++)
		sem_post(&room);
	source_open(&s, home);
	while (source_next(&s)) {
		sem_wait(&room);
		need(mosquitto_publish(m, NULL, "feed/1", (int) s.body.len, s.body.at, QOS,
		                       false) == 0,
		     "cannot publish");
	}
	while (acked < s.last)
		sem_wait(&room);
	source_done(&s, acked);
	mosquitto_disconnect(m);
	mosquitto_loop_stop(m, false);
	mosquitto_destroy(m);
	return 0;
}

int
main(int argc, char **argv)
{
	int port;

	if (argc < 3)
		return 64;
	mosquitto_lib_init();
	port = (int) strtol(argv[1], NULL, 10);
	if (strcmp(argv[2], "init") == 0)
		return init(port);
	if (argc == 4 && strcmp(argv[2], "count") == 0)
		return count(port, strtoull(argv[3], NULL, 10));
	return argc == 4 ? hand_over(port, argv[2], (unsigned) strtoul(argv[3], NULL, 10)) : 64;
}
