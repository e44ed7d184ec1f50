#include "agent/feed_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/i18n.h"
#include "protocol/document.h"

/* A device that was restored from a copy may find marks of another life. */
static bool
is_own(outbox *box, const struct point *at)
{
	uint8_t hash[HASH_BYTES];

	return outbox_hash_at(box, at->seq, hash) == ST_OK &&
		memcmp(hash, at->hash, HASH_BYTES) == 0;
}

/* The hub speaks of all lanes of the feed; entries of another life of this
 * device are not here and would be taken for others of the same number. */
static status
read_held(outbox *box, struct feed_state *s)
{
	struct standing_list list = s->standing.held;
	struct standing_held row;

	s->held = calloc(list.left + 1, sizeof(*s->held));
	if (!s->held)
		return ST_NOMEM;
	while (standing_next_held(&list, &row)) {
		if (is_own(box, &row.at))
			s->held[s->held_count++] = row;
	}
	return ST_OK;
}

static status
read_conflicts(outbox *box, struct feed_state *s)
{
	struct standing_list list = s->standing.conflicts;
	struct point at;

	s->conflicts = calloc(list.left + 1, sizeof(*s->conflicts));
	if (!s->conflicts)
		return ST_NOMEM;
	while (standing_next_point(&list, &at)) {
		if (is_own(box, &at))
			s->conflicts[s->conflict_count++] = at.seq;
	}
	return ST_OK;
}

/* A standing that this program cannot read (of a newer hub) is as good as none:
 * what is recorded and confirmed can be told all the same. */
static status
read_standing(outbox *box, struct feed_state *s)
{
	uint8_t *packed = NULL;
	size_t len = 0;
	status st = outbox_standing(box, &packed, &len);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	st = document_unpack((struct bytes) { packed, len }, STANDING_BYTES_MAX, &s->bytes, &len);
	free(packed);
	if (st == ST_OK)
		st = standing_decode(s->bytes, len, &s->standing);
	if (st < 0)
		return st == ST_NOMEM ? st : ST_OK;
	s->has_standing = true;
	st = read_held(box, s);
	if (st == ST_OK)
		st = read_conflicts(box, s);
	return st == ST_OK ? others_read(box, s->standing.others, &s->others, &s->other_count) : st;
}

/* The tip after what the hub confirmed: others record and send between the two,
 * and more must never be confirmed than there is. */
status
feed_state_read(outbox *box, struct feed_state *ret_state)
{
	struct feed_state s = { .confirmed = 0 };
	struct point floor = { 0 };
	status st = outbox_hub(box, outbox_device(box)->hub, &s.hub);

	device_text(outbox_device(box)->feed, s.device);
	if (st == ST_OK)
		st = outbox_tip(box, &s.tip);
	if (st == ST_OK)
		st = outbox_floor(box, &floor);
	s.floor = floor.seq;
	if (st == ST_OK && is_own(box, &s.hub.acked))
		s.confirmed = s.hub.acked.seq;
	if (st == ST_OK)
		st = read_standing(box, &s);
	if (st < 0) {
		feed_state_done(&s);
		return st;
	}
	*ret_state = s;
	return ST_OK;
}

void
feed_state_done(struct feed_state *s)
{
	free(s->held);
	free(s->conflicts);
	free(s->others);
	free(s->bytes);
	*s = (struct feed_state) { .held = NULL };
}

hold
feed_state_hold(const struct feed_state *s, uint64_t seq)
{
	for (size_t i = 0; i < s->held_count; i++) {
		if (s->held[i].at.seq == seq)
			return hold_of_name(s->held[i].reason);
	}
	return HOLD_NONE;
}

bool
feed_state_conflict(const struct feed_state *s, uint64_t seq)
{
	for (size_t i = 0; i < s->conflict_count; i++) {
		if (s->conflicts[i] == seq)
			return true;
	}
	return false;
}

const struct other *
feed_state_other(const struct feed_state *s, uint64_t seq)
{
	for (size_t i = 0; i < s->other_count; i++) {
		if (s->others[i].head == seq && !s->others[i].named)
			return &s->others[i];
	}
	return NULL;
}

/* "REF: remark": whether it is about that entry. */
static bool
is_about(const struct feed_state *s, const struct point *at, struct text t, struct text *ret_remark)
{
	char word[REF_TEXT_BYTES], hash8[9];
	const char *colon = memchr(t.at, ':', t.len);
	size_t len = colon ? (size_t) (colon - t.at) : 0;
	struct ref ref;

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, t.at, len);
	word[len] = '\0';
	hex_encode(at->hash, 4, hash8);
	if (ref_parse(word, &ref) < 0 || strcmp(ref.device, s->device) != 0 || ref.seq != at->seq ||
	    (*ref.hash8 && strcmp(ref.hash8, hash8) != 0))
		return false;
	len++;
	if (len < t.len && t.at[len] == ' ')
		len++;
	*ret_remark = (struct text) { t.at + len, t.len - len };
	return true;
}

status
feed_state_troubled(outbox *box, uint64_t seq, bool *ret_troubled)
{
	struct feed_state s;
	status st = feed_state_read(box, &s);

	if (st < 0)
		return st;
	*ret_troubled = feed_state_hold(&s, seq) != HOLD_NONE || feed_state_conflict(&s, seq);
	feed_state_done(&s);
	return ST_OK;
}

struct text
feed_state_remark(const struct feed_state *s, const struct point *at)
{
	struct standing_list remarks = s->standing.remarks;
	struct text t, remark = { "", 0 };

	while (standing_next_text(&remarks, &t))
		is_about(s, at, t, &remark);
	return remark;
}

/* Entering again what the hub has already would count it twice: the one thing that a restored
 * copy can do wrong, and only a person can avoid it.  Where something was recorded since, here
 * or by a clone, there is no way back. */
void
feed_state_beyond(const struct feed_state *s, char ret_text[static FEED_BEYOND_BYTES])
{
	unsigned long beyond = (unsigned long) s->hub.beyond;

	*ret_text = '\0';
	if (beyond > 0 && s->hub.onward > 0 && s->tip.seq == s->confirmed)
		snprintf(ret_text, FEED_BEYOND_BYTES,
		         ngettext("the hub holds %llu entry made after this copy; do not enter it "
		                  "again\n"
		                  "  'valija-agent adopt' fetches it; record nothing here before "
		                  "that\n",
		                  "the hub holds %llu entries made after this copy; do not enter "
		                  "them again\n"
		                  "  'valija-agent adopt' fetches them; record nothing here before "
		                  "that\n",
		                  beyond),
		         (unsigned long long) beyond);
	else if (beyond > 0)
		snprintf(ret_text, FEED_BEYOND_BYTES,
		         ngettext("the hub holds %llu entry made after this copy, or by another "
		                  "one; it counts, do not enter it again\n",
		                  "the hub holds %llu entries made after this copy, or by another "
		                  "one; they count, do not enter them again\n",
		                  beyond),
		         (unsigned long long) beyond);
}

void
feed_state_floor(const struct feed_state *s, char ret_text[static FEED_FLOOR_BYTES])
{
	*ret_text = '\0';
	if (s->floor > 0)
		snprintf(ret_text, FEED_FLOOR_BYTES,
		         _("old entries, up to number %llu, are not kept here any more, but for "
		           "those that may still be needed; the hub has them all\n"),
		         (unsigned long long) s->floor);
}

/* What the hub holds it has got, too; that it is held is what a person has to know. */
feed_place
feed_state_place(const struct feed_state *s, uint64_t seq)
{
	if (feed_state_hold(s, seq) != HOLD_NONE)
		return PLACE_HELD;
	return seq <= s->confirmed ? PLACE_CONFIRMED : PLACE_PENDING;
}

const char *
feed_place_name(feed_place place)
{
	switch (place) {
	case PLACE_PENDING: return N_("pending");
	case PLACE_CONFIRMED: return N_("confirmed");
	case PLACE_HELD: return N_("held");
	}
	return "";
}
