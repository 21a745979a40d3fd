#include "catalog/text.h"
#include "types/aclitem.h"
#include "sql/parse/ast.h"
#include "sql/parse/ast_print.h"
#include "sql/parse/parse.h"

static void put_column_name(struct buf *out, const struct cat_table *t, uint32_t id)
{
    const struct cat_column *c = cat_column_by_id(t, id);
    if (c != NULL)
        print_identifier(out, c->name);
}

void cat_text_columns(struct buf *out, const struct cat_table *t, const uint32_t *column_ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_cstr(out, i > 0 ? ", " : "");
        put_column_name(out, t, column_ids[i]);
    }
}

// Calls stand as they are, everything else in parentheses.
static void put_expression(struct buf *out, struct str sql)
{
    struct arena a;
    struct ast *node;
    arena_init(&a, NULL);
    bool call = parse_expr(&a, sql, &node, NULL) == 0 && ast_is(node, AST_FUNC_CALL);
    buf_printf(out, call ? "%.*s" : "(%.*s)", STR_FMT(sql));
    arena_release(&a);
}

static void put_index_columns(struct buf *out, const struct cat_table *t, const struct cat_index *index, bool portable)
{
    size_t first = cat_index_shards(t, index) > 0 ? 1 : 0;
    for (size_t i = first; i < index->n_columns; i++) {
        const struct cat_column *c = cat_column_by_id(t, index->columns[i].column_id);
        buf_cstr(out, i > first ? ", " : "");
        struct buf expression = BUF_INIT;
        if (c != NULL && cat_column_inaccessible(c) && portable)
            cat_text_expr_portable(&expression, c->computed_sql);
        if (c != NULL && cat_column_inaccessible(c))
            put_expression(out, portable ? buf_view(&expression) : c->computed_sql);
        else
            put_column_name(out, t, index->columns[i].column_id);
        buf_release(&expression);
        if (index->kind != CAT_INDEX_INVERTED || i + 1 < index->n_columns)
            buf_cstr(out, index->columns[i].descending ? " DESC" : portable ? "" : " ASC");
        else if (c != NULL && type_is(c->type, TYPE_STRING))
            buf_cstr(out, " gin_trgm_ops");
    }
}

void cat_text_index_columns(struct buf *out, const struct cat_table *t, const struct cat_index *index)
{
    put_index_columns(out, t, index, false);
}

// What follows the key columns.
static void put_index_tail(struct buf *out, const struct cat_table *t, const struct cat_index *index, bool pg)
{
    uint32_t shards = cat_index_shards(t, index);
    if (shards > 0)
        buf_cstr(out, " USING HASH");
    if (shards > 0 && pg)
        buf_printf(out, " WITH (bucket_count=%u)", shards);
    if (index->n_storing > 0) {
        buf_cstr(out, " STORING (");
        cat_text_columns(out, t, index->storing, index->n_storing);
        buf_putc(out, ')');
    }
    if (shards > 0 && !pg)
        buf_printf(out, " WITH (bucket_count=%u)", shards);
    if (index->predicate_sql.len > 0)
        buf_printf(out, " WHERE %.*s", STR_FMT(index->predicate_sql));
    if (index->not_visible)
        buf_cstr(out, " NOT VISIBLE");
    else if (index->hidden_ppm != 0)
        buf_printf(out, " VISIBILITY %.2f", cat_index_visibility(index));
}

double cat_index_visibility(const struct cat_index *index)
{
    return index->not_visible ? 0 : 1 - (double)index->hidden_ppm / CAT_HIDDEN_ALWAYS;
}

void cat_text_index_element(struct buf *out, const struct cat_table *t, const struct cat_index *index)
{
    buf_cstr(out, index->unique ? "UNIQUE " : "");
    buf_cstr(out, index->kind == CAT_INDEX_INVERTED ? "INVERTED INDEX " : "INDEX ");
    print_identifier(out, index->name);
    buf_cstr(out, " (");
    cat_text_index_columns(out, t, index);
    buf_putc(out, ')');
    put_index_tail(out, t, index, false);
}

// Schema and, when it is not the one of `home`, database before the name.
static int put_qualified(struct buf *out, struct cat_view *v, const struct cat_table *t, uint32_t home_database,
                         bool with_public, struct err *err)
{
    const struct cat_schema *s;
    const struct cat_database *d;
    TRY(cat_schema_by_id(v, t->schema_id, &s, err));
    TRY(cat_database_by_id(v, t->database_id, &d, err));
    bool foreign = d != NULL && d->id != home_database;
    if (foreign) {
        print_identifier(out, d->name);
        buf_putc(out, '.');
    }
    if (s != NULL && (foreign || with_public || !str_eqc(s->name, "public"))) {
        print_identifier(out, s->name);
        buf_putc(out, '.');
    }
    print_identifier(out, t->name);
    return 0;
}

int cat_text_create_index(struct buf *out, struct cat_view *v, const struct cat_table *t, const struct cat_index *index,
                          struct err *err)
{
    buf_printf(out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
    print_identifier(out, index->name);
    buf_cstr(out, " ON ");
    TRY(put_qualified(out, v, t, CAT_ID_NONE, true, err));
    buf_cstr(out, index->kind == CAT_INDEX_INVERTED ? " USING gin (" : " USING btree (");
    cat_text_index_columns(out, t, index);
    buf_putc(out, ')');
    put_index_tail(out, t, index, true);
    return 0;
}

const char *cat_fk_action_name(enum cat_fk_action action)
{
    static const char *const names[] = {"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"};
    return names[action];
}

int cat_text_foreign_key(struct buf *out, struct cat_view *v, const struct cat_table *t,
                         const struct cat_foreign_key *fk, bool qualified, struct err *err)
{
    const struct cat_table *to;
    TRY(cat_table_by_id(v, fk->referenced_table_id, &to, err));
    if (to == NULL)
        return err_set(err, ERR_DATA_CORRUPTED, "foreign key \"%.*s\" references a missing table", STR_FMT(fk->name));
    buf_cstr(out, "FOREIGN KEY (");
    cat_text_columns(out, t, fk->origin_columns, fk->n_columns);
    buf_cstr(out, ") REFERENCES ");
    TRY(put_qualified(out, v, to, t->database_id, qualified, err));
    buf_putc(out, '(');
    cat_text_columns(out, to, fk->referenced_columns, fk->n_columns);
    buf_putc(out, ')');
    if (fk->match_full)
        buf_cstr(out, " MATCH FULL");
    if (fk->on_delete != CAT_FK_NO_ACTION)
        buf_printf(out, " ON DELETE %s", cat_fk_action_name(fk->on_delete));
    if (fk->on_update != CAT_FK_NO_ACTION)
        buf_printf(out, " ON UPDATE %s", cat_fk_action_name(fk->on_update));
    if (fk->deferrable)
        buf_cstr(out, fk->deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE");
    if (!fk->validated)
        buf_cstr(out, " NOT VALID");
    return 0;
}

void cat_text_unique(struct buf *out, const struct cat_table *t, const struct cat_index *index)
{
    buf_cstr(out, index == t->primary ? "PRIMARY KEY (" : "UNIQUE (");
    cat_text_index_columns(out, t, index);
    buf_putc(out, ')');
    if (cat_index_shards(t, index) > 0)
        buf_printf(out, " USING HASH WITH (bucket_count=%u)", cat_index_shards(t, index));
    if (index->predicate_sql.len > 0)
        buf_printf(out, " WHERE (%.*s)", STR_FMT(index->predicate_sql));
}

void cat_text_unique_portable(struct buf *out, const struct cat_table *t, const struct cat_index *index)
{
    buf_cstr(out, index == t->primary ? "PRIMARY KEY (" : "UNIQUE (");
    put_index_columns(out, t, index, true);
    buf_putc(out, ')');
}

// ---- expressions without annotations

// Numbers need no annotation; other constants are shown with a cast.
static struct ast *without_annotation(struct arena *a, struct ast *n)
{
    if (!ast_is(n, AST_ANNOTATE))
        return n;
    const struct ast_annotate *annotate = ast_as_annotate(n);
    if (!ast_is(annotate->operand, AST_STRING) && !ast_is(annotate->operand, AST_NULL_LITERAL))
        return annotate->operand;
    struct ast_cast *cast = AST_NEW(a, CAST, cast, 0);
    cast->operand = annotate->operand;
    cast->type = annotate->type;
    cast->syntax = AST_CAST_SHORT;
    return &cast->base;
}

static bool strip_children(void *arg, struct ast *n)
{
    for (const struct ast_field *f = ast_fields(n->kind); f->type != AST_FIELD_END; f++) {
        char *p = (char *)n + f->offset;
        if (f->type == AST_FIELD_NODE)
            *(struct ast **)p = without_annotation(arg, *(struct ast **)p);
        for (size_t i = 0; f->type == AST_FIELD_LIST && i < ((struct ast_list *)p)->n; i++)
            ((struct ast_list *)p)->items[i] = without_annotation(arg, ((struct ast_list *)p)->items[i]);
    }
    return true;
}

static void print_stripped(struct buf *out, struct arena *a, struct ast *tree, unsigned flags)
{
    ast_walk(tree, strip_children, a);
    ast_print(out, tree, flags);
}

static void put_stripped_statements(struct buf *out, struct str sql, unsigned flags)
{
    struct arena a;
    struct parsed_statements list = {0};
    arena_init(&a, NULL);
    if (parse_sql(&a, sql, &(struct parse_options){0}, &list, NULL) != 0)
        buf_str(out, sql);
    for (size_t i = 0; i < list.n; i++) {
        buf_cstr(out, i > 0 ? ";\n" : "");
        print_stripped(out, &a, list.items[i].ast, flags);
    }
    arena_release(&a);
}

static void put_stripped(struct buf *out, struct str sql, bool bare, unsigned flags)
{
    struct arena a;
    struct ast *tree = NULL;
    arena_init(&a, NULL);
    if (parse_expr(&a, sql, &tree, NULL) == 0)
        tree = bare && ast_is(tree, AST_ANNOTATE) ? ast_as_annotate(tree)->operand : without_annotation(&a, tree);
    if (tree != NULL)
        print_stripped(out, &a, tree, flags);
    else
        buf_str(out, sql);
    arena_release(&a);
}

void cat_text_expr(struct buf *out, struct str sql)
{
    put_stripped(out, sql, false, AST_PRINT_DEFAULT);
}

void cat_text_expr_bare(struct buf *out, struct str sql)
{
    put_stripped(out, sql, true, AST_PRINT_DEFAULT);
}

void cat_text_expr_portable(struct buf *out, struct str sql)
{
    put_stripped(out, sql, false, AST_PRINT_PORTABLE);
}

void cat_text_query_portable(struct buf *out, struct str sql)
{
    put_stripped_statements(out, sql, AST_PRINT_PORTABLE);
}

int cat_text_index_portable(struct buf *out, struct cat_view *v, const struct cat_table *t,
                            const struct cat_index *index, struct err *err)
{
    buf_printf(out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
    print_identifier(out, index->name);
    buf_cstr(out, " ON ");
    TRY(put_qualified(out, v, t, t->database_id, true, err));
    buf_cstr(out, index->kind == CAT_INDEX_INVERTED ? " USING gin (" : " USING btree (");
    put_index_columns(out, t, index, true);
    buf_putc(out, ')');
    if (index->n_storing > 0) {
        buf_cstr(out, " INCLUDE (");
        cat_text_columns(out, t, index->storing, index->n_storing);
        buf_putc(out, ')');
    }
    if (index->predicate_sql.len > 0) {
        buf_cstr(out, " WHERE (");
        cat_text_expr_portable(out, index->predicate_sql);
        buf_putc(out, ')');
    }
    return 0;
}

void cat_text_check(struct buf *out, const struct cat_check *check)
{
    buf_cstr(out, "CHECK ((");
    cat_text_expr(out, check->sql);
    buf_cstr(out, "))");
    if (!check->validated)
        buf_cstr(out, " NOT VALID");
}

// ---- columns and sequences

void cat_text_sequence_options(struct buf *out, const struct cat_sequence *s, bool all)
{
    bool up = s->increment > 0;
    int64_t min = up ? 1 : INT64_MIN, max = up ? INT64_MAX : -1;
    size_t from = out->len;
    if (all && s->type.width != 0 && s->type.width != 64)
        buf_printf(out, " AS INT%d", s->type.width / 8);
    if (all || s->min != min)
        buf_printf(out, " MINVALUE %lld", (long long)s->min);
    if (all || s->max != max)
        buf_printf(out, " MAXVALUE %lld", (long long)s->max);
    if (all || s->increment != 1)
        buf_printf(out, " INCREMENT %lld", (long long)s->increment);
    if (all || s->start != (up ? s->min : s->max))
        buf_printf(out, " START %lld", (long long)s->start);
    if (s->is_virtual)
        buf_cstr(out, " VIRTUAL");
    if (s->cycle)
        buf_cstr(out, " CYCLE");
    if (s->cache > 1)
        buf_printf(out, " PER SESSION CACHE %lld", (long long)s->cache);
    if (out->len > from) // the first has no blank before it
        memmove(out->ptr + from, out->ptr + from + 1, --out->len - from);
}

static int put_identity(struct buf *out, struct cat_view *v, const struct cat_column *c, struct err *err)
{
    const struct cat_table *sequence;
    buf_printf(out, " GENERATED %s AS IDENTITY", c->identity == 'a' ? "ALWAYS" : "BY DEFAULT");
    TRY(cat_table_by_id(v, c->owns_sequence_id, &sequence, err));
    if (sequence == NULL)
        return 0;
    struct buf options = BUF_INIT;
    cat_text_sequence_options(&options, &sequence->sequence, false);
    if (options.len > 0)
        buf_printf(out, " (%s)", buf_c(&options));
    buf_release(&options);
    return 0;
}

int cat_text_column(struct buf *out, struct cat_view *v, const struct cat_column *c, struct err *err)
{
    print_identifier(out, c->name);
    buf_putc(out, ' ');
    type_print(out, c->type);
    buf_cstr(out, c->hidden ? " NOT VISIBLE" : "");
    buf_cstr(out, c->not_null ? " NOT NULL" : " NULL");
    if (c->identity != 0)
        TRY(put_identity(out, v, c, err));
    else if (c->default_sql.len > 0)
        buf_printf(out, " DEFAULT %.*s", STR_FMT(c->default_sql));
    if (c->on_update_sql.len > 0)
        buf_printf(out, " ON UPDATE %.*s", STR_FMT(c->on_update_sql));
    if (c->computed_sql.len > 0)
        buf_printf(out, " AS (%.*s) %s", STR_FMT(c->computed_sql), c->computed_virtual ? "VIRTUAL" : "STORED");
    return 0;
}

void cat_text_create_type(struct buf *out, const struct cat_type *t)
{
    const struct type_def *def = &t->def;
    buf_printf(out, "CREATE TYPE %.*s AS %s(", STR_FMT(def->sql_name), def->is_composite ? "" : "ENUM ");
    for (size_t i = 0; i < def->n_labels; i++) {
        buf_cstr(out, i > 0 ? ", " : "");
        print_string_literal(out, def->labels[i].text);
    }
    for (size_t i = 0; i < def->n_fields; i++) {
        buf_cstr(out, i > 0 ? ", " : "");
        print_identifier(out, def->fields[i].name);
        buf_putc(out, ' ');
        type_print(out, def->fields[i].type);
    }
    buf_putc(out, ')');
}

void cat_text_function_params(struct buf *out, const struct cat_function *f, bool inputs, bool pg_types)
{
    bool first = true;
    for (size_t i = 0; i < f->n_params; i++) {
        const struct cat_function_param *p = &f->params[i];
        if (p->mode == 't' || (inputs && !cat_param_is_input(p)))
            continue;
        buf_cstr(out, first ? "" : ", ");
        first = false;
        buf_cstr(out, inputs ? "" : p->mode == 'o' ? "OUT " : p->mode == 'b' ? "INOUT " : "");
        if (p->name.len > 0) {
            print_identifier(out, p->name);
            buf_putc(out, ' ');
        }
        if (pg_types)
            type_print_pg(out, p->type);
        else
            type_print(out, p->type);
        if (p->default_sql.len == 0 || inputs)
            continue;
        buf_cstr(out, " DEFAULT ");
        if (pg_types)
            cat_text_expr(out, p->default_sql);
        else
            buf_str(out, p->default_sql);
    }
}

void cat_text_quoted_body(struct buf *out, struct str body)
{
    static const char *const tags[] = {"$$", "$function$", "$body$", "$function_body$"};
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(tags) && str_find(body, str_of(tags[i]), 0) >= 0)
        i++;
    buf_printf(out, "AS %s%.*s%s", tags[i], STR_FMT(body), tags[i]);
}

static void put_body(struct buf *out, struct str body)
{
    buf_cstr(out, "AS $$\n");
    while (body.len > 0) { // a statement a line
        ptrdiff_t end = str_find(body, STR(";\n"), 0);
        size_t len = end < 0 ? body.len : (size_t)end;
        buf_printf(out, "\t%.*s;\n", STR_FMT(str_slice(body, 0, len)));
        body = str_slice(body, end < 0 ? body.len : len + 2, body.len);
    }
    buf_cstr(out, "$$");
}

void cat_text_create_function(struct buf *out, const struct cat_function *f, struct str schema)
{
    buf_printf(out, "CREATE %s ", f->is_procedure ? "PROCEDURE" : "FUNCTION");
    print_identifier(out, schema);
    buf_putc(out, '.');
    print_identifier(out, f->name);
    buf_putc(out, '(');
    cat_text_function_params(out, f, false, false);
    buf_cstr(out, ")\n\t");
    if (!f->is_procedure) {
        const char *volatility = f->volatility == 'i' ? "IMMUTABLE" : f->volatility == 's' ? "STABLE" : "VOLATILE";
        buf_printf(out, "RETURNS %.*s\n\t%s\n\t%sLEAKPROOF\n\t%s\n\t", STR_FMT(f->returns_sql), volatility,
                   f->leakproof ? "" : "NOT ", f->strict ? "RETURNS NULL ON NULL INPUT" : "CALLED ON NULL INPUT");
    }
    buf_printf(out, "LANGUAGE %s\n\tSECURITY INVOKER\n\t", f->plpgsql ? "PLpgSQL" : "SQL");
    if (f->plpgsql)
        cat_text_quoted_body(out, f->body);
    else
        put_body(out, f->body);
}

// ---- triggers

static void put_trigger_events(struct buf *out, const struct cat_table *t, const struct cat_trigger *g)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } events[] = {{CAT_TRIGGER_INSERT, "INSERT"},
                  {CAT_TRIGGER_DELETE, "DELETE"},
                  {CAT_TRIGGER_UPDATE, "UPDATE"},
                  {CAT_TRIGGER_TRUNCATE, "TRUNCATE"}};
    const char *before = " ";
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (!(g->events & events[i].bit))
            continue;
        buf_printf(out, "%s%s", before, events[i].name);
        before = " OR ";
        if (events[i].bit != CAT_TRIGGER_UPDATE || g->n_columns == 0)
            continue;
        buf_cstr(out, " OF ");
        cat_text_columns(out, t, g->columns, g->n_columns);
    }
}

static void put_transition(struct buf *out, const char *which, struct str name)
{
    if (name.len == 0)
        return;
    buf_printf(out, " %s TABLE AS ", which);
    print_identifier(out, name);
}

void cat_text_trigger_action(struct buf *out, const struct cat_trigger *g, struct str function,
                             enum cat_trigger_form form)
{
    buf_printf(out, "EXECUTE FUNCTION %.*s(", STR_FMT(function));
    for (size_t i = 0; i < g->n_args; i++) {
        buf_cstr(out, i > 0 ? ", " : "");
        if (form == CAT_TRIGGER_STORED)
            print_string_literal(out, g->args[i]);
        else // as PostgreSQL writes strings
            buf_quoted(out, g->args[i], '\'');
    }
    buf_putc(out, ')');
}

void cat_text_create_trigger(struct buf *out, const struct cat_table *t, const struct cat_trigger *g,
                             const struct cat_trigger_names *names, enum cat_trigger_form form)
{
    buf_printf(out, "CREATE %sTRIGGER ", g->is_constraint ? "CONSTRAINT " : "");
    print_identifier(out, g->name);
    buf_cstr(out, g->timing == 'b' ? " BEFORE" : " AFTER");
    put_trigger_events(out, t, g);
    buf_printf(out, " ON %.*s", STR_FMT(names->table));
    if (names->referenced.len > 0)
        buf_printf(out, " FROM %.*s", STR_FMT(names->referenced));
    if (g->is_constraint)
        buf_printf(out, " %sDEFERRABLE INITIALLY %s", g->deferrable ? "" : "NOT ",
                   g->deferred ? "DEFERRED" : "IMMEDIATE");
    if (g->old_table.len + g->new_table.len > 0) {
        buf_cstr(out, " REFERENCING");
        put_transition(out, "OLD", g->old_table);
        put_transition(out, "NEW", g->new_table);
    }
    buf_printf(out, " FOR EACH %s", g->per_row ? "ROW" : "STATEMENT");
    if (g->when_sql.len > 0) {
        buf_cstr(out, " WHEN (");
        buf_cstr(out, form == CAT_TRIGGER_PORTABLE ? "(" : "");
        if (form == CAT_TRIGGER_STORED)
            buf_str(out, g->when_sql);
        else
            cat_text_expr_portable(out, g->when_sql);
        buf_cstr(out, form == CAT_TRIGGER_PORTABLE ? "))" : ")");
    }
    buf_putc(out, ' ');
    cat_text_trigger_action(out, g, names->function, form);
}

int cat_text_trigger_qualified(struct buf *out, struct cat_view *v, const struct cat_table *t,
                               const struct cat_trigger *g, struct err *err)
{
    struct buf table = BUF_INIT, function = BUF_INIT, referenced = BUF_INIT;
    const struct cat_function *f;
    const struct cat_table *r = NULL;
    int rc = 0;
    TRY_GOTO(rc, done, cat_function_by_id(v, g->function_id, &f, err));
    if (g->referenced_table_id != CAT_ID_NONE)
        TRY_GOTO(rc, done, cat_table_by_id(v, g->referenced_table_id, &r, err));
    TRY_GOTO(rc, done, put_qualified(&table, v, t, CAT_ID_NONE, true, err));
    if (r != NULL)
        TRY_GOTO(rc, done, put_qualified(&referenced, v, r, CAT_ID_NONE, true, err));
    if (f != NULL) { // named as a relation of its schema would be
        struct cat_table like = {.schema_id = f->schema_id, .database_id = f->database_id, .name = f->name};
        TRY_GOTO(rc, done, put_qualified(&function, v, &like, CAT_ID_NONE, true, err));
    }
    struct cat_trigger_names names = {buf_view(&table), buf_view(&referenced), buf_view(&function)};
    cat_text_create_trigger(out, t, g, &names, CAT_TRIGGER_STORED);
done:
    buf_release(&table);
    buf_release(&function);
    buf_release(&referenced);
    return rc;
}

// ---- access control lists

static const struct {
    char letter;
    uint32_t privilege;
} acl_bits[] = {
    {'a', CAT_PRIVILEGE_INSERT},  {'r', CAT_PRIVILEGE_SELECT},  {'w', CAT_PRIVILEGE_UPDATE},
    {'d', CAT_PRIVILEGE_DELETE},  {'D', CAT_PRIVILEGE_DROP},    {'x', CAT_PRIVILEGE_ALL},
    {'t', CAT_PRIVILEGE_TRIGGER}, {'X', CAT_PRIVILEGE_EXECUTE}, {'U', CAT_PRIVILEGE_USAGE},
    {'C', CAT_PRIVILEGE_CREATE},  {'T', CAT_PRIVILEGE_ALL},     {'c', CAT_PRIVILEGE_CONNECT},
};

static const struct {
    char kind;
    const char *letters;
    uint32_t public_privileges; // by default
} acl_kinds[] = {
    {'r', "arwdDxt", 0},
    {'s', "rwU", 0},
    {'n', "UC", 0},
    {'d', "CTc", CAT_PRIVILEGE_CONNECT},
    {'T', "U", CAT_PRIVILEGE_USAGE},
    {'f', "X", CAT_PRIVILEGE_EXECUTE},
    {'l', "U", CAT_PRIVILEGE_USAGE},
    {'t', "C", 0},
};

void cat_text_acl_item(struct buf *out, char kind, struct str owner, const struct cat_grant *grant)
{
    const char *letters = "";
    for (size_t i = 0; i < ARRAY_LEN(acl_kinds); i++) {
        if (acl_kinds[i].kind == kind)
            letters = acl_kinds[i].letters;
    }
    if (!str_eqc(grant->grantee, "public"))
        aclitem_write_name(out, grant->grantee);
    buf_putc(out, '=');
    for (size_t i = 0; i < ARRAY_LEN(acl_bits); i++) {
        uint32_t bits = acl_bits[i].privilege | CAT_PRIVILEGE_ALL;
        if (strchr(letters, acl_bits[i].letter) == NULL || !(grant->privileges & bits))
            continue;
        buf_putc(out, acl_bits[i].letter);
        if (grant->grantable & bits)
            buf_putc(out, '*');
    }
    buf_putc(out, '/');
    if (owner.len > 0) // empty: whoever it will be
        aclitem_write_name(out, owner);
}

struct cat_grant cat_acl_default_owner(struct str owner)
{
    return (struct cat_grant){.grantee = owner, .privileges = CAT_PRIVILEGE_ALL};
}

struct cat_grant cat_acl_default_public(char kind)
{
    struct cat_grant grant = {.grantee = STR("public")};
    for (size_t i = 0; i < ARRAY_LEN(acl_kinds); i++) {
        if (acl_kinds[i].kind == kind)
            grant.privileges = acl_kinds[i].public_privileges;
    }
    return grant;
}
