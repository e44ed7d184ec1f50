/* protocol/event.h - one entry of a feed, as bytes and as a structure
 *
 * The bytes are a MessagePack map (reader.h says how strict); they are kept,
 * hashed and signed as they are and never encoded again.  The structure only
 * points into them.
 *
 * Common keys: at by fix k r u v why.  Kinds and their own keys are laid down
 * in SPEC.md.  A kind or version that is not known here, or a key with '!' that
 * is not, is no error of the sender: the event is stored and held.
 *
 * Decoding asks nothing but the bytes, so it has the same result everywhere and
 * for ever; whether an event counts is decided by who holds plan and registry
 * (SPEC.md, section 11).  Pure and thread safe.
 */
#pragma once

#include "protocol/codec.h"
#include "protocol/date.h"
#include "protocol/limits.h"

/* The version of events (key v) that is written and understood here. */
enum { EVENT_VERSION = 1 };

/* What an event says.  The names on the wire are those in lower case. */
typedef enum event_kind {
	KIND_UNKNOWN, /* not known here, or known and not folded yet */
	KIND_ACTIVITY,
	KIND_VOID,
	KIND_PLAN,
	KIND_LEVEL,
	KIND_PROBE,
	KIND_THING,
	KIND_PROGRESS,
	KIND_BUDGET,
	KIND_CLOSE,
	KIND_RETURN,
	KIND_CUT,
	KIND_LOCK,
	EVENT_KINDS_
} event_kind;

/* How far an activity has come.  The numbers are those of the rows that enter the
 * digest (SPEC.md, section 11), so none may change. */
typedef enum event_status {
	STATUS_DONE, /* the default */
	STATUS_PLANNED,
	STATUS_CANCELLED,
	STATUS_MOVED,
	EVENT_STATUSES_
} event_status;

/* Rows of the field table, so bits of event.has: 1u << EVENT_AT and so on.  The
 * order is that of the keys on the wire. */
typedef enum event_field {
	EVENT_APPROPRIATED, /* appr (budget) */
	EVENT_AT,           /* at */
	EVENT_PROJECT,      /* bpin (budget) */
	EVENT_BY,           /* by */
	EVENT_COMMITTED,    /* comm (budget) */
	EVENT_COMMITMENT,   /* commit (progress) */
	EVENT_COUNTS,       /* count */
	EVENT_COUNTRY,      /* country */
	EVENT_DATA,         /* data (documents) */
	EVENT_DATE,         /* date */
	EVENT_EVIDENCES,    /* evid */
	EVENT_FIXES,        /* fix */
	EVENT_GROUPS,       /* group */
	EVENT_HASH,         /* hash (documents) */
	EVENT_INDICATOR,    /* ind */
	EVENT_INITIATIVES,  /* init */
	EVENT_KIND,         /* k */
	EVENT_THING,        /* key (thing) */
	EVENT_MODE,         /* mode */
	EVENT_NAME,         /* name (thing, cut) */
	EVENT_NOTHING,      /* none (close) */
	EVENT_NOTE,         /* note */
	EVENT_OBLIGATED,    /* obl (budget) */
	EVENT_PAID,         /* paid (budget) */
	EVENT_PART,         /* part (documents) */
	EVENT_PARTS,        /* parts (documents) */
	EVENT_PERCENT,      /* pct (progress) */
	EVENT_PLACE,        /* place */
	EVENT_PLAN,         /* plan (plan): its version */
	EVENT_QUANTITY,     /* qty */
	EVENT_QUARTER,      /* quarter (registers, lock) */
	EVENT_RANDOM,       /* r */
	EVENT_ABOUT,        /* re (return) */
	EVENT_RISK,         /* risk (progress) */
	EVENT_STATUS,       /* status */
	EVENT_TOTAL,        /* total (documents) */
	EVENT_UNIT,         /* u */
	EVENT_UNTIL,        /* until */
	EVENT_V,            /* v */
	EVENT_VALUE,        /* value (level) */
	EVENT_WAY,          /* way (thing) */
	EVENT_WHY,          /* why */
	EVENT_ZERO,         /* zero (close) */
	EVENT_FIELDS_
} event_field;

#define EVENT_BIT(field) (UINT64_C(1) << (field))

/* Whole pesos of one amount of a budget. */
#define MONEY_MAX INT64_C(1000000000000000)

/* A member is valid when its bit is set in has; it is 0, NULL or empty otherwise.
 * Texts and hashes point into the bytes decoded, or, before event_encode(), to
 * wherever the caller keeps them. */
struct event {
	uint64_t has;  /* EVENT_BIT() of the fields present */
	bool critical; /* an unknown key begins with '!' */
	event_kind kind;

	/* Common.  A kind or version that is not known here has at, by, k, u and v
	 * of these, and nothing of the groups below. */
	uint64_t version;
	struct text kind_name;
	struct text unit; /* empty for an office event */
	int64_t at_ms;    /* what the device's clock said; decides nothing */
	struct text by;
	const uint8_t *random; /* RANDOM_BYTES */
	struct text why;

	/* activity, with initiatives, counts and groups; of these void has note.  status is
	 * valid without its bit: what is not told is done. */
	struct text indicator;
	int64_t date, until; /* date numbers; until >= date, or absent */
	uint64_t quantity;
	struct text mode;
	struct text place;
	struct text country; /* ISO 3166-1 alpha-2, or absent: the unit's */
	struct text status_name;
	event_status status;
	struct text note;

	/* The kinds below have unit, note and evidences as an activity has them.
	 *
	 * level: what the indicator stood at in that quarter. */
	uint64_t quarter, value;

	/* thing: from date on the thing of that key is among what the indicator
	 * counts, or is no more; the name is what people call it. */
	struct text thing, name, way_name;
	bool out; /* valid without its bit, like status */

	/* progress: how far the one initiative of initiatives, the commitment or the
	 * risk was at the end of that quarter; the note is its text. */
	struct text commitment, risk;
	uint64_t percent; /* basis points: 10000 is all of it */

	/* budget: of an investment project, from the beginning of the year to the end
	 * of that quarter, in whole pesos. */
	struct text project; /* its BPIN */
	uint64_t appropriated, committed, obligated, paid;

	/* plan, cut, lock: part of parts of a document packed by zstd to total bytes;
	 * hash is that of the document itself, unpacked.  Parts are counted from 1.
	 * Which plan, cut or lock plan_version, name or quarter says. */
	uint64_t plan_version, part, parts, total;
	const uint8_t *hash;
	struct bytes data;

	/* Lists are last: most events have few of them, and 6 KiB are not to be emptied for
	 * each event that is read. */
	struct fixes fixes;       /* of any record: what it replaces */
	struct codes initiatives; /* activity, progress (one) */
	struct tallies counts, groups;
	struct evidences evidences;

	/* close: all of that quarter is recorded up to here.  Of the indicators in
	 * zero there was nothing though there could have been, of those in nothing
	 * there was nothing to do. */
	struct codes zero, nothing;

	/* return: the office's remark, why, on an entry of that unit. */
	struct fixes about; /* one */
};

/* Why an event is stored and not counted.  The names are part of the format
 * (they enter the digest); SPEC.md defines each.  Up to HOLD_KEY an event's own
 * bytes decide; the rest needs plan, registry, or other events, and may change
 * with these. */
typedef enum hold {
	HOLD_NONE,
	HOLD_ERASED,     /* "erased" */
	HOLD_MALFORMED,  /* "malformed" */
	HOLD_LIMIT,      /* "limit" */
	HOLD_VERSION,    /* "version" */
	HOLD_KIND,       /* "kind" */
	HOLD_KEY,        /* "key": a '!' key that is not understood */
	HOLD_RIGHT,      /* "right": the device may not report for the unit */
	HOLD_UNIT,       /* "unit": not in the plan */
	HOLD_INDICATOR,  /* "indicator": not in the plan, or not fed by such entries */
	HOLD_INITIATIVE, /* "initiative" */
	HOLD_COMMITMENT, /* "commitment" */
	HOLD_RISK,       /* "risk" */
	HOLD_PROJECT,    /* "project" */
	HOLD_MODE,       /* "mode" */
	HOLD_COUNT,      /* "count" */
	HOLD_GROUP,      /* "group" */
	HOLD_DATE,       /* "date": outside the plan's or the indicator's period */
	HOLD_REPORTER,   /* "reporter": the unit may not report what it names */
	HOLD_LOCKED,     /* "locked": of a quarter locked before it came, without a reason */
	HOLD_THING,      /* "thing": out, and was never in */
	HOLD_WAITS,      /* "waits": a version it replaces is not here */
	HOLD_FIX,        /* "fix": it does not fit what it replaces */
	HOLD_VERSIONS,   /* "versions": over VERSIONS_MAX */
	HOLDS_
} hold;

/* The name that goes into the digest, and for people a msgid that says what is
 * wrong and what to do.  Never NULL. */
const char *hold_name(hold h);
const char *hold_text(hold h);
/* The reason of that name; HOLDS_ when there is none, as of a newer hub. */
hold hold_of_name(struct text name);

/* Decode one body.  HOLD_NONE, or the first of these that holds it, in the
 * order of the checks, which is part of the format since the reason enters the
 * digest:
 *   HOLD_LIMIT      more than EVENT_BYTES_MAX
 *   _MALFORMED, _LIMIT  in form, or in at, by, k, u, v, whichever stands first
 *   HOLD_VERSION    v is not 1
 *   HOLD_KIND       k is not known
 *   _MALFORMED, _LIMIT  in any other field, whichever stands first
 *   HOLD_KEY        a '!' key that is not understood
 *   HOLD_MALFORMED  fields that do not belong together
 * *ret_event points into body.  It is empty after _MALFORMED and _LIMIT; after
 * _VERSION and _KIND it has only at, by, k, u and v; after _KEY all fields. */
hold event_decode(struct bytes body, struct event *ret_event);

/* The same of an event whose body was erased: HOLD_ERASED, and nothing in *ret_event. */
hold event_erased(struct event *ret_event);

/* True for the kinds that are records or their corrections: what counts. */
bool event_is_record(event_kind kind);

/* True for what only the office and a hub itself may say. */
bool event_is_office(event_kind kind);

/* The word of a kind on the wire ("activity"); "?" for KIND_UNKNOWN. */
const char *event_kind_name(event_kind kind);

/* The day by which an event belongs to a period: the date of an activity or a thing,
 * else the first day of its quarter; 0 when it has none. */
date event_day(const struct event *e);

/* What kinds of entry are registers have: the key that makes two of them versions
 * of one record, whether they name each other or not.
 *
 *     level/UNIT/INDICATOR/QUARTER
 *     progress/UNIT/i|c|r/INITIATIVE|COMMITMENT|RISK/QUARTER
 *     budget/PROJECT/QUARTER
 *     close/UNIT/QUARTER
 *
 * False, and an empty text, for other kinds. */
enum { REGISTER_KEY_BYTES = 96 };
bool event_register(const struct event *e, char ret_key[static REGISTER_KEY_BYTES]);

/* "thing/INDICATOR/KEY" of a thing, the key of a register: what is to be judged
 * together.  False, and an empty text, for other kinds. */
bool event_bond(const struct event *e, char ret_key[static REGISTER_KEY_BYTES]);

/* Check what a person's input has filled in, and encode it.  has says which
 * fields; kind_name, version and status_name are set here from kind and status,
 * and their bits and that of at with them.  Replaces what w holds.
 * ST_INVALID, ST_LIMIT: *ret_field is the one at fault, but for ST_LIMIT of the
 * whole, when each field is within its bounds and all together are not within
 * EVENT_BYTES_MAX.  ST_NOMEM.  Nothing that event_encode() writes is refused by
 * event_decode(). */
status event_encode(struct event *e, writer *w, event_field *ret_field);

/* The key of a field on the wire ("qty").  Never NULL. */
const char *event_field_key(event_field field);

/* "done", "planned", "cancelled", "moved".  event_status_of() is false for any
 * other name and writes nothing then. */
const char *event_status_name(event_status s);
bool event_status_of(struct text name, event_status *ret_status);
