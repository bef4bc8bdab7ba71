/* run.c -- from the command line to a running node, and back to an exit status.
 *
 * Signals are blocked in every thread; one thread waits for them. SIGHUP reopens the log; SIGINT
 * and SIGTERM stop the node in order, a second one ends the process at once. */
#include "cli/run.h"

#include "actor/registry.h"
#include "actor/service.h"
#include "actor/worker.h"
#include "base/atomic.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cli/cmd_check.h"
#include "cli/config.h"
#include "cli/daemon.h"
#include "cli/options.h"
#include "compat/commands.h"
#include "compat/compat.h"
#include "compat/native.h"
#include "io/io.h"
#include "lua/bind.h"
#include "lua/channel.h"
#include "lua/loader.h"
#include "lua/snlua.h"
#include "service/gate.h"
#include "service/harbor.h"
#include "service/logger.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sk_node *node;
    sk_clock *clock;
    sk_io *io;
    sk_codecache *cache;
    sk_channels *channels;
    pthread_t signal_thread;
    uint64_t stop_ms;
    _Atomic bool is_over; /* the node has ended: SIGUSR1 ends the signal thread */
} instance;

/* How often a stop looks whether the node is at rest; twice in a row counts. */
#define LOOK_MS 2

static const sk_command_table COMMAND_TABLE = {.run = sk_command_run};

/* ---- signals ---- */

static void handled_signals(sigset_t *ret_set) {
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGHUP);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGUSR1); /* ends the thread itself */
}

static void reopen_log(sk_node *node) {
    sk_registry_lock(sk_node_registry(node));
    sk_handle logger = sk_registry_query(sk_node_registry(node), "logger");
    sk_registry_unlock(sk_node_registry(node));
    sk_msg *msg = sk_msg_new_around(NULL, 0);
    msg->type = SK_TYPE_SYSTEM;
    (void)sk_node_post(node, NULL, logger, msg);
}

/* A moment of a stop. False: the node has ended by itself meanwhile. */
static bool pause_stop(instance *self, const sigset_t *set) {
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
    int signal = sigtimedwait(set, NULL, &pause);
    if (signal == SIGINT || signal == SIGTERM)
        _exit(128 + signal);
    if (signal == SIGHUP)
        reopen_log(self->node);
    return signal != SIGUSR1 || !sk_load_acquire(&self->is_over);
}

/* The first part of a stop: no more input, and time for what is under way. False: as above. */
static bool wait_for_rest(instance *self, const sigset_t *set) {
    uint64_t end_ms = sk_clock_ms(self->clock) + self->stop_ms;
    sk_io_hold_input(self->io);
    for (int idle_count = 0; idle_count < 2 && sk_clock_ms(self->clock) < end_ms;) {
        if (!pause_stop(self, set))
            return false;
        idle_count = sk_sched_is_idle(sk_node_sched(self->node)) ? idle_count + 1 : 0;
    }
    return true;
}

/* Services that are asked to end at a time: about as many as end between two looks, so that the
 * mailboxes of the services that they tell stay short. The window grows when nothing ends. */
#define ASK_COUNT 64
#define ASK_PATIENCE 10 /* looks */

/* The second part, once for supervisors and once for the others: time for shutdown functions, which
 * may need answers from outside. False: as above. */
static bool wait_for_shutdown(instance *self, const sigset_t *set, bool supervisors) {
    size_t count, next = 0;
    sk_handle *list = sk_node_list_shutdown(self->node, supervisors, &count);
    int window = ASK_COUNT;
    int last_open = 0, patience = ASK_PATIENCE;
    uint64_t end_ms = sk_clock_ms(self->clock) + self->stop_ms;
    bool goes_on = true;
    if (count > 0)
        sk_io_resume_input(self->io);
    while (goes_on && sk_clock_ms(self->clock) < end_ms) {
        int open = sk_node_asked_count(self->node); /* with those of the step before */
        if (next == count && open <= 0)
            break;
        patience = open < last_open ? ASK_PATIENCE : patience - 1;
        if (patience == 0) {
            window *= window < (int)SK_HANDLE_LOCAL_MASK ? 2 : 1;
            patience = ASK_PATIENCE;
        }
        for (; next < count && open < window; open++)
            sk_node_ask_shutdown(self->node, list[next++]);
        last_open = open;
        goes_on = pause_stop(self, set);
    }
    sk_free(list);
    return goes_on;
}

static bool stop_in_order(instance *self, const sigset_t *set) {
    return wait_for_rest(self, set) && wait_for_shutdown(self, set, true) &&
           wait_for_shutdown(self, set, false);
}

static void *signal_main(void *arg) {
    instance *self = arg;
    sigset_t set;
    handled_signals(&set);
    bool is_stopping = false;
    for (int signal; sigwait(&set, &signal) == 0;) {
        if (signal == SIGUSR1 && sk_load_acquire(&self->is_over))
            break;
        if (signal == SIGHUP)
            reopen_log(self->node);
        if (signal == SIGHUP || signal == SIGUSR1) /* the latter from outside: not for us */
            continue;
        if (is_stopping)
            _exit(128 + signal);
        is_stopping = true;
        if (!stop_in_order(self, &set))
            break;
        sk_node_abort(self->node);
    }
    return NULL;
}

static void block_signals(void) {
    sigset_t set;
    handled_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- start ---- */

static int fail(char *take_error) {
    fprintf(stderr, "skein: %s\n", take_error);
    sk_free(take_error);
    return 1;
}

static void open_instance(instance *self, const sk_config *config, sk_env *take_env) {
    self->clock = sk_clock_new();
    sk_node_options options = {
        .worker_count = config->worker_count,
        .harbor_id = config->harbor_id,
        .profile = config->profile,
        .clock = self->clock,
        .env = take_env,
    };
    self->node = sk_node_new(&options);
    sk_compat_open(self->node);
    sk_node_set_log_level(self->node, config->log_level);
    self->io = sk_io_new(self->node);
    sk_io_set_output_limit(self->io, (size_t)config->output_limit);
    sk_io_set_linger_ms(self->io, (uint64_t)config->linger_ms);
    sk_node_set_io(self->node, sk_io_ops_table(), self->io);
    self->cache = sk_codecache_new();
    sk_node_set_slot(self->node, SK_NODE_LUA, self->cache);
    self->channels = sk_channels_new();
    sk_node_set_slot(self->node, SK_NODE_CHANNELS, self->channels);
    sk_node_set_slot(self->node, SK_NODE_COMPAT, (void *)(uintptr_t)&COMMAND_TABLE);
    sk_modules_set_adopt(sk_node_modules(self->node), sk_native_adopt);
    sk_modules_add(sk_node_modules(self->node), &sk_snlua_module);
    sk_modules_add(sk_node_modules(self->node), &sk_logger_module);
    sk_modules_add(sk_node_modules(self->node), &sk_harbor_module);
    sk_modules_add(sk_node_modules(self->node), &sk_gate_module);
}

static void close_instance(instance *self) {
    sk_compat_close(self->node);
    sk_node_free(self->node);
    sk_io_free(self->io);
    sk_codecache_free(self->cache);
    sk_channels_free(self->channels);
    sk_clock_free(self->clock);
}

/* The log service has its name, and at a stop it still writes what it was told, whatever its
 * module. */
static void name_logger(sk_node *node, sk_handle handle) {
    sk_registry *registry = sk_node_registry(node);
    (void)sk_registry_name(registry, "logger", handle);
    sk_registry_lock(registry);
    sk_service *logger = sk_registry_find(registry, handle);
    if (logger) /* it may have ended in its init */
        sk_service_set_drain(logger);
    sk_registry_unlock(registry);
}

/* The log service, then the bootstrap service. */
static int launch_first(sk_node *node, const sk_config *config) {
    sk_handle handle;
    if (sk_service_launch(node, NULL, config->logservice, config->logger, &handle) < 0) {
        fprintf(stderr, "Can't launch %s service\n", config->logservice);
        return 1;
    }
    name_logger(node, handle);
    char *module = sk_strdup(config->bootstrap);
    char *args = strchr(module, ' ');
    if (args) {
        *args++ = '\0';
        args += strspn(args, " ");
    }
    int err = sk_service_launch(node, NULL, module, args ? args : "", &handle);
    if (err < 0)
        fprintf(stderr, "Bootstrap error : %s\n", config->bootstrap);
    else
        sk_node_set_vital(node, handle); /* no message is handled before the node runs */
    sk_free(module);
    return err < 0;
}

static int run_node(instance *self, const sk_config *config) {
    if (launch_first(self->node, config)) {
        sk_node_abort(self->node);
        (void)sk_node_run(self->node); /* the log service writes what it was told, and ends */
        return 1;
    }
    int err = sk_thread_start(&self->signal_thread, "signals", signal_main, self);
    if (err == 0) {
        err = sk_node_run(self->node);
        if (err == 0) /* what peers do not take is theirs to lose */
            (void)sk_io_drain(self->io, self->stop_ms);
        sk_store_release(&self->is_over, true); /* pairs with the looks in the signal thread */
        pthread_kill(self->signal_thread, SIGUSR1);
        pthread_join(self->signal_thread, NULL);
    }
    if (err < 0)
        fprintf(stderr, "skein: cannot start threads: %s\n", sk_err_text(err));
    return err < 0 ? 1 : sk_node_exit_status(self->node);
}

/* Runs a node with the configuration; takes the environment. */
static int run_config(sk_env *take_env, const sk_config *config) {
    char *error = NULL;
    sk_daemon *daemon = NULL;
    if (config->daemon && sk_daemon_start(config->daemon, &daemon, &error) < 0) {
        sk_env_free(take_env);
        return fail(error);
    }
    block_signals();
    instance self = {.stop_ms = config->stop_ms > 0 ? (uint64_t)config->stop_ms : 0};
    open_instance(&self, config, take_env);
    int status = run_node(&self, config);
    close_instance(&self);
    sk_daemon_stop(daemon);
    return status;
}

static int load(const sk_options *options, sk_env *env, char **ret_error) {
    if (options->action == SK_OPTIONS_SCRIPT)
        return sk_config_for_script(options->path, options->arg_count, options->args, env,
                                    ret_error);
    return sk_config_load(options->path, env, ret_error);
}

int sk_cli_run_env(sk_env *take_env) {
    char *error = NULL;
    sk_config config;
    if (sk_config_defaults(take_env, &config, &error) < 0) {
        sk_env_free(take_env);
        return fail(error);
    }
    return run_config(take_env, &config);
}

static int run_file(const sk_options *options) {
    char *error = NULL;
    sk_env *env = sk_env_new();
    if (load(options, env, &error) < 0) {
        sk_env_free(env);
        return fail(error);
    }
    return sk_cli_run_env(env);
}

static bool is_embedded_service(const char *name) {
    sk_buffer full = {0};
    sk_buffer_printf(&full, "service/%s%c", name, '\0');
    bool found = sk_loader_has_embedded((const char *)full.data);
    sk_buffer_done(&full);
    return found;
}

int sk_cli_main(int argc, char **argv) {
    sk_options options;
    sk_options_error error;
    if (sk_options_parse(argc, argv, &options, &error) < 0) {
        fputs(error.text, stderr);
        sk_free(error.text);
        return error.exit_status;
    }
    switch (options.action) {
    case SK_OPTIONS_HELP:
        fputs(sk_options_help(), stdout);
        return 0;
    case SK_OPTIONS_VERSION:
        fputs(sk_options_version(), stdout);
        return 0;
    case SK_OPTIONS_CHECK:
        return sk_cmd_check(options.path, is_embedded_service, stdout);
    default:
        return run_file(&options);
    }
}
