/* agent/attest.h - what a person should hear before a quarter is declared complete
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/event.h"

/* Say on standard error how many entries of the unit and quarter of close this device
 * has, and which of them speak against it.  Returns the exit status. */
int attest_announce(outbox *box, const struct event *close);
