/* mirror.c -- a native service that answers with the Lua values it was sent. */
#include "skein.h"

#include <stdlib.h>

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
    case SKEIN_TABLE_END:
        skein_write_end(writer);
        return;
    default:
        skein_write_nil(writer);
    }
}

static int message(skein_service *service, void *state, skein_message *message) {
    (void)state;
    skein_reader reader;
    skein_writer writer = {0};
    skein_value value;
    int result;
    skein_read_begin(&reader, message->data, message->size);
    while ((result = skein_read(&reader, &value)) > 0)
        write_value(&writer, &value);
    if (result == 0)
        return skein_reply_values(service, skein_message_request(message), &writer);
    size_t size;
    free(skein_writer_take(&writer, &size));
    return result;
}

static int start(skein_service *service, const char *args, void **ret_state) {
    (void)service;
    (void)args;
    (void)ret_state;
    return 0;
}

SKEIN_MODULE(mirror, .start = start, .message = message);
