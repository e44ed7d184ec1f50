#include "agent/csv_text.h"

#include <string.h>
#include <strings.h>

#include "protocol/bytes.h"
#include "protocol/msgid.h"
#include "protocol/reader.h"

static const struct {
	const char *name;
	csv_encoding encoding;
} names[] = {
	{ "utf-8", ENCODING_UTF_8 },           { "windows-1252", ENCODING_WINDOWS_1252 },
	{ "iso-8859-1", ENCODING_ISO_8859_1 }, { "utf8", ENCODING_UTF_8 },
	{ "cp1252", ENCODING_WINDOWS_1252 },   { "latin1", ENCODING_ISO_8859_1 },
};

status
csv_encoding_of(const char *name, csv_encoding *ret_encoding)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i].name) == 0) {
			*ret_encoding = names[i].encoding;
			return ST_OK;
		}
	}
	return ST_INVALID;
}

/* The bytes 0x80 to 0x9f of windows-1252; 0 where it has none.  All others are
 * as in ISO 8859-1, which is the beginning of Unicode.  Not by iconv: small
 * systems do not have its tables. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static uint32_t
code_point(csv_encoding encoding, uint8_t byte)
{
	if (byte < 0x80 || byte > 0x9f)
		return byte;
	return encoding == ENCODING_WINDOWS_1252 ? windows_1252[byte - 0x80] : 0;
}

/* At most CSV_TEXT_GROWTH bytes: the tables above end below U+10000. */
static size_t
put_utf8(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char) c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char) (0xc0 | c >> 6);
		out[1] = (char) (0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char) (0xe0 | c >> 12);
	out[1] = (char) (0x80 | (c >> 6 & 0x3f));
	out[2] = (char) (0x80 | (c & 0x3f));
	return 3;
}

/* A byte 0 is valid UTF-8 and still no text: utf8_valid() refuses it. */
static status
convert(csv_encoding encoding, const uint8_t *raw, size_t len, char *out, size_t *ret_len)
{
	size_t used = 0;

	if (encoding == ENCODING_UTF_8) {
		if (!utf8_valid((const char *) raw, len))
			return ST_MALFORMED;
		memcpy(out, raw, len);
		*ret_len = len;
		return ST_OK;
	}
	for (size_t i = 0; i < len; i++) {
		uint32_t c = code_point(encoding, raw[i]);

		if (c == 0)
			return ST_MALFORMED;
		used += put_utf8(c, out + used);
	}
	*ret_len = used;
	return ST_OK;
}

/* CR LF and CR become LF, in place: it only gets shorter. */
static size_t
join_line_ends(char *text, size_t len)
{
	size_t used = 0;

	if (!memchr(text, '\r', len)) /* as hardly any cell has */
		return len;
	for (size_t i = 0; i < len; i++) {
		bool cr = text[i] == '\r';

		if (cr && i + 1 < len && text[i + 1] == '\n')
			continue;
		text[used++] = text[i];
		if (cr)
			text[used - 1] = '\n';
	}
	return used;
}

/* Bytes of the blank at `at`; a no-break space, as copied from a web page, is
 * one too. */
static size_t
blank(const char *at, size_t left)
{
	if (left > 0 && (*at == ' ' || *at == '\t' || *at == '\n'))
		return 1;
	return left > 1 && memcmp(at, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

static size_t
trim(char *text, size_t len)
{
	size_t start = 0, n;

	while ((n = blank(text + start, len - start)) > 0)
		start += n;
	for (;;) {
		if (len > start && blank(text + len - 1, 1) > 0)
			len -= 1;
		else if (len > start + 1 && blank(text + len - 2, 2) == 2)
			len -= 2;
		else
			break;
	}
	if (start > 0)
		memmove(text, text + start, len - start);
	return len - start;
}

status
csv_text(csv_encoding encoding, const void *raw, size_t len, char *out, size_t *ret_len)
{
	size_t used = 0;
	status st = len > 0 ? convert(encoding, raw, len, out, &used) : ST_OK;

	if (st < 0)
		return st;
	used = trim(out, join_line_ends(out, used));
	out[used] = '\0';
	*ret_len = used;
	return ST_OK;
}

static bool
begins(const void *bytes, size_t len, const char *mark, size_t mark_len)
{
	return len >= mark_len && memcmp(bytes, mark, mark_len) == 0;
}

static bool
has_non_ascii(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 0x80)
			return true;
	}
	return false;
}

const char *
csv_file_fault(const void *bytes, size_t len, csv_encoding *encoding, size_t *ret_skip)
{
	*ret_skip = 0;
	if (begins(bytes, len, "\xef\xbb\xbf", 3)) {
		*encoding = ENCODING_UTF_8;
		*ret_skip = 3;
		return NULL;
	}
	if (begins(bytes, len, "\xff\xfe", 2) || begins(bytes, len, "\xfe\xff", 2))
		return N_("the file is UTF-16: save it again as \"CSV UTF-8\"");
	if (begins(bytes, len, "PK\3\4", 4) || begins(bytes, len, "\xd0\xcf\x11\xe0", 4))
		return N_("the file is a workbook, not a CSV file: save it as \"CSV UTF-8\"");
	/* Text of another encoding is hardly ever UTF-8 by accident, unless it is ASCII. */
	if (*encoding != ENCODING_UTF_8 && utf8_valid(bytes, len) && has_non_ascii(bytes, len))
		return N_("the file is UTF-8 already: leave out --encoding");
	return NULL;
}
