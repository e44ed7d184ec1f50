/* hub/link/asker.h - one question to a hub, to its end
 */
#pragma once

#include "common/link/curve_key.h"
#include "protocol/question.h"

struct asker_input {
	const char *endpoint;        /* tcp:// or ipc:// */
	const struct curve_key *key; /* NULL: without keys */
	const uint8_t *server;       /* CURVE_BYTES; NULL likewise */
	const struct question *ask;
	const char *file; /* where what comes as STREAM_FILE goes; NULL: nowhere */
};

/* Print what comes, as it comes.  Returns the exit status of the command; why there
 * is no answer was said on standard error. */
int asker_run(const struct asker_input *in);
