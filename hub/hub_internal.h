/* hub/hub_internal.h - what home.c and hub.c share */
#pragma once

#include "hub/hub.h"

struct hub {
	char *home;
	kv *store;
	uint8_t id[FEED_BYTES];

	plan *plan; /* the last one asked for; NULL: none yet */
	uint8_t plan_hash[HASH_BYTES];

	uint8_t *space; /* BATCH_RAW_BYTES_MAX, to unpack a batch */

	hub_progress *progress; /* NULL: nobody */
	void *progress_ctx;
};
