// Finding backups in a collection, and reading layers on top of each other.
#include "backup/backup_int.h"
#include <stdio.h>
#include <time.h>

const uint32_t backup_system_tables[] = {4, 6, 23, 33, 52}; // users, settings, role_members, role_options, privileges
const size_t backup_system_tables_len = ARRAY_LEN(backup_system_tables);

static bool is_backup(struct arena *a, struct str directory)
{
    return backup_exists(backup_path(a, directory, "MANIFEST"));
}

// ---- finding

static bool is_number(struct str s, size_t digits)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len == digits;
}

static bool is_year(struct str name)
{
    return is_number(name, 4);
}

static bool is_month(struct str name)
{
    return is_number(name, 2);
}

static bool is_day(struct str name) // 27-193012.45
{
    return name.len == 12 && name.ptr[2] == '-' && name.ptr[9] == '.';
}

int backup_list(struct str collection, struct arena *a, const struct str **out, size_t *n, struct err *err)
{
    ARENA_VEC(struct str) paths = {0};
    const struct str *years, *months, *days;
    size_t n_years, n_months, n_days;
    TRY(backup_list_dir(arena_cstr(a, collection), is_year, a, &years, &n_years, err));
    for (size_t y = 0; y < n_years; y++) {
        const char *year = backup_path(a, collection, years[y].ptr);
        TRY(backup_list_dir(year, is_month, a, &months, &n_months, err));
        for (size_t m = 0; m < n_months; m++) {
            TRY(backup_list_dir(backup_path(a, str_of(year), months[m].ptr), is_day, a, &days, &n_days, err));
            for (size_t d = 0; d < n_days; d++) {
                struct str path =
                    arena_printf(a, "/%.*s/%.*s/%.*s", STR_FMT(years[y]), STR_FMT(months[m]), STR_FMT(days[d]));
                if (is_backup(a, arena_printf(a, "%.*s%.*s", STR_FMT(collection), STR_FMT(path))))
                    ARENA_PUSH(a, &paths, path);
            }
        }
    }
    *out = paths.ptr;
    *n = paths.len;
    return 0;
}

static int read_latest(struct str collection, struct arena *a, struct str *out, bool *found, struct err *err)
{
    struct buf text = BUF_INIT;
    const char *path = backup_path(a, collection, "metadata/latest/LATEST");
    *found = backup_exists(path);
    if (!*found)
        return 0;
    int rc = backup_read_file(path, &text, err);
    *out = str_trim(arena_str(a, buf_view(&text)));
    buf_release(&text);
    return rc;
}

int backup_find(struct str collection, struct str subdirectory, struct arena *a, struct str *out, bool *found,
                struct err *err)
{
    *found = true;
    if (subdirectory.len == 0)
        TRY(read_latest(collection, a, &subdirectory, found, err));
    if (!*found)
        return 0;
    if (str_find(subdirectory, STR(".."), 0) >= 0)
        return err_set(err, ERR_INSUFFICIENT_PRIVILEGE,
                       "local file access to paths outside of external-io-dir is not allowed: %.*s",
                       STR_FMT(subdirectory));
    bool slash = subdirectory.len > 0 && subdirectory.ptr[0] == '/';
    *out = arena_printf(a, "%.*s%s%.*s", STR_FMT(collection), slash ? "" : "/", STR_FMT(subdirectory));
    *found = is_backup(a, *out);
    return 0;
}

int backup_name_layer(struct arena *a, struct str parent, const char *format, uint64_t version, struct str *out,
                      struct err *err)
{
    time_t seconds = (time_t)(version / 1000000000);
    unsigned hundredths = (unsigned)(version % 1000000000 / 10000000);
    char text[64];
    for (;;) {
        struct tm utc;
        gmtime_r(&seconds, &utc);
        strftime(text, sizeof(text), format, &utc);
        *out = arena_printf(a, "%.*s/%s.%02u", STR_FMT(parent), text, hundredths);
        if (!is_backup(a, *out))
            return backup_make_dirs(out->ptr, err);
        hundredths++; // a name of its own: another backup has this one
        seconds += hundredths / 100;
        hundredths %= 100;
    }
}

// ---- chains

static bool any_name(struct str name)
{
    return name.ptr[0] != '.';
}

static int add_layer(struct str directory, struct arena *a, struct backup_chain *out, struct err *err)
{
    struct backup_layer layer = {.path = directory};
    TRY(manifest_read(backup_path(a, directory, "MANIFEST"), a, &layer, err));
    uint64_t before = out->layers.len > 0 ? out->layers.ptr[out->layers.len - 1].end : 0;
    if (layer.start != before)
        return backup_damaged(directory.ptr, "a layer is missing before it", err);
    ARENA_PUSH(a, &out->layers, layer);
    return 0;
}

static int no_such_backup(struct str collection, struct str subdirectory, struct err *err)
{
    return err_set(err, ERR_UNDEFINED_FILE, "no backup found in \"%.*s\"%s%.*s", STR_FMT(collection),
                   subdirectory.len > 0 ? " under " : "", STR_FMT(subdirectory));
}

static int cut_at(struct backup_chain *chain, uint64_t version, struct err *err)
{
    for (size_t i = 0; i < chain->layers.len && version != 0; i++) {
        // Times are given in microseconds, versions are finer.
        if (chain->layers.ptr[i].end == version || chain->layers.ptr[i].end / 1000 == version / 1000) {
            chain->layers.len = i + 1;
            return 0;
        }
    }
    if (version == 0)
        return 0;
    err_set(err, ERR_INVALID_PARAMETER_VALUE,
            "invalid RESTORE timestamp: restoring to arbitrary time requires that BACKUP for requested time be created "
            "with 'revision_history' option");
    return err_hint(err, "SHOW BACKUP lists the end times of its layers.");
}

int backup_open(struct str collection, struct str subdirectory, uint64_t version, struct arena *a,
                struct backup_chain *out, struct err *err)
{
    struct str full;
    const struct str *names;
    size_t n;
    bool found;
    *out = (struct backup_chain){0};
    TRY(backup_find(collection, subdirectory, a, &full, &found, err));
    if (!found)
        return no_such_backup(collection, subdirectory, err);
    TRY(add_layer(full, a, out, err));
    struct str incrementals = str_of(backup_path(a, full, "incrementals"));
    TRY(backup_list_dir(incrementals.ptr, any_name, a, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct str directory = str_of(backup_path(a, incrementals, names[i].ptr));
        if (is_backup(a, directory))
            TRY(add_layer(directory, a, out, err));
    }
    return cut_at(out, version, err);
}

// ---- merging

static const struct backup_section *section_of(const struct backup_layer *layer, uint32_t table_id)
{
    for (size_t i = 0; i < layer->n_sections; i++) {
        if (layer->sections[i].table_id == table_id)
            return &layer->sections[i];
    }
    return NULL;
}

static int advance(struct chain_reader *r, size_t i, struct err *err)
{
    return block_reader_next(&r->readers[i], &r->heads[i], &r->live[i], err);
}

int chain_reader_open(struct chain_reader *r, struct arena *a, const struct backup_chain *chain, uint32_t table_id,
                      struct err *err)
{
    size_t max = chain->layers.len;
    *r = (struct chain_reader){.readers = ARENA_ARRAY(a, struct block_reader, max),
                               .heads = ARENA_ARRAY(a, struct backup_entry, max),
                               .live = ARENA_ARRAY(a, bool, max)};
    for (size_t i = 0; i < max; i++) {
        const struct backup_section *s = section_of(&chain->layers.ptr[i], table_id);
        if (s == NULL)
            continue;
        size_t at = r->n++;
        TRY(block_reader_open(&r->readers[at], a, &chain->layers.ptr[i], s, err));
        TRY(advance(r, at, err));
    }
    return 0;
}

// The layer whose entry comes next: of the smallest key, the newest.
static size_t next_layer(const struct chain_reader *r)
{
    size_t best = r->n;
    for (size_t i = 0; i < r->n; i++) {
        if (r->live[i] && (best == r->n || str_cmp(r->heads[i].key, r->heads[best].key) <= 0))
            best = i;
    }
    return best;
}

// Passes over the entries of a key in all layers but `keep`, whose bytes are still in use.
static int pass_key(struct chain_reader *r, struct str key, size_t keep, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        if (i != keep && r->live[i] && str_eq(r->heads[i].key, key))
            TRY(advance(r, i, err));
    }
    return 0;
}

int chain_reader_next(struct chain_reader *r, struct backup_entry *out, bool *found, struct err *err)
{
    for (;;) {
        if (r->given > 0)
            TRY(advance(r, r->given - 1, err));
        size_t i = next_layer(r);
        *found = i < r->n;
        r->given = 0;
        if (!*found)
            return 0;
        *out = r->heads[i];
        r->given = i + 1;
        TRY(pass_key(r, out->key, i, err));
        if (!out->deleted)
            return 0;
    }
}

void chain_reader_close(struct chain_reader *r)
{
    for (size_t i = 0; i < r->n; i++)
        block_reader_close(&r->readers[i]);
}
