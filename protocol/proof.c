#include "protocol/proof.h"

#include "protocol/codec.h"

struct file {
	struct bytes batch;
	struct text format;
	const uint8_t *hash;
	uint64_t seq;
};

#define AT(member) offsetof(struct file, member)

static const struct codec_field fields[] = {
	{ "batch", CODEC_BIN, AT(batch), 0, BATCH_BYTES_MAX, true },
	{ "format", CODEC_TEXT, AT(format), 0, 32, true },
	{ "hash", CODEC_FIXED, AT(hash), 0, HASH_BYTES, true },
	{ "seq", CODEC_UINT, AT(seq), 1, INT64_MAX, true },
};

/* Of another format nothing but its name may be asked for. */
static status
read_file(const void *bytes, size_t len, struct file *f)
{
	reader r = reader_of(bytes, len);
	uint64_t has;
	bool critical;

	codec_read(&r, fields, sizeof(fields) / sizeof(fields[0]), f, &has, &critical);
	if (reader_end(&r) < 0)
		return r.st;
	return text_is(f->format, "valija/evidence/1") && !critical ? ST_OK : ST_VERSION;
}

static status
find_event(const struct batch *b, struct bytes bodies, const struct file *f,
           struct proof *ret_proof)
{
	struct batch_walk walk = batch_walk(b, bodies);
	struct batch_event e;

	while (batch_next(&walk, &e)) {
		if (e.at.seq != f->seq || memcmp(e.at.hash, f->hash, HASH_BYTES) != 0)
			continue;
		*ret_proof = (struct proof) { b->feed, e.at, e.body, e.erased };
		return ST_OK;
	}
	return ST_CHAIN;
}

status
proof_read(const void *bytes, size_t len, uint8_t space[static BATCH_RAW_BYTES_MAX],
           struct proof *ret_proof)
{
	struct file f = { .seq = 0 };
	struct bytes bodies;
	struct batch b;
	status st;

	if (len > PROOF_BYTES_MAX)
		return ST_LIMIT;
	st = read_file(bytes, len, &f);
	if (st == ST_OK)
		st = batch_open(f.batch.at, f.batch.len, &b);
	if (st == ST_OK)
		st = batch_unpack(&b, space, &bodies);
	if (st == ST_OK)
		st = batch_verify(&b, bodies, NULL);
	return st == ST_OK ? find_event(&b, bodies, &f, ret_proof) : st;
}
