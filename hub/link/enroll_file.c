#include "hub/link/enroll_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"

bool
enroll_file_fits(const struct request *r, device_role role, char fault[static FILE_FAULT_BYTES])
{
	const char *wrong = NULL;

	if (role == ROLE_DEVICE && r->units.count == 0)
		wrong = _(
			"the request names no unit: it is one for --role office or --role reader");
	if (role == ROLE_READER && r->units.count > 0)
		wrong = _("the request names units: a reader reports for none");
	if (wrong)
		snprintf(fault, FILE_FAULT_BYTES, "%s", wrong);
	return !wrong;
}

int
enroll_file_read(const char *path, uint8_t **ret_bytes, struct request *ret_request,
                 char fault[static FILE_FAULT_BYTES])
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = file_read(path, REQUEST_BYTES_MAX, &bytes, &len);
	int code = EX_DATAERR;

	if (st < 0 && st != ST_LIMIT) {
		snprintf(fault, FILE_FAULT_BYTES, _("cannot be read: %s"),
		         gettext(status_text(st)));
		return cli_exit(st);
	}
	if (st == ST_OK)
		st = request_decode(bytes, len, ret_request);
	if (st == ST_OK) {
		*ret_bytes = bytes;
		return EX_OK;
	}
	if (st == ST_DENIED)
		snprintf(fault, FILE_FAULT_BYTES,
		         _("the request was changed after the device made it"));
	else if (st == ST_VERSION)
		snprintf(fault, FILE_FAULT_BYTES,
		         _("made by a newer program; install that version here"));
	else
		snprintf(fault, FILE_FAULT_BYTES, _("this is not a request of a device"));
	free(bytes);
	return code;
}
