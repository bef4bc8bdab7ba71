/* harbor.c -- global names of a node on its own, and refusals for everything further away.
 *
 * SYSTEM messages are what wants to leave the node (actor/harbor.h). To another node: there is no
 * link, so the sender gets an error. To a global name: to its handle if that is known, else it
 * waits here, in order, and the slave is asked ("Q name") for each. HARBOR "N name" from the slave,
 * in the name of a service, defines a name and sends what waits for it.
 *
 * The service drains at its death, so that what is still in its mailbox is answered. */
#include "service/harbor.h"

#include "actor/harbor.h"
#include "actor/service.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that was asked for or defined. Names with the same hash form a list. */
typedef struct global_name {
    struct global_name *next;
    char text[SK_GLOBAL_NAME_LEN_MAX + 1];
    sk_handle handle; /* none: not known yet */
    sk_msg *first;    /* carriers that wait for it, oldest first */
    sk_msg **end;
} global_name;

typedef struct {
    sk_handle slave;
    sk_map names; /* hash of the text -> first global_name */
    size_t waiting_count;
} harbor;

static void *harbor_create(void) { return sk_new(harbor); }

/* ---- names ---- */

static global_name *find(const harbor *self, const char *text) {
    for (global_name *name = sk_map_get(&self->names, sk_map_key_of(text)); name; name = name->next)
        if (strcmp(name->text, text) == 0)
            return name;
    return NULL;
}

static global_name *find_or_add(harbor *self, const char *text) {
    uint64_t hash = sk_map_key_of(text);
    global_name *name = find(self, text);
    if (name)
        return name;
    name = sk_new(global_name);
    memcpy(name->text, text, strlen(text) + 1);
    name->end = &name->first;
    name->next = sk_map_get(&self->names, hash);
    (void)sk_map_put(&self->names, hash, name); /* the one it replaces follows it */
    return name;
}

/* ---- what wants to leave ---- */

static void answer_with_error(sk_service *service, const sk_msg *carrier, sk_handle from) {
    const sk_remote_msg *remote = carrier->data;
    if (sk_harbor_owes_answer(carrier->session, remote->type))
        sk_node_post_error(sk_service_node(service), sk_service_worker(service), from,
                           carrier->source, carrier->session);
}

/* The message that the carrier holds, for the service `to`. */
static void deliver(sk_service *service, const sk_msg *carrier, sk_handle to) {
    sk_remote_msg *remote = carrier->data;
    sk_msg *msg = sk_msg_new_around((void *)(uintptr_t)remote->message, remote->size);
    remote->message = NULL;
    msg->source = carrier->source;
    msg->session = carrier->session;
    msg->type = (uint8_t)remote->type;
    if (sk_service_post(service, to, msg) < 0)
        answer_with_error(service, carrier, to);
}

static void drop(sk_service *service, const sk_msg *carrier, sk_handle to) {
    sk_remote_msg *remote = carrier->data;
    sk_node_log(sk_service_node(service), sk_service_worker(service), sk_service_handle(service),
                "Drop message to harbor %d from %x to %x (session = %d, msgsz = %d)",
                (int)(to.v >> SK_HANDLE_HARBOR_SHIFT), carrier->source.v, to.v, carrier->session,
                (int)remote->size);
    sk_free((void *)(uintptr_t)remote->message);
    remote->message = NULL;
    answer_with_error(service, carrier, to);
}

static void route(sk_service *service, const sk_msg *carrier, sk_handle to) {
    if (sk_node_is_remote(sk_service_node(service), to))
        drop(service, carrier, to);
    else
        deliver(service, carrier, to);
}

static void ask_slave(harbor *self, sk_service *service, const char *name) {
    char text[SK_GLOBAL_NAME_LEN_MAX + 3];
    int size = snprintf(text, sizeof text, "Q %s", name);
    sk_msg *msg = sk_msg_new_copy(text, (size_t)size);
    msg->type = SK_TYPE_TEXT;
    msg->source = sk_service_handle(service);
    (void)sk_service_post(service, self->slave, msg); /* without it nobody defines names */
}

/* True: the carrier stays here. */
static bool wait_for_name(harbor *self, sk_service *service, sk_msg *carrier) {
    sk_remote_msg *remote = carrier->data;
    const char *text = remote->destination.name;
    bool is_last = sk_service_is_dead(service);
    if (is_last || self->waiting_count == SK_HARBOR_WAITING_MAX) {
        sk_node_log(sk_service_node(service), sk_service_worker(service),
                    sk_service_handle(service), "Drop message to %s : %s", text,
                    is_last ? "the name was never defined" : "too many messages wait for names");
        sk_free((void *)(uintptr_t)remote->message);
        answer_with_error(service, carrier, SK_HANDLE_NONE);
        return false;
    }
    global_name *name = find_or_add(self, text);
    self->waiting_count++;
    carrier->next = NULL;
    *name->end = carrier;
    name->end = &carrier->next;
    ask_slave(self, service, text);
    return true;
}

static bool on_outgoing(harbor *self, sk_service *service, sk_msg *carrier) {
    sk_remote_msg *remote = carrier->data;
    if (carrier->size != sizeof *remote)
        return false;
    if (remote->destination.handle != 0) {
        route(service, carrier, (sk_handle){remote->destination.handle});
        return false;
    }
    const global_name *name = find(self, remote->destination.name);
    if (!name || sk_handle_is_none(name->handle))
        return wait_for_name(self, service, carrier);
    route(service, carrier, name->handle);
    return false;
}

/* ---- commands ---- */

static void define(harbor *self, sk_service *service, const char *text, sk_handle handle) {
    global_name *name = find_or_add(self, text);
    name->handle = handle;
    sk_msg *carrier = name->first;
    name->first = NULL;
    name->end = &name->first;
    while (carrier) {
        sk_msg *next = carrier->next;
        route(service, carrier, handle);
        sk_msg_free(carrier);
        self->waiting_count--;
        carrier = next;
    }
}

static void on_command(harbor *self, sk_service *service, const sk_msg *msg) {
    char text[64];
    int size = (int)(msg->size < sizeof text ? msg->size : sizeof text - 1);
    if (size > 0)
        memcpy(text, msg->data, (size_t)size);
    text[size] = '\0';
    const char *name = text + 2;
    sk_node *node = sk_service_node(service);
    if (size < 2 || text[0] != 'N' || text[1] != ' ')
        sk_node_log(node, sk_service_worker(service), sk_service_handle(service),
                    "Invalid command %s", text);
    else if (!*name || strlen(name) > SK_GLOBAL_NAME_LEN_MAX || msg->size != strlen(name) + 2 ||
             sk_handle_is_none(msg->source))
        sk_node_log(node, sk_service_worker(service), sk_service_handle(service),
                    "Invalid global name %s", name);
    else
        define(self, service, name, msg->source);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    harbor *self = user;
    switch (msg->type) {
    case SK_TYPE_SYSTEM:
        return on_outgoing(self, service, msg);
    case SK_TYPE_HARBOR:
        on_command(self, service, msg);
        return false;
    default:
        sk_node_log(sk_service_node(service), sk_service_worker(service),
                    sk_service_handle(service), "recv invalid message from %x,  type = %d",
                    msg->source.v, msg->type);
        if (msg->session != 0)
            sk_service_bounce(service, msg);
        return false;
    }
}

/* ---- life ---- */

static int harbor_init(void *instance, sk_service *service, char *args) {
    harbor *self = instance;
    int id = 0;
    unsigned slave = 0;
    if (!args || sscanf(args, "%d %u", &id, &slave) != 2 || slave == 0)
        return SK_EINVAL;
    if (id != 0) {
        sk_node_log(sk_service_node(service), sk_service_worker(service),
                    sk_service_handle(service),
                    "error: this version has no links to other harbors (harbor = %d)", id);
        return SK_EINVAL;
    }
    self->slave = (sk_handle){slave};
    sk_service_set_drain(service);
    sk_service_set_callback(service, on_message, self, false);
    sk_service_reserve(service);
    sk_node_set_harbor(sk_service_node(service), sk_service_handle(service));
    return 0;
}

static void free_waiting(global_name *name) {
    while (name->first) {
        sk_msg *carrier = name->first;
        name->first = carrier->next;
        sk_remote_msg *remote = carrier->data;
        sk_free((void *)(uintptr_t)remote->message);
        sk_msg_free(carrier);
    }
}

static void harbor_release(void *instance) {
    harbor *self = instance;
    uint32_t cursor = 0;
    uint64_t key;
    void *value;
    while (sk_map_next(&self->names, &cursor, &key, &value)) {
        for (global_name *name = value; name;) {
            global_name *next = name->next;
            free_waiting(name);
            sk_free(name);
            name = next;
        }
    }
    sk_map_done(&self->names);
    sk_free(self);
}

const sk_module sk_harbor_module = {
    .name = "harbor",
    .create = harbor_create,
    .init = harbor_init,
    .release = harbor_release,
};
