/* mem_stat.c -- asks whichever allocator serves malloc in this process.
 *
 * The functions of mimalloc and jemalloc are weak: they are there if that library is. */
#include "base/mem_stat.h"

#include "base/defs.h"
#include "base/err.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Declared here since the headers of both are not needed to build. */
__attribute__((weak)) int mallctl(const char *name, void *old, size_t *old_size, void *new_value,
                                  size_t new_size);
__attribute__((weak)) void malloc_stats_print(void (*write)(void *, const char *), void *user,
                                              const char *options);
__attribute__((weak)) void mi_process_info(size_t *elapsed_ms, size_t *user_ms, size_t *system_ms,
                                           size_t *rss, size_t *rss_max, size_t *commit,
                                           size_t *commit_max, size_t *faults);
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes(void);
__attribute__((weak)) void mi_stats_print_out(void (*write)(const char *, void *), void *user);

/* jemalloc's number for "all arenas together" (MALLCTL_ARENAS_ALL). */
#define ALL_ARENAS "stats.arenas.4096."

const char *sk_mem_allocator(void) {
    return mallctl ? "jemalloc" : mi_process_info ? "mimalloc" : "libc";
}

/* ---- controls ---- */

static int control(const char *name, const void *new_value, void *ret_value, size_t size) {
    if (!mallctl)
        return SK_ESTATE;
    char old[sizeof(size_t)] = {0};
    size_t old_size = size;
    int err = mallctl(name, old, &old_size, (void *)(uintptr_t)new_value, new_value ? size : 0);
    if (err == 0)
        memcpy(ret_value, old, size);
    return -err;
}

int sk_mem_control_size(const char *name, const size_t *new_value, size_t *ret_value) {
    return control(name, new_value, ret_value, sizeof *ret_value);
}

int sk_mem_control_int(const char *name, const int *new_value, int *ret_value) {
    return control(name, new_value, ret_value, sizeof *ret_value);
}

int sk_mem_control_bool(const char *name, const bool *new_value, bool *ret_value) {
    return control(name, new_value, ret_value, sizeof *ret_value);
}

int sk_mem_control_run(const char *name) {
    return mallctl ? -mallctl(name, NULL, NULL, NULL, 0) : SK_ESTATE;
}

/* ---- statistics ---- */

/* Bytes of the process in physical memory. */
static size_t resident_size(void) {
    size_t total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%zu %zu", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t read_size(const char *name) {
    size_t value = 0;
    (void)sk_mem_control_size(name, NULL, &value); /* without statistics: 0 */
    return value;
}

/* jemalloc's figures are those of the last epoch: begins a new one. */
static void refresh(void) {
    uint64_t epoch = 1;
    size_t size = sizeof epoch;
    (void)mallctl("epoch", &epoch, &size, &epoch, size);
}

static void jemalloc_stat(sk_mem_stat *stat) {
    refresh();
    stat->allocated = read_size("stats.allocated");
    stat->active = read_size("stats.active");
    stat->mapped = read_size("stats.mapped");
    stat->retained = read_size("stats.retained");
}

static void mimalloc_stat(sk_mem_stat *stat) {
    size_t unused, commit = 0;
    mi_process_info(&unused, &unused, &unused, &unused, &unused, &commit, &unused, &unused);
    stat->allocated = stat->active = stat->mapped = commit;
}

static void libc_stat(sk_mem_stat *stat) {
    struct mallinfo2 info = mallinfo2();
    stat->allocated = info.uordblks + info.hblkhd;
    stat->active = stat->mapped = info.arena + info.hblkhd;
    stat->retained = info.fordblks;
}

void sk_mem_get_stat(sk_mem_stat *ret_stat) {
    sk_mem_stat stat = {.resident = resident_size()};
    if (mallctl)
        jemalloc_stat(&stat);
    else if (mi_process_info)
        mimalloc_stat(&stat);
    else
        libc_stat(&stat);
    if (__sanitizer_get_current_allocated_bytes) /* libc's allocator is not asked */
        stat.allocated = __sanitizer_get_current_allocated_bytes();
    *ret_stat = stat;
}

size_t sk_mem_block_count(void) {
    if (!mallctl)
        return 0;
    refresh();
    size_t made = read_size(ALL_ARENAS "small.nmalloc") + read_size(ALL_ARENAS "large.nmalloc");
    size_t freed = read_size(ALL_ARENAS "small.ndalloc") + read_size(ALL_ARENAS "large.ndalloc");
    return made > freed ? made - freed : 0;
}

static void write_stderr(const char *text, void *user) {
    (void)user;
    fputs(text, stderr);
}

void sk_mem_print_report(const char *options) {
    if (mallctl && malloc_stats_print)
        malloc_stats_print(NULL, NULL, options);
    else if (mi_stats_print_out)
        mi_stats_print_out(write_stderr, NULL);
    else
        malloc_stats();
}
