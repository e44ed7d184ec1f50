#include "hub/main_program.h"

int
main(int argc, char **argv)
{
	return cli_main(&hub_program, argc, argv);
}
