/* hub/link/answers.h - what the conversations ask of the store
 *
 * All answers of one turn come from one snapshot: answers_begin(), then
 * hub_sync_*(), then answers_end(), since no read transaction may live across a
 * wait, and none beside a write.
 */
#pragma once

#include "hub/hub.h"
#include "protocol/hub_sync.h"

typedef struct answers answers;

/* h outlives it; secret is copied. */
status answers_new(hub *h, const uint8_t secret[static SIGN_SECRET_BYTES], answers **ret_answers);
void answers_free(answers **a_p);

/* Take a snapshot, unless there is one. */
status answers_begin(answers *a);
void answers_end(answers *a);

/* For hub_common; to be asked between begin and end.  a outlives it. */
struct hub_answers answers_table(answers *a);

/* What every device is allowed to have unanswered from now on. */
void answers_set_credit(answers *a, uint64_t bytes);
