/* daemon.c -- pid file, lock and fork.
 *
 * Every descriptor is close-on-exec and above 2, even when the process was started with a standard
 * descriptor closed: /dev/null is put on 0 to 2 later and must not replace the locked file. */
#include "cli/daemon.h"

#include "base/assert.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/message.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each failed try means that another node removed its file at that moment. */
#define LOCK_TRY_COUNT_MAX 100

struct sk_daemon {
    char *path; /* absolute: the program may change its directory */
    int fd;     /* holds the lock */
};

/* Moves a descriptor out of the range of stdin, stdout and stderr. Negative: it is closed. */
static int above_stdio(int fd) {
    if (fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int err = moved < 0 ? sk_err_from_errno() : 0;
    close(fd);
    return err < 0 ? err : moved;
}

/* True if `fd` is the file that the path names now, not one that was removed meanwhile. */
static bool is_file_at(int fd, const char *path) {
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

/* The number at the start of the file; 0 if there is none. */
static pid_t read_pid(int fd) {
    char text[32];
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    long pid = strtol(text, NULL, 10);
    return pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static char *held_text(int fd) {
    pid_t pid = read_pid(fd);
    if (pid == 0)
        return sk_message_new("Can't lock and read pidfile.");
    if (kill(pid, 0) < 0 &&
        errno == ESRCH) /* a child of it has the lock, or another pid namespace */
        return sk_message_new("Can't lock pidfile, lock is held by pid %d.", (int)pid);
    return sk_message_new("Skein is already running, pid = %d.", (int)pid);
}

/* Opens and locks what the path names. SK_EAGAIN: it was removed between the two. */
static int open_locked(const char *path, int *ret_fd, char **ret_error) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
    fd = fd < 0 ? sk_err_from_errno() : above_stdio(fd);
    if (fd < 0) {
        *ret_error = sk_message_new("Can't create pidfile [%s]. (%s)", path, sk_err_text(fd));
        return fd;
    }
    int err = SK_EINVAL;
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        *ret_error = sk_message_new("Can't create pidfile [%s]. (not a regular file)", path);
        goto fail;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        bool held = errno == EWOULDBLOCK;
        err = held ? SK_EEXIST : sk_err_from_errno();
        *ret_error = held ? held_text(fd)
                          : sk_message_new("Can't lock pidfile [%s]. (%s)", path, sk_err_text(err));
        goto fail;
    }
    if (!is_file_at(fd, path)) {
        err = SK_EAGAIN;
        goto fail;
    }
    *ret_fd = fd;
    return 0;

fail:
    close(fd);
    return err;
}

static int write_all(int fd, const char *text, size_t size) {
    while (size) {
        ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sk_err_from_errno();
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

static int null_stdio(void) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return sk_err_from_errno();
    int err = 0;
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fd == i ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, i) < 0)
            err = sk_err_from_errno();
    if (fd > STDERR_FILENO)
        close(fd);
    return err;
}

/* The parent's half: waits for the child's result, then exits, or returns the child's failure. */
static int await_child(pid_t child, int fd) {
    int result = SK_ECLOSED; /* what remains if the child dies without a word */
    ssize_t n;
    do {
        n = read(fd, &result, sizeof result);
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof result && result == 0)
        _exit(0);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return result < 0 ? result : SK_ECLOSED;
}

/* The child's half. */
static int become_daemon(sk_daemon *daemon) {
    if (setsid() < 0)
        return sk_err_from_errno();
    int err = sk_daemon_write_pid(daemon, getpid());
    return err < 0 ? err : null_stdio();
}

/* A pipe whose ends are above 2. */
static int open_pipe(int ret_fds[2]) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return sk_err_from_errno();
    int reader = above_stdio(fds[0]);
    int writer = above_stdio(fds[1]);
    if (reader >= 0 && writer >= 0) {
        ret_fds[0] = reader;
        ret_fds[1] = writer;
        return 0;
    }
    if (reader >= 0)
        close(reader);
    if (writer >= 0)
        close(writer);
    return reader < 0 ? reader : writer;
}

int sk_daemon_start(const char *path, sk_daemon **ret_daemon, char **ret_error) {
    sk_daemon *daemon;
    int err = sk_daemon_lock(path, &daemon, ret_error);
    if (err < 0)
        return err;
    err = sk_daemon_detach(daemon, ret_error);
    if (err < 0) {
        sk_daemon_stop(daemon);
        return err;
    }
    *ret_daemon = daemon;
    return 0;
}

void sk_daemon_stop(sk_daemon *take_daemon) {
    if (!take_daemon)
        return;
    if (is_file_at(take_daemon->fd, take_daemon->path))
        (void)unlink(take_daemon->path); /* a file that stays is stale, which is harmless */
    close(take_daemon->fd);
    sk_free(take_daemon->path);
    sk_free(take_daemon);
}

int sk_daemon_lock(const char *path, sk_daemon **ret_daemon, char **ret_error) {
    int fd = -1;
    int err = SK_EAGAIN;
    for (int i = 0; i < LOCK_TRY_COUNT_MAX && err == SK_EAGAIN; i++)
        err = open_locked(path, &fd, ret_error);
    if (err == SK_EAGAIN)
        *ret_error = sk_message_new("Can't lock and read pidfile.");
    if (err < 0)
        return err;
    sk_daemon *daemon = sk_new(sk_daemon);
    daemon->fd = fd;
    daemon->path = realpath(path, NULL);
    if (!daemon->path) /* removed this moment, or above PATH_MAX: the given path is the best left */
        daemon->path = sk_strdup(path);
    *ret_daemon = daemon;
    return 0;
}

int sk_daemon_write_pid(sk_daemon *daemon, pid_t pid) {
    char text[32];
    int size = snprintf(text, sizeof text, "%d\n", (int)pid);
    sk_assert(size > 0 && size < (int)sizeof text);
    if (ftruncate(daemon->fd, 0) < 0 || lseek(daemon->fd, 0, SEEK_SET) < 0)
        return sk_err_from_errno();
    return write_all(daemon->fd, text, (size_t)size);
}

int sk_daemon_detach(sk_daemon *daemon, char **ret_error) {
    int fds[2] = {-1, -1};
    int err = open_pipe(fds);
    if (err < 0)
        goto fail;
    (void)fflush(NULL); /* or both processes would print what is buffered */
    pid_t child = fork();
    if (child == 0) {
        err = become_daemon(daemon);
        /* A parent that was killed meanwhile is no matter. Our own reader averts SIGPIPE. */
        (void)write_all(fds[1], (const char *)&err, sizeof err);
        close(fds[0]);
        close(fds[1]);
        if (err < 0)
            _exit(1);
        return 0;
    }
    err = child < 0 ? sk_err_from_errno() : 0;
    close(fds[1]);
    if (child > 0)
        err = await_child(child, fds[0]);
    close(fds[0]);

fail:
    *ret_error = sk_message_new("Can't run in the background. (%s)", sk_err_text(err));
    return err;
}
