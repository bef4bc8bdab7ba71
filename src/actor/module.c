/* module.c -- built-in and loaded modules of native services. */
#include "actor/module.h"

#include "base/buffer.h"
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

static const sk_module *adopt(sk_modules *modules, const char *name, void *library) {
    sk_module *module = sk_new(sk_module);
    module->name = sk_strdup(name);
    SET(module->create, symbol(library, name, "create"));
    SET(module->init, symbol(library, name, "init"));
    SET(module->release, symbol(library, name, "release"));
    SET(module->signal, symbol(library, name, "signal"));
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
    if (!library)
        return NULL;
    if (!symbol(library, name, "init")) {
        sk_buffer_printf(error, "module %s has no function %s_init\n", name, name);
        return NULL; /* it stays open: constructors may have left pointers into it */
    }
    return adopt(modules, name, library);
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
