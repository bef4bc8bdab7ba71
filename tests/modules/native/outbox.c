/* outbox.c -- a harbor service of its own kind: what leaves the node comes back as a text.
 *
 * As the bootstrap service of a node with harbor 1 it sends to another node, by handle and by name,
 * logs what it gets as the harbor, and ends the node. */
#include "skynet.h"
#include "skynet_harbor.h"
#include "skynet_server.h"

#include <string.h>

#define SELF 0x01000002

static int arrived;

static void take_letter(struct skynet_context *context, struct remote_message *letter,
                        uint32_t source, int session) {
    skynet_error(context, "letter %x %.16s type %d size %d text %s from %x session %d",
                 letter->destination.handle, letter->destination.name, letter->type,
                 (int)letter->sz, letter->message ? (const char *)letter->message : "(null)",
                 source, session);
    skynet_free((void *)letter->message);
    if (++arrived == 4)
        skynet_command(context, "ABORT", NULL);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    (void)ud;
    if (type == PTYPE_SYSTEM && sz == sizeof(struct remote_message))
        take_letter(context, (struct remote_message *)msg, source, session);
    return 0;
}

int outbox_init(void *instance, struct skynet_context *context, const char *parm) {
    struct remote_message *own;
    int refused, sessions[4];
    (void)parm;
    skynet_callback(context, instance, on_message);
    skynet_harbor_start(context);
    if (skynet_context_total() != 1) /* the logger: a harbor service does not count */
        skynet_error(context, "outbox: %d services", skynet_context_total());
    refused = skynet_send(context, 0, 0x05000001, PTYPE_SYSTEM, 0, "x", 1) == -1 &&
              skynet_sendname(context, 0, "GLOBAL", PTYPE_HARBOR, 0, "x", 1) == -1 &&
              skynet_sendname(context, 0, "sixteen bytes ok", PTYPE_TEXT, 0, "x", 1) == -1;
    sessions[0] = skynet_send(context, 0, 0x05000001, PTYPE_TEXT, 7, "copied", 6);
    sessions[1] = skynet_sendname(context, 0x01000abc, "GLOBAL", 10 | PTYPE_TAG_ALLOCSESSION, 0,
                                  "by name", 7);
    sessions[2] = skynet_sendname(context, 0, ":6000001", PTYPE_TEXT | PTYPE_TAG_DONTCOPY, 3,
                                  skynet_strdup("given"), 5);
    own = skynet_calloc(1, sizeof *own);
    memcpy(own->destination.name, "fifteen_bytes_k", 15);
    own->type = PTYPE_CLIENT;
    skynet_harbor_send(own, SELF, 11);
    skynet_error(context, "outbox refused %d sessions %d %d %d remote %d %d", refused, sessions[0],
                 sessions[1], sessions[2], skynet_harbor_message_isremote(0x05000001) != 0,
                 skynet_harbor_message_isremote(SELF) != 0);
    return 0;
}

void outbox_release(void *instance) {
    (void)instance;
    skynet_error(NULL, "outbox released");
}
