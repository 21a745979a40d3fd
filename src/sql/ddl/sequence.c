// CREATE SEQUENCE and ALTER SEQUENCE.

#include "sql/analyze/analyze.h"
#include "sql/ddl/ddl_int.h"

struct cat_sequence sequence_defaults(void)
{
    return (struct cat_sequence){.type = T_INT8, .increment = 1, .min = 1, .max = INT64_MAX, .start = 1, .cache = 1};
}

int sequence_create(struct ddl_context *dc, const struct cat_database *d, const struct cat_schema *s, struct str name,
                    const struct cat_sequence *options, uint32_t *id, struct err *err)
{
    TRY(cat_new_id(dc->view, id, err));
    const struct cat_table t = {.id = *id,
                                .database_id = d->id,
                                .schema_id = s->id,
                                .name = name,
                                .kind = CAT_SEQUENCE,
                                .next_column_id = 1,
                                .next_index_id = 1,
                                .sequence = *options,
                                .acl = ddl_new_acl(dc, d, s, CAT_DEFAULTS_SEQUENCES, dc->scope.user, 0)};
    return cat_put_table(dc->view, &t, err);
}

// ---- options

// Which options were written: bounds and start follow the direction unless given, or when asked for (NO MINVALUE).
struct given {
    bool min, max, start, type, no_min, no_max;
};

static int number(const struct ast_option *o, int64_t *out, struct err *err)
{
    if (!ast_is(o->value, AST_NUMBER) || !ast_as_number(o->value)->fits_int64)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "invalid value for sequence option %.*s", STR_FMT(o->name));
    *out = ast_as_number(o->value)->value;
    return 0;
}

static int apply_type(struct cat_sequence *s, const struct ast_option *o, struct err *err)
{
    TRY(analyze_type(NULL, NULL, o->value, &s->type, err));
    if (!type_is(s->type, TYPE_INT))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "sequence type must be INT2, INT4 or INT8");
    return 0;
}

static int apply_restart(struct cat_sequence *s, const struct ast_option *o, struct sequence_request *request,
                         struct err *err)
{
    request->restart = true;
    request->restart_value = s->start;
    return o->value != NULL ? number(o, &request->restart_value, err) : 0;
}

static int apply_option(struct cat_sequence *s, const struct ast_option *o, struct given *given,
                        struct sequence_request *request, struct err *err)
{
    struct str name = o->name;
    if (str_eqc(name, "as")) {
        given->type = true;
        return apply_type(s, o, err);
    }
    if (str_eqc(name, "increment")) {
        TRY(number(o, &s->increment, err));
        return s->increment != 0 ? 0 : err_set(err, ERR_INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
    }
    if (str_eqc(name, "minvalue")) {
        given->min = o->value != NULL;
        given->no_min = o->value == NULL;
        return o->value != NULL ? number(o, &s->min, err) : 0;
    }
    if (str_eqc(name, "maxvalue")) {
        given->max = o->value != NULL;
        given->no_max = o->value == NULL;
        return o->value != NULL ? number(o, &s->max, err) : 0;
    }
    if (str_eqc(name, "start")) {
        given->start = true;
        return number(o, &s->start, err);
    }
    if (str_eqc(name, "restart"))
        return apply_restart(s, o, request, err);
    if (str_eqc(name, "cache") || str_eqc(name, "per session cache") || str_eqc(name, "per node cache")) {
        TRY(number(o, &s->cache, err));
        return s->cache >= 1 ? 0
                             : err_set(err, ERR_INVALID_PARAMETER_VALUE, "CACHE (%lld) must be greater than zero",
                                       (long long)s->cache);
    }
    if (str_eqc(name, "owned by")) {
        request->has_owner = true;
        request->owner = o->value != NULL && ast_is(o->value, AST_COLUMN_REF) ? ast_as_column_ref(o->value) : NULL;
        return 0;
    }
    if (str_eqc(name, "sequence name")) {
        request->name = ast_as_object_name(o->value);
        return 0;
    }
    if (str_eqc(name, "cycle") || str_eqc(name, "no cycle")) {
        s->cycle = str_eqc(name, "cycle");
        return 0;
    }
    if (str_eqc(name, "virtual")) {
        s->is_virtual = true;
        return 0;
    }
    return ddl_unimplemented(err, "sequence option %.*s", STR_FMT(name));
}

static void default_bounds(struct cat_sequence *s, const struct given *given, bool altering)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    bool up = s->increment > 0;
    if (s->type.width == 16)
        low = INT16_MIN, high = INT16_MAX;
    else if (s->type.width == 32)
        low = INT32_MIN, high = INT32_MAX;
    if (!given->min && (!altering || given->type || given->no_min))
        s->min = up ? 1 : low;
    if (!given->max && (!altering || given->type || given->no_max))
        s->max = up ? high : -1;
    if (!given->start && !altering)
        s->start = up ? s->min : s->max;
}

// The names that stand for one option.
static struct str option_kind(struct str name)
{
    if (str_eqc(name, "no cycle"))
        return STR("cycle");
    if (str_eqc(name, "per session cache") || str_eqc(name, "per node cache"))
        return STR("cache");
    return name;
}

static int check_once(const struct ast_list *options, struct err *err)
{
    for (size_t i = 0; i < options->n; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(option_kind(ast_as_option(options->items[i])->name),
                       option_kind(ast_as_option(options->items[k])->name)))
                return err_set(err, ERR_SYNTAX_ERROR, "conflicting or redundant options");
    return 0;
}

int sequence_apply_options(struct cat_sequence *s, const struct ast_list *options, bool altering,
                           struct sequence_request *request, struct err *err)
{
    struct given given = {0};
    TRY(check_once(options, err));
    for (size_t i = 0; i < options->n; i++)
        TRY(apply_option(s, ast_as_option(options->items[i]), &given, request, err));
    default_bounds(s, &given, altering);
    if (s->min > s->max)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "MINVALUE (%lld) must be less than MAXVALUE (%lld)",
                       (long long)s->min, (long long)s->max);
    if (s->start > s->max)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "START value (%lld) cannot be greater than MAXVALUE (%lld)",
                       (long long)s->start, (long long)s->max);
    if (s->start < s->min)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "START value (%lld) cannot be less than MINVALUE (%lld)",
                       (long long)s->start, (long long)s->min);
    return 0;
}

// ---- OWNED BY

static int set_column_ownership(struct ddl_context *dc, uint32_t table_id, uint32_t column_id, uint32_t sequence_id,
                                struct err *err)
{
    const struct cat_table *t;
    struct table_edit e;
    TRY(cat_table_by_id(dc->view, table_id, &t, err));
    if (t == NULL)
        return 0;
    edit_open(&e, dc->arena, t);
    struct cat_column *c = edit_column_by_id(&e, column_id);
    if (c != NULL)
        c->owns_sequence_id = sequence_id;
    return edit_save(&e, dc, err);
}

static int find_owner(struct ddl_context *dc, const struct ast_column_ref *owner, const struct cat_table **t,
                      const struct cat_column **c, struct err *err)
{
    struct str parts[3];
    size_t n = 0;
    if (owner->database.ptr != NULL)
        parts[n++] = owner->database;
    if (owner->schema.ptr != NULL)
        parts[n++] = owner->schema;
    if (owner->table.ptr == NULL)
        return err_set(err, ERR_SYNTAX_ERROR,
                       "invalid OWNED BY option: specify OWNED BY table.column or OWNED BY NONE");
    parts[n++] = owner->table;
    TRY(cat_resolve_table(dc->view, &dc->scope, parts, n, false, t, err));
    *c = cat_column_by_name(*t, owner->column);
    return *c != NULL ? 0
                      : err_set(err, ERR_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", STR_FMT(owner->column));
}

static int apply_owner(struct ddl_context *dc, uint32_t sequence_id, struct cat_sequence *s,
                       const struct sequence_request *request, struct err *err)
{
    const struct cat_table *t;
    const struct cat_column *c;
    if (!request->has_owner)
        return 0;
    if (s->owner_table_id != 0)
        TRY(set_column_ownership(dc, s->owner_table_id, s->owner_column_id, 0, err));
    s->owner_table_id = s->owner_column_id = 0;
    if (request->owner == NULL)
        return 0;
    TRY(find_owner(dc, request->owner, &t, &c, err));
    s->owner_table_id = t->id;
    s->owner_column_id = c->id;
    return set_column_ownership(dc, t->id, c->id, sequence_id, err);
}

// ---- statements

int ddl_create_sequence(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_create_sequence *s = ast_as_create_sequence(statement);
    struct cat_sequence sequence = sequence_defaults();
    struct sequence_request request = {0};
    struct ddl_target target;
    uint32_t id;
    TRY(ddl_find_target_in(dc, s->name, s->persistence == AST_PERSISTENCE_TEMPORARY, &target, out, err));
    if (target.existing != NULL) {
        out->changed_schema = false;
        return ddl_already_exists(dc, &target, s->if_not_exists, err);
    }
    TRY(sequence_apply_options(&sequence, &s->options, false, &request, err));
    TRY(sequence_create(dc, target.database, target.schema, target.name, &sequence, &id, err));
    if (!request.has_owner)
        return 0;
    TRY(apply_owner(dc, id, &sequence, &request, err));
    const struct cat_table *t;
    TRY(cat_table_by_id(dc->view, id, &t, err));
    struct cat_table owned = *t;
    owned.sequence = sequence;
    return cat_put_table(dc->view, &owned, err);
}

int sequence_alter(struct ddl_context *dc, const struct cat_table *t, const struct ast_list *options, struct err *err)
{
    struct sequence_request request = {0};
    struct cat_table changed = *t;
    TRY(sequence_apply_options(&changed.sequence, options, true, &request, err));
    TRY(apply_owner(dc, t->id, &changed.sequence, &request, err));
    TRY(cat_put_table(dc->view, &changed, err));
    return request.restart ? cat_sequence_set(dc->view, &changed, request.restart_value, false, err) : 0;
}

int ddl_alter_sequence(struct ddl_context *dc, const struct ast *statement, struct ddl_result *out, struct err *err)
{
    const struct ast_alter_sequence *s = ast_as_alter_sequence(statement);
    const struct cat_table *t;
    TRY(ddl_find_relation(dc, s->name, s->if_exists, &t, err));
    out->changed_schema = t != NULL;
    if (t == NULL)
        return 0;
    if (t->kind != CAT_SEQUENCE)
        return err_set(err, ERR_WRONG_OBJECT_TYPE, "\"%.*s\" is not a sequence", STR_FMT(t->name));
    TRY(ddl_need_table(dc, t, CAT_PRIVILEGE_CREATE, err));
    return sequence_alter(dc, t, &s->options, err);
}
