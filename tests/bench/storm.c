/* tests/bench/storm.c - thousands of devices that come back at the same moment
 *
 *     bench_storm requests DIR FIRST COUNT UNIT,...    their requests, to be enrolled;
 *                                              prints the fingerprints
 *     bench_storm run ENDPOINT HUB.PUB FIRST COUNT EVENTS UNIT,...
 *
 * `run` makes devices FIRST and following with so many events each, says "ready", and waits
 * for a line.  That is the moment at which all have lost the hub: each comes back as an agent
 * does (agent/link/backoff.h: within the first second), with a link and a conversation of its
 * own (common/link/dealer.h, protocol/device_sync.h).  When all is acknowledged it prints
 * milliseconds since that line: of the first device that was done, the middle one, of 99 %,
 * and the last, and how many attempts failed.  The links stay up until another line comes.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/link/backoff.h"
#include "common/files.h"
#include "common/link/dealer.h"
#include "protocol/identity.h"
#include "tests/bench/crowd.h"
#include "tests/bench/middle.h"

enum {
	SOCKETS_EACH = 5, /* a DEALER, a pair for its monitor, and those on their way out */
	CONNECT_MS = 60 * 1000,
	WELCOME_MS = 30 * 1000,
	ANSWER_MS = 120 * 1000,
	PING_MS = 30 * 1000,
	HELLO_MS = 3600 * 1000,
	LOOK_MS = 10, /* how often deadlines are looked at */
	EVENTS_A_TURN = 256,
	FRAMES_A_TURN = 16,
	GIVE_UP_MS = 300 * 1000,
};

struct visitor {
	struct crowd_device device;
	device_sync *sync;
	dealer *link;
	struct backoff backoff;
	int64_t retry_at_ms;
	int fds[DEALER_POLL_ITEMS];
	bool up;
	double done_ms; /* 0: not yet */
};

struct storm {
	void *context;
	const char *endpoint;
	struct hub_key hub;
	struct visitor *visitors;
	size_t count, done, failures;
	size_t broken[DEALER_TIMEOUT + 1]; /* attempts, by dealer_failure; 0: none could begin */
	size_t refused[REFUSALS_ + 1];     /* likewise by what the hub said */
	int poll;
	double start_us;
};

static const char *const broken_names[] = {
	"out of sockets", "unreachable", "strange", "denied", "lost", "timeout",
};

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_storm: %s failed\n", what);
		exit(1);
	}
}

static int64_t
now_ms(void)
{
	return (int64_t) (bench_now_us() / 1000);
}

/* ---- links ---- */

static void
hang_up(struct storm *s, struct visitor *v)
{
	for (int i = 0; i < DEALER_POLL_ITEMS && v->link; i++)
		epoll_ctl(s->poll, EPOLL_CTL_DEL, v->fds[i], NULL);
	dealer_close(&v->link);
	v->up = false;
}

static void
lost(struct storm *s, struct visitor *v)
{
	hang_up(s, v);
	s->failures++;
	v->retry_at_ms = now_ms() + backoff_next(&v->backoff, randombytes_random());
}

static void
dial(struct storm *s, struct visitor *v)
{
	const struct dealer_timing timing = { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS };
	zmq_pollitem_t items[DEALER_POLL_ITEMS];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = v };

	if (dealer_open(s->context, s->endpoint, &v->device.curve, s->hub.curve, &timing,
	                now_ms() + CONNECT_MS, &v->link) < 0) {
		s->broken[0]++;
		lost(s, v);
		return;
	}
	dealer_poll_items(v->link, items);
	for (int i = 0; i < DEALER_POLL_ITEMS; i++) {
		size_t size = sizeof(v->fds[i]);

		need(zmq_getsockopt(items[i].socket, ZMQ_FD, &v->fds[i], &size) == 0,
		     "asking libzmq");
		need(epoll_ctl(s->poll, EPOLL_CTL_ADD, v->fds[i], &event) == 0, "polling");
	}
}

/* ---- the conversation ---- */

static bool
receive(struct visitor *v)
{
	bool any = false;

	for (int i = 0; i < FRAMES_A_TURN; i++) {
		zmq_msg_t frame;
		status st;

		zmq_msg_init(&frame);
		st = dealer_receive(v->link, &frame);
		if (st == ST_OK)
			device_sync_frame(v->sync, zmq_msg_data(&frame), zmq_msg_size(&frame),
			                  now_ms());
		zmq_msg_close(&frame);
		if (st == ST_NOT_FOUND)
			return any;
		any = true;
	}
	return true;
}

static void
note_acked(struct storm *s, struct visitor *v, const struct point *point)
{
	if (v->done_ms > 0 || point->seq < v->device.count)
		return;
	v->done_ms = (bench_now_us() - s->start_us) / 1000;
	s->done++;
}

/* False when the link is to be given up. */
static bool
act(struct storm *s, struct visitor *v, const struct device_action *a)
{
	switch (a->type) {
	case DEVICE_SEND: return dealer_send(v->link, a->frame.at, a->frame.len) == ST_OK;
	case DEVICE_CLOSE: s->refused[a->has_refusal ? a->refused_with : REFUSALS_]++; return false;
	case DEVICE_WELCOMED: backoff_reset(&v->backoff); return true;
	case DEVICE_ACKED: note_acked(s, v, &a->point); return true;
	case DEVICE_SEEN:
	case DEVICE_DOCUMENT: return true;
	}
	return true;
}

/* All that can be done now: libzmq tells of news once, so nothing may be left.  What was
 * sent may have taken the news of a frame along, so who sent looks again. */
static void
serve(struct storm *s, struct visitor *v)
{
	struct device_action action;
	bool more = true;

	if (!v->link)
		return;
	/* the descriptor stays readable until libzmq has been asked */
	dealer_writable(v->link);
	switch (dealer_look(v->link, now_ms())) {
	case DEALER_CONNECTING: return;
	case DEALER_FAILED:
		s->broken[dealer_why(v->link)]++;
		lost(s, v);
		return;
	case DEALER_UP: break;
	}
	if (!v->up)
		device_sync_start(v->sync, now_ms());
	v->up = true;
	while (more) {
		more = receive(v);
		device_sync_tick(v->sync, now_ms());
		while (dealer_writable(v->link) &&
		       device_sync_next(v->sync, now_ms(), now_ms(), &action)) {
			more = true;
			if (!act(s, v, &action)) {
				lost(s, v);
				return;
			}
		}
	}
}

static void
look_at_deadlines(struct storm *s)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < s->count; i++) {
		struct visitor *v = &s->visitors[i];

		if (!v->link && now >= v->retry_at_ms)
			dial(s, v);
		else if (v->link &&
		         (now >= dealer_deadline(v->link) ||
		          (v->up && now >= device_sync_deadline(v->sync))))
			serve(s, v);
	}
}

static void
turn(struct storm *s)
{
	struct epoll_event events[EVENTS_A_TURN];
	int count = epoll_wait(s->poll, events, EVENTS_A_TURN, LOOK_MS);

	for (int i = 0; i < count; i++)
		serve(s, events[i].data.ptr);
}

/* ---- the whole ---- */

static struct codes
units_of(char *list)
{
	struct codes units = { 0 };
	char *rest = NULL;

	for (char *u = strtok_r(list, ",", &rest); u && units.count < UNITS_MAX;
	     u = strtok_r(NULL, ",", &rest))
		units.list[units.count++] = text_of(u);
	need(units.count > 0, "reading the units");
	return units;
}

static void
make_visitor(struct storm *s, struct visitor *v, uint64_t number, const struct codes *units,
             uint64_t events)
{
	struct device_sync_config config = { .program = "storm",
		                             .welcome_ms = WELCOME_MS,
		                             .answer_ms = ANSWER_MS,
		                             .ping_ms = PING_MS,
		                             .hello_ms = HELLO_MS };
	struct device_sync_memory memory = { .plan = 1 };

	need(crowd_device_make(&v->device, number, units, events) == ST_OK, "making a device");
	memcpy(config.feed, v->device.feed, FEED_BYTES);
	memcpy(config.hub, s->hub.sign, FEED_BYTES);
	memory.acked = v->device.points[0];
	v->backoff = (struct backoff) { RETRY_MIN_MS, RETRY_MAX_MS, 0 };
	v->sync = device_sync_new(&config, &memory, &v->device.store);
	need(v->sync != NULL, "memory");
}

static void
wait_for_line(void)
{
	char line[8];

	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

/* Links go on living until the line. */
static void
stay(struct storm *s)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	struct epoll_event events[EVENTS_A_TURN];

	need(epoll_ctl(s->poll, EPOLL_CTL_ADD, STDIN_FILENO, &event) == 0, "polling");
	for (;;) {
		int count = epoll_wait(s->poll, events, EVENTS_A_TURN, LOOK_MS);

		for (int i = 0; i < count; i++) {
			if (!events[i].data.ptr)
				return;
			serve(s, events[i].data.ptr);
		}
	}
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static void
tell(const struct storm *s)
{
	double *ms = calloc(s->count, sizeof(*ms));

	need(ms != NULL, "memory");
	for (size_t i = 0; i < s->count; i++)
		ms[i] = s->visitors[i].done_ms;
	qsort(ms, s->count, sizeof(*ms), by_size);
	for (size_t i = 0; i <= DEALER_TIMEOUT; i++)
		if (s->broken[i] > 0)
			fprintf(stderr, "bench_storm: links broken (%s): %zu\n", broken_names[i],
			        s->broken[i]);
	for (size_t i = 0; i <= REFUSALS_; i++)
		if (s->refused[i] > 0)
			fprintf(stderr, "bench_storm: conversations ended (refusal %zu): %zu\n", i,
			        s->refused[i]);
	printf("%.0f %.0f %.0f %.0f %zu\n", ms[0], ms[s->count / 2], ms[s->count * 99 / 100],
	       ms[s->count - 1], s->failures);
	fflush(stdout);
	free(ms);
}

static void
begin(struct storm *s)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	s->context = zmq_ctx_new();
	s->poll = epoll_create1(EPOLL_CLOEXEC);
	s->visitors = calloc(s->count, sizeof(*s->visitors));
	need(s->context && s->poll >= 0 && s->visitors, "memory");
	need(zmq_ctx_set(s->context, ZMQ_MAX_SOCKETS, (int) s->count * SOCKETS_EACH + 16) == 0,
	     "asking libzmq");
}

static void
end(struct storm *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct visitor *v = &s->visitors[i];

		hang_up(s, v);
		device_sync_free(&v->sync);
		crowd_device_done(&v->device);
	}
	free(s->visitors);
	close(s->poll);
	zmq_ctx_term(s->context);
}

static int
run(char **args)
{
	struct storm s = { .endpoint = args[0], .count = strtoul(args[3], NULL, 10) };
	uint64_t first = strtoull(args[2], NULL, 10), events = strtoull(args[4], NULL, 10);
	struct codes units = units_of(args[5]);
	uint8_t *text;
	size_t len;

	need(file_read(args[1], 4096, &text, &len) == ST_OK, args[1]);
	need(hub_key_parse((const char *) text, len, &s.hub) == ST_OK, args[1]);
	free(text);
	begin(&s);
	for (size_t i = 0; i < s.count; i++)
		make_visitor(&s, &s.visitors[i], first + i, &units, events);
	puts("ready");
	fflush(stdout);
	wait_for_line();
	s.start_us = bench_now_us();
	for (size_t i = 0; i < s.count; i++)
		s.visitors[i].retry_at_ms = now_ms() +
			backoff_next(&s.visitors[i].backoff, randombytes_random());
	for (int64_t looked = 0; s.done < s.count; turn(&s)) {
		need(bench_now_us() - s.start_us < GIVE_UP_MS * 1e3, "having all acknowledged");
		if (now_ms() - looked < LOOK_MS)
			continue;
		looked = now_ms();
		look_at_deadlines(&s);
	}
	tell(&s);
	stay(&s);
	end(&s);
	return 0;
}

static int
requests(char **args)
{
	uint64_t first = strtoull(args[1], NULL, 10), count = strtoull(args[2], NULL, 10);
	struct codes units = units_of(args[3]);

	for (uint64_t i = first; i < first + count; i++) {
		char shown[FINGERPRINT_TEXT_BYTES];
		struct crowd_device d;

		need(crowd_device_make(&d, i, &units, 1) == ST_OK, "making a device");
		need(crowd_device_request(&d, args[0], i, shown) == ST_OK, args[0]);
		puts(shown);
		crowd_device_done(&d);
	}
	return fflush(stdout) != 0;
}

int
main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 1;
	if (argc == 6 && strcmp(argv[1], "requests") == 0)
		return requests(argv + 2);
	if (argc == 8 && strcmp(argv[1], "run") == 0)
		return run(argv + 2);
	return 64;
}
