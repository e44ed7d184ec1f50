/* hub/consent.h - what a person has to say yes to
 */
#pragma once

#include <stdbool.h>

/* 0 when yes is true, that is, by --yes, or when a person at the terminal answers
 * the question (translated, without a newline) with the word for yes.  Else what
 * happened is told and an exit status returned; without a terminal the option
 * --yes is asked for. */
int consent(bool yes, const char *question);
