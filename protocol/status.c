#include "protocol/status.h"

#include "protocol/msgid.h"

const char *
status_text(status st)
{
	switch (st) {
	case ST_OK: return N_("ok");
	case ST_NOMEM: return N_("out of memory");
	case ST_MALFORMED: return N_("malformed data");
	case ST_LIMIT: return N_("over a limit");
	case ST_NOT_FOUND: return N_("not found");
	case ST_EXISTS: return N_("already there");
	case ST_BUSY: return N_("in use by another process");
	case ST_FULL: return N_("no space left");
	case ST_IO: return N_("input/output error");
	case ST_DENIED: return N_("permission denied");
	case ST_VERSION: return N_("written by a newer version");
	case ST_CHAIN: return N_("the hash chain is broken");
	case ST_UNKNOWN: return N_("joins the chain at an unknown point");
	case ST_TIMEOUT: return N_("timed out");
	case ST_INVALID: return N_("invalid value");
	}
	return N_("unknown status");
}
