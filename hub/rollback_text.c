#include "hub/rollback_text.h"

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/bogota.h"
#include "hub/plans.h"
#include "hub/registry.h"

bool
rollback_warn(kv_txn *txn)
{
	char device[DEVICE_TEXT_BYTES], when[BOGOTA_TEXT_BYTES];
	struct plan_row in_force = { .version = 0 };
	struct rollback met;

	if (rollback_open(txn, &met) != ST_OK)
		return false;
	plans_in_force(txn, &in_force);
	device_text(met.feed, device);
	bogota_text(met.at_ms, when);
	cli_warn(
		_("this hub was put back to an older copy: on %s device %s told of registry number "
	          "%llu and plan version %llu, here they are %llu and %llu. Nobody new is admitted "
	          "until 'valija-hub confirm'"),
		when, device,
		(unsigned long long) (met.registry ? met.registry : registry_number(txn)),
		(unsigned long long) (met.plan ? met.plan : in_force.version),
		(unsigned long long) registry_number(txn), (unsigned long long) in_force.version);
	return true;
}
