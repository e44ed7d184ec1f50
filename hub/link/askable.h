/* hub/link/askable.h - the commands that may be asked for from another machine
 *
 * Those that read and change nothing: one row each.  What they may name there is
 * restricted besides: "--confined" of common/cli.h refuses every option and
 * argument that is a file of the hub's machine.
 */
#pragma once

#include "protocol/codec.h"

/* The words are those behind "valija-hub". */
bool askable(const struct texts *words);
