#include "sql/functions/oids.h"

bool oid_constraint_at(const struct cat_table *t, uint32_t ordinal, struct oid_constraint *out)
{
    uint32_t left = ordinal;
    *out = (struct oid_constraint){.oid = oid_of_constraint(t->id, ordinal)};
    if (t->primary != NULL && left-- == 0) {
        out->index = t->primary;
        return true;
    }
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (t->indexes[i].unique && left-- == 0) {
            out->index = &t->indexes[i];
            return true;
        }
    }
    if (left < t->n_checks) {
        out->check = &t->checks[left];
        return true;
    }
    left -= (uint32_t)t->n_checks;
    if (left < t->n_outbound) {
        out->foreign_key = &t->outbound[left];
        return true;
    }
    return false;
}

const struct cat_index *oid_find_index(const struct cat_table *t, uint32_t oid)
{
    if (t->primary != NULL && oid_of_index(t->id, t->primary->id) == oid)
        return t->primary;
    for (size_t i = 0; i < t->n_indexes; i++) {
        if (oid_of_index(t->id, t->indexes[i].id) == oid)
            return &t->indexes[i];
    }
    return NULL;
}

const struct cat_trigger *oid_find_trigger(const struct cat_table *t, uint32_t oid)
{
    for (size_t i = 0; i < t->n_triggers; i++) {
        if (oid_of_trigger(t->id, t->triggers[i].id) == oid)
            return &t->triggers[i];
    }
    return NULL;
}
