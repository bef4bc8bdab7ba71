/* owned.c -- which sockets a service owns: a set of ids that hangs on the service.
 *
 * Only the service itself touches it. A socket that another service has taken over, or that has
 * died, stays in the set until the set has doubled; then it is swept. So an id costs a constant
 * amount of work, and the exit of a service looks at its own sockets only. */
#include "base/map.h"
#include "base/mem.h"
#include "io/io_impl.h"

#define SWEEP_COUNT_MIN 64

typedef struct {
    sk_map ids; /* id -> itself; the value says nothing */
    uint32_t sweep_count;
} owned;

static bool is_owned(sk_io *io, sk_service *service, int32_t id) {
    const sk_socket *socket = sk_socket_find(io, id);
    return socket && sk_handle_eq(sk_socket_owner(socket), sk_service_handle(service));
}

static void sweep(sk_io *io, sk_service *service, owned *set) {
    sk_map kept = {0};
    uint32_t cursor = 0;
    uint64_t id;
    void *value;
    while (sk_map_next(&set->ids, &cursor, &id, &value))
        if (is_owned(io, service, (int32_t)id))
            (void)sk_map_put(&kept, id, value); /* was not there */
    sk_map_done(&set->ids);
    set->ids = kept;
    set->sweep_count = 2 * kept.count > SWEEP_COUNT_MIN ? 2 * kept.count : SWEEP_COUNT_MIN;
}

void sk_owned_add(sk_io *io, sk_service *service, int32_t id) {
    owned *set = sk_service_io_data(service);
    if (!set) {
        set = sk_new(owned);
        set->sweep_count = SWEEP_COUNT_MIN;
        sk_service_set_io_data(service, set);
    }
    if (set->ids.count >= set->sweep_count)
        sweep(io, service, set);
    (void)sk_map_put(&set->ids, (uint64_t)id, set); /* twice is as good as once */
}

void sk_owned_remove(sk_service *service, int32_t id) {
    owned *set = service ? sk_service_io_data(service) : NULL;
    if (set && id > 0)
        (void)sk_map_take(&set->ids, (uint64_t)id); /* may be somebody else's */
}

void sk_owned_drain(sk_io *io, sk_service *service,
                    void (*fn)(sk_io *io, sk_service *service, int32_t id)) {
    owned *set = sk_service_io_data(service);
    if (!set)
        return;
    sk_service_set_io_data(service, NULL);
    uint32_t cursor = 0;
    uint64_t id;
    void *value;
    while (sk_map_next(&set->ids, &cursor, &id, &value))
        fn(io, service, (int32_t)id);
    sk_map_done(&set->ids);
    sk_free(set);
}
