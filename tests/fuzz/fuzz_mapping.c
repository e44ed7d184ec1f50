/* Rules of any bytes; those that are taken can be asked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(const mapping *map, const char *word)
{
	struct mapping_target target;

	if (mapping_column(map, word, &target) && target.field >= MAPPING_FIELDS_)
		abort();
	mapping_nearest_column(map, word);
	for (int f = 0; f < COLUMN_SINGLES_; f++) {
		const struct mapping_value *v = mapping_value(map, (mapping_field) f, word);

		if (v && (v->set_count > MAPPING_SETS_MAX || !mapping_is_closed(map, v->field)))
			abort();
		mapping_nearest_value(map, (mapping_field) f, word);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mapping_problem problem = { 0 };
	mapping *map = NULL;
	status st = mapping_parse((const char *) data, size, &problem, &map);
	char *word;

	if ((st == ST_OK) != (map != NULL) || (st == ST_INVALID) != (problem.rule != NULL))
		abort();
	word = map ? strndup((const char *) data, size) : NULL;
	if (word)
		ask(map, word);
	if (map)
		ask(map, "date");
	free(word);
	mapping_free(&map);
	return 0;
}
