/* The file itself stays at the unit; its hash in the event makes it provable later
 * that it has not been changed since. */
#include "agent/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"

enum { CHUNK_BYTES = 65536 };

/* Piece by piece: a film of the event is larger than this machine's memory. */
static status
hash_to_end(int fd, struct entry_evidence *v)
{
	crypto_generichash_state state;
	uint8_t chunk[CHUNK_BYTES];

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return from_errno(errno);
		if (n == 0)
			break;
		crypto_generichash_update(&state, chunk, (size_t) n);
		v->size_bytes += (uint64_t) n;
	}
	crypto_generichash_final(&state, v->hash, HASH_BYTES);
	return ST_OK;
}

status
evidence_of_file(const char *path, struct entry_evidence *ret_evidence)
{
	const char *slash = strrchr(path, '/');
	struct entry_evidence v = { .name = slash ? slash + 1 : path };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait */
	struct stat info;
	status st;

	if (fd < 0)
		return from_errno(errno);
	if (fstat(fd, &info) != 0)
		st = from_errno(errno);
	else
		st = S_ISREG(info.st_mode) ? hash_to_end(fd, &v) : ST_INVALID;
	close(fd);
	if (st == ST_OK)
		*ret_evidence = v;
	return st;
}
