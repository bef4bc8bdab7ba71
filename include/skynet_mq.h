/* skynet_mq.h -- the record of a message, as skynet_context_push takes it. */
#ifndef SKYNET_MQ_H
#define SKYNET_MQ_H

#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* The type of the message is in the top 8 bits of sz. */
#define MESSAGE_TYPE_MASK (SIZE_MAX >> 8)
#define MESSAGE_TYPE_SHIFT ((sizeof(size_t) - 1) * 8)

struct skynet_message {
    uint32_t source;
    int session;
    void *data;
    size_t sz;
};

struct message_queue;

typedef void (*message_drop)(struct skynet_message *message, void *ud);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
