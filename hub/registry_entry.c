#include "hub/registry_entry.h"

/* Words of the format: they stand in the entries of the journal. */
static const char *const act_names[ACTS_] = {
	[ACT_ENROLL] = "enroll",
	[ACT_REVOKE] = "revoke",
	[ACT_ADMIT] = "admit",
	[ACT_CONFIRM] = "confirm",
};

#define AT(member) offsetof(struct entry, member)

enum {
	HAS_ACT,
	HAS_AT,
	HAS_CURVE,
	HAS_FEED,
	HAS_LEAVES,
	HAS_LOSSES,
	HAS_NUMBER,
	HAS_PLAN,
	HAS_REGISTRY,
	HAS_ROLE,
	HAS_UNITS,
	HAS_WHY,
	FIELDS_
};

/* clang-format off */
static const struct codec_field fields[FIELDS_] = {
	[HAS_ACT]      = { "act",      CODEC_CODE,  AT(act_name),  0, 0, true },
	[HAS_AT]       = { "at",       CODEC_INT,   AT(at_ms),     INT64_MIN, INT64_MAX, true },
	[HAS_CURVE]    = { "curve",    CODEC_FIXED, AT(curve),     0, CURVE_BYTES, false },
	[HAS_FEED]     = { "feed",     CODEC_FIXED, AT(feed),      0, FEED_BYTES, false },
	[HAS_LEAVES]   = { "leaves",   CODEC_BIN,   AT(leaves),    0, FRONTIER_MAX * POINT_BYTES, false },
	[HAS_LOSSES]   = { "losses",   CODEC_UINT,  AT(losses),    0, UINT32_MAX, false },
	[HAS_NUMBER]   = { "number",   CODEC_UINT,  AT(number),    1, INT64_MAX, true },
	[HAS_PLAN]     = { "plan",     CODEC_UINT,  AT(plan),      0, UINT32_MAX, false },
	[HAS_REGISTRY] = { "registry", CODEC_UINT,  AT(registry),  0, INT64_MAX, false },
	[HAS_ROLE]     = { "role",     CODEC_CODE,  AT(role_name), 0, 0, false },
	[HAS_UNITS]    = { "units",    CODEC_CODES, AT(units),     0, UNITS_MAX, false },
	[HAS_WHY]      = { "why",      CODEC_TEXT,  AT(why),       0, REGISTRY_WHY_BYTES_MAX, false },
};
/* clang-format on */

#define BIT(field) (UINT64_C(1) << (field))

/* What each act must have.  An empty list of units cannot be written, so the hub's own
 * entry, and a device that lost all, leave it out. */
static const uint64_t required[ACTS_] = {
	[ACT_ENROLL] = BIT(HAS_CURVE) | BIT(HAS_FEED) | BIT(HAS_ROLE),
	[ACT_REVOKE] = BIT(HAS_FEED) | BIT(HAS_LEAVES),
	[ACT_ADMIT] = BIT(HAS_FEED) | BIT(HAS_LEAVES),
	[ACT_CONFIRM] = BIT(HAS_REGISTRY) | BIT(HAS_PLAN),
};

static bool
act_of(struct text name, registry_act *ret_act)
{
	for (int a = 0; a < ACTS_; a++) {
		if (text_is(name, act_names[a])) {
			*ret_act = (registry_act) a;
			return true;
		}
	}
	return false;
}

static bool
ascending(struct bytes leaves)
{
	if (leaves.len % POINT_BYTES != 0)
		return false;
	for (size_t at = POINT_BYTES; at < leaves.len; at += POINT_BYTES)
		if (memcmp(leaves.at + at - POINT_BYTES, leaves.at + at, POINT_BYTES) >= 0)
			return false;
	return true;
}

status
entry_decode(struct bytes bytes, struct entry *ret_entry)
{
	reader r = reader_of(bytes.at, bytes.len);
	struct entry e = { .role = ROLE_DEVICE };
	uint64_t has;
	bool critical;

	codec_read(&r, fields, FIELDS_, &e, &has, &critical);
	if (reader_end(&r) < 0)
		return ST_MALFORMED;
	if (critical || !act_of(e.act_name, &e.act))
		return ST_VERSION;
	if ((has & BIT(HAS_ROLE)) && !device_role_of(e.role_name, &e.role))
		return ST_VERSION;
	if ((has & required[e.act]) != required[e.act] || !ascending(e.leaves))
		return ST_MALFORMED;
	if (e.act == ACT_ENROLL && e.role == ROLE_READER && e.units.count > 0)
		return ST_MALFORMED;
	*ret_entry = e;
	return ST_OK;
}

status
entry_encode(const struct entry *e, writer *w)
{
	struct entry named = *e;
	uint64_t has = BIT(HAS_ACT) | BIT(HAS_AT) | BIT(HAS_NUMBER) | required[e->act];

	named.act_name = text_of(act_names[e->act]);
	named.role_name = text_of(device_role_name(e->role));
	if (e->act == ACT_REVOKE && e->role != ROLE_DEVICE)
		has |= BIT(HAS_ROLE);
	if (e->units.count > 0)
		has |= BIT(HAS_UNITS);
	if (e->why.len > 0)
		has |= BIT(HAS_WHY);
	if (e->losses > 0)
		has |= BIT(HAS_LOSSES);
	writer_clear(w);
	codec_write(w, fields, FIELDS_, &named, has);
	return writer_status(w);
}
