/* commands.c -- the table of text commands. */
#include "compat/commands.h"

#include "actor/registry.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

typedef const char *(*command_fn)(sk_service *service, const char *parm, sk_buffer *text);

static const char *finish(sk_buffer *text) {
    sk_buffer_append(text, "", 1);
    return (const char *)text->data;
}

#define PRINT(text, ...) (sk_buffer_printf((text), __VA_ARGS__), finish(text))

static sk_handle parse_address(sk_service *service, const char *word) {
    if (word[0] == ':' || word[0] == '.')
        return sk_node_find_address(sk_service_node(service), sk_service_worker(service), word);
    sk_node_log(sk_service_node(service), sk_service_worker(service), sk_service_handle(service),
                "error: Can't convert %s to handle", word);
    return SK_HANDLE_NONE;
}

static const char *cmd_timeout(sk_service *service, const char *parm, sk_buffer *text) {
    long ticks = strtol(parm, NULL, 10);
    uint64_t delay_ms = ticks <= 0 ? 0 : (uint64_t)(ticks > INT32_MAX ? INT32_MAX : ticks) * 10;
    int32_t session = sk_service_new_session(service);
    sk_service_start_timer(service, session, delay_ms, 0);
    return PRINT(text, "%d", session);
}

static const char *bind_name(sk_service *service, const char *name, size_t size, sk_handle handle,
                             sk_buffer *text) {
    sk_buffer_append(text, name, size);
    const char *copy = finish(text);
    sk_registry *registry = sk_node_registry(sk_service_node(service));
    if (sk_registry_name(registry, copy, handle) < 0)
        return NULL;
    sk_registry_lock(registry); /* the start-up thread is no worker */
    const char *stored = sk_registry_stored_name(registry, copy);
    sk_registry_unlock(registry);
    return stored; /* outlives the next command */
}

static const char *cmd_reg(sk_service *service, const char *parm, sk_buffer *text) {
    if (!parm || !*parm)
        return PRINT(text, ":%x", sk_service_handle(service).v);
    if (parm[0] == '.')
        return bind_name(service, parm + 1, strlen(parm + 1), sk_service_handle(service), text);
    sk_node_log(sk_service_node(service), sk_service_worker(service), sk_service_handle(service),
                "error: Can't register global name %s in C", parm);
    return NULL;
}

static const char *cmd_query(sk_service *service, const char *parm, sk_buffer *text) {
    if (parm[0] != '.')
        return NULL;
    sk_handle handle =
        sk_node_find_name(sk_service_node(service), sk_service_worker(service), parm + 1);
    return sk_handle_is_none(handle) ? NULL : PRINT(text, ":%x", handle.v);
}

static const char *cmd_name(sk_service *service, const char *parm, sk_buffer *text) {
    const char *blank = strchr(parm, ' ');
    if (!blank || blank[1] != ':')
        return NULL;
    sk_handle handle = {(uint32_t)strtoul(blank + 2, NULL, 16)};
    if (sk_handle_is_none(handle))
        return NULL;
    if (parm[0] == '.')
        return bind_name(service, parm + 1, (size_t)(blank - parm) - 1, handle, text);
    sk_node_log(sk_service_node(service), sk_service_worker(service), sk_service_handle(service),
                "error: Can't set global name %.*s in C", (int)(blank - parm), parm);
    return NULL;
}

static int retire(sk_service *service, sk_handle handle) {
    bool is_self = sk_handle_eq(handle, sk_service_handle(service));
    const sk_exit_reason reason = {.kind = is_self ? SK_EXIT_NORMAL : SK_EXIT_KILLED,
                                   .by = sk_service_handle(service)};
    return sk_service_retire_for(sk_service_node(service), sk_service_worker(service), handle,
                                 &reason);
}

static void log_kill(sk_service *service, sk_handle handle) {
    sk_node *node = sk_service_node(service);
    sk_handle self = sk_service_handle(service);
    if (sk_handle_eq(handle, self))
        sk_node_log(node, sk_service_worker(service), self, "KILL self");
    else
        sk_node_log(node, sk_service_worker(service), self, "KILL :%0x", handle.v);
}

static const char *cmd_exit(sk_service *service, const char *parm, sk_buffer *text) {
    (void)parm;
    (void)text;
    log_kill(service, sk_service_handle(service));
    (void)retire(service, sk_service_handle(service)); /* it may be dead already */
    return NULL;
}

static const char *cmd_kill(sk_service *service, const char *parm, sk_buffer *text) {
    (void)text;
    sk_handle handle = parse_address(service, parm);
    if (sk_handle_is_none(handle))
        return NULL;
    log_kill(service, handle);
    if (retire(service, handle) < 0) /* the monitor hears of it all the same */
        sk_node_tell_monitor(sk_service_node(service), sk_service_worker(service), handle);
    return NULL;
}

static const char *launch(sk_service *service, const char *parm, bool is_logged, sk_buffer *text) {
    size_t size = strcspn(parm, " \t\r\n");
    char *module = sk_memdup_text(parm, size);
    char *args = NULL;
    if (parm[size])
        args = sk_memdup_text(parm + size + 1, strcspn(parm + size + 1, "\r\n"));
    sk_handle handle;
    int err = is_logged
                  ? sk_service_launch_logged(service, module, args, &handle)
                  : sk_service_launch(sk_service_node(service), service, module, args, &handle);
    sk_free(module);
    sk_free(args);
    return err < 0 ? NULL : PRINT(text, ":%08X", handle.v);
}

static const char *cmd_launch(sk_service *service, const char *parm, sk_buffer *text) {
    return launch(service, parm, false, text);
}

/* Not a command of Skynet's: LAUNCH, with the message log on before the first message. */
static const char *cmd_loglaunch(sk_service *service, const char *parm, sk_buffer *text) {
    return launch(service, parm, true, text);
}

static const char *cmd_getenv(sk_service *service, const char *parm, sk_buffer *text) {
    (void)text;
    return sk_env_get(sk_node_env(sk_service_node(service)), parm);
}

static const char *cmd_setenv(sk_service *service, const char *parm, sk_buffer *text) {
    const char *blank = strchr(parm, ' ');
    if (!blank)
        return NULL;
    sk_buffer_append(text, parm, (size_t)(blank - parm));
    (void)sk_env_set(sk_node_env(sk_service_node(service)), finish(text), blank + 1);
    return NULL;
}

static const char *cmd_starttime(sk_service *service, const char *parm, sk_buffer *text) {
    (void)parm;
    return PRINT(text, "%u", sk_node_start_time(sk_service_node(service)));
}

static const char *cmd_abort(sk_service *service, const char *parm, sk_buffer *text) {
    (void)parm;
    (void)text;
    sk_service_abort_node(service);
    return NULL;
}

static const char *cmd_monitor(sk_service *service, const char *parm, sk_buffer *text) {
    sk_node *node = sk_service_node(service);
    if (parm && *parm) {
        sk_node_set_monitor(node, parse_address(service, parm));
        return NULL;
    }
    sk_handle monitor = sk_node_monitor(node);
    return sk_handle_is_none(monitor) ? NULL : PRINT(text, ":%x", monitor.v);
}

static const char *cmd_stat(sk_service *service, const char *parm, sk_buffer *text) {
    sk_service_stat stat;
    sk_service_get_stat(service, &stat);
    if (strcmp(parm, "mqlen") == 0)
        return PRINT(text, "%llu", (unsigned long long)stat.mailbox_len);
    if (strcmp(parm, "endless") == 0)
        return PRINT(text, "%d", sk_service_take_endless(service));
    if (strcmp(parm, "cpu") == 0)
        return PRINT(text, "%f", sk_service_cpu_seconds(service));
    if (strcmp(parm, "time") == 0 && sk_node_profile(sk_service_node(service)))
        return PRINT(text, "%f", sk_service_dispatch_seconds(service));
    if (strcmp(parm, "time") == 0)
        return "0";
    if (strcmp(parm, "message") == 0)
        return PRINT(text, "%llu", (unsigned long long)stat.message_count);
    return "";
}

/* The live service that the first word of `parm` names, or NULL. */
static sk_service *find_service(sk_service *service, const char *parm) {
    char *word = sk_memdup_text(parm, strcspn(parm, " "));
    sk_handle handle = parse_address(service, word);
    sk_free(word);
    return sk_registry_find(sk_node_registry(sk_service_node(service)), handle);
}

static const char *cmd_logon(sk_service *service, const char *parm, sk_buffer *text) {
    (void)text;
    sk_service *target = find_service(service, parm);
    if (target)
        sk_service_log_on(target, service);
    return NULL;
}

static const char *cmd_logoff(sk_service *service, const char *parm, sk_buffer *text) {
    (void)text;
    sk_service *target = find_service(service, parm);
    if (target)
        sk_service_log_off(target, service);
    return NULL;
}

static const char *cmd_signal(sk_service *service, const char *parm, sk_buffer *text) {
    (void)text;
    sk_service *target = find_service(service, parm);
    const char *blank = strchr(parm, ' ');
    if (target && sk_service_try_ref(target)) {
        sk_service_signal(target, blank ? (int)strtol(blank, NULL, 0) : 0);
        sk_service_unref(target);
    }
    return NULL;
}

static const struct {
    const char *word;
    bool needs_parm;
    command_fn run;
} COMMANDS[] = {
    {"TIMEOUT", true, cmd_timeout}, {"REG", false, cmd_reg},
    {"QUERY", true, cmd_query},     {"NAME", true, cmd_name},
    {"EXIT", false, cmd_exit},      {"KILL", true, cmd_kill},
    {"LAUNCH", true, cmd_launch},   {"GETENV", true, cmd_getenv},
    {"SETENV", true, cmd_setenv},   {"STARTTIME", false, cmd_starttime},
    {"ABORT", false, cmd_abort},    {"MONITOR", false, cmd_monitor},
    {"STAT", true, cmd_stat},       {"LOGLAUNCH", true, cmd_loglaunch},
    {"LOGON", true, cmd_logon},     {"LOGOFF", true, cmd_logoff},
    {"SIGNAL", true, cmd_signal},
};

const char *sk_command_run(sk_service *service, const char *command, const char *parm,
                           sk_buffer *text) {
    text->len = 0;
    for (size_t i = 0; i < SK_ARRAY_LEN(COMMANDS); i++) {
        if (strcmp(COMMANDS[i].word, command) != 0)
            continue;
        return !parm && COMMANDS[i].needs_parm ? NULL : COMMANDS[i].run(service, parm, text);
    }
    return NULL;
}
