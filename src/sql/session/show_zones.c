// SHOW ZONE CONFIGURATION FOR …: what holds for one object, and whose configuration it is.
#include "catalog/zone.h"
#include "sql/parse/ast_print.h"
#include "sql/session/show_int.h"

// From the object outwards.
struct zone_chain {
    struct {
        uint32_t id, index_id;
        struct str target;
    } items[4];
    size_t n;
};

static void add(struct zone_chain *c, uint32_t id, uint32_t index_id, struct str target)
{
    c->items[c->n].id = id;
    c->items[c->n].index_id = index_id;
    c->items[c->n++].target = target;
}

static struct str target_text(struct show *sh, const char *what, const struct ast *name)
{
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s ", what);
    ast_print(&b, name, AST_PRINT_DEFAULT);
    return show_take(sh, &b).s;
}

static int add_database(struct show *sh, struct zone_chain *c, uint32_t id, struct err *err)
{
    const struct cat_database *d;
    struct buf b = BUF_INIT;
    TRY(cat_database_by_id(sh->view, id, &d, err));
    if (d == NULL)
        return 0;
    buf_cstr(&b, "DATABASE ");
    print_identifier(&b, d->name);
    add(c, id, 0, show_take(sh, &b).s);
    return 0;
}

static int add_table(struct show *sh, struct zone_chain *c, const struct ast *name, struct err *err)
{
    const struct cat_table *t;
    TRY(show_table(sh, name, &t, err));
    TRY(cat_check_any_privilege(sh->view, sh->session->user, t, err));
    add(c, t->id, 0, target_text(sh, "TABLE", name));
    return add_database(sh, c, t->database_id, err);
}

static int add_index(struct show *sh, struct zone_chain *c, const struct ast *name, struct err *err)
{
    const struct ast_index_name *n = ast_as_index_name(name);
    const struct cat_table *t;
    if (n->table == NULL)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "unimplemented: SHOW ZONE CONFIGURATION of an index without its table");
    TRY(show_table(sh, n->table, &t, err));
    const struct cat_index *index = cat_index_by_name(t, n->index);
    if (index == NULL)
        return err_set(err, ERR_UNDEFINED_OBJECT, "index \"%.*s\" does not exist", STR_FMT(n->index));
    add(c, t->id, index->id, target_text(sh, "INDEX", name));
    return add_table(sh, c, n->table, err);
}

static int chain_of(struct show *sh, struct zone_chain *c, struct err *err)
{
    const struct ast_show *s = sh->ast;
    const struct cat_database *d;
    uint32_t id;
    if (s->object == NULL) {
        if (!cat_zone_range_id(s->name, &id))
            return err_set(err, ERR_INVALID_NAME, "\"%.*s\" is not a built-in zone", STR_FMT(s->name));
        add(c, id, 0, arena_printf(sh->arena, "RANGE %.*s", STR_FMT(s->name)));
    } else if (s->object_kind == AST_OBJECT_DATABASE) {
        TRY(show_database(sh, ast_as_name(s->object)->name, &d, err));
        TRY(add_database(sh, c, d->id, err));
    } else {
        TRY(s->object_kind == AST_OBJECT_INDEX ? add_index(sh, c, s->object, err) : add_table(sh, c, s->object, err));
    }
    if (c->items[c->n - 1].id != CAT_ZONE_DEFAULT)
        add(c, CAT_ZONE_DEFAULT, 0, STR("RANGE default"));
    return 0;
}

int show_zone_configuration(struct show *sh, struct err *err)
{
    struct zone_chain c = {0};
    struct cat_zone whole = {0};
    struct str target = STR_NONE;
    TRY(chain_of(sh, &c, err));
    for (size_t i = 0; i < c.n; i++) {
        struct cat_zone zone;
        bool found;
        TRY(cat_zone_get(sh->view, c.items[i].id, c.items[i].index_id, &zone, &found, err));
        if (!found)
            continue;
        target = target.ptr == NULL ? c.items[i].target : target;
        cat_zone_inherit(&whole, &zone);
    }
    struct datum *row = show_row(sh);
    row[0] = datum_str(target);
    row[1] = datum_str(cat_zone_sql(sh->arena, target, &whole));
    return 0;
}
