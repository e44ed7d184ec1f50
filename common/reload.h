/* common/reload.h - what a program that keeps running does at SIGHUP
 */
#pragma once

#include "common/config.h"

/* Read the settings again and log what came of it: each key that changed and
 * whether that holds at once, or each fault, after which all stays as it was.
 * The service manager is told that a reload began; the caller ends it with
 * daemon_notify("READY=1") when the settings are in force. */
status reload_config(struct config *c);
