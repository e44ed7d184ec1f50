#include "hub/event_row.h"

#include <stdio.h>

#include "common/i18n.h"
#include "hub/journal.h"
#include "hub/names.h"

/* Half a character would make the whole row no UTF-8, and JSON no JSON. */
void
text_append(char *out, size_t size, struct text t)
{
	size_t used = strlen(out), len = t.len;

	if (used + len >= size)
		len = size - used - 1;
	while (len < t.len && len > 0 && ((unsigned char) t.at[len] & 0xc0) == 0x80)
		len--; /* whole characters only */
	if (len > 0)
		memcpy(out + used, t.at, len);
	out[used + len] = '\0';
}

void
text_copy(char *out, size_t size, struct text t)
{
	*out = '\0';
	text_append(out, size, t);
}

/* Two are enough to know that a number names several events, so one leaf is read
 * and the rest only counted. */
status
event_ref(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
          char ret_text[static REF_TEXT_BYTES])
{
	struct point leaf;
	size_t lanes;
	status st = journal_leaves(txn, feed, &leaf, 1, &lanes);

	if (st == ST_OK)
		ref_text(feed, at, lanes > 1, ret_text);
	return st;
}

#define COPY(member, t) text_append(row->member, sizeof(row->member), (t))

/* What could not be decoded is listed too, with whatever came before the fault:
 * so each field is asked for by its bit. */
static void
fill_codes(const struct event *e, struct event_row *row)
{
	event_codes(e, row->codes, sizeof(row->codes));
	if (e->has & EVENT_BIT(EVENT_INDICATOR))
		COPY(indicator, e->indicator);
	if (!(e->has & EVENT_BIT(EVENT_INITIATIVES)))
		return;
	for (size_t i = 0; i < e->initiatives.count; i++) {
		if (i > 0)
			COPY(initiatives, text_of(" "));
		COPY(initiatives, e->initiatives.list[i]);
	}
}

static void
fill_texts(const struct event *e, struct event_row *row)
{
	COPY(kind, e->kind_name);
	if (e->has & EVENT_BIT(EVENT_UNIT))
		COPY(unit, e->unit);
	if (e->has & EVENT_BIT(EVENT_MODE))
		COPY(mode, e->mode);
	if (e->has & EVENT_BIT(EVENT_PLACE))
		COPY(place, e->place);
	if (e->has & EVENT_BIT(EVENT_COUNTRY))
		COPY(country, e->country);
	if (e->kind == KIND_ACTIVITY)
		COPY(status, text_of(event_status_name(e->status)));
}

static void
fill_numbers(const struct event *e, struct event_row *row)
{
	if (e->has & EVENT_BIT(EVENT_DATE))
		date_format((date) e->date, row->date);
	if (e->has & EVENT_BIT(EVENT_QUARTER))
		quarter_format(e->quarter, row->date);
	if (e->has & EVENT_BIT(EVENT_VALUE))
		snprintf(row->quantity, sizeof(row->quantity), "%llu",
		         (unsigned long long) e->value);
	if (e->has & EVENT_BIT(EVENT_UNTIL))
		date_format((date) e->until, row->until);
	if (e->has & EVENT_BIT(EVENT_QUANTITY))
		snprintf(row->quantity, sizeof(row->quantity), "%llu",
		         (unsigned long long) e->quantity);
}

status
event_row_fill(kv_txn *txn, const plan *p, const uint8_t feed[static FEED_BYTES],
               const struct point *at, const struct event *e, struct event_row *ret_row)
{
	*ret_row = (struct event_row) { .ref = "" };
	device_text(feed, ret_row->device);
	fill_codes(e, ret_row);
	fill_texts(e, ret_row);
	fill_numbers(e, ret_row);
	event_says(e, ret_row->says);
	ret_row->unit_name = name_of(p, NAME_UNIT, text_of(ret_row->unit));
	ret_row->mode_name = name_of(p, NAME_MODE, text_of(ret_row->mode));
	return event_ref(txn, feed, at, ret_row->ref);
}

const char *
activity_status_text(event_status s)
{
	switch (s) {
	case STATUS_DONE: return _("done");
	case STATUS_PLANNED: return _("planned");
	case STATUS_CANCELLED: return _("cancelled");
	case STATUS_MOVED: return _("moved to another date");
	case EVENT_STATUSES_: break;
	}
	return "";
}
