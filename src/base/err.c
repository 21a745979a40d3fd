#include "base/err.h"
#include "base/util.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_owned(const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        invariant_failed("error text", __FILE__, __LINE__);
    struct str s = str_of(text);
    for (size_t at = 0, from = 0; at < s.len; from = at) { // clients take UTF-8 only, and values are cut somewhere
        if (utf8_next(s, &at) < 0)
            memset(text + from, '?', at - from);
    }
    return text;
}

static void replace(char **slot, char *text)
{
    free(*slot);
    *slot = text;
}

void err_reset(struct err *err)
{
    char **owned[] = {&err->message,    &err->detail,      &err->hint,      &err->context,        &err->schema_name,
                      &err->table_name, &err->column_name, &err->type_name, &err->constraint_name};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        free(*owned[i]);
    *err = ERR_INIT;
}

// Code of this thread's last error: what the functions that add to a record return when the caller wants none.
static _Thread_local int soft_code;

int err_set_at(struct err *err, int code, const char *file, int line, const char *fmt, ...)
{
    soft_code = code;
    if (err == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    char *message = format_owned(fmt, ap); // before the reset: arguments may point into the old record
    va_end(ap);
    err_reset(err);
    err->message = message;
    err->code = code;
    err->file = file;
    err->line = line;
    return code;
}

#define SET_FIELD(field)                             \
    do {                                             \
        if (err == NULL)                             \
            return soft_code;                        \
        va_list ap;                                  \
        va_start(ap, fmt);                           \
        replace(&err->field, format_owned(fmt, ap)); \
        va_end(ap);                                  \
        return err->code;                            \
    } while (0)

int err_detail(struct err *err, const char *fmt, ...)
{
    SET_FIELD(detail);
}

int err_hint(struct err *err, const char *fmt, ...)
{
    SET_FIELD(hint);
}

int err_context(struct err *err, const char *fmt, ...)
{
    if (err == NULL)
        return soft_code;
    va_list ap;
    va_start(ap, fmt);
    char *line = format_owned(fmt, ap);
    va_end(ap);
    char *joined = line;
    if (err->context != NULL && asprintf(&joined, "%s\n%s", err->context, line) < 0)
        invariant_failed("error text", __FILE__, __LINE__);
    if (joined != line)
        free(line);
    replace(&err->context, joined);
    return err->code;
}

int err_at(struct err *err, int position)
{
    if (err == NULL)
        return soft_code;
    err->position = position;
    return err->code;
}

static void set_name(char **slot, struct str s)
{
    if (s.ptr != NULL)
        replace(slot, str_dup_c(s));
}

void err_set_names(struct err *err, struct str schema, struct str table, struct str column, struct str constraint)
{
    if (err == NULL)
        return;
    set_name(&err->schema_name, schema);
    set_name(&err->table_name, table);
    set_name(&err->column_name, column);
    set_name(&err->constraint_name, constraint);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    if (err == NULL)
        return soft_code;
    va_list ap;
    va_start(ap, fmt);
    char *context = format_owned(fmt, ap);
    va_end(ap);
    char *joined = NULL;
    if (asprintf(&joined, "%s: %s", context, err->message != NULL ? err->message : "") < 0)
        invariant_failed("error text", __FILE__, __LINE__);
    free(context);
    replace(&err->message, joined);
    return err->code;
}

void err_take(struct err *to, struct err *from)
{
    if (to == NULL) {
        err_reset(from);
        return;
    }
    err_reset(to);
    *to = *from;
    *from = ERR_INIT;
}

void err_sqlstate(int code, char out[6])
{
    for (int i = 0; i < 5; i++)
        out[i] = (char)('0' + ((code >> (6 * i)) & 0x3F));
    out[5] = '\0';
}

int err_code_of(struct str s)
{
    if (s.len != 5)
        return 0;
    for (size_t i = 0; i < 5; i++) {
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')))
            return 0;
    }
    return ERR_PACK(s.ptr[0], s.ptr[1], s.ptr[2], s.ptr[3], s.ptr[4]);
}

const char *err_severity_name(enum err_severity s)
{
    static const char *const names[] = {"ERROR", "FATAL", "WARNING", "NOTICE", "INFO", "LOG", "DEBUG"};
    return names[s];
}
