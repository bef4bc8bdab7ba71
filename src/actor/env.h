/* env.h -- the node's environment: string to string, each key written once.
 *
 * It holds what the configuration file said and what services add. A value never changes, so a
 * pointer to it stays valid as long as the environment. */
#ifndef SK_ACTOR_ENV_H
#define SK_ACTOR_ENV_H

#include "base/defs.h"

typedef struct sk_env sk_env;

/* An empty environment. Free with sk_env_free. */
sk_env *sk_env_new(void);

/* NULL is fine. */
void sk_env_free(sk_env *take_env);

/* Any thread. The value, or NULL. */
const char *sk_env_get(sk_env *env, const char *key);

/* Any thread. Copies both. 0; SK_EEXIST when the key has a value already (even the same). */
int sk_env_set(sk_env *env, const char *key, const char *value);

/* Any thread. The decimal integer the value begins with ("2x" is 2, "abc" is 0); `fallback` if
 * unset. */
long sk_env_get_int(sk_env *env, const char *key, long fallback);

/* Any thread. True only for the text "true"; `fallback` if unset. */
bool sk_env_get_bool(sk_env *env, const char *key, bool fallback);

#endif
