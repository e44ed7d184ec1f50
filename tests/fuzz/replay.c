/* tests/fuzz/replay.c - a fuzz target over its saved inputs
 *
 * Linked instead of libFuzzer, so that ctest runs every input that once broke
 * something, with any compiler.  Usage: fuzz_NAME FILE...  No file is a
 * failure: an empty corpus is a mistake, not a pass.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_BYTES_MAX = 2 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Of a target that has something to set up. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int
replay(const char *path, uint8_t *space)
{
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	if (!f) {
		perror(path);
		return EXIT_FAILURE;
	}
	n = fread(space, 1, INPUT_BYTES_MAX, f);
	fclose(f);
	exact = malloc(n ? n : 1); /* of the exact size: the sanitizer sees an overrun */
	if (!exact)
		return EXIT_FAILURE;
	for (size_t i = 0; i < n; i++)
		exact[i] = space[i];
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	uint8_t *space = malloc(INPUT_BYTES_MAX);
	int failed = argc < 2 || !space;

	if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv) != 0)
		failed = 1;
	for (int i = 1; i < argc && space; i++)
		failed |= replay(argv[i], space);
	free(space);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
