#include "common/paragraph.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int
paragraph_columns(const char *text, size_t len)
{
	int columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += ((unsigned char) text[i] & 0xc0) != 0x80;
	return columns;
}

static void
next_line(int margin)
{
	printf("\n%*s", margin, "");
}

void
paragraph_print(const char *text, int column, int margin, int width)
{
	bool first = true;

	while (*text != '\0') {
		size_t word = strcspn(text, " \n");
		int columns = paragraph_columns(text, word);

		if (!first && column + 1 + columns > width) {
			next_line(margin);
			column = margin;
		} else if (!first) {
			putchar(' ');
			column++;
		}
		first = false;
		fwrite(text, 1, word, stdout);
		column += columns;
		text += word;
		if (*text == '\n') {
			next_line(margin);
			column = margin;
			first = true;
		}
		text += *text != '\0';
	}
	putchar('\n');
}
