/* hub/link/settings.h - the settings of valija-hub: the table, and what it is for
 *
 * /etc/valija/hub.conf and the options of run are of this table
 * (common/config.h).
 */
#pragma once

#include "common/config.h"
#include "hub/link/intake.h"

/* Rows of the table. */
enum setting {
	SETTING_HOME,
	SETTING_BIND,
	SETTING_IDLE,
	SETTING_CREDIT,
	SETTING_HANDSHAKE,
	SETTING_HEARTBEAT,
	SETTING_HEARTBEAT_TIMEOUT,
	SETTING_QUERY_BIND,
	SETTING_QUERY_MS,
	SETTING_SNAPSHOTS,
	SETTINGS_
};

extern const struct config_row settings_rows[SETTINGS_];

struct intake_settings settings_of_intake(const struct config *c);
struct router_timing settings_of_router(const struct config *c);

/* After the arguments: for the home of the service, the file of the service
 * (config_usual()). */
void settings_usual(struct config *c);

/* Entries of the manual page valija-hub.conf(5). */
void settings_manual(FILE *out);
