/* hub/rollback_text.h - telling people that this hub was put back
 */
#pragma once

#include "hub/hub.h"
#include "hub/rollback.h"

/* While a rollback waits to be confirmed: say so on standard error, with what was
 * met and what to do.  True when it does. */
bool rollback_warn(kv_txn *txn);
