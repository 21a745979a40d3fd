// JSON: written as it comes, and fields of bodies.
#include "server/api/api_int.h"
#include "types/datetime.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static void before_value(struct jw *w)
{
    if (!w->after_key && w->comma[w->depth])
        buf_putc(w->out, ',');
    w->after_key = false;
    w->comma[w->depth] = true;
}

static void open_container(struct jw *w, char opener, char closer)
{
    before_value(w);
    buf_putc(w->out, opener);
    INVARIANT(w->depth < JW_DEPTH_MAX);
    w->depth++;
    w->comma[w->depth] = false;
    w->closer[w->depth] = closer;
}

void jw_object(struct jw *w)
{
    open_container(w, '{', '}');
}

void jw_array(struct jw *w)
{
    open_container(w, '[', ']');
}

void jw_end(struct jw *w)
{
    buf_putc(w->out, w->closer[w->depth--]);
}

void jw_key_str(struct jw *w, struct str key)
{
    before_value(w);
    json_print_string(w->out, key);
    buf_putc(w->out, ':');
    w->after_key = true;
}

void jw_key(struct jw *w, const char *key)
{
    jw_key_str(w, str_of(key));
}

void jw_raw(struct jw *w, struct str json)
{
    before_value(w);
    buf_str(w->out, json);
}

void jw_null(struct jw *w)
{
    jw_raw(w, STR("null"));
}

void jw_bool(struct jw *w, bool v)
{
    jw_raw(w, v ? STR("true") : STR("false"));
}

void jw_i64(struct jw *w, int64_t v)
{
    before_value(w);
    buf_printf(w->out, "%" PRId64, v);
}

void jw_double(struct jw *w, double v)
{
    before_value(w);
    if (isfinite(v))
        buf_printf(w->out, "%.15g", v);
    else
        buf_cstr(w->out, "null");
}

void jw_str(struct jw *w, struct str v)
{
    if (v.ptr == NULL) {
        jw_null(w);
        return;
    }
    before_value(w);
    json_print_string(w->out, v);
}

void jw_time(struct jw *w, int64_t micros)
{
    struct buf text = BUF_INIT;
    if (micros == 0) {
        jw_null(w);
        return;
    }
    timestamptz_print(&text, micros, NULL);
    jw_sql_time(w, buf_view(&text));
    buf_release(&text);
}

// "2026-11-27 20:00:00.5+00" to "2026-11-27T20:00:00.5Z".
void jw_sql_time(struct jw *w, struct str text)
{
    if (text.ptr == NULL || text.len < 19 || text.ptr[10] != ' ') {
        jw_str(w, text);
        return;
    }
    ptrdiff_t plus = str_find(text, STR("+"), 10);
    size_t end = plus < 0 ? text.len : (size_t)plus;
    before_value(w);
    buf_printf(w->out, "\"%.*sT%.*sZ\"", 10, text.ptr, (int)(end - 11), text.ptr + 11);
}

void jw_sql_number(struct jw *w, struct str text)
{
    bool plain = text.ptr != NULL && text.len > 0;
    for (size_t i = 0; plain && i < text.len; i++)
        plain = strchr("0123456789+-.eE", text.ptr[i]) != NULL;
    if (plain)
        jw_raw(w, text);
    else
        jw_str(w, text);
}

void jw_sql_bool(struct jw *w, struct str text)
{
    if (text.ptr == NULL)
        jw_null(w);
    else
        jw_bool(w, str_eqc(text, "t") || str_eqc(text, "true"));
}

static void optional_text(struct jw *w, const char *key, const char *text)
{
    if (text == NULL)
        return;
    jw_key(w, key);
    jw_str(w, str_of(text));
}

void jw_err(struct jw *w, const struct err *err)
{
    char code[6];
    err_sqlstate(err->code, code);
    jw_object(w);
    optional_text(w, "code", code);
    optional_text(w, "message", err->message != NULL ? err->message : "");
    optional_text(w, "severity", err_severity_name(err->severity));
    optional_text(w, "detail", err->detail);
    optional_text(w, "hint", err->hint);
    optional_text(w, "constraint", err->constraint_name);
    if (err->position != 0) {
        jw_key(w, "position");
        jw_i64(w, err->position);
    }
    jw_end(w);
}

// Numbers that a double holds exactly stay numbers; a browser would round the others.
static bool is_exact_in_double(struct str text)
{
    char digits[40], again[40];
    if (text.len >= sizeof(digits) - 1)
        return false;
    snprintf(digits, sizeof(digits), "%.*s", STR_FMT(text));
    double v = strtod(digits, NULL);
    if (!isfinite(v))
        return false;
    snprintf(again, sizeof(again), "%.15g", v);
    return strtod(again, NULL) == v && text.len <= 16;
}

static int datum_as_json(struct jw *w, struct arena *a, struct type t, struct datum d, const struct value_context *vc,
                         struct err *err)
{
    struct json_builder b;
    struct buf text = BUF_INIT;
    struct str value;
    json_builder_init(&b);
    int rc = json_add_datum(&b, t, d, vc, err);
    if (rc == 0)
        rc = json_builder_finish(&b, a, &value, err);
    if (rc == 0) {
        json_print(&text, value);
        jw_raw(w, buf_view(&text));
    }
    json_builder_release(&b);
    buf_release(&text);
    return rc;
}

int jw_datum(struct jw *w, struct arena *a, struct type t, struct datum d, const struct value_context *vc,
             struct err *err)
{
    bool number = t.family == TYPE_INT || t.family == TYPE_DECIMAL;
    if (d.null) {
        jw_null(w);
        return 0;
    }
    if (!number)
        return datum_as_json(w, a, t, d, vc, err);
    struct buf text = BUF_INIT;
    datum_print(&text, t, d, vc);
    if (is_exact_in_double(buf_view(&text)))
        jw_sql_number(w, buf_view(&text));
    else
        jw_str(w, buf_view(&text));
    buf_release(&text);
    return 0;
}

// ---- bodies

bool body_str(struct str object, const char *key, struct str *out)
{
    struct str value;
    *out = (struct str){0};
    if (!json_get_key(object, str_of(key), &value) || json_kind(value) != JSON_STRING)
        return false;
    *out = json_string_value(value);
    return true;
}

int body_need_str(struct str object, const char *key, struct str *out, struct err *err)
{
    if (body_str(object, key, out))
        return 0;
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the body needs a string \"%s\"", key);
}

bool body_bool(struct str object, const char *key)
{
    struct str value;
    return json_get_key(object, str_of(key), &value) && json_kind(value) == JSON_TRUE;
}

bool body_i64(struct str object, const char *key, int64_t *out)
{
    struct str value;
    if (!json_get_key(object, str_of(key), &value) || json_kind(value) != JSON_NUMBER)
        return false;
    struct buf text = BUF_INIT;
    json_print(&text, value);
    bool fits = str_to_i64(buf_view(&text), out);
    buf_release(&text);
    return fits;
}
