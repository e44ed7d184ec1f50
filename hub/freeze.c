#include "hub/freeze.h"

#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/asking.h"
#include "hub/bogota.h"
#include "hub/command.h"

/* *ret_plan is NULL when there is none. */
static int
find_plan(hub *h, kv_txn *txn, const plan **ret_plan)
{
	status st = hub_plan(h, txn, ret_plan);

	if (st == ST_NOT_FOUND)
		*ret_plan = NULL;
	return st == ST_OK || st == ST_NOT_FOUND ? EX_OK : command_failed(h, st);
}

static int
still_runs(uint64_t quarter)
{
	char name[QUARTER_TEXT_BYTES], day[DATE_TEXT_BYTES];

	quarter_format(quarter, name);
	date_format(quarter_last(quarter) + 1, day);
	return cli_fail(EX_DATAERR,
	                _("the quarter %s is not over: it can be locked from %s on; --force locks "
	                  "it at once, and from then on no unit records for it without a reason"),
	                name, day);
}

int
freeze_check_lock(hub *h, kv_txn *txn, uint64_t quarter, bool force)
{
	const plan *p = NULL;
	int code = find_plan(h, txn, &p);

	if (code == EX_OK)
		code = asking_check_quarter(p, quarter);
	if (code == EX_OK && !force && quarter_last(quarter) >= bogota_date(clock_wall_ms()))
		code = still_runs(quarter);
	return code;
}

static int
check_cutoff(const plan *p, const struct cut_order *order)
{
	char day[DATE_TEXT_BYTES], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];

	date_format(order->cutoff, day);
	if (order->has_period &&
	    (order->cutoff < quarter_first(order->period) ||
	     order->cutoff > quarter_last(order->period))) {
		date_format(quarter_first(order->period), from);
		date_format(quarter_last(order->period), to);
		return cli_fail(EX_DATAERR,
		                _("the cut-off %s lies outside of the quarter, which is from %s to "
		                  "%s"),
		                day, from, to);
	}
	if (p && order->cutoff < plan_period(p).from) {
		date_format(plan_period(p).from, from);
		return cli_fail(EX_DATAERR,
		                _("the cut-off %s lies before the plan, which begins on "
		                  "%s"),
		                day, from);
	}
	return EX_OK;
}

int
freeze_check_cut(hub *h, kv_txn *txn, const struct cut_order *order)
{
	const plan *p = NULL;
	int code = find_plan(h, txn, &p);

	if (code == EX_OK && order->has_period)
		code = asking_check_quarter(p, order->period);
	return code == EX_OK ? check_cutoff(p, order) : code;
}

void
freeze_complete(struct cut_order *order, bool has_cutoff)
{
	order->now_ms = clock_wall_ms();
	if (!has_cutoff)
		order->cutoff = order->has_period ? quarter_last(order->period)
						  : bogota_date(order->now_ms);
}
