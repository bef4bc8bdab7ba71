/* skynet_module.h -- the functions that a native service exports, and how to find them. */
#ifndef SKYNET_MODULE_H
#define SKYNET_MODULE_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct skynet_context;

/* The types of NAME_create, NAME_init, NAME_release and NAME_signal; skynet.h tells their rules. */
typedef void *(*skynet_dl_create)(void);
typedef int (*skynet_dl_init)(void *inst, struct skynet_context *context, const char *parm);
typedef void (*skynet_dl_release)(void *inst);
typedef void (*skynet_dl_signal)(void *inst, int signal);

struct skynet_module {
    const char *name;
    void *module;            /* of dlopen; NULL for what is built in */
    skynet_dl_create create; /* NULL where it does not export one, and so on */
    skynet_dl_init init;
    skynet_dl_release release;
    skynet_dl_signal signal;
};

/* Any thread. The module, loaded along `cpath` when it is not known yet; valid as long as the node.
 * NULL, after the reason was logged, if there is none. */
struct skynet_module *skynet_module_query(const char *name);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
