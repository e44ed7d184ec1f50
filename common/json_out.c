#include "common/json_out.h"

#include <stdio.h>

enum { HEX_BYTES = 64 };

static const int64_t max_tenths = INT64_C(999999999999999);

/* A double is exact for that many digits, and jansson then prints just these, with
 * ".0" where there is no fraction: so one decimal it is, and never two. */
json_t *
json_tenths(int64_t tenths)
{
	if (tenths > max_tenths || tenths < -max_tenths)
		return NULL;
	return json_real((double) tenths / 10);
}

json_t *
json_text(const char *text, size_t len)
{
	return json_stringn(text, len);
}

void
json_set_text(json_t *object, const char *key, struct text t)
{
	if (t.len > 0)
		json_object_set_new(object, key, json_text(t.at, t.len));
}

json_t *
json_hex(const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = bytes;
	char text[2 * HEX_BYTES];

	if (len > HEX_BYTES)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[byte[i] >> 4];
		text[2 * i + 1] = digits[byte[i] & 15];
	}
	return json_stringn(text, 2 * len);
}

/* Standard output is buffered, so the disk may yet refuse: cli_finish() sees
 * that. */
status
json_print(json_t *root)
{
	int rc;

	if (!root)
		return ST_NOMEM;
	rc = json_dumpf(root, stdout, JSON_INDENT(2) | JSON_TENTHS_EXACT);
	json_decref(root);
	if (rc != 0 || putchar('\n') == EOF)
		return ST_IO;
	return ST_OK;
}
