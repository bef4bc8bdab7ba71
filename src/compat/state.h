/* state.h -- what the C interface keeps for a node: modules in C's form. */
#ifndef SK_COMPAT_STATE_H
#define SK_COMPAT_STATE_H

#include "actor/service.h"
#include "base/atomic.h"
#include "base/thread.h"

#include "skynet_module.h"

typedef struct sk_module_view {
    struct sk_module_view *next;
    const sk_module *module;
    struct skynet_module view;
} sk_module_view;

typedef struct {
    /* Any thread; atomic. Threads inside of a release, which may be what ends the node. */
    _Atomic uint32_t releasing;

    sk_lock lock; /* over: */
    sk_module_view *views;
} sk_compat_state;

/* Any thread. The state of a node, as long as it is open; else NULL. */
static inline sk_compat_state *sk_compat_state_of(const sk_node *node) {
    return sk_node_get_slot(node, SK_NODE_FOREIGN);
}

#endif
