/* fuzz_values.c -- any bytes as serialised values, read without a Lua state.
 *
 * The reader must come to an end, and every string it gives must lie inside of the bytes. What is
 * read to the end is written anew and must then be read as the same number of values. */
#include "skein.h"

#include "base/assert.h"
#include "base/mem.h"

static void write_value(skein_writer *writer, const skein_value *value) {
    switch (value->kind) {
    case SKEIN_BOOLEAN:
        skein_write_boolean(writer, value->boolean);
        return;
    case SKEIN_INTEGER:
        skein_write_integer(writer, value->integer);
        return;
    case SKEIN_NUMBER:
        skein_write_number(writer, value->number);
        return;
    case SKEIN_STRING:
        skein_write_string(writer, value->string, value->size);
        return;
    case SKEIN_TABLE:
        skein_write_table(writer, value->size);
        return;
    case SKEIN_POINTER: /* there is no writer for them */
        skein_write_boolean(writer, true);
        return;
    default:
        skein_write_nil(writer);
    }
}

/* How many values there are; negative when the bytes are damaged. */
static long read_all(const uint8_t *data, size_t size, skein_writer *writer) {
    skein_reader reader;
    skein_value value;
    long count = 0;
    int result;
    skein_read_begin(&reader, data, size);
    while ((result = skein_read(&reader, &value)) > 0) {
        if (value.kind == SKEIN_STRING) {
            sk_assert((const uint8_t *)value.string >= data);
            sk_assert((const uint8_t *)value.string + value.size <= data + size);
        }
        write_value(writer, &value);
        count++;
    }
    return result < 0 ? result : count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    skein_writer first = {0}, second = {0};
    size_t ignored;
    long count = read_all(data, size, &first);
    if (count >= 0) {
        sk_assert(first.size <= size);
        sk_assert(read_all(first.data, first.size, &second) == count);
        sk_assert(second.size == first.size);
    }
    sk_free(skein_writer_take(&first, &ignored));
    sk_free(skein_writer_take(&second, &ignored));
    return 0;
}
