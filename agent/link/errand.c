#include "agent/link/errand.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"

int
errand_run(outbox *box, const struct agent_keys *keys, struct uplink_config *config,
           const struct config *c, int64_t retry_max_ms,
           int (*tell)(void *ctx, const uplink *u, uplink_end end))
{
	struct backoff *backoff = &config->settings.backoff;
	status fault = ST_OK, st;
	uplink *u = NULL;
	uplink_end end;
	int code;

	if (config_source_of(c, SETTING_RETRY_MAX) == CONFIG_DEFAULT)
		backoff->max_ms = backoff->min_ms > retry_max_ms ? backoff->min_ms : retry_max_ms;
	config->drain = true;
	config->signal_fd = daemon_signals();
	if (config->signal_fd < 0)
		return cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	st = uplink_new(box, keys, config, &u);
	if (st == ST_OK) {
		end = uplink_run(u, &fault);
		code = end == UPLINK_BROKEN ? command_failed(box, fault)
					    : tell(config->ctx, u, end);
	} else {
		code = command_failed(box, st);
	}
	uplink_free(&u);
	close(config->signal_fd);
	return code;
}
