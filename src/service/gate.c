/* gate.c -- connections in, packets out to broker, agent or watchdog, and back.
 *
 * All of it runs in the gate's own dispatches. A connection is in the table from its acceptance to
 * its end, which is told to the watchdog once. It is read only after `start`. The packets of a turn
 * are passed on at once; when their receiver then has too many messages waiting, reading stops
 * until it has caught up, and TCP makes the peer wait. Sessions of what is passed on carry the
 * connection's id: they are no requests. */
#include "service/gate.h"

#include "actor/registry.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "codec/netpack.h"
#include "io/socket.h"
#include "io/turn.h"
#include "service/gate_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes behind the data of a message that is to be sent: the connection's id, little-endian. */
#define ID_SIZE 4
/* An address in the report of a new connection is cut to this. */
#define REPORTED_ADDR_LEN 31

typedef struct {
    int32_t id;
    bool is_loss_told;   /* the log knows that its packets are lost */
    sk_handle agent;     /* none: packets go to the watchdog */
    sk_handle client;    /* source of packets for the agent; none: the gate */
    sk_link behind;      /* gate.behind, while reading has stopped */
    uint64_t resume_len; /* ... until so few messages wait for the receiver */
    sk_netpack packets;
} connection;

typedef struct {
    sk_service *service;
    sk_io *io;
    sk_handle watchdog; /* none: nobody is told */
    sk_handle broker;
    int32_t listener; /* 0: closed */
    int header_size;
    uint8_t client_type;
    uint32_t connection_max;
    sk_map connections;     /* id -> connection */
    sk_link behind;         /* connections whose receiver has to catch up */
    int32_t behind_session; /* of the timer that looks at them; 0: not armed */
} gate;

#define LOG(self, ...)                                                                             \
    sk_node_log(sk_service_node((self)->service), sk_service_worker((self)->service),              \
                sk_service_handle((self)->service), __VA_ARGS__)

/* ---- Messages ---- */

static int post(gate *self, sk_handle to, uint8_t type, int32_t session, sk_msg *take_msg) {
    take_msg->type = type;
    take_msg->session = session;
    if (sk_handle_is_none(take_msg->source))
        take_msg->source = sk_service_handle(self->service);
    return sk_service_post(self->service, to, take_msg);
}

SK_PRINTF(2, 3) static void report(gate *self, const char *fmt, ...) {
    if (sk_handle_is_none(self->watchdog))
        return;
    char text[64 + REPORTED_ADDR_LEN];
    va_list args;
    va_start(args, fmt);
    int size = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* A watchdog that is gone is told nothing. */
    (void)post(self, self->watchdog, SK_TYPE_TEXT, 0, sk_msg_new_copy(text, (size_t)size));
}

/* ---- A receiver that is behind ---- */

/* Who gets the packets of the connection. */
static sk_handle receiver_of(const gate *self, const connection *conn) {
    if (!sk_handle_is_none(self->broker))
        return self->broker;
    return sk_handle_is_none(conn->agent) ? self->watchdog : conn->agent;
}

static bool is_behind(const gate *self, sk_handle receiver, uint64_t limit) {
    sk_registry *registry = sk_node_registry(sk_service_node(self->service));
    const sk_service *service = sk_registry_find(registry, receiver);
    if (!service)
        return false;
    sk_service_stat stat;
    sk_service_get_stat(service, &stat);
    return stat.mailbox_len > limit;
}

static void arm_look(gate *self) {
    self->behind_session = sk_service_new_session(self->service);
    sk_service_start_timer(self->service, self->behind_session, SK_GATE_BEHIND_MS, 0);
}

/* How many messages may wait, if all are of this size. */
static uint64_t behind_limit(size_t size) {
    uint64_t limit = size ? SK_GATE_BEHIND_SIZE / size : SK_GATE_BEHIND_LEN;
    if (limit > SK_GATE_BEHIND_LEN)
        return SK_GATE_BEHIND_LEN;
    return limit > SK_GATE_BEHIND_LEN_MIN ? limit : SK_GATE_BEHIND_LEN_MIN;
}

static void stop_reading(gate *self, connection *conn, uint64_t limit) {
    sk_socket_pause(self->io, self->service, conn->id);
    conn->resume_len = limit / 2;
    if (sk_list_is_linked(&conn->behind))
        return;
    sk_list_push(&self->behind, &conn->behind);
    if (!self->behind_session)
        arm_look(self);
}

/* The timer: lets those read whose receiver has caught up. */
static void look_at_behind(gate *self) {
    self->behind_session = 0;
    sk_link *next;
    for (sk_link *link = self->behind.next; link != &self->behind; link = next) {
        next = link->next;
        connection *conn = SK_CONTAINER(link, connection, behind);
        if (is_behind(self, receiver_of(self, conn), conn->resume_len))
            continue;
        sk_list_remove(link);
        sk_socket_resume(self->io, self->service, conn->id);
    }
    if (!sk_list_is_empty(&self->behind))
        arm_look(self);
}

/* ---- Packets to services ---- */

/* The payload as a message; what the parser had to gather is not copied once more. */
static sk_msg *packet_message(connection *conn, const sk_netpack_packet *packet) {
    if (packet->data == conn->packets.given)
        return sk_msg_new_around(sk_netpack_take(&conn->packets, packet), packet->size);
    return sk_msg_new_copy(packet->data, packet->size);
}

/* The same, with "ID data " in front. */
static sk_msg *packet_text(const connection *conn, const sk_netpack_packet *packet) {
    char head[32];
    size_t head_size = (size_t)snprintf(head, sizeof head, "%d data ", (int)conn->id);
    sk_msg *msg = sk_msg_new(head_size + packet->size);
    memcpy(msg->data, head, head_size);
    memcpy((uint8_t *)msg->data + head_size, packet->data, packet->size);
    return msg;
}

static void pass_on(gate *self, connection *conn, const sk_netpack_packet *packet) {
    sk_handle to = receiver_of(self, conn);
    if (sk_handle_is_none(to))
        return;
    sk_msg *msg;
    uint8_t type = self->client_type;
    if (sk_handle_is_none(self->broker) && sk_handle_is_none(conn->agent)) {
        msg = packet_text(conn, packet);
        type = SK_TYPE_TEXT;
    } else {
        msg = packet_message(conn, packet);
        if (sk_handle_is_none(self->broker))
            msg->source = conn->client;
    }
    if (post(self, to, type, conn->id, msg) < 0 && !conn->is_loss_told) {
        conn->is_loss_told = true;
        LOG(self, "[gate] no service :%08x: what connection %d sends is lost", to.v, (int)conn->id);
    }
}

static void pass_all(gate *self, connection *conn, const void *data, size_t size) {
    sk_netpack_input input = {data, size};
    sk_netpack_packet packet;
    size_t size_max = 0;
    int result;
    while ((result = sk_netpack_next(&conn->packets, &input, &packet)) > 0) {
        size_max = packet.size > size_max ? packet.size : size_max;
        pass_on(self, conn, &packet);
    }
    if (result < 0) {
        LOG(self, "Recv socket message > 16M");
        sk_socket_close(self->io, self->service, conn->id);
    } else if (is_behind(self, receiver_of(self, conn), behind_limit(size_max))) {
        stop_reading(self, conn, behind_limit(size_max));
    }
}

/* ---- Connections ---- */

static connection *find(const gate *self, int32_t id) {
    return id > 0 ? sk_map_get(&self->connections, (uint64_t)id) : NULL;
}

static void free_connection(connection *conn) {
    sk_list_remove(&conn->behind);
    sk_netpack_done(&conn->packets);
    sk_free(conn);
}

static void accept_connection(gate *self, int32_t id, const char *addr) {
    if (self->connections.count >= self->connection_max) {
        sk_socket_close(self->io, self->service, id);
        return;
    }
    connection *conn = sk_new(connection);
    conn->id = id;
    sk_list_init(&conn->behind);
    sk_netpack_init(&conn->packets, self->header_size);
    (void)sk_map_put(&self->connections, (uint64_t)id, conn); /* ids are new */
    LOG(self, "socket open: %x", (unsigned)id);
    report(self, "%d open %d %.*s:0", (int)id, (int)id, REPORTED_ADDR_LEN, addr);
}

/* Closed by either side, or broken. */
static void end_connection(gate *self, connection *conn) {
    int32_t id = conn->id;
    (void)sk_map_take(&self->connections, (uint64_t)id); /* it was there */
    free_connection(conn);
    report(self, "%d close", (int)id);
    sk_socket_close(self->io, self->service, id); /* our half, if the peer was first */
}

/* ---- Events of sockets ---- */

static void on_connection_event(gate *self, const sk_io_event *event) {
    connection *conn = find(self, event->id);
    switch (event->type) {
    case SK_IO_CONNECT:
        if (conn)
            return;
        LOG(self, "Close unknown connection %d", (int)event->id);
        sk_socket_close(self->io, self->service, event->id);
        return;
    case SK_IO_DATA:
        if (conn && event->block)
            pass_all(self, conn, event->block, (size_t)event->ud);
        else
            LOG(self, "Drop unknown connection %d message", (int)event->id);
        return;
    case SK_IO_CLOSE:
    case SK_IO_ERROR:
        if (conn) /* else it was refused, or its end was told before */
            end_connection(self, conn);
        return;
    case SK_IO_WARNING:
        LOG(self, "fd (%d) send buffer (%d)K", (int)event->id, (int)event->ud);
        return;
    default:
        return;
    }
}

static void on_event(gate *self, sk_io_event *event) {
    if (event->type == SK_IO_ACCEPT)
        accept_connection(self, event->ud, event->text);
    else if (event->id != self->listener)
        on_connection_event(self, event);
    else if (event->type == SK_IO_ERROR)
        LOG(self, "error: gate cannot accept: %s", event->text);
    sk_free(event->block);
    event->block = NULL;
}

static void on_node(gate *self, sk_msg *node) {
    sk_io_turn turn;
    sk_io_event event;
    sk_io_turn_begin(&turn, self->service, node, true);
    while (!sk_service_is_dead(self->service) && sk_io_turn_next(&turn, &event))
        on_event(self, &event);
    sk_io_turn_end(&turn);
}

/* ---- Messages of services ---- */

static sk_handle resolve(gate *self, const char *name) {
    return sk_node_find_address(sk_service_node(self->service), sk_service_worker(self->service),
                                name);
}

static void forward(gate *self, const sk_gate_command *command) {
    connection *conn = find(self, command->id);
    if (!conn)
        return;
    conn->agent = command->agent;
    conn->client = command->client;
    conn->is_loss_told = false;
}

static void on_text(gate *self, const sk_msg *msg) {
    char *text = sk_memdup_text(msg->size ? msg->data : "", msg->size);
    sk_gate_command command;
    sk_gate_parse_command(text, &command);
    switch (command.verb) {
    case SK_GATE_START:
        if (find(self, command.id))
            sk_socket_start(self->io, self->service, command.id);
        break;
    case SK_GATE_KICK:
        if (find(self, command.id))
            sk_socket_close(self->io, self->service, command.id);
        break;
    case SK_GATE_FORWARD:
        forward(self, &command);
        break;
    case SK_GATE_BROKER:
        self->broker = resolve(self, command.name);
        break;
    case SK_GATE_CLOSE:
        sk_socket_close(self->io, self->service, self->listener);
        self->listener = 0;
        break;
    case SK_GATE_UNKNOWN:
        LOG(self, "[gate] Unknown command : %.*s", (int)msg->size,
            msg->size ? (const char *)msg->data : "");
        break;
    }
    sk_free(text);
}

/* Data and a connection's id: the data goes out. True: the message was taken. */
static bool on_output(gate *self, sk_msg *msg) {
    if (msg->size <= ID_SIZE) {
        LOG(self, "Invalid client message from %x", msg->source.v);
        return false;
    }
    size_t size = msg->size - ID_SIZE;
    const uint8_t *tail = (const uint8_t *)msg->data + size;
    uint32_t id = (uint32_t)tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 |
                  (uint32_t)tail[3] << 24;
    if (!find(self, (int32_t)id)) {
        LOG(self, "Invalid client id %d from %x", (int)id, msg->source.v);
        return false;
    }
    sk_send_data data = {.data = sk_msg_take_payload(msg), .size = size, .take = true};
    /* What is sent to a connection that has just ended is lost, as on its way. */
    (void)sk_socket_send(self->io, self->service, (int32_t)id, &data);
    return true;
}

static void on_other(gate *self, const sk_msg *msg) {
    sk_io_event event;
    if (sk_event_of_message(msg, &event))
        on_event(self, &event);
    else if (msg->session > 0) /* a request that nobody would answer */
        sk_service_bounce(self->service, msg);
}

static bool on_message(sk_service *service, void *user, sk_msg *msg) {
    (void)service;
    gate *self = user;
    if (msg->kind == SK_MSG_NODE) {
        on_node(self, msg);
        return true;
    }
    switch (msg->type) {
    case SK_TYPE_TEXT:
        on_text(self, msg);
        return false;
    case SK_TYPE_CLIENT:
        return on_output(self, msg);
    case SK_TYPE_RESPONSE:
        if (sk_handle_is_none(msg->source) && msg->session == self->behind_session)
            look_at_behind(self);
        return false;
    default:
        on_other(self, msg);
        return false;
    }
}

/* ---- Life ---- */

static void *gate_create(void) {
    gate *self = sk_new(gate);
    sk_list_init(&self->behind);
    return self;
}

static int listen_on(gate *self, const char *host, int port) {
    sk_listen_options options = {.host = host, .port = port, .backlog = SK_GATE_BACKLOG};
    sk_listen_result result;
    int err = sk_socket_listen(self->io, self->service, &options, &result);
    if (err < 0) {
        LOG(self, "error: gate cannot listen on %s:%d: %s", host, port, sk_err_text(err));
        return err;
    }
    self->listener = result.id;
    sk_socket_start(self->io, self->service, result.id);
    return 0;
}

static bool set_watchdog(gate *self, const char *name) {
    if (strcmp(name, "!") == 0)
        return true;
    self->watchdog = resolve(self, name);
    if (!sk_handle_is_none(self->watchdog))
        return true;
    LOG(self, "Invalid watchdog %s", name);
    return false;
}

static bool open_binding(gate *self, char *binding) {
    char *whole = sk_strdup(binding);
    const char *host;
    int port;
    bool ok = sk_gate_parse_binding(binding, &host, &port) == 0;
    if (!ok)
        LOG(self, "Invalid gate address %s", whole);
    sk_free(whole);
    return ok && listen_on(self, host, port) == 0;
}

static int gate_init(void *instance, sk_service *service, char *args) {
    gate *self = instance;
    if (!args)
        return 1;
    self->service = service;
    self->io = sk_node_io(sk_service_node(service));
    sk_gate_args parsed;
    sk_buffer error = {0};
    int err = sk_gate_parse_args(args, &parsed, &error);
    if (err < 0)
        LOG(self, "%.*s", (int)error.len, (const char *)error.data);
    sk_buffer_done(&error);
    if (err < 0 || !set_watchdog(self, parsed.watchdog) || !open_binding(self, parsed.binding))
        return 1;
    self->header_size = parsed.header_size;
    self->client_type = parsed.client_type;
    self->connection_max = parsed.connection_max;
    sk_service_set_callback(service, on_message, self, true);
    return 0;
}

static void gate_release(void *instance) {
    gate *self = instance;
    uint32_t cursor = 0;
    uint64_t id;
    void *conn;
    if (self->listener)
        sk_socket_close(self->io, self->service, self->listener);
    while (sk_map_next(&self->connections, &cursor, &id, &conn)) {
        sk_socket_close(self->io, self->service, (int32_t)id);
        free_connection(conn);
    }
    sk_map_done(&self->connections);
    sk_free(self);
}

const sk_module sk_gate_module = {
    .name = "gate",
    .create = gate_create,
    .init = gate_init,
    .release = gate_release,
};
