/* event.c -- events to messages and back. */
#include "io/event.h"

#include "base/assert.h"
#include "io/addr.h"

#include <string.h>

static void set_text(sk_io_event *event, const char *text, size_t len) {
    if (len > SK_SOCKET_TEXT_LEN_MAX)
        len = SK_SOCKET_TEXT_LEN_MAX;
    if (len)
        memcpy(event->text, text, len);
    event->text[len] = '\0';
    event->text_len = len;
}

sk_msg *sk_event_message(const sk_io_event *event) {
    sk_socket_message head;
    memset(&head, 0, sizeof head); /* the padding too: it may be logged */
    head.type = (int)event->type;
    head.id = event->id;
    head.ud = event->ud;
    head.buffer = event->block;
    size_t text_len = event->block ? 0 : event->text_len;
    sk_msg *msg = sk_msg_new(sizeof head + text_len);
    memcpy(msg->data, &head, sizeof head);
    memcpy((char *)msg->data + sizeof head, event->text, text_len);
    msg->type = SK_TYPE_SOCKET;
    return msg;
}

bool sk_event_of_message(const sk_msg *msg, sk_io_event *ret_event) {
    sk_socket_message head;
    if (msg->kind == SK_MSG_NODE || msg->type != SK_TYPE_SOCKET || msg->size < sizeof head)
        return false;
    memcpy(&head, msg->data, sizeof head);
    sk_event_init(ret_event, (sk_io_event_type)head.type, head.id, head.ud, NULL);
    ret_event->block = head.buffer;
    if (head.type == SK_IO_UDP && head.buffer && head.ud >= 0)
        ret_event->addr_size = (uint8_t)sk_addr_code_size((uint8_t)head.buffer[head.ud]);
    if (!head.buffer)
        set_text(ret_event, (const char *)msg->data + sizeof head, msg->size - sizeof head);
    return true;
}

void sk_event_init(sk_io_event *ret_event, sk_io_event_type type, int32_t id, int32_t ud,
                   const char *text) {
    ret_event->type = type;
    ret_event->id = id;
    ret_event->ud = ud;
    ret_event->has_paused = false;
    ret_event->addr_size = 0;
    ret_event->block = NULL;
    set_text(ret_event, text, text ? strlen(text) : 0);
}

void sk_notes_add(sk_notes *notes, sk_handle to, const sk_io_event *event) {
    sk_assert(notes->count < SK_NOTES_MAX);
    notes->to[notes->count] = to;
    notes->msgs[notes->count++] = sk_event_message(event);
}

int sk_notes_post(sk_notes *notes, sk_node *node, sk_worker *worker) {
    int posted = 0;
    for (int i = 0; i < notes->count; i++)
        if (sk_node_post(node, worker, notes->to[i], notes->msgs[i]) == 0)
            posted++;
    notes->count = 0;
    return posted;
}
