#include "tests/support/plan_base.h"

#include <string.h>

#include "tests/support/check.h"

/* The smallest plan that has something of everything; ' stands for ". */
static const char base[] =
	"{'format': 'valija/plan/1', 'code': 'P', 'version': 3,"
	" 'edition': {'label': '1', 'date': '2024-01-31', 'changes': ["
	"   {'version': '1', 'date': '2024-01-31', 'description': 'Creación'}]},"
	" 'name': 'Plan', 'entity': 'Ministerio', 'motto': 'Vida',"
	" 'period': {'from': '2023-01-01', 'to': '2026-12-31'},"
	" 'mission': 'M', 'vision': 'V', 'norms': ['Ley 1', 'Ley 2'],"
	" 'objectives': [{'code': '1', 'name': 'Uno'}, {'code': '2', 'name': 'Dos'}],"
	" 'strategies': [{'code': '1.1', 'objectives': ['1'], 'name': 'E'},"
	"   {'code': 'T.1', 'objectives': ['2', '1'], 'name': 'T'}],"
	" 'initiatives': ["
	"   {'code': '1.1.01', 'strategy': '1.1', 'area': 'area-x', 'area_source': 'printed',"
	"    'name': 'I1'},"
	"   {'code': '1.1.02', 'strategy': 'T.1', 'area': 'area-x', 'area_source': 'assumed',"
	"    'name': 'I2', 'note': 'N', 'retired': '2025-07-01'}],"
	" 'indicators': ["
	"   {'code': 'IND-1', 'name': 'Suma', 'accumulation': 'acumulado', 'baseline': null,"
	"    'baseline_included': false, 'goal': 100, 'by': 'activity',"
	"    'targets': {'2024': 20, '2023': 10, '2025': 30, '2026': 40},"
	"    'links': ['1.1.02', '1.1.01']},"
	"   {'code': 'IND-2', 'name': 'Nivel', 'accumulation': 'capacidad', 'baseline': 2,"
	"    'baseline_included': true, 'goal': 9, 'by': 'thing', 'targets': {'2025': 5},"
	"    'links': [], 'period': {'from': '2022-01-01', 'to': '2025-12-31'},"
	"    'baseline_keys': ['con-b', 'con-a']}],"
	" 'commitments': [{'code': 'COM-1', 'body': 'Mesa', 'name': 'C'}],"
	" 'projects': [{'code': '2018011000755', 'name': 'P', 'objectives': ['1'],"
	"   'strategy': '1.1', 'periods': ['2023', '2024-2026'], 'ppi': true}],"
	" 'risks': [], 'actors': [{'code': 'ACT-1', 'name': 'A'}],"
	" 'policy': {'name': 'SIG', 'intentions': [{'code': 'SIG-01', 'name': 'S'}]},"
	" 'sdg': [{'code': 'ODS-17', 'name': 'O', 'text': 'T'}], 'mipg': 'a\\nb',"
	" 'modes': [{'code': 'movil', 'name': 'Móvil'}],"
	" 'counts': [{'code': 'attended', 'name': 'Personas'}],"
	" 'lights': {'red': 50, 'yellow': 75, 'green': 125},"
	" 'units': ["
	"   {'code': 'con-a', 'kind': 'consulate', 'name': 'CA', 'country': 'US',"
	"    'country_name': 'EE. UU.', 'tz': 'America/Chicago', 'counts_as_mission': true,"
	"    'city': 'Houston', 'opened': '2020-01-01', 'closed': '2025-12-31'},"
	"   {'code': 'con-b', 'kind': 'embassy', 'name': 'CB', 'country': 'DZ',"
	"    'country_name': 'Argelia', 'tz': 'Africa/Algiers', 'counts_as_mission': true},"
	"   {'code': 'area-x', 'kind': 'area', 'name': 'X', 'country': 'CO',"
	"    'country_name': 'Colombia', 'tz': 'America/Bogota', 'counts_as_mission': false}]}";

json_t *
plan_base(void)
{
	char text[sizeof(base)];
	json_t *root;

	for (size_t i = 0; i < sizeof(base); i++)
		text[i] = (char) (base[i] == '\'' ? '"' : base[i]);
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	return root;
}

void
plan_base_edit(json_t *root, const char *pointer, const char *json)
{
	char path[200], *rest = path, *key = NULL;
	json_t *at = root;

	snprintf(path, sizeof(path), "%s", pointer + 1);
	for (char *next = strsep(&rest, "/"); next; next = strsep(&rest, "/")) {
		if (key)
			at = json_is_array(at) ? json_array_get(at, strtoul(key, NULL, 10))
					       : json_object_get(at, key);
		key = next;
	}
	if (!key)
		fail_msg("%s names nothing", pointer);
	if (!json)
		json_object_del(at, key);
	else if (json_is_array(at) && strcmp(key, "-") == 0)
		json_array_append_new(at, json_loads(json, JSON_DECODE_ANY, NULL));
	else if (json_is_array(at))
		json_array_set_new(at, strtoul(key, NULL, 10),
		                   json_loads(json, JSON_DECODE_ANY, NULL));
	else
		json_object_set_new(at, key, json_loads(json, JSON_DECODE_ANY, NULL));
}

void
plan_base_edit_quoted(json_t *root, const char *pointer, const char *json)
{
	char text[1000];
	size_t len = json ? strlen(json) : 0;

	assert_true(len < sizeof(text));
	for (size_t i = 0; json && i <= len; i++)
		text[i] = (char) (json[i] == '\'' ? '"' : json[i]);
	plan_base_edit(root, pointer, json ? text : NULL);
}

static const char actions[] =
	"[{'code': 'A-1', 'name': 'Uno', 'initiative': '1.1.01', 'year': 2025,"
	"  'responsible': 'area-x', 'weight': 2500, 'budget': 0, 'purchases': 'Línea 7',"
	"  'indicator': 'IND-1'},"
	" {'code': 'A-2', 'name': 'Dos', 'initiative': '1.1.01', 'year': 2025,"
	"  'responsible': 'con-a', 'weight': 7500, 'budget': 1000000000000000},"
	" {'code': 'A-3', 'name': 'Tres', 'initiative': '1.1.01', 'year': 2026,"
	"  'responsible': 'con-b'},"
	" {'code': 'A-4', 'name': 'Cuatro', 'initiative': '1.1.02', 'year': 2025,"
	"  'responsible': 'con-b', 'weight': 10000, 'retired': '2025-07-01'}]";

json_t *
plan_base_whole(void)
{
	json_t *root = plan_base();

	plan_base_edit_quoted(
		root, "/indicators/0/quarter_targets",
		"{'2025-Q2': 7, '2025-Q1': 5, '2025-Q4': 10, '2025-Q3': 8, '2026-Q1': 1}");
	plan_base_edit_quoted(
		root, "/indicators/0/unit_targets",
		"{'con-b': {'2025': 12}, 'con-a': {'2025-Q4': 4, '2025': 10, '2025-Q3': 0,"
		" '2025-Q1': 5, '2025-Q2': 1}}");
	plan_base_edit_quoted(root, "/actions", actions);
	plan_base_edit_quoted(root, "/strategies/0/weight", "9999");
	plan_base_edit_quoted(root, "/strategies/1/weight", "1");
	plan_base_edit_quoted(root, "/initiatives/0/weight", "10000");
	plan_base_edit_quoted(
		root, "/risks",
		"[{'code': 'R-1', 'name': 'Uno', 'kind': 'corrupcion',"
		"  'initiatives': ['1.1.02', '1.1.01'], 'controls': ['Primero', 'Segundo\\nde dos']},"
		" {'code': 'R-2', 'name': 'Dos'}]");
	plan_base_edit_quoted(root, "/reporting",
	                      "[{'code': 'IND-1', 'units': ['con-b'], 'kinds': ['area']},"
	                      " {'code': '1.1.01', 'kinds': ['consulate', 'area']}]");
	return root;
}

status
plan_base_parse(const char *text, size_t len, struct plan_problems *problems, plan **ret_plan)
{
	char *exact = malloc(len ? len : 1);
	status st;

	assert_non_null(exact);
	memcpy(exact, text, len);
	st = plan_parse(exact, len, problems, ret_plan);
	free(exact);
	return st;
}

status
plan_base_parse_document(json_t *root, struct plan_problems *problems, plan **ret_plan)
{
	char *text = json_dumps(root, 0);
	status st = plan_base_parse(text, strlen(text), problems, ret_plan);

	free(text);
	json_decref(root);
	return st;
}
