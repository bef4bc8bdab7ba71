/* channel.c -- the table of line pipes. */
#include "lua/channel.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"

#include <string.h>

typedef struct {
    sk_link link;
    size_t size;
    char text[];
} line;

typedef struct {
    sk_link lines; /* oldest first */
    uint32_t line_count;
    size_t size;
    bool is_open[2];     /* by side; a reader that has never been is open, too */
    sk_handle holder[2]; /* by side; none: nobody yet */
} channel;

struct sk_channels {
    sk_lock lock; /* over all the rest */
    sk_map by_id;
    int32_t last_id;
};

sk_channels *sk_channels_new(void) {
    sk_channels *channels = sk_new(sk_channels);
    sk_lock_init(&channels->lock);
    return channels;
}

static void channel_free(channel *take_channel) {
    for (sk_link *link; (link = sk_list_pop(&take_channel->lines));)
        sk_free(SK_CONTAINER(link, line, link));
    sk_free(take_channel);
}

void sk_channels_free(sk_channels *take_channels) {
    if (!take_channels)
        return;
    uint32_t cursor = 0;
    uint64_t id;
    for (void *value; sk_map_next(&take_channels->by_id, &cursor, &id, &value);)
        channel_free(value);
    sk_map_done(&take_channels->by_id);
    sk_lock_done(&take_channels->lock);
    sk_free(take_channels);
}

/* Lock held. */
static channel *find(const sk_channels *channels, int32_t id) {
    return id > 0 ? sk_map_get(&channels->by_id, (uint64_t)id) : NULL;
}

/* Lock held. */
static int32_t add(sk_channels *channels, sk_handle writer) {
    if (channels->by_id.count >= SK_CHANNEL_COUNT_MAX)
        return SK_ELIMIT;
    do
        channels->last_id = channels->last_id == INT32_MAX ? 1 : channels->last_id + 1;
    while (find(channels, channels->last_id));
    channel *new = sk_new(channel);
    sk_list_init(&new->lines);
    new->is_open[SK_CHANNEL_WRITER] = new->is_open[SK_CHANNEL_READER] = true;
    new->holder[SK_CHANNEL_WRITER] = writer;
    (void)sk_map_put(&channels->by_id, (uint64_t)channels->last_id, new);
    return channels->last_id;
}

int32_t sk_channel_create(sk_channels *channels, sk_handle writer) {
    sk_lock_acquire(&channels->lock);
    int32_t id = add(channels, writer);
    sk_lock_release(&channels->lock);
    return id;
}

/* Lock held. */
static int connect_reader(channel *self, sk_handle reader) {
    if (!self || !self->is_open[SK_CHANNEL_WRITER])
        return SK_ENOENT;
    if (!self->is_open[SK_CHANNEL_READER] || !sk_handle_is_none(self->holder[SK_CHANNEL_READER]))
        return SK_EEXIST;
    self->holder[SK_CHANNEL_READER] = reader;
    return 0;
}

int sk_channel_connect(sk_channels *channels, int32_t id, sk_handle reader) {
    sk_lock_acquire(&channels->lock);
    int err = connect_reader(find(channels, id), reader);
    sk_lock_release(&channels->lock);
    return err;
}

/* Lock held. */
static int push(channel *self, line *take_line) {
    int err = 0;
    if (!self || !self->is_open[SK_CHANNEL_READER])
        err = SK_ECLOSED;
    else if (self->line_count >= SK_CHANNEL_LINE_COUNT_MAX ||
             take_line->size > SK_CHANNEL_SIZE_MAX - self->size)
        err = SK_ELIMIT;
    if (err < 0) {
        sk_free(take_line);
        return err;
    }
    self->line_count++;
    self->size += take_line->size;
    sk_list_push(&self->lines, &take_line->link);
    return 0;
}

int sk_channel_write(sk_channels *channels, int32_t id, const char *text, size_t size,
                     sk_handle *ret_reader) {
    if (size > SK_CHANNEL_SIZE_MAX)
        return SK_ELIMIT;
    line *new = sk_malloc(sizeof *new + size + 1);
    sk_list_init(&new->link);
    new->size = size;
    memcpy(new->text, text, size);
    new->text[size] = '\0';
    sk_lock_acquire(&channels->lock);
    channel *self = find(channels, id);
    int err = push(self, new);
    if (err == 0)
        *ret_reader = self->holder[SK_CHANNEL_READER];
    sk_lock_release(&channels->lock);
    return err;
}

/* Lock held. */
static int pop(channel *self, line **ret_line) {
    if (!self)
        return SK_ECLOSED;
    sk_link *link = sk_list_pop(&self->lines);
    if (!link)
        return self->is_open[SK_CHANNEL_WRITER] ? SK_EAGAIN : SK_ECLOSED;
    *ret_line = SK_CONTAINER(link, line, link);
    self->line_count--;
    self->size -= (*ret_line)->size;
    return 0;
}

int sk_channel_read(sk_channels *channels, int32_t id, char **ret_line, size_t *ret_size) {
    line *oldest = NULL;
    sk_lock_acquire(&channels->lock);
    int err = pop(find(channels, id), &oldest);
    sk_lock_release(&channels->lock);
    if (err < 0)
        return err;
    *ret_line = sk_memdup_text(oldest->text, oldest->size);
    *ret_size = oldest->size;
    sk_free(oldest);
    return 0;
}

/* What a read would find. */
static void look(sk_channels *channels, int32_t id, bool *ret_has_line, bool *ret_is_closed) {
    sk_lock_acquire(&channels->lock);
    const channel *self = find(channels, id);
    *ret_has_line = self && !sk_list_is_empty(&self->lines);
    *ret_is_closed = !*ret_has_line && (!self || !self->is_open[SK_CHANNEL_WRITER]);
    sk_lock_release(&channels->lock);
}

bool sk_channel_is_ready(sk_channels *channels, int32_t id) {
    bool has_line, is_closed;
    look(channels, id, &has_line, &is_closed);
    return has_line || is_closed;
}

bool sk_channel_is_closed(sk_channels *channels, int32_t id) {
    bool has_line, is_closed;
    look(channels, id, &has_line, &is_closed);
    return is_closed;
}

/* Lock held. The channel when it is gone from the table. */
static channel *close_end(sk_channels *channels, int32_t id, sk_channel_side side,
                          sk_handle *ret_other) {
    channel *self = find(channels, id);
    if (!self)
        return NULL;
    sk_channel_side other = side == SK_CHANNEL_WRITER ? SK_CHANNEL_READER : SK_CHANNEL_WRITER;
    self->is_open[side] = false;
    if (self->is_open[other])
        *ret_other = self->holder[other];
    /* A reader that has never been will not come any more. */
    if (self->is_open[other] && !sk_handle_is_none(self->holder[other]))
        return NULL;
    (void)sk_map_take(&channels->by_id, (uint64_t)id);
    return self;
}

sk_handle sk_channel_release(sk_channels *channels, int32_t id, sk_channel_side side) {
    sk_handle other = SK_HANDLE_NONE;
    sk_lock_acquire(&channels->lock);
    channel *gone = close_end(channels, id, side, &other);
    sk_lock_release(&channels->lock);
    if (gone)
        channel_free(gone);
    return other;
}
