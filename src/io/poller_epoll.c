/* poller_epoll.c -- poller.h over epoll(7), edge-triggered.
 *
 * Each write to the eventfd is an edge of its own, so it is never read: a wake costs one system
 * call on one side and none on the other. Its counter would overflow after 2^64 wakes. */
#include "io/poller.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAKE_KEY 0
#define BATCH_MAX 256

struct sk_poller {
    int epoll_fd;
    int wake_fd;
    struct epoll_event batch[BATCH_MAX]; /* the waiting thread only */
};

static int add(sk_poller *poller, int fd, uint64_t key, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = key};
    return epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? sk_err_from_errno() : 0;
}

static uint32_t ready_of(uint32_t events) {
    uint32_t ready = 0;
    if (events & EPOLLIN)
        ready |= SK_POLL_IN;
    if (events & EPOLLOUT)
        ready |= SK_POLL_OUT;
    if (events & EPOLLRDHUP)
        ready |= SK_POLL_END;
    if (events & EPOLLHUP)
        ready |= SK_POLL_HUP;
    if (events & EPOLLERR)
        ready |= SK_POLL_ERR;
    return ready;
}

int sk_poller_new(sk_poller **ret_poller) {
    sk_poller *poller = sk_new(sk_poller);
    int err = 0;
    poller->wake_fd = -1;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0)
        goto fail_errno;
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wake_fd < 0)
        goto fail_errno;
    err = add(poller, poller->wake_fd, WAKE_KEY, EPOLLIN | EPOLLET);
    if (err < 0)
        goto fail;
    *ret_poller = poller;
    return 0;

fail_errno:
    err = sk_err_from_errno();
fail:
    sk_poller_free(poller);
    return err;
}

void sk_poller_free(sk_poller *take_poller) {
    if (!take_poller)
        return;
    if (take_poller->wake_fd >= 0)
        (void)close(take_poller->wake_fd); /* nothing buffered */
    if (take_poller->epoll_fd >= 0)
        (void)close(take_poller->epoll_fd);
    sk_free(take_poller);
}

int sk_poller_add(sk_poller *poller, int fd, uint64_t key) {
    sk_assert(key != WAKE_KEY);
    return add(poller, fd, key, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

void sk_poller_remove(sk_poller *poller, int fd) {
    (void)epoll_ctl(poller->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* absent is as good */
}

int sk_poller_wait(sk_poller *poller, sk_poll_event *ret_events, int count_max,
                   int64_t timeout_ms) {
    if (count_max > BATCH_MAX)
        count_max = BATCH_MAX;
    int timeout = timeout_ms < 0 ? -1 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    int count = epoll_wait(poller->epoll_fd, poller->batch, count_max, timeout);
    int stored = 0;
    for (int i = 0; i < count; i++) {
        const struct epoll_event *event = &poller->batch[i];
        if (event->data.u64 == WAKE_KEY)
            continue;
        ret_events[stored].key = event->data.u64;
        ret_events[stored++].ready = ready_of(event->events);
    }
    return stored;
}

void sk_poller_wake(sk_poller *poller) {
    uint64_t one = 1;
    /* Fails only when the counter is full, and then the wait returns anyway. */
    ssize_t n = write(poller->wake_fd, &one, sizeof one);
    (void)n;
}
