// The keys of a virtual cluster out of its backup. What they mean is the catalog's, and putting them into a new cluster
// the server's.
#include "backup/backup_int.h"
#include "base/util.h"
#include "keys/keys.h"

struct backup_cluster {
    struct backup_chain chain;
    struct chain_reader reader;
    uint64_t rows;
};

bool backup_is_cluster_row(struct str key)
{
    struct key_reader r = key_reader(key);
    uint64_t table, index;
    return key_get_uvarint(&r, &table) && table >= KEY_TABLE_FIRST_USER && key_get_uvarint(&r, &index) &&
           index == KEY_INDEX_PRIMARY;
}

static int check_layer(const struct restore_request *request, const struct backup_layer *layer, struct err *err)
{
    struct str name = request->names[0].database;
    if (layer->target != BACKUP_VIRTUAL_CLUSTER)
        return err_set(err, ERR_INVALID_PARAMETER_VALUE, "the backup does not contain virtual clusters");
    if (!str_eq(layer->cluster_name, name))
        return err_set(err, ERR_INVALID_PARAMETER_VALUE,
                       "the backup does not contain virtual cluster \"%.*s\": it is of \"%.*s\"", STR_FMT(name),
                       STR_FMT(layer->cluster_name));
    if (layer->format > CAT_FORMAT_VERSION)
        return err_set(err, ERR_FEATURE_NOT_SUPPORTED,
                       "backup has format version %llu, this binary reads versions up to %d",
                       (unsigned long long)layer->format, CAT_FORMAT_VERSION);
    return 0;
}

int backup_cluster_open(const struct restore_request *request, struct arena *a, struct backup_cluster **out,
                        struct err *err)
{
    struct backup_cluster *c = arena_zalloc(a, sizeof(*c));
    TRY(backup_open(request->collection, request->subdirectory, request->version, a, &c->chain, err));
    TRY(check_layer(request, &c->chain.layers.ptr[c->chain.layers.len - 1], err));
    int rc = chain_reader_open(&c->reader, a, &c->chain, BACKUP_CLUSTER_SECTION, err);
    if (rc != 0)
        chain_reader_close(&c->reader);
    *out = rc == 0 ? c : NULL;
    return rc;
}

int backup_cluster_next(struct backup_cluster *c, struct str *key, struct str *value, bool *found, struct err *err)
{
    struct backup_entry e;
    TRY(chain_reader_next(&c->reader, &e, found, err));
    if (*found) {
        *key = e.key;
        *value = e.value;
        c->rows += backup_is_cluster_row(e.key);
    }
    return 0;
}

uint64_t backup_cluster_rows(const struct backup_cluster *c)
{
    return c->rows;
}

void backup_cluster_close(struct backup_cluster *c)
{
    if (c != NULL)
        chain_reader_close(&c->reader);
}
