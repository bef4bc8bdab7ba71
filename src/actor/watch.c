/* watch.c -- the records of watch.h.
 *
 * A record is in the list of its target and in that of its watcher; whichever ends first takes it
 * out of both, so the pointers in it are good while it is listed. Nothing is sent or retired under
 * the lock. A link is two records, one in each direction. */
#include "actor/watch.h"

#include "actor/exit.h"
#include "actor/node_impl.h"
#include "actor/registry.h"
#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>

enum { SIDE_NONE, SIDE_USED, SIDE_CLOSED };

typedef enum { WATCH_MONITOR, WATCH_LINK, WATCH_LEASH } watch_kind;

typedef struct {
    sk_link of_target;  /* target's watchers */
    sk_link of_watcher; /* watcher's watched */
    sk_service *watcher;
    sk_handle target_handle;
    uint64_t key; /* in the table of its kind */
    watch_kind kind;
} watch;

struct sk_watches {
    sk_lock lock;
    /* Under the lock. */
    sk_map monitors; /* ref -> watch */
    sk_map links;    /* watcher and target -> watch */
    sk_map leashes;  /* the same */
    uint64_t last_ref;
};

sk_watches *sk_watches_new(void) {
    sk_watches *watches = sk_new(sk_watches);
    sk_lock_init(&watches->lock);
    return watches;
}

void sk_watches_free(sk_watches *take_watches) {
    if (!take_watches)
        return;
    sk_map_done(&take_watches->monitors);
    sk_map_done(&take_watches->links);
    sk_map_done(&take_watches->leashes);
    sk_lock_done(&take_watches->lock);
    sk_free(take_watches);
}

static sk_watches *table_of(const sk_service *service) {
    return node_watches(sk_service_node(service));
}

static uint64_t pair_key(sk_handle watcher, sk_handle target) {
    return (uint64_t)watcher.v << 32 | target.v;
}

static sk_map *map_of(sk_watches *watches, watch_kind kind) {
    return kind == WATCH_MONITOR ? &watches->monitors
           : kind == WATCH_LINK  ? &watches->links
                                 : &watches->leashes;
}

/* Lock held. The service takes part from now on; false: it has ended. */
static bool use(sk_service *service) {
    sk_watch_side *side = service_watch_side(service);
    uint32_t state = SIDE_NONE;
    if (!sk_cas_acq_rel(&side->state, &state, SIDE_USED))
        return state == SIDE_USED;
    sk_list_init(&side->watchers);
    sk_list_init(&side->watched);
    return true;
}

/* Lock held, both in use. */
static void add(sk_watches *watches, sk_service *watcher, sk_service *target, watch_kind kind,
                uint64_t key) {
    watch *record = sk_new(watch);
    *record = (watch){
        .watcher = watcher, .target_handle = sk_service_handle(target), .key = key, .kind = kind};
    sk_list_push(&service_watch_side(target)->watchers, &record->of_target);
    sk_list_push(&service_watch_side(watcher)->watched, &record->of_watcher);
    void *old = sk_map_put(map_of(watches, kind), key, record);
    sk_assert(!old);
}

/* Lock held. Takes the record out of everything; it is then the caller's. */
static void unlist(sk_watches *watches, watch *record) {
    void *found = sk_map_take(map_of(watches, record->kind), record->key);
    sk_assert(found == record);
    sk_list_remove(&record->of_target);
    sk_list_remove(&record->of_watcher);
}

/* ---- telling ---- */

int service_post_notice(sk_node *node, sk_worker *worker, const service_notice *notice,
                        const sk_exit_reason *reason) {
    sk_buffer text = {0};
    sk_exit_print(reason, &text);
    sk_msg *msg = sk_msg_new(offsetof(sk_notice, text) + text.len + 1);
    sk_notice *payload = msg->data;
    payload->ref = notice->ref;
    payload->what = (uint8_t)notice->what;
    payload->kind = (uint8_t)reason->kind;
    memcpy(payload->text, text.data, text.len + 1);
    sk_buffer_done(&text);
    msg->source = notice->from;
    msg->type = SK_TYPE_EXIT;
    return sk_node_post(node, worker, notice->to, msg);
}

/* `to` is linked to a service that has ended. */
static void signal_link(sk_node *node, sk_worker *worker, sk_service *to, sk_handle from,
                        const sk_exit_reason *reason) {
    sk_handle handle = sk_service_handle(to);
    if (sk_service_traps_exits(to)) {
        const service_notice notice = {.to = handle, .from = from, .what = SK_NOTICE_LINK};
        (void)service_post_notice(node, worker, &notice, reason); /* or it is gone by now */
        return;
    }
    if (reason->kind == SK_EXIT_NORMAL)
        return;
    if (sk_service_retire_for(node, worker, handle, reason) < 0)
        return;
    sk_buffer text = {0};
    sk_exit_print(reason, &text);
    sk_node_log(node, worker, handle, "KILL self, linked to :%08x which has ended: %s", from.v,
                (const char *)text.data);
    sk_buffer_done(&text);
}

/* The service at the other end of a leash; a normal end of the holder is a shutdown for it. */
static void pull_leash(sk_node *node, sk_worker *worker, sk_service *child,
                       const sk_exit_reason *reason) {
    static const sk_exit_reason shutdown = {.kind = SK_EXIT_SHUTDOWN};
    bool is_normal = reason->kind == SK_EXIT_NORMAL;
    (void)sk_service_retire_for(node, worker, sk_service_handle(child),
                                is_normal ? &shutdown : reason);
}

/* The record is not listed any more. */
static void tell(sk_service *ended, const watch *record, const sk_exit_reason *reason) {
    sk_node *node = sk_service_node(ended);
    sk_worker *worker = sk_service_worker(ended);
    const service_notice notice = {.to = sk_service_handle(record->watcher),
                                   .from = record->target_handle,
                                   .what = SK_NOTICE_MONITOR,
                                   .ref = record->key};
    switch (record->kind) {
    case WATCH_MONITOR:
        (void)service_post_notice(node, worker, &notice, reason); /* as above */
        break;
    case WATCH_LINK:
        signal_link(node, worker, record->watcher, record->target_handle, reason);
        break;
    case WATCH_LEASH:
        pull_leash(node, worker, record->watcher, reason);
        break;
    }
}

void watch_service_ended(sk_service *service) {
    sk_watch_side *side = service_watch_side(service);
    /* Acquire: the lists; pairs with the compare and swap in use(). Whoever made it USED may still
     * hold the lock, and add its record before we have it. */
    if (sk_swap_acq_rel(&side->state, SIDE_CLOSED) != SIDE_USED)
        return;
    sk_watches *watches = table_of(service);
    sk_link told;
    sk_list_init(&told);
    sk_lock_acquire(&watches->lock);
    while (!sk_list_is_empty(&side->watched)) {
        watch *record = SK_CONTAINER(side->watched.next, watch, of_watcher);
        unlist(watches, record);
        sk_free(record);
    }
    while (!sk_list_is_empty(&side->watchers)) {
        watch *record = SK_CONTAINER(side->watchers.next, watch, of_target);
        unlist(watches, record);
        sk_list_push(&told, &record->of_target);
    }
    sk_lock_release(&watches->lock);
    /* A watcher that ends meanwhile is not freed before this dispatch is over (reclaim.h). */
    sk_exit_reason reason = sk_service_exit_reason(service);
    bool is_quiet = node_is_aborting(sk_service_node(service));
    for (sk_link *link; (link = sk_list_pop(&told));) {
        watch *record = SK_CONTAINER(link, watch, of_target);
        if (!is_quiet)
            tell(service, record, &reason);
        sk_free(record);
    }
}

/* ---- watching ---- */

static sk_service *find(const sk_service *self, sk_handle handle) {
    sk_assert(sk_service_worker(self));
    return sk_registry_find(sk_node_registry(sk_service_node(self)), handle);
}

uint64_t sk_watch_monitor(sk_service *self, sk_handle target) {
    static const sk_exit_reason gone = {.kind = SK_EXIT_GONE};
    sk_watches *watches = table_of(self);
    sk_service *service = find(self, target);
    sk_lock_acquire(&watches->lock);
    uint64_t ref = ++watches->last_ref;
    bool is_there = service && use(service) && use(self);
    if (is_there)
        add(watches, self, service, WATCH_MONITOR, ref);
    sk_lock_release(&watches->lock);
    const service_notice notice = {
        .to = sk_service_handle(self), .from = target, .what = SK_NOTICE_MONITOR, .ref = ref};
    if (!is_there) /* it reaches the mailbox, or `self` is being retired */
        (void)service_post_notice(sk_service_node(self), sk_service_worker(self), &notice, &gone);
    return ref;
}

/* Removes the record of the key if `self` is its watcher. */
static bool forget(sk_service *self, watch_kind kind, uint64_t key) {
    sk_watches *watches = table_of(self);
    sk_lock_acquire(&watches->lock);
    watch *record = key ? sk_map_get(map_of(watches, kind), key) : NULL;
    if (record && record->watcher != self)
        record = NULL;
    if (record)
        unlist(watches, record);
    sk_lock_release(&watches->lock);
    sk_free(record);
    return record != NULL;
}

bool sk_watch_demonitor(sk_service *self, uint64_t ref) { return forget(self, WATCH_MONITOR, ref); }

void sk_watch_link(sk_service *self, sk_handle other) {
    static const sk_exit_reason gone = {.kind = SK_EXIT_GONE};
    sk_watches *watches = table_of(self);
    sk_service *service = find(self, other);
    sk_handle handle = sk_service_handle(self);
    sk_assert(service != self);
    sk_lock_acquire(&watches->lock);
    bool is_there = service && use(service) && use(self);
    if (is_there && !sk_map_get(&watches->links, pair_key(handle, other))) {
        add(watches, self, service, WATCH_LINK, pair_key(handle, other));
        add(watches, service, self, WATCH_LINK, pair_key(other, handle));
    }
    sk_lock_release(&watches->lock);
    if (!is_there)
        signal_link(sk_service_node(self), sk_service_worker(self), self, other, &gone);
}

bool sk_watch_unlink(sk_service *self, sk_handle other) {
    sk_watches *watches = table_of(self);
    sk_handle handle = sk_service_handle(self);
    sk_lock_acquire(&watches->lock);
    watch *mine = sk_map_get(&watches->links, pair_key(handle, other));
    watch *theirs = mine ? sk_map_get(&watches->links, pair_key(other, handle)) : NULL;
    sk_assert(!mine == !theirs);
    if (mine) {
        unlist(watches, mine);
        unlist(watches, theirs);
    }
    sk_lock_release(&watches->lock);
    sk_free(mine);
    sk_free(theirs);
    return mine != NULL;
}

bool sk_watch_leash(sk_service *self, sk_handle child) {
    sk_watches *watches = table_of(self);
    sk_service *service = find(self, child);
    uint64_t key = pair_key(child, sk_service_handle(self));
    sk_assert(service != self);
    sk_lock_acquire(&watches->lock);
    bool is_there = service && use(service) && use(self);
    if (is_there && !sk_map_get(&watches->leashes, key))
        add(watches, service, self, WATCH_LEASH, key);
    sk_lock_release(&watches->lock);
    if (is_there)
        sk_service_set_supervised(service);
    return is_there;
}
