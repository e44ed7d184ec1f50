/* tests/bench/peer_pg.c - a backlog into PostgreSQL
 *
 *     bench_pg CONNINFO init             the tables
 *     bench_pg CONNINFO count            the events that are there
 *     bench_pg CONNINFO fold HOME BATCH  a transaction a batch: COPY into a stage, events
 *                                        that are new into a typed table, and these into
 *                                        totals by code, unit and day
 *     bench_pg CONNINFO insert HOME BATCH AHEAD
 *                                        bodies as they are, INSERT ... ON CONFLICT DO
 *                                        NOTHING, a commit a batch, so many under way
 *
 * Prints what was acknowledged and in how many seconds.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/source.h"

enum { ROW_BYTES = 800, EPOCH_DAYS = 10957, TYPE_INT8 = 20, TYPE_BYTEA = 17 };

static PGconn *server;

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_pg: %s: %s\n", what, PQerrorMessage(server));
		exit(1);
	}
}

static void
run(const char *sql)
{
	PGresult *r = PQexec(server, sql);
	ExecStatusType st = PQresultStatus(r);

	need(st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK, sql);
	PQclear(r);
}

static int
init(void)
{
	run("DROP TABLE IF EXISTS bodies, events, totals");
	run("CREATE TABLE bodies (feed int, seq bigint, body bytea, PRIMARY KEY (feed, seq))");
	run("CREATE TABLE events (feed int, seq bigint, code text, unit text, day date, "
	    "quantity int, mode text, place text, note text, reporter text, attended int, "
	    "at bigint, PRIMARY KEY (feed, seq))");
	run("CREATE TABLE totals (code text, unit text, day date, records bigint, "
	    "quantity bigint, attended bigint, PRIMARY KEY (code, unit, day))");
	run("CHECKPOINT");
	return 0;
}

static int
count(void)
{
	PGresult *r = PQexec(
		server, "SELECT (SELECT count(*) FROM bodies) + (SELECT count(*) FROM events)");

	need(PQresultStatus(r) == PGRES_TUPLES_OK, "count");
	puts(PQgetvalue(r, 0, 0));
	PQclear(r);
	return fflush(stdout) != 0;
}

/* ---- binary COPY ---- */

struct rows {
	uint8_t *at;
	size_t len;
};

static void
put_short(struct rows *r, unsigned n)
{
	r->at[r->len++] = (uint8_t) (n >> 8);
	r->at[r->len++] = (uint8_t) n;
}

static void
put_int(struct rows *r, uint32_t n)
{
	put_u32(r->at + r->len, 4);
	put_u32(r->at + r->len + 4, n);
	r->len += 8;
}

static void
put_long(struct rows *r, uint64_t n)
{
	put_u32(r->at + r->len, 8);
	put_u64(r->at + r->len + 4, n);
	r->len += 12;
}

static void
put_words(struct rows *r, struct text t)
{
	put_u32(r->at + r->len, (uint32_t) t.len);
	r->len += 4;
	if (t.len > 0)
		memcpy(r->at + r->len, t.at, t.len);
	r->len += t.len;
}

static void
put_row(struct rows *r, const struct source *s)
{
	uint32_t attended = 0;
	struct event e;

	source_event(s, &e);
	for (size_t i = 0; i < e.counts.count; i++)
		if (text_is(e.counts.list[i].name, "attended"))
			attended = (uint32_t) e.counts.list[i].value;
	put_short(r, 12);
	put_int(r, 1);
	put_long(r, s->seq);
	put_words(r, e.indicator.len ? e.indicator : e.initiatives.list[0]);
	put_words(r, e.unit);
	put_int(r, (uint32_t) (e.date - EPOCH_DAYS));
	put_int(r, (uint32_t) e.quantity);
	put_words(r, e.mode);
	put_words(r, e.place);
	put_words(r, e.note);
	put_words(r, e.by);
	put_int(r, attended);
	put_long(r, (uint64_t) e.at_ms);
}

static uint64_t
collect(struct rows *r, struct source *s, uint64_t batch)
{
	static const uint8_t head[19] = "PGCOPY\n\377\r\n";
	uint64_t got = 0;

	memcpy(r->at, head, sizeof(head));
	r->len = sizeof(head);
	while (got < batch && source_next(s)) {
		put_row(r, s);
		got++;
	}
	put_short(r, 0xffff);
	return got;
}

static void
copy(const struct rows *r)
{
	PGresult *answer = PQexec(server, "COPY stage FROM STDIN BINARY");

	need(PQresultStatus(answer) == PGRES_COPY_IN, "copy");
	PQclear(answer);
	need(PQputCopyData(server, (const char *) r->at, (int) r->len) == 1, "copy");
	need(PQputCopyEnd(server, NULL) == 1, "copy");
	while ((answer = PQgetResult(server)) != NULL) {
		need(PQresultStatus(answer) == PGRES_COMMAND_OK, "copy");
		PQclear(answer);
	}
}

static int
fold(const char *home, uint64_t batch)
{
	struct rows rows = { malloc(batch * ROW_BYTES + 64), 0 };
	uint64_t acked = 0, got;
	struct source s;

	need(rows.at != NULL, "memory");
	run("CREATE TEMP TABLE stage (LIKE events)");
	source_open(&s, home);
	while ((got = collect(&rows, &s, batch)) > 0) {
		run("BEGIN");
		copy(&rows);
		run("WITH fresh AS (INSERT INTO events SELECT * FROM stage ON CONFLICT DO NOTHING "
		    "RETURNING code, unit, day, quantity, attended) "
		    "INSERT INTO totals SELECT code, unit, day, count(*), sum(quantity), "
		    "sum(attended) FROM fresh GROUP BY 1, 2, 3 ON CONFLICT (code, unit, day) "
		    "DO UPDATE SET records = totals.records + excluded.records, "
		    "quantity = totals.quantity + excluded.quantity, "
		    "attended = totals.attended + excluded.attended");
		run("TRUNCATE stage");
		run("COMMIT");
		acked += got;
	}
	source_done(&s, acked);
	free(rows.at);
	return 0;
}

/* ---- pipelined INSERT ---- */

struct values {
	size_t batch;
	const char **at;
	int *lengths, *formats;
	uint8_t *keys;
};

static void
prepare(struct values *v)
{
	size_t size = v->batch * 40 + 200;
	char *sql = malloc(size);
	Oid *types = calloc(2 * v->batch, sizeof(*types));
	int len;

	v->at = calloc(2 * v->batch, sizeof(*v->at));
	v->lengths = calloc(2 * v->batch, sizeof(*v->lengths));
	v->formats = calloc(2 * v->batch, sizeof(*v->formats));
	v->keys = calloc(v->batch, 8);
	need(sql && types && v->at && v->lengths && v->formats && v->keys, "memory");
	len = snprintf(sql, size, "INSERT INTO bodies VALUES ");
	for (size_t i = 0; i < v->batch; i++) {
		len += snprintf(sql + len, size - (size_t) len, "%s(1,$%zu,$%zu)", i ? "," : "",
		                2 * i + 1, 2 * i + 2);
		types[2 * i] = TYPE_INT8;
		types[2 * i + 1] = TYPE_BYTEA;
		v->formats[2 * i] = v->formats[2 * i + 1] = 1;
	}
	snprintf(sql + len, size - (size_t) len, " ON CONFLICT DO NOTHING");
	PQclear(PQprepare(server, "put", sql, (int) (2 * v->batch), types));
	free(types);
	free(sql);
}

/* False when less than a batch is left, which is not sent. */
static bool
send_batch(struct values *v, struct source *s)
{
	for (size_t i = 0; i < v->batch; i++) {
		if (!source_next(s))
			return false;
		put_u64(v->keys + 8 * i, s->seq);
		v->at[2 * i] = (const char *) v->keys + 8 * i;
		v->lengths[2 * i] = 8;
		v->at[2 * i + 1] = (const char *) s->body.at;
		v->lengths[2 * i + 1] = (int) s->body.len;
	}
	need(PQsendQueryPrepared(server, "put", (int) (2 * v->batch), v->at, v->lengths, v->formats,
	                         1) == 1 &&
	             PQpipelineSync(server) == 1,
	     "insert");
	PQflush(server);
	return true;
}

static void
take_answer(void)
{
	PGresult *r;

	while ((r = PQgetResult(server)) != NULL) {
		need(PQresultStatus(r) == PGRES_COMMAND_OK, "insert");
		PQclear(r);
	}
	r = PQgetResult(server);
	need(PQresultStatus(r) == PGRES_PIPELINE_SYNC, "insert");
	PQclear(r);
}

static int
insert(const char *home, size_t batch, unsigned ahead)
{
	struct values v = { .batch = batch };
	uint64_t acked = 0;
	unsigned under_way = 0;
	bool more = true;
	struct source s;

	prepare(&v);
	need(PQenterPipelineMode(server) == 1, "pipeline");
	source_open(&s, home);
	while (more || under_way > 0) {
		while (more && under_way < ahead) {
			more = send_batch(&v, &s);
			under_way += more;
		}
		if (under_way == 0)
			break;
		take_answer();
		under_way--;
		acked += batch;
	}
	source_done(&s, acked);
	free(v.at);
	free(v.lengths);
	free(v.formats);
	free(v.keys);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	server = PQconnectdb(argv[1]);
	need(PQstatus(server) == CONNECTION_OK, "connecting");
	if (strcmp(argv[2], "init") == 0)
		return init();
	if (strcmp(argv[2], "count") == 0)
		return count();
	if (strcmp(argv[2], "fold") == 0 && argc == 5)
		return fold(argv[3], strtoull(argv[4], NULL, 10));
	if (strcmp(argv[2], "insert") == 0 && argc == 6)
		return insert(argv[3], strtoul(argv[4], NULL, 10),
		              (unsigned) strtoul(argv[5], NULL, 10));
	return 64;
}
