/* A CSV file as "valija import" meets it, by the rules and the plan that are shipped:
 * what is prepared decodes as events of the kind.  The first byte chooses the kind,
 * the encoding and the options. */
#include <sodium.h>
#include <stdlib.h>

#include "agent/import.h"
#include "common/files.h"
#include "protocol/plan.h"
#include "tests/support/check.h"
#include "tests/support/entry_fixture.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const event_kind kinds[] = { KIND_ACTIVITY, KIND_THING,  KIND_LEVEL,
	                            KIND_PROGRESS, KIND_BUDGET, KIND_CLOSE };

static struct entry_fixture *fixture;
static mapping *map;

static void
take_down(void)
{
	entry_fixture_teardown((void **) &fixture);
	mapping_free(&map);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct mapping_problem problem;
	uint8_t *rules;
	size_t len;

	(void) argc;
	(void) argv;
	if (sodium_init() < 0 || entry_fixture_setup((void **) &fixture) != 0 ||
	    file_read(SOURCE_ROOT "/agent/mappings/import.map", MAPPING_BYTES_MAX, &rules, &len) !=
	            ST_OK ||
	    mapping_parse((const char *) rules, len, &problem, &map) != ST_OK)
		abort();
	free(rules);
	return atexit(take_down);
}

static void
check_rows(const struct import *in, event_kind kind)
{
	struct event e;

	for (size_t i = 0; i < in->count; i++) {
		if (event_decode(in->rows[i].body, &e) != HOLD_NONE || e.kind != kind ||
		    in->rows[i].occurrence == 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { SKIP = 0x40, PLAN = 0x80 };
	struct import in = { 0 };
	struct import_config config = { .map = map, .by = "ana", .why = "late" };
	status st;

	if (size == 0)
		return 0;
	config.frame = (struct entry_frame) {
		.kind = kinds[data[0] % LENGTH(kinds)],
		.device_units = &fixture->units,
		.table = data[0] & PLAN ? fixture->table : NULL,
		.at_ms = 1,
		.today = fixture->today,
	};
	config.encoding = (csv_encoding) (data[0] / LENGTH(kinds) % CSV_ENCODINGS_);
	config.skip_incomplete = data[0] & SKIP;
	st = import_read(&config, data + 1, size - 1, &in);
	if (st != ST_OK && st != ST_INVALID)
		abort();
	if ((st == ST_INVALID) != (in.bad.count > 0))
		abort();
	if (st == ST_OK)
		check_rows(&in, config.frame.kind);
	import_done(&in);
	return 0;
}
