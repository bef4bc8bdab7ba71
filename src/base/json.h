/* json.h -- writing JSON: strings from any bytes, and numbers. */
#ifndef SK_BASE_JSON_H
#define SK_BASE_JSON_H

#include "base/buffer.h"

/* Any thread. Appends the bytes as a string with its quotes. What is not UTF-8 becomes U+FFFD, one
 * for each byte that begins nothing valid; control characters are escaped. */
void sk_json_append_string(sk_buffer *buffer, const void *text, size_t size);

/* Any thread. Appends a number with as many digits as it takes to read it back the same; what JSON
 * has no number for becomes a string: "inf", "-inf", "nan". */
void sk_json_append_number(sk_buffer *buffer, double number);

#endif
