/* hub/registry_entry.h - the bytes of an act of the registry; part of registry.h
 *
 * Registry entries of the journal, and the rows of TABLE_REGISTRY: a row is an
 * "enroll" less what was lost since, or a "revoke" less what was granted since.
 * SPEC.md, section 18, has the table of keys.
 */
#pragma once

#include "hub/registry.h"
#include "protocol/writer.h"

typedef enum registry_act { ACT_ENROLL, ACT_REVOKE, ACT_ADMIT, ACT_CONFIRM, ACTS_ } registry_act;

/* What the act has not is 0.  Texts and bytes point into what was read. */
struct entry {
	registry_act act;
	uint64_t number;
	int64_t at_ms;
	const uint8_t *curve, *feed;
	device_role role;        /* of "revoke": the one taken, or ROLE_DEVICE: none */
	struct codes units;      /* granted, or taken */
	struct bytes leaves;     /* POINT_BYTES each, ascending */
	struct text why;         /* may be empty */
	uint64_t registry, plan; /* of "confirm": what was met */
	uint64_t losses;         /* of a row only */
	struct text act_name, role_name;
};

/* ST_MALFORMED; ST_VERSION: what is not understood is refused as a whole, since
 * a grant that is half understood might give more than was meant. */
status entry_decode(struct bytes bytes, struct entry *ret_entry);

/* Replaces what w holds. */
status entry_encode(const struct entry *e, writer *w);

/* ---- what registry.c and registry_acts.c share ---- */

bool codes_have(const struct codes *codes, struct text code);

/* Behind the others; one that is there, or above UNITS_MAX, is passed over. */
void device_add_unit(struct device *d, struct text unit);

status registry_set_number(kv_txn *txn, uint64_t number);
