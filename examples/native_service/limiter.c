/* limiter.c -- a native service that limits rates: a token bucket for each key.
 *
 * "limiter RATE BURST" gives each key RATE tokens a second, at most BURST at a time. From Lua:
 *     skynet.call(limiter, "lua", "take", key [, count]) -> true | false, seconds to wait
 *     skynet.call(limiter, "lua", "stats")               -> { keys =, allowed =, refused = }
 * Buckets that are full again say no more than a key that was never seen: a timer drops them. */
#include "skein.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_MS 10000
#define KEY_LEN_MAX 128
/* Keys at a time: whoever makes up keys must not fill the memory. */
#define KEY_COUNT_MAX 1000000

typedef struct bucket bucket;
struct bucket {
    bucket *next;
    double tokens;
    uint64_t filled_ns; /* when `tokens` was right */
    size_t key_size;
    char key[];
};

typedef struct {
    double rate, burst;
    bucket **slots;
    size_t slot_count; /* a power of two */
    size_t key_count;
    uint64_t allowed, refused;
} limiter;

/* ---- Buckets ---- */

/* FNV-1a, by Fowler, Noll and Vo. */
static size_t hash(const char *key, size_t size) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)key[i]) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static bucket **slot_of(const limiter *self, const char *key, size_t size) {
    return &self->slots[hash(key, size) & (self->slot_count - 1)];
}

static void resize(limiter *self, size_t slot_count) {
    limiter wider = {.slots = calloc(slot_count, sizeof(bucket *)), .slot_count = slot_count};
    if (!wider.slots)
        abort();
    for (size_t i = 0; i < self->slot_count; i++) {
        while (self->slots[i]) {
            bucket *moved = self->slots[i];
            self->slots[i] = moved->next;
            bucket **slot = slot_of(&wider, moved->key, moved->key_size);
            moved->next = *slot;
            *slot = moved;
        }
    }
    free(self->slots);
    self->slots = wider.slots;
    self->slot_count = slot_count;
}

/* What the bucket holds at `now_ns`. */
static void fill(const limiter *self, bucket *b, uint64_t now_ns) {
    b->tokens += (double)(now_ns - b->filled_ns) / 1e9 * self->rate;
    if (b->tokens > self->burst)
        b->tokens = self->burst;
    b->filled_ns = now_ns;
}

/* The bucket of the key, new and full if there was none; NULL when there are too many. */
static bucket *find(limiter *self, const char *key, size_t size, uint64_t now_ns) {
    for (bucket *b = *slot_of(self, key, size); b; b = b->next)
        if (b->key_size == size && memcmp(b->key, key, size) == 0)
            return b;
    if (self->key_count == KEY_COUNT_MAX)
        return NULL;
    if (self->key_count == self->slot_count)
        resize(self, self->slot_count * 2);
    bucket *made = malloc(sizeof *made + size);
    if (!made)
        abort();
    *made = (bucket){.tokens = self->burst, .filled_ns = now_ns, .key_size = size};
    memcpy(made->key, key, size);
    bucket **slot = slot_of(self, key, size);
    made->next = *slot;
    *slot = made;
    self->key_count++;
    return made;
}

/* Drops the full buckets; with `all` every bucket. */
static void drop(limiter *self, uint64_t now_ns, bool all) {
    for (size_t i = 0; i < self->slot_count; i++) {
        for (bucket **link = &self->slots[i]; *link;) {
            bucket *b = *link;
            fill(self, b, now_ns);
            if (!all && b->tokens < self->burst) {
                link = &b->next;
                continue;
            }
            *link = b->next;
            free(b);
            self->key_count--;
        }
    }
}

/* ---- What Lua code asks for ---- */

/* key [, count] -> true | false, seconds */
static int take(limiter *self, skein_service *service, skein_reader *reader, skein_writer *answer) {
    const char *key;
    size_t size;
    double count = 1;
    if (skein_read_string(reader, &key, &size) < 0 || size > KEY_LEN_MAX)
        return SKEIN_EFORMAT;
    if (reader->next < reader->end && skein_read_number(reader, &count) < 0)
        return SKEIN_EFORMAT;
    if (!(count > 0 && count <= self->burst)) /* more than a bucket holds: never */
        return SKEIN_EINVAL;
    uint64_t now_ns = skein_now_ns(service);
    bucket *b = find(self, key, size, now_ns);
    if (!b)
        return SKEIN_ELIMIT;
    fill(self, b, now_ns);
    bool is_allowed = b->tokens >= count;
    skein_write_boolean(answer, is_allowed);
    if (is_allowed) {
        b->tokens -= count;
        self->allowed++;
    } else {
        skein_write_number(answer, (count - b->tokens) / self->rate);
        self->refused++;
    }
    return 0;
}

static void write_field(skein_writer *answer, const char *name, uint64_t number) {
    skein_write_string(answer, name, strlen(name));
    skein_write_integer(answer, (int64_t)number);
}

static int stats(const limiter *self, skein_writer *answer) {
    skein_write_table(answer, 0);
    write_field(answer, "keys", self->key_count);
    write_field(answer, "allowed", self->allowed);
    write_field(answer, "refused", self->refused);
    skein_write_end(answer);
    return 0;
}

static bool is_word(const char *text, size_t size, const char *word) {
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

static int message(skein_service *service, void *state, skein_message *message) {
    skein_reader reader;
    skein_writer answer = {0};
    const char *word;
    size_t size;
    if (message->type != SKEIN_LUA)
        return SKEIN_EINVAL;
    skein_read_begin(&reader, message->data, message->size);
    if (skein_read_string(&reader, &word, &size) < 0)
        return SKEIN_EFORMAT;
    int err = SKEIN_EINVAL;
    if (is_word(word, size, "take"))
        err = take(state, service, &reader, &answer);
    else if (is_word(word, size, "stats"))
        err = stats(state, &answer);
    if (err < 0) /* the caller gets an error; the reason is for the log */
        skein_log(service, SKEIN_WARNING, "limiter: %.*s: %s", (int)size, word,
                  skein_error_text(err));
    else /* who asked may be gone, and then nobody misses the answer */
        (void)skein_reply_values(service, skein_message_request(message), &answer);
    return err;
}

/* ---- Life ---- */

static void sweep(skein_service *service, void *user) {
    drop(user, skein_now_ns(service), false);
    (void)skein_after_ms(service, SWEEP_MS, sweep, user, NULL); /* fails in Lua modules only */
}

static int start(skein_service *service, const char *args, void **ret_state) {
    char *rest;
    double rate = strtod(args, &rest);
    double burst = strtod(rest, NULL);
    if (!(rate > 0) || !(burst >= 1)) {
        skein_log(service, SKEIN_FAILURE, "limiter RATE BURST, both positive; not \"%s\"", args);
        return SKEIN_EINVAL;
    }
    limiter *self = calloc(1, sizeof *self);
    if (!self)
        abort();
    self->rate = rate;
    self->burst = burst;
    resize(self, 64);
    *ret_state = self;
    return skein_after_ms(service, SWEEP_MS, sweep, self, NULL);
}

static void stop(skein_service *service, void *state) {
    limiter *self = state;
    drop(self, skein_now_ns(service), true);
    free(self->slots);
    free(self);
}

SKEIN_MODULE(limiter, .start = start, .stop = stop, .message = message);
