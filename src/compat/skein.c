/* skein.c -- implements include/skein.h: messages, services, names, environment, log, statistics.
 *
 * A skein_service is a sk_service of any kind, so that Lua C modules use the same calls as native
 * services; what only these have (timers, calls, sockets) is in the native files. The functions for
 * other threads name no worker: so they go the way that is right from everywhere. */
#include "skein.h"

#include "actor/log.h"
#include "actor/registry.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "compat/native.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The public numbers are ours. */
#define SAME(name) _Static_assert((int)SKEIN_##name == (int)SK_##name, #name)
SAME(ENOENT);
SAME(ENAME);
SAME(EEXIST);
SAME(ETOOBIG);
SAME(EINVAL);
SAME(ECLOSED);
SAME(ELIMIT);
SAME(EDEADLINE);
SAME(ESTATE);
SAME(EFORMAT);
#define SAME_TYPE(name) _Static_assert((int)SKEIN_##name == (int)SK_TYPE_##name, #name)
SAME_TYPE(TEXT);
SAME_TYPE(RESPONSE);
SAME_TYPE(CLIENT);
SAME_TYPE(SYSTEM);
SAME_TYPE(SOCKET);
SAME_TYPE(ERROR);
SAME_TYPE(LUA);

static sk_node *node_of(const skein_service *service) {
    return sk_service_node(sk_native_service(service));
}

const char *skein_error_text(int error) {
    return error == SKEIN_EFAILED ? "the call failed" : sk_err_text(error);
}

/* ---- Messages ---- */

skein_request skein_message_request(const skein_message *message) {
    return (skein_request){message->source, message->session};
}

static int check(int type, size_t size) {
    if (type < 0 || type > UINT8_MAX)
        return SKEIN_EINVAL;
    return size >= SK_PAYLOAD_SIZE_MAX ? SKEIN_ETOOBIG : 0;
}

/* Fills the head and posts, from the thread of `worker`. */
static int post(skein_service *service, sk_worker *worker, skein_handle to, sk_msg *take_msg) {
    take_msg->source = sk_service_handle(sk_native_service(service));
    return sk_node_post(node_of(service), worker, (sk_handle){to.value}, take_msg);
}

static int send_msg(skein_service *service, skein_handle to, int type, sk_msg *take_msg) {
    take_msg->type = (uint8_t)type;
    return post(service, sk_service_worker(sk_native_service(service)), to, take_msg);
}

int skein_send(skein_service *service, skein_handle to, int type, const void *data, size_t size) {
    int err = check(type, size);
    return err < 0 ? err : send_msg(service, to, type, sk_msg_new_copy(data, size));
}

int skein_send_take(skein_service *service, skein_handle to, int type, void *take_data,
                    size_t size) {
    int err = check(type, size);
    if (err == 0)
        return send_msg(service, to, type, sk_msg_new_around(take_data, size));
    sk_free(take_data);
    return err;
}

static int reply(skein_service *service, skein_request request, int type, sk_msg *take_msg) {
    sk_native *native = sk_native_of(service);
    if (native)
        sk_native_on_reply(native, request);
    if (request.session <= 0) {
        sk_msg_free(take_msg);
        return 0;
    }
    take_msg->session = request.session;
    return send_msg(service, request.source, type, take_msg);
}

int skein_reply(skein_service *service, skein_request request, const void *data, size_t size) {
    int err = check(SKEIN_RESPONSE, size);
    return err < 0 ? err : reply(service, request, SKEIN_RESPONSE, sk_msg_new_copy(data, size));
}

int skein_reply_take(skein_service *service, skein_request request, void *take_data, size_t size) {
    int err = check(SKEIN_RESPONSE, size);
    sk_msg *msg = sk_msg_new_around(take_data, err < 0 ? 0 : size);
    if (err == 0)
        return reply(service, request, SKEIN_RESPONSE, msg);
    sk_msg_free(msg);
    return err;
}

int skein_reply_values(skein_service *service, skein_request request, skein_writer *writer) {
    size_t size;
    void *block = skein_writer_take(writer, &size);
    return skein_reply_take(service, request, block, size);
}

int skein_reply_error(skein_service *service, skein_request request) {
    return reply(service, request, SKEIN_ERROR, sk_msg_new_around(NULL, 0));
}

int skein_thread_send(skein_service *service, skein_handle to, int type, const void *data,
                      size_t size) {
    int err = check(type, size);
    if (err < 0)
        return err;
    sk_msg *msg = sk_msg_new_copy(data, size);
    msg->type = (uint8_t)type;
    return post(service, NULL, to, msg);
}

/* ---- Clocks ---- */

uint64_t skein_now_ns(const skein_service *service) {
    return sk_clock_ns(sk_node_clock(node_of(service)));
}

uint64_t skein_wall_ns(const skein_service *service) {
    return sk_clock_wall_ns(sk_node_clock(node_of(service)));
}

/* ---- Services and names ---- */

skein_handle skein_self(const skein_service *service) {
    return (skein_handle){sk_service_handle(sk_native_service(service)).v};
}

int skein_launch(skein_service *service, const char *module, const char *args,
                 skein_handle *ret_handle) {
    sk_handle handle;
    int err =
        sk_service_launch(node_of(service), sk_native_service(service), module, args, &handle);
    if (err == 0)
        ret_handle->value = handle.v;
    return err;
}

static int retire(skein_service *service, sk_handle handle) {
    sk_service *self = sk_native_service(service);
    bool is_self = sk_handle_eq(handle, sk_service_handle(self));
    const sk_exit_reason reason = {.kind = is_self ? SK_EXIT_NORMAL : SK_EXIT_KILLED,
                                   .by = sk_service_handle(self)};
    return sk_service_retire_for(node_of(service), sk_service_worker(self), handle, &reason);
}

void skein_exit(skein_service *service) {
    skein_log(service, SKEIN_INFO, "KILL self");
    (void)retire(service, sk_service_handle(sk_native_service(service))); /* may be so already */
}

int skein_kill(skein_service *service, skein_handle handle) {
    if (handle.value == 0)
        return SKEIN_ENOENT;
    skein_log(service, SKEIN_INFO, "KILL :%0x", handle.value);
    return retire(service, (sk_handle){handle.value});
}

void skein_abort(skein_service *service) { sk_service_abort_node(sk_native_service(service)); }

int skein_name(skein_service *service, const char *name, skein_handle handle) {
    return sk_registry_name(sk_node_registry(node_of(service)), name, (sk_handle){handle.value});
}

int skein_find(skein_service *service, const char *name, skein_handle *ret_handle) {
    sk_handle handle =
        sk_node_find_address(node_of(service), sk_service_worker(sk_native_service(service)), name);
    if (sk_handle_is_none(handle))
        return SKEIN_ENAME;
    ret_handle->value = handle.v;
    return 0;
}

/* ---- Environment ---- */

const char *skein_env(const skein_service *service, const char *key) {
    return sk_env_get(sk_node_env(node_of(service)), key);
}

int skein_env_set(skein_service *service, const char *key, const char *value) {
    return sk_env_set(sk_node_env(node_of(service)), key, value);
}

/* ---- Log ---- */

#define SAME_LEVEL(name, ours) _Static_assert((int)SKEIN_##name == (int)SK_LOG_##ours, #name)
SAME_LEVEL(DEBUG, DEBUG);
SAME_LEVEL(INFO, INFO);
SAME_LEVEL(WARNING, WARN);
SAME_LEVEL(FAILURE, ERROR);

bool skein_log_is_on(const skein_service *service, skein_level level) {
    return level >= SKEIN_DEBUG && level <= SKEIN_FAILURE &&
           (int)level >= (int)sk_node_log_level(node_of(service));
}

/* As skein.log: a log service that takes the level apart gets the text alone. */
SK_PRINTF(4, 0)
static void write_log(skein_service *service, sk_worker *worker, skein_level level, const char *fmt,
                      va_list args) {
    if (!skein_log_is_on(service, level))
        return;
    sk_node *node = node_of(service);
    sk_log_level own = (sk_log_level)level;
    sk_buffer line = {0};
    char *text;
    int size = vasprintf(&text, fmt, args);
    if (size < 0)
        return; /* a format that the C library refuses */
    if (!sk_node_log_fields(node))
        sk_buffer_printf(&line, "%s: ", sk_log_level_name(own));
    sk_buffer_append(&line, text, (size_t)size);
    sk_log_record record = {.level = own, .text = (const char *)line.data, .size = line.len};
    sk_node_log_record(node, worker, sk_service_handle(sk_native_service(service)), &record);
    sk_buffer_done(&line);
    sk_free(text);
}

void skein_log(skein_service *service, skein_level level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_log(service, sk_service_worker(sk_native_service(service)), level, fmt, args);
    va_end(args);
}

void skein_thread_log(skein_service *service, skein_level level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_log(service, NULL, level, fmt, args);
    va_end(args);
}

/* ---- Statistics ---- */

int skein_get_stats(skein_service *service, skein_handle of, skein_stats *ret_stats) {
    const sk_service *other =
        sk_registry_find(sk_node_registry(node_of(service)), (sk_handle){of.value});
    if (!other)
        return SKEIN_ENOENT;
    sk_service_stat stat;
    sk_service_get_stat(other, &stat);
    const sk_clock *clock = sk_node_clock(node_of(service));
    double seconds =
        sk_node_profile(node_of(service)) ? sk_clock_cycles_to_seconds(clock, stat.cpu_cycles) : 0;
    *ret_stats = (skein_stats){
        .message_count = stat.message_count,
        .cpu_ns = (uint64_t)(seconds * 1e9),
        .mailbox_len = stat.mailbox_len,
        .mailbox_len_max = stat.mailbox_len_max,
        .memory_size = stat.memory_size,
    };
    return 0;
}

int skein_set_memory(skein_service *service, size_t size) {
    if (!sk_native_of(service))
        return SKEIN_ESTATE;
    sk_service_set_memory(sk_native_service(service), size);
    return 0;
}

/* ---- Lua C modules ---- */

skein_service *skein_of_lua(struct lua_State *L) {
    lua_getfield(L, LUA_REGISTRYINDEX, "skynet_context");
    void *context = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return context;
}
