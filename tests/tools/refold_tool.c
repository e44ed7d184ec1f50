/* refold_tool HOME: fold the whole journal of a hub again into its ledger. */
#include <stdio.h>

#include "hub/hub.h"

enum { WAIT_MS = 10 * 1000 };

int
main(int argc, char **argv)
{
	kv_txn *txn = NULL;
	hub *h = NULL;
	status st;

	if (argc != 2)
		return 64;
	st = hub_open(argv[1], &h);
	if (st == ST_OK)
		st = kv_write(hub_store(h), WAIT_MS, &txn);
	if (st == ST_OK)
		st = hub_refold(h, txn);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	hub_close(&h);
	if (st < 0)
		fprintf(stderr, "refold_tool: %s\n", status_text(st));
	return st < 0;
}
