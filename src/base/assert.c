/* assert.c -- what a failed check does: say where, then abort for a core dump. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

SK_COLD _Noreturn void sk_assert_fail(const char *cond, const char *file, int line) {
    fprintf(stderr, "skein: %s:%d: assertion failed: %s\n", file, line, cond);
    abort();
}
