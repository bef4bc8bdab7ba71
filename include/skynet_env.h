/* skynet_env.h -- the settings of the node: of its configuration file, and what services add.
 *
 * Each key gets its value once. */
#ifndef SKYNET_ENV_H
#define SKYNET_ENV_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* Any thread. The value, which stays valid for ever, or NULL. */
const char *skynet_getenv(const char *key);

/* Any thread. Sets a key that has no value yet; one that has keeps it. Both texts are copied. */
void skynet_setenv(const char *key, const char *value);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
