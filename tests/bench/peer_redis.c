/* tests/bench/peer_redis.c - a backlog into a Redis stream
 *
 *     bench_redis PORT HOME AHEAD    XADD, an entry an event, so many unanswered; its number
 *                                    is the id, so a repeat is refused
 *     bench_redis PORT count
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/source.h"

static redisContext *server;

static redisReply *
checked(redisReply *r)
{
	if (!r || r->type == REDIS_REPLY_ERROR) {
		fprintf(stderr, "bench_redis: %s\n", r ? r->str : server->errstr);
		exit(1);
	}
	return r;
}

static void
ask(const struct source *s)
{
	char id[32];
	int len = snprintf(id, sizeof(id), "%llu-0", (unsigned long long) s->seq);
	const char *words[] = { "XADD", "feed:1", id, "e", (const char *) s->body.at };
	size_t lengths[] = { 4, 6, (size_t) len, 1, s->body.len };

	redisAppendCommandArgv(server, 5, words, lengths);
}

static uint64_t
take_answers(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		void *r = NULL;

		redisGetReply(server, &r);
		freeReplyObject(checked(r));
	}
	return count;
}

static int
hand_over(const char *home, uint64_t ahead)
{
	uint64_t under_way = 0, acked = 0;
	struct source s;
	bool more = true;

	source_open(&s, home);
	while (more || under_way > 0) {
		while (more && under_way < ahead) {
			more = source_next(&s);
			if (more)
				ask(&s);
			under_way += more;
		}
		acked += take_answers((under_way + 1) / 2);
		under_way -= (under_way + 1) / 2;
	}
	source_done(&s, acked);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	server = redisConnect("127.0.0.1", (int) strtol(argv[1], NULL, 10));
	if (!server || server->err) {
		fprintf(stderr, "bench_redis: %s\n", server ? server->errstr : "no memory");
		return 1;
	}
	if (argc == 4)
		return hand_over(argv[2], strtoull(argv[3], NULL, 10));
	printf("%lld\n", checked(redisCommand(server, "XLEN feed:1"))->integer);
	return fflush(stdout) != 0;
}
