#include "agent/link/keys.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/link/address.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"

static int
unreadable(const char *path, status st)
{
	return cli_fail(st == ST_NOT_FOUND || st == ST_DENIED ? cli_exit(st) : EX_CONFIG,
	                _("%s: cannot be read: %s"), path, gettext(status_text(st)));
}

static int
load_feed_key(const outbox *box, uint8_t secret[static SIGN_SECRET_BYTES])
{
	char path[PATH_MAX];
	uint8_t *bytes = NULL;
	size_t len = 0;
	int code = EX_OK;
	status st = secret_path(path, sizeof(path), outbox_home(box), "feed.key");

	if (st == ST_OK)
		st = file_read(path, SIGN_SECRET_BYTES, &bytes, &len);
	if (st < 0)
		return unreadable(path, st);
	/* the public half stands behind the seed */
	if (len != SIGN_SECRET_BYTES ||
	    memcmp(bytes + SIGN_SECRET_BYTES - FEED_BYTES, outbox_device(box)->feed, FEED_BYTES) !=
	            0)
		code = cli_fail(EX_CONFIG,
		                _("%s: this is not the key of this home; put the file "
		                  "back that init made"),
		                path);
	else
		memcpy(secret, bytes, SIGN_SECRET_BYTES);
	sodium_memzero(bytes, len);
	free(bytes);
	return code;
}

static int
load_curve_key(const outbox *box, struct curve_key *key)
{
	char path[PATH_MAX];
	status st = secret_path(path, sizeof(path), outbox_home(box), "curve.key");

	if (st == ST_OK)
		st = curve_key_load(path, key);
	return st == ST_OK ? EX_OK : unreadable(path, st);
}

static int
load_hub_key(const outbox *box, struct hub_key *key)
{
	char path[PATH_MAX];
	uint8_t *text = NULL;
	size_t len = 0;
	status st = path_join(path, sizeof(path), outbox_home(box), "hub.pub");

	if (st == ST_OK)
		st = file_read(path, HUB_KEY_TEXT_BYTES, &text, &len);
	if (st == ST_OK)
		st = hub_key_parse((const char *) text, len, key);
	free(text);
	if (st < 0)
		return unreadable(path, st);
	if (memcmp(key->sign, outbox_device(box)->hub, FEED_BYTES) != 0)
		return cli_fail(
			EX_CONFIG,
			_("%s: this is not the hub that this home was made for; put the "
		          "file back as it was. With 'valija-agent sync --hub ENDPOINT --hub-key FILE' "
		          "what is recorded here goes to another hub"),
			path);
	return EX_OK;
}

int
agent_keys_load(const outbox *box, const char *hub_key, struct agent_keys *ret_keys)
{
	int code = load_feed_key(box, ret_keys->feed_secret);

	if (code == EX_OK)
		code = load_curve_key(box, &ret_keys->curve);
	if (code == EX_OK)
		code = hub_key ? address_read_key(hub_key, &ret_keys->hub)
			       : load_hub_key(box, &ret_keys->hub);
	if (code != EX_OK)
		agent_keys_wipe(ret_keys);
	return code;
}

void
agent_keys_wipe(struct agent_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}
