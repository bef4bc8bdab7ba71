/* mixer.c -- a native service that mixes the C library's memory with the runtime's.
 *
 * It answers "mix" with a block of strdup, given away; before, it has freed blocks of every
 * function with those of the other family. */
#include "skynet.h"

#include <stdlib.h>
#include <string.h>

static int is_aligned(const void *ptr, size_t alignment) {
    return ptr && (uintptr_t)ptr % alignment == 0;
}

static const char *mix_aligned(void) {
    void *ptr = NULL;
    void *small = skynet_memalign(2, 10);
    void *large = skynet_memalign(4096, 10);
    void *other = skynet_aligned_alloc(64, 128);
    int bad = skynet_posix_memalign(&ptr, 3, 10) == 0;
    if (skynet_posix_memalign(&ptr, 256, 10) != 0 || bad)
        return "posix_memalign";
    if (!is_aligned(small, 2) || !is_aligned(large, 4096) || !is_aligned(other, 64) ||
        !is_aligned(ptr, 256))
        return "alignment";
    free(small);
    free(large);
    free(other);
    free(ptr);
    return NULL;
}

static const char *mix(void) {
    char *a = skynet_malloc(10);
    char *b = malloc(10);
    char *c = skynet_calloc(5, 2);
    char *d = skynet_strdup("text");
    char *e = strdup("text");
    if (!a || !b || !c || !d || !e)
        return "no memory";
    if (c[0] || c[9] || strcmp(d, e) != 0)
        return "content";
    a = realloc(a, 1000);
    b = skynet_realloc(b, 1000);
    a[999] = b[999] = 1;
    free(a);
    skynet_free(b);
    free(c);
    free(d);
    skynet_free(e);
    skynet_free(NULL);
    a = skynet_lalloc(NULL, 0, 8);
    a = skynet_lalloc(a, 8, 16);
    a[15] = 1;
    return skynet_lalloc(a, 16, 0) ? "lalloc" : mix_aligned();
}

/* Each of these takes the block, though nothing is sent. */
static const char *refuse(struct skynet_context *context) {
    int type = PTYPE_TEXT | PTYPE_TAG_DONTCOPY;
    if (skynet_send(context, 0, 0, type, 0, strdup("to nobody"), 9) != -1 ||
        skynet_send(context, 0, 0xfffff0, type, 0, strdup("to the dead"), 11) != -1 ||
        skynet_send(context, 0, 0xfffff0, type, 0, strdup("large"), (size_t)1 << 56) != -2 ||
        skynet_sendname(context, 0, ".nobody", type, 0, strdup("no name"), 7) != -1 ||
        skynet_sendname(context, 0, ":nonsense", type, 0, strdup("handle 0"), 8) != -1 ||
        skynet_sendname(context, 0, "aGlobalNameTooLong", type, 0, strdup("x"), 1) != -1 ||
        skynet_sendname(context, 0, "GLOBAL", type, 0, strdup("y"), (size_t)1 << 56) != -2 ||
        skynet_sendname(context, 0, "GLOBAL", type, 0, strdup("kept"), 4) != 0 ||
        skynet_send(context, 0, 0x05000001, type, 0, strdup("dropped"), 7) != 0 ||
        skynet_send(context, 0, 1, type | PTYPE_TAG_ALLOCSESSION, 7, strdup("two"), 3) != -1 ||
        skynet_send(NULL, 1, 1, type | PTYPE_TAG_ALLOCSESSION, 0, strdup("no one"), 6) != -1)
        return "refused";
    return NULL;
}

static int on_message(struct skynet_context *context, void *ud, int type, int session,
                      uint32_t source, const void *msg, size_t sz) {
    (void)ud;
    (void)sz;
    if (type != PTYPE_TEXT)
        return 0;
    const char *error = mix();
    if (!error)
        error = refuse(context);
    char *text = strdup(error ? error : "mixed");
    skynet_send(context, 0, source, PTYPE_RESPONSE | PTYPE_TAG_DONTCOPY, session, text,
                strlen(text));
    free((void *)msg);
    return 1;
}

int mixer_init(void *instance, struct skynet_context *context, const char *parm) {
    (void)parm;
    skynet_callback(context, instance, on_message);
    return 0;
}
