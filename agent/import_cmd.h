/* agent/import_cmd.h - valija import */
#pragma once

/* See struct cli_command in common/cli.h. */
int import_command(int argc, char **argv);
