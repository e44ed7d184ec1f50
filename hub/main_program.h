/* hub/main_program.h - valija-hub: its commands, and what --help and the manual say
 *
 * It is built twice.  Commands that ask need no ZeroMQ, and to load it, with the twenty
 * libraries that it brings, takes as long as a question does:
 *
 *   valija-hub    main_hub.c    what people and systemd start.  Commands that need a socket
 *                               or its keys it hands over to
 *   valija-hubd   main_hubd.c   all of it
 */
#pragma once

#include "common/cli.h"

extern const struct cli_program hub_program;
