#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "agent/import.h"
#include "common/files.h"
#include "protocol/identity.h"

struct fixture {
	mapping *map;
	struct codes units;
	struct import_config config;
	struct import in;
};

static int
setup(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct mapping_problem problem;
	uint8_t *rules = NULL;
	size_t len = 0;

	assert_non_null(fx);
	assert_true(sodium_init() >= 0);
	assert_status(file_read(SOURCE_ROOT "/agent/mappings/import.map", MAPPING_BYTES_MAX, &rules,
	                        &len),
	              ST_OK);
	assert_status(mapping_parse((const char *) rules, len, &problem, &fx->map), ST_OK);
	free(rules);
	fx->units = (struct codes) { 1, { text_of("con-houston") } };
	fx->config = (struct import_config) {
		.map = fx->map,
		.frame.kind = KIND_ACTIVITY,
		.frame.device_units = &fx->units,
		.by = "ana",
		.frame.at_ms = 1,
		.frame.today = DATE_MAX,
	};
	*ctx = fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	import_done(&fx->in);
	mapping_free(&fx->map);
	free(fx);
	return 0;
}

static status
read_file(struct fixture *fx, const char *text)
{
	import_done(&fx->in);
	return import_read(&fx->config, text, strlen(text), &fx->in);
}

static void
read_good(struct fixture *fx, const char *text, size_t count)
{
	status st = read_file(fx, text);

	if (st < 0 && fx->in.bad.count > 0)
		fail_msg("'%s': line %zu: '%s': %s", text, fx->in.bad.list[0].line,
		         fx->in.bad.list[0].found, fx->in.bad.list[0].rule);
	assert_status(st, ST_OK);
	assert_int_equal(fx->in.count, count);
}

static struct event
event_at(struct fixture *fx, size_t i)
{
	struct event e;

	assert_true(i < fx->in.count);
	assert_int_equal(event_decode(fx->in.rows[i].body, &e), HOLD_NONE);
	return e;
}

static void
assert_text(struct text got, const char *want)
{
	if (!text_is(got, want))
		fail_msg("got '%.*s', want '%s'", (int) got.len, got.at, want);
}

#define NO_COLUMN 0

/* The n-th bad finding; rule is a part of it. */
static void
assert_bad(struct fixture *fx, size_t n, size_t line, size_t column, const char *name,
           const char *found, const char *rule)
{
	const struct import_finding *f = &fx->in.bad.list[n];

	assert_true(n < fx->in.bad.count);
	assert_int_equal(f->line, line);
	assert_int_equal(f->column, column);
	assert_string_equal(f->name, name);
	if (!strstr(f->found, found) || (*found == '\0' && *f->found))
		fail_msg("found '%s', want '%s'", f->found, found);
	if (!strstr(f->rule, rule) && !strstr(f->arg, rule))
		fail_msg("rule '%s' ('%s'), want '%s'", f->rule, f->arg, rule);
}

static void
columns_stand_in_any_order_and_fill_the_event(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e;

	read_good(fx,
	          "ACT-1,note,place,attended,country,mode,quantity,until,date,initiative,indicator,"
	          "unit,status,visa,source,by\n"
	          "3,A note,\"Ojai, CA\",120,US,consulado-movil,2,2025-05-18,2025-05-17,"
	          "2.1.05 2.3.02,IND-1,con-houston,planned,0,http://x,eva\n",
	          1);
	e = event_at(fx, 0);
	assert_int_equal(e.kind, KIND_ACTIVITY);
	assert_text(e.unit, "con-houston");
	assert_text(e.indicator, "IND-1");
	assert_int_equal(e.initiatives.count, 2);
	assert_text(e.initiatives.list[0], "2.1.05");
	assert_int_equal(e.date, 20225);
	assert_int_equal(e.until, 20226);
	assert_int_equal(e.quantity, 2);
	assert_text(e.mode, "consulado-movil");
	assert_text(e.place, "Ojai, CA");
	assert_text(e.country, "US");
	assert_int_equal(e.status, STATUS_PLANNED);
	assert_text(e.note, "A note\nhttp://x");
	assert_text(e.by, "eva");
	assert_int_equal(e.counts.count, 2);
	assert_text(e.counts.list[0].name, "attended");
	assert_int_equal(e.counts.list[0].value, 120);
	assert_text(e.counts.list[1].name, "visa");
	assert_int_equal(e.counts.list[1].value, 0);
	assert_int_equal(e.groups.count, 1);
	assert_text(e.groups.list[0].name, "ACT-1");
}

static void
an_empty_cell_is_not_given(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e;

	read_good(fx, "date,indicator,until,attended,place,note,status\n2025-05-17,IND-1,,,,,\n",
	          1);
	e = event_at(fx, 0);
	assert_text(e.unit, "con-houston");
	assert_text(e.by, "ana");
	assert_int_equal(e.status, STATUS_DONE);
	assert_int_equal(e.counts.count, 0);
	assert_false(e.has & EVENT_BIT(EVENT_UNTIL));
	assert_false(e.has & (EVENT_BIT(EVENT_PLACE) | EVENT_BIT(EVENT_NOTE)));
}

static void
modality_says_mode_and_what_it_counts_for(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e;

	read_good(fx,
	          "modality,date,indicator,initiative\n"
	          "Sábado consular,2025-05-17,,\n"
	          "otra-actividad,2025-05-17,,\n"
	          "consulado-movil,2025-05-17,IND-6,2.1.05\n",
	          3);
	e = event_at(fx, 0);
	assert_text(e.mode, "sabado-consular");
	assert_text(e.indicator, "IND-1");
	assert_int_equal(e.initiatives.count, 0);
	e = event_at(fx, 1);
	assert_false(e.has & (EVENT_BIT(EVENT_MODE) | EVENT_BIT(EVENT_INDICATOR)));
	assert_text(e.initiatives.list[0], "2.3.02");
	e = event_at(fx, 2);
	assert_text(e.mode, "consulado-movil");
	assert_text(e.indicator, "IND-6"); /* its own cell goes first */
}

/* As counted by hand in the file: unit, rows with a full date, without one. */
static const struct {
	const char *unit;
	size_t complete, incomplete;
} published[] = {
	{ "con-nueva-york", 3, 0 }, { "con-washington", 1, 0 },  { "con-londres", 0, 1 },
	{ "con-atlanta", 3, 0 },    { "con-los-angeles", 2, 0 }, { "con-san-francisco", 1, 1 },
	{ "con-madrid", 3, 0 },     { "con-valencia-es", 0, 1 }, { "con-monterrey", 0, 1 },
	{ "con-montreal", 0, 1 },   { "con-bilbao", 4, 0 },      { "con-miami", 1, 0 },
};

static void
published_days_are_as_counted_by_hand(void **ctx)
{
	struct fixture *fx = *ctx;
	size_t complete = 0, incomplete = 0, len = 0;
	uint8_t *bytes = NULL;

	assert_status(file_read(TEST_DATA "/days-published.csv", 1 << 20, &bytes, &len), ST_OK);
	fx->config.skip_incomplete = true;
	for (size_t i = 0; i < LENGTH(published); i++) {
		fx->units.list[0] = text_of(published[i].unit);
		fx->config.unit = published[i].unit;
		read_good(fx, (const char *) bytes, published[i].complete);
		assert_int_equal(fx->in.row_count, 23);
		assert_int_equal(fx->in.incomplete, published[i].incomplete);
		assert_int_equal(fx->in.other_units,
		                 23 - published[i].complete - published[i].incomplete);
		complete += fx->in.count;
		incomplete += fx->in.incomplete;
	}
	free(bytes);
	assert_int_equal(complete, 18);
	assert_int_equal(incomplete, 5);
}

static void
a_day_of_several_days_is_one_activity(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e;

	read_good(fx, "modality,date_start,date_end\nconsulado-movil,2025-11-14,2025-11-15\n", 1);
	e = event_at(fx, 0);
	assert_int_equal(e.until - e.date, 1);
	assert_true(!(e.has & EVENT_BIT(EVENT_QUANTITY)) || e.quantity == 1);
}

static void
assert_same_rows(struct fixture *fx, const char *first, const char *second, bool same)
{
	uint8_t fields[HASH_BYTES];

	read_good(fx, first, 1);
	memcpy(fields, fx->in.rows[0].fields, HASH_BYTES);
	read_good(fx, second, 1);
	if ((memcmp(fields, fx->in.rows[0].fields, HASH_BYTES) == 0) != same)
		fail_msg("'%s' and '%s' are %s row", first, second, same ? "another" : "the same");
}

static void
how_a_file_is_written_makes_no_row_new(void **ctx)
{
	static const char *const variants[] = {
		"date,indicator,place,note,attended\r\n2025-05-17,IND-1,Tyler,\"a\r\nb\",7\r\n",
		"date;indicator;place;note;attended\n2025-05-17;IND-1;Tyler;\"a\nb\";7\n",
		"\xef\xbb\xbf"
		"date,indicator,place,note,attended\n"
		"2025-05-17,IND-1,Tyler,\"a\nb\",7\n",
		"attended,note,place,date,indicator\n7,\"a\nb\",Tyler,2025-05-17,IND-1\n",
		"sep=,\ndate,indicator,place,note,attended\n2025-05-17,IND-1,Tyler,\"a\nb\",7\n",
		"date,indicator,place,note,attended\n"
		"\"2025-05-17\", IND-1 ,\" Tyler\",\"a\rb\",\"7\"\n",
		"date,indicator,place,note,attended,mode,\n2025-05-17,IND-1,Tyler,\"a\nb\",7,,\n",
		"#x,date,indicator,place,note,attended\nz,2025-05-17,IND-1,Tyler,\"a\nb\",7\n",
		"Fecha,Indicador,Lugar,Nota,Asistentes\n2025-05-17,IND-1,Tyler,\"a\nb\",7\n",
		"unit,date,until,indicator,place,note,attended,status,quantity\n"
		"con-houston,2025-05-17,2025-05-17,IND-1,Tyler,\"a\nb\",007,realizado,1\n",
	};

	for (size_t i = 1; i < LENGTH(variants); i++)
		assert_same_rows(*ctx, variants[0], variants[i], true);
}

static void
what_a_row_says_makes_it_another(void **ctx)
{
	static const char header[] = "date,indicator,initiative,until,quantity,mode,place,country,"
				     "status,note,by,attended,visa,ACT-1\n";
	static const char *const rows[] = {
		"2025-05-17,IND-1,,,,,,,,,,,,",
		"2025-05-18,IND-1,,,,,,,,,,,,",
		"2025-05-17,IND-6,,,,,,,,,,,,",
		"2025-05-17,IND-1,2.1.05,,,,,,,,,,,",
		"2025-05-17,IND-1,,2025-05-18,,,,,,,,,,",
		"2025-05-17,IND-1,,,2,,,,,,,,,",
		"2025-05-17,IND-1,,,,consulado-movil,,,,,,,,",
		"2025-05-17,IND-1,,,,,Tyler,,,,,,,",
		"2025-05-17,IND-1,,,,,,US,,,,,,",
		"2025-05-17,IND-1,,,,,,,planned,,,,,",
		"2025-05-17,IND-1,,,,,,,,Tyler,,,,",
		"2025-05-17,IND-1,,,,,,,,,Tyler,,,",
		"2025-05-17,IND-1,,,,,,,,,,1,,",
		"2025-05-17,IND-1,,,,,,,,,,,1,",
		"2025-05-17,IND-1,,,,,,,,,,,,1",
		"2025-05-17,IND-1,,,,,,,,,,0,,",
	};
	char first[400], second[400];

	for (size_t i = 0; i < LENGTH(rows); i++) {
		for (size_t k = 0; k < i; k++) {
			snprintf(first, sizeof(first), "%s%s\n", header, rows[i]);
			snprintf(second, sizeof(second), "%s%s\n", header, rows[k]);
			assert_same_rows(*ctx, first, second, false);
		}
	}
}

static void
initiatives_are_a_set_and_countries_have_no_case(void **ctx)
{
	assert_same_rows(*ctx, "date,initiative\n2025-05-17,2.1.05 2.3.02\n",
	                 "date,initiative\n2025-05-17,\"2.3.02, 2.1.05\"\n", true);
	assert_same_rows(*ctx, "date,indicator,country\n2025-05-17,IND-1,us\n",
	                 "date,indicator,country\n2025-05-17,IND-1,US\n", true);
}

/* Were it to change, an updated program would import everything again.  The
 * hashes were computed apart, from the words of the header. */
static void
keys_stay_what_they_are(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t key[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	read_good(fx,
	          "date,indicator,until,mode,place,note,attended,ACT-1\n"
	          "2025-05-17,IND-1,2025-05-18,consulado-movil,Tyler,a note,7,3\n",
	          1);
	hex_encode(fx->in.rows[0].fields, HASH_BYTES, hex);
	assert_string_equal(hex,
	                    "687b85b43817c713a34c50df31dd4fbd0ce593b9b437a5c890aa0ab1006eec0a");
	import_key(fx->in.rows[0].fields, 1, key);
	hex_encode(key, HASH_BYTES, hex);
	assert_string_equal(hex,
	                    "ed425bf071213081b079a71338d578959f654ae09cf025aa487b5e0617ca3476");
}

static void
equal_rows_are_numbered(void **ctx)
{
	struct fixture *fx = *ctx;
	static const uint64_t want[] = { 1, 1, 2, 2, 3 };

	read_good(fx,
	          "date,indicator,place\n2025-05-17,IND-1,A\n2025-05-17,IND-1,B\n"
	          "2025-05-17,IND-1,A\n2025-05-17,IND-1,B\n2025-05-17,IND-1, A \n",
	          5);
	for (size_t i = 0; i < LENGTH(want); i++) {
		assert_int_equal(fx->in.rows[i].occurrence, want[i]);
		assert_int_equal(fx->in.rows[i].line, i + 2);
	}
}

static void
bad_cells_are_told_with_their_place(void **ctx)
{
	struct fixture *fx = *ctx;
	static const struct {
		/* of unit,date,until,quantity,indicator,attended,visa,modality */
		const char *cells;
		size_t column;
		const char *name, *found, *rule;
	} bad[] = {
		{ ",17/05/2025,,,IND-1,,,", 2, "date", "17/05/2025", "YYYY-MM-DD" },
		{ ",2025-02-30,,,IND-1,,,", 2, "date", "2025-02-30", "" },
		{ ",2025-05-17,2025-05-16,,IND-1,,,", 3, "until", "2025-05-16", "" },
		{ ",2025-05-17,2025-05,,IND-1,,,", 3, "until", "2025-05", "YYYY-MM-DD" },
		{ ",2025-05-17,,0,IND-1,,,", 4, "quantity", "0", "" },
		{ ",2025-05-17,,10000,IND-1,,,", 4, "quantity", "10000", "" },
		{ ",2025-05-17,,\"1,200\",IND-1,,,", 4, "quantity", "1,200", "without separators" },
		{ ",2025-05-17,,,IND-1,1.200,,", 6, "attended", "1.200", "without separators" },
		{ ",2025-05-17,,,IND-1,5,many,", 7, "visa", "many", "" },
		{ ",2025-05-17,,,IND-1,5,-1,", 7, "visa", "-1", "" },
		{ ",2025-05-17,,,IND 1,,,", 5, "indicator", "IND 1", "" },
		{ ",2025-05-17,,,,,,consulado-movl", 8, "modality", "consulado-movl",
		  "consulado-movil" },
		{ ",2025-05-17,,,,,,zzzzzzzz", 8, "modality", "zzzzzzzz", "not known" },
		{ "con-miami,2025-05-17,,,IND-1,,,", 1, "unit", "con-miami", "" },
	};
	char file[300];

	for (size_t i = 0; i < LENGTH(bad); i++) {
		snprintf(file, sizeof(file),
		         "unit,date,until,quantity,indicator,attended,visa,modality\n"
		         ",2025-05-17,,,IND-1,,,\n%s\n",
		         bad[i].cells);
		assert_status(read_file(fx, file), ST_INVALID);
		assert_int_equal(fx->in.bad_rows, 1);
		assert_bad(fx, 0, 3, bad[i].column, bad[i].name, bad[i].found, bad[i].rule);
	}
}

static void
a_row_that_counts_for_nothing_is_bad(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx, "date,indicator\n2025-05-17,\n"), ST_INVALID);
	assert_int_equal(fx->in.bad_rows, 1);
}

static void
rows_that_do_not_fit_the_header_are_bad(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx,
	                        "date,indicator,place\n2025-05-17,IND-1,Tyler, TX\n"
	                        "2025-05-17,IND-1\n2025-05-17,IND-1,Tyler,,\n"),
	              ST_INVALID);
	assert_int_equal(fx->in.bad.count, 2);
	assert_bad(fx, 0, 2, NO_COLUMN, "", "", "more cells");
	assert_bad(fx, 1, 3, NO_COLUMN, "", "", "fewer cells");
}

static void
all_bad_rows_are_told_and_the_first_ones_kept(void **ctx)
{
	struct fixture *fx = *ctx;
	char file[4096] = "date,indicator\n";
	size_t used = strlen(file);

	for (int i = 0; i < IMPORT_LISTED_MAX + 7; i++)
		used += (size_t) snprintf(file + used, sizeof(file) - used, "2025-13-%02d,IND-1\n",
		                          i % 28 + 1);
	assert_status(read_file(fx, file), ST_INVALID);
	assert_int_equal(fx->in.bad_rows, IMPORT_LISTED_MAX + 7);
	assert_int_equal(fx->in.bad.count, IMPORT_LISTED_MAX + 7);
	assert_bad(fx, IMPORT_LISTED_MAX - 1, IMPORT_LISTED_MAX + 1, 1, "date", "2025-13", "");
}

static void
rows_of_other_units_are_bad_or_left_out(void **ctx)
{
	struct fixture *fx = *ctx;
	static const char file[] = "unit,date,indicator\ncon-houston,2025-05-17,IND-1\n"
				   "con-miami,2025-05-17,IND-1\ncon-miami,nonsense,IND-1\n";

	assert_status(read_file(fx, file), ST_INVALID);
	assert_true(fx->in.needs_unit);
	fx->config.unit = "con-houston";
	read_good(fx, file, 1);
	assert_int_equal(fx->in.other_units, 2);
	assert_int_equal(fx->in.row_count, 3);
	assert_false(fx->in.needs_unit);
}

static void
a_device_of_several_units_wants_to_be_told(void **ctx)
{
	struct fixture *fx = *ctx;
	static const char file[] = "date,indicator\n2025-05-17,IND-1\n";

	fx->units = (struct codes) { 2, { text_of("con-houston"), text_of("con-miami") } };
	assert_status(read_file(fx, file), ST_INVALID);
	assert_bad(fx, 0, 1, NO_COLUMN, "", "date, indicator", "--unit");
	fx->config.unit = "con-miami";
	read_good(fx, file, 1);
	assert_text(event_at(fx, 0).unit, "con-miami");
	assert_status(read_file(fx, "unit,date,indicator\n,2025-05-17,IND-1\n"), ST_INVALID);
	assert_bad(fx, 0, 2, 1, "unit", "", "missing");
}

static void
rows_without_a_full_date_are_bad_or_left_out(void **ctx)
{
	struct fixture *fx = *ctx;
	static const char file[] = "indicator,date\nIND-1,2025\nIND-1,2025-05\nIND-1,\n"
				   "IND-1,2025-05-17\n";

	assert_status(read_file(fx, file), ST_INVALID);
	assert_true(fx->in.needs_skip);
	assert_int_equal(fx->in.bad_rows, 3);
	assert_bad(fx, 0, 2, 2, "date", "2025", "YYYY-MM-DD");
	fx->config.skip_incomplete = true;
	read_good(fx, file, 1);
	assert_int_equal(fx->in.incomplete, 3);
	assert_int_equal(fx->in.left_out.count, 3);
	assert_int_equal(fx->in.left_out.list[2].line, 4);
	assert_status(read_file(fx, "indicator,date\nIND-1,2025-5-1\n"), ST_INVALID);
}

static void
unknown_columns_are_bad_unless_empty_or_marked(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx,
	                        "date,indicator,plaze\n2025-05-17,IND-1,x\n"
	                        "2025-05-17,IND-1,y\n"),
	              ST_INVALID);
	assert_int_equal(fx->in.bad.count, 1);
	assert_bad(fx, 0, 1, 3, "plaze", "plaze", "place");
	assert_status(read_file(fx, "date,indicator,\n2025-05-17,IND-1,x\n"), ST_INVALID);
	assert_bad(fx, 0, 1, 3, "", "", "without a name");
	read_good(fx, "date,indicator,plaze,,\n2025-05-17,IND-1,,,\n", 1);
	read_good(fx, "#plaze,date,indicator,#\nx,2025-05-17,IND-1,y\n", 1);
}

static void
two_columns_may_not_say_the_same(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx, "date,indicator,date_start\n2025-05-17,IND-1,\n"), ST_INVALID);
	assert_bad(fx, 0, 1, 3, "date_start", "date_start", "date");
	assert_status(read_file(fx, "date,indicator,attended,asistentes\n"), ST_INVALID);
	assert_bad(fx, 0, 1, 4, "asistentes", "asistentes", "attended");
}

static void
a_header_without_what_is_needed_is_told(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx, "fech,indicator\n2025-05-17,IND-1\n"), ST_INVALID);
	assert_bad(fx, 0, 1, NO_COLUMN, "", "fech, indicator", "the date");
	assert_status(read_file(fx, "date,place\n2025-05-17,Tyler\n"), ST_INVALID);
	assert_bad(fx, 0, 1, NO_COLUMN, "", "date, place", "count for");
	assert_status(read_file(fx, "\n\n"), ST_INVALID);
	assert_bad(fx, 0, 0, NO_COLUMN, "", "", "empty");
	read_good(fx, "date,indicator\n", 0);
}

static void
what_the_file_cannot_be_read_for_is_told_after_the_bad_rows(void **ctx)
{
	struct fixture *fx = *ctx;

	assert_status(read_file(fx,
	                        "date,indicator,place\n2025-13-01,IND-1,x\n"
	                        "2025-05-17,IND-1,\"x\n"),
	              ST_INVALID);
	assert_int_equal(fx->in.bad.count, 2);
	assert_bad(fx, 1, 3, 3, "place", "x", "begins this cell");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(columns_stand_in_any_order_and_fill_the_event),
		TEST(an_empty_cell_is_not_given),
		TEST(modality_says_mode_and_what_it_counts_for),
		TEST(published_days_are_as_counted_by_hand),
		TEST(a_day_of_several_days_is_one_activity),
		TEST(how_a_file_is_written_makes_no_row_new),
		TEST(what_a_row_says_makes_it_another),
		TEST(initiatives_are_a_set_and_countries_have_no_case),
		TEST(keys_stay_what_they_are),
		TEST(equal_rows_are_numbered),
		TEST(bad_cells_are_told_with_their_place),
		TEST(a_row_that_counts_for_nothing_is_bad),
		TEST(rows_that_do_not_fit_the_header_are_bad),
		TEST(all_bad_rows_are_told_and_the_first_ones_kept),
		TEST(rows_of_other_units_are_bad_or_left_out),
		TEST(a_device_of_several_units_wants_to_be_told),
		TEST(rows_without_a_full_date_are_bad_or_left_out),
		TEST(unknown_columns_are_bad_unless_empty_or_marked),
		TEST(two_columns_may_not_say_the_same),
		TEST(a_header_without_what_is_needed_is_told),
		TEST(what_the_file_cannot_be_read_for_is_told_after_the_bad_rows),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
