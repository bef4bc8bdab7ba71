/* values.c -- skein.h's reader and writer of serialised Lua values, without a Lua state.
 *
 * The reader keeps for each open table how much of its list is left, and whether a key waits for
 * its value: so it knows which nil is the end of the table. Nothing is reserved for what a stream
 * announces. */
#include "skein.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/seri_format.h"

#include <math.h>
#include <string.h>

_Static_assert(SKEIN_DEPTH_MAX == SK_VALUE_DEPTH_MAX, "the public bound is ours");

#define WRITER_SIZE_MIN 64

/* ---- Reading ---- */

void skein_read_begin(skein_reader *ret_reader, const void *data, size_t size) {
    ret_reader->next = data;
    ret_reader->end = data ? ret_reader->next + size : NULL;
    ret_reader->depth = 0;
}

static size_t left(const skein_reader *reader) { return (size_t)(reader->end - reader->next); }

/* The next `size` bytes as a little-endian number. */
static bool read_bits(skein_reader *reader, size_t size, uint64_t *ret_bits) {
    if (left(reader) < size)
        return false;
    *ret_bits = 0;
    memcpy(ret_bits, reader->next, size); /* the wire order is the host's: see seri.c */
    reader->next += size;
    return true;
}

static void set_integer(skein_value *value, int64_t integer) {
    value->kind = SKEIN_INTEGER;
    value->integer = integer;
    value->number = (double)integer;
}

static bool read_numeric(skein_reader *reader, unsigned cookie, skein_value *value) {
    uint64_t bits = 0;
    bool is_odd = cookie != NUMBER_ZERO && cookie != NUMBER_U8 && cookie != NUMBER_U16 &&
                  cookie != NUMBER_I32 && cookie != NUMBER_I64 && cookie != NUMBER_DOUBLE;
    size_t size = cookie == NUMBER_I64 || cookie == NUMBER_DOUBLE ? 8 : cookie;
    if (is_odd || !read_bits(reader, size, &bits))
        return false;
    if (cookie == NUMBER_DOUBLE) {
        value->kind = SKEIN_NUMBER;
        memcpy(&value->number, &bits, sizeof bits);
    } else {
        set_integer(value, cookie == NUMBER_I32 ? (int32_t)bits : (int64_t)bits);
    }
    return true;
}

static bool read_text(skein_reader *reader, uint64_t size, skein_value *value) {
    if (left(reader) < size)
        return false;
    value->kind = SKEIN_STRING;
    value->string = (const char *)reader->next;
    value->size = (size_t)size;
    reader->next += size;
    return true;
}

static bool read_long_text(skein_reader *reader, unsigned cookie, skein_value *value) {
    uint64_t size;
    if (cookie != LENGTH_U16 && cookie != LENGTH_U32)
        return false;
    return read_bits(reader, cookie, &size) && size <= LONG_STRING_LEN_MAX &&
           read_text(reader, size, value);
}

static bool open_table(skein_reader *reader, unsigned cookie, skein_value *value) {
    int64_t list_len = cookie;
    if (cookie == COOKIE_ARRAY_NUMBER) {
        skein_value length = {0};
        if (left(reader) == 0 || HEAD_TYPE(*reader->next) != TYPE_NUMBER)
            return false;
        unsigned head = *reader->next++;
        if (!read_numeric(reader, HEAD_COOKIE(head), &length) || length.kind != SKEIN_INTEGER)
            return false;
        list_len = length.integer > 0 ? length.integer : 0;
    }
    if ((uint64_t)list_len > left(reader) || reader->depth == SKEIN_DEPTH_MAX)
        return false;
    value->kind = SKEIN_TABLE;
    value->size = (size_t)list_len;
    reader->list[reader->depth] = value->size;
    reader->is_value[reader->depth] = false;
    reader->depth++;
    return true;
}

/* A value inside of a table begins. True: it is the nil in the place of a key, the table's end. */
static bool step_table(skein_reader *reader, unsigned type) {
    int top = reader->depth - 1;
    if (reader->list[top]) {
        reader->list[top]--;
        return false;
    }
    if (!reader->is_value[top] && type == TYPE_NIL) {
        reader->depth--;
        return true;
    }
    reader->is_value[top] = !reader->is_value[top];
    return false;
}

static bool read_value(skein_reader *reader, unsigned head, skein_value *value) {
    unsigned cookie = HEAD_COOKIE(head);
    uint64_t bits;
    switch (HEAD_TYPE(head)) {
    case TYPE_NIL:
        return true;
    case TYPE_BOOLEAN:
        value->kind = SKEIN_BOOLEAN;
        value->boolean = cookie != 0;
        return true;
    case TYPE_NUMBER:
        return read_numeric(reader, cookie, value);
    case TYPE_POINTER:
        value->kind = SKEIN_POINTER;
        if (!read_bits(reader, 8, &bits))
            return false;
        value->pointer = (const void *)(uintptr_t)bits;
        return true;
    case TYPE_SHORT:
        return read_text(reader, cookie, value);
    case TYPE_LONG:
        return read_long_text(reader, cookie, value);
    case TYPE_TABLE:
        return open_table(reader, cookie, value);
    default:
        return false;
    }
}

int skein_read(skein_reader *reader, skein_value *ret_value) {
    if (left(reader) == 0)
        return reader->depth ? SKEIN_EFORMAT : 0;
    unsigned head = *reader->next++;
    skein_value value = {.kind = SKEIN_NIL};
    if (reader->depth && step_table(reader, HEAD_TYPE(head)))
        value.kind = SKEIN_TABLE_END;
    else if (!read_value(reader, head, &value))
        return SKEIN_EFORMAT;
    *ret_value = value;
    return 1;
}

/* The next value; SKEIN_EFORMAT at the end, too. */
static int read_some(skein_reader *reader, skein_value *ret_value) {
    return skein_read(reader, ret_value) == 1 ? 0 : SKEIN_EFORMAT;
}

int skein_read_integer(skein_reader *reader, int64_t *ret_integer) {
    skein_value value;
    if (read_some(reader, &value) < 0)
        return SKEIN_EFORMAT;
    bool is_whole = value.kind == SKEIN_NUMBER && value.number >= -0x1p63 &&
                    value.number < 0x1p63 && floor(value.number) == value.number;
    if (value.kind != SKEIN_INTEGER && !is_whole)
        return SKEIN_EFORMAT;
    *ret_integer = is_whole ? (int64_t)value.number : value.integer;
    return 0;
}

int skein_read_number(skein_reader *reader, double *ret_number) {
    skein_value value;
    if (read_some(reader, &value) < 0 ||
        (value.kind != SKEIN_NUMBER && value.kind != SKEIN_INTEGER))
        return SKEIN_EFORMAT;
    *ret_number = value.number;
    return 0;
}

int skein_read_string(skein_reader *reader, const char **ret_string, size_t *ret_size) {
    skein_value value;
    if (read_some(reader, &value) < 0 || value.kind != SKEIN_STRING)
        return SKEIN_EFORMAT;
    *ret_string = value.string;
    *ret_size = value.size;
    return 0;
}

/* ---- Writing ---- */

static uint8_t *room(skein_writer *writer, size_t size) {
    if (writer->capacity - writer->size < size) {
        size_t capacity = writer->capacity ? writer->capacity * 2 : WRITER_SIZE_MIN;
        if (capacity < writer->size + size)
            capacity = writer->size + size;
        writer->data = sk_realloc(writer->data, capacity);
        writer->capacity = capacity;
    }
    uint8_t *to = writer->data + writer->size;
    writer->size += size;
    return to;
}

/* A head and the low `size` bytes of a number behind it. */
static void write_bits(skein_writer *writer, uint8_t head, const void *bits, size_t size) {
    uint8_t *to = room(writer, 1 + size);
    to[0] = head;
    memcpy(to + 1, bits, size);
}

void skein_write_nil(skein_writer *writer) { *room(writer, 1) = HEAD(TYPE_NIL, 0); }

void skein_write_boolean(skein_writer *writer, bool boolean) {
    *room(writer, 1) = HEAD(TYPE_BOOLEAN, boolean ? 1 : 0);
}

void skein_write_integer(skein_writer *writer, int64_t integer) {
    if (integer == 0)
        *room(writer, 1) = HEAD(TYPE_NUMBER, NUMBER_ZERO);
    else if (integer == (uint8_t)integer)
        write_bits(writer, HEAD(TYPE_NUMBER, NUMBER_U8), &integer, 1);
    else if (integer == (uint16_t)integer)
        write_bits(writer, HEAD(TYPE_NUMBER, NUMBER_U16), &integer, 2);
    else if (integer == (int32_t)integer)
        write_bits(writer, HEAD(TYPE_NUMBER, NUMBER_I32), &integer, 4);
    else
        write_bits(writer, HEAD(TYPE_NUMBER, NUMBER_I64), &integer, 8);
}

void skein_write_number(skein_writer *writer, double number) {
    write_bits(writer, HEAD(TYPE_NUMBER, NUMBER_DOUBLE), &number, sizeof number);
}

void skein_write_string(skein_writer *writer, const char *string, size_t size) {
    sk_assert(size <= LONG_STRING_LEN_MAX);
    if (size <= SHORT_STRING_LEN_MAX)
        *room(writer, 1) = HEAD(TYPE_SHORT, (unsigned)size);
    else if (size <= UINT16_MAX)
        write_bits(writer, HEAD(TYPE_LONG, LENGTH_U16), &size, LENGTH_U16);
    else
        write_bits(writer, HEAD(TYPE_LONG, LENGTH_U32), &size, LENGTH_U32);
    if (size)
        memcpy(room(writer, size), string, size);
}

void skein_write_table(skein_writer *writer, size_t list_len) {
    if (list_len <= COOKIE_ARRAY_MAX) {
        *room(writer, 1) = HEAD(TYPE_TABLE, (unsigned)list_len);
        return;
    }
    *room(writer, 1) = HEAD(TYPE_TABLE, COOKIE_ARRAY_NUMBER);
    skein_write_integer(writer, (int64_t)list_len);
}

void skein_write_end(skein_writer *writer) { skein_write_nil(writer); }

void *skein_writer_take(skein_writer *writer, size_t *ret_size) {
    void *block = writer->data;
    *ret_size = writer->size;
    *writer = (skein_writer){0};
    return block;
}
