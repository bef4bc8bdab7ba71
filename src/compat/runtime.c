/* runtime.c -- skynet_env.h, skynet_timer.h, skynet_module.h, skynet_start. */
#include "skynet_env.h"
#include "skynet_imp.h"
#include "skynet_timer.h"

#include "base/mem.h"
#include "cli/run.h"
#include "compat/caller.h"
#include "compat/state.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- skynet_env.h ---- */

/* Settings for skynet_start, while there is no node. */
static _Atomic(sk_env *) early_env;

static sk_env *env_of_caller(void) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_node_env(node) : sk_load_acquire(&early_env);
}

const char *skynet_getenv(const char *key) {
    sk_env *env = env_of_caller();
    return env ? sk_env_get(env, key) : NULL;
}

void skynet_setenv(const char *key, const char *value) {
    sk_env *env = env_of_caller();
    if (!env) {
        sk_env *fresh = sk_env_new();
        env = fresh;
        sk_env *expected = NULL;
        if (!sk_cas_acq_rel(&early_env, &expected, fresh)) {
            sk_env_free(fresh); /* somebody was quicker */
            env = expected;
        }
    }
    (void)sk_env_set(env, key, value); /* a key keeps the value it has */
}

/* ---- skynet_start ---- */

static void set_text(sk_env *env, const char *key, const char *value) {
    if (value)
        (void)sk_env_set(env, key, value); /* what was set before goes before */
}

static void set_number(sk_env *env, const char *key, int value) {
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    set_text(env, key, text);
}

void skynet_start(struct skynet_config *config) {
    sk_env *env = sk_swap_acq_rel(&early_env, NULL);
    sigset_t mask;
    if (!env)
        env = sk_env_new();
    if (config->thread)
        set_number(env, "thread", config->thread);
    set_number(env, "harbor", config->harbor);
    set_text(env, "profile", config->profile ? "true" : "false");
    set_text(env, "daemon", config->daemon);
    set_text(env, "cpath", config->module_path);
    set_text(env, "bootstrap", config->bootstrap);
    set_text(env, "logger", config->logger);
    set_text(env, "logservice", config->logservice);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    int status = sk_cli_run_env(env);
    pthread_sigmask(SIG_SETMASK, &mask, NULL); /* the node has its own rules for signals */
    if (status)
        exit(status);
}

/* ---- skynet_timer.h ---- */

int skynet_timeout(uint32_t handle, int time, int session) {
    sk_node *node = sk_caller_node(NULL);
    if (!node)
        return -1;
    sk_timer_start start = {{handle}, session, time <= 0 ? 0 : (uint64_t)time * 10, 0};
    int err = sk_node_start_timer(node, sk_caller_worker(node), &start);
    return err < 0 ? -1 : session;
}

uint32_t skynet_starttime(void) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_node_start_time(node) : 0;
}

uint64_t skynet_thread_time(void) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_clock_thread_cpu_ns(sk_node_clock(node)) / 1000 : 0;
}

/* ---- skynet_module.h ---- */

/* What dlopen gave for the library of the function; NULL: it is built in. */
static void *library_of(void *function) {
    Dl_info info;
    void *library = NULL;
    if (dladdr(function, &info))
        library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (library)
        (void)dlclose(library); /* it is open anyway, for ever */
    return library;
}

static sk_module_view *view_new(const sk_module *module, sk_module_view *next) {
    sk_module_view *view = sk_new(sk_module_view);
    view->next = next;
    view->module = module;
    view->view = (struct skynet_module){
        .name = module->name,
        .create = module->create,
        .release = module->release,
        .signal = module->signal,
    };
    /* The same function: a context is a service, and init may write to its text. */
    void *function;
    memcpy(&function, &module->init, sizeof function);
    memcpy(&view->view.init, &module->init, sizeof view->view.init);
    view->view.module = library_of(function);
    return view;
}

struct skynet_module *skynet_module_query(const char *name) {
    sk_node *node = sk_caller_node(NULL);
    sk_compat_state *state = node ? sk_compat_state_of(node) : NULL;
    const sk_module *module =
        state ? sk_node_find_module(node, sk_caller_present(node), name) : NULL;
    if (!module)
        return NULL;
    sk_lock_acquire(&state->lock);
    sk_module_view *view = state->views;
    while (view && view->module != module)
        view = view->next;
    if (!view)
        view = state->views = view_new(module, state->views);
    sk_lock_release(&state->lock);
    return &view->view;
}
