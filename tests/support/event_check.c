#include "tests/support/event_check.h"

#include "tests/support/check.h"

struct bytes
event_encoded(struct event e, writer *w)
{
	event_field fault = EVENT_FIELDS_;

	if (event_encode(&e, w, &fault) != ST_OK)
		fail_msg("not encoded: field '%s'", event_field_key(fault));
	return writer_bytes(w);
}

void
assert_refused(struct event e, status want, event_field field)
{
	event_field fault = EVENT_FIELDS_;
	writer w;

	writer_init(&w);
	assert_status(event_encode(&e, &w, &fault), want);
	assert_string_equal(event_field_key(fault), event_field_key(field));
	writer_done(&w);
}
