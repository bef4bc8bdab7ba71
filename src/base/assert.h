/* assert.h -- checks for bugs, on in every build. Errors of the world are returned instead. */
#ifndef SK_BASE_ASSERT_H
#define SK_BASE_ASSERT_H

#include "base/defs.h"

#define sk_assert(cond) (SK_LIKELY(cond) ? (void)0 : sk_assert_fail(#cond, __FILE__, __LINE__))

/* Never returns: prints the failed condition to stderr and aborts. */
_Noreturn void sk_assert_fail(const char *cond, const char *file, int line);

#endif
