#include "server/pgwire/backend.h"

#include <stdio.h>

void backend_simple(struct buf *out, char type)
{
    buf_putc(out, type);
    buf_be32(out, 4);
}

size_t backend_begin(struct buf *out, char type)
{
    buf_putc(out, type);
    size_t at = out->len;
    buf_be32(out, 0);
    return at;
}

void backend_end(struct buf *out, size_t at)
{
    buf_patch_be32(out, at, (uint32_t)(out->len - at));
}

static void append_string(struct buf *out, struct str s)
{
    buf_str(out, s);
    buf_putc(out, 0);
}

void backend_authentication_ok(struct buf *out)
{
    buf_append(out, "R\0\0\0\10\0\0\0\0", 9);
}

void backend_negotiate_version(struct buf *out, uint32_t newest, const struct str *unknown, size_t n_unknown)
{
    size_t at = backend_begin(out, 'v');
    buf_be32(out, newest);
    buf_be32(out, (uint32_t)n_unknown);
    for (size_t i = 0; i < n_unknown; i++)
        append_string(out, unknown[i]);
    backend_end(out, at);
}

void backend_parameter_status(struct buf *out, const char *name, struct str value)
{
    size_t at = backend_begin(out, 'S');
    append_string(out, str_of(name));
    append_string(out, value);
    backend_end(out, at);
}

void backend_key_data(struct buf *out, int32_t pid, int32_t secret)
{
    size_t at = backend_begin(out, 'K');
    buf_be32(out, (uint32_t)pid);
    buf_be32(out, (uint32_t)secret);
    backend_end(out, at);
}

void backend_notification(struct buf *out, int32_t pid, struct str channel, struct str payload)
{
    size_t at = backend_begin(out, 'A');
    buf_be32(out, (uint32_t)pid);
    buf_str(out, channel);
    buf_putc(out, 0);
    buf_str(out, payload);
    buf_putc(out, 0);
    backend_end(out, at);
}

void backend_ready(struct buf *out, char transaction_status)
{
    buf_append(out, "Z\0\0\0\5", 5);
    buf_putc(out, transaction_status);
}

static void append_field(struct buf *out, char code, const char *value)
{
    if (value == NULL)
        return;
    buf_putc(out, code);
    append_string(out, str_of(value));
}

static void append_number_field(struct buf *out, char code, int value)
{
    char text[16];
    if (value <= 0)
        return;
    buf_putc(out, code);
    snprintf(text, sizeof(text), "%d", value);
    append_string(out, str_of(text));
}

static const char *base_name(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return slash != NULL ? slash + 1 : path;
}

static void append_fields(struct buf *out, char type, const struct err *err)
{
    char sqlstate[6];
    size_t at = backend_begin(out, type);
    err_sqlstate(err->code, sqlstate);
    append_field(out, 'S', err_severity_name(err->severity));
    append_field(out, 'V', err_severity_name(err->severity));
    append_field(out, 'C', sqlstate);
    append_field(out, 'M', err->message != NULL ? err->message : "");
    append_field(out, 'D', err->detail);
    append_field(out, 'H', err->hint);
    append_number_field(out, 'P', err->position);
    append_field(out, 'W', err->context);
    append_field(out, 's', err->schema_name);
    append_field(out, 't', err->table_name);
    append_field(out, 'c', err->column_name);
    append_field(out, 'd', err->type_name);
    append_field(out, 'n', err->constraint_name);
    append_field(out, 'F', base_name(err->file));
    append_number_field(out, 'L', err->line);
    append_field(out, 'R', err->routine);
    buf_putc(out, 0);
    backend_end(out, at);
}

void backend_error(struct buf *out, const struct err *err)
{
    append_fields(out, 'E', err);
}

void backend_notice(struct buf *out, const struct err *notice)
{
    append_fields(out, 'N', notice);
}

void backend_command_complete(struct buf *out, struct str tag)
{
    size_t at = backend_begin(out, 'C');
    append_string(out, tag);
    backend_end(out, at);
}

void backend_row_description(struct buf *out, const struct result_column *columns, size_t n, const int16_t *formats)
{
    size_t at = backend_begin(out, 'T');
    buf_be16(out, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        append_string(out, columns[i].name);
        buf_be32(out, columns[i].table_oid);
        buf_be16(out, (uint16_t)columns[i].attnum);
        buf_be32(out, columns[i].type.oid);
        buf_be16(out, (uint16_t)type_len(columns[i].type));
        buf_be32(out, (uint32_t)type_modifier(columns[i].type));
        buf_be16(out, formats != NULL ? (uint16_t)formats[i] : 0);
    }
    backend_end(out, at);
}

void backend_parameter_description(struct buf *out, const uint32_t *oids, size_t n)
{
    size_t at = backend_begin(out, 't');
    buf_be16(out, (uint16_t)n);
    for (size_t i = 0; i < n; i++)
        buf_be32(out, oids[i]);
    backend_end(out, at);
}

void backend_copy_response(struct buf *out, bool in, enum copy_format format, size_t n_columns)
{
    uint16_t code = format == COPY_FORMAT_BINARY ? 1 : 0;
    size_t at = backend_begin(out, in ? 'G' : 'H');
    buf_putc(out, (char)code);
    buf_be16(out, (uint16_t)n_columns);
    for (size_t i = 0; i < n_columns; i++)
        buf_be16(out, code);
    backend_end(out, at);
}

void backend_copy_data(struct buf *out, struct str bytes)
{
    size_t at = backend_begin(out, 'd');
    buf_str(out, bytes);
    backend_end(out, at);
}
