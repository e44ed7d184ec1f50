#include "common/reload.h"

#include "common/daemon.h"
#include "common/i18n.h"
#include "common/log.h"

static void
fault(const char *line)
{
	log_line(LEVEL_ERROR, "CONFIG-FAULT", "%s", line);
}

static void
changed(void *ctx, const struct config_row *row)
{
	(void) ctx;
	if (row->reloadable)
		log_line(LEVEL_NOTICE, "CONFIG-CHANGED", _("%s has another value now"), row->key);
	else
		log_line(LEVEL_WARNING, "CONFIG-RESTART",
		         _("%s has changed; that holds with the next start only"), row->key);
}

status
reload_config(struct config *c)
{
	struct config_faults faults;
	status st;

	daemon_notify("RELOADING=1");
	st = config_reload(c, &faults, changed, NULL);
	if (st == ST_OK) {
		log_line(LEVEL_NOTICE, "CONFIG-LOADED", _("the settings were read again"));
		return ST_OK;
	}
	config_tell(&faults, fault);
	return log_fail(st, "CONFIG-KEPT", _("the settings stay as they were"));
}
