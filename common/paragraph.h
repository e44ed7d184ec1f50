/* common/paragraph.h - text that is broken into lines between words */
#pragma once

#include <stddef.h>

/* Terminal columns of the first len bytes of UTF-8: one each character, since nothing
 * here is written in letters that take two. */
int paragraph_columns(const char *text, size_t len);

/* Print text, and a line end, on standard output: from the column reached on, within width
 * columns, its next lines from column margin on.  Line ends of the text are kept; a word
 * longer than a line is not cut and juts out.  text was made safe by cli_safe() or the like. */
void paragraph_print(const char *text, int column, int margin, int width);
