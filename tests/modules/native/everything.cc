// everything.cc -- a native service in C++ that includes every header.
#include "atomic.h"
#include "lua-seri.h"
#include "malloc_hook.h"
#include "mem_info.h"
#include "rwlock.h"
#include "skynet.h"
#include "skynet_env.h"
#include "skynet_handle.h"
#include "skynet_harbor.h"
#include "skynet_imp.h"
#include "skynet_log.h"
#include "skynet_malloc.h"
#include "skynet_module.h"
#include "skynet_mq.h"
#include "skynet_server.h"
#include "skynet_socket.h"
#include "skynet_timer.h"
#include "socket_buffer.h"
#include "socket_info.h"
#include "socket_server.h"
#include "spinlock.h"

#include <string>

namespace {

struct everything {
    spinlock lock;
    rwlock shared;
    ATOM_INT count;
    std::string text;
};

int on_message(skynet_context *context, void *ud, int type, int session, uint32_t source,
               const void *msg, size_t sz) {
    auto *self = static_cast<everything *>(ud);
    if (type != PTYPE_TEXT)
        return 0;
    SPIN_LOCK(self)
    rwlock_wlock(&self->shared);
    ATOM_FINC(&self->count);
    ATOM_CAS(&self->count, 1, 10);
    self->text.assign(static_cast<const char *>(msg), sz);
    self->text += " " + std::to_string(ATOM_LOAD(&self->count));
    rwlock_wunlock(&self->shared);
    SPIN_UNLOCK(self)
    skynet_send(context, 0, source, PTYPE_RESPONSE, session, &self->text[0], self->text.size());
    return 0;
}

} // namespace

extern "C" {

void *everything_create() { return new everything(); }

int everything_init(void *instance, skynet_context *context, const char *) {
    skynet_callback(context, instance, on_message);
    return 0;
}

void everything_release(void *instance) { delete static_cast<everything *>(instance); }
}
