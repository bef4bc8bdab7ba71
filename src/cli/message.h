/* message.h -- text made for the user of the command line: errors that a function hands back.
 *
 * Functions of this layer that can fail in front of the user return a negative code and, through
 * `ret_error`, such a text: complete, without a newline at the end, freed by the caller. */
#ifndef SK_CLI_MESSAGE_H
#define SK_CLI_MESSAGE_H

#include "base/defs.h"

#include <stdarg.h>

/* Any thread. Formatted text; release with sk_free. */
char *sk_message_new(const char *fmt, ...) SK_PRINTF(1, 2);
char *sk_message_newv(const char *fmt, va_list args) SK_PRINTF(1, 0);

#endif
