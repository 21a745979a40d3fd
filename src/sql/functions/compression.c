// compress() and decompress(): gzip (RFC 1952) by zlib, Zstandard frames (RFC 8878) by libzstd. Several members or
// frames one after the other are read as one. What comes out is bounded like every computed string.
#include "sql/functions/functions_int.h"
#include <zlib.h>
#include <zstd.h>

enum { CHUNK_BYTES = 64 << 10, GZIP_WINDOW = 15 + 16 }; // 16: gzip's header and trailer around deflate's 15 bits

struct codec {
    const char *name;
    bool (*compress)(struct str in, struct buf *out);
    bool (*decompress)(struct str in, struct buf *out); // false: the input is damaged, or out has failed
};

static bool gzip_compress(struct str in, struct buf *out)
{
    char chunk[CHUNK_BYTES];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    int rc = Z_OK;
    while (rc == Z_OK) {
        z.next_out = (Bytef *)chunk;
        z.avail_out = sizeof(chunk);
        rc = deflate(&z, Z_FINISH);
        buf_append(out, chunk, sizeof(chunk) - z.avail_out);
    }
    deflateEnd(&z);
    return rc == Z_STREAM_END;
}

static bool gzip_decompress(struct str in, struct buf *out)
{
    char chunk[CHUNK_BYTES];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.ptr, .avail_in = (uInt)in.len};
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    int rc = Z_OK;
    while (rc == Z_OK && !out->failed) {
        z.next_out = (Bytef *)chunk;
        z.avail_out = sizeof(chunk);
        rc = inflate(&z, Z_NO_FLUSH);
        buf_append(out, chunk, sizeof(chunk) - z.avail_out);
        if (rc == Z_STREAM_END && z.avail_in > 0) // the next member
            rc = inflateReset(&z);
    }
    inflateEnd(&z);
    return rc == Z_STREAM_END;
}

static bool zstd_compress(struct str in, struct buf *out)
{
    size_t room = ZSTD_compressBound(in.len);
    if (!buf_reserve(out, room))
        return false;
    size_t n = ZSTD_compress(out->ptr, room, in.ptr, in.len, ZSTD_CLEVEL_DEFAULT);
    out->len = ZSTD_isError(n) ? 0 : n;
    return !ZSTD_isError(n);
}

static bool zstd_decompress(struct str in, struct buf *out)
{
    char chunk[CHUNK_BYTES];
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in.ptr, in.len, 0};
    size_t wanted = 1; // 0: at the end of a frame
    bool full = true;
    while (!ZSTD_isError(wanted) && !out->failed && (full || from.pos < from.size)) {
        ZSTD_outBuffer to = {chunk, sizeof(chunk), 0};
        wanted = ZSTD_decompressStream(z, &to, &from);
        full = !ZSTD_isError(wanted) && to.pos == to.size;
        buf_append(out, chunk, to.pos);
    }
    ZSTD_freeDStream(z);
    return wanted == 0;
}

static const struct codec codecs[] = {
    {"gzip", gzip_compress, gzip_decompress},
    {"zstd", zstd_compress, zstd_decompress},
};

static int find_codec(struct str name, const struct codec **out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        *out = &codecs[i];
        if (str_ieqc(name, codecs[i].name))
            return 0;
    }
    if (str_ieqc(name, "lz4") || str_ieqc(name, "snappy"))
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED, "unimplemented: compression codec '%.*s'", STR_FMT(name));
    return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                   "only 'gzip', 'lz4', 'snappy', or 'zstd' compression codecs are supported");
}

BODY(compress_bytes)
{
    const struct codec *codec;
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    TRY(find_codec(args[1].s, &codec, err));
    if (codec->compress(args[0].s, &b) || b.failed)
        return fn_return_buf(ec, &b, out, err);
    buf_release(&b);
    return err_set(err, ERR_INTERNAL_ERROR, "%s cannot compress this", codec->name);
}

BODY(decompress_bytes)
{
    const struct codec *codec;
    struct buf b = {.max = FN_STRING_BYTES_MAX};
    TRY(find_codec(args[1].s, &codec, err));
    if (codec->decompress(args[0].s, &b) || b.failed)
        return fn_return_buf(ec, &b, out, err);
    buf_release(&b);
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "failed to decompress: invalid %s data", codec->name);
}

static const struct fn_row rows[] = {
#include "sql/functions/compression.def"
};
const struct fn_family fn_family_compression = {"STRING AND BYTE", rows, ARRAY_LEN(rows)};
