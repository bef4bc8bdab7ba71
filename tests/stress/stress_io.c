/* stress_io.c -- sockets under load on a real node, with all their owners changing.
 *
 * Clients (services) connect to a gate, send a random stream each and check that exactly this
 * stream comes back. The gate gives each connection to an agent; agents echo, and hand the
 * connection on to each other all the time, some with bytes unread; some agents (mayflies) live for
 * one connection and exit with it. Clients and agents cut connections at random; a meddler pauses,
 * resumes, and takes snapshots. At the end every connection had one CLOSE, every byte was right,
 * nothing is left open. A second round has thieves: the meddler makes agents start connections
 * that others are busy with; the order of the echo is then open, but no byte is lost or doubled.
 *
 *   stress_io [connections] [workers]      environment: SEED */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/socket.h"
#include "io/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_COUNT 4
#define AGENT_COUNT 4
#define CONNECTIONS_PER_CLIENT 8 /* at a time */
#define STREAM_SIZE_MAX 200000
#define WINDOW_SIZE 30000
#define CHUNK_SIZE_MAX 4000
#define CUT_PERMILLE 3
#define RECENT_COUNT 16
#define THEFTS_MAX 64 /* ordered and not yet done, so that agents are not buried */

typedef struct {
    uint64_t seed;
    uint32_t connection_count; /* in all */
    bool has_thieves;
    sk_node *node;
    sk_io *io;
    uint16_t port;
    _Atomic uint32_t agents[AGENT_COUNT]; /* handles */
    _Atomic int32_t recent[RECENT_COUNT]; /* ids that the gate accepted */
    _Atomic uint32_t thefts;
    _Atomic uint32_t started, finished, cut, transfers, bytes_kib;
} scene;

/* What services tell each other (type TEXT). */
typedef enum { ORDER_GO, ORDER_TAKE, ORDER_STEAL } order_type;
typedef struct {
    order_type type;
    int32_t id;
} order;

static scene *scene_of(sk_service *service) {
    return sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
}

static void give_order(sk_service *service, sk_handle to, order_type type, int32_t id) {
    order text = {.type = type, .id = id};
    sk_msg *msg = sk_msg_new_copy(&text, sizeof text);
    msg->type = SK_TYPE_TEXT;
    msg->source = sk_service_handle(service);
    if (sk_service_post(service, to, msg) < 0 && type == ORDER_TAKE)
        sk_socket_close(scene_of(service)->io, service, id); /* whom it was meant for is gone */
}

static void send_copy(sk_service *service, int32_t id, const void *bytes, size_t size) {
    sk_send_data data = {.data = bytes, .size = size};
    (void)sk_socket_send(scene_of(service)->io, service, id, &data); /* it may be cut by now */
}

/* Takes all unread bytes; NULL when there are none or they are somebody else's. */
static void *take_input(sk_service *service, int32_t id, size_t *ret_size) {
    void *bytes = NULL;
    sk_socket *socket = sk_socket_get(scene_of(service)->io, id);
    sk_inbuf *input = socket ? sk_socket_lock_input(socket, service) : NULL;
    if (input) {
        bytes = sk_inbuf_take_all(input, ret_size);
        sk_socket_unlock_input(socket);
    }
    sk_socket_unref(socket);
    return bytes;
}

/* Events of both forms go to the same function. */
typedef void (*event_fn)(sk_service *service, const sk_io_event *event);

static void each_event(sk_service *service, sk_msg *msg, event_fn fn) {
    sk_io_turn turn;
    sk_io_event event;
    if (msg->kind != SK_MSG_NODE) {
        bool is_event = sk_event_of_message(msg, &event);
        sk_assert(is_event);
        fn(service, &event);
        sk_msg_free(msg);
        return;
    }
    sk_io_turn_begin(&turn, service, msg, false);
    while (sk_io_turn_next(&turn, &event))
        fn(service, &event);
}

/* ---- Agent: echoes, and hands on ---- */

#define AGENT_ID_MAX 65536

typedef struct {
    sk_random random;
    bool is_mayfly;
    uint8_t has[AGENT_ID_MAX]; /* by id mod AGENT_ID_MAX: 1 while the connection is this agent's */
} agent;

static sk_handle some_agent(sk_service *service, agent *self) {
    scene *stage = scene_of(service);
    return (sk_handle){
        sk_load_relaxed(&stage->agents[sk_random_below(&self->random, AGENT_COUNT)])};
}

static void agent_echo(sk_service *service, agent *self, int32_t id) {
    scene *stage = scene_of(service);
    uint32_t dice = sk_random_below(&self->random, 1000);
    if (dice < 900) { /* else the bytes stay unread for the next owner, or for a while */
        size_t size = 0;
        char *bytes = take_input(service, id, &size);
        if (bytes) { /* in two pieces, so that the second gathers */
            send_copy(service, id, bytes, size / 2);
            send_copy(service, id, bytes + size / 2, size - size / 2);
        }
        sk_free(bytes);
        sk_socket_resume(stage->io, service, id);
    }
    if (dice >= 800 && !self->is_mayfly) {
        self->has[id % AGENT_ID_MAX] = 0;
        give_order(service, some_agent(service, self), ORDER_TAKE, id);
    } else if (dice == 0) {
        sk_socket_close(stage->io, service, id);
    } else if (dice >= 900) { /* a mayfly looks again */
        give_order(service, sk_service_handle(service), ORDER_TAKE, id);
    }
}

static void agent_event(sk_service *service, const sk_io_event *event) {
    agent *self = sk_service_instance(service);
    bool is_mine = self->has[event->id % AGENT_ID_MAX] != 0;
    if (event->type == SK_IO_CONNECT && strcmp(event->text, "transfer") == 0)
        sk_add_relaxed(&scene_of(service)->transfers, 1);
    if (event->type == SK_IO_DATA && is_mine) {
        agent_echo(service, self, event->id);
    } else if (event->type == SK_IO_CLOSE) {
        self->has[event->id % AGENT_ID_MAX] = 0;
        if (is_mine)
            agent_echo(service, self, event->id); /* what is unread goes back before the end */
        self->has[event->id % AGENT_ID_MAX] = 0;
        sk_socket_close(scene_of(service)->io, service, event->id);
        if (self->is_mayfly)
            (void)sk_service_retire(sk_service_node(service), sk_service_worker(service),
                                    sk_service_handle(service));
    } else if (event->type == SK_IO_ERROR) {
        self->has[event->id % AGENT_ID_MAX] = 0; /* gone before we could start it */
        if (self->is_mayfly)
            (void)sk_service_retire(sk_service_node(service), sk_service_worker(service),
                                    sk_service_handle(service));
    }
}

static bool agent_callback(sk_service *service, void *user, sk_msg *msg) {
    agent *self = user;
    if (msg->type == SK_TYPE_SOCKET) {
        each_event(service, msg, agent_event);
        return true;
    }
    if (msg->type == SK_TYPE_TEXT) {
        const order *text = msg->data;
        if (text->type == ORDER_STEAL)
            sk_sub_relaxed(&scene_of(service)->thefts, 1);
        self->has[text->id % AGENT_ID_MAX] = 1;
        sk_socket_start(scene_of(service)->io, service, text->id);
    }
    return false;
}

static int agent_init(void *instance, sk_service *service, char *args) {
    agent *self = instance;
    scene *stage = scene_of(service);
    sk_handle handle = sk_service_handle(service);
    sk_random_init(&self->random, stage->seed + handle.v);
    self->is_mayfly = args && strcmp(args, "mayfly") == 0;
    sk_service_set_callback(service, agent_callback, self, true);
    if (args && !self->is_mayfly)
        sk_store_relaxed(&stage->agents[atoi(args)], handle.v);
    return 0;
}

static void *agent_create(void) { return sk_new(agent); }
static void instance_release(void *instance) { sk_free(instance); }

/* ---- Gate: accepts ---- */

typedef struct {
    sk_random random;
    int32_t listener;
} gate;

static void gate_event(sk_service *service, const sk_io_event *event) {
    gate *self = sk_service_instance(service);
    scene *stage = scene_of(service);
    if (event->type != SK_IO_ACCEPT)
        return;
    sk_handle to = {sk_load_relaxed(&stage->agents[sk_random_below(&self->random, AGENT_COUNT)])};
    sk_store_relaxed(&stage->recent[sk_random_below(&self->random, RECENT_COUNT)], event->ud);
    if (sk_random_below(&self->random, 10) == 0 &&
        sk_service_launch(stage->node, service, "agent", "mayfly", &to) < 0)
        sk_socket_close(stage->io, service, event->ud);
    else
        give_order(service, to, ORDER_TAKE, event->ud);
}

static bool gate_callback(sk_service *service, void *user, sk_msg *msg) {
    (void)user;
    if (msg->type != SK_TYPE_SOCKET)
        return false;
    each_event(service, msg, gate_event);
    return true;
}

static int gate_init(void *instance, sk_service *service, char *args) {
    (void)args;
    gate *self = instance;
    scene *stage = scene_of(service);
    sk_listen_options options = {.host = "127.0.0.1", .backlog = 1024};
    sk_listen_result result;
    sk_random_init(&self->random, stage->seed);
    sk_service_set_callback(service, gate_callback, self, true);
    int err = sk_socket_listen(stage->io, service, &options, &result);
    if (err < 0)
        return err;
    stage->port = result.port;
    self->listener = result.id;
    sk_socket_start(stage->io, service, result.id);
    return 0;
}

static void *gate_create(void) { return sk_new(gate); }

/* ---- Client: sends and checks ---- */

typedef struct {
    int32_t id; /* 0: free */
    bool is_up;
    bool has_closed;
    sk_random out, in; /* the same stream twice */
    uint64_t sum;      /* of the bytes sent minus those received */
    uint32_t total, sent, received;
} connection;

typedef struct {
    sk_random random;
    connection connections[CONNECTIONS_PER_CLIENT];
} client;

static connection *find_connection(client *self, int32_t id) {
    for (int i = 0; i < CONNECTIONS_PER_CLIENT; i++)
        if (self->connections[i].id == id)
            return &self->connections[i];
    return NULL;
}

static void open_connection(sk_service *service, client *self, connection *c) {
    scene *stage = scene_of(service);
    c->id = 0;
    if (sk_add_relaxed(&stage->started, 1) >= stage->connection_count)
        return;
    uint64_t seed = sk_random_next(&self->random);
    *c = (connection){.total = 1 + sk_random_below(&self->random, STREAM_SIZE_MAX)};
    sk_random_init(&c->out, seed);
    sk_random_init(&c->in, seed);
    c->id = sk_socket_connect(stage->io, service, "127.0.0.1", stage->port);
    sk_assert(c->id > 0);
}

/* The connection is over. The last one ends the node. */
static void end_connection(sk_service *service, client *self, connection *c) {
    scene *stage = scene_of(service);
    sk_add_relaxed(&stage->bytes_kib, c->received / 1024);
    if (c->received < c->total)
        sk_add_relaxed(&stage->cut, 1);
    uint32_t finished = sk_add_acq_rel(&stage->finished, 1) + 1;
    open_connection(service, self, c);
    if (finished == stage->connection_count)
        sk_node_abort(stage->node);
}

static void send_more(sk_service *service, client *self, connection *c) {
    char bytes[CHUNK_SIZE_MAX];
    while (c->sent < c->total && c->sent - c->received < WINDOW_SIZE) {
        uint32_t size = 1 + sk_random_below(&self->random, CHUNK_SIZE_MAX);
        if (size > c->total - c->sent)
            size = c->total - c->sent;
        for (uint32_t i = 0; i < size; i++)
            c->sum += (uint8_t)(bytes[i] = (char)sk_random_next(&c->out));
        c->sent += size;
        send_copy(service, c->id, bytes, size);
    }
}

static void check_input(sk_service *service, client *self, connection *c) {
    scene *stage = scene_of(service);
    size_t size = 0;
    char *bytes = take_input(service, c->id, &size);
    for (size_t i = 0; bytes && i < size; i++) {
        c->sum -= (uint8_t)bytes[i];
        sk_assert(stage->has_thieves || bytes[i] == (char)sk_random_next(&c->in));
    }
    sk_free(bytes);
    c->received += (uint32_t)size;
    sk_assert(c->received <= c->sent);
    sk_socket_resume(stage->io, service, c->id);
    sk_assert(c->received < c->total || c->sum == 0);
    if (c->received == c->total)
        sk_socket_close(stage->io, service, c->id);
    else if (sk_random_below(&self->random, 1000) < CUT_PERMILLE)
        sk_socket_shutdown(stage->io, service, c->id);
    else
        send_more(service, self, c);
}

static void client_event(sk_service *service, const sk_io_event *event) {
    client *self = sk_service_instance(service);
    connection *c = find_connection(self, event->id);
    if (!c) {
        /* Only what was on its way when the connection ended. */
        sk_assert(event->type != SK_IO_CLOSE && event->type != SK_IO_CONNECT);
        return;
    }
    switch (event->type) {
    case SK_IO_CONNECT:
        sk_assert(!c->is_up);
        c->is_up = true;
        send_more(service, self, c);
        break;
    case SK_IO_DATA:
        check_input(service, self, c);
        break;
    case SK_IO_CLOSE:
        sk_socket_close(scene_of(service)->io, service, c->id);
        end_connection(service, self, c);
        break;
    case SK_IO_ERROR:
        sk_assert(c->is_up); /* connecting never fails; a reset is followed by CLOSE */
        break;
    default:
        break;
    }
}

static bool client_callback(sk_service *service, void *user, sk_msg *msg) {
    client *self = user;
    if (msg->type == SK_TYPE_SOCKET) {
        each_event(service, msg, client_event);
        return true;
    }
    if (msg->type == SK_TYPE_TEXT)
        for (int i = 0; i < CONNECTIONS_PER_CLIENT; i++)
            open_connection(service, self, &self->connections[i]);
    return false;
}

static int client_init(void *instance, sk_service *service, char *args) {
    client *self = instance;
    sk_random_init(&self->random, scene_of(service)->seed * 31 + (uint64_t)atoi(args));
    sk_service_set_callback(service, client_callback, self, true);
    give_order(service, sk_service_handle(service), ORDER_GO, 0);
    return 0;
}

static void *client_create(void) { return sk_new(client); }

/* ---- Meddler: commands for sockets of others ---- */

static bool meddler_callback(sk_service *service, void *user, sk_msg *msg) {
    sk_random *random = user;
    scene *stage = scene_of(service);
    (void)msg;
    uint32_t last_id = sk_load_relaxed(&stage->started) * 2 + 1;
    int32_t id = (int32_t)(last_id - sk_random_below(random, last_id < 200 ? last_id : 200));
    sk_socket_pause(stage->io, service, id);
    sk_socket_resume(stage->io, service, id);
    id = sk_load_relaxed(&stage->recent[sk_random_below(random, RECENT_COUNT)]);
    if (stage->has_thieves && id > 0 && sk_load_relaxed(&stage->thefts) < THEFTS_MAX) {
        sk_add_relaxed(&stage->thefts, 1);
        uint32_t which = sk_random_below(random, AGENT_COUNT);
        sk_handle thief = {sk_load_relaxed(&stage->agents[which])};
        give_order(service, thief, ORDER_STEAL, id);
    }
    if (sk_random_below(random, 1000) == 0) {
        size_t count;
        sk_free(sk_io_snapshot(stage->io, &count));
    }
    give_order(service, sk_service_handle(service), ORDER_GO, 0);
    return false;
}

static int meddler_init(void *instance, sk_service *service, char *args) {
    (void)args;
    sk_random_init(instance, scene_of(service)->seed * 7);
    sk_service_set_callback(service, meddler_callback, instance, true);
    give_order(service, sk_service_handle(service), ORDER_GO, 0);
    return 0;
}

static void *meddler_create(void) { return sk_new(sk_random); }

/* ---- Logger: swallows ---- */

static bool logger_callback(sk_service *service, void *user, sk_msg *msg) {
    (void)service;
    (void)user;
    (void)msg;
    return false;
}

static int logger_init(void *instance, sk_service *service, char *args) {
    (void)instance;
    (void)args;
    sk_service_set_callback(service, logger_callback, NULL, false);
    return sk_registry_name(sk_node_registry(sk_service_node(service)), "logger",
                            sk_service_handle(service));
}

static const sk_module modules[] = {
    {"logger", NULL, logger_init, NULL, NULL, NULL},
    {"gate", gate_create, gate_init, instance_release, NULL, NULL},
    {"agent", agent_create, agent_init, instance_release, NULL, NULL},
    {"client", client_create, client_init, instance_release, NULL, NULL},
    {"meddler", meddler_create, meddler_init, instance_release, NULL, NULL},
};

static void launch(scene *stage, const char *name, int count) {
    for (int i = 0; i < count; i++) {
        char args[16];
        sk_handle handle;
        snprintf(args, sizeof args, "%d", i);
        int err = sk_service_launch(stage->node, NULL, name, args, &handle);
        sk_assert(err == 0);
    }
}

static void run(uint64_t seed, uint32_t connection_count, int worker_count, bool has_thieves) {
    scene stage = {.seed = seed, .connection_count = connection_count, .has_thieves = has_thieves};
    sk_clock *clock = sk_clock_new();
    sk_node_options options = {
        .worker_count = worker_count, .random_seed = stage.seed, .clock = clock};
    stage.node = sk_node_new(&options);
    stage.io = sk_io_new(stage.node);
    sk_assert(stage.io);
    sk_node_set_io(stage.node, sk_io_ops_table(), stage.io);
    sk_node_set_slot(stage.node, SK_NODE_CLI, &stage);
    for (size_t i = 0; i < SK_ARRAY_LEN(modules); i++)
        sk_modules_add(sk_node_modules(stage.node), &modules[i]);
    launch(&stage, "logger", 1);
    launch(&stage, "agent", AGENT_COUNT);
    launch(&stage, "gate", 1);
    launch(&stage, "meddler", 1);
    launch(&stage, "client", CLIENT_COUNT);
    int err = sk_node_run(stage.node);
    sk_assert(err == 0);
    sk_node_free(stage.node);
    uint32_t cut = sk_load_relaxed(&stage.cut);
    printf("%u connections, %u cut, %u transfers, %u KiB, %u left open\n",
           sk_load_relaxed(&stage.finished), cut, sk_load_relaxed(&stage.transfers),
           sk_load_relaxed(&stage.bytes_kib), sk_io_socket_count(stage.io));
    sk_assert(sk_load_relaxed(&stage.finished) == stage.connection_count);
    sk_assert(cut < stage.connection_count);
    sk_io_free(stage.io);
    sk_clock_free(clock);
}

int main(int argc, char **argv) {
    const char *given = getenv("SEED");
    uint32_t connection_count = argc > 1 ? (uint32_t)atoi(argv[1]) : 600;
    int worker_count = argc > 2 ? atoi(argv[2]) : 4;
    uint64_t seed = given ? strtoull(given, NULL, 0) : sk_random_system_seed();
    printf("SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    run(seed, connection_count, worker_count, false);
    run(seed, connection_count, worker_count, true);
    return 0;
}
