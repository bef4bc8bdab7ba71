/* seri_format.h -- the head bytes of serialised values: docs/serialisation.md.
 *
 * For those that read or write the format: seri.c for Lua values, others without Lua. */
#ifndef SK_CODEC_SERI_FORMAT_H
#define SK_CODEC_SERI_FORMAT_H

#include <stdint.h>

/* The low three bits of a head byte, from 0; SHORT and LONG are strings. */
enum { TYPE_NIL, TYPE_BOOLEAN, TYPE_NUMBER, TYPE_POINTER, TYPE_SHORT, TYPE_LONG, TYPE_TABLE };

/* The cookie of a number. */
enum {
    NUMBER_ZERO = 0,
    NUMBER_U8 = 1,
    NUMBER_U16 = 2,
    NUMBER_I32 = 4,
    NUMBER_I64 = 6,
    NUMBER_DOUBLE = 8
};

/* A string's length stands in two or four bytes. */
enum { LENGTH_U16 = 2, LENGTH_U32 = 4 };

#define HEAD(type, cookie) ((uint8_t)((type) | (cookie) << 3))
#define HEAD_TYPE(head) ((head)&7)
#define HEAD_COOKIE(head) ((head) >> 3)

/* The longest head and number: 1 + 8 bytes. */
#define SCALAR_SIZE_MAX 9
#define SHORT_STRING_LEN_MAX 31
#define LONG_STRING_LEN_MAX ((size_t)INT32_MAX)
/* List length in the head byte at most; one more means that a number follows. */
#define COOKIE_ARRAY_MAX 30
#define COOKIE_ARRAY_NUMBER 31

#endif
