#include "tests/fuzz/config_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file in memory, named by its descriptor. */
static const char *
file_of(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("config", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t) size)
		abort();
	return path;
}

static void
never(void *ctx, const struct config_row *row)
{
	(void) ctx;
	(void) row;
	abort();
}

static void
check_values(const struct config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		int64_t n = config_number(c, i);
		const char *text = config_text(c, i);

		if (c->rows[i].unit && (n < c->rows[i].min || n > c->rows[i].max))
			abort();
		if (text &&
		    (strlen(text) >= CONFIG_TEXT_BYTES_MAX ||
		     (c->rows[i].valid && !c->rows[i].valid(text))))
			abort();
	}
}

void
check_config_file(const struct config_row *rows, size_t count, const uint8_t *data, size_t size)
{
	static struct config c;
	static struct config_faults faults;
	status st;

	config_init(&c, rows, count);
	c.path = file_of(data, size);
	faults.count = 0;
	st = config_load(&c, &faults);
	if ((st == ST_OK) != (faults.count == 0))
		abort();
	check_values(&c);
	if (st == ST_OK && (config_reload(&c, &faults, never, NULL) != ST_OK || faults.count > 0))
		abort();
	config_done(&c);
}
