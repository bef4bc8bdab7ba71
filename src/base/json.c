/* json.c -- JSON strings and numbers. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Length of the UTF-8 sequence at `p`, of which `size` bytes are there; 0: none begins here. No
 * overlong forms, no surrogates, nothing above U+10FFFF (Unicode, table 3-7). */
static size_t sequence_len(const uint8_t *p, size_t size) {
    uint8_t first = p[0];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len == 0 || first > 0xf4 || len > size)
        return 0;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (len > 1 && (p[1] < low || p[1] > high))
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static void append_escaped(sk_buffer *buffer, uint8_t c) {
    switch (c) {
    case '"':
        sk_buffer_append(buffer, "\\\"", 2);
        break;
    case '\\':
        sk_buffer_append(buffer, "\\\\", 2);
        break;
    case '\n':
        sk_buffer_append(buffer, "\\n", 2);
        break;
    case '\r':
        sk_buffer_append(buffer, "\\r", 2);
        break;
    case '\t':
        sk_buffer_append(buffer, "\\t", 2);
        break;
    default:
        sk_buffer_printf(buffer, "\\u%04x", c);
        break;
    }
}

void sk_json_append_string(sk_buffer *buffer, const void *text, size_t size) {
    const uint8_t *p = text;
    const uint8_t *end = size ? p + size : p;
    sk_buffer_append(buffer, "\"", 1);
    while (p < end) {
        size_t len = sequence_len(p, (size_t)(end - p));
        if (len == 0)
            sk_buffer_append(buffer, REPLACEMENT, strlen(REPLACEMENT));
        else if (len == 1 && (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f))
            append_escaped(buffer, *p);
        else
            sk_buffer_append(buffer, p, len);
        p += len ? len : 1;
    }
    sk_buffer_append(buffer, "\"", 1);
}

void sk_json_append_number(sk_buffer *buffer, double number) {
    char text[40];
    if (!isfinite(number)) {
        sk_buffer_printf(buffer, "\"%s\"", isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    sk_buffer_append(buffer, text, strlen(text));
}
