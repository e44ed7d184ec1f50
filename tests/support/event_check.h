/* tests/support/event_check.h - encoding an event that a test has made up
 *
 * A failure in here ends the running test.
 */
#pragma once

#include "protocol/event.h"

/* The bytes of an event that must be in order; in w, replacing what it holds. */
struct bytes event_encoded(struct event e, writer *w);

/* Fail unless encoding it fails with that status, for that field. */
void assert_refused(struct event e, status want, event_field field);
