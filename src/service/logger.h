/* logger.h -- the native service that writes log lines: "logger [FILE]".
 *
 * TEXT messages are lines; SYSTEM reopens the file. Without a file lines go to stdout.
 * `logformat = "json"` in the configuration makes each line a JSON object. */
#ifndef SK_SERVICE_LOGGER_H
#define SK_SERVICE_LOGGER_H

#include "actor/module.h"

extern const sk_module sk_logger_module;

#endif
