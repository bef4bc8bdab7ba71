/* message.c -- formatted text in memory of its own.
 *
 * The text of a message may hold what a file or a user gave, of any length; so it is never cut to
 * a fixed size. */
#include "cli/message.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdio.h>

char *sk_message_new(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    char *text = sk_message_newv(fmt, args);
    va_end(args);
    return text;
}

char *sk_message_newv(const char *fmt, va_list args) {
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    sk_assert(len >= 0);
    char *text = sk_malloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    return text;
}
