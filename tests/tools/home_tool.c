/* tests/tools/home_tool.c - a device's home without ZeroMQ or a hub
 *
 *     home_tool create HOME UNIT[,UNIT...]     a home with fresh keys
 *     home_tool plan HOME FILE VERSION         as if this plan had arrived
 *     home_tool standing HOME FILE VERSION     as if this standing had arrived
 *     home_tool hub HOME SEQ BEYOND CONTACT_MS as if the hub had told so
 *     home_tool record HOME COUNT AT_MS        activities of its unit, as of that time
 *     home_tool seal HOME BYTES                all that is there in batches of at most
 *                                              so many bytes: how many, and their bytes
 *     home_tool hold HOME                      take the write lock, say "held",
 *                                              keep it until killed
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "agent/outbox.h"
#include "common/files.h"
#include "protocol/event.h"

enum { FILE_BYTES_MAX = 4 << 20 };

static void
need(status st, const char *what)
{
	if (st < 0) {
		fprintf(stderr, "home_tool: %s: %s\n", what, status_text(st));
		exit(1);
	}
}

static int
create(char **args)
{
	struct outbox_device device = { .hubs = "tcp://127.0.0.1:1" };
	uint8_t secret[SIGN_SECRET_BYTES];
	char path[4096], *rest = NULL;

	crypto_sign_keypair(device.feed, secret);
	memset(device.hub, 7, sizeof(device.hub));
	for (char *u = strtok_r(args[1], ",", &rest); u; u = strtok_r(NULL, ",", &rest))
		device.units.list[device.units.count++] = text_of(u);
	if (mkdir(args[0], 0770) != 0)
		need(ST_IO, args[0]);
	need(path_join(path, sizeof(path), args[0], "feed.key"), args[0]);
	need(file_create(path, secret, sizeof(secret), 0600), path);
	need(outbox_create(args[0], &device), args[0]);
	return 0;
}

static struct bytes
packed_file(const char *path)
{
	uint8_t *bytes, *packed;
	size_t len, room;

	need(file_read(path, FILE_BYTES_MAX, &bytes, &len), path);
	room = ZSTD_compressBound(len);
	packed = malloc(room);
	if (!packed)
		need(ST_NOMEM, path);
	room = ZSTD_compress(packed, room, bytes, len, 3);
	free(bytes);
	return (struct bytes) { packed, room };
}

static int
put_plan(outbox *box, char **args)
{
	struct bytes packed = packed_file(args[1]);

	need(outbox_put_plan(box, strtoull(args[2], NULL, 10), packed, 0), args[1]);
	free((void *) (uintptr_t) packed.at);
	return 0;
}

static int
put_standing(outbox *box, char **args)
{
	struct bytes packed = packed_file(args[1]);

	need(outbox_put_standing(box, strtoull(args[2], NULL, 10), 1, packed, 0), args[1]);
	free((void *) (uintptr_t) packed.at);
	return 0;
}

static int
put_hub(outbox *box, char **args)
{
	struct outbox_hub facts = {
		.acked.seq = strtoull(args[1], NULL, 10),
		.beyond = strtoull(args[2], NULL, 10),
		.last_contact_ms = strtoll(args[3], NULL, 10),
	};

	need(outbox_hash_at(box, facts.acked.seq, facts.acked.hash), args[1]);
	need(outbox_put_hub(box, outbox_device(box)->hub, &facts, 0), "hub");
	return 0;
}

static int
record(outbox *box, char **args)
{
	size_t count = strtoul(args[1], NULL, 10);
	struct outbox_item item;
	event_field fault;
	writer w;

	writer_init(&w);
	for (size_t i = 0; i < count; i++) {
		struct event e = {
			.kind = KIND_ACTIVITY,
			.unit = outbox_device(box)->units.list[0],
			.indicator = text_of("IND-1"),
			.mode = text_of("consulado-movil"),
			.date = 20406, /* 2025-11-14 */
			.quantity = 1,
			.at_ms = strtoll(args[2], NULL, 10) + (int64_t) i,
			.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) |
				EVENT_BIT(EVENT_MODE) | EVENT_BIT(EVENT_DATE) |
				EVENT_BIT(EVENT_QUANTITY),
		};

		need(event_encode(&e, &w, &fault), "event");
		item = (struct outbox_item) { .body = writer_bytes(&w) };
		need(outbox_append(box, &item, 1, 0), "record");
	}
	writer_done(&w);
	return 0;
}

static int
seal(outbox *box, char **args)
{
	size_t wire_bytes = strtoul(args[1], NULL, 10), batches = 0, bytes = 0, len;
	struct point tip, end = { 0 };
	uint8_t *secret;
	char path[4096];
	writer w;

	writer_init(&w);
	need(outbox_tip(box, &tip), args[0]);
	need(path_join(path, sizeof(path), args[0], "feed.key"), args[0]);
	need(file_read(path, SIGN_SECRET_BYTES, &secret, &len), path);
	if (len != SIGN_SECRET_BYTES)
		need(ST_MALFORMED, path);
	while (end.seq < tip.seq) {
		writer_clear(&w);
		need(outbox_seal(box, secret, end.seq + 1, UINT64_MAX, wire_bytes, &w, &end),
		     "seal");
		bytes += writer_bytes(&w).len;
		batches++;
	}
	printf("%zu %zu\n", batches, bytes);
	writer_done(&w);
	free(secret);
	return 0;
}

static int
hold_lock(outbox *box, char **args)
{
	kv_txn *txn = NULL;

	(void) args;
	need(kv_write(outbox_store(box), 0, &txn), "lock");
	puts("held");
	fflush(stdout);
	while (pause() < 0)
		;
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(outbox *box, char **args);
} tools[] = {
	{ "plan", 3, put_plan }, { "standing", 3, put_standing },
	{ "hub", 4, put_hub },   { "record", 3, record },
	{ "seal", 2, seal },     { "hold", 1, hold_lock },
};

int
main(int argc, char **argv)
{
	outbox *box = NULL;
	int code;

	if (sodium_init() < 0 || argc < 3)
		return 64;
	if (strcmp(argv[1], "create") == 0 && argc == 4)
		return create(argv + 2);
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
		if (strcmp(argv[1], tools[i].name) != 0 || argc - 2 != tools[i].args)
			continue;
		need(outbox_open(argv[2], &box), argv[2]);
		code = tools[i].run(box, argv + 2);
		outbox_close(&box);
		return code;
	}
	return 64;
}
