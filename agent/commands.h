/* agent/commands.h - the commands of valija; see struct cli_command */
#pragma once

#include "agent/import_cmd.h"

int record_command(int argc, char **argv);
int correct_command(int argc, char **argv);
int void_command(int argc, char **argv);
int list_command(int argc, char **argv);
int show_command(int argc, char **argv);
int status_command(int argc, char **argv);
