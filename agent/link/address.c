#include "agent/link/address.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/outbox.h"
#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/link/socket.h"

enum { SHOWN_BYTES = 200, HUBS_BYTES = sizeof(((struct outbox_device *) 0)->hubs) };

bool
next_part(const char **rest, struct text *ret_part)
{
	size_t len;

	if (!*rest)
		return false;
	len = strcspn(*rest, ",");
	*ret_part = (struct text) { *rest, len };
	*rest = (*rest)[len] ? *rest + len + 1 : NULL;
	return true;
}

/* The first one that is no endpoint; its address is NULL when all are. */
static struct text
first_wrong(const char *given)
{
	struct text endpoint;

	while (next_part(&given, &endpoint)) {
		if (!endpoint_valid(endpoint.at, endpoint.len, ENDPOINT_CONNECT))
			return endpoint;
	}
	return (struct text) { NULL, 0 };
}

bool
address_hubs_valid(const char *given)
{
	return strlen(given) < HUBS_BYTES && !first_wrong(given).at;
}

int
address_check_hubs(const char *given)
{
	struct text wrong = first_wrong(given);
	char shown[SHOWN_BYTES];

	if (wrong.at)
		return cli_fail(EX_USAGE,
		                _("--hub: '%s' is not an endpoint; one is written "
		                  "tcp://HOST:PORT"),
		                cli_safe(wrong.at, wrong.len, shown, sizeof(shown)));
	if (strlen(given) >= HUBS_BYTES)
		return cli_fail(EX_USAGE, _("--hub: longer than %zu bytes"),
		                (size_t) HUBS_BYTES - 1);
	return EX_OK;
}

int
address_read_key(const char *path, struct hub_key *ret_key)
{
	char shown[SHOWN_BYTES];
	uint8_t *text = NULL;
	size_t len = 0;
	status st = file_read(path, HUB_KEY_TEXT_BYTES, &text, &len);

	cli_safe(path, strlen(path), shown, sizeof(shown));
	if (st < 0 && st != ST_LIMIT)
		return cli_fail(cli_exit(st), _("%s: cannot be read: %s"), shown,
		                gettext(status_text(st)));
	if (st == ST_OK)
		st = hub_key_parse((const char *) text, len, ret_key);
	free(text);
	if (st < 0)
		return cli_fail(EX_DATAERR, _("%s: this is not a hub.pub"), shown);
	return EX_OK;
}
