// OIDs of catalog objects that are not descriptors, computed from what they belong to and back without a lookup. Those
// of relations, schemas and databases are their descriptor ids; those of built-in types are in types.def.
//
//   10 table:20 index:10        indexes (pg_class, pg_index)
//   11 table:20 ordinal:10      constraints (pg_constraint): 0 the primary key, then unique indexes, checks, foreign
//   keys
//                               in the order of the descriptor
//   01 table:20 1 id:9          triggers (pg_trigger)
//
// Numbers beyond these widths wrap; whoever goes from an OID to an object compares the computed OID.
#ifndef SQL_FUNCTIONS_OIDS_H
#define SQL_FUNCTIONS_OIDS_H

#include "catalog/catalog.h"

static inline uint32_t oid_of_index(uint32_t table_id, uint32_t index_id)
{
    return 2u << 30 | (table_id & 0xFFFFF) << 10 | (index_id & 0x3FF);
}
static inline uint32_t oid_of_constraint(uint32_t table_id, uint32_t ordinal)
{
    return 3u << 30 | (table_id & 0xFFFFF) << 10 | (ordinal & 0x3FF);
}
static inline uint32_t oid_of_trigger(uint32_t table_id, uint32_t trigger_id)
{
    return 1u << 30 | (table_id & 0xFFFFF) << 10 | 0x200 | (trigger_id & 0x1FF);
}
static inline bool oid_is_trigger(uint32_t oid)
{
    return oid >> 30 == 1 && (oid & 0x200) != 0;
}
static inline bool oid_is_index(uint32_t oid)
{
    return oid >> 30 == 2;
}
static inline bool oid_is_constraint(uint32_t oid)
{
    return oid >> 30 == 3;
}
static inline uint32_t oid_table_id(uint32_t oid)
{
    return oid >> 10 & 0xFFFFF;
}

// A constraint of a table in the order of its ordinals; exactly one of the pointers is set.
struct oid_constraint {
    uint32_t oid;
    const struct cat_index *index; // PRIMARY KEY or UNIQUE
    const struct cat_check *check;
    const struct cat_foreign_key *foreign_key;
};
// False when the ordinal is past the last one.
bool oid_constraint_at(const struct cat_table *t, uint32_t ordinal, struct oid_constraint *out);
// NULL when there is no such object.
const struct cat_index *oid_find_index(const struct cat_table *t, uint32_t oid); // primary included
const struct cat_trigger *oid_find_trigger(const struct cat_table *t, uint32_t oid);

#endif
