/* The arguments are read before the plan is at hand, so units are gathered first
 * and looked up later, all by one command. */
#include "hub/unit_list.h"

#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/names.h"

enum { SHOWN_BYTES = 128 };

/* Slices of argv, which lasts as long as the process. */
void
unit_list_add(struct unit_list *u, const char *value, struct argp_state *state)
{
	for (;;) {
		size_t len = strcspn(value, ",");

		if (u->count == UNIT_LIST_MAX) {
			argp_error(state, _("--unit: at most %d units"), (int) UNIT_LIST_MAX);
			return;
		}
		u->list[u->count++] = (struct text) { value, len };
		if (value[len] == '\0')
			return;
		value += len + 1;
	}
}

static bool
has(const struct unit_list *u, size_t count, struct text unit)
{
	for (size_t i = 0; i < count; i++) {
		if (text_equal(u->list[i], unit))
			return true;
	}
	return false;
}

bool
unit_list_has(const struct unit_list *u, struct text unit)
{
	return u->count == 0 || has(u, u->count, unit);
}

/* A unit named twice would be counted twice: each is a walk of its own. */
int
unit_list_check(struct unit_list *u, const plan *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < u->count; i++) {
		const char *nearest = name_nearest(p, NAME_UNIT, u->list[i]);
		char shown[SHOWN_BYTES];

		if (name_of(p, NAME_UNIT, u->list[i])) {
			if (!has(u, kept, u->list[i]))
				u->list[kept++] = u->list[i];
			continue;
		}
		cli_safe(u->list[i].at, u->list[i].len, shown, sizeof(shown));
		if (nearest)
			return cli_fail(EX_DATAERR,
			                _("--unit: the plan has no unit '%s'; did you mean '%s'?"),
			                shown, nearest);
		return cli_fail(EX_DATAERR,
		                _("--unit: the plan has no unit '%s'; 'valija-hub units --json' "
		                  "lists them all"),
		                shown);
	}
	u->count = kept;
	return EX_OK;
}
