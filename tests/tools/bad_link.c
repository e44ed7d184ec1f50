/* tests/tools/bad_link.c - two network namespaces joined by a bad link
 *
 *     bad_link [WORD=NUMBER]...
 *
 * The first has the address 10.9.0.1, the second 10.9.0.2; nothing but this link leads
 * out of them.  They live as long as this process, as files that nsenter --net= takes:
 * the first line of standard output names both.  Packets go from one to the other
 * through two TUN devices and this process, which holds them up, drops them, or both.
 *
 * Each line of standard input may change words, and is answered with a line of JSON:
 * what went each way since the start.  The end of standard input is the end.
 *
 *     rate_bit_s  of each direction (0: as fast as it goes)
 *     delay_ms    one way
 *     loss_ppm    packets lost of a million, each way, at random
 *     queue_bytes what may wait in front of the link; more is dropped
 *     up_ms period_ms   up for the first up_ms of each period; else all is dropped
 *     mtu         of both ends
 *     address     the last number of the second end's address
 *     seed        of the random losses
 *
 * 77: namespaces or TUN devices are not permitted here.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	NOT_PERMITTED = 77,
	PACKET_BYTES_MAX = 1500,
	PACKETS_MAX = 4096, /* on their way in one direction */
	LINE_BYTES_MAX = 512,
	PACKETS_A_TURN = 64,
	MILLION = 1000 * 1000,
};

#define LINK_NAME "bad"

struct packet {
	int64_t due_us;
	size_t len;
	uint8_t bytes[PACKET_BYTES_MAX];
};

/* One way: from the end with the same number to the other one. */
struct way {
	struct packet ring[PACKETS_MAX]; /* count, the oldest at first */
	size_t first, count;
	int64_t busy_until_us; /* what was taken in has left the queue by then */
	uint64_t bytes, packets, lost, overrun, down;
};

struct end {
	int tun_fd;
	int space_fd;   /* the namespace */
	int control_fd; /* a socket there, to change its device */
};

struct settings {
	int64_t rate_bit_s, delay_ms, loss_ppm, queue_bytes, up_ms, period_ms, mtu, address, seed;
};

static struct settings settings = {
	.queue_bytes = 65536,
	.up_ms = 1,
	.period_ms = 1,
	.mtu = 1400,
	.address = 2,
	.seed = 1,
};
static struct way ways[2];
static struct end ends[2];
static int64_t start_us;

static const struct word {
	const char *name;
	size_t at;
	int64_t min, max;
} words[] = {
	{ "rate_bit_s", offsetof(struct settings, rate_bit_s), 0, INT64_C(10000) * MILLION },
	{ "delay_ms", offsetof(struct settings, delay_ms), 0, 60 * 1000 },
	{ "loss_ppm", offsetof(struct settings, loss_ppm), 0, MILLION },
	{ "queue_bytes", offsetof(struct settings, queue_bytes), PACKET_BYTES_MAX, 4 * MILLION },
	{ "up_ms", offsetof(struct settings, up_ms), 0, 3600 * 1000 },
	{ "period_ms", offsetof(struct settings, period_ms), 1, 3600 * 1000 },
	{ "mtu", offsetof(struct settings, mtu), 576, PACKET_BYTES_MAX },
	{ "address", offsetof(struct settings, address), 2, 254 },
	{ "seed", offsetof(struct settings, seed), 1, INT64_MAX },
};

/* Not permitted is told from broken, so that a test can pass over it. */
static void
die(const char *what)
{
	int error = errno;
	bool permitted = error != EPERM && error != EACCES && error != ENOENT && error != ENODEV;

	fprintf(stderr, "bad_link: %s: %s\n", what, strerror(error));
	exit(permitted ? 1 : NOT_PERMITTED);
}

static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * MILLION + t.tv_nsec / 1000;
}

/* ---- the two ends ---- */

static void
control(const struct end *e, unsigned long request, struct ifreq *r, const char *name)
{
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%s", name);
	if (ioctl(e->control_fd, request, r) != 0)
		die(name);
}

static void
set_address(const struct end *e, unsigned long request, uint32_t address)
{
	const struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	struct ifreq r = { 0 };

	memcpy(&r.ifr_addr, &in, sizeof(in));
	control(e, request, &r, LINK_NAME);
}

static void
set_up(const struct end *e, const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_UP };

	control(e, SIOCSIFFLAGS, &r, name);
}

/* 10.9.0.NUMBER; the old address goes. */
static void
move_to(const struct end *e, int64_t number)
{
	set_address(e, SIOCSIFADDR, 0x0a090000 + (uint32_t) number);
	set_address(e, SIOCSIFNETMASK, 0xffffff00);
}

static void
set_mtu(const struct end *e, int64_t mtu)
{
	struct ifreq r = { .ifr_mtu = (int) mtu };

	control(e, SIOCSIFMTU, &r, LINK_NAME);
}

/* This process is in the new namespace afterwards. */
static void
make_end(struct end *e, int64_t number)
{
	struct ifreq r = { .ifr_name = LINK_NAME, .ifr_flags = IFF_TUN | IFF_NO_PI };

	if (unshare(CLONE_NEWNET) != 0)
		die("a network namespace");
	e->space_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	e->control_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	e->tun_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (e->space_fd < 0 || e->control_fd < 0 || e->tun_fd < 0)
		die("/dev/net/tun");
	if (ioctl(e->tun_fd, TUNSETIFF, &r) != 0)
		die("TUNSETIFF");
	move_to(e, number);
	set_mtu(e, settings.mtu);
	set_up(e, "lo");
	set_up(e, LINK_NAME);
}

/* ---- the link ---- */

/* Whether what happens once in a million times that often happens now. */
static bool
chance(int64_t ppm)
{
	static uint64_t state;

	if (state == 0)
		state = (uint64_t) settings.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int64_t) ((state >> 20) % MILLION) < ppm;
}

static bool
is_up(int64_t now_us)
{
	return (now_us - start_us) / 1000 % settings.period_ms < settings.up_ms;
}

/* In the queue or not at all, then on the link, then lost there or not. */
static void
take_in(struct way *w, int64_t now_us)
{
	struct packet *p = &w->ring[(w->first + w->count) % PACKETS_MAX];
	int64_t start = w->busy_until_us > now_us ? w->busy_until_us : now_us;
	int64_t rate = settings.rate_bit_s;
	int64_t waiting = rate > 0 ? (start - now_us) * rate / 8 / MILLION : 0;

	if (!is_up(now_us)) {
		w->down++;
		return;
	}
	if (w->count == PACKETS_MAX || waiting + (int64_t) p->len > settings.queue_bytes) {
		w->overrun++;
		return;
	}
	w->busy_until_us = start + (rate > 0 ? (int64_t) p->len * 8 * MILLION / rate : 0);
	w->packets++;
	w->bytes += p->len;
	if (chance(settings.loss_ppm)) {
		w->lost++;
		return;
	}
	p->due_us = w->busy_until_us + settings.delay_ms * 1000;
	w->count++;
}

/* Of IPv4 only: what a namespace asks of its neighbours by IPv6 is none of ours. */
static void
read_from(int tun_fd, struct way *w, int64_t now_us)
{
	for (int i = 0; i < PACKETS_A_TURN; i++) {
		static struct packet spare;
		bool full = w->count == PACKETS_MAX;
		struct packet *p = full ? &spare : &w->ring[(w->first + w->count) % PACKETS_MAX];
		ssize_t n = read(tun_fd, p->bytes, sizeof(p->bytes));

		if (n <= 0)
			return;
		p->len = (size_t) n;
		if (full)
			w->overrun++;
		else if (p->bytes[0] >> 4 == 4)
			take_in(w, now_us);
	}
}

/* What an end does not take it has lost, as a wire would. */
static void
deliver(struct way *w, int tun_fd, int64_t now_us)
{
	while (w->count > 0 && w->ring[w->first].due_us <= now_us) {
		const struct packet *p = &w->ring[w->first];

		if (write(tun_fd, p->bytes, p->len) < 0)
			w->lost++;
		w->first = (w->first + 1) % PACKETS_MAX;
		w->count--;
	}
}

/* ---- what is asked of it ---- */

static int64_t *
setting(const struct word *w)
{
	return (int64_t *) (void *) ((char *) &settings + w->at);
}

static void
set_word(const char *text)
{
	size_t name_len = strcspn(text, "=");
	const char *digits = text[name_len] ? text + name_len + 1 : "";
	char *rest;
	int64_t n = strtoll(digits, &rest, 10);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const struct word *w = &words[i];

		if (strlen(w->name) == name_len && strncmp(text, w->name, name_len) == 0 &&
		    *digits && !*rest && n >= w->min && n <= w->max) {
			*setting(w) = n;
			return;
		}
	}
	fprintf(stderr, "bad_link: what is '%s'?\n", text);
	exit(64);
}

static void
set_line(char *line)
{
	const struct settings before = settings;
	char *rest = NULL;

	for (char *w = strtok_r(line, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest))
		set_word(w);
	if (settings.address != before.address)
		move_to(&ends[1], settings.address);
	if (settings.mtu != before.mtu) {
		set_mtu(&ends[0], settings.mtu);
		set_mtu(&ends[1], settings.mtu);
	}
}

static void
print_way(const char *name, const struct way *w, const char *after)
{
	printf("\"%s\": {\"bytes\": %" PRIu64 ", \"packets\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"overrun\": %" PRIu64 ", \"down\": %" PRIu64 "}%s",
	       name, w->bytes, w->packets, w->lost, w->overrun, w->down, after);
}

/* False at the end of standard input.  A line comes in one piece: it is short. */
static bool
take_line(void)
{
	char line[LINE_BYTES_MAX];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		return false;
	line[n] = '\0';
	set_line(line);
	printf("{");
	print_way("to_first", &ways[1], ", ");
	print_way("to_second", &ways[0], "}\n");
	fflush(stdout);
	return true;
}

static struct timespec
wait_time(int64_t now_us)
{
	int64_t us = MILLION;

	for (int i = 0; i < 2; i++) {
		const struct way *w = &ways[i];

		if (w->count > 0 && w->ring[w->first].due_us - now_us < us)
			us = w->ring[w->first].due_us - now_us;
	}
	if (us < 0)
		us = 0;
	return (struct timespec) { us / MILLION, us % MILLION * 1000 };
}

static void
relay(void)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = ends[0].tun_fd, .events = POLLIN },
			{ .fd = ends[1].tun_fd, .events = POLLIN },
		};
		int64_t now_us = clock_us();
		struct timespec timeout = wait_time(now_us);

		if (ppoll(fds, 3, &timeout, NULL) < 0 && errno != EINTR)
			die("poll");
		now_us = clock_us();
		for (int i = 0; i < 2; i++) {
			read_from(ends[i].tun_fd, &ways[i], now_us);
			deliver(&ways[i], ends[1 - i].tun_fd, now_us);
		}
		if (fds[0].revents != 0 && !take_line())
			return;
	}
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		set_word(argv[i]);
	make_end(&ends[0], 1);
	make_end(&ends[1], settings.address);
	start_us = clock_us();
	printf("/proc/%d/fd/%d /proc/%d/fd/%d\n", (int) getpid(), ends[0].space_fd, (int) getpid(),
	       ends[1].space_fd);
	fflush(stdout);
	relay();
	return 0;
}
