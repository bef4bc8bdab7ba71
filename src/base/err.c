/* err.c -- names of error codes. */
#include "base/err.h"

#include <errno.h>
#include <string.h>

const char *sk_err_text(int err) {
    switch (err) {
    case 0:
        return "success";
#define SK_ERR_CASE(name, value, text)                                                             \
    case name:                                                                                     \
        return text;
        SK_ERR_TABLE(SK_ERR_CASE)
#undef SK_ERR_CASE
    default:
        break;
    }
    const char *text = err < 0 && err > -10000 ? strerrordesc_np(-err) : NULL;
    return text ? text : "unknown error";
}

int sk_err_from_errno(void) { return errno ? -errno : SK_EINVAL; }
