#include "hub/packed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "common/files.h"

/* Level 1 takes half as long again and is 4 % smaller: pages of a store repeat what lies near. */
enum { LEVEL = -1, PIECE_BYTES = 1 << 18, MODE = 0600 };

struct passage {
	int from, to;
	ZSTD_CCtx *packer;
	ZSTD_DCtx *unpacker;
	crypto_generichash_state packed; /* what was read or written of the packed file */
	bool whole;                      /* unpacking ended where a frame does */
	uint8_t in[PIECE_BYTES], out[PIECE_BYTES];
};

static status
open_files(struct passage *p, const char *from, const char *to)
{
	p->from = open(from, O_RDONLY | O_CLOEXEC);
	if (p->from < 0)
		return from_errno(errno);
	p->to = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	return p->to < 0 ? from_errno(errno) : ST_OK;
}

static status
passage_new(const char *from, const char *to, struct passage **ret_passage)
{
	struct passage *p = malloc(sizeof(*p));
	status st;

	*ret_passage = p;
	if (!p)
		return ST_NOMEM;
	p->from = p->to = -1;
	p->whole = false;
	p->packer = ZSTD_createCCtx();
	p->unpacker = ZSTD_createDCtx();
	crypto_generichash_init(&p->packed, NULL, 0, HASH_BYTES);
	st = p->packer && p->unpacker ? open_files(p, from, to) : ST_NOMEM;
	if (st == ST_OK &&
	    ZSTD_isError(ZSTD_CCtx_setParameter(p->packer, ZSTD_c_compressionLevel, LEVEL)))
		st = ST_NOMEM;
	return st;
}

static void
passage_free(struct passage *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->packer);
	ZSTD_freeDCtx(p->unpacker);
	if (p->from >= 0)
		close(p->from);
	if (p->to >= 0)
		close(p->to);
	free(p);
}

/* *ret_len 0: the end. */
static status
read_piece(struct passage *p, size_t *ret_len)
{
	ssize_t n;

	do
		n = read(p->from, p->in, sizeof(p->in));
	while (n < 0 && errno == EINTR);
	*ret_len = n > 0 ? (size_t) n : 0;
	return n < 0 ? from_errno(errno) : ST_OK;
}

static status
write_piece(struct passage *p, size_t len)
{
	const uint8_t *at = p->out;

	while (len > 0) {
		ssize_t n = write(p->to, at, len);

		if (n < 0 && errno != EINTR)
			return from_errno(errno);
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t) n : 0;
	}
	return ST_OK;
}

/* With the last piece until all is out of the packer. */
static status
pack_piece(struct passage *p, size_t len)
{
	const ZSTD_EndDirective how = len > 0 ? ZSTD_e_continue : ZSTD_e_end;
	ZSTD_inBuffer in = { p->in, len, 0 };
	size_t left = 1;
	status st = ST_OK;

	while (st == ST_OK && (len > 0 ? in.pos < in.size : left > 0)) {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };

		left = ZSTD_compressStream2(p->packer, &out, &in, how);
		if (ZSTD_isError(left))
			return ST_NOMEM;
		crypto_generichash_update(&p->packed, p->out, out.pos);
		st = write_piece(p, out.pos);
	}
	return st;
}

static status
unpack_piece(struct passage *p, size_t len)
{
	ZSTD_inBuffer in = { p->in, len, 0 };
	bool more = false; /* it did not fit */
	status st = ST_OK;

	crypto_generichash_update(&p->packed, p->in, len);
	while (st == ST_OK && (in.pos < in.size || more)) {
		ZSTD_outBuffer out = { p->out, sizeof(p->out), 0 };
		size_t left = ZSTD_decompressStream(p->unpacker, &out, &in);

		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation
				? ST_NOMEM
				: ST_MALFORMED;
		p->whole = left == 0;
		more = !p->whole && out.pos == out.size;
		st = write_piece(p, out.pos);
	}
	return st;
}

static status
pass(struct passage *p, status (*piece)(struct passage *p, size_t len))
{
	size_t len = 1;
	status st = ST_OK;

	while (st == ST_OK && len > 0) {
		st = read_piece(p, &len);
		if (st == ST_OK)
			st = piece(p, len);
	}
	return st;
}

status
file_pack(const char *from, const char *to, uint8_t ret_hash[static HASH_BYTES])
{
	struct passage *p = NULL;
	status st = passage_new(from, to, &p);

	if (st == ST_OK)
		st = pass(p, pack_piece);
	if (st == ST_OK && fsync(p->to) != 0)
		st = from_errno(errno);
	if (st == ST_OK)
		crypto_generichash_final(&p->packed, ret_hash, HASH_BYTES);
	passage_free(p);
	return st;
}

status
file_unpack(const char *from, const char *to, const uint8_t hash[static HASH_BYTES])
{
	uint8_t its[HASH_BYTES];
	struct passage *p = NULL;
	status st = passage_new(from, to, &p);

	if (st == ST_OK)
		st = pass(p, unpack_piece);
	if (st == ST_OK) {
		crypto_generichash_final(&p->packed, its, HASH_BYTES);
		if (!p->whole || memcmp(its, hash, HASH_BYTES) != 0)
			st = ST_MALFORMED;
	}
	passage_free(p);
	return st;
}
