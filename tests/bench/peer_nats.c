/* tests/bench/peer_nats.c - a backlog into a JetStream stream of NATS
 *
 *     bench_nats PORT init            the stream, on disk
 *     bench_nats PORT HOME AHEAD      publish, a message an event, so many unanswered;
 *                                     its number is the message id, so a repeat is refused
 *     bench_nats PORT count
 */
#include <nats/nats.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/source.h"

enum { STALL_MS = 20000, COMPLETE_MS = 60000 };

static jsCtx *stream;
static atomic_ullong acked; /* by a thread of the library */

static void
need(natsStatus st, const char *what)
{
	if (st != NATS_OK) {
		fprintf(stderr, "bench_nats: %s: %s\n", what, natsStatus_GetText(st));
		exit(1);
	}
}

static void
on_ack(jsCtx *js, natsMsg *message, jsPubAck *ack, jsPubAckErr *error, void *ctx)
{
	(void) js;
	(void) error;
	(void) ctx;
	if (ack)
		acked++;
	natsMsg_Destroy(message);
}

static void
connect_to(const char *port, int64_t ahead)
{
	natsConnection *connection;
	jsOptions options;
	char url[64];

	snprintf(url, sizeof(url), "nats://127.0.0.1:%s", port);
	need(natsConnection_ConnectTo(&connection, url), "connecting");
	need(jsOptions_Init(&options), "options");
	options.PublishAsync.MaxPending = ahead;
	options.PublishAsync.AckHandler = on_ack;
	options.PublishAsync.StallWait = STALL_MS;
	need(natsConnection_JetStream(&stream, connection, &options), "JetStream");
}

static int
init(void)
{
	const char *subjects[] = { "feed.>" };
	jsStreamConfig config;

	need(jsStreamConfig_Init(&config), "options");
	config.Name = "FEEDS";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	need(js_AddStream(NULL, stream, &config, NULL, NULL), "making the stream");
	return 0;
}

static int
count(void)
{
	jsStreamInfo *info;

	need(js_GetStreamInfo(&info, stream, "FEEDS", NULL, NULL), "asking");
	printf("%llu\n", (unsigned long long) info->State.Msgs);
	jsStreamInfo_Destroy(info);
	return fflush(stdout) != 0;
}

static void
publish(const struct source *s)
{
	natsMsg *message;
	jsPubOptions options;
	char id[32];

	need(natsMsg_Create(&message, "feed.1", NULL, (const char *) s->body.at, (int) s->body.len),
	     "a message");
	need(jsPubOptions_Init(&options), "options");
	snprintf(id, sizeof(id), "1-%llu", (unsigned long long) s->seq);
	options.MsgId = id;
	need(js_PublishMsgAsync(stream, &message, &options), "publishing");
}

static int
hand_over(const char *home)
{
	jsPubOptions options;
	struct source s;

	source_open(&s, home);
	while (source_next(&s))
		publish(&s);
	need(jsPubOptions_Init(&options), "options");
	options.MaxWait = COMPLETE_MS;
	need(js_PublishAsyncComplete(stream, &options), "completing");
	for (int i = 0; i < 1000 && acked < s.last; i++)
		nats_Sleep(1); /* the last handlers may still run */
	source_done(&s, acked);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	connect_to(argv[1], argc > 3 ? strtol(argv[3], NULL, 10) : 1);
	if (strcmp(argv[2], "init") == 0)
		return init();
	return strcmp(argv[2], "count") == 0 ? count() : hand_over(argv[2]);
}
