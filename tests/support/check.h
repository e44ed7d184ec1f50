/* tests/support/check.h - cmocka and what all unit tests share */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "protocol/status.h"

/* It ends the test, which cmocka.h does not say; analyzers want to know. */
void _fail(const char *file, const int line) __attribute__((noreturn));

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Say the names on a failure, not two numbers. */
#define assert_status(call, want) \
	do { \
		status got_ = (call), want_ = (want); \
		if (got_ != want_) \
			fail_msg("%s: got '%s', want '%s'", #call, status_text(got_), \
			         status_text(want_)); \
	} while (0)
