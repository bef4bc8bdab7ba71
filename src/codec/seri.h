/* seri.h -- Lua values to bytes and back: the serialisation of skynet.pack and skynet.unpack.
 *
 * The format is a concatenation of values, each with a type byte; it is described in
 * docs/serialisation.md and shared with Skynet nodes, so every byte counts. The packer appends to
 * a buffer that belongs to the caller and survives a Lua error; `__pairs` may run Lua code that
 * packs into the same buffer behind what is there. Neither function yields.
 *
 * Thread: the one that runs the Lua state. */
#ifndef SK_CODEC_SERI_H
#define SK_CODEC_SERI_H

#include "base/buffer.h"

#include <lua.h>

/* Tables of a stream whose number of hash entries travels beside it. */
#define SK_SERI_HINT_COUNT 6

/* Appends the values at stack indices first..last (absolute) to `out`, beginning at out->len, and
 * moves out->len. ret_hints (SK_SERI_HINT_COUNT bytes, or NULL) gets the number of hash entries of
 * the first tables in stream order (of their head bytes); 255 for more, and where there is no such
 * table.
 * Raises a Lua error for an unsupported type, too deep nesting, and what `__pairs` raises; out->len
 * is then anything, and the caller sets it back. While `__pairs` runs, out->len is behind what was
 * written so far, and is set back when it returns; what it appended meanwhile is overwritten, and
 * out->data may have moved. The buffer must not shrink meanwhile. Afterwards out->data is never
 * NULL. Leaves the Lua stack as it was; makes room on it by itself. */
void sk_seri_pack(lua_State *L, int first, int last, sk_buffer *out, uint8_t *ret_hints);

/* Free stack slots that sk_seri_unpack may count on. */
#define SK_SERI_FREE_SLOTS 8

/* Pushes all values of the stream and returns their number; makes room on the stack by itself,
 * beyond SK_SERI_FREE_SLOTS slots that the caller has.
 * hints is what sk_seri_pack gave for this stream, or NULL; wrong ones cost time and memory only.
 * Raises a Lua error beginning with "Invalid serialize stream" for malformed data; for data NULL
 * and a size "deserialize null pointer". Memory use is bounded by the stream's size. The data must
 * stay while this runs: finalizers may run Lua code. */
int sk_seri_unpack(lua_State *L, const void *data, size_t size, const uint8_t *hints);

#endif
