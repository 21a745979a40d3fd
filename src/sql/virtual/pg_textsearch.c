// pg_catalog: what there is for full-text search. Nothing of it can be made or changed.
#include "sql/functions/textsearch.h"
#include "sql/virtual/virtual_int.h"

GENERATOR(pg_ts_config_rows)
{
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ts_n_configs; i++) {
        ROW(pg_ts_config);
        row[pg_ts_config_oid] = datum_int(ts_config_oid(&ts_configs[i]));
        row[pg_ts_config_cfgname] = datum_c(ts_configs[i].name);
        row[pg_ts_config_cfgnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
        row[pg_ts_config_cfgowner] = datum_int(owner);
        row[pg_ts_config_cfgparser] = datum_int(TS_OID_PARSER);
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_ts_config_map_rows)
{
    for (size_t i = 0; i < ts_n_configs; i++) {
        for (int type = 1; type < TS_TOKEN_TYPES_END; type++) {
            ROW(pg_ts_config_map);
            uint32_t dictionary = ts_dictionary_for(&ts_configs[i], (enum ts_token_type)type);
            row[pg_ts_config_map_mapcfg] = datum_int(ts_config_oid(&ts_configs[i]));
            row[pg_ts_config_map_maptokentype] = datum_int(type);
            row[pg_ts_config_map_mapseqno] = datum_int(1);
            row[pg_ts_config_map_mapdict] = datum_int(dictionary);
            if (dictionary != 0)
                TRY(virtual_row(rows, row, err));
        }
    }
    return 0;
}

GENERATOR(pg_ts_dict_rows)
{
    uint32_t owner;
    TRY(role_oid(x, STR("root"), &owner, err));
    for (size_t i = 0; i < ts_n_configs; i++) {
        ROW(pg_ts_dict);
        const struct ts_config *c = &ts_configs[i];
        bool stems = c->stemmer != NULL;
        row[pg_ts_dict_oid] = datum_int(ts_dictionary_oid(c));
        row[pg_ts_dict_dictname] = datum_str(ts_dictionary_name(c, x->eval.arena));
        row[pg_ts_dict_dictnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
        row[pg_ts_dict_dictowner] = datum_int(owner);
        row[pg_ts_dict_dicttemplate] = datum_int(stems ? TS_OID_TEMPLATE_SNOWBALL : TS_OID_TEMPLATE_SIMPLE);
        if (stems)
            row[pg_ts_dict_dictinitoption] = datum_str(arena_printf(x->eval.arena, "language = '%s'%s", c->stemmer,
                                                                    c->english_stops ? ", stopwords = 'english'" : ""));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}

GENERATOR(pg_ts_parser_rows)
{
    ROW(pg_ts_parser);
    row[pg_ts_parser_oid] = datum_int(TS_OID_PARSER);
    row[pg_ts_parser_prsname] = datum_c("default");
    row[pg_ts_parser_prsnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
    return virtual_row(rows, row, err);
}

GENERATOR(pg_ts_template_rows)
{
    static const struct {
        uint32_t oid;
        const char *name;
    } templates[] = {{TS_OID_TEMPLATE_SIMPLE, "simple"}, {TS_OID_TEMPLATE_SNOWBALL, "snowball"}};
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        ROW(pg_ts_template);
        row[pg_ts_template_oid] = datum_int(templates[i].oid);
        row[pg_ts_template_tmplname] = datum_c(templates[i].name);
        row[pg_ts_template_tmplnamespace] = datum_int(virtual_schema_oid("pg_catalog"));
        TRY(virtual_row(rows, row, err));
    }
    return 0;
}
