// crdb_internal.zones: zone configurations of what still exists.
#include "sql/virtual/zones.h"

#include "sql/parse/ast_print.h"
#include "sql/virtual/virtual_int.h"

struct zone_names {
    const char *range;
    const struct cat_database *database;
    const struct cat_schema *schema;
    const struct cat_table *table;
    const struct cat_index *index;
    bool gone;
};

static int names_of(struct cat_view *v, const struct cat_zone_entry *e, struct zone_names *n, struct err *err)
{
    *n = (struct zone_names){.range = cat_zone_range_name(e->id)};
    if (n->range != NULL)
        return 0;
    TRY(cat_database_by_id(v, e->id, &n->database, err));
    if (n->database != NULL)
        return 0;
    TRY(cat_table_by_id(v, e->id, &n->table, err));
    n->gone = n->table == NULL;
    if (n->gone)
        return 0;
    TRY(cat_schema_by_id(v, n->table->schema_id, &n->schema, err));
    TRY(cat_database_by_id(v, n->table->database_id, &n->database, err));
    n->index = e->index_id != 0 ? cat_index_by_id(n->table, e->index_id) : NULL;
    n->gone = e->index_id != 0 && n->index == NULL;
    return 0;
}

static struct str target_of(struct arena *a, const struct zone_names *n)
{
    struct buf b = BUF_INIT;
    if (n->range != NULL) {
        buf_printf(&b, "RANGE %s", n->range);
    } else if (n->table == NULL) {
        buf_cstr(&b, "DATABASE ");
        print_identifier(&b, n->database->name);
    } else {
        buf_cstr(&b, n->index != NULL ? "INDEX " : "TABLE ");
        print_identifier(&b, n->database->name);
        buf_putc(&b, '.');
        print_identifier(&b, n->schema->name);
        buf_putc(&b, '.');
        print_identifier(&b, n->table->name);
        buf_cstr(&b, n->index != NULL ? "@" : "");
        if (n->index != NULL)
            print_identifier(&b, n->index->name);
    }
    struct str text = arena_str(a, buf_view(&b));
    buf_release(&b);
    return text;
}

static struct cat_zone whole_zone(const struct cat_zone_entry *list, size_t n_list, const struct cat_zone_entry *e,
                                  const struct zone_names *n)
{
    struct cat_zone whole = e->zone;
    uint32_t parents[3] = {e->index_id != 0 ? e->id : 0, n->table != NULL ? n->table->database_id : 0,
                           CAT_ZONE_DEFAULT};
    for (size_t i = 0; i < ARRAY_LEN(parents); i++)
        for (size_t k = 0; k < n_list && (parents[i] != 0 || i == 2); k++)
            if (list[k].id == parents[i] && list[k].index_id == 0)
                cat_zone_inherit(&whole, &list[k].zone);
    return whole;
}

int zone_rows(struct cat_view *v, struct str user, struct arena *a, struct zone_row **out, size_t *n, struct err *err)
{
    struct cat_zone_entry *list;
    size_t n_list;
    TRY(cat_zone_list(v, &list, &n_list, err));
    *out = ARENA_ARRAY(a, struct zone_row, n_list);
    *n = 0;
    for (size_t i = 0; i < n_list; i++) {
        struct zone_names names;
        TRY(names_of(v, &list[i], &names, err));
        if (names.gone || (names.table != NULL && cat_check_any_privilege(v, user, names.table, NULL) != 0))
            continue;
        (*out)[(*n)++] = (struct zone_row){
            .id = list[i].id,
            .index_id = list[i].index_id,
            .target = target_of(a, &names),
            .range = names.range != NULL ? str_of(names.range) : STR_NONE,
            .database = names.database != NULL ? names.database->name : STR_NONE,
            .schema = names.schema != NULL ? names.schema->name : STR_NONE,
            .table = names.table != NULL ? names.table->name : STR_NONE,
            .index = names.index != NULL ? names.index->name : STR_NONE,
            .zone = list[i].zone,
            .whole = whole_zone(list, n_list, &list[i], &names),
        };
    }
    return 0;
}

static struct datum name_or_null(struct str name)
{
    return name.ptr != NULL ? datum_str(name) : DATUM_NULL;
}

GENERATOR(crdb_zones_rows)
{
    struct zone_row *list;
    size_t n;
    struct arena *a = x->eval.arena;
    TRY(zone_rows(x->view, x->eval.user, a, &list, &n, err));
    for (size_t i = 0; i < n; i++) {
        const struct zone_row *z = &list[i];
        ROW(crdb_zones);
        row[crdb_zones_zone_id] = datum_int(z->id);
        row[crdb_zones_subzone_id] = datum_int(z->index_id);
        row[crdb_zones_target] = datum_str(z->target);
        row[crdb_zones_range_name] = name_or_null(z->range);
        row[crdb_zones_database_name] = name_or_null(z->database);
        row[crdb_zones_schema_name] = name_or_null(z->schema);
        row[crdb_zones_table_name] = name_or_null(z->table);
        row[crdb_zones_index_name] = name_or_null(z->index);
        row[crdb_zones_raw_config_yaml] = datum_str(cat_zone_yaml(a, &z->zone));
        row[crdb_zones_raw_config_sql] = datum_str(cat_zone_sql(a, z->target, &z->zone));
        row[crdb_zones_full_config_yaml] = datum_str(cat_zone_yaml(a, &z->whole));
        row[crdb_zones_full_config_sql] = datum_str(cat_zone_sql(a, z->target, &z->whole));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
