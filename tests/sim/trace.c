#include "tests/sim/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct trace *trace;

void
trace_say(const char *format, ...)
{
	char *line = trace->lines[trace->said % TRACE_LINES];
	int used = snprintf(line, TRACE_LINE_BYTES, "step %ju t=%jd.%03d s  ",
	                    (uintmax_t) trace->world_steps, (intmax_t) (trace->now_ms / 1000),
	                    (int) (trace->now_ms % 1000));
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, TRACE_LINE_BYTES - (size_t) used, format, args);
	va_end(args);
	trace->said++;
}

void
broken(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(trace->why, sizeof(trace->why), format, args);
	va_end(args);
	trace->failed = true;
	_exit(1);
}
