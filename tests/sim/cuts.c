/* Cuts: what a hub has is given a name, as a file of its own, and every hub that has all of
 * it later must show the very same again. */
#include <stdlib.h>
#include <string.h>

#include "hub/past.h"
#include "protocol/draft.h"
#include "tests/sim/world.h"

enum { CUTS = 4 };

static struct kept {
	uint8_t *draft;
	size_t len;
	uint64_t known; /* of the hub that made it, then */
	size_t acts;
} kept[CUTS];
static size_t kept_count;

void
cuts_forget(void)
{
	while (kept_count > 0)
		free(kept[--kept_count].draft);
}

void
cut_make(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	struct cut_order order = { .name = text_of("x"), .cutoff = 20407 };
	struct kept *k = &kept[kept_count];
	kv_txn *txn = NULL;
	bool same = false;
	writer w;

	if (kept_count == CUTS)
		return;
	writer_init(&w);
	must(kv_read(hub_store(h->hub), &txn), ST_OK);
	must(hub_cut_draft(h->hub, txn, &order, &w, &same), ST_OK);
	kv_abort(&txn);
	*k = (struct kept) { malloc(writer_bytes(&w).len), writer_bytes(&w).len, h->known,
		             h->acts };
	if (!k->draft)
		broken("no memory");
	memcpy(k->draft, writer_bytes(&w).at, k->len);
	writer_done(&w);
	trace_say("cut %zu is made at hub %zu", kept_count++, which);
}

static void
check_cut(size_t which, const struct kept *k, const struct cut_file *file)
{
	struct sim_hub *h = &world.hubs[which];
	bool all = (k->known & ~h->known) == 0;
	kv_txn *txn = NULL, *then = NULL;
	struct past_fault fault;
	struct hub *past = NULL;
	char where[40];

	snprintf(where, sizeof(where), "cut %zu at hub %zu", (size_t) (k - kept), which);
	must(kv_read(hub_store(h->hub), &txn), ST_OK);
	must(past_at_cut(h->hub, txn, file, &past, &fault), all ? ST_OK : ST_NOT_FOUND);
	kv_abort(&txn);
	if (!past)
		return;
	must(kv_read(hub_store(past), &then), ST_OK);
	model_compare(past, then, k->known, k->acts, where);
	kv_abort(&then);
	hub_close(&past);
}

void
cuts_look(size_t which)
{
	for (size_t i = 0; i < kept_count; i++) {
		struct cut_file file = { .document.name = text_of("x") };
		struct bytes bytes;
		struct event head;

		must(draft_read(kept[i].draft, kept[i].len, &head, &bytes), ST_OK);
		must(cut_read(bytes, &file.cut), ST_OK);
		check_cut(which, &kept[i], &file);
	}
}
