#include "cli/shell_int.h"
#include <stdlib.h>

static bool parse_bool(struct str text, bool *out)
{
    static const char *const names[] = {"true", "false", "on", "off", "yes", "no", "1", "0"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_ieqc(text, names[i])) {
            *out = i % 2 == 0;
            return true;
        }
    }
    return false;
}

static int set_bool(bool *target, struct str name, struct str value, struct err *err)
{
    if (value.ptr == NULL)
        *target = true;
    else if (!parse_bool(value, target))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\\set %.*s: \"%.*s\" is not true or false", STR_FMT(name),
                       STR_FMT(value));
    return 0;
}

static int set_int(int *target, int min, int max, struct str name, struct str value, struct err *err)
{
    int64_t number;
    if (value.ptr == NULL || !str_to_i64(value, &number) || number < min || number > max)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\\set %.*s: value must be a number from %d to %d",
                       STR_FMT(name), min, max);
    *target = (int)number;
    return 0;
}

static int set_format(enum display_format *target, struct str name, struct str value, struct err *err)
{
    if (value.ptr == NULL || !display_format_by_name(value, target))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "\\set %.*s: invalid table display format: %.*s",
                       STR_FMT(name), STR_FMT(value));
    return 0;
}

static void set_string(char **target, struct str value)
{
    mem_free(*target);
    *target = str_dup_c(value.ptr == NULL ? STR_EMPTY : value);
}

void shell_options_init(struct shell_options *options)
{
    *options = (struct shell_options){0};
#define OPTION_BOOL(name, initial, help) options->name = initial;
#define OPTION_INT(name, min, max, initial, help) options->name = initial;
#define OPTION_STRING(name, initial, help) options->name = str_dup_c(STR(initial));
#include "cli/shell_options.def"
}

void shell_options_release(struct shell_options *options)
{
#define OPTION_STRING(name, initial, help) mem_free(options->name);
#include "cli/shell_options.def"
}

int shell_option_set(struct shell_options *options, struct str name, struct str value, struct err *err)
{
#define OPTION_BOOL(option, initial, help) \
    if (str_eqc(name, #option))            \
        return set_bool(&options->option, name, value, err);
#define OPTION_INT(option, min, max, initial, help) \
    if (str_eqc(name, #option))                     \
        return set_int(&options->option, min, max, name, value, err);
#define OPTION_FORMAT(option, help) \
    if (str_eqc(name, #option))     \
        return set_format(&options->option, name, value, err);
#define OPTION_STRING(option, initial, help) \
    if (str_eqc(name, #option)) {            \
        set_string(&options->option, value); \
        return 0;                            \
    }
#include "cli/shell_options.def"
    return err_set(err, ERR_UNDEFINED_OBJECT, "unknown variable name: \"%.*s\"", STR_FMT(name));
}

int shell_option_reset(struct shell_options *options, struct str name, struct err *err)
{
    struct shell_options initial;
    shell_options_init(&initial);
    int rc = 0;
#define OPTION_BOOL(option, value, help)  \
    if (str_eqc(name, #option)) {         \
        options->option = initial.option; \
        goto done;                        \
    }
#define OPTION_INT(option, min, max, value, help) OPTION_BOOL(option, value, help)
#define OPTION_FORMAT(option, help) OPTION_BOOL(option, 0, help)
#define OPTION_STRING(option, value, help)        \
    if (str_eqc(name, #option)) {                 \
        set_string(&options->option, STR(value)); \
        goto done;                                \
    }
#include "cli/shell_options.def"
    rc = err_set(err, ERR_UNDEFINED_OBJECT, "unknown variable name: \"%.*s\"", STR_FMT(name));
done:
    shell_options_release(&initial);
    return rc;
}

static void print_option(struct formatter *f, const char *name, const char *value, const char *help)
{
    struct str row[] = {str_of(name), str_of(value), str_of(help)};
    formatter_row(f, row);
}

void shell_options_print(struct shell *sh)
{
    struct arena arena;
    arena_init(&arena, NULL);
    static const struct display_column columns[] = {{{"Option", 6}, COLUMN_ALIGN_LEFT},
                                                    {{"Value", 5}, COLUMN_ALIGN_LEFT},
                                                    {{"Description", 11}, COLUMN_ALIGN_LEFT}};
    struct formatter *f =
        formatter_begin(&arena, sh->out, sh->options.display_format, sh->options.border, columns, ARRAY_LEN(columns));
    const struct shell_options *o = &sh->options;
#define OPTION_BOOL(name, initial, help) print_option(f, #name, o->name ? "true" : "false", help);
#define OPTION_INT(name, min, max, initial, help) print_option(f, #name, arena_printf(&arena, "%d", o->name).ptr, help);
#define OPTION_FORMAT(name, help) print_option(f, #name, display_format_name(o->name), help);
#define OPTION_STRING(name, initial, help) print_option(f, #name, o->name, help);
#include "cli/shell_options.def"
    formatter_end(f);
    arena_release(&arena);
}
