// The tables of all families as one registry: signatures parsed, OIDs given, names hashed. Built once, at first use.
//
// OIDs are a hash of name and signature, so that adding a function changes no other's; the rare collision moves the
// later one up by one.
#include "sql/functions/functions_int.h"
#include "base/map.h"
#include <pthread.h>
#include <stdio.h>

enum { OID_FIRST = 2000, OID_COUNT = 90000 };

static const struct fn_family *const families[] = {
#define FAMILY(name) &fn_family_##name,
#include "sql/functions/families.def"
#undef FAMILY
};

// What an operator symbol does, as its description.
static const struct {
    const char *symbol, *description;
} operator_names[] = {
#define OPERATOR(symbol, description) {symbol, description},
#include "sql/functions/operator_names.def"
#undef OPERATOR
};

// All overloads of one name.
struct fn_group {
    const struct fn_overload **overloads;
    size_t n;
};

static struct {
    struct arena arena; // lives as long as the process
    const struct fn_overload **all;
    size_t n_all;
    struct map functions, operators; // name -> struct fn_group
    struct map types;                // type names of signatures -> struct type, while building
    uint8_t oid_used[(OID_FIRST + OID_COUNT + 4096) / 8 + 1];
} registry;

// ---- signatures

static struct str next_token(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t n = 0;
    while (n < rest->len && rest->ptr[n] != ',' &&
           !(rest->ptr[n] == '-' && n + 1 < rest->len && rest->ptr[n + 1] == '>'))
        n++;
    struct str token = str_trim(str_slice(*rest, 0, n));
    *rest = str_slice(*rest, n, rest->len);
    return token;
}

static struct type read_type(struct str token)
{
    struct type t;
    if (token.len > 2 && str_eqc(str_slice(token, token.len - 2, token.len), "[]"))
        return type_array_of(read_type(str_slice(token, 0, token.len - 2)));
    if (str_eqc(token, "any"))
        return T_ANYELEMENT;
    if (str_eqc(token, "every"))
        return (struct type){.family = TYPE_ANY, .oid = TYPE_OID_ANY};
    if (str_eqc(token, "tuple"))
        return T_RECORD;
    if (str_eqc(token, "collated"))
        return (struct type){.family = TYPE_COLLATED, .oid = TYPE_OID_STRING};
    if (str_eqc(token, "enum"))
        return (struct type){.family = TYPE_ENUM, .oid = TYPE_OID_ANYENUM};
    INVARIANT(type_from_name(token, &t));
    return t;
}

static struct type signature_type(struct str token)
{
    struct type *known = map_get(&registry.types, token);
    if (known == NULL) {
        known = ARENA_NEW(&registry.arena, struct type);
        *known = read_type(token);
        map_put(&registry.types, token, known);
    }
    return *known;
}

// "int, string... -> bool"
static void parse_signature(struct fn_overload *fn, const char *signature)
{
    struct type args[FN_ARGS_MAX];
    struct str rest = str_of(signature);
    for (;;) {
        struct str token = next_token(&rest);
        if (token.len > 3 && str_eqc(str_slice(token, token.len - 3, token.len), "...")) {
            fn->variadic = true;
            token.len -= 3;
        }
        if (token.len > 0) {
            INVARIANT(fn->n_args < FN_ARGS_MAX);
            args[fn->n_args++] = signature_type(token);
        }
        INVARIANT(rest.len > 0);
        if (rest.ptr[0] == '-')
            break;
        rest = str_slice(rest, 1, rest.len);
    }
    rest = str_slice(rest, 2, rest.len);
    fn->args = arena_dup(&registry.arena, args, fn->n_args * sizeof(args[0]));
    fn->result = signature_type(next_token(&rest));
}

// "key string, value jsonb"
static void parse_columns(struct fn_overload *fn, const char *columns)
{
    struct fn_column list[16];
    struct str rest = str_of(columns);
    while (rest.len > 0) {
        struct str token = next_token(&rest);
        ptrdiff_t blank = str_find(token, STR(" "), 0);
        INVARIANT(blank > 0 && fn->n_columns < ARRAY_LEN(list));
        list[fn->n_columns++] =
            (struct fn_column){.name = arena_cstr(&registry.arena, str_slice(token, 0, (size_t)blank)),
                               .type = signature_type(str_trim(str_slice(token, (size_t)blank, token.len)))};
        rest = rest.len > 0 ? str_slice(rest, 1, rest.len) : rest;
    }
    fn->columns = arena_dup(&registry.arena, list, fn->n_columns * sizeof(list[0]));
}

// ---- building

static uint32_t take_oid(const char *name, const char *signature)
{
    uint64_t h = 14695981039346656037u; // FNV-1a: the same in every process
    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 1099511628211u;
    for (const char *p = signature; *p != '\0' && !(p[0] == '-' && p[1] == '>'); p++)
        h = (h ^ (uint8_t)*p) * 1099511628211u;
    uint32_t oid = OID_FIRST + (uint32_t)((h ^ h >> 32) % OID_COUNT);
    while (registry.oid_used[oid / 8] & 1 << oid % 8)
        oid++;
    registry.oid_used[oid / 8] |= (uint8_t)(1 << oid % 8);
    return oid;
}

static const char *operator_description(const char *symbol)
{
    for (size_t i = 0; i < ARRAY_LEN(operator_names); i++) {
        if (strcmp(operator_names[i].symbol, symbol) == 0)
            return operator_names[i].description;
    }
    invariant_failed(symbol, __FILE__, __LINE__);
}

static struct fn_overload *new_overload(const struct fn_family *family, const struct fn_row *row)
{
    struct fn_overload *fn = ARENA_NEW(&registry.arena, struct fn_overload);
    *fn = (struct fn_overload){
        .name = row->name,
        .oid = take_oid(row->name, row->signature),
        .kind = row->kind,
        .volatility = row->volatility,
        .strict = !row->on_null,
        .is_operator = row->is_operator,
        .scalar = row->scalar,
        .vector = row->vector,
        .aggregate = row->aggregate,
        .set = row->set,
        .category = family->category,
        .description = row->is_operator ? operator_description(row->name) : row->description,
    };
    parse_signature(fn, row->signature);
    if (row->columns != NULL)
        parse_columns(fn, row->columns);
    return fn;
}

static void add_to_group(struct map *names, const struct fn_overload *fn)
{
    struct str name = str_of(fn->name);
    struct fn_group *g = map_get(names, name);
    if (g == NULL) {
        g = ARENA_NEW(&registry.arena, struct fn_group);
        map_put(names, name, g);
    }
    const struct fn_overload **grown = ARENA_ARRAY(&registry.arena, const struct fn_overload *, g->n + 1);
    if (g->n > 0)
        memcpy(grown, g->overloads, g->n * sizeof(*grown));
    grown[g->n++] = fn;
    g->overloads = grown;
}

static void build(void)
{
    arena_init(&registry.arena, NULL);
    size_t n = 0;
    for (size_t f = 0; f < ARRAY_LEN(families); f++)
        n += families[f]->n_rows;
    registry.all = ARENA_ARRAY(&registry.arena, const struct fn_overload *, n);
    for (size_t f = 0; f < ARRAY_LEN(families); f++) {
        for (size_t i = 0; i < families[f]->n_rows; i++) {
            const struct fn_row *row = &families[f]->rows[i];
            const struct fn_overload *fn = new_overload(families[f], row);
            registry.all[registry.n_all++] = fn;
            add_to_group(row->is_operator ? &registry.operators : &registry.functions, fn);
        }
    }
    map_release(&registry.types);
}

static void build_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build);
}

// ---- lookup

static const struct fn_overload *const *find(const struct map *names, struct str name, size_t *n)
{
    const struct fn_group *g = map_get(names, name);
    *n = g != NULL ? g->n : 0;
    return g != NULL ? g->overloads : NULL;
}

const struct fn_overload *const *fn_lookup(struct str name, size_t *n)
{
    build_once();
    return find(&registry.functions, name, n);
}

const struct fn_overload *const *fn_lookup_operator(struct str symbol, size_t *n)
{
    build_once();
    return find(&registry.operators, str_eqc(symbol, "!=") ? STR("<>") : symbol, n);
}

const struct fn_overload *const *fn_all(size_t *n)
{
    build_once();
    *n = registry.n_all;
    return registry.all;
}
