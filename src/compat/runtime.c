/* runtime.c -- skynet_env.h, skynet_timer.h, skynet_module.h: parts of the node by themselves. */
#include "skynet_env.h"
#include "skynet_timer.h"

#include "actor/timer.h"
#include "actor/worker.h"
#include "base/mem.h"
#include "compat/caller.h"
#include "compat/state.h"

#include <dlfcn.h>
#include <string.h>

/* ---- skynet_env.h ---- */

const char *skynet_getenv(const char *key) {
    sk_node *node = sk_caller_node(NULL);
    return node ? sk_env_get(sk_node_env(node), key) : NULL;
}

void skynet_setenv(const char *key, const char *value) {
    sk_node *node = sk_caller_node(NULL);
    if (node)
        (void)sk_env_set(sk_node_env(node), key, value); /* a key keeps the value it has */
}

/* ---- skynet_timer.h ---- */

int skynet_timeout(uint32_t handle, int time, int session) {
    sk_node *node = sk_caller_node(NULL);
    if (!node)
        return -1;
    if (time <= 0) {
        sk_msg *msg = sk_msg_new_around(NULL, 0);
        msg->type = SK_TYPE_RESPONSE;
        msg->session = session;
        int err = sk_node_post(node, sk_caller_worker(node), (sk_handle){handle}, msg);
        return err < 0 ? -1 : session;
    }
    uint64_t delay_ms = (uint64_t)time * 10;
    if (sk_timer_add(sk_node_timer(node), (sk_handle){handle}, session, delay_ms, 0))
        sk_sched_timer_armed(sk_node_sched(node), delay_ms);
    return session;
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
