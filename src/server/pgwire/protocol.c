#include "server/pgwire/protocol.h"
#include "base/buf.h"
#include "base/util.h"

// ---- framing

static size_t body_bytes_max(enum framer_phase phase)
{
    return phase == FRAMER_REGULAR ? PROTOCOL_MESSAGE_BYTES_MAX + PROTOCOL_MESSAGE_BYTES_SLACK
                                   : PROTOCOL_LOGIN_BYTES_MAX;
}

static void advance(struct str *input, size_t n)
{
    *input = str_slice(*input, n, input->len);
}

static enum frame_result startup_frame(struct str *input, struct frame *out)
{
    if (input->len < 4)
        return FRAME_PARTIAL;
    uint32_t length = load_be32(input->ptr);
    if (length < PROTOCOL_STARTUP_BYTES_MIN || length > PROTOCOL_STARTUP_BYTES_MAX)
        return FRAME_INVALID;
    if (input->len < length)
        return FRAME_PARTIAL;
    *out = (struct frame){.body = str_slice(*input, 4, length), .declared_bytes = length - 4};
    advance(input, length);
    return FRAME_COMPLETE;
}

// True when the whole rest of a message too big is skipped.
static bool skip(struct framer *f, struct str *input)
{
    size_t n = MIN(f->skip_bytes, input->len);
    f->skip_bytes -= n;
    advance(input, n);
    return f->skip_bytes == 0;
}

enum frame_result framer_next(struct framer *f, struct str *input, struct frame *out)
{
    enum { HEADER_BYTES = 5 };
    if (!skip(f, input))
        return FRAME_PARTIAL;
    if (f->phase == FRAMER_STARTUP)
        return startup_frame(input, out);
    if (input->len < HEADER_BYTES)
        return FRAME_PARTIAL;
    int32_t length = (int32_t)load_be32(input->ptr + 1);
    if (length < 4)
        return FRAME_INVALID;
    size_t body = (size_t)length - 4;
    *out = (struct frame){.type = input->ptr[0], .declared_bytes = body};
    if (body > body_bytes_max(f->phase)) {
        advance(input, HEADER_BYTES);
        f->skip_bytes = body;
        skip(f, input);
        return FRAME_TOO_BIG;
    }
    if (input->len - HEADER_BYTES < body)
        return FRAME_PARTIAL;
    out->body = str_slice(*input, HEADER_BYTES, HEADER_BYTES + body);
    advance(input, HEADER_BYTES + body);
    return FRAME_COMPLETE;
}

// ---- reading inside a frame: fails stickily, checked once by reader_end

struct reader {
    struct str rest;
    bool failed;
};

static struct str read_bytes(struct reader *r, size_t n)
{
    if (r->failed || r->rest.len < n) {
        r->failed = true;
        return STR_EMPTY;
    }
    struct str bytes = str_slice(r->rest, 0, n);
    advance(&r->rest, n);
    return bytes;
}

static uint32_t read_u32(struct reader *r)
{
    struct str bytes = read_bytes(r, 4);
    return r->failed ? 0 : load_be32(bytes.ptr);
}

static uint16_t read_u16(struct reader *r)
{
    struct str bytes = read_bytes(r, 2);
    return r->failed ? 0 : load_be16(bytes.ptr);
}

static struct str read_string(struct reader *r)
{
    const char *end = r->failed || r->rest.len == 0 ? NULL : memchr(r->rest.ptr, 0, r->rest.len);
    if (end == NULL) {
        r->failed = true;
        return STR_EMPTY;
    }
    struct str s = str_slice(r->rest, 0, (size_t)(end - r->rest.ptr));
    advance(&r->rest, s.len + 1);
    return s;
}

// A count of items that take at least `item_bytes` each: never more than can be there.
static size_t read_count(struct reader *r, size_t item_bytes)
{
    size_t n = read_u16(r);
    if (n * item_bytes > r->rest.len)
        r->failed = true;
    return r->failed ? 0 : n;
}

static int reader_end(struct reader *r, const char *message, struct err *err)
{
    if (r->failed)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "insufficient data left in %s message", message);
    if (r->rest.len > 0)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "invalid %s message: %zu bytes left over", message, r->rest.len);
    return 0;
}

static int check_utf8(struct str text, struct err *err)
{
    if (utf8_valid(text))
        return 0;
    size_t at = 0, bad = 0;
    while (at < text.len) {
        bad = at;
        if (utf8_next(text, &at) < 0)
            break;
    }
    return err_set(err, ERR_CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": 0x%02x",
                   (unsigned char)text.ptr[bad]);
}

// ---- startup

static int add_parameter(struct arena *a, struct startup_message *m, struct str name, struct str value, struct err *err)
{
    TRY(check_utf8(name, err));
    TRY(check_utf8(value, err));
    // asyncpg sends the encoding in quotes.
    if (str_ieqc(name, "client_encoding") && value.len >= 2 && value.ptr[0] == '\'' && value.ptr[value.len - 1] == '\'')
        value = str_slice(value, 1, value.len - 1);
    m->parameters[m->n_parameters++] = (struct session_parameter){name, value};
    return 0;
}

// The next blank-separated word of `options`; a backslash takes the next character as it is.
static bool next_word(struct arena *a, struct str *rest, struct str *out)
{
    size_t i = 0, n = 0;
    while (i < rest->len && (rest->ptr[i] == ' ' || (rest->ptr[i] >= '\t' && rest->ptr[i] <= '\r')))
        i++;
    if (i == rest->len)
        return false;
    char *word = arena_alloc(a, rest->len - i);
    for (; i < rest->len && rest->ptr[i] != ' ' && !(rest->ptr[i] >= '\t' && rest->ptr[i] <= '\r'); i++) {
        if (rest->ptr[i] == '\\' && i + 1 < rest->len)
            i++;
        word[n++] = rest->ptr[i];
    }
    *out = (struct str){word, n};
    advance(rest, i);
    return true;
}

// "name=value"; dashes in the name stand for underscores, as in command lines.
static int add_option(struct arena *a, struct startup_message *m, struct str assignment, struct err *err)
{
    ptrdiff_t equals = str_find(assignment, STR("="), 0);
    if (equals <= 0)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "option \"%.*s\" is invalid, check '='", STR_FMT(assignment));
    char *name = arena_dup(a, assignment.ptr, (size_t)equals);
    for (ptrdiff_t i = 0; i < equals; i++)
        if (name[i] == '-')
            name[i] = '_';
    return add_parameter(a, m, (struct str){name, (size_t)equals},
                         str_slice(assignment, (size_t)equals + 1, assignment.len), err);
}

static int add_options(struct arena *a, struct startup_message *m, struct str options, struct err *err)
{
    struct str word;
    TRY(check_utf8(options, err));
    while (next_word(a, &options, &word)) {
        if (str_eqc(word, "-c")) {
            if (!next_word(a, &options, &word))
                return err_set(err, ERR_PROTOCOL_VIOLATION, "option \"-c\" is invalid, it needs name=value");
        } else if (str_has_prefix(word, STR("--")) || str_has_prefix(word, STR("-c"))) {
            word = str_slice(word, 2, word.len);
        } else {
            return err_set(err, ERR_PROTOCOL_VIOLATION, "option \"%.*s\" is invalid, must have prefix '-c' or '--'",
                           STR_FMT(word));
        }
        TRY(add_option(a, m, word, err));
    }
    return 0;
}

static int decode_parameters(struct arena *a, struct reader *r, struct startup_message *m, struct err *err)
{
    // Each takes at least two bytes of the body ("a=" in options, NUL and NUL otherwise).
    size_t max = r->rest.len / 2 + 1;
    m->parameters = ARENA_ARRAY(a, struct session_parameter, max);
    m->unknown_protocol_options = ARENA_ARRAY(a, struct str, max);
    for (;;) {
        struct str name = read_string(r);
        if (r->failed || name.len == 0)
            return reader_end(r, "startup", err);
        struct str value = read_string(r);
        if (str_eqc(name, "user"))
            m->user = value;
        else if (str_eqc(name, "database"))
            m->database = value;
        else if (str_eqc(name, "options"))
            TRY(add_options(a, m, value, err));
        else if (str_has_prefix(name, STR("_pq_.")))
            m->unknown_protocol_options[m->n_unknown_protocol_options++] = name;
        else
            TRY(add_parameter(a, m, name, value, err));
    }
}

int startup_decode(struct arena *a, struct str body, struct startup_message *out, struct err *err)
{
    struct reader r = {.rest = body};
    *out = (struct startup_message){.version = read_u32(&r), .user = STR_EMPTY, .database = STR_EMPTY};
    switch (out->version) {
    case PROTOCOL_CODE_SSL:
        out->kind = STARTUP_SSL;
        return reader_end(&r, "SSL request", err);
    case PROTOCOL_CODE_GSSENC:
        out->kind = STARTUP_GSSENC;
        return reader_end(&r, "GSSAPI encryption request", err);
    case PROTOCOL_CODE_CANCEL:
        out->kind = STARTUP_CANCEL;
        out->cancel_pid = (int32_t)read_u32(&r);
        out->cancel_secret = (int32_t)read_u32(&r);
        return reader_end(&r, "cancel request", err);
    }
    out->kind = STARTUP_SESSION;
    if (out->version >> 16 != 3)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "unsupported frontend protocol %u.%u: server supports 3.0 to 3.0", out->version >> 16,
                       out->version & 0xffff);
    TRY(decode_parameters(a, &r, out, err));
    TRY(check_utf8(out->user, err));
    TRY(check_utf8(out->database, err));
    if (out->user.len == 0)
        return err_set(err, ERR_INVALID_AUTHORIZATION_SPECIFICATION, "no user specified in startup packet");
    return 0;
}

// ---- messages

int query_decode(struct str body, struct str *text, struct err *err)
{
    struct reader r = {.rest = body};
    *text = read_string(&r);
    TRY(reader_end(&r, "Query", err));
    return check_utf8(*text, err);
}

int parse_decode(struct arena *a, struct str body, struct parse_message *out, struct err *err)
{
    struct reader r = {.rest = body};
    out->name = read_string(&r);
    out->text = read_string(&r);
    out->n_parameter_oids = read_count(&r, 4);
    out->parameter_oids = ARENA_ARRAY(a, uint32_t, out->n_parameter_oids);
    for (size_t i = 0; i < out->n_parameter_oids; i++)
        out->parameter_oids[i] = read_u32(&r);
    TRY(reader_end(&r, "Parse", err));
    TRY(check_utf8(out->name, err));
    return check_utf8(out->text, err);
}

static int16_t *read_formats(struct arena *a, struct reader *r, size_t *n)
{
    *n = read_count(r, 2);
    int16_t *formats = ARENA_ARRAY(a, int16_t, *n);
    for (size_t i = 0; i < *n; i++)
        formats[i] = (int16_t)read_u16(r);
    return formats;
}

static int check_formats(const int16_t *formats, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (formats[i] != 0 && formats[i] != 1)
            return err_set(err, ERR_PROTOCOL_VIOLATION, "unsupported format code: %d", formats[i]);
    return 0;
}

static bool is_text_parameter(const struct bind_arguments *m, size_t i)
{
    if (m->n_parameter_formats == 0)
        return true;
    return m->parameter_formats[m->n_parameter_formats == 1 ? 0 : i] == 0;
}

static int check_parameters(const struct bind_arguments *m, struct err *err)
{
    if (m->n_parameter_formats > 1 && m->n_parameter_formats != m->n_values)
        return err_set(err, ERR_PROTOCOL_VIOLATION, "bind message has %zu parameter formats but %zu parameters",
                       m->n_parameter_formats, m->n_values);
    for (size_t i = 0; i < m->n_values; i++)
        if (!m->values[i].null && is_text_parameter(m, i))
            TRY(check_utf8(m->values[i].bytes, err));
    return 0;
}

int bind_decode(struct arena *a, struct str body, struct bind_arguments *out, struct err *err)
{
    struct reader r = {.rest = body};
    out->portal = read_string(&r);
    out->statement = read_string(&r);
    out->parameter_formats = read_formats(a, &r, &out->n_parameter_formats);
    out->n_values = read_count(&r, 4);
    struct bind_value *values = ARENA_ARRAY(a, struct bind_value, out->n_values);
    for (size_t i = 0; i < out->n_values; i++) {
        int32_t length = (int32_t)read_u32(&r);
        values[i].null = length == -1;
        if (length < -1)
            r.failed = true;
        if (length >= 0)
            values[i].bytes = read_bytes(&r, (size_t)length);
    }
    out->values = values;
    out->result_formats = read_formats(a, &r, &out->n_result_formats);
    TRY(reader_end(&r, "Bind", err));
    TRY(check_formats(out->parameter_formats, out->n_parameter_formats, err));
    TRY(check_formats(out->result_formats, out->n_result_formats, err));
    return check_parameters(out, err);
}

int target_decode(struct str body, struct target_message *out, struct err *err)
{
    struct reader r = {.rest = body};
    struct str kind = read_bytes(&r, 1);
    out->kind = kind.len > 0 ? kind.ptr[0] : 0;
    out->name = read_string(&r);
    TRY(reader_end(&r, "Describe or Close", err));
    if (out->kind != 'S' && out->kind != 'P')
        return err_set(err, ERR_PROTOCOL_VIOLATION, "invalid Describe or Close message subtype %d", out->kind);
    return 0;
}

int execute_decode(struct str body, struct execute_message *out, struct err *err)
{
    struct reader r = {.rest = body};
    out->portal = read_string(&r);
    int32_t max_rows = (int32_t)read_u32(&r);
    out->max_rows = MAX(max_rows, 0); // negative: all, as PostgreSQL
    return reader_end(&r, "Execute", err);
}

int copy_fail_decode(struct str body, struct str *reason, struct err *err)
{
    struct reader r = {.rest = body};
    *reason = read_string(&r);
    TRY(reader_end(&r, "CopyFail", err));
    return check_utf8(*reason, err);
}

int sasl_initial_decode(struct str body, struct sasl_initial_message *out, struct err *err)
{
    struct reader r = {.rest = body};
    out->mechanism = read_string(&r);
    int32_t length = (int32_t)read_u32(&r);
    out->has_data = length >= 0;
    if (length < -1)
        r.failed = true;
    out->data = length >= 0 ? read_bytes(&r, (size_t)length) : STR_EMPTY;
    return reader_end(&r, "SASLInitialResponse", err);
}
