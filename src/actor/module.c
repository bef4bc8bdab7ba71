/* module.c -- built-in and loaded modules of native services. */
#include "actor/module.h"

#include "base/buffer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

typedef struct known {
    struct known *next;
    const sk_module *module;
    bool is_loaded; /* the sk_module and its name are ours to free */
} known;

struct sk_modules {
    sk_lock lock; /* over the list; held while a module is loaded, so that it is loaded once */
    known *list;
    sk_module_adopt_fn adopt; /* fixed before the node runs; may be NULL */
};

static void add(sk_modules *modules, const sk_module *module, bool is_loaded) {
    known *entry = sk_new(known);
    *entry = (known){modules->list, module, is_loaded};
    modules->list = entry;
}

/* NAME_<suffix> in the library; for a dotted name the part after the last dot counts. */
static void *symbol(void *library, const char *name, const char *suffix) {
    const char *dot = strrchr(name, '.');
    sk_buffer text = {0};
    sk_buffer_printf(&text, "%s_%s%c", dot ? dot + 1 : name, suffix, '\0');
    void *address = dlsym(library, (const char *)text.data);
    sk_buffer_done(&text);
    return address;
}

/* Function pointers come out of dlsym as data pointers; POSIX makes them the same size. */
#define SET(field, address) memcpy(&(field), &(void *){address}, sizeof(void *))

static int adopt_functions(const char *name, void *library, sk_module *ret_module) {
    SET(ret_module->create, symbol(library, name, "create"));
    SET(ret_module->init, symbol(library, name, "init"));
    SET(ret_module->release, symbol(library, name, "release"));
    SET(ret_module->signal, symbol(library, name, "signal"));
    return 0;
}

static int adopt_object(sk_modules *modules, const char *name, void *library, sk_module *ret_module,
                        sk_buffer *error) {
    const void *object = modules->adopt ? symbol(library, name, "module") : NULL;
    if (!object) {
        sk_buffer_printf(error, "module %s has no function %s_init and no object %s_module\n", name,
                         name, name);
        return SK_ENAME;
    }
    sk_buffer_printf(error, "module %s: ", name);
    int err = modules->adopt(object, ret_module, error);
    sk_buffer_printf(error, "\n");
    return err;
}

/* With the lock held. NULL when the library is no module; it stays open then, since constructors
 * may have left pointers into it. */
static const sk_module *adopt_library(sk_modules *modules, const char *name, void *library,
                                      sk_buffer *error) {
    sk_module found = {0};
    int err = symbol(library, name, "init") ? adopt_functions(name, library, &found)
                                            : adopt_object(modules, name, library, &found, error);
    if (err < 0)
        return NULL;
    sk_module *module = sk_new(sk_module);
    *module = found;
    module->name = sk_strdup(name);
    add(modules, module, true);
    return module;
}

/* The file of one pattern: its first '?' replaced by the name; malloc'ed. */
static char *expand(const char *pattern, size_t size, const char *name) {
    const char *mark = memchr(pattern, '?', size);
    sk_buffer text = {0};
    sk_buffer_append(&text, pattern, (size_t)(mark - pattern));
    sk_buffer_append(&text, name, strlen(name));
    sk_buffer_append(&text, mark + 1, size - (size_t)(mark - pattern) - 1);
    sk_buffer_append(&text, "", 1);
    return (char *)text.data;
}

/* Tries one pattern. A file that exists and does not load is worth telling, whatever follows. */
static void *open_pattern(const char *pattern, size_t size, const char *name, sk_buffer *error) {
    if (!memchr(pattern, '?', size)) {
        sk_buffer_printf(error, "Invalid C service path %.*s\n", (int)size, pattern);
        return NULL;
    }
    char *path = expand(pattern, size, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    const char *message = library ? NULL : dlerror();
    bool is_last = pattern[size] == '\0';
    if (!library && (is_last || access(path, F_OK) == 0))
        sk_buffer_printf(error, "try open %s failed : %s\n", name, message ? message : path);
    sk_free(path);
    return library;
}

static void *open_along(const char *name, const char *path, sk_buffer *error) {
    while (*(path += strspn(path, ";"))) {
        size_t size = strcspn(path, ";");
        void *library = open_pattern(path, size, name, error);
        if (library)
            return library;
        path += size;
    }
    return NULL;
}

/* With the lock held. */
static const sk_module *load(sk_modules *modules, const char *name, const char *path,
                             sk_buffer *error) {
    void *library = name[0] ? open_along(name, path, error) : NULL;
    return library ? adopt_library(modules, name, library, error) : NULL;
}

static char *finish_error(sk_buffer *error, const char *name) {
    if (error->len == 0)
        sk_buffer_printf(error, "no native service %s\n", name);
    error->data[error->len - 1] = '\0'; /* the last newline */
    return (char *)error->data;
}

sk_modules *sk_modules_new(void) {
    sk_modules *modules = sk_new(sk_modules);
    sk_lock_init(&modules->lock);
    return modules;
}

void sk_modules_free(sk_modules *take_modules) {
    if (!take_modules)
        return;
    for (known *entry = take_modules->list; entry;) {
        known *next = entry->next;
        if (entry->is_loaded) {
            sk_free((void *)(uintptr_t)entry->module->name);
            sk_free((void *)(uintptr_t)entry->module);
        }
        sk_free(entry);
        entry = next;
    }
    sk_lock_done(&take_modules->lock);
    sk_free(take_modules);
}

void sk_modules_add(sk_modules *modules, const sk_module *module) {
    sk_lock_acquire(&modules->lock);
    add(modules, module, false);
    sk_lock_release(&modules->lock);
}

void sk_modules_set_adopt(sk_modules *modules, sk_module_adopt_fn adopt) { modules->adopt = adopt; }

const sk_module *sk_modules_find(sk_modules *modules, const char *name, const char *path,
                                 char **ret_error) {
    const sk_module *module = NULL;
    sk_buffer error = {0};
    sk_lock_acquire(&modules->lock);
    for (known *entry = modules->list; entry && !module; entry = entry->next)
        if (strcmp(entry->module->name, name) == 0)
            module = entry->module;
    if (!module)
        module = load(modules, name, path, &error);
    sk_lock_release(&modules->lock);
    if (module)
        sk_buffer_done(&error);
    else
        *ret_error = finish_error(&error, name);
    return module;
}
