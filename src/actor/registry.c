/* registry.c -- two tables that are read without a lock: handles to services, names to handles.
 *
 * Writers hold the lock. A table that is outgrown is copied, the copy published, and the old one
 * left to the readers that still walk it (reclaim.h). What is retired is handed to reclaim after
 * the lock is released: two locks are never held at once.
 *
 * Handles: the low bits of a handle are its slot. At most three quarters of the slots are taken,
 * and the counter only moves forward, so that finding a free one takes four looks on average.
 *
 * Names: open addressing, linear probing. A removed name leaves a tombstone, since a reader must
 * not stop short of what stands behind; tombstones are used again, and go when the table is
 * rebuilt. Names may be bound to handles that do not exist here; those stay. */
#include "actor/registry.h"

#include "actor/reclaim.h"
#include "base/assert.h"
#include "base/atomic.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>

#define SLOT_COUNT_MIN 64
#define SLOT_COUNT_MAX (SK_HANDLE_LOCAL_MASK + 1)
#define NAME_SLOT_COUNT_MIN 64

/* Free when handle is 0. */
typedef struct {
    _Atomic uint32_t handle;
    _Atomic(sk_service *) service;
} handle_slot;

typedef struct {
    uint32_t mask; /* number of slots - 1 */
    handle_slot slots[];
} handle_table;

/* Fixed once published, but for next. */
typedef struct name_entry {
    struct name_entry *next; /* under the lock: the next name of the same handle */
    sk_handle handle;
    uint32_t hash;
    char text[];
} name_entry;

typedef struct {
    uint32_t mask;
    _Atomic(name_entry *) slots[];
} name_table;

/* An address that no entry has. */
#define TOMBSTONE ((name_entry *)(uintptr_t)8)

struct sk_registry {
    /* Any thread reads; written under the lock. */
    SK_ALIGN_LINE _Atomic(handle_table *) handles;
    _Atomic(name_table *) names;
    _Atomic uint32_t count;
    /* Fixed after new. */
    uint32_t harbor_bits;
    sk_reclaim *reclaim;
    /* Under the lock. */
    SK_ALIGN_LINE sk_lock lock;
    uint32_t next_local;
    uint32_t name_count;
    uint32_t name_used_count; /* names and tombstones */
    sk_map names_of_handle;   /* handle -> first name_entry */
};

static void free_block(void *take_ptr) { sk_free(take_ptr); }

static handle_table *handle_table_new(uint32_t slot_count) {
    handle_table *table =
        sk_calloc(1, sizeof(handle_table) + (size_t)slot_count * sizeof(handle_slot));
    table->mask = slot_count - 1;
    return table;
}

/* Lock held. Publishes a table twice as large; returns the old one, to be retired. */
static handle_table *grow_handles(sk_registry *registry) {
    handle_table *old = sk_load_relaxed(&registry->handles);
    handle_table *table = handle_table_new((old->mask + 1) * 2);
    for (uint32_t i = 0; i <= old->mask; i++) {
        uint32_t handle = sk_load_relaxed(&old->slots[i].handle);
        if (handle == 0)
            continue;
        handle_slot *slot = &table->slots[handle & table->mask];
        sk_store_relaxed(&slot->service, sk_load_relaxed(&old->slots[i].service));
        sk_store_relaxed(&slot->handle, handle);
    }
    /* Release: the copied slots; pairs with the acquire in sk_registry_find. */
    sk_store_release(&registry->handles, table);
    return old;
}

/* Lock held. True when one more handle would fill the table too much. */
static bool is_crowded(sk_registry *registry) {
    uint32_t slot_count = sk_load_relaxed(&registry->handles)->mask + 1;
    uint32_t count = sk_load_relaxed(&registry->count);
    return slot_count < SLOT_COUNT_MAX && count + 1 > slot_count / 4 * 3;
}

/* Lock held, and not all local ids in use. The next handle whose slot is free. */
static uint32_t pick_handle(sk_registry *registry) {
    const handle_table *table = sk_load_relaxed(&registry->handles);
    uint32_t local;
    do {
        local = registry->next_local;
        registry->next_local = local == SK_HANDLE_LOCAL_MASK ? 1 : local + 1;
    } while (sk_load_relaxed(&table->slots[local & table->mask].handle) != 0);
    return registry->harbor_bits | local;
}

static uint32_t hash_of(const char *name) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        hash = (hash ^ *c) * 16777619u;
    hash ^= hash >> 15; /* its low bits alone are weak */
    return hash * 0x2c1b3c6du ^ hash >> 12;
}

static name_table *name_table_new(uint32_t slot_count) {
    name_table *table = sk_calloc(1, sizeof(name_table) + slot_count * sizeof(table->slots[0]));
    table->mask = slot_count - 1;
    return table;
}

/* Worker, or lock held. */
static name_entry *find_name(const name_table *table, const char *name, uint32_t hash) {
    for (uint32_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        /* Acquire: the entry's content; pairs with the release in put_name. */
        name_entry *entry = sk_load_acquire(&table->slots[i]);
        if (!entry)
            return NULL;
        if (entry != TOMBSTONE && entry->hash == hash && strcmp(entry->text, name) == 0)
            return entry;
    }
}

/* Lock held; the table has a free slot and not this name. True if it filled a fresh slot. */
static bool put_name(name_table *table, name_entry *entry) {
    uint32_t i = entry->hash & table->mask;
    name_entry *there;
    while ((there = sk_load_relaxed(&table->slots[i])) && there != TOMBSTONE)
        i = (i + 1) & table->mask;
    /* Release: the entry's content; pairs with the acquire in find_name. */
    sk_store_release(&table->slots[i], entry);
    return !there;
}

/* Lock held. Publishes a table without tombstones, at most half full with one name more; returns
 * the old one, to be retired. */
static name_table *rebuild_names(sk_registry *registry) {
    name_table *old = sk_load_relaxed(&registry->names);
    uint32_t slot_count = NAME_SLOT_COUNT_MIN;
    while (slot_count / 2 < registry->name_count + 1)
        slot_count *= 2;
    name_table *table = name_table_new(slot_count);
    for (uint32_t i = 0; i <= old->mask; i++) {
        name_entry *entry = sk_load_relaxed(&old->slots[i]);
        if (entry && entry != TOMBSTONE)
            (void)put_name(table, entry); /* all slots are fresh */
    }
    registry->name_used_count = registry->name_count;
    /* Release: the copied slots; pairs with the acquire in sk_registry_query. */
    sk_store_release(&registry->names, table);
    return old;
}

/* Lock held. Adds the entry, which is not there yet; returns a table to be retired, or NULL. */
static name_table *add_name(sk_registry *registry, name_entry *take_entry) {
    name_table *old = NULL;
    uint32_t slot_count = sk_load_relaxed(&registry->names)->mask + 1;
    if (registry->name_used_count + 1 > slot_count / 4 * 3)
        old = rebuild_names(registry);
    take_entry->next = sk_map_put(&registry->names_of_handle, take_entry->handle.v, take_entry);
    registry->name_used_count += put_name(sk_load_relaxed(&registry->names), take_entry);
    registry->name_count++;
    return old;
}

/* Lock held. Unlinks all names of the handle; returns them as a list, to be retired. */
static name_entry *unlink_names(sk_registry *registry, sk_handle handle) {
    name_table *table = sk_load_relaxed(&registry->names);
    name_entry *first = sk_map_take(&registry->names_of_handle, handle.v);
    for (name_entry *entry = first; entry; entry = entry->next) {
        uint32_t i = entry->hash & table->mask;
        while (sk_load_relaxed(&table->slots[i]) != entry)
            i = (i + 1) & table->mask;
        sk_store_relaxed(&table->slots[i], TOMBSTONE);
        registry->name_count--;
    }
    return first;
}

sk_registry *sk_registry_new(sk_reclaim *reclaim, int harbor_id) {
    sk_assert(harbor_id >= 0 && harbor_id <= 255);
    sk_registry *registry = sk_calloc_line(sizeof *registry);
    sk_store_relaxed(&registry->handles, handle_table_new(SLOT_COUNT_MIN));
    sk_store_relaxed(&registry->names, name_table_new(NAME_SLOT_COUNT_MIN));
    registry->harbor_bits = (uint32_t)harbor_id << SK_HANDLE_HARBOR_SHIFT;
    registry->reclaim = reclaim;
    sk_lock_init(&registry->lock);
    registry->next_local = 1;
    return registry;
}

void sk_registry_free(sk_registry *take_registry) {
    if (!take_registry)
        return;
    name_table *names = sk_load_relaxed(&take_registry->names);
    for (uint32_t i = 0; i <= names->mask; i++) {
        name_entry *entry = sk_load_relaxed(&names->slots[i]);
        if (entry != TOMBSTONE)
            sk_free(entry);
    }
    sk_free(names);
    sk_free(sk_load_relaxed(&take_registry->handles));
    sk_map_done(&take_registry->names_of_handle);
    sk_lock_done(&take_registry->lock);
    sk_free(take_registry);
}

int sk_registry_add(sk_registry *registry, sk_service *service, sk_handle *ret_handle) {
    sk_assert(service);
    handle_table *old = NULL;
    sk_lock_acquire(&registry->lock);
    uint32_t count = sk_load_relaxed(&registry->count);
    if (count == SK_HANDLE_LOCAL_MASK) {
        sk_lock_release(&registry->lock);
        return SK_ELIMIT;
    }
    if (is_crowded(registry))
        old = grow_handles(registry);
    uint32_t handle = pick_handle(registry);
    *ret_handle = (sk_handle){handle};
    handle_table *table = sk_load_relaxed(&registry->handles);
    handle_slot *slot = &table->slots[handle & table->mask];
    /* Release: that the slot was free; pairs with the second acquire in sk_registry_find. */
    sk_store_release(&slot->service, service);
    /* Release: the service; pairs with the first acquire in sk_registry_find. */
    sk_store_release(&slot->handle, handle);
    sk_store_relaxed(&registry->count, count + 1);
    sk_lock_release(&registry->lock);
    if (old)
        sk_reclaim_defer(registry->reclaim, old, free_block);
    return 0;
}

/* The handle is a version of the slot. Seeing it first means that the service is this one or a
 * later one; a later one was stored after the handle was cleared, so the second look notices it.
 * (Not if sixteen million services came and went between two of these loads.) */
sk_service *sk_registry_find(const sk_registry *registry, sk_handle handle) {
    const handle_table *table = sk_load_acquire(&registry->handles);
    const handle_slot *slot = &table->slots[handle.v & table->mask];
    if (sk_load_acquire(&slot->handle) != handle.v || handle.v == 0)
        return NULL;
    sk_service *service = sk_load_acquire(&slot->service);
    return SK_LIKELY(sk_load_relaxed(&slot->handle) == handle.v) ? service : NULL;
}

sk_service *sk_registry_remove(sk_registry *registry, sk_handle handle) {
    sk_lock_acquire(&registry->lock);
    sk_service *service = sk_registry_find(registry, handle);
    if (!service) {
        sk_lock_release(&registry->lock);
        return NULL;
    }
    handle_table *table = sk_load_relaxed(&registry->handles);
    sk_store_relaxed(&table->slots[handle.v & table->mask].handle, 0);
    sk_store_relaxed(&registry->count, sk_load_relaxed(&registry->count) - 1);
    name_entry *names = unlink_names(registry, handle);
    sk_lock_release(&registry->lock);
    while (names) {
        name_entry *entry = names;
        names = entry->next;
        sk_reclaim_defer(registry->reclaim, entry, free_block);
    }
    return service;
}

void sk_registry_lock(sk_registry *registry) { sk_lock_acquire(&registry->lock); }

void sk_registry_unlock(sk_registry *registry) { sk_lock_release(&registry->lock); }

int sk_registry_name(sk_registry *registry, const char *name, sk_handle handle) {
    if (sk_handle_is_none(handle))
        return SK_EINVAL;
    size_t size = strlen(name) + 1;
    name_entry *entry = sk_malloc(sizeof *entry + size);
    *entry = (name_entry){.handle = handle, .hash = hash_of(name)};
    memcpy(entry->text, name, size);

    sk_lock_acquire(&registry->lock);
    bool is_taken = find_name(sk_load_relaxed(&registry->names), name, entry->hash);
    name_table *old = is_taken ? NULL : add_name(registry, entry);
    sk_lock_release(&registry->lock);
    if (old)
        sk_reclaim_defer(registry->reclaim, old, free_block);
    if (is_taken)
        sk_free(entry);
    return is_taken ? SK_EEXIST : 0;
}

sk_handle sk_registry_query(const sk_registry *registry, const char *name) {
    const name_table *table = sk_load_acquire(&registry->names);
    const name_entry *entry = find_name(table, name, hash_of(name));
    return entry ? entry->handle : SK_HANDLE_NONE;
}

const char *sk_registry_stored_name(const sk_registry *registry, const char *name) {
    const name_table *table = sk_load_acquire(&registry->names);
    const name_entry *entry = find_name(table, name, hash_of(name));
    return entry ? entry->text : NULL;
}

uint32_t sk_registry_count(const sk_registry *registry) {
    return sk_load_relaxed(&registry->count);
}

/* Looks at the slots of the following ids, one by one. Once it has seen every slot, the smallest
 * of the larger handles it came across is the answer. */
sk_handle sk_registry_next(sk_registry *registry, sk_handle after) {
    uint32_t first = (after.v & SK_HANDLE_LOCAL_MASK) + 1;
    uint32_t best = UINT32_MAX;
    sk_lock_acquire(&registry->lock);
    const handle_table *table = sk_load_relaxed(&registry->handles);
    for (uint32_t i = 0; i <= table->mask && first + i < best; i++) {
        uint32_t handle = sk_load_relaxed(&table->slots[(first + i) & table->mask].handle);
        uint32_t local = handle & SK_HANDLE_LOCAL_MASK;
        if (handle != 0 && local >= first && local < best)
            best = local;
    }
    sk_lock_release(&registry->lock);
    return best == UINT32_MAX ? SK_HANDLE_NONE : (sk_handle){registry->harbor_bits | best};
}
