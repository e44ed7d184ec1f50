/* agent/link/settings.h - the settings of valija-agent: the table, and what it is for
 *
 * /etc/valija/agent.conf and the options of run, sync and probe are of this table
 * (common/config.h).
 */
#pragma once

#include "agent/link/uplink.h"
#include "common/config.h"

/* Rows of the table. */
enum setting {
	SETTING_HOME,
	SETTING_HUB,
	SETTING_RETRY_MIN,
	SETTING_RETRY_MAX,
	SETTING_CONNECT,
	SETTING_HEARTBEAT,
	SETTING_HEARTBEAT_TIMEOUT,
	SETTING_WELCOME,
	SETTING_ANSWER,
	SETTING_PING,
	SETTING_HELLO,
	SETTING_PRUNE,
	SETTINGS_
};

extern const struct config_row settings_rows[SETTINGS_];

/* What may change while the uplink runs.  Texts belong to c. */
struct uplink_settings settings_of_link(const struct config *c);

/* The whole of it; the rest (drain, tell …) is 0. */
struct uplink_config settings_of_uplink(const struct config *c);

/* After the arguments: for the home of the service, the file of the service
 * (config_usual()). */
void settings_usual(struct config *c);

/* Entries of the manual page valija-agent.conf(5). */
void settings_manual(FILE *out);
