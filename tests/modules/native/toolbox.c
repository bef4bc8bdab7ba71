/* toolbox.c -- a native service that checks what the smaller headers promise; a node of its own.
 *
 * It is the bootstrap service of a node with harbor 1. Each failure is a line in the log; at the
 * end it logs "toolbox done" and ends the node. */
#include "malloc_hook.h"
#include "rwlock.h"
#include "skynet.h"
#include "skynet_env.h"
#include "skynet_handle.h"
#include "skynet_harbor.h"
#include "skynet_imp.h"
#include "skynet_module.h"
#include "skynet_mq.h"
#include "skynet_server.h"
#include "skynet_socket.h"
#include "skynet_timer.h"
#include "spinlock.h"

#include <pthread.h>
#include <stdio.h>

#define SELF 0x01000002

static struct skynet_context *context_of_all;
static int udp_of_all;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            skynet_error(context_of_all, "toolbox: line %d: %s", __LINE__, #condition);            \
    } while (0)

static void check_env(void) {
    CHECK(strcmp(skynet_getenv("toolbox_key"), "from the file") == 0);
    CHECK(skynet_getenv("toolbox_none") == NULL);
    skynet_setenv("toolbox_new", "one");
    const char *value = skynet_getenv("toolbox_new");
    skynet_setenv("toolbox_new", "two");
    CHECK(strcmp(value, "one") == 0 && skynet_getenv("toolbox_new") == value);
}

static void check_handles(struct skynet_context *context) {
    int harbor = -1;
    char name[] = "toolbox";
    CHECK(skynet_handle_findname("logger") == 0x01000001);
    CHECK(skynet_handle_findname("nobody") == 0);
    const char *stored = skynet_handle_namehandle(SELF, name);
    CHECK(stored && stored != name && strcmp(stored, "toolbox") == 0);
    CHECK(skynet_handle_namehandle(SELF, "toolbox") == NULL);
    CHECK(skynet_handle_namehandle(0, "zero") == NULL);
    CHECK(skynet_queryname(context, ".toolbox") == SELF);
    CHECK(skynet_queryname(context, ":0100000A") == 0x0100000a);
    CHECK(skynet_queryname(context, "GLOBAL") == 0);
    CHECK(skynet_isremote(context, 0x02000001, &harbor) && harbor == 2);
    CHECK(!skynet_isremote(context, SELF, &harbor) && harbor == 1);
    CHECK(!skynet_isremote(context, 9, NULL));
    CHECK((SELF & HANDLE_MASK) == 2 && SELF >> HANDLE_REMOTE_SHIFT == 1);
    CHECK(skynet_handle_grab(SELF) == context);
    CHECK(skynet_context_handle(context) == SELF);
    skynet_context_release(context);
    CHECK(skynet_handle_grab(0x01fffff0) == NULL);
    CHECK(skynet_handle_retire(0x01fffff0) == 0);
}

/* A service that is held after its end, and then released. */
static void check_services(void) {
    int total = skynet_context_total();
    uint32_t handle = skynet_context_new("life", "held");
    CHECK(handle != 0 && skynet_context_total() == total + 1);
    CHECK(skynet_context_new("life", "fail") == 0);
    CHECK(skynet_context_new("no_such_module", NULL) == 0);
    struct skynet_context *held = skynet_handle_grab(handle);
    CHECK(held && skynet_context_handle(held) == handle);
    CHECK(skynet_handle_retire(handle) == 1 && skynet_handle_retire(handle) == 0);
    CHECK(skynet_handle_grab(handle) == NULL && skynet_context_handle(held) == handle);
    /* Its mailbox may be closed already: the block is taken either way. */
    skynet_context_send(held, skynet_strdup("to the dead"), 11, 0, PTYPE_TEXT, 0);
    skynet_context_release(held);
    skynet_profile_enable(1);
}

static void check_modules(void) {
    struct skynet_module *module = skynet_module_query("life");
    CHECK(module && strcmp(module->name, "life") == 0 && module->module != NULL);
    CHECK(module == skynet_module_query("life"));
    CHECK(module->create && module->init && module->release && module->signal);
    struct skynet_module *echo = skynet_module_query("echo");
    CHECK(echo && !echo->create && echo->init && !echo->release && !echo->signal);
    struct skynet_module *logger = skynet_module_query("logger");
    CHECK(logger && logger->init && logger->module == NULL);
    CHECK(skynet_module_query("no_such_module") == NULL);
}

static void check_texts(struct skynet_context *context) {
    char *copy = skynet_strndup("ab\0cd", 5);
    CHECK(memcmp(copy, "ab\0cd", 6) == 0);
    free(copy);
    skynet_error(context, "%*s", 7, "a\0b and more");
    skynet_error(context, "%s %d%%", "formatted", 100);
    skynet_error(NULL, "of nobody");
    skynet_debug_memory("debug");
    CHECK(skynet_current_handle() == 0xffffffff); /* init of the bootstrap service */
    CHECK(skynet_starttime() > 1500000000);
    CHECK(skynet_thread_time() > 0);
    CHECK(malloc_used_memory() > 0);
    CHECK(malloc_memory_block() == 0 && malloc_current_memory() == 0);
    dump_c_mem();
    (void)mallctl_int64("stats.allocated", NULL);
    (void)mallctl_opt("opt.lg_tcache_max", NULL);
    CHECK(!mallctl_bool("no.such.control", NULL));
    (void)mallctl_cmd("thread.tcache.flush");
    memory_info_dump("");
}

/* ---- locks under contention ---- */

#define THREADS 4
#define ROUNDS 20000

static struct {
    struct spinlock lock;
    struct rwlock shared;
    long under_lock, under_write;
    ATOM_INT atomic;
    ATOM_INT bad;
} contended;

static void *contend(void *arg) {
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        SPIN_LOCK(&contended)
        contended.under_lock++;
        SPIN_UNLOCK(&contended)
        if (i % 4 == 0) {
            rwlock_wlock(&contended.shared);
            contended.under_write += 2;
            contended.under_write -= 1;
            rwlock_wunlock(&contended.shared);
        } else {
            rwlock_rlock(&contended.shared);
            long seen = contended.under_write;
            if (seen != contended.under_write)
                ATOM_STORE(&contended.bad, 1);
            rwlock_runlock(&contended.shared);
        }
        ATOM_FINC(&contended.atomic);
    }
    return NULL;
}

static void check_locks(void) {
    pthread_t threads[THREADS];
    SPIN_INIT(&contended)
    rwlock_init(&contended.shared);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, contend, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(contended.under_lock == (long)THREADS * ROUNDS);
    CHECK(contended.under_write == (long)THREADS * ROUNDS / 4);
    CHECK(ATOM_LOAD(&contended.atomic) == THREADS * ROUNDS && !ATOM_LOAD(&contended.bad));
    CHECK(spinlock_trylock(&contended.lock) && !spinlock_trylock(&contended.lock));
    SPIN_UNLOCK(&contended)
    SPIN_DESTROY(&contended)
}

static void check_atomics(void) {
    ATOM_SIZET size;
    ATOM_POINTER pointer;
    ATOM_ULONG number;
    MemInfo sum, other = {10, 1, 4, 1};
    AtomicMemInfo shared;
    ATOM_INIT(&size, 5);
    ATOM_INIT(&pointer, (uintptr_t)&size);
    ATOM_INIT(&number, 0xf0);
    CHECK(ATOM_FADD(&size, 2) == 5 && ATOM_FSUB(&size, 1) == 7 && ATOM_LOAD(&size) == 6);
    CHECK(ATOM_FDEC(&size) == 6 && ATOM_FINC(&size) == 5);
    CHECK(ATOM_FAND(&number, 0x30) == 0xf0 && ATOM_LOAD(&number) == 0x30);
    CHECK(ATOM_CAS_SIZET(&size, 6, 8) && !ATOM_CAS_SIZET(&size, 6, 9));
    CHECK(ATOM_CAS_ULONG(&number, 0x30, 1) && !ATOM_CAS_ULONG(&number, 0x30, 2));
    CHECK(ATOM_CAS_POINTER(&pointer, (uintptr_t)&size, 0) && ATOM_LOAD(&pointer) == 0);
    meminfo_init(&sum);
    meminfo_alloc(&sum, 100);
    meminfo_free(&sum, 30);
    meminfo_merge(&sum, &other);
    atomic_meminfo_init(&shared);
    atomic_meminfo_alloc(&shared, 1000);
    atomic_meminfo_free(&shared, 1000);
    atomic_meminfo_merge(&sum, &shared);
    CHECK(sum.alloc == 1110 && sum.alloc_count == 3 && sum.free == 1034 && sum.free_count == 3);
}

/* ---- on a worker ---- */

static void check_names(struct skynet_context *context) {
    const char *name = skynet_command(context, "REG", ".registered");
    CHECK(strcmp(skynet_command(context, "REG", NULL), ":1000002") == 0);
    CHECK(name && strcmp(name, "registered") == 0); /* it outlives the next command */
    CHECK(skynet_command(context, "NAME", ".registered :1000002") == NULL);
    CHECK(skynet_sendname(context, 0, NULL, PTYPE_TEXT, 0, "x", 1) == -1);
}

/* There is no harbor service. */
static void send_away(void) {
    struct remote_message *letter = skynet_calloc(1, sizeof *letter);
    letter->destination.handle = 0x05000001;
    letter->message = skynet_strdup("a request");
    letter->sz = 9;
    letter->type = 10;
    skynet_harbor_send(letter, SELF, 33333);
}

static int expected_session;
static uint64_t armed_at;

static void arm(struct skynet_context *context) {
    armed_at = skynet_now();
    expected_session = skynet_context_newsession(context);
    CHECK(skynet_timeout(0x01fffff0, 0, 1) == -1);
    CHECK(skynet_timeout(SELF, 3, expected_session) == expected_session);
    CHECK(skynet_timeout(SELF, 0, 77777) == 77777);
    CHECK(skynet_send(context, 0, 0, PTYPE_TAG_ALLOCSESSION, 0, NULL, 0) == expected_session + 1);
    CHECK(skynet_send(context, 0, 0, 0, 5, NULL, 0) == 5);
}

/* What a thread of the program may do; at its end it ends the node. */
static void *be_foreign(void *arg) {
    struct skynet_context *context = arg;
    uint32_t handle = skynet_context_new("life", "foreign");
    CHECK(handle != 0 && skynet_current_handle() == 0);
    CHECK(skynet_context_new("life", "fail") == 0);
    struct skynet_context *held = skynet_handle_grab(handle);
    CHECK(held && skynet_context_handle(held) == handle);
    CHECK(skynet_handle_namehandle(handle, "foreign") && skynet_queryname(NULL, ".foreign"));
    CHECK(skynet_handle_findname("foreign") == handle);
    CHECK(skynet_send(held, 0, handle, PTYPE_TEXT, 0, "by a thread", 11) == 0);
    CHECK(skynet_socket_udp_connect(context, udp_of_all, "127.0.0.1", 9) == 0);
    CHECK(skynet_socket_udp_connect(context, udp_of_all, "::1", 9) == 0); /* told by an event */
    skynet_socket_pause(context, udp_of_all);
    skynet_socket_nodelay(context, udp_of_all);
    skynet_socket_close(context, udp_of_all);
    CHECK(skynet_timeout(handle, 1, 9) == 9 && skynet_timeout(handle, 0, 9) == 9);
    CHECK(skynet_handle_retire(handle) == 1);
    CHECK(skynet_handle_findname("foreign") == 0);
    CHECK(skynet_timeout(handle, 0, 9) == -1);
    skynet_context_release(held);
    CHECK(skynet_module_query("life") != NULL && skynet_getenv("toolbox_new") != NULL);
    CHECK(skynet_now() > 0 && skynet_starttime() > 0 && skynet_context_total() >= 2);
    CHECK(skynet_socket_info() == NULL);
    skynet_error(context, "toolbox done");
    skynet_handle_retireall();
    skynet_context_release(context);
    return NULL;
}

static void end_by_thread(struct skynet_context *context) {
    pthread_t thread;
    udp_of_all = skynet_socket_udp(context, "127.0.0.1", 0);
    CHECK(udp_of_all > 0);
    skynet_context_grab(context);
    pthread_create(&thread, NULL, be_foreign, context);
    pthread_detach(thread);
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    (void)ud;
    if (type == PTYPE_TEXT) {
        CHECK(strcmp(msg, "begin") == 0 && sz == 5 && source == 0x01000abc);
        CHECK(skynet_current_handle() == SELF);
        check_services();
        check_names(context);
        send_away();
        return 0;
    }
    if (type == PTYPE_ERROR) {
        CHECK(session == 33333 && source == 0x05000001 && sz == 0);
        arm(context);
        return 0;
    }
    if (type == PTYPE_SOCKET) /* of be_foreign's commands */
        return 0;
    CHECK(type == PTYPE_RESPONSE && source == 0 && msg == NULL && sz == 0);
    if (session == expected_session) {
        CHECK(skynet_now() - armed_at >= 2);
        end_by_thread(context);
    } else {
        CHECK(session == 77777);
    }
    return 0;
}

int toolbox_init(void *instance, struct skynet_context *context, const char *parm) {
    context_of_all = context;
    CHECK(parm && strcmp(parm, "some words") == 0);
    check_env();
    check_handles(context);
    check_modules();
    check_texts(context);
    check_locks();
    check_atomics();
    skynet_callback(context, instance, on_message);
    CHECK(skynet_send(context, 0x01000abc, SELF, PTYPE_TEXT, 0, "begin", 5) == 0);
    return 0;
}
