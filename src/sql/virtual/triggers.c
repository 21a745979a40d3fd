// pg_trigger, and of information_schema triggers and triggered_update_columns.
#include "sql/parse/ast_print.h"
#include "sql/virtual/virtual_int.h"

enum { TG_ROW = 1, TG_BEFORE = 2, TG_INSERT = 4, TG_DELETE = 8, TG_UPDATE = 16, TG_TRUNCATE = 32 }; // tgtype

static int64_t trigger_type(const struct cat_trigger *g)
{
    return (g->per_row ? TG_ROW : 0) | (g->timing == 'b' ? TG_BEFORE : 0) |
           (g->events & CAT_TRIGGER_INSERT ? TG_INSERT : 0) | (g->events & CAT_TRIGGER_DELETE ? TG_DELETE : 0) |
           (g->events & CAT_TRIGGER_UPDATE ? TG_UPDATE : 0) | (g->events & CAT_TRIGGER_TRUNCATE ? TG_TRUNCATE : 0);
}

static struct datum column_ids(struct exec_context *x, const struct cat_trigger *g)
{
    int64_t *numbers = ARENA_ARRAY(x->eval.arena, int64_t, g->n_columns + 1);
    for (size_t i = 0; i < g->n_columns; i++)
        numbers[i] = g->columns[i];
    return array_of_ints(x, numbers, g->n_columns);
}

// Each followed by a zero byte.
static struct datum arguments(struct exec_context *x, const struct cat_trigger *g)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < g->n_args; i++) {
        buf_str(&b, g->args[i]);
        buf_putc(&b, '\0');
    }
    return datum_take(x, &b);
}

static int trigger_row(struct exec_context *x, const struct cat_table *t, const struct cat_trigger *g,
                       struct virtual_rows *rows, struct err *err)
{
    char enabled[] = {g->enabled, '\0'};
    ROW(pg_trigger);
    row[pg_trigger_oid] = datum_int(oid_of_trigger(t->id, g->id));
    row[pg_trigger_tgrelid] = datum_int(t->id);
    row[pg_trigger_tgparentid] = datum_int(0);
    row[pg_trigger_tgname] = datum_str(g->name);
    row[pg_trigger_tgfoid] = datum_int(TYPE_OID_USER_FIRST + g->function_id);
    row[pg_trigger_tgtype] = datum_int(trigger_type(g));
    row[pg_trigger_tgenabled] = datum_str(arena_str(x->eval.arena, str_of(enabled)));
    row[pg_trigger_tgisinternal] = datum_bool(false);
    row[pg_trigger_tgconstrrelid] = datum_int(g->referenced_table_id);
    row[pg_trigger_tgconstrindid] = row[pg_trigger_tgconstraint] = datum_int(0);
    row[pg_trigger_tgdeferrable] = datum_bool(g->deferrable);
    row[pg_trigger_tginitdeferred] = datum_bool(g->deferred);
    row[pg_trigger_tgnargs] = datum_int((int64_t)g->n_args);
    row[pg_trigger_tgattr] = column_ids(x, g);
    row[pg_trigger_tgargs] = arguments(x, g);
    row[pg_trigger_tgqual] = datum_expr(x, g->when_sql);
    row[pg_trigger_tgoldtable] = datum_text_or_null(g->old_table);
    row[pg_trigger_tgnewtable] = datum_text_or_null(g->new_table);
    return virtual_row(rows, row, err);
}

static int trigger_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_triggers; i++)
        TRY(trigger_row(x, r->table, &r->table->triggers[i], rows, err));
    return 0;
}

GENERATOR(pg_trigger_rows)
{
    return relations_each(x, filter, pg_trigger_tgrelid, -1, SCOPE_STORED, trigger_rows, rows, err);
}

// ---- information_schema

static const struct {
    uint32_t bit;
    const char *name;
} events[] = {{CAT_TRIGGER_INSERT, "INSERT"}, {CAT_TRIGGER_DELETE, "DELETE"}, {CAT_TRIGGER_UPDATE, "UPDATE"}};

// Among those that fire at the same moment.
static int64_t action_order(const struct cat_table *t, const struct cat_trigger *g, uint32_t event)
{
    int64_t n = 1;
    for (const struct cat_trigger *o = t->triggers; o < g; o++)
        n += o->timing == g->timing && o->per_row == g->per_row && (o->events & event);
    return n;
}

static int action_statement(struct exec_context *x, const struct cat_trigger *g, struct datum *out, struct err *err)
{
    const struct cat_function *f;
    const struct cat_schema *s = NULL;
    struct buf name = BUF_INIT, b = BUF_INIT;
    TRY(cat_function_by_id(x->view, g->function_id, &f, err));
    if (f == NULL)
        return 0;
    TRY(cat_schema_by_id(x->view, f->schema_id, &s, err));
    if (s != NULL && !str_eqc(s->name, "public")) {
        print_identifier(&name, s->name);
        buf_putc(&name, '.');
    }
    print_identifier(&name, f->name);
    cat_text_trigger_action(&b, g, buf_view(&name), CAT_TRIGGER_PORTABLE);
    buf_release(&name);
    *out = datum_take(x, &b);
    return 0;
}

static int info_trigger(struct exec_context *x, const struct relation *r, const struct cat_trigger *g,
                        struct virtual_rows *rows, struct err *err)
{
    ROW(triggers);
    row[triggers_trigger_catalog] = row[triggers_event_object_catalog] = datum_str(r->database->name);
    row[triggers_trigger_schema] = row[triggers_event_object_schema] = datum_str(r->schema->name);
    row[triggers_trigger_name] = datum_str(g->name);
    row[triggers_event_object_table] = datum_str(r->table->name);
    if (g->when_sql.len > 0) {
        struct buf b = BUF_INIT;
        buf_putc(&b, '(');
        cat_text_expr(&b, g->when_sql);
        buf_putc(&b, ')');
        row[triggers_action_condition] = datum_take(x, &b);
    }
    row[triggers_action_orientation] = datum_c(g->per_row ? "ROW" : "STATEMENT");
    row[triggers_action_timing] = datum_c(g->timing == 'b' ? "BEFORE" : "AFTER");
    row[triggers_action_reference_old_table] = datum_text_or_null(g->old_table);
    row[triggers_action_reference_new_table] = datum_text_or_null(g->new_table);
    TRY(action_statement(x, g, &row[triggers_action_statement], err));
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (!(g->events & events[i].bit))
            continue;
        row[triggers_event_manipulation] = datum_c(events[i].name);
        row[triggers_action_order] = datum_int(action_order(r->table, g, events[i].bit));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

static int info_trigger_rows(struct exec_context *x, const struct relation *r, struct virtual_rows *rows,
                             struct err *err)
{
    for (size_t i = 0; i < r->table->n_triggers; i++)
        TRY(info_trigger(x, r, &r->table->triggers[i], rows, err));
    return 0;
}

GENERATOR(info_triggers_rows)
{
    return relations_each_accessible(x, filter, triggers_event_object_table, SCOPE_STORED, info_trigger_rows, rows,
                                     err);
}

static int update_columns(struct exec_context *x, const struct relation *r, struct virtual_rows *rows, struct err *err)
{
    for (size_t i = 0; i < r->table->n_triggers; i++) {
        const struct cat_trigger *g = &r->table->triggers[i];
        for (size_t k = 0; k < g->n_columns; k++) {
            ROW(triggered_update_columns);
            row[triggered_update_columns_trigger_catalog] = row[triggered_update_columns_event_object_catalog] =
                datum_str(r->database->name);
            row[triggered_update_columns_trigger_schema] = row[triggered_update_columns_event_object_schema] =
                datum_str(r->schema->name);
            row[triggered_update_columns_trigger_name] = datum_str(g->name);
            row[triggered_update_columns_event_object_table] = datum_str(r->table->name);
            row[triggered_update_columns_event_object_column] =
                datum_str(cat_column_by_id(r->table, g->columns[k])->name);
            TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

GENERATOR(info_triggered_update_columns_rows)
{
    return relations_each_accessible(x, filter, triggered_update_columns_event_object_table, SCOPE_STORED,
                                     update_columns, rows, err);
}
