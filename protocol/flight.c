#include "protocol/flight.h"

enum {
	TAKES_MIN_MS = 2000, /* a batch should take that long */
	TAKES_MAX_MS = 4000,
	TAKES_MS = 3000, /* when it does not, the next is made to */
	WINDOW_MS = 8000,
	SAMPLE_MS = 200, /* a shorter time says little */
};

void
flight_init(flight *f)
{
	*f = (flight) { .batch_bytes = FLIGHT_BYTES_START };
}

/* The old link may have been a fast one: were its batches tried again and again
 * on a slow one, none would ever arrive in time. */
void
flight_start(flight *f)
{
	size_t half = f->batch_bytes < FLIGHT_BYTES_START ? f->batch_bytes / 2
							  : FLIGHT_BYTES_START / 2;
	bool lost = f->count > 0;

	flight_init(f);
	if (lost)
		f->batch_bytes = half > FLIGHT_BYTES_LEAST ? half : FLIGHT_BYTES_LEAST;
}

/* What was under way counts for nothing: whether it arrived the next WELCOME tells,
 * without saying when.  The rate stays, since the link is the same. */
void
flight_clear(flight *f)
{
	f->first = f->count = f->bytes = 0;
	f->measured = 0;
}

/* Two at least, so that the line is not idle while an answer is on its way.  The
 * credit must do for one event of any size: how large the next batch will be
 * nobody knows before it is sealed.  Not measured (rate 0) means two. */
bool
flight_room(const flight *f, uint64_t credit)
{
	size_t least = f->batch_bytes > FLIGHT_ROOM_LEAST ? f->batch_bytes : FLIGHT_ROOM_LEAST;

	if (f->count == FLIGHT_MAX || f->bytes + least > credit)
		return false;
	return f->count < 2 || f->bytes + f->batch_bytes <= f->rate * WINDOW_MS / 1000;
}

void
flight_sent(flight *f, const struct point *end, size_t bytes, int64_t now_ms)
{
	size_t at = (f->first + f->count) % FLIGHT_MAX;

	if (f->count == 0) {
		f->since_ms = now_ms;
		f->measured = 0;
	}
	f->ring[at].end = *end;
	f->ring[at].bytes = bytes;
	f->count++;
	f->bytes += bytes;
}

/* Left alone while it fits, so that it does not change with every sample. */
static void
resize(flight *f)
{
	uint64_t takes_ms = f->batch_bytes * UINT64_C(1000) / (f->rate ? f->rate : 1);
	uint64_t bytes = f->rate * TAKES_MS / 1000;

	if (takes_ms >= TAKES_MIN_MS && takes_ms <= TAKES_MAX_MS)
		return;
	if (bytes < FLIGHT_BYTES_LEAST)
		bytes = FLIGHT_BYTES_LEAST;
	if (bytes > BATCH_BYTES_MAX)
		bytes = BATCH_BYTES_MAX;
	f->batch_bytes = (size_t) bytes;
}

/* A device with little to say does not fill its link: less than half a batch
 * says only that the link is at least that fast. */
static void
measure(flight *f, int64_t now_ms)
{
	int64_t took_ms = now_ms - f->since_ms;
	uint64_t sample;

	if (took_ms < SAMPLE_MS && f->count > 0)
		return;
	sample = f->measured * 1000 / (took_ms > 0 ? (uint64_t) took_ms : 1);
	if (f->measured * 2 >= f->batch_bytes || (f->rate > 0 && sample > f->rate)) {
		f->rate = f->rate ? (f->rate + sample) / 2 : sample;
		resize(f);
	}
	f->measured = 0;
	f->since_ms = now_ms;
}

/* By number: the device has made sure that end lies on its own chain, and what is
 * under way was taken from there. */
size_t
flight_acked(flight *f, const struct point *end, int64_t now_ms)
{
	size_t count = 0;

	while (f->count > 0 && f->ring[f->first].end.seq <= end->seq) {
		f->measured += f->ring[f->first].bytes;
		f->bytes -= f->ring[f->first].bytes;
		f->first = (f->first + 1) % FLIGHT_MAX;
		f->count--;
		count++;
	}
	if (count > 0)
		measure(f, now_ms);
	return count;
}
