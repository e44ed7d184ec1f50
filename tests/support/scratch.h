/* tests/support/scratch.h - a folder of its own for each test, and what a test
 * catches of the output
 *
 * A failure in here ends the running test.
 */
#pragma once

#include <stddef.h>

/* An empty new folder below TMPDIR, else /tmp.  The name is the caller's and
 * goes to scratch_remove(). */
char *scratch_new(void);

/* Remove the folder with all that is in it and set *dir_p to NULL.  Does
 * nothing when *dir_p is NULL. */
void scratch_remove(char **dir_p);

/* dir/name, in one of 8 buffers that are used in turn. */
const char *scratch_path(const char *dir, const char *name);

/* Between these two calls what is written to file descriptor fd (1 or 2) goes
 * to a file; the second returns it, with a 0 behind it, to be freed.  Only one
 * descriptor at a time. */
void capture_begin(int fd);
char *capture_end(void);
