#include "hub/link/settings.h"

#include <string.h>

#include "common/i18n.h"
#include "common/link/socket.h"
#include "hub/link/questions.h"
#include "hub/snapshots.h"

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000, MIB = 1 << 20 };

static bool
bind_valid(const char *text)
{
	return endpoint_valid(text, strlen(text), ENDPOINT_BIND);
}

#define MS(low, high, usual) \
	.unit = "ms", .min = (low), .max = (high), .fallback = (usual), .argument = N_("N")

/* clang-format off */
const struct config_row settings_rows[SETTINGS_] = {
	[SETTING_HOME] = {
		.key = "home", .argument = N_("DIR"),
		.help = N_("home of the hub"),
		.rule = N_("a folder"),
		.fallback_text = N_("VALIJA_HUB_HOME, else /var/lib/valija-hub") },
	[SETTING_BIND] = {
		.key = "bind", .argument = N_("ENDPOINT"), .valid = bind_valid,
		.help = N_("where to listen"),
		.rule = N_("tcp://ADDRESS:PORT, as tcp://*:5555 for all addresses"),
		.fallback_text = N_("as given to init") },
	[SETTING_IDLE] = {
		.key = "idle-ms", MS(MINUTE_MS, 24 * HOUR_MS, INTAKE_IDLE_MS), .reloadable = true,
		.help = N_("silence after which a connection is forgotten") },
	[SETTING_CREDIT] = {
		.key = "credit-bytes", .unit = "bytes", .argument = N_("N"),
		.min = MIB, .max = INT64_C(16) << 30, .fallback = INTAKE_CREDIT_BYTES,
		.reloadable = true,
		.help = N_("what all devices together may have under way; each gets its share") },
	[SETTING_HANDSHAKE] = {
		.key = "handshake-ms", MS(1000, 10 * MINUTE_MS, ROUTER_HANDSHAKE_MS),
		.help = N_("time for a connection to prove its key; who then says nothing for twice "
	                   "as long is cut off") },
	[SETTING_HEARTBEAT] = {
		.key = "heartbeat-ms", MS(1000, 10 * MINUTE_MS, ROUTER_HEARTBEAT_MS),
		.help = N_("time between two signs of life on a link") },
	[SETTING_HEARTBEAT_TIMEOUT] = {
		.key = "heartbeat-timeout-ms", MS(3000, HOUR_MS, ROUTER_HEARTBEAT_TIMEOUT_MS),
		.at_least = "heartbeat-ms",
		.help = N_("silence after which a link is given up") },
	[SETTING_QUERY_BIND] = {
		.key = "query-bind", .argument = N_("ENDPOINT"), .valid = bind_valid,
		.help = N_("where readers and the office ask from other machines"),
		.rule = N_("tcp://ADDRESS:PORT, as tcp://*:5555 for all addresses"),
		.fallback_text = N_("none: only processes of the hub's machine can ask") },
	[SETTING_QUERY_MS] = {
		.key = "query-ms", MS(1000, HOUR_MS, QUESTIONS_MS), .reloadable = true,
		.help = N_("time for a question to be answered; one that takes longer is ended") },
	[SETTING_SNAPSHOTS] = {
		.key = "snapshots", .unit = "", .argument = N_("N"),
		.min = 0, .max = SNAPSHOTS_MAX, .fallback = SNAPSHOTS_KEPT, .reloadable = true,
		.help = N_("how many copies of the ledger as it was are kept in the home, for quick "
	                   "answers about the past; 0: none") },
};
/* clang-format on */

struct intake_settings
settings_of_intake(const struct config *c)
{
	return (struct intake_settings) {
		.idle_ms = config_number(c, SETTING_IDLE),
		.credit_bytes = (uint64_t) config_number(c, SETTING_CREDIT),
		.query_ms = config_number(c, SETTING_QUERY_MS),
		.snapshots = config_number(c, SETTING_SNAPSHOTS),
	};
}

struct router_timing
settings_of_router(const struct config *c)
{
	return (struct router_timing) {
		.handshake_ms = (int) config_number(c, SETTING_HANDSHAKE),
		.heartbeat_ms = (int) config_number(c, SETTING_HEARTBEAT),
		.heartbeat_timeout_ms = (int) config_number(c, SETTING_HEARTBEAT_TIMEOUT),
	};
}

void
settings_usual(struct config *c)
{
	config_usual(c, SETTING_HOME, "VALIJA_HUB_HOME", "/etc/valija/hub.conf");
}

void
settings_manual(FILE *out)
{
	struct config c;

	config_init(&c, settings_rows, SETTINGS_);
	config_manual(&c, out);
	config_done(&c);
}
