/* skynet_timer.h -- timers and clocks. The unit is a centisecond unless it says otherwise. */
#ifndef SKYNET_TIMER_H
#define SKYNET_TIMER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* Any thread. After `time` the service gets a message of type PTYPE_RESPONSE with the session,
 * source 0, no data; for time <= 0 at once. Returns the session; -1 when time <= 0 and there is no
 * such service. */
int skynet_timeout(uint32_t handle, int time, int session);

/* Any thread. Unix time, in seconds, when the node started; plus skynet_now() / 100 it is the
 * time. */
uint32_t skynet_starttime(void);

/* Any thread. CPU time of the calling thread, in microseconds. */
uint64_t skynet_thread_time(void);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
