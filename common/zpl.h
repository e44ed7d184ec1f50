/* common/zpl.h - reads the ZeroMQ Property Language (ZeroMQ RFC 4)
 *
 *     # what follows the sign is passed over
 *     hub = tcp://hub.example:5555
 *     retry                          a name alone opens a level;
 *         min = "1000"               four blanks a level, text in quotes as it is
 *
 * CZMQ reads it too, but forgets the lines, which whoever mistyped one needs.
 *
 * Pure: texts point into the bytes given, nothing is allocated.  Bytes that are
 * no UTF-8, control characters and tabs are faults, as is a file over
 * ZPL_BYTES_MAX.
 */
#pragma once

#include <stdbool.h>

#include "protocol/bytes.h"

enum { ZPL_BYTES_MAX = 64 * 1024, ZPL_DEPTH_MAX = 8 };

struct zpl {
	const char *at, *end;
	unsigned line;  /* of the last property or fault, from 1 */
	unsigned depth; /* the deepest level the next one may have */
};

struct zpl_property {
	struct text name, value; /* the value is empty where none is given */
	bool has_value;          /* there was a '=' */
	unsigned depth;          /* 0: not below another one */
	unsigned line;
};

typedef enum zpl_result { ZPL_PROPERTY, ZPL_END, ZPL_FAULT } zpl_result;

struct zpl zpl_of(const void *bytes, size_t len);

/* The next property.  ZPL_FAULT: *ret_why is a msgid, z->line says where; the
 * next call goes on behind that line. */
zpl_result zpl_next(struct zpl *z, struct zpl_property *ret_property, const char **ret_why);
