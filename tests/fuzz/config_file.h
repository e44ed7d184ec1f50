/* tests/fuzz/config_file.h - any bytes as the configuration file of a program
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/config.h"

/* Load them twice: what is taken once is taken again and changes nothing. */
void
check_config_file(const struct config_row *rows, size_t count, const uint8_t *data, size_t size);
