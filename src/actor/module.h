/* module.h -- kinds of native services: built into the program, or loaded from `cpath`.
 *
 * A loaded module NAME.so exports NAME_init and optionally NAME_create, NAME_release and
 * NAME_signal; or one object NAME_module, which an upper layer understands (for a dotted name: the
 * part after the last dot). It is never unloaded. */
#ifndef SK_ACTOR_MODULE_H
#define SK_ACTOR_MODULE_H

#include "actor/node.h"
#include "base/buffer.h"

typedef struct {
    const char *name;
    /* A new instance; NULL: the launch fails. May be NULL itself: the instance is (void *)~0. */
    void *(*create)(void);
    /* 0: success. `args` is NULL when nothing follows the module's name; may be modified. */
    int (*init)(void *instance, sk_service *service, char *args);
    /* Once, when the service is gone. May be NULL. */
    void (*release)(void *instance);
    /* In the caller's thread, concurrently with the callback. May be NULL. */
    void (*signal)(void *instance, int signal);
    /* Whatever the module's maker wants to find again (sk_service_module). May be NULL. */
    const void *data;
} sk_module;

/* Fills the functions and data of a module from the object NAME_module of its library. Negative,
 * and the reason appended to `error`, when it is no such object, or not usable. */
typedef int (*sk_module_adopt_fn)(const void *object, sk_module *ret_module, sk_buffer *error);

/* Without any module. Free with sk_modules_free. */
sk_modules *sk_modules_new(void);

/* No service is left. Loaded libraries stay open. NULL is fine. */
void sk_modules_free(sk_modules *take_modules);

/* Before the node runs. Registers a built-in module (static storage). */
void sk_modules_add(sk_modules *modules, const sk_module *module);

/* Before the node runs. What makes a module of an exported object; NULL, the default: nothing. */
void sk_modules_set_adopt(sk_modules *modules, sk_module_adopt_fn adopt);

/* Any thread. A known module, else one loaded along the search path (patterns separated by ';',
 * each with a '?'). NULL when there is none; every failed attempt on an existing file, and the
 * last one otherwise, is described in ret_error (malloc'ed, caller frees). */
const sk_module *sk_modules_find(sk_modules *modules, const char *name, const char *path,
                                 char **ret_error);

/* Launcher's thread. The module along the search path of the node's settings, or NULL after the
 * reason was printed, and logged in the name of the launcher (which may be NULL). */
const sk_module *sk_node_find_module(sk_node *node, sk_service *launcher, const char *name);

#endif
