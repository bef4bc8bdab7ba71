/* test_daemon.c -- pid file, lock and fork.
 *
 * Each test runs in a folder of its own. Processes report to each other through pipes: a process
 * that is to stay alive reads from one, and ends when the test closes the other end. */
#include "base/err.h"
#include "base/mem.h"
#include "cli/daemon.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FD_CHECK_COUNT 64

static char folder[64];

/* What the test itself inherited is not what all_close_on_exec is to find; and a daemon becomes
 * the test's child when the process that was started ends, so that the test can wait for it. */
static int prepare(void **state) {
    (void)state;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return -1;
    for (int fd = STDERR_FILENO + 1; fd < FD_CHECK_COUNT; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

static int enter_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/skein_daemon_XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
    (void)state;
    (void)unlink("pid");
    (void)unlink("other");
    (void)rmdir("dir");
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void expect_content(const char *path, const char *text) {
    char content[128] = "";
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t size = fread(content, 1, sizeof content - 1, f);
    fclose(f);
    content[size] = '\0';
    assert_string_equal(content, text);
}

static void expect_failure(const char *path, const char *text) {
    sk_daemon *daemon = NULL;
    char *error = NULL;
    assert_true(sk_daemon_lock(path, &daemon, &error) < 0);
    assert_null(daemon);
    assert_string_equal(error, text);
    sk_free(error);
}

static void test_write_and_remove(void **state) {
    (void)state;
    write_file("pid", "1234567890\nold content that is longer\n");
    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);
    expect_content("pid", "1234567890\nold content that is longer\n");
    assert_int_equal(sk_daemon_write_pid(daemon, 42), 0);
    expect_content("pid", "42\n");
    assert_int_equal(sk_daemon_write_pid(daemon, 7), 0);
    expect_content("pid", "7\n");
    sk_daemon_stop(daemon);
    assert_int_equal(access("pid", F_OK), -1);
    sk_daemon_stop(NULL);
}

static void test_new_file(void **state) {
    (void)state;
    mode_t mask = umask(022);
    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);
    umask(mask);
    struct stat st;
    assert_int_equal(stat("pid", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    sk_daemon_stop(daemon);
}

/* The number of a living process in an unlocked file is no obstacle: it may be recycled. */
static void test_trusts_the_lock(void **state) {
    (void)state;
    char text[64];
    snprintf(text, sizeof text, "%d\n", (int)getppid());
    write_file("pid", text);
    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);

    /* Held, by a process that lives, that does not, and that is not named. */
    assert_int_equal(sk_daemon_write_pid(daemon, getpid()), 0);
    snprintf(text, sizeof text, "Skein is already running, pid = %d.", (int)getpid());
    expect_failure("pid", text);
    assert_int_equal(sk_daemon_write_pid(daemon, 0x7ffffff0), 0);
    expect_failure("pid", "Can't lock pidfile, lock is held by pid 2147483632.");
    const char *unreadable[] = {"", "nonsense\n", "-5\n", "99999999999999999999\n"};
    for (size_t i = 0; i < SK_ARRAY_LEN(unreadable); i++) {
        write_file("pid", unreadable[i]);
        expect_failure("pid", "Can't lock and read pidfile.");
    }
    sk_daemon_stop(daemon);
}

static void test_no_file(void **state) {
    (void)state;
    expect_failure("none/pid", "Can't create pidfile [none/pid]. (No such file or directory)");
    expect_failure("", "Can't create pidfile []. (No such file or directory)");
    assert_int_equal(mkdir("dir", 0755), 0);
    expect_failure("dir", "Can't create pidfile [dir]. (Is a directory)");
    expect_failure("/dev/null", "Can't create pidfile [/dev/null]. (not a regular file)");
}

/* A file that somebody else put in place of ours is not ours to remove. */
static void test_replaced_file_stays(void **state) {
    (void)state;
    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);
    write_file("other", "5\n");
    assert_int_equal(rename("other", "pid"), 0);
    sk_daemon_stop(daemon);
    expect_content("pid", "5\n");
}

static void test_removed_after_chdir(void **state) {
    (void)state;
    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);
    assert_int_equal(chdir("/"), 0);
    sk_daemon_stop(daemon);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(access("pid", F_OK), -1);
}

/* True if no descriptor above 2 survives an exec. */
static bool all_close_on_exec(void) {
    for (int fd = STDERR_FILENO + 1; fd < FD_CHECK_COUNT; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags >= 0 && !(flags & FD_CLOEXEC))
            return false;
    }
    return true;
}

static bool is_null(int fd) {
    struct stat mine, null;
    return fstat(fd, &mine) == 0 && stat("/dev/null", &null) == 0 && mine.st_rdev == null.st_rdev;
}

typedef struct {
    pid_t pid;
    bool leads_session;
    bool has_null_stdio;
    bool keeps_folder;
    bool closes_on_exec;
} daemon_facts;

/* What the tests share with the processes they start. */
typedef struct {
    int facts[2]; /* daemon -> test */
    int end[2];   /* closed by the test: the daemon ends */
} channel;

static void open_channel(channel *ch) {
    assert_int_equal(pipe2(ch->facts, O_CLOEXEC), 0);
    assert_int_equal(pipe2(ch->end, O_CLOEXEC), 0);
}

/* Runs in the process that is started: becomes a daemon that reports, waits and ends. */
static _Noreturn void run_daemon(channel *ch, int closed_fd) {
    close(ch->facts[0]);
    close(ch->end[1]);
    if (closed_fd >= 0)
        close(closed_fd);
    sk_daemon *daemon;
    char *error;
    if (sk_daemon_start("pid", &daemon, &error) < 0) {
        sk_free(error);
        _exit(1);
    }
    char here[128] = "";
    daemon_facts facts = {
        .pid = getpid(),
        .leads_session = getsid(0) == getpid(),
        .has_null_stdio = is_null(0) && is_null(1) && is_null(2),
        .keeps_folder = getcwd(here, sizeof here) && strcmp(here, folder) == 0,
        .closes_on_exec = all_close_on_exec(),
    };
    if (write(ch->facts[1], &facts, sizeof facts) != sizeof facts)
        _exit(1);
    char byte;
    if (read(ch->end[0], &byte, 1) == 0) /* else a crash: the file stays */
        sk_daemon_stop(daemon);
    _exit(0);
}

/* Starts it; returns the exit status of the process that was started. */
static int start_daemon(channel *ch, int closed_fd) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_daemon(ch, closed_fd);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_facts(channel *ch, daemon_facts *ret_facts) {
    assert_int_equal(read(ch->facts[0], ret_facts, sizeof *ret_facts), sizeof *ret_facts);
    assert_true(ret_facts->leads_session);
    assert_true(ret_facts->has_null_stdio);
    assert_true(ret_facts->keeps_folder);
    assert_true(ret_facts->closes_on_exec);
}

/* Lets the daemon go on to its end, and waits for that. */
static void end_daemon(channel *ch, pid_t pid) {
    close(ch->end[1]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ch->end[0]);
    close(ch->facts[0]);
    close(ch->facts[1]);
}

static void run_life(int closed_fd) {
    channel ch;
    open_channel(&ch);
    assert_int_equal(start_daemon(&ch, closed_fd), 0);

    /* The process that was started has ended: the file is complete. */
    daemon_facts facts;
    expect_facts(&ch, &facts);
    char text[64];
    snprintf(text, sizeof text, "%d\n", (int)facts.pid);
    expect_content("pid", text);
    snprintf(text, sizeof text, "Skein is already running, pid = %d.", (int)facts.pid);
    expect_failure("pid", text);
    assert_int_equal(start_daemon(&ch, -1), 1);

    end_daemon(&ch, facts.pid);
    assert_int_equal(access("pid", F_OK), -1);
}

static void test_life_of_a_daemon(void **state) {
    (void)state;
    run_life(-1);
}

/* Started with a standard descriptor closed: the pid file must not get its number. */
static void test_closed_stdio(void **state) {
    (void)state;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        run_life(fd);
}

static void test_after_a_crash(void **state) {
    (void)state;
    channel ch;
    open_channel(&ch);
    assert_int_equal(start_daemon(&ch, -1), 0);
    daemon_facts facts;
    expect_facts(&ch, &facts);
    assert_int_equal(write(ch.end[1], "x", 1), 1);
    end_daemon(&ch, facts.pid);
    assert_int_equal(access("pid", F_OK), 0);

    sk_daemon *daemon;
    char *error = NULL;
    assert_int_equal(sk_daemon_lock("pid", &daemon, &error), 0);
    sk_daemon_stop(daemon);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, enter_folder, leave_folder)
    const struct CMUnitTest tests[] = {
        TEST(test_write_and_remove),    TEST(test_new_file),
        TEST(test_trusts_the_lock),     TEST(test_no_file),
        TEST(test_replaced_file_stays), TEST(test_removed_after_chdir),
        TEST(test_life_of_a_daemon),    TEST(test_closed_stdio),
        TEST(test_after_a_crash),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
