#include "agent/link/settings.h"

#include <string.h>

#include "agent/link/address.h"
#include "common/i18n.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

#define MS(low, high, usual) \
	.unit = "ms", .min = (low), .max = (high), .fallback = (usual), .argument = N_("N")

/* clang-format off */
const struct config_row settings_rows[SETTINGS_] = {
	[SETTING_HOME] = {
		.key = "home", .argument = N_("DIR"),
		.help = N_("home of the device"),
		.rule = N_("a folder"),
		.fallback_text = N_("VALIJA_HOME, else /var/lib/valija") },
	[SETTING_HUB] = {
		.key = "hub", .argument = N_("ENDPOINT[,ENDPOINT]"), .reloadable = true,
		.valid = address_hubs_valid,
		.help = N_("where the hub listens; several addresses are tried in turn"),
		.rule = N_("one or more of tcp://HOST:PORT, joined by commas"),
		.fallback_text = N_("as given to init") },
	[SETTING_RETRY_MIN] = {
		.key = "retry-min-ms", MS(1, RETRY_BOUND_MS, RETRY_MIN_MS), .reloadable = true,
		.help = N_("longest wait after the first failed attempt") },
	[SETTING_RETRY_MAX] = {
		.key = "retry-max-ms", MS(1, RETRY_BOUND_MS, RETRY_MAX_MS), .reloadable = true,
		.at_least = "retry-min-ms",
		.help = N_("longest wait after many failed attempts") },
	[SETTING_CONNECT] = {
		.key = "connect-ms", MS(1000, 10 * MINUTE_MS, UPLINK_CONNECT_MS), .reloadable = true,
		.help = N_("time for one attempt, from address to proven keys") },
	[SETTING_HEARTBEAT] = {
		.key = "heartbeat-ms", MS(1000, 10 * MINUTE_MS, HEARTBEAT_MS), .reloadable = true,
		.help = N_("time between two signs of life on the link") },
	[SETTING_HEARTBEAT_TIMEOUT] = {
		.key = "heartbeat-timeout-ms", MS(3000, HOUR_MS, HEARTBEAT_TIMEOUT_MS),
		.reloadable = true, .at_least = "heartbeat-ms",
		.help = N_("silence after which the link is given up; well above what 64 KiB take on "
		           "it") },
	[SETTING_WELCOME] = {
		.key = "welcome-ms", MS(1000, 10 * MINUTE_MS, UPLINK_WELCOME_MS),
		.help = N_("time for the hub to greet back") },
	[SETTING_ANSWER] = {
		.key = "answer-ms", MS(5000, HOUR_MS, UPLINK_ANSWER_MS),
		.help = N_("time for the hub to answer something it was asked") },
	[SETTING_PING] = {
		.key = "ping-ms", MS(1000, HOUR_MS, UPLINK_PING_MS),
		.help = N_("silence after which the hub is asked whether it is there") },
	[SETTING_HELLO] = {
		.key = "hello-ms", MS(MINUTE_MS, DAY_MS, UPLINK_HELLO_MS),
		.help = N_("time after which an idle device compares its entries with the hub anew") },
	[SETTING_PRUNE] = {
		.key = "prune-days", .unit = "days", .min = 0, .max = 36500, .argument = N_("N"),
		.help = N_("give up entries that are older, once the hub and a verified backup of it "
		           "have them; they can then no longer be corrected here; 0: keep all") },
};
/* clang-format on */

struct uplink_settings
settings_of_link(const struct config *c)
{
	return (struct uplink_settings) {
		.hubs = config_text(c, SETTING_HUB),
		.backoff = {
			.min_ms = config_number(c, SETTING_RETRY_MIN),
			.max_ms = config_number(c, SETTING_RETRY_MAX),
		},
		.timing = {
			.heartbeat_ms = (int) config_number(c, SETTING_HEARTBEAT),
			.heartbeat_timeout_ms = (int) config_number(c, SETTING_HEARTBEAT_TIMEOUT),
		},
		.connect_ms = config_number(c, SETTING_CONNECT),
	};
}

struct uplink_config
settings_of_uplink(const struct config *c)
{
	return (struct uplink_config) {
		.settings = settings_of_link(c),
		.welcome_ms = config_number(c, SETTING_WELCOME),
		.answer_ms = config_number(c, SETTING_ANSWER),
		.ping_ms = config_number(c, SETTING_PING),
		.hello_ms = config_number(c, SETTING_HELLO),
		.prune_days = config_number(c, SETTING_PRUNE),
	};
}

void
settings_usual(struct config *c)
{
	config_usual(c, SETTING_HOME, "VALIJA_HOME", "/etc/valija/agent.conf");
}

void
settings_manual(FILE *out)
{
	struct config c;

	config_init(&c, settings_rows, SETTINGS_);
	config_manual(&c, out);
	config_done(&c);
}
