/* message.c -- allocation of messages: one block, header at the end. */
#include "actor/message.h"

#include "base/assert.h"
#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

/* Where the header of an inline message stands: behind the payload and its zero byte. */
static size_t header_offset(size_t size) {
    size_t align = _Alignof(sk_msg);
    return (size + 1 + align - 1) & ~(align - 1);
}

static void init(sk_msg *msg, void *data, size_t size, sk_msg_kind kind) {
    *msg = (sk_msg){.data = data, .size = size, .kind = (uint8_t)kind};
    memset(msg->hints, 255, sizeof msg->hints);
}

sk_msg *sk_msg_new(size_t size) {
    sk_assert(size < SK_PAYLOAD_SIZE_MAX);
    size_t offset = header_offset(size);
    char *block = sk_malloc(offset + sizeof(sk_msg));
    block[size] = '\0';
    sk_msg *msg = (sk_msg *)(void *)(block + offset);
    init(msg, block, size, SK_MSG_INLINE);
    return msg;
}

sk_msg *sk_msg_new_around(void *take_data, size_t size) {
    sk_msg *msg = sk_malloc(sizeof *msg);
    init(msg, take_data, size, SK_MSG_OUTSIDE);
    return msg;
}

sk_msg *sk_msg_new_copy(const void *data, size_t size) {
    if (!data)
        return sk_msg_new_around(NULL, 0);
    sk_msg *msg = sk_msg_new(size);
    memcpy(msg->data, data, size);
    return msg;
}

void sk_msg_free(sk_msg *take_msg) {
    if (!take_msg || take_msg->kind == SK_MSG_NODE)
        return;
    if (take_msg->kind == SK_MSG_OUTSIDE) {
        sk_free(take_msg->data);
        sk_free(take_msg);
        return;
    }
    sk_free(take_msg->data);
}

void *sk_msg_take_payload(sk_msg *take_msg) {
    void *data = take_msg->data;
    if (take_msg->kind == SK_MSG_OUTSIDE)
        sk_free(take_msg);
    return data;
}
