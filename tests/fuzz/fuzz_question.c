/* Whatever decodes as a frame of a question must encode again and decode the same. */
#include <stdlib.h>

#include "protocol/question.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question q, again;
	writer w;

	if (question_decode(data, size, &q) < 0)
		return 0;
	if (q.type == QUESTION_ASK && q.version != QUESTION_VERSION)
		return 0; /* nothing else of it is of use */
	writer_init(&w);
	if (question_encode(&q, &w) < 0 ||
	    question_decode(writer_bytes(&w).at, writer_bytes(&w).len, &again) < 0 ||
	    again.type != q.type || again.args.count != q.args.count)
		abort();
	writer_done(&w);
	return 0;
}
