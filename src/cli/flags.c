#include "cli/flags_int.h"
#include "base/err.h"
#include "base/buf.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct unit {
    const char *name;
    double factor;
};

static const struct unit duration_units[] = {
    {"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"K", 1024},
    {"KB", 1e3},
    {"KiB", 1024},
    {"M", 1048576},
    {"MB", 1e6},
    {"MiB", 1048576},
    {"G", 1073741824},
    {"GB", 1e9},
    {"GiB", 1073741824},
    {"TB", 1e12},
    {"TiB", 1099511627776.0},
};

const char *cli_getenv(const char *name)
{
    char variable[64];
    snprintf(variable, sizeof variable, "PALMETTO_%s", name);
    const char *value = getenv(variable);
    if (value == NULL) {
        snprintf(variable, sizeof variable, "COCKROACH_%s", name);
        value = getenv(variable);
    }
    return value;
}

void string_list_push(struct string_list *list, const char *item)
{
    list->items = mem_realloc(list->items, size_mul(sizeof *list->items, list->len + 1));
    list->items[list->len++] = item;
}

static const struct unit *unit_find(const struct unit *units, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqc(name, units[i].name))
            return &units[i];
    return NULL;
}

// Reads a decimal number at s[*at]; false when there is none.
static bool number_parse(struct str s, size_t *at, double *out)
{
    char digits[64];
    size_t n = 0;
    while (*at < s.len && n < sizeof digits - 1 && ((s.ptr[*at] >= '0' && s.ptr[*at] <= '9') || s.ptr[*at] == '.'))
        digits[n++] = s.ptr[(*at)++];
    digits[n] = '\0';
    char *end;
    *out = strtod(digits, &end);
    return n > 0 && *end == '\0';
}

bool duration_parse(struct str text, int64_t *out_ns)
{
    double total = 0;
    size_t at = 0;
    if (str_eqc(text, "0")) {
        *out_ns = 0;
        return true;
    }
    while (at < text.len) {
        double number;
        if (!number_parse(text, &at, &number))
            return false;
        size_t unit_start = at;
        while (at < text.len && text.ptr[at] != '.' && (text.ptr[at] < '0' || text.ptr[at] > '9'))
            at++;
        const struct unit *unit = unit_find(duration_units, ARRAY_LEN(duration_units), str_slice(text, unit_start, at));
        if (unit == NULL)
            return false;
        total += number * unit->factor;
    }
    *out_ns = (int64_t)total;
    return text.len > 0 && total < 9.2e18;
}

bool size_parse(struct str text, int64_t *out_bytes)
{
    size_t at = 0;
    double number;
    if (!number_parse(text, &at, &number))
        return false;
    struct str rest = str_slice(text, at, text.len);
    bool fraction = rest.len == 0 && number > 0 && number < 1;
    if (str_eqc(rest, "%") || fraction) {
        double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
        *out_bytes = (int64_t)(memory * (fraction ? number : number / 100));
        return number <= 100;
    }
    const struct unit *unit = unit_find(size_units, ARRAY_LEN(size_units), rest);
    if (unit == NULL || number * unit->factor > 9.2e18)
        return false;
    *out_bytes = (int64_t)(number * unit->factor);
    return true;
}

static bool bool_parse(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "1", "t", "TRUE", "True"};
    static const char *const no[] = {"false", "0", "f", "FALSE", "False"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static int value_invalid(const struct flag *flag, const char *value, const char *reason, struct err *err)
{
    if (flag->short_name != 0)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid argument \"%s\" for \"-%c, --%s\" flag: %s", value,
                       flag->short_name, flag->name, reason);
    return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid argument \"%s\" for \"--%s\" flag: %s", value, flag->name,
                   reason);
}

static int flag_apply(const struct flag *flag, const char *value, struct err *err)
{
    struct err reason = ERR_INIT;
    int rc = 0;
    switch (flag->kind) {
    case FLAG_KIND_BOOL:
        if (!bool_parse(value, flag->target))
            rc = value_invalid(flag, value, "must be true or false", err);
        break;
    case FLAG_KIND_STRING:
        *(const char **)flag->target = value;
        break;
    case FLAG_KIND_STRINGS:
        string_list_push(flag->target, value);
        break;
    case FLAG_KIND_INT:
        if (!str_to_i64(str_of(value), flag->target))
            rc = value_invalid(flag, value, "must be an integer", err);
        break;
    case FLAG_KIND_DURATION:
        if (!duration_parse(str_of(value), flag->target))
            rc = value_invalid(flag, value, "must be a duration such as 10s, 1m30s or 500ms", err);
        break;
    case FLAG_KIND_SIZE:
        if (!size_parse(str_of(value), flag->target))
            rc = value_invalid(flag, value, "must be a size such as 128MiB, 1GB or 25%", err);
        break;
    case FLAG_KIND_CUSTOM:
        if (flag->apply(flag->target, value, &reason) != 0)
            rc = value_invalid(flag, value, reason.message, err);
        err_reset(&reason);
        break;
    }
    return rc;
}

static bool flag_takes_value(const struct flag *flag)
{
    return flag->kind != FLAG_KIND_BOOL && !flag->optional_value;
}

static const struct flag *flag_by_name(const struct flag *flags, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqc(name, flags[i].name))
            return &flags[i];
    return NULL;
}

static const struct flag *flag_by_letter(const struct flag *flags, size_t n, char letter)
{
    for (size_t i = 0; i < n; i++)
        if (flags[i].short_name == letter)
            return &flags[i];
    return NULL;
}

struct parser {
    const struct flag *flags;
    size_t flags_len;
    int argc;
    char **argv;
    int at; // next argument
    bool help_wanted;
};

static int parse_long(struct parser *p, const char *text, struct err *err)
{
    struct str body = str_of(text + 2);
    ptrdiff_t equals = str_find(body, STR("="), 0);
    struct str name = equals < 0 ? body : str_slice(body, 0, (size_t)equals);
    if (str_eqc(name, "help")) {
        p->help_wanted = true;
        return 0;
    }
    const struct flag *flag = flag_by_name(p->flags, p->flags_len, name);
    if (flag == NULL)
        return err_set(err, ERR_SYNTAX_ERROR, "unknown flag: --%.*s", STR_FMT(name));
    if (equals >= 0)
        return flag_apply(flag, body.ptr + equals + 1, err);
    if (!flag_takes_value(flag))
        return flag_apply(flag, "true", err);
    if (p->at == p->argc)
        return err_set(err, ERR_SYNTAX_ERROR, "flag needs an argument: --%s", flag->name);
    return flag_apply(flag, p->argv[p->at++], err);
}

static int parse_short(struct parser *p, const char *text, struct err *err)
{
    for (const char *letter = text + 1; *letter != '\0'; letter++) {
        const struct flag *flag = flag_by_letter(p->flags, p->flags_len, *letter);
        if (flag == NULL && *letter == 'h') {
            p->help_wanted = true;
            continue;
        }
        if (flag == NULL)
            return err_set(err, ERR_SYNTAX_ERROR, "unknown shorthand flag: '%c' in %s", *letter, text);
        if (!flag_takes_value(flag)) {
            TRY(flag_apply(flag, "true", err));
            continue;
        }
        if (letter[1] != '\0')
            return flag_apply(flag, letter[1] == '=' ? letter + 2 : letter + 1, err);
        if (p->at == p->argc)
            return err_set(err, ERR_SYNTAX_ERROR, "flag needs an argument: '%c' in %s", *letter, text);
        return flag_apply(flag, p->argv[p->at++], err);
    }
    return 0;
}

static int parse_environment(const struct flag *flags, size_t flags_len, struct err *err)
{
    for (size_t i = 0; i < flags_len; i++) {
        const char *value = flags[i].env == NULL ? NULL : cli_getenv(flags[i].env);
        if (value != NULL && value[0] != '\0')
            TRY(flag_apply(&flags[i], value, err));
    }
    return 0;
}

int flags_parse(const struct flag *flags, size_t flags_len, int argc, char **argv, struct cli_args *args,
                bool *help_wanted, struct err *err)
{
    struct parser p = {.flags = flags, .flags_len = flags_len, .argc = argc, .argv = argv};
    struct string_list positional = {0};
    int rc = parse_environment(flags, flags_len, err);
    bool only_positional = false;
    while (rc == 0 && p.at < argc) {
        const char *text = argv[p.at++];
        if (only_positional || text[0] != '-' || text[1] == '\0')
            string_list_push(&positional, text);
        else if (strcmp(text, "--") == 0)
            only_positional = true;
        else
            rc = text[1] == '-' ? parse_long(&p, text, err) : parse_short(&p, text, err);
    }
    *args = (struct cli_args){positional.items, positional.len};
    *help_wanted = p.help_wanted;
    return rc;
}

void flags_print_help(const struct flag *flags, size_t flags_len)
{
    for (size_t i = 0; i < flags_len; i++) {
        const struct flag *f = &flags[i];
        char head[96], letter[8] = "    ";
        if (f->short_name != 0)
            snprintf(letter, sizeof letter, "-%c, ", f->short_name);
        snprintf(head, sizeof head, "  %s--%s%s%s", letter, f->name, f->value_name != NULL ? " " : "",
                 f->value_name != NULL ? f->value_name : "");
        printf("%-38s %s", head, f->help);
        if (f->env != NULL)
            printf(" [environment: PALMETTO_%s]", f->env);
        putchar('\n');
    }
    printf("%-38s %s\n", "  -h, --help", "print this help");
}
