/* fuzz_netpack.c -- any bytes as a stream of packets, whole and in pieces.
 *
 * The first byte chooses the style and the size of the pieces. Both ways must give the same
 * packets, and must agree on whether the stream is broken. */
#include "base/assert.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "codec/netpack.h"

/* Memory follows what came, not what a header announces. */
#define PARTIAL_CAP_MAX(stream_size) (2 * (stream_size) + 64)

/* Parses; the packets are appended to `out`. Returns what the last call did. */
static int parse(int style, sk_netpack_input stream, size_t piece_max, sk_buffer *out) {
    sk_netpack pack;
    int result = 0;
    size_t stream_size = stream.size;
    sk_netpack_init(&pack, style);
    while (stream.size && result == 0) {
        size_t piece = stream.size < piece_max ? stream.size : piece_max;
        sk_netpack_input input = {stream.data, piece};
        sk_netpack_packet packet;
        while ((result = sk_netpack_next(&pack, &input, &packet)) > 0) {
            sk_assert(packet.size > 0 && packet.size < SK_NETPACK_SIZE_MAX);
            sk_buffer_append(out, &packet.size, sizeof packet.size);
            sk_buffer_append(out, packet.data, packet.size);
        }
        sk_assert(result == SK_ETOOBIG || input.size == 0);
        sk_assert(pack.partial_cap <= PARTIAL_CAP_MAX(stream_size));
        stream.data += piece;
        stream.size -= piece;
    }
    sk_netpack_done(&pack);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    int style = data[0] & 1 ? 4 : 2;
    size_t piece_max = 1u + (data[0] >> 1);
    sk_netpack_input stream = {data + 1, size - 1};
    sk_buffer whole = {0}, pieces = {0};
    int whole_result = parse(style, stream, SIZE_MAX, &whole);
    int pieces_result = parse(style, stream, piece_max, &pieces);
    sk_assert(whole_result == pieces_result);
    sk_assert(whole.len == pieces.len);
    sk_assert(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
    sk_buffer_done(&whole);
    sk_buffer_done(&pieces);
    return 0;
}
