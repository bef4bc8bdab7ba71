/* registry.h -- handles and names to services.
 *
 * Lookup takes no lock and writes nothing: a worker reads a table of atomic pointers, and what it
 * found lives until its dispatch ends (reclaim.h). A thread that is no worker brackets lookup and
 * use with sk_registry_lock. Registration, retirement and naming take the lock themselves. */
#ifndef SK_ACTOR_REGISTRY_H
#define SK_ACTOR_REGISTRY_H

#include "actor/node.h"

/* Empty. `reclaim` is borrowed and outlives it. */
sk_registry *sk_registry_new(sk_reclaim *reclaim, int harbor_id);

/* No reader is left. NULL is fine. */
void sk_registry_free(sk_registry *take_registry);

/* Any thread. Gives the service a new handle. The low 24 bits count up from 1; one in use is
 * skipped, one retired is not used again before the counter has wrapped. SK_ELIMIT when full. */
int sk_registry_add(sk_registry *registry, sk_service *service, sk_handle *ret_handle);

/* Worker, or lock held. The live service, or NULL. */
sk_service *sk_registry_find(const sk_registry *registry, sk_handle handle);

/* Any thread. Removes handle and names; returns the service, or NULL if it was not there. The
 * caller is then the one that retires it. */
sk_service *sk_registry_remove(sk_registry *registry, sk_handle handle);

/* Any thread. Bracket for threads that are no workers. Nothing that takes the lock inside. */
void sk_registry_lock(sk_registry *registry);
void sk_registry_unlock(sk_registry *registry);

/* Any thread. Binds a name (any bytes, without the dot). SK_EEXIST when taken. */
int sk_registry_name(sk_registry *registry, const char *name, sk_handle handle);

/* Worker, or lock held. The handle of a name; none if unbound. */
sk_handle sk_registry_query(const sk_registry *registry, const char *name);

/* Worker, or lock held. The registry's own copy of a name, which lives as long as the handle; NULL
 * if unbound. */
const char *sk_registry_stored_name(const sk_registry *registry, const char *name);

/* Any thread. Number of live services. */
uint32_t sk_registry_count(const sk_registry *registry);

/* Any thread. The smallest live handle above `after`, none at the end. For walking all services
 * without holding anything: start with SK_HANDLE_NONE. */
sk_handle sk_registry_next(sk_registry *registry, sk_handle after);

#endif
