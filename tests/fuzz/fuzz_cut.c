/* What is read as a cut or a lock must be written as it was, but for keys that are
 * not known here. */
#include <stdlib.h>

#include "protocol/cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_cut(struct bytes in, writer *w)
{
	struct cut c, again;
	struct point at;

	if (cut_read(in, &c) != ST_OK)
		return;
	for (size_t i = 0; i < leaves_count(&c.leaves); i++) {
		struct leaves of = leaves_of_feed(&c.leaves, leaves_get(&c.leaves, i, &at));

		if (leaves_count(&of) == 0 || at.seq == 0)
			abort();
	}
	if (cut_write(&c, w) != ST_OK || writer_bytes(w).len > in.len ||
	    cut_read(writer_bytes(w), &again) != ST_OK || again.cutoff != c.cutoff)
		abort();
}

static void
check_lock(struct bytes in, writer *w)
{
	struct lock l, again;

	if (lock_read(in, &l) != ST_OK)
		return;
	if (lock_write(&l, w) != ST_OK || writer_bytes(w).len > in.len ||
	    lock_read(writer_bytes(w), &again) != ST_OK || again.quarter != l.quarter)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = { data, size };
	writer w;

	writer_init(&w);
	check_cut(in, &w);
	check_lock(in, &w);
	writer_done(&w);
	return 0;
}
