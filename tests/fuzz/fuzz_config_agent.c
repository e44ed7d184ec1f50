/* The configuration file of valija-agent. */
#include "agent/link/settings.h"
#include "tests/fuzz/config_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_config_file(settings_rows, SETTINGS_, data, size);
	return 0;
}
