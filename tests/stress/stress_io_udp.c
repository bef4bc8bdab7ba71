/* stress_io_udp.c -- datagrams from many to many on a real node: nothing is lost uncounted.
 *
 * Senders send numbered datagrams to a set of sockets, in bursts that overflow every queue. The
 * sockets change their owners all the time, and are paused and resumed; some owners take messages,
 * some take nodes. Each owner checks what comes: the content, and that the numbers of one sender
 * over one socket only grow. At the end what arrived and what the sockets say was dropped make up
 * what was sent, for each socket. Beside that churners open and close sockets under fire. */
#include "actor/module.h"
#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/mem.h"
#include "base/random.h"
#include "io/datagram.h"
#include "io/turn.h"
#include "support/chance.h"

#include <stdio.h>
#include <string.h>

#define ROUND_LIMIT_S 60
#define SENDER_COUNT 3
#define OWNER_COUNT 4 /* the odd ones take messages */
#define CHURNER_COUNT 2
#define SOCKET_COUNT 5
#define BURSTS 60 /* of a sender and round */
#define BURST_COUNT_MAX 600
#define PAD_SIZE_MAX 1200
#define PROBE_INTERVAL 200 /* looks at the sums without a new datagram */

typedef struct {
    _Atomic int32_t id;
    sk_addr addr; /* before the senders start */
    _Atomic uint64_t sent, arrived;
} target;

typedef struct {
    sk_node *node;
    sk_io *io;
    uint64_t seed;
    target targets[SOCKET_COUNT];
    _Atomic uint32_t owners[OWNER_COUNT]; /* handles */
    _Atomic uint32_t churn_ports[CHURNER_COUNT];
    _Atomic uint32_t senders_done;
    _Atomic uint32_t is_over;
    _Atomic uint32_t transfers, churns;
} scene;

/* A datagram; pad_size bytes, each the low byte of `number`, follow. */
typedef struct {
    uint32_t sender;
    uint32_t socket;
    uint64_t number;
    uint32_t pad_size;
} head;

static scene *scene_of(sk_service *service) {
    return sk_node_get_slot(sk_service_node(service), SK_NODE_CLI);
}

/* To the service `to`: take the socket of that index; without one, go on. */
static void give_order(sk_service *service, sk_handle to, int32_t index) {
    sk_msg *msg = sk_msg_new_copy(&index, sizeof index);
    msg->type = SK_TYPE_TEXT;
    msg->source = sk_service_handle(service);
    (void)sk_service_post(service, to, msg); /* all live as long as the node */
}

static void go_on(sk_service *service) { give_order(service, sk_service_handle(service), -1); }

/* ---- Owners ---- */

typedef struct {
    uint64_t next[SENDER_COUNT + 1][SOCKET_COUNT]; /* the least number that may come */
} owner;

static void check_datagram(sk_service *service, owner *self, const sk_io_event *event) {
    scene *stage = scene_of(service);
    const uint8_t *block = event->block;
    head got;
    sk_addr from;
    sk_assert(event->ud >= (int32_t)sizeof got);
    memcpy(&got, block, sizeof got);
    sk_assert(got.sender <= SENDER_COUNT && got.socket < SOCKET_COUNT);
    sk_assert((size_t)event->ud == sizeof got + got.pad_size);
    for (uint32_t i = 0; i < got.pad_size; i++)
        sk_assert(block[sizeof got + i] == (uint8_t)got.number);
    sk_assert(sk_addr_decode(block + event->ud, event->addr_size, &from) == 0);
    sk_assert(got.number >= self->next[got.sender][got.socket]);
    self->next[got.sender][got.socket] = got.number + 1;
    sk_assert(event->id == sk_load_relaxed(&stage->targets[got.socket].id));
    sk_add_relaxed(&stage->targets[got.socket].arrived, 1);
    sk_free(event->block);
}

static void owner_event(sk_service *service, owner *self, const sk_io_event *event) {
    if (event->type == SK_IO_UDP)
        check_datagram(service, self, event);
    else if (event->type == SK_IO_CONNECT)
        sk_add_relaxed(&scene_of(service)->transfers, 1);
    else
        sk_assert(event->type == SK_IO_CLOSE);
}

static bool owner_callback(sk_service *service, void *user, sk_msg *msg) {
    owner *self = user;
    scene *stage = scene_of(service);
    sk_io_turn turn;
    sk_io_event event;
    int32_t index;
    if (msg->kind == SK_MSG_NODE) {
        sk_io_turn_begin(&turn, service, msg, false);
        while (sk_io_turn_next(&turn, &event))
            owner_event(service, self, &event);
        return true;
    }
    if (msg->type == SK_TYPE_SOCKET) {
        bool is_event = sk_event_of_message(msg, &event);
        sk_assert(is_event);
        owner_event(service, self, &event);
        return false;
    }
    memcpy(&index, msg->data, sizeof index);
    sk_socket_start(stage->io, service, sk_load_relaxed(&stage->targets[index].id));
    return false;
}

static int owner_init(void *instance, sk_service *service, char *args) {
    scene *stage = scene_of(service);
    int index = atoi(args);
    sk_service_set_callback(service, owner_callback, instance, index % 2 == 0);
    sk_store_relaxed(&stage->owners[index], sk_service_handle(service).v);
    for (int i = index; i < SOCKET_COUNT; i += OWNER_COUNT) {
        target *to = &stage->targets[i];
        int32_t id = sk_socket_udp(stage->io, service, i % 2 ? "::1" : "127.0.0.1", 0);
        sk_assert(id > 0 && sk_socket_udp_local(stage->io, id, &to->addr) == 0);
        sk_store_relaxed(&to->id, id);
    }
    return 0;
}

static void *owner_create(void) { return sk_new(owner); }
static void instance_release(void *instance) { sk_free(instance); }

/* ---- Senders ---- */

/* What was meant for a churner's socket may come to one that has its port now. True: a node. */
static bool swallow(sk_service *service, sk_msg *msg) {
    sk_io_turn turn;
    sk_io_event event;
    if (msg->kind != SK_MSG_NODE)
        return false;
    sk_io_turn_begin(&turn, service, msg, false);
    while (sk_io_turn_next(&turn, &event))
        sk_free(event.block);
    return true;
}

typedef struct {
    sk_random random;
    uint32_t index;
    int32_t four, six; /* sockets of both families */
    uint32_t burst;
    uint64_t number;
} sender;

static void send_one(sk_service *service, sender *self, uint32_t socket) {
    scene *stage = scene_of(service);
    target *to = &stage->targets[socket];
    uint8_t bytes[sizeof(head) + PAD_SIZE_MAX];
    head what = {self->index, socket, self->number++,
                 sk_random_below(&self->random, PAD_SIZE_MAX + 1)};
    memcpy(bytes, &what, sizeof what);
    memset(bytes + sizeof what, (uint8_t)what.number, what.pad_size);
    sk_send_data data = {.data = bytes, .size = sizeof what + what.pad_size};
    int32_t id = to->addr.any.sa_family == AF_INET ? self->four : self->six;
    sk_add_relaxed(&to->sent, 1);
    sk_assert(sk_socket_udp_send(stage->io, service, id, &to->addr, &data) == 0);
}

static void disturb_churner(sk_service *service, sender *self) {
    scene *stage = scene_of(service);
    uint32_t which = sk_random_below(&self->random, CHURNER_COUNT);
    sk_addr to;
    uint32_t port = sk_load_relaxed(&stage->churn_ports[which]);
    if (port == 0 || sk_addr_parse("127.0.0.1", (uint16_t)port, &to) < 0)
        return;
    sk_send_data data = {.data = "churn", .size = 5};
    (void)sk_socket_udp_send(stage->io, service, self->four, &to, &data); /* it may be closed */
}

static bool sender_callback(sk_service *service, void *user, sk_msg *msg) {
    sender *self = user;
    if (msg->type != SK_TYPE_TEXT)
        return swallow(service, msg);
    uint32_t socket = sk_random_below(&self->random, SOCKET_COUNT);
    uint32_t count = sk_random_below(&self->random, BURST_COUNT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        send_one(service, self, socket);
        if (i % 16 == 0)
            disturb_churner(service, self);
    }
    if (++self->burst < BURSTS)
        go_on(service);
    else
        sk_add_acq_rel(&scene_of(service)->senders_done, 1);
    return false;
}

static int open_both(sk_service *service, sender *self, uint32_t index) {
    scene *stage = scene_of(service);
    sk_random_init(&self->random, stage->seed * 31 + index);
    self->index = index;
    self->four = sk_socket_udp(stage->io, service, NULL, 0);
    self->six = sk_socket_udp(stage->io, service, "::1", 0);
    sk_assert(self->four > 0 && self->six > 0);
    go_on(service);
    return 0;
}

static int sender_init(void *instance, sk_service *service, char *args) {
    sk_service_set_callback(service, sender_callback, instance, true);
    return open_both(service, instance, (uint32_t)atoi(args));
}

static void *sender_create(void) { return sk_new(sender); }

/* ---- Churners: sockets that come and go ---- */

typedef struct {
    sk_random random;
    int index;
    int32_t id;
} churner;

static void churn(sk_service *service, churner *self) {
    scene *stage = scene_of(service);
    sk_addr addr;
    if (self->id > 0 && sk_random_below(&self->random, 2))
        sk_socket_close(stage->io, service, self->id);
    else if (self->id > 0)
        sk_socket_shutdown(stage->io, service, self->id);
    self->id = sk_socket_udp(stage->io, service, "127.0.0.1", 0);
    sk_assert(self->id > 0 && sk_socket_udp_local(stage->io, self->id, &addr) == 0);
    sk_store_relaxed(&stage->churn_ports[self->index], sk_addr_port(&addr));
    sk_add_relaxed(&stage->churns, 1);
}

static bool churner_callback(sk_service *service, void *user, sk_msg *msg) {
    churner *self = user;
    sk_io_turn turn;
    sk_io_event event;
    if (msg->kind != SK_MSG_NODE)
        return false;
    sk_io_turn_begin(&turn, service, msg, false);
    while (sk_io_turn_next(&turn, &event)) {
        sk_assert(event.type == SK_IO_UDP && event.ud == 5);
        sk_free(event.block);
        if (sk_random_below(&self->random, 20) == 0 &&
            !sk_load_relaxed(&scene_of(service)->is_over))
            churn(service, self);
    }
    return true;
}

static int churner_init(void *instance, sk_service *service, char *args) {
    churner *self = instance;
    self->index = atoi(args);
    sk_random_init(&self->random, scene_of(service)->seed * 17 + (uint64_t)self->index);
    sk_service_set_callback(service, churner_callback, self, true);
    churn(service, self);
    return 0;
}

static void *churner_create(void) { return sk_new(churner); }

/* ---- Meddler: moves sockets; at the end, adds up ---- */

typedef struct {
    sender probe; /* sends so that the kernel tells what it has lost */
    uint32_t looks;
} meddler;

static void meddle(sk_service *service, sk_random *random) {
    scene *stage = scene_of(service);
    uint32_t index = sk_random_below(random, SOCKET_COUNT);
    int32_t id = sk_load_relaxed(&stage->targets[index].id);
    sk_handle to = {sk_load_relaxed(&stage->owners[sk_random_below(random, OWNER_COUNT)])};
    if (sk_random_below(random, 4) == 0)
        give_order(service, to, (int32_t)index);
    sk_socket_pause(stage->io, service, id);
    sk_socket_resume(stage->io, service, id);
}

/* True when all of them add up; others get one more datagram at times. */
static bool adds_up(sk_service *service, meddler *self) {
    scene *stage = scene_of(service);
    bool is_time = ++self->looks % PROBE_INTERVAL == 0;
    bool result = true;
    size_t count;
    sk_io_info *infos = sk_io_snapshot(stage->io, &count);
    for (uint32_t i = 0; i < SOCKET_COUNT; i++) {
        target *t = &stage->targets[i];
        uint64_t sum = sk_load_relaxed(&t->arrived);
        for (size_t j = 0; j < count; j++)
            if (infos[j].id == sk_load_relaxed(&t->id))
                sum += infos[j].drop_count;
        uint64_t sent = sk_load_relaxed(&t->sent);
        sk_assert(sum <= sent);
        result = result && sum == sent;
        if (sum < sent && is_time)
            send_one(service, &self->probe, i);
    }
    sk_free(infos);
    return result;
}

static bool meddler_callback(sk_service *service, void *user, sk_msg *msg) {
    meddler *self = user;
    scene *stage = scene_of(service);
    if (msg->type != SK_TYPE_TEXT)
        return swallow(service, msg);
    if (sk_load_acquire(&stage->senders_done) < SENDER_COUNT) {
        meddle(service, &self->probe.random);
    } else if (adds_up(service, self)) {
        sk_store_relaxed(&stage->is_over, 1);
        sk_node_abort(stage->node);
        return false;
    }
    go_on(service);
    return false;
}

static int meddler_init(void *instance, sk_service *service, char *args) {
    meddler *self = instance;
    (void)args;
    sk_service_set_callback(service, meddler_callback, self, true);
    return open_both(service, &self->probe, SENDER_COUNT);
}

static void *meddler_create(void) { return sk_new(meddler); }

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
    {"owner", owner_create, owner_init, instance_release, NULL, NULL},
    {"churner", churner_create, churner_init, instance_release, NULL, NULL},
    {"sender", sender_create, sender_init, instance_release, NULL, NULL},
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

static void report(const scene *stage, int worker_count) {
    uint64_t sent = 0, arrived = 0;
    for (int i = 0; i < SOCKET_COUNT; i++) {
        sent += sk_load_relaxed(&stage->targets[i].sent);
        arrived += sk_load_relaxed(&stage->targets[i].arrived);
    }
    printf("%d workers: %llu sent, %llu arrived, %u transfers, %u churns\n", worker_count,
           (unsigned long long)sent, (unsigned long long)arrived,
           sk_load_relaxed(&stage->transfers), sk_load_relaxed(&stage->churns));
    sk_assert(arrived > 0 && sk_load_relaxed(&stage->transfers) > 0);
}

static void run(sk_clock *clock, sk_random *random) {
    scene stage = {.seed = sk_random_next(random)};
    int worker_count = 1 + (int)sk_random_below(random, 4);
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
    launch(&stage, "owner", OWNER_COUNT);
    launch(&stage, "churner", CHURNER_COUNT);
    launch(&stage, "meddler", 1);
    launch(&stage, "sender", SENDER_COUNT);
    int err = sk_node_run(stage.node);
    sk_assert(err == 0);
    sk_node_free(stage.node);
    report(&stage, worker_count);
    sk_assert(sk_io_socket_count(stage.io) == 0);
    sk_io_free(stage.io);
}

int main(int argc, char **argv) { return chance_main(argc, argv, 6, ROUND_LIMIT_S, run); }
