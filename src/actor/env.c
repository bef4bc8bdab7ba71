/* env.c -- a locked hash map of strings.
 *
 * The map goes from the hash of a key to a chain of entries; an entry is one allocation that holds
 * key and value and is never moved or changed, so a value outlives the lock. One short lock guards
 * the map: nothing on the message path reads the environment. */
#include "actor/env.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>

typedef struct entry {
    struct entry *next; /* the same hash, an older key */
    const char *value;  /* behind the key, in the same allocation */
    char key[];
} entry;

struct sk_env {
    sk_spin lock; /* over map and the chains */
    sk_map map;   /* sk_map_key_of -> newest entry */
};

static entry *entry_new(const char *key, const char *value) {
    size_t key_size = strlen(key) + 1;
    size_t value_size = strlen(value) + 1;
    entry *e = sk_malloc(sizeof *e + key_size + value_size);
    e->next = NULL;
    memcpy(e->key, key, key_size);
    memcpy(e->key + key_size, value, value_size);
    e->value = e->key + key_size;
    return e;
}

/* Lock held. */
static entry *find(const sk_env *env, uint64_t hash, const char *key) {
    entry *e = sk_map_get(&env->map, hash);
    while (e && strcmp(e->key, key) != 0)
        e = e->next;
    return e;
}

sk_env *sk_env_new(void) { return sk_new(sk_env); }

void sk_env_free(sk_env *take_env) {
    if (!take_env)
        return;
    uint32_t cursor = 0;
    uint64_t hash;
    void *chain;
    while (sk_map_next(&take_env->map, &cursor, &hash, &chain)) {
        for (entry *e = chain, *next; e; e = next) {
            next = e->next;
            sk_free(e);
        }
    }
    sk_map_done(&take_env->map);
    sk_free(take_env);
}

const char *sk_env_get(sk_env *env, const char *key) {
    sk_assert(env && key);
    uint64_t hash = sk_map_key_of(key);
    sk_spin_acquire(&env->lock);
    const entry *e = find(env, hash, key);
    sk_spin_release(&env->lock);
    return e ? e->value : NULL;
}

int sk_env_set(sk_env *env, const char *key, const char *value) {
    sk_assert(env && key && value);
    uint64_t hash = sk_map_key_of(key);
    entry *e = entry_new(key, value);
    sk_spin_acquire(&env->lock);
    bool taken = find(env, hash, key) != NULL;
    if (!taken)
        e->next = sk_map_put(&env->map, hash, e);
    sk_spin_release(&env->lock);
    if (!taken)
        return 0;
    sk_free(e);
    return SK_EEXIST;
}

long sk_env_get_int(sk_env *env, const char *key, long fallback) {
    const char *value = sk_env_get(env, key);
    return value ? strtol(value, NULL, 10) : fallback;
}

bool sk_env_get_bool(sk_env *env, const char *key, bool fallback) {
    const char *value = sk_env_get(env, key);
    return value ? strcmp(value, "true") == 0 : fallback;
}
